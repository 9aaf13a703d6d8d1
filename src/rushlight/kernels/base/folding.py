"""Sliding blocks of images as columns, and columns added up to images."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from math import prod
from typing import Any

from ..declaration import kernel
from ..launch import plain_tables
from .library import Library


class Folding(Library):
    strided: Any

    @kernel("window")
    def unfold_blocks(self, x: Any, geometry: Any) -> Any:
        """(N, C, sizes) as (N, C * places in a block, blocks)."""
        table, padded = plain_tables[type(x)], x  # the device's own kernels
        if any(geometry.padding):
            widths = ((0, 0), (0, 0), *[(p, p) for p in geometry.padding])
            padded = table.pad(x, widths, "constant", 0.0)
        steps = padded.strides[2:]
        strides = [step * d for step, d in zip(steps, geometry.dilation, strict=True)]
        strides += [step * s for step, s in zip(steps, geometry.stride, strict=True)]
        shape = (*x.shape[:2], *geometry.kernel_size, *geometry.counts)
        windows = self.strided(padded, shape, (*padded.strides[:2], *strides))
        columns = table.clone(windows, "C")
        rows = x.shape[1] * prod(geometry.kernel_size)
        return columns.reshape((x.shape[0], rows, prod(geometry.counts)))

    @kernel("copy")
    def channel_shuffle(self, x: Any, groups: int) -> Any:
        parts = x.reshape((x.shape[0], groups, x.shape[1] // groups, *x.shape[2:]))
        moved = parts.transpose((0, 2, 1, *range(3, parts.ndim)))
        return plain_tables[type(x)].clone(moved, "C").reshape(x.shape)  # the device's own copy

    @kernel("copy")
    def pixel_shuffle(self, x: Any, factor: int) -> Any:
        """(*, C r r, H, W) as (*, C, H r, W r)."""
        r, n = factor, x.ndim - 3
        *lead, channels, height, width = x.shape
        parts = x.reshape((*lead, channels // (r * r), r, r, height, width))
        moved = parts.transpose((*range(n), n, n + 3, n + 1, n + 4, n + 2))
        copied = plain_tables[type(x)].clone(moved, "C")  # the device's own copy
        return copied.reshape((*lead, channels // (r * r), height * r, width * r))

    @kernel("copy")
    def pixel_unshuffle(self, x: Any, factor: int) -> Any:
        """(*, C, H r, W r) as (*, C r r, H, W)."""
        r, n = factor, x.ndim - 3
        *lead, channels, height, width = x.shape
        parts = x.reshape((*lead, channels, height // r, r, width // r, r))
        moved = parts.transpose((*range(n), n, n + 2, n + 4, n + 1, n + 3))
        copied = plain_tables[type(x)].clone(moved, "C")
        return copied.reshape((*lead, channels * r * r, height // r, width // r))

    @kernel("window")
    def fold_blocks(self, columns: Any, geometry: Any) -> Any:
        """The adjoint: (N, C * places in a block, blocks) added up to (N, C, sizes)."""
        places = prod(geometry.kernel_size)
        channels = columns.shape[1] // places
        blocks = columns.reshape((columns.shape[0], channels, places, *geometry.counts))
        sizes = [n + 2 * p for n, p in zip(geometry.input_sizes, geometry.padding, strict=True)]
        padded = self.xp.zeros((columns.shape[0], channels, *sizes), columns.dtype)
        for number, window in enumerate(_blocks(geometry)):
            padded[window] += blocks[:, :, number]
        inner = [
            slice(p, p + n) for n, p in zip(geometry.input_sizes, geometry.padding, strict=True)
        ]
        return self.xp.ascontiguousarray(padded[(slice(None), slice(None), *inner)])


def _blocks(geometry: Any) -> Iterator[Any]:
    """For each place in a block: the padded input's elements that stand there."""
    for offset in itertools.product(*(range(k) for k in geometry.kernel_size)):
        yield (slice(None), slice(None)) + tuple(
            slice(o * d, o * d + (n - 1) * s + 1, s)
            for o, d, s, n in zip(
                offset, geometry.dilation, geometry.stride, geometry.counts, strict=True
            )
        )
