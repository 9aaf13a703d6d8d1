"""Transforms of places as objects; what is random is drawn from the default stream."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

import rushlight

from ... import nn
from ...tensor import Tensor
from . import functional as F
from .colour import uniform
from .functional import InterpolationMode

Range = float | Sequence[float]
Points = list[list[int]]


def fill_of(fill: Any, img: Any) -> Any:
    """A fill as functions take it: one number for each channel of a tensor."""
    if not isinstance(img, Tensor) or fill is None:
        return fill
    if isinstance(fill, (int, float)):
        return [float(fill)] * F.get_image_num_channels(img)
    return [float(part) for part in fill]


def _checked_fill(fill: Any) -> Any:
    if fill is not None and not isinstance(fill, (Sequence, int, float)):
        raise TypeError("Fill should be either a sequence or a number.")
    return 0 if fill is None else fill


def check_length(value: Any, name: str, lengths: tuple[int, ...] = (2,)) -> None:
    wanted = " or ".join(map(str, lengths))
    if not isinstance(value, Sequence):
        raise TypeError(f"{name} should be a sequence of length {wanted}.")
    if len(value) not in lengths:
        raise ValueError(f"{name} should be a sequence of length {wanted}.")


def angles_of(value: Range, name: str, lengths: tuple[int, ...] = (2,)) -> list[float]:
    if isinstance(value, (int, float)):
        if value < 0:
            raise ValueError(f"If {name} is a single number, it must be positive.")
        return [-float(value), float(value)]
    check_length(value, name, lengths)
    return [float(angle) for angle in value]


class RandomRotation(nn.Module):
    """The image turned by a random angle, in degrees, between -degrees and degrees or two bounds.

    >>> import rushlight as torch
    >>> from rushlight.vision import transforms
    >>> transforms.RandomRotation((90, 90))(torch.tensor([[[1.0, 2.0], [3.0, 4.0]]]))
    tensor([[[2., 4.],
             [1., 3.]]])
    """

    def __init__(
        self,
        degrees: Range,
        interpolation: InterpolationMode = InterpolationMode.NEAREST,
        expand: bool = False,
        center: Sequence[float] | None = None,
        fill: Any = 0,
    ) -> None:
        super().__init__()
        self.degrees = angles_of(degrees, "degrees")
        if center is not None:
            check_length(center, "center")
        self.center = center
        self.interpolation = InterpolationMode(interpolation)
        self.expand = expand
        self.fill = _checked_fill(fill)

    @staticmethod
    def get_params(degrees: Sequence[float]) -> float:
        """An angle between the bounds.

        >>> from rushlight.vision import transforms
        >>> transforms.RandomRotation.get_params([30.0, 30.0])
        30.0
        """
        return uniform(float(degrees[0]), float(degrees[1]))

    def forward(self, img: Any) -> Any:
        fill = fill_of(self.fill, img)
        angle = self.get_params(self.degrees)
        return F.rotate(img, angle, self.interpolation, self.expand, self.center, fill)

    def __repr__(self) -> str:
        center = "" if self.center is None else f", center={self.center}"
        return (
            f"RandomRotation(degrees={self.degrees}, interpolation={self.interpolation.value}, "
            f"expand={self.expand}{center}, fill={self.fill})"
        )


class RandomAffine(nn.Module):
    """The image turned, moved, scaled and sheared at random, about its centre.

    `translate` are the greatest parts of width and height, `scale` two bounds, `shear` degrees: a
    bound, two bounds along x, or two and two along x and y.

    >>> import rushlight as torch
    >>> from rushlight.vision import transforms
    >>> transforms.RandomAffine(0, translate=(0.1, 0.1))(torch.ones(1, 8, 8)).shape
    torch.Size([1, 8, 8])
    """

    def __init__(
        self,
        degrees: Range,
        translate: Sequence[float] | None = None,
        scale: Sequence[float] | None = None,
        shear: Range | None = None,
        interpolation: InterpolationMode = InterpolationMode.NEAREST,
        fill: Any = 0,
        center: Sequence[float] | None = None,
    ) -> None:
        super().__init__()
        self.degrees = angles_of(degrees, "degrees")
        if translate is not None:
            check_length(translate, "translate")
            if not all(0.0 <= part <= 1.0 for part in translate):
                raise ValueError("translation values should be between 0 and 1")
        self.translate = translate
        if scale is not None:
            check_length(scale, "scale")
            if not all(part > 0 for part in scale):
                raise ValueError("scale values should be positive")
        self.scale = scale
        self.shear = None if shear is None else angles_of(shear, "shear", (2, 4))
        self.interpolation = InterpolationMode(interpolation)
        self.fill = _checked_fill(fill)
        if center is not None:
            check_length(center, "center")
        self.center = center

    @staticmethod
    def get_params(
        degrees: Sequence[float],
        translate: Sequence[float] | None,
        scale_ranges: Sequence[float] | None,
        shears: Sequence[float] | None,
        img_size: Sequence[int],
    ) -> tuple[float, tuple[int, int], float, tuple[float, float]]:
        """Angle, translation (x, y), scale and shear (x, y) for an image of (width, height).

        >>> from rushlight.vision import transforms
        >>> transforms.RandomAffine.get_params([5.0, 5.0], None, None, None, [8, 8])
        (5.0, (0, 0), 1.0, (0.0, 0.0))
        """
        angle = uniform(float(degrees[0]), float(degrees[1]))
        moved = (0, 0)
        if translate is not None:
            most = [float(part * size) for part, size in zip(translate, img_size, strict=True)]
            moved = (round(uniform(-most[0], most[0])), round(uniform(-most[1], most[1])))
        scale = 1.0 if scale_ranges is None else uniform(scale_ranges[0], scale_ranges[1])
        along_x = along_y = 0.0
        if shears is not None:
            along_x = uniform(shears[0], shears[1])
            if len(shears) == 4:
                along_y = uniform(shears[2], shears[3])
        return angle, moved, scale, (along_x, along_y)

    def forward(self, img: Any) -> Any:
        size = F.get_image_size(img)
        drawn = self.get_params(self.degrees, self.translate, self.scale, self.shear, size)
        fill = fill_of(self.fill, img)
        return F.affine(img, *drawn, self.interpolation, fill, self.center)

    def __repr__(self) -> str:
        shown = [f"degrees={self.degrees}"]
        for name in ("translate", "scale", "shear"):
            if getattr(self, name) is not None:
                shown.append(f"{name}={getattr(self, name)}")
        if self.interpolation != InterpolationMode.NEAREST:
            shown.append(f"interpolation={self.interpolation.value}")
        if self.fill != 0:
            shown.append(f"fill={self.fill}")
        if self.center is not None:
            shown.append(f"center={self.center}")
        return f"RandomAffine({', '.join(shown)})"


class RandomPerspective(nn.Module):
    """With probability p the image with its corners moved inwards by up to a part of its half size.

    >>> import rushlight as torch
    >>> from rushlight.vision import transforms
    >>> transforms.RandomPerspective(p=1.0)(torch.ones(1, 8, 8)).shape
    torch.Size([1, 8, 8])
    """

    def __init__(
        self,
        distortion_scale: float = 0.5,
        p: float = 0.5,
        interpolation: InterpolationMode = InterpolationMode.BILINEAR,
        fill: Any = 0,
    ) -> None:
        super().__init__()
        self.p = p
        self.interpolation = InterpolationMode(interpolation)
        self.distortion_scale = distortion_scale
        self.fill = _checked_fill(fill)

    @staticmethod
    def get_params(width: int, height: int, distortion_scale: float) -> tuple[Points, Points]:
        """The corners, and where they come to lie: points (x, y) from the top-left on, clockwise.

        >>> from rushlight.vision import transforms
        >>> transforms.RandomPerspective.get_params(4, 4, 0.0)[0]
        [[0, 0], [3, 0], [3, 3], [0, 3]]
        """
        across, down = (int(distortion_scale * (size // 2)) for size in (width, height))

        def near(size: int, most: int, far: bool) -> int:
            low, high = (size - most - 1, size) if far else (0, most + 1)
            return int(rushlight.randint(low, high, (1,)).item())

        moved = [
            [near(width, across, right), near(height, down, lower)]
            for right, lower in ((False, False), (True, False), (True, True), (False, True))
        ]
        return [[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]], moved

    def forward(self, img: Any) -> Any:
        if rushlight.rand(1).item() >= self.p:
            return img
        width, height = F.get_image_size(img)
        points = self.get_params(width, height, self.distortion_scale)
        return F.perspective(img, *points, self.interpolation, fill_of(self.fill, img))

    def __repr__(self) -> str:
        return f"RandomPerspective(p={self.p})"


class RandomErasing(nn.Module):
    """With probability p a random rectangle of a tensor erased: Zhong et al., arXiv:1708.04896.

    `scale` bounds its area (the image's is 1), `ratio` its height over its width. `value` is one
    number, one for each channel, or "random".

    >>> import rushlight as torch
    >>> from rushlight.vision import transforms
    >>> transforms.RandomErasing(p=1.0, scale=(0.2, 0.2))(torch.ones(1, 10, 10)).min()
    tensor(0.)
    """

    def __init__(
        self,
        p: float = 0.5,
        scale: Sequence[float] = (0.02, 0.33),
        ratio: Sequence[float] = (0.3, 3.3),
        value: Any = 0,
        inplace: bool = False,
    ) -> None:
        super().__init__()
        if not isinstance(value, (int, float, str, tuple, list)):
            raise TypeError("Argument value should be either a number or str or a sequence")
        if isinstance(value, str) and value != "random":
            raise ValueError("If value is str, it should be 'random'")
        for name, bounds in (("Scale", scale), ("Ratio", ratio)):
            if not isinstance(bounds, Sequence):
                raise TypeError(f"{name} should be a sequence")
        if scale[0] > scale[1] or ratio[0] > ratio[1]:
            warnings.warn("Scale and ratio should be of kind (min, max)", stacklevel=2)
        if scale[0] < 0 or scale[1] > 1:
            raise ValueError("Scale should be between 0 and 1")
        if not 0 <= p <= 1:
            raise ValueError("Random erasing probability should be between 0 and 1")
        self.p = p
        self.scale = scale
        self.ratio = ratio
        self.value = value
        self.inplace = inplace

    @staticmethod
    def get_params(
        img: Tensor,
        scale: Sequence[float],
        ratio: Sequence[float],
        value: Sequence[float] | None = None,
    ) -> tuple[int, int, int, int, Tensor]:
        """(top, left, height, width, values) of a rectangle; the whole image where none fits.

        >>> import rushlight as torch
        >>> from rushlight.vision import transforms
        >>> get_params = transforms.RandomErasing.get_params
        >>> get_params(torch.ones(1, 9, 9), (0.2, 0.2), (1.0, 1.0), [0.0])[2:4]
        (4, 4)
        """
        found = random_rectangle(img.shape[-3:], scale, ratio, value)
        return (0, 0, *img.shape[-2:], img) if found is None else found

    def forward(self, img: Tensor) -> Tensor:
        if rushlight.rand(1).item() >= self.p:
            return img
        value: Any = self.value
        if isinstance(value, (int, float)):
            value = [float(value)]
        elif isinstance(value, str):
            value = None
        channels, *_ = F.get_dimensions(img)
        if value is not None and len(value) not in (1, channels):
            raise ValueError(
                "If value is a sequence, it should have either a single value or "
                f"{channels} (number of input channels)"
            )
        return F.erase(img, *self.get_params(img, self.scale, self.ratio, value), self.inplace)

    def __repr__(self) -> str:
        return (
            f"RandomErasing(p={self.p}, scale={self.scale}, ratio={self.ratio}, "
            f"value={self.value}, inplace={self.inplace})"
        )


def random_rectangle(
    size: Sequence[int],
    scale: Sequence[float],
    ratio: Sequence[float],
    value: Sequence[float] | None,
) -> tuple[int, int, int, int, Tensor] | None:
    """(top, left, height, width, values) in an image of (channels, height, width), if one fits.

    The values are normal noise where `value` is None.
    """
    channels, height, width = size
    low, high = rushlight.log(rushlight.tensor(ratio)).tolist()
    for _ in range(10):
        area = height * width * uniform(scale[0], scale[1])
        shape = rushlight.exp(rushlight.empty(1).uniform_(low, high)).item()
        h, w = round(math.sqrt(area * shape)), round(math.sqrt(area / shape))
        if h >= height or w >= width:
            continue
        if value is None:
            values = rushlight.empty([channels, h, w], dtype=rushlight.float32).normal_()
        else:
            values = rushlight.tensor(value)[:, None, None]
        top = int(rushlight.randint(0, height - h + 1, (1,)).item())
        left = int(rushlight.randint(0, width - w + 1, (1,)).item())
        return top, left, h, w, values
    return None


class ElasticTransform(nn.Module):
    """Each pixel moved at random, its neighbours with it: Simard et al., ICDAR 2003.

    `alpha` says how far, `sigma` over how many pixels, each one number or (x, y).

    >>> import rushlight as torch
    >>> from rushlight.vision import transforms
    >>> transforms.ElasticTransform(10.0, 2.0)(torch.ones(1, 32, 32)).shape
    torch.Size([1, 32, 32])
    """

    def __init__(
        self,
        alpha: Range = 50.0,
        sigma: Range = 5.0,
        interpolation: InterpolationMode = InterpolationMode.BILINEAR,
        fill: Any = 0,
    ) -> None:
        super().__init__()
        self.alpha = _two_floats(alpha, "alpha")
        self.sigma = _two_floats(sigma, "sigma")
        self.interpolation = InterpolationMode(interpolation)
        if not isinstance(fill, (int, float, list, tuple)):
            raise TypeError(
                f"fill should be int or float or a list or tuple of them. Got {type(fill)}"
            )
        self.fill = [float(part) for part in (fill if isinstance(fill, Sequence) else [fill])]

    @staticmethod
    def get_params(alpha: Sequence[float], sigma: Sequence[float], size: Sequence[int]) -> Tensor:
        """How far each pixel of an image (height, width) moves: (1, height, width, 2).

        >>> from rushlight.vision import transforms
        >>> transforms.ElasticTransform.get_params([1.0, 1.0], [1.0, 1.0], [16, 16]).shape
        torch.Size([1, 16, 16, 2])
        """
        moves = []
        for far, deviation, length in zip(alpha, sigma, reversed(size), strict=True):
            move = rushlight.rand([1, 1, *size]) * 2 - 1
            if deviation > 0.0:
                kernel = int(8 * deviation + 1) | 1  # odd
                move = F.gaussian_blur(move, [kernel, kernel], list(sigma))
            moves.append(move * far / length)
        return rushlight.cat(moves, 1).permute(0, 2, 3, 1)

    def forward(self, tensor: Any) -> Any:
        _, *size = F.get_dimensions(tensor)
        displacement = self.get_params(self.alpha, self.sigma, size)
        return F.elastic_transform(tensor, displacement, self.interpolation, self.fill)

    def __repr__(self) -> str:
        return (
            f"ElasticTransform(alpha={self.alpha}, sigma={self.sigma}, "
            f"interpolation={self.interpolation}, fill={self.fill})"
        )


def _two_floats(value: Any, name: str) -> list[float]:
    if not isinstance(value, (float, Sequence)):
        raise TypeError(f"{name} should be float or a sequence of floats. Got {type(value)}")
    if isinstance(value, float):
        return [value, value]
    if len(value) != 2:
        raise ValueError(f"If {name} is a sequence its length should be 2. Got {len(value)}")
    for part in value:
        if not isinstance(part, float):
            raise TypeError(f"{name} should be a sequence of floats. Got {type(part)}")
    return list(value)
