"""Rows of rushlight/ops/linalg_factor.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .core import Array, Fixed, Invalid, Op, Sample, Values
from .linalg_solve import regular


def _matrices(v: Values) -> Iterator[Sample]:
    for shape in ((3, 3), (4, 2), (2, 4), (2, 3, 3), (0, 0), (0, 2, 2), (3, 0)):
        yield Sample(v.normal(*shape))
    yield Sample(regular(v, 40, 40)[:, :38])
    yield Sample(v.complex(3, 3))
    yield Invalid(v.normal(3), raises=RuntimeError, match="must have at least 2 dimensions",
                  own_words=True)
    yield Invalid(v.integers(0, 3, 2, 2), raises=RuntimeError, match="Expected a floating point",
                  own_words=True)


def _factored(v: Values) -> Iterator[Sample]:
    yield from _matrices(v)
    yield Invalid(np.stack([np.eye(2), np.diag([1.0, 0.0])]), raises=RuntimeError, match=(
        r"\(Batch element 1\): U\[2,2\] is zero and using it on lu_solve would result in"))


def _product(library: Any) -> Any:
    """P L U, which is the matrix, and L."""

    def function(a: Any, **options: Any) -> Any:
        order, lower, upper = library.linalg.lu(a, **options)
        return (order @ lower @ upper if order.numel() else lower @ upper), lower

    return function


def _factors() -> tuple[Array, Fixed]:
    factors = np.array([[4.0, 1.0, 2.0], [0.5, 3.0, 1.0], [0.25, -0.5, 2.0]])
    return factors, Fixed(np.array([3, 2, 3], "int32"))


def _unpack(v: Values) -> Iterator[Sample]:
    yield Sample(*_factors())
    yield Invalid(_factors()[0], Fixed(np.array([1, 2, 3])), raises=RuntimeError,
                  match="LU_pivots is expected to be a contiguous tensor of torch.int32")
    yield from _bad_pivots(_factors()[0])


def _bad_pivots(factors: Array, *others: Array) -> Iterator[Sample]:
    yield Invalid(factors, Fixed(np.array([0, 2, 3], "int32")), *others, raises=RuntimeError,
                  match="must be between 1 and the number of rows, 3", own_words=True,
                  reads_values=True)


def _unpacked(library: Any) -> Any:
    """P L, and U: P alone has no gradient."""

    def function(*args: Any) -> Any:
        order, lower, upper = library.lu_unpack(*args)
        return order @ lower, upper

    return function


def _old_solve(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(3, 2), *_factors())
    yield Sample(v.normal(2, 3, 2), *_factors())
    yield Invalid(v.normal(2, 2), *_factors(), raises=RuntimeError, match="Incompatible")


def _solve(v: Values) -> Iterator[Sample]:
    for adjoint in (False, True):
        yield Sample(*_factors(), v.normal(3, 2), adjoint=adjoint)
        yield Sample(*_factors(), v.normal(2, 3), left=False, adjoint=adjoint)
    yield from _bad_pivots(_factors()[0], v.normal(3, 2))


def _whole(factors: Array) -> Array:
    lower, upper = np.tril(factors, -1) + np.eye(3), np.triu(factors)
    return np.asarray((lower @ upper)[[2, 1, 0]])  # the first row was exchanged with the third


def _lu_solve(
    factors: Array, pivots: Array, b: Array, left: bool = True, adjoint: bool = False
) -> Array:
    a = _whole(factors)
    a = a.T if adjoint else a
    return np.linalg.solve(a, b) if left else np.linalg.solve(a.T, b.T).T


def _symmetric(v: Values) -> Iterator[Sample]:
    for shape in ((5, 5), (2, 3, 3), (1, 1), (0, 0)):
        a = v.normal(*shape)
        yield Sample(a + a.swapaxes(-2, -1))
    hermitian = v.complex(4, 4)
    yield Sample(hermitian + hermitian.T)
    yield Sample(hermitian + hermitian.conj().T, hermitian=True)
    yield Sample(np.array([[0.0, 1.0], [1.0, 0.0]]))
    yield Invalid(v.normal(2, 3), raises=RuntimeError, match="square matrices")


def _solved(library: Any) -> Any:
    """A times the solution with A's factors."""

    def function(a: Any, b: Any, hermitian: bool = False) -> Any:
        factors, pivots = library.linalg.ldl_factor(a, hermitian=hermitian)
        return a.detach() @ library.linalg.ldl_solve(factors, pivots, b, hermitian=hermitian)

    return function


def _symmetric_systems(v: Values) -> Iterator[Sample]:
    for sample in _symmetric(v):
        a = sample.args[0]
        if isinstance(sample, Invalid):
            continue
        b = v.normal(*a.shape[:-1], 2)
        yield Sample(a, b.astype(a.dtype), **sample.kwargs)


def _reflections(v: Values) -> Iterator[Sample]:
    for shape in ((4, 3), (3, 3), (2, 4, 2)):
        yield Sample(0.3 * v.normal(*shape), v.positive(*shape[:-2], shape[-1]))
    yield Sample(0.3 * v.normal(4, 3), v.positive(2))
    yield Sample(v.complex(3, 2), v.complex(2))
    yield Invalid(v.normal(2, 3), v.normal(3), raises=RuntimeError,
                  match=r"input.shape\[-2\] must be greater than or equal to input.shape\[-1\]")
    yield Invalid(v.normal(3, 2), v.normal(3), raises=RuntimeError,
                  match=r"input.shape\[-1\] must be greater than or equal to tau.shape\[-1\]")


def _reflected(v: Values) -> Iterator[Sample]:
    a, tau = 0.3 * v.normal(4, 3), v.positive(3)
    for transpose in (False, True):
        yield Sample(a, tau, v.normal(4, 2), True, transpose)
        yield Sample(a, tau, v.normal(2, 4), False, transpose)
    yield Invalid(a, tau, v.normal(3, 2), raises=RuntimeError,
                  match=r"other.shape\[-2\] must be equal to input.shape\[-2\]")


def _whole_product(vectors: Array, factors: Array) -> Array:
    """The square product of reflections of one stack of vectors."""
    rows = vectors.shape[-2]
    result = np.broadcast_to(np.eye(rows, dtype=vectors.dtype), (*vectors.shape[:-2], rows, rows))
    for i in range(factors.shape[-1]):
        v = np.where(np.arange(rows) > i, vectors[..., i], np.arange(rows) == i)
        outer = v[..., :, None] * v[..., None, :].conj()
        result = result @ (np.eye(rows) - factors[..., i, None, None] * outer)
    return result


def _ormqr(a: Array, tau: Array, c: Array, left: bool = True, transpose: bool = False) -> Array:
    q = _whole_product(a, tau)
    q = q.T if transpose else q
    return q @ c if left else c @ q


_OPTIONS: dict[str, Any] = {"halves": False, "tolerance": 1e-4}

ops = [
    Op("linalg.lu", _matrices, call=_product, composite=True, **_OPTIONS),
    Op("linalg.lu_factor", _factored, **_OPTIONS),
    Op("linalg.lu_factor_ex", _matrices, **_OPTIONS),
    Op("lu", lambda v: iter([Sample(v.normal(3, 3)), Sample(v.normal(2, 3, 2), True, True)]),
       call=lambda library: library.Tensor.lu, covers=("lu",), **_OPTIONS),
    Op("lu_unpack", _unpack,
       lambda f, p: ((np.tril(f, -1) + np.eye(3))[[2, 1, 0]], np.triu(f)), call=_unpacked,
       composite=True, **_OPTIONS),
    Op("lu_solve", _old_solve, lambda b, f, p: _lu_solve(f, p, b), composite=True, **_OPTIONS),
    Op("linalg.lu_solve", _solve, _lu_solve, composite=True, **_OPTIONS),
    Op("linalg.ldl_factor", _symmetric, differentiable=False, **_OPTIONS),
    Op("linalg.ldl_factor_ex", _symmetric, differentiable=False, **_OPTIONS),
    Op("linalg.ldl_solve", _symmetric_systems, lambda a, b, **_: b, call=_solved,
       differentiable=False, **_OPTIONS),
    Op("linalg.householder_product", _reflections,
       lambda a, t: _whole_product(a, t)[..., : a.shape[-1]], composite=True, **_OPTIONS),
    Op("ormqr", _reflected, _ormqr, composite=True, **_OPTIONS),
]  # fmt: skip
