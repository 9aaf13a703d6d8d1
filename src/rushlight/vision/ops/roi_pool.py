"""The greatest elements of regions, and the means of regions of channels.

Girshick, arXiv:1504.08083; Dai et al., arXiv:1605.06409.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import rushlight

from ... import nn
from ...tensor import Tensor
from .roi_align import bins_of, numbered, of_positions


def roi_pool(
    input: Tensor,
    boxes: Tensor | Sequence[Tensor],
    output_size: int | Sequence[int],
    spatial_scale: float = 1.0,
) -> Tensor:
    """The greatest element of each bin of each box, of which there are `output_size`.

    Boxes are as in `roi_align`; scaled, they are rounded to elements, the last of which belong to
    them. Bins that lie outside of the map are zero. Shapes (N, C, H, W) to (K, C, height, width).

    >>> import rushlight as torch
    >>> from rushlight.vision.ops import roi_pool
    >>> x = torch.arange(16.0).reshape(1, 1, 4, 4)
    >>> roi_pool(x, torch.tensor([[0.0, 0, 0, 3, 3]]), 2)
    tensor([[[[ 5.,  7.],
              [13., 15.]]]])
    """
    height, width = bins_of("roi_pool", output_size)
    numbers, corners = numbered("roi_pool", input, boxes)
    channels, rows, columns = input.shape[1:]
    if not (numbers and height and width):
        return input.new_zeros((len(numbers), channels, height, width))
    places = []
    for number, (x1, y1, x2, y2) in zip(numbers, _rounded(corners, spatial_scale), strict=True):
        y = _bins(y1, max(y2 - y1 + 1, 1), height, rows)
        x = _bins(x1, max(x2 - x1 + 1, 1), width, columns)
        places.append(_greatest(input.detach()[number], y, x) + number * channels * rows * columns)
    chosen = rushlight.stack(places)
    values = input.flatten()[chosen.clamp(min=0)]
    return values.where(chosen >= 0, 0)


def _rounded(corners: Tensor, spatial_scale: float) -> list[list[int]]:
    scaled = corners.detach() * spatial_scale
    away_from_zero = (scaled.abs() + 0.5).floor() * scaled.sign()  # as C rounds halves
    return away_from_zero.long().tolist()


def _bins(start: int, size: int, bins: int, length: int) -> list[slice]:
    """The elements of each bin, of `length` that there are."""
    edges = [(math.floor(i * size / bins), math.ceil((i + 1) * size / bins)) for i in range(bins)]
    kept = [[min(max(edge + start, 0), length) for edge in pair] for pair in edges]
    return [slice(first, last) for first, last in kept]


def _greatest(image: Tensor, rows: list[slice], columns: list[slice]) -> Tensor:
    """Where in an image, flattened, each bin's first greatest element is: (C, height, width).

    It is far below zero for a bin without any.
    """
    channels, height, width = image.shape
    start = rushlight.arange(channels, device=image.device) * height * width
    nowhere = rushlight.full_like(start, -(2**40))
    result = []
    for part in rows:
        for other in columns:
            block = image[:, part, other].flatten(1)
            if block.shape[1] == 0:
                result.append(nowhere)
                continue
            place = block.argmax(1)
            wide = other.stop - other.start
            y, x = place // wide + part.start, place % wide + other.start
            result.append(start + y * width + x)
    return rushlight.stack(result, 1).reshape(channels, len(rows), len(columns))


def ps_roi_pool(
    input: Tensor,
    boxes: Tensor | Sequence[Tensor],
    output_size: int | Sequence[int],
    spatial_scale: float = 1.0,
) -> Tensor:
    """The mean of each bin of each box, each bin of channels of its own.

    Of the channels, C * height * width, those of one output channel follow each other, one for
    each bin. Scaled, boxes are rounded to elements, the last of which do not belong to them. Bins
    without elements are zero. Shapes (N, C * height * width, H, W) to (K, C, height, width).

    >>> import rushlight as torch
    >>> from rushlight.vision.ops import ps_roi_pool
    >>> x = torch.arange(4.0).reshape(1, 4, 1, 1).expand(1, 4, 6, 6)
    >>> ps_roi_pool(x, torch.tensor([[0.0, 0, 0, 4, 4]]), 2)
    tensor([[[[0., 1.],
              [2., 3.]]]])
    """
    height, width = bins_of("ps_roi_pool", output_size, least=1)
    numbers, corners = numbered("ps_roi_pool", input, boxes)
    y: list[Tensor] = []
    x: list[Tensor] = []
    for x1, y1, x2, y2 in _rounded(corners, spatial_scale):
        for found, start, size, bins, length in (
            (y, y1, max(y2 - y1, 1), height, input.shape[2]),
            (x, x1, max(x2 - x1, 1), width, input.shape[3]),
        ):
            share = input.new_zeros((bins, length))
            for row, part in zip(share, _bins(start, size, bins, length - 1), strict=True):
                row[part] = 1 / max(part.stop - part.start, 1)
            found.append(share)
    return of_positions("ps_roi_pool", input, numbers, y, x, (height, width))


class _Pool(nn.Module):
    def __init__(self, output_size: Any, spatial_scale: float) -> None:
        super().__init__()
        self.output_size = output_size
        self.spatial_scale = spatial_scale

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(output_size={self.output_size}, "
            f"spatial_scale={self.spatial_scale})"
        )


class RoIPool(_Pool):
    """`roi_pool` as a layer.

    >>> from rushlight.vision.ops import RoIPool
    >>> RoIPool(7, 0.25)
    RoIPool(output_size=7, spatial_scale=0.25)
    """

    def forward(self, input: Tensor, rois: Tensor | Sequence[Tensor]) -> Tensor:
        return roi_pool(input, rois, self.output_size, self.spatial_scale)


class PSRoIPool(_Pool):
    """`ps_roi_pool` as a layer.

    >>> from rushlight.vision.ops import PSRoIPool
    >>> PSRoIPool(7, 0.25)
    PSRoIPool(output_size=7, spatial_scale=0.25)
    """

    def forward(self, input: Tensor, rois: Tensor | Sequence[Tensor]) -> Tensor:
        return ps_roi_pool(input, rois, self.output_size, self.spatial_scale)
