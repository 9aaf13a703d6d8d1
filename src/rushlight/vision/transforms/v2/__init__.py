"""What torchvision's second set of transforms and the first have in common, under its names."""

from __future__ import annotations

from typing import Any

from ....dtype import dtype as DType
from ....dtype import float32
from ....tensor import Tensor
from .. import (
    CenterCrop,
    Compose,
    Grayscale,
    InterpolationMode,
    Lambda,
    Normalize,
    PILToTensor,
    RandomCrop,
    RandomHorizontalFlip,
    Resize,
    ToTensor,
)
from . import functional

__all__ = [
    "CenterCrop", "Compose", "Grayscale", "InterpolationMode", "Lambda", "Normalize", "PILToTensor",
    "RGB", "RandomCrop", "RandomHorizontalFlip", "Resize", "ToDtype", "ToImage", "ToTensor",
    "functional",
]  # fmt: skip


class ToImage:
    """Makes tensors of PIL images and arrays. Unlike torchvision's, they are plain tensors.

    >>> import numpy as np
    >>> from rushlight.vision.transforms import v2
    >>> v2.Compose([v2.ToImage(), v2.ToDtype(scale=True)])(np.full((1, 1, 1), 255, np.uint8))
    tensor([[[1.]]])
    """

    def __call__(self, img: Any) -> Tensor:
        return functional.to_image(img)

    def __repr__(self) -> str:
        return "ToImage()"


class ToDtype:
    """Gives images another dtype; with `scale` the values are scaled to its range."""

    def __init__(self, dtype: DType = float32, scale: bool = False) -> None:
        self.dtype, self.scale = dtype, scale

    def __call__(self, img: Tensor) -> Tensor:
        return functional.to_dtype(img, self.dtype, self.scale)

    def __repr__(self) -> str:
        return f"ToDtype(scale={self.scale})"


class RGB:
    """Gives grey images three channels."""

    def __call__(self, img: Any) -> Any:
        return functional.grayscale_to_rgb(img)

    def __repr__(self) -> str:
        return "RGB()"
