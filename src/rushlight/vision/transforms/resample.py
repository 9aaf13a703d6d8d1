"""Tensors of images at another size, by `interpolate`, whose filters are Pillow's."""

from __future__ import annotations

import math

import numpy as np

import rushlight

from ...nn.functional import interpolate
from ...tensor import Tensor


def resample(
    image: Tensor, size: tuple[int, int], mode: str, antialias: bool, *, rounds: bool = False
) -> Tensor:
    """The tensor (..., height, width) at `size`, in one of the modes of `interpolate`.

    A boolean is true where any that it is made of are. Integers are rounded to the nearest and kept
    within their range; with `rounds` bytes are after rows, too, and weights of fixed point, as
    torchvision's second transforms have it.
    """
    (height, width), (new_height, new_width) = image.shape[-2:], size
    leading = image.shape[:-2]
    if 0 in leading:  # masks of a sample without objects
        return image.reshape(*leading, *size)
    if mode in ("nearest", "nearest-exact"):  # of any dtype
        middle = 0.5 if mode == "nearest-exact" else 0.0
        rows, columns = _nearest(height, new_height, middle), _nearest(width, new_width, middle)
        return image[..., rows, :][..., columns]
    planes = image.reshape(1, math.prod(leading), height, width)
    is_kept = image.is_floating_point() or (rounds and image.dtype == rushlight.uint8)
    result = interpolate(
        planes if is_kept else planes.float(), size=size, mode=mode, antialias=antialias
    ).reshape(*leading, *size)
    if is_kept:
        return result
    if image.dtype == rushlight.bool:
        return result.bool()
    limits = np.iinfo(image.dtype.numpy)
    return result.round().clamp(limits.min, limits.max).to(image.dtype)


def _nearest(size: int, new_size: int, middle: float) -> list[int]:
    return [min(int((i + middle) * (size / new_size)), size - 1) for i in range(new_size)]
