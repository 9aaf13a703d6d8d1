"""Rows of rushlight/ops/linalg_products.py."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from typing import Any

import numpy as np

from .core import Array, Invalid, Op, Sample, Values
from .linalg_solve import regular


def _exponentials(v: Values) -> Iterator[Sample]:
    for shape in ((3, 3), (2, 2, 2), (1, 1), (0, 0), (0, 2, 2)):
        yield Sample(v.normal(*shape))
    yield Sample(np.stack([4 * v.normal(3, 3), 0.01 * v.normal(3, 3)]))
    yield Sample(v.complex(2, 2))
    yield Invalid(v.normal(2, 3), raises=RuntimeError, match="square matrices")


def _exponential(a: Array) -> Array:
    """By the series, of a fraction that is then squared."""
    a = a / 64
    result = term = np.broadcast_to(np.eye(a.shape[-1]), a.shape)
    for i in range(1, 25):
        term = term @ a / i
        result = result + term
    for _ in range(6):
        result = result @ result
    return result


def _powers(v: Values) -> Iterator[Sample]:
    for n in (0, 1, 2, 5, -1, -3):
        yield Sample(regular(v, 3, 3), n)
    yield Sample(regular(v, 2, 2, 2), 3)
    yield Invalid(v.normal(2, 3), 2, raises=RuntimeError, match="square matrices")


def _chains(v: Values) -> Iterator[Sample]:
    yield Sample([v.normal(2, 3), v.normal(3, 4)])
    yield Sample([v.normal(3), v.normal(3, 4), v.normal(4, 5), v.normal(5)])
    yield Sample([v.normal(2, 9), v.normal(9, 3), v.normal(3, 4), v.normal(4, 2)])
    yield Invalid([v.normal(2, 3)], raises=RuntimeError, match="expected at least 2 tensors")
    yield Invalid([v.normal(2, 3), v.normal(2, 3)], raises=RuntimeError,
                  match="cannot be multiplied")
    yield Invalid([v.normal(2, 3), v.normal(3), v.normal(3, 2)], raises=RuntimeError,
                  match="tensor 1 must be 2D")


def _matrix_chains(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 3), v.normal(3, 4), v.normal(4, 2))
    yield Sample(v.normal(2, 3))
    yield Invalid(v.normal(2, 3), v.normal(3), raises=RuntimeError, match="expected 2")


def _crossed(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(3), v.normal(3))
    yield Sample(v.normal(2, 3), v.normal(1, 3))
    yield Sample(v.normal(0, 3), v.normal(0, 3))
    yield Invalid(v.normal(2), v.normal(2), raises=RuntimeError, match="must have length 3")
    yield Invalid(v.normal(3), v.normal(2, 3), raises=RuntimeError,
                  match="inputs must have the same number of dimensions")


def _crossed_along(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(3, 2), v.normal(3, 2), dim=0)
    yield from _crossed(v)


def _crossed_anywhere(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(3, 2), v.normal(3, 2))
    yield Sample(v.normal(2, 3), v.normal(2, 3), 1)
    yield Invalid(v.normal(2, 4), v.normal(2, 4), raises=RuntimeError,
                  match="no dimension of size 3 in input")


def _cross(a: Array, b: Array, dim: int | None = None) -> Array:
    axis = dim if dim is not None else a.shape.index(3)
    return np.cross(a, b, axis=axis)


def _sums_of_products(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 3), v.normal(2, 3))
    yield Sample(v.normal(2, 3), v.normal(3))
    yield Sample(v.normal(2, 3), v.normal(2, 3), dim=0)
    yield Sample(v.complex(3), v.complex(3))
    yield Invalid(v.normal(3), v.integers(0, 2, 3), raises=RuntimeError, match="same dtype")


def _vanders(v: Values) -> Iterator[Sample]:
    yield Sample(v.nonzero(3))
    yield Sample(v.nonzero(2, 3), N=4)
    yield Invalid(v.normal(3), N=1, raises=RuntimeError, match="N must be greater than 1")


def _vecdot(a: Array, b: Array, dim: int = -1) -> Array:
    return np.asarray((a.conj() * b).sum(dim))


_OPTIONS: dict[str, Any] = {"halves": False, "tolerance": 1e-4}

ops = [
    # PyTorch overflows in halves.
    Op("matrix_exp", _exponentials, _exponential, tolerance=1e-4, halves=False),
    Op("matrix_power", _powers, lambda a, n: np.linalg.matrix_power(a, n), composite=True,
       **_OPTIONS),
    Op("linalg.multi_dot", _chains, np.linalg.multi_dot, composite=True, tolerance=1e-4),
    Op("chain_matmul", _matrix_chains, lambda *matrices: reduce(np.matmul, matrices),
       composite=True, tolerance=1e-4),
    Op("linalg.cross", _crossed_along, lambda a, b, dim=-1: np.cross(a, b, axis=dim),
       composite=True),
    Op("cross", _crossed_anywhere, _cross, composite=True),
    Op("linalg.vecdot", _sums_of_products, _vecdot, composite=True),
    Op("linalg.vander", _vanders, lambda x, N=None: x[..., None] ** np.arange(N or x.shape[-1]),
       composite=True, halves=False),
]  # fmt: skip
