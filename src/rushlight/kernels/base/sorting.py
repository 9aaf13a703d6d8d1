"""Kernels that put the lines of an axis in order, nan last, and that pick from that order."""

from __future__ import annotations

from typing import Any

from ...categories import REALS
from ..declaration import kernel
from .library import Library
from .scan import along


class Sorting(Library):
    cummax: Any

    @kernel("scan")
    def sort(self, x: Any, axis: int, descending: bool) -> tuple[Any, Any]:
        key = x.astype("uint8") if x.dtype == "bool" else x  # any byte but 0 is true
        key = self.xp.flip(key, axis) if descending else key
        order = self.xp.argsort(key, axis=axis, kind="stable")
        if descending:  # sorting the reversed and reversing back keeps equal elements in order
            order = self.xp.flip(x.shape[axis] - 1 - order, axis)
        return self.xp.take_along_axis(x, order, axis=axis), order

    @kernel("indexing", takes=REALS)
    def topk(self, x: Any, axis: int, k: int, largest: bool) -> tuple[Any, Any]:
        """The first k of each line in order, and where they stood."""
        values, order = self.sort(x, axis, largest)
        first = (slice(None),) * axis + (slice(k),)
        return values[first].copy(), order[first].copy()

    @kernel("fused", takes=REALS)
    def kth_place(self, x: Any, axis: int, k: int) -> Any:
        """Where the k-th smallest of each line stands, k counted from 0."""
        order = self.xp.argsort(x, axis=axis, kind="stable")
        return order[(slice(None),) * axis + (slice(k, k + 1),)].copy()

    @kernel("fused", takes=REALS)
    def median_place(self, x: Any, axis: int, skips_nan: bool) -> Any:
        """Where the median of each line stands, the lower one of two; nan is it, unless skipped."""
        order = self.xp.argsort(x, axis=axis, kind="stable")
        size = x.shape[axis]
        numbers = (x == x).sum(axis=axis, keepdims=True)
        if skips_nan:
            place = (self.xp.maximum(numbers, 1) - 1) // 2
        else:
            place = self.xp.where(numbers < size, numbers, (size - 1) // 2)
        places = self.xp.take_along_axis(order, place.astype("int64"), axis=axis)
        return self.xp.ascontiguousarray(places)

    @kernel("fused")
    def mode_place(self, x: Any, axis: int) -> Any:
        """Where the last of the most frequent elements of each line stands; the smallest of those
        that are as frequent."""
        xp = self.xp
        order = xp.argsort(x, axis=axis, kind="stable")
        line = xp.take_along_axis(x, order, axis=axis)
        before, after = (slice(None),) * axis, (slice(None),) * axis
        before, after = (*before, slice(None, -1)), (*after, slice(1, None))
        starts = xp.zeros(x.shape, "int64")
        places = xp.empty(x.shape, "int64")
        places[...] = xp.arange(x.shape[axis]).reshape(along(x, axis))
        starts[after] = xp.where(line[after] != line[before], places[after], 0)
        run = places - self.cummax(starts, axis)[0]  # how many equal ones there are before
        last = xp.expand_dims(xp.argmax(run, axis=axis), axis)
        return xp.take_along_axis(order, last, axis=axis)

    @kernel("reduction")
    def median(self, x: Any, axes: None, keepdims: bool, out: Any = None) -> Any:
        """The median of all elements, nan where one is."""
        line = x.reshape(-1)
        return self.store(line[self.median_place(line, 0, False)].reshape(()), out)

    @kernel("reduction")
    def nanmedian(self, x: Any, axes: None, keepdims: bool, out: Any = None) -> Any:
        """The median of all elements but nan."""
        line = x.reshape(-1)
        return self.store(line[self.median_place(line, 0, True)].reshape(()), out)
