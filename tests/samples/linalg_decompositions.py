"""Rows of rushlight/ops/linalg_decompositions.py.

What is free in a decomposition, signs and phases, is taken out of the results.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .core import Array, Invalid, Op, Sample, Values

BATCHES: tuple[tuple[int, ...], ...] = ((3, 3), (2, 2, 2), (1, 1), (0, 0), (0, 2, 2))


def definite(v: Values, *shape: int) -> Array:
    """Symmetric matrices whose eigenvalues are positive and not near each other."""
    size = shape[-1]
    q = np.linalg.qr(v.normal(*shape))[0] if np.prod(shape) else v.normal(*shape)
    values = 1.0 + np.arange(size) + v.between(0.0, 0.3, *shape[:-1])
    return np.asarray(q * values[..., None, :] @ q.swapaxes(-2, -1))


def separated(v: Values, *shape: int) -> Array:
    """Matrices whose singular values are not near each other, nor near 0."""
    if not np.prod(shape):
        return v.normal(*shape)
    u, s, vh = np.linalg.svd(v.normal(*shape), full_matrices=False)
    return np.asarray(u * (1.0 + np.arange(s.shape[-1])[::-1] + 0 * s)[..., None, :] @ vh)


def square(make: Any, more: Any = None) -> Callable[[Values], Iterator[Sample]]:
    def samples(v: Values) -> Iterator[Sample]:
        for shape in BATCHES:
            yield Sample(make(v, *shape))
        yield Invalid(v.normal(2, 3), raises=RuntimeError, match=(
            "A must be batches of square matrices, but they are 2 by 3 matrices"),
            own_words=True)
        yield Invalid(v.normal(3), raises=RuntimeError, match="must have at least 2 dimensions",
                      own_words=True)
        yield Invalid(v.integers(0, 3, 2, 2), raises=RuntimeError, own_words=True,
                      match=r"Expected a floating point or complex tensor as input. Got Long")
        if more:
            yield from more(v)

    return samples


def _not_definite(v: Values) -> Iterator[Sample]:
    yield Sample(definite(v, 3, 3), upper=True)
    yield Sample(definite(v, 40, 40))
    bad = np.stack([np.eye(2), np.diag([1.0, -1.0])])
    yield Invalid(bad, raises=RuntimeError, match=(
        r"\(Batch element 1\): The factorization could not be completed because the input is not "
        r"positive-definite \(the leading minor of order 2 is not positive-definite\)"))
    for size in (1, 40):
        yield Invalid(np.full((size, size), np.nan), raises=RuntimeError, match="minor of order 1 ")


def _with_codes(v: Values) -> Iterator[Sample]:
    yield Sample(definite(v, 3, 3), upper=True)


def symmetric(path: str) -> Any:
    """A function of the symmetric part of its input: one triangle alone is read."""

    def at(library: Any) -> Any:
        function: Any = library
        for name in path.split("."):
            function = getattr(function, name)
        return lambda a, *args, **options: function(symmetrized(a), *args, **options)

    return at


def symmetrized(a: Any) -> Any:
    is_square = a.ndim > 1 and a.shape[-1] == a.shape[-2]
    return (a + a.mH) / 2 if is_square and a.is_floating_point() else a


def _cholesky(a: Array, upper: bool = False) -> Array:
    factor = np.linalg.cholesky(a)
    return np.swapaxes(factor, -2, -1) if upper else factor


def rectangular(name: str) -> Callable[[Values], Iterator[Sample]]:
    def samples(v: Values) -> Iterator[Sample]:
        for shape in ((3, 3), (4, 2), (2, 4), (2, 3, 2), (0, 3), (3, 0), (0, 2, 2)):
            yield Sample(separated(v, *shape))
        yield Invalid(v.normal(3), raises=RuntimeError, match="must have at least 2 dimensions",
                      own_words=True)
        yield Invalid(v.integers(0, 3, 2, 2), raises=RuntimeError, match="Expected a floating",
                      own_words=True)

    return samples


def _qr(v: Values) -> Iterator[Sample]:
    yield from rectangular("linalg.qr")(v)
    yield Sample(separated(v, 3, 3), "complete")
    yield Invalid(v.normal(2, 2), "whole", raises=RuntimeError, match="unrecognized mode 'whole'")


def _triangular_pair(v: Values) -> Iterator[Sample]:
    for batch in ((), (2,)):
        factor = np.linalg.cholesky(definite(v, *batch, 3, 3))
        yield Sample(v.normal(*batch, 3, 2), factor)
        yield Sample(v.normal(*batch, 3, 2), factor.swapaxes(-2, -1).copy(), True)
    yield Sample(v.normal(0, 2), v.normal(0, 0))
    yield Invalid(v.normal(3, 2), np.linalg.cholesky(definite(v, 2, 2)), raises=RuntimeError,
                  match="Incompatible matrix sizes for cholesky_solve")


def _factor(v: Values) -> Iterator[Sample]:
    for batch in ((), (2,)):
        factor = np.linalg.cholesky(definite(v, *batch, 3, 3))
        yield Sample(factor)
        yield Sample(factor.swapaxes(-2, -1).copy(), True)


def _cholesky_solve(b: Array, factor: Array, upper: bool = False) -> Array:
    turned = factor.swapaxes(-2, -1)
    return np.linalg.solve(turned @ factor if upper else factor @ turned, b)


def _cholesky_inverse(factor: Array, upper: bool = False) -> Array:
    return _cholesky_solve(np.eye(factor.shape[-1]), factor, upper)



def _solve_with_triangle(library: Any) -> Any:
    """The gradient of the factor's other triangle, which is not read, is not 0 in PyTorch."""

    def function(b: Any, factor: Any, upper: bool = False) -> Any:
        return library.cholesky_solve(b, factor.triu() if upper else factor.tril(), upper)

    return function


def _inverse_with_triangle(library: Any) -> Any:
    def function(factor: Any, upper: bool = False) -> Any:
        return library.cholesky_inverse(factor.triu() if upper else factor.tril(), upper)

    return function


OPTIONS: dict[str, Any] = {"halves": False, "tolerance": 1e-4}

ops = [
    Op("linalg.cholesky", square(definite, _not_definite), _cholesky,
       call=symmetric("linalg.cholesky"), composite=True, **OPTIONS),
    Op("linalg.cholesky_ex", square(definite, _with_codes),
       lambda a, upper=False: (_cholesky(a, upper), np.zeros(a.shape[:-2], "int32")),
       call=symmetric("linalg.cholesky_ex"), composite=True, **OPTIONS),
    Op("cholesky", square(definite, _not_definite), _cholesky,
       call=symmetric("cholesky"), composite=True, **OPTIONS),
    Op("cholesky_solve", _triangular_pair, _cholesky_solve, call=_solve_with_triangle,
       composite=True, **OPTIONS),
    Op("cholesky_inverse", _factor, _cholesky_inverse, call=_inverse_with_triangle,
       composite=True, **OPTIONS),
    Op("linalg.qr", _qr, lambda a, mode="reduced": tuple(np.linalg.qr(a, mode)), **OPTIONS),
    Op("qr", rectangular("qr"), lambda a: tuple(np.linalg.qr(a)), **OPTIONS),
    Op("geqrf", rectangular("geqrf"), differentiable=False, **OPTIONS),
]  # fmt: skip
