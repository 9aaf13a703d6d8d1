"""Images and volumes sampled at the points of a grid.

`mode` is 0 (linear), 1 (nearest) or 2 (cubic), `padding` 0 (zeros), 1 (the border) or 2
(reflections). The input is read at a point through taps: elements with a weight each, which is a
product of one weight for each axis.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, NamedTuple

from ..declaration import kernel
from .library import Library
from .memory_order import is_channels_last

LINEAR, NEAREST, CUBIC = range(3)
ZEROS, BORDER, REFLECTION = range(3)
_CUBIC = -0.75  # the slope at 1 of the cubic convolution


class GridMap(NamedTuple):
    """How the points of a grid go to the elements of an input whose last sizes these are."""

    sizes: tuple[int, ...]
    mode: int
    padding: int
    align_corners: bool


class Tap(NamedTuple):
    """One of the elements that a value is made of, for every point (N, *places) at once."""

    place: Any  # in the input's last axes as one, 0 where the tap is outside
    outside: Any
    weight: Any  # None where it is 1, and has no slopes
    slopes: list[Any]  # of the weight, by x, y (and z)


class Grid(Library):
    add_at: Any

    @kernel("window")
    def grid_sample(self, x: Any, grid: Any, mode: int, padding: int, align_corners: bool) -> Any:
        """(N, C, *sizes) at the points (N, *places, rank), x first: (N, C, *places)."""
        map = GridMap(x.shape[2:], mode, padding, align_corners)
        elements = x.reshape(*x.shape[:2], -1)
        result: Any = 0
        for tap in taps(self._library(), grid, map):
            result = _weighted(self._values(elements, tap), tap) + result
        return self._in_order_of_images(x, result)

    @kernel("window")
    def grid_sample_input_gradient(
        self, grad: Any, grid: Any, sizes: tuple[int, ...], mode: int, padding: int,
        align_corners: bool,
    ) -> Any:  # fmt: skip
        """The gradient (N, C, *sizes) of the input."""
        xp = self.xp
        batch, channels = grad.shape[:2]
        result = xp.zeros((batch, channels, math.prod(sizes)), grad.dtype)
        examples = xp.arange(batch)[:, None, None]
        rows = xp.arange(channels)[None, :, None]
        for tap in taps(self._library(), grid, GridMap(sizes, mode, padding, align_corners)):
            parts = xp.where(tap.outside[:, None], 0, _weighted(grad, tap))
            key = (examples, rows, tap.place.reshape(batch, 1, math.prod(grid.shape[1:-1])))
            self.add_at(result, key, parts.reshape(batch, channels, key[2].shape[2]))
        return self._in_order_of_images(grad, result.reshape(batch, channels, *sizes))

    @kernel("window")
    def grid_sample_grid_gradient(
        self, grad: Any, x: Any, grid: Any, mode: int, padding: int, align_corners: bool
    ) -> Any:
        """The gradient (N, *places, rank) of the points."""
        map = GridMap(x.shape[2:], mode, padding, align_corners)
        elements = x.reshape(*x.shape[:2], -1)
        found = slopes(self._library(), grad, grid, map, lambda tap: self._values(elements, tap))
        return self.xp.stack(found, -1)

    def _library(self) -> Any:
        xp = self.xp
        return SimpleNamespace(
            abs=xp.abs, clip=xp.clip, floor=xp.floor, isnan=xp.isnan, ones_like=xp.ones_like,
            round=xp.rint, where=xp.where, whole=lambda x: x.astype("int64"),
        )  # fmt: skip

    def _values(self, elements: Any, tap: Tap) -> Any:
        """Of (N, C, count) those at a tap, (N, C, *places)."""
        batch, channels = elements.shape[:2]
        shape = tap.place.shape[1:]
        index = tap.place.reshape(batch, 1, math.prod(shape))
        found = self.xp.take_along_axis(elements, index, axis=2)
        return self.xp.where(tap.outside[:, None], 0, found.reshape(batch, channels, *shape))

    def _in_order_of_images(self, x: Any, result: Any) -> Any:
        made = self._empty_in_order_of_images(x, result.shape)
        made[...] = result
        return made

    def _empty_in_order_of_images(self, x: Any, shape: tuple[int, ...]) -> Any:
        """Channels-last where x is that."""
        if x.shape[1] == 1 or not is_channels_last(x):
            return self.xp.empty(shape, x.dtype)
        rows = self.xp.empty((shape[0], *shape[2:], shape[1]), x.dtype)
        return self.xp.moveaxis(rows, -1, 1)


def _weighted(values: Any, tap: Tap) -> Any:
    return values if tap.weight is None else values * tap.weight[:, None]


# What follows computes with arrays, or with tensors where a gradient is to be differentiated again:
# `xp` holds the functions of the one or the other.


def slopes(xp: Any, grad: Any, grid: Any, map: GridMap, values: Callable[[Tap], Any]) -> list[Any]:
    """The gradients of the points' x, y (and z), each (N, *places)."""
    totals: list[Any] = [0] * len(map.sizes)
    for tap in taps(xp, grid, map):
        share = (grad * values(tap)).sum(1)
        totals = [t + slope * share for t, slope in zip(totals, tap.slopes, strict=True)]
    return totals


def taps(xp: Any, grid: Any, map: GridMap) -> Iterator[Tap]:
    """All taps of the points: each is one of each axis, the last axis first, as points are."""
    sizes = map.sizes[::-1]
    each = [_taps_of_axis(xp, grid[..., axis], size, map) for axis, size in enumerate(sizes)]
    for chosen in itertools.product(*each):
        place: Any = 0
        outside: Any = None
        for (where, _, _), size in reversed(list(zip(chosen, sizes, strict=True))):
            beyond = ~((where >= 0) & (where <= size - 1))  # what is no number, too
            outside = beyond if outside is None else outside | beyond
            place = place * size + xp.whole(xp.where(beyond, 0, where))
        weights = [weight for _, weight, _ in chosen]
        if map.mode == NEAREST:
            yield Tap(place, outside, None, [])
            continue
        of_weight = [
            math.prod([chosen[i][2] if i == axis else weights[i] for i in range(len(sizes))])
            for axis in range(len(sizes))
        ]
        yield Tap(place, outside, math.prod(weights), of_weight)


def _taps_of_axis(xp: Any, points: Any, size: int, map: GridMap) -> list[tuple[Any, Any, Any]]:
    """For each element around the points along one axis its place, its weight and that's slope."""
    scale = (size - 1 if map.align_corners else size) / 2
    place = (points + 1) * scale
    if not map.align_corners:
        place = place - 0.5
    slope: Any = scale
    if map.mode != CUBIC and map.padding != ZEROS:
        place, direction = _padded(xp, place, size, map)
        slope = direction * scale
    if map.mode == NEAREST:
        return [(xp.round(place), None, None)]
    low = xp.floor(place)
    rest = place - low
    if map.mode == LINEAR:
        return [(low, 1 - rest, -slope), (low + 1, rest, slope)]
    found = []
    for offset, distance in ((-1, rest + 1), (0, rest), (1, 1 - rest), (2, 2 - rest)):
        place = low + offset
        if map.padding != ZEROS:
            place, _ = _padded(xp, place, size, map)
        weight, steepness = _cubic(distance, offset in (0, 1))
        found.append((place, weight, steepness * (scale if offset < 1 else -scale)))
    return found


def _cubic(distance: Any, is_near: bool) -> tuple[Any, Any]:
    """Keys' cubic convolution and its slope, at distances up to 1 and from 1 to 2."""
    a = _CUBIC
    if is_near:
        weight = ((a + 2) * distance - (a + 3)) * distance * distance + 1
        return weight, (3 * (a + 2) * distance - 2 * (a + 3)) * distance
    weight = ((a * distance - 5 * a) * distance + 8 * a) * distance - 4 * a
    return weight, (3 * a * distance - 10 * a) * distance + 8 * a


def _padded(xp: Any, place: Any, size: int, map: GridMap) -> tuple[Any, Any]:
    """Places outside of the input moved to where their values come from, and by what they go on
    there when the place does: 1, -1 or 0."""
    direction = xp.ones_like(place)
    if map.padding == REFLECTION:
        low, span = (0.0, size - 1) if map.align_corners else (-0.5, size)
        if span == 0:
            place = place * 0
        else:
            away = place - low
            distance = xp.abs(away)
            turns = xp.floor(distance / span)
            extra = distance - turns * span
            is_back = turns % 2 == 1
            place = xp.where(is_back, span - extra, extra) + low
            direction = xp.where(is_back != (away < 0), -direction, direction)
    inside = (place > 0) & (place < size - 1)  # on the border, too, there is no gradient
    place = xp.clip(place, 0, size - 1)
    return xp.where(xp.isnan(place), 0, place), xp.where(inside, direction, 0)
