"""Rows of rushlight/ops/linalg_solve.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .core import Array, Invalid, Op, Sample, Values


def regular(v: Values, *shape: int) -> Array:
    """Square matrices that are far from singular."""
    return v.normal(*shape) + 3 * np.eye(shape[-1])


SHAPES = ((3, 3), (2, 2, 2), (1, 1), (0, 0), (0, 2, 2))


def _no_square(v: Values) -> Iterator[Sample]:
    yield Invalid(v.normal(2, 3), raises=RuntimeError, match=(
        "A must be batches of square matrices, but they are 2 by 3 matrices"))
    yield Invalid(v.normal(3), raises=RuntimeError, match="must have at least 2 dimensions")
    yield Invalid(v.integers(0, 3, 2, 2), raises=RuntimeError, match="Expected a floating point")


def _inverse(v: Values) -> Iterator[Sample]:
    for shape in SHAPES:
        yield Sample(regular(v, *shape))
    yield Sample(v.complex(2, 2) + 3 * np.eye(2))
    yield from _no_square(v)


def _singular(v: Values) -> Iterator[Sample]:
    yield from _inverse(v)
    bad = np.stack([np.eye(2), np.diag([1.0, 0.0])])
    yield Invalid(bad, raises=RuntimeError, match=(
        r"\(Batch element 1\): The diagonal element 2 is zero, the inversion could not "
        "be completed because the input matrix is singular"))


def _systems(v: Values) -> Iterator[Sample]:
    for a, b in (
        ((3, 3), (3, 2)), ((3, 3), (3,)), ((2, 3, 3), (2, 3)), ((2, 3, 3), (3, 1)),
        ((2, 2), (3, 2, 1)), ((0, 0), (0, 2)), ((2, 2), (2, 0)),
    ):  # fmt: skip
        yield Sample(regular(v, *a), v.normal(*b))
    yield Sample(regular(v, 3, 3), v.normal(2, 3), left=False)
    yield Sample(v.complex(2, 2) + 3 * np.eye(2), v.complex(2, 1))
    yield Invalid(regular(v, 3, 3), v.normal(2, 2), raises=RuntimeError,
                  match=r"Incompatible shapes of A and B for the equation AX = B \(3x3 and 2x2\)")
    yield Invalid(v.normal(2, 3), v.normal(2, 2), raises=RuntimeError, match="square matrices")


def _singular_systems(v: Values) -> Iterator[Sample]:
    yield from _systems(v)
    yield Invalid(np.zeros((2, 2)), v.normal(2, 1), raises=RuntimeError,
                  match="linalg.solve: The solver failed because the input matrix is singular")


def _solve(a: Array, b: Array, left: bool = True) -> Array:
    if not left:
        return np.swapaxes(np.linalg.solve(a.swapaxes(-2, -1), b.swapaxes(-2, -1)), -2, -1)
    if b.shape == a.shape[:-1]:
        return np.linalg.solve(a, b[..., None])[..., 0]
    return np.linalg.solve(a, b)


def _triangles(v: Values) -> Iterator[Sample]:
    for upper in (True, False):
        for left in (True, False):
            shape = (3, 2) if left else (2, 3)
            yield Sample(regular(v, 3, 3), v.normal(*shape), upper=upper, left=left)
            yield Sample(regular(v, 2, 3, 3), v.normal(*shape), upper=upper, left=left,
                         unitriangular=True)
    yield Sample(regular(v, 40, 40), v.normal(40, 2), upper=True)
    yield Sample(v.normal(0, 0), v.normal(0, 2), upper=True)
    yield Invalid(v.normal(2, 3), v.normal(2, 2), upper=True, raises=RuntimeError, match="square")


def _triangle(a: Array, upper: bool, unit: bool) -> Array:
    a = np.triu(a) if upper else np.tril(a)
    if unit:
        a = np.where(np.eye(a.shape[-1], dtype=bool), 1.0, a)
    return a


def _solve_triangular(
    a: Array, b: Array, upper: bool, left: bool = True, unitriangular: bool = False
) -> Array:
    a = _triangle(a, upper, unitriangular)
    if left:
        return np.linalg.solve(a, b)
    return np.swapaxes(np.linalg.solve(a.swapaxes(-2, -1), b.swapaxes(-2, -1)), -2, -1)


def _old_triangles(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(3, 2), regular(v, 3, 3))
    yield Sample(v.normal(3, 2), regular(v, 2, 3, 3), False, True)
    yield Sample(v.normal(3, 2), regular(v, 3, 3), True, False, True)


def _triangular_solve(
    b: Array, a: Array, upper: bool = True, transpose: bool = False, unitriangular: bool = False
) -> Any:
    found = _triangle(a, upper, unitriangular)
    return np.linalg.solve(np.swapaxes(found, -2, -1) if transpose else found, b), a


def _determinants(v: Values) -> Iterator[Sample]:
    yield from _inverse(v)
    yield Sample(np.array([[1.0, 2.0], [2.0, 4.0 + 1e-3]]))


def _logarithms(v: Values) -> Iterator[Sample]:
    for shape in ((2, 2), (3, 2, 2), (0, 0)):
        a = v.normal(*shape)
        yield Sample(a @ a.swapaxes(-2, -1) + np.eye(shape[-1]))
    yield from _no_square(v)


def _tensor_inverse(v: Values) -> Iterator[Sample]:
    yield Sample(regular(v, 6, 6).reshape(2, 3, 6), ind=2)
    yield Sample(regular(v, 6, 6).reshape(6, 3, 2), ind=1)
    yield Invalid(v.normal(2, 3, 4), ind=2, raises=RuntimeError,
                  match="Expected self to satisfy the requirement")
    yield Invalid(v.normal(2, 2), ind=0, raises=RuntimeError, match="strictly positive integer")


def _tensor_systems(v: Values) -> Iterator[Sample]:
    yield Sample(regular(v, 6, 6).reshape(2, 3, 6), v.normal(2, 3))
    yield Sample(regular(v, 6, 6).reshape(6, 3, 2), v.normal(3, 2), dims=(0,))
    yield Invalid(v.normal(2, 3, 5), v.normal(2, 3), raises=RuntimeError,
                  match="Expected self to satisfy the requirement")


_OPTIONS: dict[str, Any] = {"halves": False, "tolerance": 1e-4}

ops = [
    Op("inverse", _singular, np.linalg.inv, covers=("linalg.inv",), **_OPTIONS),
    Op("linalg.inv_ex", _inverse,
       lambda a: (np.linalg.inv(a), np.zeros(a.shape[:-2], "int32")), **_OPTIONS),
    Op("linalg.solve", _singular_systems, _solve, composite=True, **_OPTIONS),
    Op("linalg.solve_ex", _systems, composite=True, **_OPTIONS),
    Op("linalg.solve_triangular", _triangles, _solve_triangular, composite=True, **_OPTIONS),
    Op("triangular_solve", _old_triangles, _triangular_solve, composite=True, **_OPTIONS),
    Op("det", _determinants, np.linalg.det, composite=True, **_OPTIONS),
    Op("linalg.slogdet", _inverse, lambda a: tuple(np.linalg.slogdet(a)), **_OPTIONS),
    Op("slogdet", _inverse, lambda a: tuple(np.linalg.slogdet(a)), **_OPTIONS),
    Op("logdet", _logarithms, lambda a: np.log(np.linalg.det(a)), composite=True, **_OPTIONS),
    Op("linalg.tensorinv", _tensor_inverse, np.linalg.tensorinv, composite=True, **_OPTIONS),
    Op("linalg.tensorsolve", _tensor_systems,
       lambda a, b, dims=None: np.linalg.tensorsolve(a, b, dims), composite=True, **_OPTIONS),
]  # fmt: skip
