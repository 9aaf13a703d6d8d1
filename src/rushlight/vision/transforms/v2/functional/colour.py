"""Other colours, and smoothing: of images of every kind."""

from __future__ import annotations

import io
from typing import Any

import rushlight

from .....tensor import Tensor
from ....pillow import is_pillow_image, require_pillow
from ....tv_tensors import Image
from ...functional import colour, images
from .dispatch import Pillow, of_images
from .images import bits_of, scaled

adjust_contrast = of_images(colour.adjust_contrast)
adjust_saturation = of_images(colour.adjust_saturation)
adjust_hue = of_images(colour.adjust_hue)
gaussian_blur = of_images(colour.gaussian_blur)


@of_images
def adjust_brightness(inpt: Any, brightness_factor: float) -> Any:
    """The image's values times a factor: 0 is black, 1 leaves it as it is.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms.v2 import functional as F
    >>> F.adjust_brightness(torch.tensor([[[100, 200]]], dtype=torch.uint8), 2)
    tensor([[[200, 255]]], dtype=torch.uint8)
    """
    if is_pillow_image(inpt) or brightness_factor < 0:
        return colour.adjust_brightness(inpt, brightness_factor)
    return colour.blend(inpt, 0.0, brightness_factor)  # however many channels there are


@of_images
def adjust_gamma(inpt: Any, gamma: float, gain: float = 1) -> Any:
    """gain * value**gamma of values from 0 to 1: above 1 shadows become darker.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms.v2 import functional as F
    >>> F.adjust_gamma(torch.tensor([[[0.5]]]), 2)
    tensor([[[0.2500]]])
    """
    if is_pillow_image(inpt) or gamma < 0:
        return colour.adjust_gamma(inpt, gamma, gain)
    values = inpt if inpt.is_floating_point() else scaled(inpt, rushlight.float32)
    values = values**gamma  # however many channels there are
    return scaled(values if gain == 1 else (gain * values).clamp(0, 1), inpt.dtype)


@of_images
def adjust_sharpness(inpt: Any, sharpness_factor: float) -> Any:
    """The distance of values from the smoothed image's times a factor: 0 is smooth, 2 sharper.

    Pixels at the edge stay as they are.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms.v2 import functional as F
    >>> F.adjust_sharpness(torch.eye(3)[None], 0.0)[0, 1]
    tensor([0.0000, 0.5385, 0.0000])
    """
    return colour.sharpened(inpt, sharpness_factor, adds=True)


@of_images
def autocontrast(inpt: Any) -> Any:
    """Each channel stretched to the whole range; one that is even stays as it is.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms.v2 import functional as F
    >>> F.autocontrast(torch.tensor([[[0.25, 0.5, 0.75]]]))
    tensor([[[0.0000, 0.5000, 1.0000]]])
    """
    return colour.contrasted(inpt, divides=True)


@of_images
def invert(inpt: Any) -> Any:
    """The greatest value less each value.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms.v2 import functional as F
    >>> F.invert(torch.tensor([[[0, 250]]], dtype=torch.uint8))
    tensor([[[255,   5]]], dtype=torch.uint8)
    """
    return colour.invert(inpt) if is_pillow_image(inpt) else _inverted(inpt)


def _inverted(image: Tensor) -> Tensor:
    if not image.is_floating_point():
        bits_of(image.dtype)  # which refuses booleans
    return colour.bound(image) - image


@of_images
def solarize(inpt: Any, threshold: float) -> Any:
    """Values from `threshold` on inverted. TypeError where it is above the greatest value.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms.v2 import functional as F
    >>> F.solarize(torch.tensor([[[10, 200]]], dtype=torch.uint8), 128)
    tensor([[[10, 55]]], dtype=torch.uint8)
    """
    if is_pillow_image(inpt):
        return colour.solarize(inpt, threshold)
    if threshold > colour.bound(inpt):
        raise TypeError(
            f"solarize: the threshold {threshold} is above the greatest value of {inpt.dtype}"
        )
    return rushlight.where(inpt >= threshold, _inverted(inpt), inpt)


@of_images
def posterize(inpt: Any, bits: int) -> Any:
    """Values with their first `bits` bits alone; floats from 0 to 1 in as many steps.

    TypeError unless these are 0 to 8 (ValueError of PIL images).

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms.v2 import functional as F
    >>> F.posterize(torch.tensor([[[0.9, 0.4]]]), 1)
    tensor([[[0.5000, 0.0000]]])
    """
    if is_pillow_image(inpt):
        return colour.posterize(inpt, bits)
    if not isinstance(bits, int) or not 0 <= bits <= 8:
        raise TypeError(f"bits must be a positive integer in the range [0, 8], got {bits} instead.")
    if inpt.is_floating_point():
        levels = 2**bits
        return (inpt * levels).floor().clamp(0, levels - 1) * (1.0 / levels)
    bits_of_dtype = bits_of(inpt.dtype)
    if bits >= bits_of_dtype:
        return inpt
    return inpt & (2**bits_of_dtype - 2 ** (bits_of_dtype - bits))


@of_images
def equalize(inpt: Any) -> Any:
    """Values spread so that each is about as frequent: a histogram of 256 parts that is even.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms.v2 import functional as F
    >>> F.equalize(torch.tensor([0.4, 0.5, 0.6]).repeat(256).reshape(1, 256, 3))[0, 0]
    tensor([0.0000, 0.5020, 1.0000])
    """
    if is_pillow_image(inpt):
        return colour.equalize(inpt)
    images.image_size(inpt)  # TypeError unless it is an image
    values = scaled(inpt, rushlight.uint8)
    planes = [colour.equalized(plane) for plane in values.reshape(-1, *inpt.shape[-2:])]
    spread = rushlight.stack(planes).reshape(inpt.shape) if planes else values
    return scaled(spread, inpt.dtype)


def _to_grayscale(inpt: Any, num_output_channels: int = 1) -> Any:
    """Luma of an RGB image, 0.2989 R + 0.587 G + 0.114 B, in one channel or three equal ones.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms.v2 import functional as F
    >>> F.rgb_to_grayscale(torch.ones(3, 1, 2))
    tensor([[[0.9999, 0.9999]]])
    """
    if num_output_channels not in (1, 3):
        raise ValueError(f"num_output_channels must be 1 or 3, got {num_output_channels}.")
    return images.to_grayscale(inpt, num_output_channels)


def _grayscale_to_rgb(inpt: Any) -> Any:
    """An image of one channel three times; one of more as it is.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms.v2 import functional as F
    >>> F.grayscale_to_rgb(torch.ones(1, 1, 2)).shape
    torch.Size([3, 1, 2])
    """
    if is_pillow_image(inpt):
        return inpt.convert("RGB")
    return inpt if images.get_dimensions(inpt)[0] >= 3 else images.to_grayscale(inpt, 3)


_NO_VIDEO = (Tensor, Image, Pillow)
rgb_to_grayscale = to_grayscale = of_images(_to_grayscale, name="rgb_to_grayscale", kinds=_NO_VIDEO)
grayscale_to_rgb = of_images(_grayscale_to_rgb, name="grayscale_to_rgb", kinds=_NO_VIDEO)


@of_images
def permute_channels(inpt: Any, permutation: list[int]) -> Any:
    """The image's channels in another order. ValueError unless there is a place for each.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms.v2 import functional as F
    >>> F.permute_channels(torch.tensor([1, 2, 3]).reshape(3, 1, 1), [2, 0, 1]).flatten()
    tensor([3, 1, 2])
    """
    if is_pillow_image(inpt):
        values = permute_channels(images.pil_to_tensor(inpt), permutation)
        return images.to_pil_image(values, mode=inpt.mode)
    if len(permutation) != inpt.shape[-3]:
        raise ValueError(
            f"permute_channels: an order of {len(permutation)} for {inpt.shape[-3]} channels"
        )
    return inpt[..., list(permutation), :, :]


@of_images
def gaussian_noise(inpt: Any, mean: float = 0.0, sigma: float = 0.1, clip: bool = True) -> Any:
    """The image and normal noise; `mean` and `sigma` are of values from 0 to 1, of bytes as well.

    Without `clip`, floats are not brought back to 0 to 1, and bytes go on at 0 after 255.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms.v2 import functional as F
    >>> F.gaussian_noise(torch.zeros(1, 1, 1), mean=0.5, sigma=0.0)
    tensor([[[0.5000]]])
    """
    if is_pillow_image(inpt):
        raise ValueError("gaussian_noise: it takes no PIL image; make it a tensor first")
    if inpt.dtype != rushlight.uint8 and not inpt.is_floating_point():
        raise ValueError(f"gaussian_noise: an image of uint8 or floats, not of {inpt.dtype}")
    if sigma < 0:
        raise ValueError(f"sigma shouldn't be negative. Got {sigma}")
    if inpt.is_floating_point():
        noisy = inpt + (mean + rushlight.randn_like(inpt) * sigma)
        return noisy.clamp(0, 1) if clip else noisy
    noise = mean * 255 + rushlight.randn_like(inpt, dtype=rushlight.float32) * sigma * 255
    noisy = inpt.short() + noise.short()
    return (noisy.clamp(0, 255) if clip else noisy).to(rushlight.uint8)


@of_images
def jpeg(inpt: Any, quality: int) -> Any:
    """The image after compression as JPEG, by Pillow: bytes, of `quality` 1 to 100.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms.v2 import functional as F
    >>> F.jpeg(torch.full((3, 8, 8), 100, dtype=torch.uint8), 50)[0, 0, 0]
    tensor(100, dtype=torch.uint8)
    """
    if is_pillow_image(inpt):
        return _compressed(inpt, quality)
    if inpt.dtype != rushlight.uint8 or inpt.ndim < 3 or inpt.shape[-3] not in (1, 3):
        raise RuntimeError(
            f"jpeg: images (..., C, H, W) of uint8 with 1 or 3 channels, not {tuple(inpt.shape)} "
            f"of {inpt.dtype}"
        )
    found = [
        images.pil_to_tensor(_compressed(images.to_pil_image(image), quality))
        for image in inpt.reshape(-1, *inpt.shape[-3:])
    ]
    return rushlight.stack(found).reshape(inpt.shape) if found else inpt


def _compressed(image: Any, quality: int) -> Any:
    pillow = require_pillow("JPEG")
    file = io.BytesIO()
    image.save(file, format="JPEG", quality=quality)
    return pillow.open(file)
