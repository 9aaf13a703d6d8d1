"""Transforms of colours, and of sharpness."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import rushlight

from .. import colour as v1
from . import functional as F
from .functional.dispatch import treated
from .transform import RandomlyApplied, Transform, query_chw, two_floats

Range = float | Sequence[float]


class Grayscale(Transform):
    """The image's luma, in one channel or in three equal ones.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import v2
    >>> v2.Grayscale()(torch.ones(3, 2, 4)).shape
    torch.Size([1, 2, 4])
    """

    function = F.rgb_to_grayscale
    arguments = ("num_output_channels",)

    def __init__(self, num_output_channels: int = 1) -> None:
        super().__init__()
        self.num_output_channels = num_output_channels


class RandomGrayscale(RandomlyApplied):
    """With probability p the image's luma, in as many channels as it has.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import v2
    >>> v2.RandomGrayscale(p=1.0)(torch.ones(3, 1, 1)).shape
    torch.Size([3, 1, 1])
    """

    function = F.rgb_to_grayscale

    def __init__(self, p: float = 0.1) -> None:
        super().__init__(p=p)

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        channels, *_ = query_chw(flat_inputs)
        return {"num_output_channels": channels}


class RGB(Transform):
    """Three channels of an image that has one.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import v2
    >>> v2.RGB()(torch.ones(1, 2, 4)).shape
    torch.Size([3, 2, 4])
    """

    function = F.grayscale_to_rgb


# In the order in which factors are drawn.
_CHANGES = {
    "brightness": F.adjust_brightness,
    "contrast": F.adjust_contrast,
    "saturation": F.adjust_saturation,
    "hue": F.adjust_hue,
}


class ColorJitter(Transform):
    """Brightness, contrast, saturation and hue changed by random factors, in random order.

    A number x means factors from max(0, 1 - x) to 1 + x, and hues from -x to x; a pair its bounds.

    >>> from rushlight.vision.transforms import v2
    >>> v2.ColorJitter(brightness=0.5, hue=0.1)
    ColorJitter(brightness=(0.5, 1.5), hue=(-0.1, 0.1))
    """

    _v1_transform_cls = v1.ColorJitter

    def __init__(
        self,
        brightness: Range | None = None,
        contrast: Range | None = None,
        saturation: Range | None = None,
        hue: Range | None = None,
    ) -> None:
        super().__init__()
        given = (brightness, contrast, saturation, hue)
        checked = v1.ColorJitter(*(0 if part is None else part for part in given))
        self.brightness = checked.brightness
        self.contrast = checked.contrast
        self.saturation = checked.saturation
        self.hue = checked.hue

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        ranges = [getattr(self, name) for name in _CHANGES]
        order, *factors = v1.ColorJitter.get_params(*ranges)
        return {"order": order.tolist(), "factors": factors}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        changes = list(_CHANGES.values())
        for number in params["order"]:
            factor = params["factors"][number]
            if factor is not None:
                inpt = treated(changes[number], inpt, factor)
        return inpt


class RandomChannelPermutation(Transform):
    """The channels in random order.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import v2
    >>> v2.RandomChannelPermutation()(torch.arange(3).reshape(3, 1, 1)).sum()
    tensor(3)
    """

    function = F.permute_channels

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        channels, *_ = query_chw(flat_inputs)
        return {"permutation": rushlight.randperm(channels).tolist()}


class RandomPhotometricDistort(Transform):
    """Each change of colour, and another order of channels, with probability p: Liu et al.,
    arXiv:1512.02325.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import v2
    >>> v2.RandomPhotometricDistort()(torch.ones(3, 2, 2)).shape
    torch.Size([3, 2, 2])
    """

    def __init__(
        self,
        brightness: tuple[float, float] = (0.875, 1.125),
        contrast: tuple[float, float] = (0.5, 1.5),
        saturation: tuple[float, float] = (0.5, 1.5),
        hue: tuple[float, float] = (-0.05, 0.05),
        p: float = 0.5,
    ) -> None:
        super().__init__()
        self.brightness = brightness
        self.contrast = contrast
        self.hue = hue
        self.saturation = saturation
        self.p = p

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        channels, *_ = query_chw(flat_inputs)
        params: dict[str, Any] = {
            name: v1.uniform(*getattr(self, name)) if self._is_drawn() else None
            for name in _CHANGES
        }
        params["contrast first"] = rushlight.rand(()).item() < 0.5
        is_permuted = self._is_drawn()
        params["order"] = rushlight.randperm(channels).tolist() if is_permuted else None
        return params

    def _is_drawn(self) -> bool:
        return rushlight.rand(1).item() < self.p

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        rest = ["contrast", "saturation", "hue"]
        if not params["contrast first"]:
            rest = [*rest[1:], "contrast"]
        for name in ("brightness", *rest):
            if params[name] is not None:
                inpt = treated(_CHANGES[name], inpt, params[name])
        if params["order"] is not None:
            inpt = treated(F.permute_channels, inpt, params["order"])
        return inpt


class GaussianBlur(Transform):
    """The image through a Gaussian kernel of random deviation between the bounds `sigma`.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import v2
    >>> v2.GaussianBlur(3)(torch.ones(1, 4, 4)).shape
    torch.Size([1, 4, 4])
    """

    _v1_transform_cls = v1.GaussianBlur
    function = F.gaussian_blur
    arguments = ("kernel_size",)

    def __init__(self, kernel_size: int | Sequence[int], sigma: Range = (0.1, 2.0)) -> None:
        super().__init__()
        deviations = two_floats(sigma, "sigma")
        self.kernel_size = v1.GaussianBlur(kernel_size, deviations).kernel_size
        self.sigma = deviations

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        sigma = v1.uniform(*self.sigma)
        return {"sigma": [sigma, sigma]}


class GaussianNoise(Transform):
    """The image and normal noise; `mean` and `sigma` are of values from 0 to 1.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import v2
    >>> v2.GaussianNoise(mean=0.5, sigma=0.0)(torch.zeros(1, 1, 1))
    tensor([[[0.5000]]])
    """

    function = F.gaussian_noise
    arguments = ("mean", "sigma", "clip")

    def __init__(self, mean: float = 0.0, sigma: float = 0.1, clip: bool = True) -> None:
        super().__init__()
        self.mean = mean
        self.sigma = sigma
        self.clip = clip


class RandomInvert(RandomlyApplied):
    """With probability p the image inverted.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import v2
    >>> v2.RandomInvert(p=1.0)(torch.ones(1, 1, 1))
    tensor([[[0.]]])
    """

    function = F.invert


class RandomPosterize(RandomlyApplied):
    """With probability p the image with its first `bits` bits alone.

    >>> from rushlight.vision.transforms import v2
    >>> v2.RandomPosterize(2)
    RandomPosterize(p=0.5, bits=2)
    """

    function = F.posterize
    arguments = ("bits",)

    def __init__(self, bits: int, p: float = 0.5) -> None:
        super().__init__(p=p)
        self.bits = bits


class RandomSolarize(RandomlyApplied):
    """With probability p the image with its values from `threshold` on inverted.

    >>> from rushlight.vision.transforms import v2
    >>> v2.RandomSolarize(128)
    RandomSolarize(p=0.5, threshold=128)
    """

    function = F.solarize
    arguments = ("threshold",)

    def __init__(self, threshold: float, p: float = 0.5) -> None:
        super().__init__(p=p)
        self.threshold = threshold


class RandomAutocontrast(RandomlyApplied):
    """With probability p the image stretched to the whole range of values.

    >>> from rushlight.vision.transforms import v2
    >>> v2.RandomAutocontrast()
    RandomAutocontrast(p=0.5)
    """

    function = F.autocontrast


class RandomEqualize(RandomlyApplied):
    """With probability p the image with an even histogram.

    >>> from rushlight.vision.transforms import v2
    >>> v2.RandomEqualize()
    RandomEqualize(p=0.5)
    """

    function = F.equalize


class RandomAdjustSharpness(RandomlyApplied):
    """With probability p the image sharper, or smoother, by a factor.

    >>> from rushlight.vision.transforms import v2
    >>> v2.RandomAdjustSharpness(2)
    RandomAdjustSharpness(p=0.5, sharpness_factor=2)
    """

    function = F.adjust_sharpness
    arguments = ("sharpness_factor",)

    def __init__(self, sharpness_factor: float, p: float = 0.5) -> None:
        super().__init__(p=p)
        self.sharpness_factor = sharpness_factor


class JPEG(Transform):
    """The image after compression as JPEG, of one quality from 1 to 100, or one between two.

    >>> from rushlight.vision.transforms import v2
    >>> v2.JPEG((20, 90))
    JPEG(quality=(20, 90))
    """

    function = F.jpeg

    def __init__(self, quality: int | Sequence[int]) -> None:
        super().__init__()
        if isinstance(quality, bool) or not isinstance(quality, (int, Sequence)):
            raise TypeError(
                f"quality should be an int or a sequence of length 2, got {type(quality).__name__}"
            )
        bounds = [quality, quality] if isinstance(quality, int) else quality
        if len(bounds) != 2:
            raise ValueError(f"quality should be a sequence of length 2, got {len(bounds)}")
        if not all(isinstance(bound, int) for bound in bounds) or not (
            1 <= bounds[0] <= bounds[1] <= 100
        ):
            raise ValueError(f"quality must be an integer from 1 to 100, got quality ={quality}")
        self.quality = bounds

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        low, high = self.quality
        return {"quality": int(rushlight.randint(low, high + 1, ()))}
