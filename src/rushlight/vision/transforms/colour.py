"""Transforms of colours as objects; what is random is drawn from the default stream."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import rushlight

from ... import nn
from ...tensor import Tensor
from . import functional as F

Range = float | Sequence[float]


class ColorJitter(nn.Module):
    """Brightness, contrast, saturation and hue changed by random factors, in random order.

    A number x means factors from max(0, 1 - x) to 1 + x, and hues from -x to x; a pair its bounds.

    >>> import rushlight as torch
    >>> from rushlight.vision import transforms
    >>> transforms.ColorJitter(brightness=0.5, hue=0.1)
    ColorJitter(brightness=(0.5, 1.5), contrast=None, saturation=None, hue=(-0.1, 0.1))
    """

    def __init__(
        self,
        brightness: Range = 0,
        contrast: Range = 0,
        saturation: Range = 0,
        hue: Range = 0,
    ) -> None:
        super().__init__()
        self.brightness = _bounds(brightness, "brightness", 1.0, (0, math.inf))
        self.contrast = _bounds(contrast, "contrast", 1.0, (0, math.inf))
        self.saturation = _bounds(saturation, "saturation", 1.0, (0, math.inf))
        self.hue = _bounds(hue, "hue", 0.0, (-0.5, 0.5))

    @staticmethod
    def get_params(
        brightness: Sequence[float] | None,
        contrast: Sequence[float] | None,
        saturation: Sequence[float] | None,
        hue: Sequence[float] | None,
    ) -> tuple[Tensor, float | None, float | None, float | None, float | None]:
        """The order of the four, and a factor for each, None where it is not to be changed.

        >>> from rushlight.vision import transforms
        >>> transforms.ColorJitter.get_params((2.0, 2.0), None, None, None)[1:]
        (2.0, None, None, None)
        """
        order = rushlight.randperm(4)
        ranges = (brightness, contrast, saturation, hue)
        factors = [None if bounds is None else uniform(*bounds) for bounds in ranges]
        return order, factors[0], factors[1], factors[2], factors[3]

    def forward(self, img: Any) -> Any:
        order, *factors = self.get_params(
            self.brightness, self.contrast, self.saturation, self.hue
        )
        changes = (F.adjust_brightness, F.adjust_contrast, F.adjust_saturation, F.adjust_hue)
        for number in order.tolist():
            factor = factors[number]
            if factor is not None:
                img = changes[number](img, factor)
        return img

    def __repr__(self) -> str:
        return (
            f"ColorJitter(brightness={self.brightness}, contrast={self.contrast}, "
            f"saturation={self.saturation}, hue={self.hue})"
        )


def uniform(low: float, high: float) -> float:
    """A number of the default stream between the bounds."""
    return rushlight.empty(1).uniform_(low, high).item()


def _bounds(
    value: Range, name: str, center: float, limits: tuple[float, float]
) -> tuple[float, float] | None:
    if isinstance(value, (int, float)):
        if value < 0:
            raise ValueError(f"If {name} is a single number, it must be non negative.")
        low, high = center - float(value), center + float(value)
        if center:
            low = max(low, 0.0)
    elif isinstance(value, (tuple, list)) and len(value) == 2:
        low, high = float(value[0]), float(value[1])
    else:
        raise TypeError(f"{name} should be a single number or a list/tuple with length 2.")
    if not limits[0] <= low <= high <= limits[1]:
        raise ValueError(f"{name} values should be between {limits}, but got {[low, high]}.")
    return None if low == high == center else (low, high)


class GaussianBlur(nn.Module):
    """The image through a Gaussian kernel of random deviation between the bounds `sigma`.

    >>> import rushlight as torch
    >>> from rushlight.vision import transforms
    >>> transforms.GaussianBlur(3)(torch.ones(1, 4, 4)).shape
    torch.Size([1, 4, 4])
    """

    def __init__(self, kernel_size: int | Sequence[int], sigma: Range = (0.1, 2.0)) -> None:
        super().__init__()
        self.kernel_size = F.two_sizes(kernel_size)
        for size in self.kernel_size:
            if size <= 0 or size % 2 == 0:
                raise ValueError("Kernel size value should be an odd and positive number.")
        if isinstance(sigma, (int, float)):
            if sigma <= 0:
                raise ValueError("If sigma is a single number, it must be positive.")
            sigma = (sigma, sigma)
        elif not isinstance(sigma, Sequence) or len(sigma) != 2:
            raise ValueError("sigma should be a single number or a list/tuple with length 2.")
        elif not 0.0 < sigma[0] <= sigma[1]:
            raise ValueError("sigma values should be positive and of the form (min, max).")
        self.sigma = sigma

    @staticmethod
    def get_params(sigma_min: float, sigma_max: float) -> float:
        """A deviation between the bounds.

        >>> from rushlight.vision import transforms
        >>> transforms.GaussianBlur.get_params(1.0, 1.0)
        1.0
        """
        return uniform(sigma_min, sigma_max)

    def forward(self, img: Any) -> Any:
        sigma = self.get_params(*self.sigma)
        return F.gaussian_blur(img, self.kernel_size, [sigma, sigma])

    def __repr__(self) -> str:
        return f"GaussianBlur(kernel_size={self.kernel_size}, sigma={self.sigma})"


class WithProbability(nn.Module):
    """With probability p what `change` makes of the image; `option` is its second argument."""

    option: str | None = None

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def change(self, img: Any) -> Any:
        raise NotImplementedError

    def forward(self, img: Any) -> Any:
        return self.change(img) if rushlight.rand(1).item() < self.p else img

    def __repr__(self) -> str:
        shown = f"{self.option}={getattr(self, self.option)}," if self.option else ""
        return f"{type(self).__name__}({shown}p={self.p})"


class RandomGrayscale(WithProbability):
    """With probability p the image's luma, in as many channels as it has.

    >>> import rushlight as torch
    >>> from rushlight.vision import transforms
    >>> transforms.RandomGrayscale(p=1.0)(torch.ones(3, 1, 1)).shape
    torch.Size([3, 1, 1])
    """

    def __init__(self, p: float = 0.1) -> None:
        super().__init__(p)

    def change(self, img: Any) -> Any:
        return F.rgb_to_grayscale(img, num_output_channels=F.get_image_num_channels(img))


class RandomInvert(WithProbability):
    """With probability p the image inverted.

    >>> import rushlight as torch
    >>> from rushlight.vision import transforms
    >>> transforms.RandomInvert(p=1.0)(torch.ones(1, 1, 1))
    tensor([[[0.]]])
    """

    def __init__(self, p: float = 0.5) -> None:
        super().__init__(p)

    def change(self, img: Any) -> Any:
        return F.invert(img)


class RandomPosterize(WithProbability):
    """With probability p the image with its first `bits` bits alone.

    >>> from rushlight.vision import transforms
    >>> transforms.RandomPosterize(2)
    RandomPosterize(bits=2,p=0.5)
    """

    option = "bits"

    def __init__(self, bits: int, p: float = 0.5) -> None:
        super().__init__(p)
        self.bits = bits

    def change(self, img: Any) -> Any:
        return F.posterize(img, self.bits)


class RandomSolarize(WithProbability):
    """With probability p the image with its values from `threshold` on inverted.

    >>> from rushlight.vision import transforms
    >>> transforms.RandomSolarize(128)
    RandomSolarize(threshold=128,p=0.5)
    """

    option = "threshold"

    def __init__(self, threshold: float, p: float = 0.5) -> None:
        super().__init__(p)
        self.threshold = threshold

    def change(self, img: Any) -> Any:
        return F.solarize(img, self.threshold)


class RandomAdjustSharpness(WithProbability):
    """With probability p the image sharper, or smoother, by a factor.

    >>> from rushlight.vision import transforms
    >>> transforms.RandomAdjustSharpness(2)
    RandomAdjustSharpness(sharpness_factor=2,p=0.5)
    """

    option = "sharpness_factor"

    def __init__(self, sharpness_factor: float, p: float = 0.5) -> None:
        super().__init__(p)
        self.sharpness_factor = sharpness_factor

    def change(self, img: Any) -> Any:
        return F.adjust_sharpness(img, self.sharpness_factor)


class RandomAutocontrast(WithProbability):
    """With probability p the image stretched to the whole range of values.

    >>> from rushlight.vision import transforms
    >>> transforms.RandomAutocontrast()
    RandomAutocontrast(p=0.5)
    """

    def __init__(self, p: float = 0.5) -> None:
        super().__init__(p)

    def change(self, img: Any) -> Any:
        return F.autocontrast(img)


class RandomEqualize(WithProbability):
    """With probability p the image with an even histogram.

    >>> from rushlight.vision import transforms
    >>> transforms.RandomEqualize()
    RandomEqualize(p=0.5)
    """

    def __init__(self, p: float = 0.5) -> None:
        super().__init__(p)

    def change(self, img: Any) -> Any:
        return F.equalize(img)
