"""Boxes of several sizes and shapes at every place of a feature map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import rushlight

from .... import nn
from ....tensor import Tensor


@dataclass
class ImageList:
    """Images in one batch, filled up with zeros, and what size (height, width) each has in it."""

    tensors: Tensor
    image_sizes: list[tuple[int, int]]

    def to(self, device: Any) -> ImageList:
        return ImageList(self.tensors.to(device), self.image_sizes)


class AnchorGenerator(nn.Module):
    """For each image the boxes around every element of its maps: Ren et al., arXiv:1506.01497.

    `sizes` are those of the boxes of each map, the square roots of their areas, `aspect_ratios`
    height by width.

    >>> import rushlight as torch
    >>> from rushlight.vision.models.detection.anchor_utils import AnchorGenerator, ImageList
    >>> images = ImageList(torch.zeros(1, 3, 8, 8), [(8, 8)])
    >>> AnchorGenerator(((4,),), ((1.0,),))(images, [torch.zeros(1, 5, 1, 2)])
    [tensor([[-2., -2.,  2.,  2.],
            [ 2., -2.,  6.,  2.]])]
    """

    def __init__(
        self,
        sizes: Sequence[Any] = ((128, 256, 512),),
        aspect_ratios: Sequence[Any] = ((0.5, 1.0, 2.0),),
    ) -> None:
        super().__init__()
        if not isinstance(sizes[0], (list, tuple)):
            sizes = tuple((size,) for size in sizes)
        if not isinstance(aspect_ratios[0], (list, tuple)):
            aspect_ratios = (aspect_ratios,) * len(sizes)
        self.sizes = sizes
        self.aspect_ratios = aspect_ratios
        self.cell_anchors = [
            self.generate_anchors(size, ratios)
            for size, ratios in zip(sizes, aspect_ratios, strict=True)
        ]

    def generate_anchors(
        self, scales: Sequence[float], aspect_ratios: Sequence[float],
        dtype: Any = rushlight.float32, device: Any = "cpu",
    ) -> Tensor:  # fmt: skip
        """The boxes around (0, 0), rounded: (ratios * scales, 4)."""
        scale = rushlight.as_tensor(scales, dtype=dtype, device=device)
        tall = rushlight.as_tensor(aspect_ratios, dtype=dtype, device=device).sqrt()
        heights = (tall[:, None] * scale).flatten()
        widths = ((1 / tall)[:, None] * scale).flatten()
        return (rushlight.stack([-widths, -heights, widths, heights], dim=1) / 2).round()

    def num_anchors_per_location(self) -> list[int]:
        """How many boxes there are at each place, for each map."""
        return [len(s) * len(r) for s, r in zip(self.sizes, self.aspect_ratios, strict=True)]

    def forward(self, image_list: ImageList, feature_maps: list[Tensor]) -> list[Tensor]:
        height, width = image_list.tensors.shape[-2:]
        if len(feature_maps) != len(self.cell_anchors):
            raise AssertionError(
                f"AnchorGenerator: there are sizes for {len(self.cell_anchors)} maps, but "
                f"{len(feature_maps)} maps"
            )
        parts = []
        for map_, cells in zip(feature_maps, self.cell_anchors, strict=True):
            rows, columns = map_.shape[-2:]
            options: Any = {"dtype": rushlight.int32, "device": map_.device}
            y, x = rushlight.meshgrid(
                rushlight.arange(rows, **options) * (height // rows),
                rushlight.arange(columns, **options) * (width // columns),
                indexing="ij",
            )
            places = rushlight.stack([x, y, x, y], dim=2).reshape(-1, 1, 4)
            cells = cells.to(map_.device, map_.dtype)
            parts.append((places + cells).reshape(-1, 4))
        anchors = rushlight.cat(parts)
        return [anchors for _ in image_list.image_sizes]
