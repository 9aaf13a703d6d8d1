"""Kernels that find elements among others."""

from __future__ import annotations

from math import prod
from typing import Any

from ...categories import REALS
from ..declaration import kernel
from ..launch import plain_tables
from .library import Library

_MOST_PLACES = 4  # of a table of whole numbers, for each that is looked up


class Searching(Library):
    @kernel("fused", takes=REALS)
    def searchsorted(self, lines: Any, x: Any, right: bool) -> Any:
        """Where the elements of x belong in a sorted vector, or in the line of their own."""
        side = "right" if right else "left"
        if lines.ndim == 1:
            return self.array(self.xp.searchsorted(lines, x, side)).astype("int64", copy=False)
        found = self.xp.empty(x.shape, "int64")
        count = prod(x.shape[:-1])  # -1 would not do where a line has no elements
        rows, x = found.reshape(count, x.shape[-1]), x.reshape(count, x.shape[-1])
        lines = lines.reshape(count, lines.shape[-1])
        for i in range(count):
            rows[i] = self.xp.searchsorted(lines[i], x[i], side)
        return found

    @kernel("dynamic")
    def unique(self, x: Any, axis: int | None, sorts: bool) -> tuple[Any, Any, Any]:
        """The distinct slices along an axis, or elements; for each its number; how many there are.

        Unless it `sorts`, only neighbours are compared.
        """
        xp = self.xp
        slices = x.reshape(-1) if axis is None or x.ndim == 0 else xp.moveaxis(x, axis, 0)
        count = slices.shape[0]
        rows = slices.reshape(count, -1) if slices.size else slices.reshape(count, 0)
        order = _order(xp, rows) if sorts else None
        line = rows if order is None else rows[order]
        differs = (line[1:] != line[:-1]).any(axis=1)
        is_first = xp.concatenate([xp.ones(min(count, 1), "bool"), differs])
        starts = xp.nonzero(is_first)[0]
        numbers = xp.cumsum(is_first, dtype="int64") - 1
        ends = xp.concatenate([starts[1:], xp.full(min(count, 1), count, starts.dtype)])
        if order is None:
            inverse, first = numbers, starts
        else:
            inverse, first = xp.empty(count, "int64"), order[starts]
            inverse[order] = numbers
        found = slices[first]
        if axis is None:
            inverse = inverse.reshape(x.shape)
        elif x.ndim:
            found = xp.ascontiguousarray(xp.moveaxis(found, 0, axis))
        return found, inverse, (ends - starts).astype("int64", copy=False)

    @kernel("fused", takes=REALS)
    def isin(self, x: Any, others: Any, inverts: bool) -> Any:
        line = self.xp.sort(others.reshape(-1))
        if line.size == 0:
            return self.xp.full(x.shape, inverts, "bool")
        if self.is_host and x.dtype.kind in "iu" and x.dtype == line.dtype != "uint64":
            low, high = int(line[0]), int(line[-1])
            if high - low < _MOST_PLACES * (x.size + line.size):
                return self._isin_range(x, line, low, high, inverts)
        places = self.xp.searchsorted(line, x, "left")
        near = line[self.xp.minimum(places, line.size - 1)]
        return self.array(near != x if inverts else near == x)

    def _isin_range(self, x: Any, line: Any, low: int, high: int, inverts: bool) -> Any:
        """By a table of the whole numbers from the lowest to the highest that are looked for."""
        xp = self.xp
        is_there = xp.zeros(high - low + 1, "bool")
        is_there[line.astype("int64") - low] = True
        inside = (x >= low) & (x <= high)
        found = is_there[xp.where(inside, x, x.dtype.type(low)).astype("int64") - low] & inside
        return self.array(~found if inverts else found)


def _order(xp: Any, rows: Any) -> Any:
    """The order of rows, the first column counting most; equal ones keep theirs."""
    if rows.shape[1] == 1:
        return plain_tables[type(rows)].sort(rows[:, 0], 0, False)[1]
    if rows.shape[1] == 0:
        return xp.arange(rows.shape[0])
    return xp.lexsort(xp.ascontiguousarray(rows.T[::-1]))
