"""The transforms that weights trained elsewhere expect."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import rushlight

from ... import nn
from ...tensor import Tensor
from . import functional as F
from .functional import InterpolationMode


class ImageClassification(nn.Module):
    """An image, or a batch of them, resized, cut to its centre, scaled to 0..1 and normalised.

    Pillow's images or tensors (..., C, H, W); the result is a float tensor.

    >>> import rushlight as torch
    >>> from rushlight.vision.models import AlexNet_Weights
    >>> AlexNet_Weights.DEFAULT.transforms()(torch.zeros(3, 300, 400, dtype=torch.uint8)).shape
    torch.Size([3, 224, 224])
    """

    def __init__(
        self,
        *,
        crop_size: int,
        resize_size: int = 256,
        mean: Sequence[float] = (0.485, 0.456, 0.406),
        std: Sequence[float] = (0.229, 0.224, 0.225),
        interpolation: InterpolationMode = InterpolationMode.BILINEAR,
        antialias: bool | None = True,
    ) -> None:
        super().__init__()
        self.crop_size = [crop_size]
        self.resize_size = [resize_size]
        self.mean = list(mean)
        self.std = list(std)
        self.interpolation = interpolation
        self.antialias = antialias

    def forward(self, img: Any) -> Tensor:
        img = F.resize(img, self.resize_size, self.interpolation, antialias=self.antialias)
        img = F.center_crop(img, self.crop_size)
        if not isinstance(img, Tensor):
            img = F.pil_to_tensor(img)
        return F.normalize(
            F.convert_image_dtype(img, rushlight.float32), mean=self.mean, std=self.std
        )

    def __repr__(self) -> str:
        fields = ("crop_size", "resize_size", "mean", "std", "interpolation")
        lines = "".join(f"\n    {name}={getattr(self, name)}" for name in fields)
        return f"{type(self).__name__}({lines}\n)"
