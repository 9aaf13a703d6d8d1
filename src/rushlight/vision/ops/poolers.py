"""Regions taken from the map of a pyramid that suits their size: Lin et al., arXiv:1612.03144."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import rushlight

from ... import nn
from ...nn.modules.utils import _pair
from ...tensor import Tensor
from .boxes import box_area
from .roi_align import roi_align


class MultiScaleRoIAlign(nn.Module):
    """`roi_align` of each box on that of several maps whose elements suit its size.

    A box of `canonical_scale` squared pixels is taken from the map of level `canonical_level`,
    whose elements are two to that power pixels wide; one of half the width from the level below.

    >>> import rushlight as torch
    >>> from rushlight.vision.ops import MultiScaleRoIAlign
    >>> pool = MultiScaleRoIAlign(["large", "small"], 3, 2)
    >>> maps = {"large": torch.zeros(1, 5, 64, 64), "small": torch.zeros(1, 5, 16, 16)}
    >>> pool(maps, [torch.tensor([[0.0, 0, 9, 9], [0, 0, 99, 99]])], [(512, 512)]).shape
    torch.Size([2, 5, 3, 3])
    """

    def __init__(
        self,
        featmap_names: Sequence[str],
        output_size: int | Sequence[int],
        sampling_ratio: int,
        *,
        canonical_scale: int = 224,
        canonical_level: int = 4,
    ) -> None:
        super().__init__()
        self.featmap_names = featmap_names
        self.sampling_ratio = sampling_ratio
        self.output_size = _pair(output_size)
        self.canonical_scale = canonical_scale
        self.canonical_level = canonical_level

    def forward(
        self, x: dict[str, Tensor], boxes: list[Tensor], image_shapes: list[tuple[int, int]]
    ) -> Tensor:
        maps = [value for name, value in x.items() if name in self.featmap_names]
        if not maps or not image_shapes:
            raise ValueError("images list should not be empty")
        scales = [_scale(map_, image_shapes) for map_ in maps]
        options: dict[str, Any] = {
            "output_size": self.output_size, "sampling_ratio": self.sampling_ratio,
        }  # fmt: skip
        if len(maps) == 1:
            return roi_align(maps[0], boxes, spatial_scale=scales[0], **options)
        rois = rushlight.cat([
            rushlight.cat([part.new_full((len(part), 1), number), part], 1)
            for number, part in enumerate(boxes)
        ])  # fmt: skip
        levels = self._levels(rois[:, 1:], scales)
        result = maps[0].new_zeros((len(rois), maps[0].shape[1], *self.output_size))
        for level, (map_, scale) in enumerate(zip(maps, scales, strict=True)):
            places = rushlight.where(levels == level)[0]
            part = roi_align(map_, rois[places], spatial_scale=scale, **options)
            result[places] = part.to(result.dtype)
        return result

    def _levels(self, boxes: Tensor, scales: list[float]) -> Tensor:
        """The number of each box's map; -1 of one whose area is negative, as its root is none."""
        least, most = (-math.log2(scale) for scale in (scales[0], scales[-1]))
        ratio = box_area(boxes.detach()).sqrt() / self.canonical_scale
        levels = (self.canonical_level + ratio.log2() + 1e-6).floor()
        return (levels.clamp(least, most) - least).nan_to_num(-1.0).long()

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(featmap_names={self.featmap_names}, "
            f"output_size={self.output_size}, sampling_ratio={self.sampling_ratio})"
        )


def _scale(map_: Tensor, image_shapes: list[tuple[int, int]]) -> float:
    """The power of two by which the map is smaller than the largest image."""
    largest = [max(sizes) for sizes in zip(*image_shapes, strict=True)]
    possible = [
        2.0 ** round(math.log2(size / whole))
        for size, whole in zip(map_.shape[-2:], largest, strict=True)
    ]
    return possible[0]
