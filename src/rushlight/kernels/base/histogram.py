"""Kernels that count elements."""

from __future__ import annotations

from typing import Any

from ..declaration import kernel
from .library import Library


class Histogram(Library):
    @kernel("dynamic")
    def bincount(self, x: Any, weights: Any, least: int) -> Any:
        """How often each number of a vector occurs, or the sum of its weights, in their dtype."""
        x = x.astype("int64", copy=False)
        if not self.is_host:  # negative ones are taken on trust, and the library refuses them
            x = self.xp.maximum(x, 0)
        counts = self.xp.bincount(x, weights, least)
        return counts.astype("int64" if weights is None else weights.dtype, copy=False)

    @kernel("fused")
    def histc(self, x: Any, bins: int, low: Any, high: Any) -> Any:
        """How many elements of a vector there are in each of the equal parts of [low, high]."""
        inside = (x >= low) & (x <= high)
        ends = self.xp.asarray([low, high], dtype=x.dtype)
        places = (x - ends[0]) * x.dtype.type(bins) / (ends[1] - ends[0])
        # What is outside, nan as well, is put into a bin behind the last. Its number and that of
        # the last may be equal as floats.
        inside &= places == places
        places = self.xp.where(inside, places, 0).astype("int64")
        places = self.xp.where(inside, self.xp.minimum(places, bins - 1), bins)
        return self.xp.bincount(places, None, bins + 1)[:bins].astype(x.dtype)

    @kernel("fused")
    def histogramdd(self, x: Any, edges: list[Any], weight: Any) -> Any:
        """How many points, or what weight, there is between edges; those of the end are inside."""
        xp = self.xp
        shape = [edge.shape[0] - 1 for edge in edges]
        total, size = None, 1
        inside = xp.ones(x.shape[0], "bool")
        for i, edge in enumerate(edges):
            line = x[:, i]
            place = xp.minimum(xp.searchsorted(edge, line, "right") - 1, shape[i] - 1)
            inside &= (line >= edge[0]) & (line <= edge[-1])
            total = place if total is None else total * shape[i] + place
            size *= shape[i]
        places = xp.where(inside, total, size)
        counts = xp.bincount(places.astype("int64"), weight, size + 1)[:size]
        return counts.reshape(shape).astype(x.dtype)
