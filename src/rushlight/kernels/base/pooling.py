"""Pooling over windows in any number of dimensions."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from math import prod
from typing import Any

from ...dtype import FLOATING, INTEGER, category_of
from ...errors import OperationError
from ..declaration import kernel
from ..launch import plain_tables
from .library import Library


class Pooling(Library):
    clone: Any
    trunc_divide: Any

    @kernel("window")
    def max_pool(self, x: Any, geometry: Any) -> tuple[Any, Any]:
        """The maximum of each window, and its place in the window: row by row the first one, of
        several nans the last."""
        xp = self.xp
        lowest = -xp.inf if category_of(x.dtype) == FLOATING else xp.iinfo(x.dtype).min
        padded = self._with_border(x, geometry, lowest)
        index_type = "uint8" if prod(geometry.kernel_size) <= 256 else "int32"
        best = where = None
        for number, window in enumerate(_windows(geometry)):
            values = padded[window]
            if best is None or where is None:
                # The first place that is not padding is the winner until a larger one comes.
                best = values.copy()
                where = xp.zeros(values.shape, index_type)
                inside = self._with_border(xp.ones_like(x, dtype=bool), geometry, False)
                found = inside[window].copy()
                continue
            larger = (values > best) | xp.isnan(values)
            larger |= inside[window] & ~found
            found |= inside[window]
            xp.copyto(best, values, where=larger)
            xp.copyto(where, number, where=larger)
        return self.clone(best, "channels_last"), self.clone(where, "channels_last")

    @kernel("window")
    def max_pool_backward(self, grad: Any, where: Any, geometry: Any) -> Any:
        padded = self.xp.zeros(_border_shape(geometry), grad.dtype)
        for number, window in enumerate(_windows(geometry)):
            padded[window] += self.xp.where(where == number, grad, 0)
        return self._without_border(padded, geometry)

    @kernel("window")
    def max_pool_gather(self, x: Any, where: Any, geometry: Any) -> Any:
        """The elements of x that `where` names: the gradient of `max_pool_backward`."""
        padded = self._with_border(x, geometry, 0)
        result = self.xp.zeros(geometry.output_shape, x.dtype)
        for number, window in enumerate(_windows(geometry)):
            result += self.xp.where(where == number, padded[window], 0)
        return self.clone(result, "channels_last")

    @kernel("window")
    def max_pool_indices(self, where: Any, geometry: Any) -> Any:
        """Places in the window as PyTorch's indices: flat, in a channel's plane of the input."""
        xp = self.xp
        rank = len(geometry.kernel_size)
        rest = where.astype("int64")
        flat = xp.zeros(where.shape, "int64")
        scale = 1
        for dim in reversed(range(rank)):
            offset = rest % geometry.kernel_size[dim]
            rest = rest // geometry.kernel_size[dim]
            start = xp.arange(where.shape[2 + dim]) * geometry.stride[dim] - geometry.padding[dim]
            start = start.reshape((-1,) + (1,) * (rank - 1 - dim))
            flat += (start + offset * geometry.dilation[dim]) * scale
            scale *= geometry.input_shape[2 + dim]
        return flat

    @kernel("window")
    def adaptive_max_pool(self, x: Any, sizes: Any) -> Any:
        """For each part of the last axes the flat place of its first maximum, or its last nan."""
        xp = self.xp
        axes = range(x.ndim - len(sizes), x.ndim)
        places = [self._places_in_parts(x.shape[a], n) for a, n in zip(axes, sizes, strict=True)]
        best = where = None
        for offset in itertools.product(*(range(p.shape[1]) for p in places)):
            values, flat = x, None
            for axis, place, number in zip(axes, places, offset, strict=True):
                values = xp.take(values, place[:, number], axis)
                in_axis = place[:, number]
                rows = 0 if flat is None else xp.expand_dims(flat * x.shape[axis], -1)
                flat = rows + in_axis
            if best is None or where is None:
                best, where = values, xp.zeros(values.shape, "int64") + flat
                continue
            larger = (values > best) | xp.isnan(values)  # of several nans the last, as in PyTorch
            best = xp.where(larger, values, best)
            where = xp.where(larger, flat, where)
        return where

    @kernel("indexing")
    def max_unpool(self, x: Any, places: Any, sizes: Any) -> Any:
        """Zeros of the last axes `sizes`, with x's elements at flat places in them."""
        xp = self.xp
        volume = prod(sizes)
        if self.is_host and places.size and (places.min() < 0 or places.max() >= volume):
            wrong = int(places[(places < 0) | (places >= volume)].ravel()[0])
            raise OperationError(
                f"max_unpool: Found an invalid max index: {wrong} (output volumes are of size "
                f"{'x'.join(map(str, sizes))})"
            )
        places = xp.clip(places, 0, volume - 1)
        lead = x.shape[: x.ndim - len(sizes)]
        flat = (*lead, prod(x.shape[x.ndim - len(sizes) :]))
        table = plain_tables[type(x)]
        zeros = table.full((*lead, volume), 0, x.dtype, x)
        result = table.scatter(zeros, len(lead), places.reshape(flat), x.reshape(flat), zeros)
        return result.reshape((*lead, *sizes))

    def _places_in_parts(self, size: int, count: int) -> Any:
        """A row for each part: its elements' places, the last one of them repeated."""
        numbers = self.xp.arange(count)
        starts, stops = numbers * size // max(count, 1), -(-(numbers + 1) * size // max(count, 1))
        longest = size // max(count, 1) + (2 if size % max(count, 1) else 0)
        return self.xp.minimum(starts[:, None] + self.xp.arange(longest), stops[:, None] - 1)

    @kernel("window")
    def avg_pool(self, x: Any, geometry: Any) -> Any:
        padded = self._with_border(x, geometry, 0)
        total = self.xp.zeros(geometry.output_shape, x.dtype)
        for window in _windows(geometry):
            total += padded[window]
        divisor = self._divisor(geometry, x.dtype)
        whole = category_of(x.dtype) == INTEGER  # cut off, as PyTorch's division is
        mean = self.trunc_divide(total, divisor) if whole else total / divisor
        return self.clone(mean, "channels_last")

    @kernel("window")
    def avg_pool_backward(self, grad: Any, geometry: Any) -> Any:
        share = grad / self._divisor(geometry, grad.dtype)
        padded = self.xp.zeros(_border_shape(geometry), grad.dtype)
        for window in _windows(geometry):
            padded[window] += share
        return self._without_border(padded, geometry)

    def _divisor(self, geometry: Any, dtype: Any) -> Any:
        """How many elements each window's sum is divided by."""
        if geometry.divisor_override is not None:
            return self.xp.full((), geometry.divisor_override, dtype)
        ones = self.xp.ones((1, 1, *geometry.input_shape[2:]), dtype)
        if geometry.count_include_pad:
            ones = self.xp.pad(
                ones, ((0, 0), (0, 0), *((p, p) for p in geometry.padding)), constant_values=1
            )
        border = _border_shape(geometry)[2:]
        before = [0 if geometry.count_include_pad else p for p in geometry.padding]
        sizes = zip(before, border, ones.shape[2:], strict=True)
        widths = [(b, n - b - have) for b, n, have in sizes]
        widths = [(b, max(after, 0)) for b, after in widths]
        ones = self.xp.pad(ones, ((0, 0), (0, 0), *widths))
        return sum(ones[window] for window in _windows(geometry))

    def _with_border(self, x: Any, geometry: Any, value: Any) -> Any:
        """x with its padding, and with what the last windows of `ceil_mode` reach beyond that."""
        border = _border_shape(geometry)[2:]
        if border == x.shape[2:]:
            return x
        sizes = zip(geometry.padding, border, x.shape[2:], strict=True)
        widths = [(p, max(n - p - have, 0)) for p, n, have in sizes]
        return self.xp.pad(x, ((0, 0), (0, 0), *widths), constant_values=value)

    def _without_border(self, padded: Any, geometry: Any) -> Any:
        sizes = zip(geometry.padding, geometry.input_shape[2:], strict=True)
        inner = (slice(None), slice(None), *(slice(p, p + n) for p, n in sizes))
        return self.clone(padded[inner], "channels_last")


def _border_shape(geometry: Any) -> tuple[int, ...]:
    """The padded input's shape, made large enough for every window."""
    sizes = []
    for dim, n in enumerate(geometry.input_shape[2:]):
        reach = (geometry.output_shape[2 + dim] - 1) * geometry.stride[dim]
        reach += (geometry.kernel_size[dim] - 1) * geometry.dilation[dim] + 1
        sizes.append(max(n + 2 * geometry.padding[dim], reach))
    return (*geometry.input_shape[:2], *sizes)


def _windows(geometry: Any) -> Iterator[Any]:
    """For each place in the window, row by row: the padded input's elements that stand there."""
    for offset in itertools.product(*(range(k) for k in geometry.kernel_size)):
        yield (slice(None), slice(None)) + tuple(
            slice(o * d, o * d + (n - 1) * s + 1, s)
            for o, d, s, n in zip(
                offset, geometry.dilation, geometry.stride, geometry.output_shape[2:], strict=True
            )
        )
