"""Kernels of x[...]: views by whole numbers and slices, elements by arrays of indices.

`indices` is a tuple of arrays of whole numbers or masks, each for the next axis or, a mask, for as
many axes as it has; None leaves an axis as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...dtype import BOOL, category_of
from ...errors import OperationError
from ..declaration import kernel
from .library import Library


class Index(Library):
    add_at: Any

    @kernel("view")
    def getitem(self, x: Any, index: Any) -> Any:
        view = x[index]
        if type(view) is type(x):
            return view
        return x[(*index, Ellipsis)]  # whole numbers alone name a number; this is a 0-d view

    @kernel("indexing", ("x",))
    def setitem(self, x: Any, value: Any, index: Any) -> Any:
        """Overwrites the view that whole numbers and slices name."""
        x[index] = value
        return x

    @kernel("indexing")
    def index_get(self, x: Any, indices: Any) -> Any:
        """A copy of the elements that indices name together."""
        result = self.array(x[self._key(x, indices)])
        axes = _memory_order(x, indices, result.ndim)
        if result.transpose(axes).flags.c_contiguous:
            return result
        ordered = self.xp.empty([result.shape[axis] for axis in axes], result.dtype)
        ordered = ordered.transpose(sorted(range(result.ndim), key=axes.__getitem__))
        ordered[...] = result
        return ordered

    @kernel("indexing", ("x",))
    def index_put(self, x: Any, values: Any, indices: Any) -> Any:
        """x[indices] = values; of an element that is named twice the last value stays."""
        return self._put(x, values, indices, x.__setitem__)

    @kernel("indexing", ("x",))
    def index_put_add(self, x: Any, values: Any, indices: Any) -> Any:
        """x[indices] += values, where an element that is named twice is added to twice."""
        return self._put(x, values, indices, lambda key, values: self.add_at(x, key, values))

    def _put(self, x: Any, values: Any, indices: Any, put: Callable[[Any, Any], None]) -> Any:
        key = self._key(x, indices)
        try:
            put(key, values)
        except ValueError as error:
            if "read-only" in str(error):
                raise
            raise _mismatch(x[key], values) from None
        return x

    def _key(self, x: Any, indices: Any) -> tuple[Any, ...]:
        """The indices in the library's form, looked at where values are read for checks."""
        axis = 0
        for index in indices:
            is_mask = index is not None and category_of(index.dtype) == BOOL
            if self.is_host and index is not None and not is_mask and index.size:
                self._check_range(index, axis, x.shape[axis])
            axis += index.ndim if is_mask else 1
        return tuple([slice(None) if index is None else index for index in indices])

    def _check_range(self, index: Any, axis: int, size: int) -> None:
        if index.min() < -size or index.max() >= size:
            wrong = int(index[(index < -size) | (index >= size)].ravel()[0])
            raise IndexError(
                f"index {wrong} is out of bounds for dimension {axis} with size {size}"
            )


def _memory_order(x: Any, indices: Any, ndim: int) -> list[int]:
    """The dimensions of x[indices] from the slowest to the fastest in memory.

    They are as in x; what the indices make of theirs is where the slowest of these was.
    """
    indexed: list[int] = []
    axis = 0
    for index in indices:
        count = index.ndim if index is not None and category_of(index.dtype) == BOOL else 1
        if index is not None:
            indexed += range(axis, axis + count)
        axis += count
    steps = [abs(s) if n != 1 else 0 for s, n in zip(x.strides, x.shape, strict=True)]
    kept = [axis for axis in range(x.ndim) if axis not in indexed]
    block = ndim - len(kept)
    adjacent = indexed[-1] - indexed[0] == len(indexed) - 1
    start = indexed[0] if adjacent else 0
    moves = [steps[axis] for axis in kept]  # by units: each dimension, and the block as one
    moves.insert(start, max(steps[axis] for axis in indexed))
    order: list[int] = []
    for unit, move in enumerate(moves):
        place = unit
        for before in reversed(range(unit)):
            if move and moves[order[before]]:
                if moves[order[before]] >= move:
                    break
                place = before
        order.insert(place, unit)
    dimensions = [[i] if i < start else [i + block - 1] for i in range(len(moves))]
    dimensions[start] = list(range(start, start + block))
    return [dimension for unit in order for dimension in dimensions[unit]]


def _mismatch(place: Any, value: Any) -> OperationError:
    return OperationError(
        f"index_put_: shape mismatch: value tensor of shape {list(value.shape)} cannot be "
        f"broadcast to indexing result of shape {list(place.shape)}"
    )
