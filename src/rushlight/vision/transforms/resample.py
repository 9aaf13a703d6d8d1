"""Tensors of images at another size, by two matrix products: one for the rows, one for the columns.

The filters and their support are Pillow's, which PyTorch's `interpolate(antialias=True)` shares:
when an image is made smaller, the filter is stretched by the same factor.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import rushlight

from ...tensor import Tensor, wrap


def resample(
    image: Tensor, size: tuple[int, int], mode: str, antialias: bool, *, rounds: bool = False
) -> Tensor:
    """The tensor (..., height, width) at `size`; mode nearest, nearest-exact, bilinear, bicubic, or
    lanczos, with antialiasing alone.

    Integers are rounded to the nearest and kept within their range; with `rounds` bytes are after
    each of the two steps, and weights of fixed point, as torchvision's second transforms have it.
    """
    (height, width), (new_height, new_width) = image.shape[-2:], size
    if mode not in ("nearest", "nearest-exact", "bilinear", "bicubic", "lanczos"):
        raise NotImplementedError(f"resize: a tensor in mode '{mode}', which Pillow's images have")
    if mode == "lanczos" and not antialias:
        raise ValueError("Lanczos mode requires antialias=True")
    if mode.startswith("nearest"):
        middle = 0.5 if mode == "nearest-exact" else 0.0
        rows, columns = _nearest(height, new_height, middle), _nearest(width, new_width, middle)
        return image[..., rows, :][..., columns]
    dtype = image.dtype
    values = image if image.is_floating_point() else image.float()
    across = _weights(width, new_width, mode, antialias)
    down = _weights(height, new_height, mode, antialias)
    if rounds and dtype == rushlight.uint8:
        wide = _rounded(values @ _tensor(_fixed_point(across), values).t())
        return _rounded(_tensor(_fixed_point(down), values) @ wide).to(dtype)
    result = _tensor(down, values) @ (values @ _tensor(across, values).t())
    if image.is_floating_point():
        return result
    limits = np.iinfo(dtype.numpy)
    return result.round().clamp(limits.min, limits.max).to(dtype)


def _tensor(weights: np.ndarray[Any, Any], like: Tensor) -> Tensor:
    return wrap(weights.astype(like.array.dtype)).to(like.device)


def _rounded(values: Tensor) -> Tensor:
    return (values + 0.5).floor().clamp(0, 255)


def _fixed_point(weights: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Weights of as many binary places as fit into 16 bits, which PyTorch multiplies bytes by.

    Their products with bytes, and the sums of these, are exact in float32.
    """
    places = 0
    while places < 22 and 0.5 + weights.max() * 2 ** (places + 1) < 2**15:
        places += 1
    scaled = weights * 2**places
    return np.trunc(scaled + np.copysign(0.5, scaled)) / 2**places


def _nearest(size: int, new_size: int, middle: float) -> list[int]:
    return [min(int((i + middle) * (size / new_size)), size - 1) for i in range(new_size)]


def _weights(size: int, new_size: int, mode: str, antialias: bool) -> np.ndarray[Any, Any]:
    """Row i holds the weight of each of `size` pixels in pixel i of `new_size`."""
    scale = size / new_size
    stretch = max(scale, 1.0) if antialias else 1.0
    # PyTorch's cubic is Keys' with a = -0.75; with antialiasing it follows Pillow's -0.5.
    kernels = {"bilinear": _triangle, "lanczos": _lanczos}
    kernel = kernels.get(mode) or _cubic(-0.5 if antialias else -0.75)
    centers = (np.arange(new_size) + 0.5) * scale - 0.5
    if antialias:
        weights = kernel((np.arange(size) - centers[:, None]) / stretch)
        return weights / weights.sum(axis=1, keepdims=True)
    # Without antialiasing the pixels beyond an edge count as the one at the edge.
    weights = np.zeros((new_size, size))
    first = np.floor(centers).astype(int)
    for offset in range(-1, 3):
        pixels = first + offset
        np.add.at(
            weights,
            (np.arange(new_size), np.clip(pixels, 0, size - 1)),
            kernel(pixels - centers),
        )
    return weights


def _triangle(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.maximum(1 - np.abs(x), 0)


def _lanczos(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Duchon's window of three lobes, J. Appl. Meteorology 18, 1979."""
    return np.where(np.abs(x) < 3, np.sinc(x) * np.sinc(x / 3), 0)


def _cubic(a: float) -> Any:
    """Keys' cubic convolution (IEEE Trans. ASSP 29, 1981) with the slope a."""

    def kernel(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        x = np.abs(x)
        near = ((a + 2) * x - (a + 3)) * x * x + 1
        far = a * (((x - 5) * x + 8) * x - 4)
        return np.where(x < 1, near, np.where(x < 2, far, 0))

    return kernel
