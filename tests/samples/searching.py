"""Rows of rushlight/ops/searching.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .core import Array, Invalid, Op, Sample, Values


def _searchsorted(v: Values) -> Iterator[Sample]:
    line = np.array([1.0, 2.0, 2.0, 5.0])
    x = np.array([[0.0, 1.0, 2.0], [2.5, 5.0, np.nan]])
    for right in (False, True):
        yield Sample(line, x, right=right)
        yield Sample(np.sort(v.normal(2, 5), 1), v.normal(2, 3), right=right)
    yield Sample(line, x, side="right", out_int32=True)
    yield Sample(line, 2.0)
    yield Sample(line[::-1].copy(), x, sorter=np.array([3, 1, 2, 0]))
    yield Sample(np.array([1, 3, 5]), np.array([0, 3, 9]))
    yield Sample(np.zeros(0), x)
    yield Sample(np.zeros((2, 0)), v.normal(2, 3))
    yield Sample(v.normal(0, 3), v.normal(0, 2))
    yield Sample(np.zeros((2, 0)), np.zeros((2, 0)))
    yield Invalid(line, x, side="left", right=True, raises=RuntimeError, match="set to opposites")
    yield Invalid(line, x, side="middle", raises=RuntimeError, match="only be 'left' or 'right'")
    yield Invalid(v.normal(2, 3), v.normal(3, 3), raises=RuntimeError, match="must match, but we g")
    yield Invalid(line, x, sorter=np.array([0, 1]), raises=RuntimeError, match="same size")


def _searchsorted_reference(
    lines: Array, x: Any, right: bool = False, side: str | None = None, out_int32: bool = False,
    sorter: Array | None = None,
) -> Array:  # fmt: skip
    side = side or ("right" if right else "left")
    if lines.ndim == 1:
        return np.asarray(np.searchsorted(lines, x, side, sorter=sorter))
    rows = [np.searchsorted(a, b, side) for a, b in zip(lines, x, strict=True)]
    return np.stack(rows) if rows else np.zeros(x.shape, int)


def _buckets(v: Values) -> Iterator[Sample]:
    edges = np.array([1.0, 2.0, 5.0])
    yield Sample(v.normal(2, 3), edges)
    yield Sample(np.array([1.0, 5.0, np.nan]), edges, right=True)
    yield Sample(np.array([1, 2, 3]), np.array([1, 3]), out_int32=True)
    yield Sample(2.0, edges)
    yield Invalid(v.normal(3), v.normal(2, 2), raises=RuntimeError, match="must be 1 dimension")


def _unique(v: Values) -> Iterator[Sample]:
    x = v.integers(0, 3, 2, 6)
    yield Sample(x)
    yield Sample(x, return_inverse=True)
    yield Sample(x.astype(float), return_inverse=True, return_counts=True)
    yield Sample(v.mask(5), return_counts=True)
    yield Sample(v.integers(0, 2, 6, 2), return_inverse=True, return_counts=True, dim=0)
    yield Sample(v.integers(0, 2, 2, 6), return_counts=True, dim=1)
    yield Sample(np.zeros((0, 3)))
    yield Sample(np.array(2.0))
    yield Invalid(v.integers(0, 3, 2, 3), dim=2, raises=IndexError, match="Dimension out of range")


def _unique_reference(
    x: Array, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
) -> Any:
    options = {"return_inverse": return_inverse, "return_counts": return_counts}
    return np.unique(x, axis=dim, **options)


def _consecutive_reference(
    x: Array, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
) -> Any:
    rows = x.reshape(-1, 1) if dim is None else np.moveaxis(x, dim, 0).reshape(x.shape[dim], -1)
    first = np.ones(len(rows), bool)
    first[1:] = (rows[1:] != rows[:-1]).any(1)
    starts = np.flatnonzero(first)
    found = x.reshape(-1)[starts] if dim is None else np.take(x, starts, dim)
    inverse = np.cumsum(first) - 1
    results = [found]
    if return_inverse:
        results.append(inverse.reshape(x.shape) if dim is None else inverse)
    if return_counts:
        results.append(np.diff(starts, append=len(rows)))
    return tuple(results) if len(results) > 1 else found


def _isin(v: Values) -> Iterator[Sample]:
    yield Sample(v.integers(0, 5, 2, 3), np.array([1, 3]))
    yield Sample(v.integers(0, 5, 2, 3), np.array([1, 3]), invert=True)
    yield Sample(np.array([0.5, np.nan, 2.0]), np.array([[2.0], [np.nan]]))
    yield Sample(np.array([1, 2]), 2)
    yield Sample(1, np.array([1, 2]))
    yield Sample(v.normal(3), np.zeros(0), assume_unique=True)
    yield Invalid(v.complex(3), v.complex(2), raises=RuntimeError, match="omplex", own_words=True)


ops = [
    Op("searchsorted", _searchsorted, _searchsorted_reference, differentiable=False),
    Op("bucketize", _buckets, lambda x, edges, right=False, out_int32=False: np.searchsorted(
        edges, x, "right" if right else "left"), differentiable=False),
    Op("unique", _unique, _unique_reference, differentiable=False,
       unrecorded="shape depends on the data"),
    Op("unique_consecutive", _unique, _consecutive_reference, differentiable=False,
       unrecorded="shape depends on the data"),
    Op("isin", _isin, lambda x, y, assume_unique=False, invert=False: np.isin(x, y, invert=invert),
       differentiable=False),
]
