"""Rows of rushlight/ops/slices.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .core import Array, Invalid, Op, Sample, Values
from .scatter import scattered


def _slices(v: Values, index: Callable[[int], Array]) -> Iterator[tuple[Array, int, Array, Array]]:
    """A tensor, a dimension, numbers of its slices, and slices."""
    yield v.normal(4, 5), 0, index(4), v.normal(3, 5)
    yield v.normal(2, 4, 3), -2, index(4), v.normal(2, 3, 3)
    yield v.normal(4), 0, index(4), v.normal(3)


def _wrong(v: Values, kind: type[Exception]) -> Iterator[Sample]:
    for wrong in (4, -1):
        yield Invalid(v.normal(4, 5), 0, np.array([wrong]), v.normal(1, 5), raises=kind,
                      match="out of", reads_values=True)  # fmt: skip
    yield Invalid(v.normal(4, 5), 0, np.array([0]), v.normal(2, 5), raises=kind,
                  match="Number of indices .* should be equal to source.size")
    yield Invalid(v.normal(4, 5), 0, np.array([0]), v.normal(1, 3), raises=RuntimeError,
                  match="[Ss]ource")
    yield Invalid(v.normal(4, 5), 0, np.array([[0]]), v.normal(1, 5), raises=IndexError,
                  match="[Ii]ndex")
    yield Invalid(v.normal(4, 5), 2, np.array([0]), v.normal(1, 5), raises=IndexError,
                  match="Dimension out of range")


def _index_add(v: Values) -> Iterator[Sample]:
    for x, dim, index, source in _slices(v, lambda n: v.integers(0, n, 3)):
        yield Sample(x, dim, index, source)
    yield Sample(v.normal(4, 5), 1, v.integers(0, 5, 2), v.normal(4, 2), alpha=-1.5)
    yield Sample(v.normal(), 0, np.array([0]), v.normal())
    yield Sample(v.integers(0, 9, 4), 0, np.array([1, 1]), v.integers(0, 9, 2), alpha=3)
    yield from _wrong(v, RuntimeError)


def _index_add_reference(x: Array, dim: int, index: Array, source: Array, alpha: float = 1) -> Any:
    if x.ndim == 0:
        return x + alpha * source.sum()
    result = x.copy()
    np.add.at(result, (slice(None),) * (dim % x.ndim) + (index,), alpha * source)
    return result


def _index_copy(v: Values) -> Iterator[Sample]:
    for x, dim, index, source in _slices(v, lambda n: v.permutation(n)[:3]):
        yield Sample(x, dim, index, source)
    yield Sample(v.normal(), 0, np.array([0]), v.normal(1))
    yield from _wrong(v, IndexError)


def _index_copy_reference(x: Array, dim: int, index: Array, source: Array) -> Array:
    if x.ndim == 0:
        return source.reshape(())
    result = x.copy()
    result[(slice(None),) * (dim % x.ndim) + (index,)] = source
    return result


def _index_fill(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(4, 5), 0, np.array([0, -1]), 2.5)
    yield Sample(v.normal(2, 4, 3), 1, np.array([2, 2, 0]), v.normal())
    yield Sample(v.normal(4), 0, np.array(1), -1)
    yield Sample(v.normal(), 0, np.array([0]), 3.0)
    yield Sample(v.integers(0, 9, 4), 0, np.array([1]), 7)
    for wrong in (4, -5):
        yield Invalid(v.normal(4), 0, np.array([wrong]), 1.0, raises=IndexError,
                      match="out of bounds", reads_values=True)
    yield Invalid(v.normal(4), 0, np.array([0]), v.normal(2), raises=RuntimeError,
                  match="only supports a 0-dimensional value tensor")


def _index_fill_reference(x: Array, dim: int, index: Array, value: Any) -> Array:
    if x.ndim == 0:
        return np.asarray(value)
    result = x.copy()
    result[(slice(None),) * (dim % x.ndim) + (index,)] = value
    return result


def _index_reduce(v: Values) -> Iterator[Sample]:
    for reduce in ("prod", "mean", "amax", "amin"):
        for include_self in (True, False):
            yield Sample(v.distinct(4, 3), 0, np.array([0, 2, 0]), v.distinct(3, 3) + 0.013, reduce,
                         include_self=include_self)  # fmt: skip
        yield Sample(v.nonzero(2, 4), -1, np.array([3]), v.nonzero(2, 1), reduce)
    yield Invalid(v.normal(4), 0, np.array([0]), v.normal(1), "sum", raises=RuntimeError,
                  match="Expected reduce to be one of prod, mean, amax or amin but got sum")
    yield Invalid(v.normal(4), 0, np.array([4]), v.normal(1), "prod", raises=IndexError,
                  match="out of", reads_values=True)


def _index_reduce_reference(
    x: Array, dim: int, index: Array, source: Array, reduce: str, include_self: bool = True
) -> Array:
    shape = [-1 if i == dim % x.ndim else 1 for i in range(x.ndim)]
    places = np.broadcast_to(index.reshape(shape), source.shape)
    return scattered(x, dim % x.ndim, places, source, reduce, include_self)


def _take(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(3, 4), np.array([[0, -1], [5, 5]]))
    yield Sample(v.normal(), np.array(0))
    yield Sample(v.normal(4), np.zeros(0, np.int64))
    for wrong in (12, -13):
        yield Invalid(v.normal(3, 4), np.array([wrong]), raises=IndexError, match="out of range",
                      reads_values=True)  # fmt: skip
    yield Invalid(v.normal(3), np.array([0.0]), raises=RuntimeError, match="Expected a long tensor")


def _put(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(3, 4), np.array([[0, -1], [5, 6]]), v.normal(4))
    yield Sample(v.normal(3, 4), np.array([0, 5, 5]), v.normal(3), True)
    yield Sample(v.normal(), np.array(0), v.normal())
    yield Invalid(v.normal(3), np.array([3]), v.normal(1), raises=IndexError, match="out of range",
                  reads_values=True)
    yield Invalid(v.normal(3), np.array([1]), v.normal(2), raises=IndexError,
                  match="source and index to have the same number of elements")


def _put_reference(x: Array, index: Array, source: Array, accumulate: bool = False) -> Array:
    result = x.copy().reshape(-1)
    if accumulate:
        np.add.at(result, index.reshape(-1), source.reshape(-1))
    else:
        result[index.reshape(-1)] = source.reshape(-1)
    return result.reshape(x.shape)


def _take_along(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(3, 4), v.integers(0, 4, 3, 2), 1)
    yield Sample(v.normal(3, 4), v.integers(0, 3, 2, 4), 0)
    yield Sample(v.normal(3, 4), v.integers(0, 4, 1, 2), -1)
    yield Sample(v.normal(3, 4), v.integers(0, 12, 5))
    yield Invalid(v.normal(3, 4), v.integers(0, 3, 2), 0, raises=RuntimeError,
                  match="input and indices should have the same number of dimensions")
    yield Invalid(v.normal(3), np.array([0.0]), 0, raises=RuntimeError,
                  match="dtype of indices should be Long")


def _take_along_reference(x: Array, indices: Array, dim: int | None = None) -> Array:
    if dim is None:
        return x.reshape(-1)[indices.reshape(-1)]
    return np.take_along_axis(x, indices, dim)


def _masked_scatter(v: Values) -> Iterator[Sample]:
    mask = np.array([[True, False, True], [False, True, True]])
    yield Sample(v.normal(2, 3), mask, v.normal(4))
    yield Sample(v.normal(2, 3), mask[0], v.normal(2, 3))
    yield Sample(v.normal(3), np.zeros(3, bool), v.normal(2))
    yield Invalid(v.normal(2, 3), mask, v.normal(3), raises=RuntimeError,
                  match="Number of elements of source", reads_values=True)
    yield Invalid(v.normal(3), v.mask(3), v.integers(0, 3, 3), raises=RuntimeError,
                  match="expected self and source to have same dtypes")
    yield Invalid(v.normal(3), v.integers(0, 2, 3), v.normal(3), raises=RuntimeError,
                  match="only supports boolean masks")


def _masked_scatter_reference(x: Array, mask: Array, source: Array) -> Array:
    result, mask = x.copy(), np.broadcast_to(mask, x.shape)
    result[mask] = source.reshape(-1)[: mask.sum()]
    return result


def _nonzero(v: Values) -> Iterator[Sample]:
    x = np.array([[1.0, 0.0, 2.0], [0.0, np.nan, 0.0]])
    for size in (0, 2, 3, 5):
        yield Sample(x, size=size)
    yield Sample(v.mask(7), size=9, fill_value=100)
    yield Sample(np.array(1.0), size=2)
    yield Invalid(x, size=-1, raises=RuntimeError, match="'size' must be an non-negative integer")


def _nonzero_reference(x: Array, size: int, fill_value: int = -1) -> Array:
    result = np.full((size, x.ndim), fill_value)
    found = np.argwhere(x)[:size]
    result[: len(found)] = found
    return result


ops = [
    Op("index_add", _index_add, _index_add_reference, inplace="index_add_", composite=True),
    Op("index_copy", _index_copy, _index_copy_reference, inplace="index_copy_", composite=True),
    Op("index_fill", _index_fill, _index_fill_reference, inplace="index_fill_", composite=True),
    Op("index_reduce", _index_reduce, _index_reduce_reference, inplace="index_reduce_",
       composite=True),
    Op("take", _take, lambda x, index: x.reshape(-1)[index]),
    Op("put", _put, _put_reference, inplace="put_"),
    Op("take_along_dim", _take_along, _take_along_reference, composite=True),
    Op("masked_scatter", _masked_scatter, _masked_scatter_reference, inplace="masked_scatter_"),
    Op("nonzero_static", _nonzero, _nonzero_reference, differentiable=False),
]
