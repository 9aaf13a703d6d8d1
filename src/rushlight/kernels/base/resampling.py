"""Sums of elements along axes: resizing, and means over parts of an axis."""

from __future__ import annotations

from typing import Any

from ..declaration import kernel
from .library import Library


class Resampling(Library):
    _empty_in_order_of: Any

    @kernel("window")
    def resample(self, x: Any, taps: Any) -> Any:
        """Maps the last axes of x, each by its `Taps` (ops/resampling.py), the last one first.

        The result has x's memory order.
        """
        lead = x.shape[: x.ndim - len(taps)]
        result = self._empty_in_order_of(x, (*lead, *[one.outputs for one in taps]))
        if not x.size:  # each element is a sum of none
            result[...] = 0
            return result
        y = x
        for axis, one in reversed(list(enumerate(taps, x.ndim - len(taps)))):
            y = self._resample_line(y, axis, one)
        result[...] = y
        return result

    def _resample_line(self, x: Any, axis: int, taps: Any) -> Any:
        xp = self.xp
        places, weights = map(xp.asarray, taps.arrays())
        along = (-1,) + (1,) * (x.ndim - 1 - axis)
        result = None
        for number in range(taps.width):
            place = places[:, number]
            part = xp.take(x, xp.maximum(place, 0), axis)
            weight = weights[:, number].astype(x.dtype).reshape(along)
            part = xp.multiply(part, weight, out=part)
            if number:  # the first is there; of those that are not, an infinity counts nothing
                part = xp.where(place.reshape(along) < 0, 0, part)
            result = part if result is None else xp.add(result, part, out=result)
        return result
