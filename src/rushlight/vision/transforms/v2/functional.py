"""The functions of torchvision's second set of transforms that have counterparts in the first."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....dtype import dtype as DType
from ....dtype import float32
from ....tensor import Tensor, wrap
from ...pillow import is_pillow_image
from ..functional import (
    InterpolationMode,
    center_crop,
    convert_image_dtype,
    crop,
    hflip,
    normalize,
    pad,
    pil_to_tensor,
    resize,
    rgb_to_grayscale,
    to_grayscale,
)

__all__ = [
    "InterpolationMode", "center_crop", "crop", "grayscale_to_rgb", "hflip", "horizontal_flip",
    "normalize", "pad", "pil_to_tensor", "resize", "rgb_to_grayscale", "to_dtype", "to_image",
]  # fmt: skip

horizontal_flip = hflip


def to_image(inpt: Any) -> Tensor:
    """A PIL image, an array (height, width[, channels]) or a tensor as a tensor of the same values.

    >>> import numpy as np
    >>> from rushlight.vision.transforms.v2 import functional
    >>> functional.to_image(np.zeros((4, 5, 3), np.uint8)).shape
    torch.Size([3, 4, 5])
    """
    if isinstance(inpt, Tensor):
        return inpt
    if isinstance(inpt, np.ndarray):
        pixels = inpt[..., None] if inpt.ndim == 2 else inpt
        return wrap(pixels.transpose(2, 0, 1).copy())
    if is_pillow_image(inpt):
        return pil_to_tensor(inpt)
    raise TypeError(
        f"Input can either be a pure Tensor, a numpy array, or a PIL image, but got {type(inpt)} "
        "instead."
    )


def to_dtype(inpt: Tensor, dtype: DType = float32, scale: bool = False) -> Tensor:
    """The image in another dtype; with `scale` its values are scaled to the dtype's range."""
    return convert_image_dtype(inpt, dtype) if scale else inpt.to(dtype)


def grayscale_to_rgb(inpt: Any) -> Any:
    """An image of one channel three times; one of more as it is."""
    if is_pillow_image(inpt):
        return inpt.convert("RGB")
    return inpt if inpt.shape[-3] >= 3 else to_grayscale(inpt, 3)
