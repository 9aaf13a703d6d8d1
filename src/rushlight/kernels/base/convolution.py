"""Convolution in any number of dimensions, as one matrix product per place in the kernel.

For each offset inside the kernel, the input places that it meets are a strided slice; the products
of these slices with the weights of that offset add up to the result. Memory stays that of one
slice, where unfolding the input (im2col) takes a copy per offset at once.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from math import prod
from typing import Any

from ...categories import NUMBERS
from ..declaration import kernel
from .library import Library


def _of_geometry(result: Any, first: Any, second: Any, *others: Any) -> int:
    """Each output is a sum over its window, whichever of the three arrays is made of the others."""
    geometry = next(value for value in others if hasattr(value, "weight_shape"))
    return prod(geometry.output_shape) * prod(geometry.weight_shape[1:])


class Convolution(Library):
    clone: Any
    add: Any

    @kernel("product", takes=NUMBERS, multiply_adds=_of_geometry)
    def convolution(self, x: Any, weight: Any, bias: Any, geometry: Any) -> Any:
        batch, channels = geometry.output_shape[:2]
        groups = geometry.groups
        padded = self._padded(x, geometry)
        places = prod(geometry.output_shape[2:])
        y = self.xp.zeros((batch, groups, channels // groups, places), x.dtype)
        for offset, window in _windows(geometry):
            y += self.xp.matmul(_at(weight, offset, groups), _grouped(padded[window], groups))
        y = y.reshape(geometry.output_shape)
        if bias is not None:
            y += bias.reshape((-1,) + (1,) * (y.ndim - 2))
        return self.clone(y, "channels_last")

    @kernel("product", multiply_adds=_of_geometry)
    def convolution_backward_input(self, grad: Any, weight: Any, geometry: Any) -> Any:
        groups = geometry.groups
        padded = self.xp.zeros(_padded_shape(geometry), grad.dtype)
        grouped = _grouped(grad, groups)
        for offset, window in _windows(geometry):
            part = self.xp.matmul(_at(weight, offset, groups).swapaxes(-1, -2), grouped)
            padded[window] += part.reshape(padded[window].shape)
        inner = (slice(None), slice(None)) + tuple(
            slice(p, p + n) for p, n in zip(geometry.padding, geometry.input_shape[2:], strict=True)
        )
        return self.clone(padded[inner], "channels_last")

    @kernel("product", takes=NUMBERS, multiply_adds=_of_geometry)
    def transposed_convolution(self, x: Any, weight: Any, bias: Any, geometry: Any) -> Any:
        y = self.convolution_backward_input(x, weight, geometry)
        return y if bias is None else self.add(y, bias.reshape((-1,) + (1,) * (y.ndim - 2)), y)

    @kernel("product", multiply_adds=_of_geometry)
    def convolution_backward_weight(
        self, grad: Any, x: Any, geometry: Any, with_bias: bool
    ) -> tuple[Any, Any]:
        groups = geometry.groups
        padded = self._padded(x, geometry)
        grouped = _grouped(grad, groups)
        gw = self.xp.empty(geometry.weight_shape, grad.dtype)
        for offset, window in _windows(geometry):
            patch = _grouped(padded[window], groups)
            part = self.xp.matmul(grouped, patch.swapaxes(-1, -2)).sum(axis=0)
            gw[(slice(None), slice(None), *offset)] = part.reshape(gw.shape[:2])
        if not with_bias:
            return gw, None
        return gw, grad.sum(axis=(0, *range(2, grad.ndim)))

    def _padded(self, x: Any, geometry: Any) -> Any:
        if not any(geometry.padding):
            return x
        return self.xp.pad(x, ((0, 0), (0, 0), *((p, p) for p in geometry.padding)))


def _padded_shape(geometry: Any) -> tuple[int, ...]:
    sizes = zip(geometry.input_shape[2:], geometry.padding, strict=True)
    return (*geometry.input_shape[:2], *(n + 2 * p for n, p in sizes))


def _windows(geometry: Any) -> Iterator[tuple[Any, Any]]:
    """For each offset in the kernel: the padded input's places that it meets."""
    for offset in itertools.product(*(range(k) for k in geometry.weight_shape[2:])):
        slices = tuple(
            slice(o * d, o * d + (n - 1) * s + 1, s)
            for o, d, s, n in zip(
                offset, geometry.dilation, geometry.stride, geometry.output_shape[2:], strict=True
            )
        )
        yield offset, (slice(None), slice(None), *slices)


def _at(weight: Any, offset: Any, groups: int) -> Any:
    """The weights of one offset: (groups, output channels, input channels) of a group."""
    part = weight[(slice(None), slice(None), *offset)]
    return part.reshape(groups, part.shape[0] // groups, part.shape[1])


def _grouped(x: Any, groups: int) -> Any:
    """(N, C, *spatial) as (N, groups, C / groups, places)."""
    return x.reshape(x.shape[0], groups, x.shape[1] // groups, prod(x.shape[2:]))
