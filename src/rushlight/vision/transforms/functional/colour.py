"""Images in other colours: Pillow's as Pillow makes them, tensors by the same formulas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import rushlight

from ....nn import functional as nn_functional
from ....tensor import Tensor
from ...pillow import is_pillow_image
from .images import convert_image_dtype, image_size, largest, to_grayscale

rgb_to_grayscale = to_grayscale


def _check_factor(name: str, factor: float) -> None:
    if factor < 0:
        raise ValueError(f"{name} ({factor}) is not non-negative.")


def _check_channels(img: Any, at_least: int = 2) -> None:
    """TypeError unless it is a tensor of images of one channel or three."""
    image_size(img)
    if img.ndim < at_least:
        raise TypeError(
            f"Input image tensor should have at least 3 dimensions, but found {img.ndim}"
        )
    channels = img.shape[-3] if img.ndim > 2 else 1
    if channels not in (1, 3):
        raise TypeError(
            f"Input image tensor permitted channel values are [1, 3], but found {channels}"
        )


def bound(img: Tensor) -> int:
    """The greatest value of an image: 1 of floating ones."""
    return 1 if img.is_floating_point() else largest(img.dtype)


def blend(img: Tensor, other: Tensor | float, ratio: float) -> Tensor:
    """ratio * img + (1 - ratio) * other, within the range of the dtype."""
    mixed = float(ratio) * img + (1.0 - float(ratio)) * other
    return mixed.clamp(0, bound(img)).to(img.dtype)


def _enhanced(img: Any, kind: str, factor: float) -> Any:
    from PIL import ImageEnhance

    return getattr(ImageEnhance, kind)(img).enhance(factor)


def adjust_brightness(img: Any, brightness_factor: float) -> Any:
    """The image's values times a factor: 0 is black, 1 leaves it as it is.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import functional
    >>> functional.adjust_brightness(torch.tensor([[[100, 200]]], dtype=torch.uint8), 2)
    tensor([[[200, 255]]], dtype=torch.uint8)
    """
    if is_pillow_image(img):
        return _enhanced(img, "Brightness", brightness_factor)
    _check_factor("brightness_factor", brightness_factor)
    _check_channels(img)
    return blend(img, 0.0, brightness_factor)


def adjust_contrast(img: Any, contrast_factor: float) -> Any:
    """The distance of values from the mean of the image's luma times a factor.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import functional
    >>> functional.adjust_contrast(torch.tensor([[[0.4, 0.6]]]), 0.5)
    tensor([[[0.4500, 0.5500]]])
    """
    if is_pillow_image(img):
        return _enhanced(img, "Contrast", contrast_factor)
    _check_factor("contrast_factor", contrast_factor)
    _check_channels(img)
    luma = to_grayscale(img) if img.ndim > 2 and img.shape[-3] == 3 else img
    if not luma.is_floating_point():
        luma = luma.float()
    axes = tuple(range(-min(luma.ndim, 3), 0))
    return blend(img, luma.mean(dim=axes, keepdim=True), contrast_factor)


def adjust_saturation(img: Any, saturation_factor: float) -> Any:
    """The distance of values from their pixel's luma times a factor: 0 is grey.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import functional
    >>> functional.adjust_saturation(torch.ones(1, 2, 2), 0.5).shape
    torch.Size([1, 2, 2])
    """
    if is_pillow_image(img):
        return _enhanced(img, "Color", saturation_factor)
    _check_factor("saturation_factor", saturation_factor)
    _check_channels(img)
    if img.ndim < 3 or img.shape[-3] == 1:
        return img
    return blend(img, to_grayscale(img), saturation_factor)


def adjust_hue(img: Any, hue_factor: float) -> Any:
    """Colours turned on the colour circle by a part of it, from -0.5 to 0.5.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import functional
    >>> red = torch.tensor([1.0, 0.0, 0.0]).reshape(3, 1, 1)
    >>> functional.adjust_hue(red, 1 / 3).flatten()
    tensor([0., 1., 0.])
    """
    if not -0.5 <= hue_factor <= 0.5:
        raise ValueError(f"hue_factor ({hue_factor}) is not in [-0.5, 0.5].")
    if is_pillow_image(img):
        return _turned(img, hue_factor)
    _check_channels(img)
    if img.ndim < 3 or img.shape[-3] == 1:
        return img
    hue, saturation, value = _hsv(convert_image_dtype(img, rushlight.float32))
    return convert_image_dtype(_rgb((hue + hue_factor) % 1.0, saturation, value), img.dtype)


def _turned(img: Any, hue_factor: float) -> Any:
    from PIL import Image

    if img.mode in ("L", "1", "I", "F"):
        return img
    hue, saturation, value = img.convert("HSV").split()
    # Of bytes, which go on at 0 after 255.
    turned = np.array(hue, np.uint8) + np.int32(hue_factor * 255).astype(np.uint8)
    merged = Image.merge("HSV", (Image.fromarray(turned), saturation, value))
    return merged.convert(img.mode)


def _hsv(img: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Hue, saturation and value, from 0 to 1: Smith, SIGGRAPH 1978, doi:10.1145/800248.807361."""
    red, green, blue = img.unbind(-3)
    most, least = img.amax(-3), img.amin(-3)
    spread = most - least
    grey = spread == 0
    saturation = spread / most.masked_fill(grey, 1.0)
    spread = spread.masked_fill(grey, 1.0)
    to_red, to_green, to_blue = ((most - part) / spread for part in (red, green, blue))
    sixth = rushlight.where(
        red == most,
        to_blue - to_green,
        rushlight.where(green == most, 2.0 + to_red - to_blue, 4.0 + to_green - to_red),
    )
    return (sixth / 6.0 + 1.0).fmod(1.0), saturation, most


def _rgb(hue: Tensor, saturation: Tensor, value: Tensor) -> Tensor:
    """What undoes `_hsv`."""
    sector = (hue * 6.0).floor()
    rest = hue * 6.0 - sector
    sector = sector.int() % 6
    low = (value * (1.0 - saturation)).clamp(0.0, 1.0)
    falling = (value * (1.0 - saturation * rest)).clamp(0.0, 1.0)
    rising = (value * (1.0 - saturation * (1.0 - rest))).clamp(0.0, 1.0)
    channels = []
    for order in (
        (value, falling, low, low, rising, value),
        (rising, value, value, falling, low, low),
        (low, low, rising, value, value, falling),
    ):
        channel = order[0]
        for number, part in enumerate(order[1:], 1):
            channel = rushlight.where(sector == number, part, channel)
        channels.append(channel)
    return rushlight.stack(channels, -3)


def adjust_gamma(img: Any, gamma: float, gain: float = 1) -> Any:
    """gain * value**gamma of values from 0 to 1: above 1 shadows become darker.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import functional
    >>> functional.adjust_gamma(torch.tensor([[[0.5]]]), 2)
    tensor([[[0.2500]]])
    """
    if gamma < 0:
        raise ValueError("Gamma should be a non-negative real number")
    if is_pillow_image(img):
        table = [int((255 + 1 - 1e-3) * gain * (value / 255.0) ** gamma) for value in range(256)]
        return img.convert("RGB").point(table * 3).convert(img.mode)
    _check_channels(img)
    values = img if img.is_floating_point() else convert_image_dtype(img, rushlight.float32)
    return convert_image_dtype((gain * values**gamma).clamp(0, 1), img.dtype)


def invert(img: Any) -> Any:
    """The greatest value less each value.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import functional
    >>> functional.invert(torch.tensor([[[0, 250]]], dtype=torch.uint8))
    tensor([[[255,   5]]], dtype=torch.uint8)
    """
    if is_pillow_image(img):
        from PIL import ImageOps

        return ImageOps.invert(img)
    _check_channels(img, at_least=3)
    return bound(img) - img


def _check_bytes(img: Tensor) -> None:
    _check_channels(img, at_least=3)
    if img.dtype != rushlight.uint8:
        raise TypeError(f"Only torch.uint8 image tensors are supported, but found {img.dtype}")


def posterize(img: Any, bits: int) -> Any:
    """Values of bytes with their first `bits` bits alone.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import functional
    >>> functional.posterize(torch.tensor([[[255, 130]]], dtype=torch.uint8), 1)
    tensor([[[128, 128]]], dtype=torch.uint8)
    """
    if not 0 <= bits <= 8:
        raise ValueError(f"The number if bits should be between 0 and 8. Got {bits}")
    if is_pillow_image(img):
        from PIL import ImageOps

        return ImageOps.posterize(img, bits)
    _check_bytes(img)
    return img & (256 - 2 ** (8 - bits)) if bits else rushlight.zeros_like(img)


def solarize(img: Any, threshold: float) -> Any:
    """Values from `threshold` on inverted.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import functional
    >>> functional.solarize(torch.tensor([[[10, 200]]], dtype=torch.uint8), 128)
    tensor([[[10, 55]]], dtype=torch.uint8)
    """
    if is_pillow_image(img):
        from PIL import ImageOps

        return ImageOps.solarize(img, threshold)  # type: ignore[arg-type]  # floats do as well
    _check_channels(img, at_least=3)
    if threshold > bound(img):
        raise TypeError("Threshold should be less than bound of img.")
    return rushlight.where(img >= threshold, invert(img), img)


def adjust_sharpness(img: Any, sharpness_factor: float) -> Any:
    """The distance of values from the smoothed image's times a factor: 0 is smooth, 2 sharper.

    Pixels at the edge stay as they are.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import functional
    >>> functional.adjust_sharpness(torch.eye(3)[None], 0.0)[0, 1]
    tensor([0.0000, 0.5385, 0.0000])
    """
    return sharpened(img, sharpness_factor)


def sharpened(img: Any, sharpness_factor: float, *, adds: bool = False) -> Any:
    """`adjust_sharpness`. torchvision's second transforms add a part of the difference to each
    value, its first mix two parts, which makes other bytes of some values."""
    if is_pillow_image(img):
        return _enhanced(img, "Sharpness", sharpness_factor)
    _check_factor("sharpness_factor", sharpness_factor)
    _check_channels(img)
    if min(image_size(img)) <= 2:
        return img
    dtype = img.dtype if img.is_floating_point() else rushlight.float32
    kernel = rushlight.ones((3, 3), dtype=dtype)
    kernel[1, 1] = 5.0
    smooth = img.clone()
    smooth[..., 1:-1, 1:-1] = filtered(img, kernel / kernel.sum())
    if not adds:
        return blend(img, smooth, sharpness_factor)
    values = img.to(dtype)
    mixed = values + (1.0 - float(sharpness_factor)) * (smooth.to(dtype) - values)
    return mixed.clamp(0, bound(img)).to(img.dtype)


def filtered(img: Tensor, kernel: Tensor) -> Tensor:
    """Each channel by itself through one kernel, without a border; whole numbers are rounded."""
    values = img if img.is_floating_point() else img.float()
    planes = values.reshape(-1, 1, *img.shape[-2:])
    kernel = kernel.to(values.dtype).to(img.device)
    found = nn_functional.conv2d(planes, kernel[None, None])
    found = found.reshape(*img.shape[:-2], *found.shape[-2:])
    return found if img.is_floating_point() else found.round().to(img.dtype)


def autocontrast(img: Any) -> Any:
    """Each channel stretched to the whole range; one that is even stays as it is.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import functional
    >>> functional.autocontrast(torch.tensor([[[0.25, 0.5, 0.75]]]))
    tensor([[[0.0000, 0.5000, 1.0000]]])
    """
    return contrasted(img)


def contrasted(img: Any, *, divides: bool = False) -> Any:
    """`autocontrast`. torchvision's second transforms divide by the range, its first multiply by
    the inverse, which makes other bytes of some values."""
    if is_pillow_image(img):
        from PIL import ImageOps

        return ImageOps.autocontrast(img)
    _check_channels(img, at_least=3)
    if img.numel() == 0:
        return img
    most_possible = bound(img)
    values = img if img.is_floating_point() else img.float()
    least, most = (part(dim=(-2, -1), keepdim=True) for part in (values.amin, values.amax))
    even = least == most
    spread = most - least
    least = least.masked_fill(even, 0)
    if divides:
        stretched = (values - least) / (spread * (1.0 / most_possible)).masked_fill(even, 1.0)
    else:
        scale = spread.masked_fill(even, 1.0).reciprocal() * most_possible
        stretched = (values - least) * scale.masked_fill(even, 1.0)
    return stretched.clamp(0, most_possible).to(img.dtype)


def equalize(img: Any) -> Any:
    """Values of bytes spread so that each is about as frequent: a histogram that is even.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import functional
    >>> functional.equalize(torch.tensor([[[0, 0], [255, 255]]], dtype=torch.uint8))
    tensor([[[  0,   0],
             [255, 255]]], dtype=torch.uint8)
    """
    if is_pillow_image(img):
        from PIL import ImageOps

        return ImageOps.equalize(img)
    image_size(img)  # TypeError unless it is an image
    _check_bytes(img)
    planes = [equalized(plane) for plane in img.reshape(-1, *img.shape[-2:])]
    return rushlight.stack(planes).reshape(img.shape) if planes else img


def equalized(plane: Tensor) -> Tensor:
    counts = plane.flatten().long().bincount(minlength=256)
    present = counts[counts > 0]
    step = int(present[:-1].sum()) // 255
    if step == 0:
        return plane
    table = (counts.cumsum(0) + step // 2) // step
    table = nn_functional.pad(table, (1, 0))[:-1].clamp(0, 255)
    return table[plane.long()].to(rushlight.uint8)


def gaussian_blur(
    img: Any, kernel_size: int | Sequence[int], sigma: float | Sequence[float] | None = None
) -> Any:
    """The image through a Gaussian kernel of size (width, height) and deviation (x, y).

    Without `sigma` it is 0.3 ((kernel_size - 1) / 2 - 1) + 0.8, as in OpenCV. The image goes on
    beyond its edge as its mirror image.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import functional
    >>> functional.gaussian_blur(torch.eye(3)[None], 3, 1.0)[0, 1]
    tensor([0.3715, 0.3544, 0.3715])
    """
    sizes = [kernel_size] * 2 if isinstance(kernel_size, int) else list(kernel_size)
    if len(sizes) != 2:
        raise ValueError(f"If kernel_size is a sequence its length should be 2. Got {len(sizes)}")
    for size in sizes:
        if size % 2 == 0 or size < 0:
            raise ValueError(f"kernel_size should have odd and positive integers. Got {sizes}")
    if sigma is None:
        sigma = [size * 0.15 + 0.35 for size in sizes]
    deviations = [sigma] * 2 if isinstance(sigma, (int, float)) else list(sigma)
    if len(deviations) == 1:
        deviations *= 2
    if len(deviations) != 2:
        raise ValueError(f"If sigma is a sequence, its length should be 2. Got {len(deviations)}")
    for deviation in deviations:
        if deviation <= 0:
            raise ValueError(f"sigma should have positive values. Got {deviations}")
    if is_pillow_image(img):
        from .images import pil_to_tensor, to_pil_image

        return to_pil_image(gaussian_blur(pil_to_tensor(img), sizes, deviations), mode=img.mode)
    image_size(img)
    across, down = (_gauss(size, s, img) for size, s in zip(sizes, deviations, strict=True))
    values = img if img.is_floating_point() else img.float()
    planes = values.reshape(-1, 1, *img.shape[-2:])
    border = [sizes[0] // 2] * 2 + [sizes[1] // 2] * 2
    planes = nn_functional.pad(planes, border, mode="reflect").reshape(
        *img.shape[:-2], img.shape[-2] + 2 * border[2], img.shape[-1] + 2 * border[0]
    )
    blurred = filtered(planes, down[:, None] @ across[None])
    return blurred if img.is_floating_point() else blurred.round().to(img.dtype)


def _gauss(size: int, deviation: float, img: Tensor) -> Tensor:
    dtype = img.dtype if img.is_floating_point() else rushlight.float32
    half = (size - 1) * 0.5
    places = rushlight.linspace(-half, half, steps=size, dtype=dtype, device=img.device)
    weights = (-0.5 * (places / deviation) ** 2).exp()
    return weights / weights.sum()
