"""Transforms of the size of images as objects; what is random is drawn from the default stream."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

import rushlight

from ... import nn
from . import functional as F
from .colour import WithProbability
from .functional import InterpolationMode


class Resize(nn.Module):
    """The image at another size: (height, width), or one number for the shorter edge.

    >>> import rushlight as torch
    >>> from rushlight.vision import transforms
    >>> transforms.Resize(10)(torch.ones(1, 20, 40)).shape
    torch.Size([1, 10, 20])
    """

    def __init__(
        self,
        size: int | Sequence[int],
        interpolation: InterpolationMode = InterpolationMode.BILINEAR,
        max_size: int | None = None,
        antialias: bool | None = True,
    ) -> None:
        super().__init__()
        if not isinstance(size, (int, Sequence)):
            raise TypeError(f"Size should be int or sequence. Got {type(size)}")
        if isinstance(size, Sequence) and len(size) not in (1, 2):
            raise ValueError("If size is a sequence, it should have 1 or 2 values")
        self.size = size
        self.interpolation = InterpolationMode(interpolation)
        self.max_size = max_size
        self.antialias = antialias

    def forward(self, img: Any) -> Any:
        return F.resize(img, self.size, self.interpolation, self.max_size, self.antialias)

    def __repr__(self) -> str:
        return (
            f"Resize(size={self.size}, interpolation={self.interpolation.value}, "
            f"max_size={self.max_size}, antialias={self.antialias})"
        )


class CenterCrop(nn.Module):
    """The middle of the image, (height, width) or a square; zeros where the image is smaller.

    >>> import rushlight as torch
    >>> from rushlight.vision import transforms
    >>> transforms.CenterCrop((1, 2))(torch.arange(12).reshape(1, 3, 4))
    tensor([[[5, 6]]])
    """

    def __init__(self, size: int | Sequence[int]) -> None:
        super().__init__()
        self.size = F.two_sizes(size)

    def forward(self, img: Any) -> Any:
        return F.center_crop(img, self.size)

    def __repr__(self) -> str:
        return f"CenterCrop(size={self.size})"


class RandomHorizontalFlip(WithProbability):
    """The image, or with probability p its mirror image. Draws one number of the default stream.

    >>> import rushlight as torch
    >>> from rushlight.vision import transforms
    >>> transforms.RandomHorizontalFlip(p=1.0)(torch.tensor([[[1, 2, 3]]]))
    tensor([[[3, 2, 1]]])
    """

    def __init__(self, p: float = 0.5) -> None:
        super().__init__(p)

    def change(self, img: Any) -> Any:
        return F.hflip(img)


class RandomCrop(nn.Module):
    """A part of the image at a random place, after padding it where that was asked for.

    Draws its top, then its left, of the default stream; nothing where the size is the image's.
    ValueError for an image that is smaller, unless `pad_if_needed`.

    >>> import rushlight as torch
    >>> from rushlight.vision import transforms
    >>> transforms.RandomCrop(2, padding=1)(torch.ones(1, 4, 4)).shape
    torch.Size([1, 2, 2])
    """

    def __init__(
        self,
        size: int | Sequence[int],
        padding: int | Sequence[int] | None = None,
        pad_if_needed: bool = False,
        fill: Any = 0,
        padding_mode: str = "constant",
    ) -> None:
        super().__init__()
        self.size = F.two_sizes(size)
        self.padding = padding
        self.pad_if_needed = pad_if_needed
        self.fill = fill
        self.padding_mode = padding_mode

    @staticmethod
    def get_params(img: Any, output_size: tuple[int, int]) -> tuple[int, int, int, int]:
        """(top, left, height, width) of a random part.

        >>> import rushlight as torch
        >>> from rushlight.vision import transforms
        >>> transforms.RandomCrop.get_params(torch.ones(1, 4, 4), (4, 4))
        (0, 0, 4, 4)
        """
        (height, width), size = F.image_size(img), tuple(output_size)
        if height < size[0] or width < size[1]:
            raise ValueError(
                f"Required crop size {size} is larger than input image size {(height, width)}"
            )
        if size == (height, width):
            return 0, 0, height, width
        top = rushlight.randint(0, height - size[0] + 1, (1,)).item()
        left = rushlight.randint(0, width - size[1] + 1, (1,)).item()
        return top, left, *size

    def forward(self, img: Any) -> Any:
        if self.padding is not None:
            img = F.pad(img, self.padding, self.fill, self.padding_mode)
        if self.pad_if_needed:
            for axis, padding in ((1, (1, 0)), (0, (0, 1))):
                missing = self.size[axis] - F.image_size(img)[axis]
                if missing > 0:
                    sides = [missing * side for side in padding]
                    img = F.pad(img, sides, self.fill, self.padding_mode)
        return F.crop(img, *self.get_params(img, self.size))

    def __repr__(self) -> str:
        return f"RandomCrop(size={self.size}, padding={self.padding})"


class RandomResizedCrop(nn.Module):
    """A part of the image of random size and shape at a random place, resized to `size`.

    `scale` bounds the part's area (the image's is 1), `ratio` its width over its height. Draws of
    the default stream an area and a ratio, up to ten times until the part fits, then its top and
    left; where none fits it is the middle of the image.

    >>> import rushlight as torch
    >>> from rushlight.vision import transforms
    >>> transforms.RandomResizedCrop(8)(torch.ones(3, 20, 30)).shape
    torch.Size([3, 8, 8])
    """

    def __init__(
        self,
        size: int | Sequence[int],
        scale: Sequence[float] = (0.08, 1.0),
        ratio: Sequence[float] = (3 / 4, 4 / 3),
        interpolation: InterpolationMode = InterpolationMode.BILINEAR,
        antialias: bool | None = True,
    ) -> None:
        super().__init__()
        for name, bounds in (("Scale", scale), ("Ratio", ratio)):
            if not isinstance(bounds, Sequence):
                raise TypeError(f"{name} should be a sequence")
        if scale[0] > scale[1] or ratio[0] > ratio[1]:
            warnings.warn("Scale and ratio should be of kind (min, max)", stacklevel=2)
        self.size = F.two_sizes(size)
        self.scale = scale
        self.ratio = ratio
        self.interpolation = InterpolationMode(interpolation)
        self.antialias = antialias

    @staticmethod
    def get_params(
        img: Any, scale: Sequence[float], ratio: Sequence[float]
    ) -> tuple[int, int, int, int]:
        """(top, left, height, width) of a random part.

        >>> import rushlight as torch
        >>> from rushlight.vision import transforms
        >>> get_params = transforms.RandomResizedCrop.get_params
        >>> get_params(torch.ones(1, 4, 4), scale=(1.0, 1.0), ratio=(1.0, 1.0))
        (0, 0, 4, 4)
        """
        return random_part(*F.image_size(img), scale, ratio)

    def forward(self, img: Any) -> Any:
        part = self.get_params(img, self.scale, self.ratio)
        return F.resized_crop(img, *part, self.size, self.interpolation, self.antialias)

    def __repr__(self) -> str:
        scale, ratio = (tuple(round(x, 4) for x in pair) for pair in (self.scale, self.ratio))
        return (
            f"RandomResizedCrop(size={self.size}, scale={scale}, ratio={ratio}, "
            f"interpolation={self.interpolation.value}, antialias={self.antialias})"
        )


def random_part(
    height: int, width: int, scale: Sequence[float], ratio: Sequence[float]
) -> tuple[int, int, int, int]:
    """(top, left, height, width) of a part of an image, of random area and shape."""
    # In float32, as torchvision's.
    low, high = rushlight.log(rushlight.tensor(ratio)).tolist()
    for _ in range(10):
        area = height * width * rushlight.empty(1).uniform_(scale[0], scale[1]).item()
        shape = rushlight.exp(rushlight.empty(1).uniform_(low, high)).item()
        part_width = round(math.sqrt(area * shape))
        part_height = round(math.sqrt(area / shape))
        if 0 < part_width <= width and 0 < part_height <= height:
            top = rushlight.randint(0, height - part_height + 1, (1,)).item()
            left = rushlight.randint(0, width - part_width + 1, (1,)).item()
            return top, left, part_height, part_width
    part_height, part_width = height, width
    if width / height < min(ratio):
        part_height = round(width / min(ratio))
    elif width / height > max(ratio):
        part_width = round(height * max(ratio))
    top, left = (height - part_height) // 2, (width - part_width) // 2
    return top, left, part_height, part_width


class Pad(nn.Module):
    """The image with more pixels on its sides: one number, (left-right, top-bottom) or four.

    >>> import rushlight as torch
    >>> from rushlight.vision import transforms
    >>> transforms.Pad(1)(torch.ones(1, 1, 1)).shape
    torch.Size([1, 3, 3])
    """

    def __init__(
        self, padding: int | Sequence[int], fill: Any = 0, padding_mode: str = "constant"
    ) -> None:
        super().__init__()
        if not isinstance(padding, (int, tuple, list)):
            raise TypeError("Got inappropriate padding arg")
        if not isinstance(fill, (int, float, tuple, list)):
            raise TypeError("Got inappropriate fill arg")
        if padding_mode not in ("constant", "edge", "reflect", "symmetric"):
            raise ValueError("Padding mode should be either constant, edge, reflect or symmetric")
        if isinstance(padding, Sequence) and len(padding) not in (1, 2, 4):
            raise ValueError(
                "Padding must be an int or a 1, 2, or 4 element tuple, not a "
                f"{len(padding)} element tuple"
            )
        self.padding = padding
        self.fill = fill
        self.padding_mode = padding_mode

    def forward(self, img: Any) -> Any:
        return F.pad(img, self.padding, self.fill, self.padding_mode)

    def __repr__(self) -> str:
        return f"Pad(padding={self.padding}, fill={self.fill}, padding_mode={self.padding_mode})"


class RandomVerticalFlip(WithProbability):
    """The image, or with probability p upside down.

    >>> import rushlight as torch
    >>> from rushlight.vision import transforms
    >>> transforms.RandomVerticalFlip(p=1.0)(torch.tensor([[[1], [2]]])).flatten()
    tensor([2, 1])
    """

    def __init__(self, p: float = 0.5) -> None:
        super().__init__(p)

    def change(self, img: Any) -> Any:
        return F.vflip(img)


class FiveCrop(nn.Module):
    """The four corners of the image and its centre: a tuple.

    >>> import rushlight as torch
    >>> from rushlight.vision import transforms
    >>> len(transforms.FiveCrop(2)(torch.ones(1, 3, 3)))
    5
    """

    def __init__(self, size: int | Sequence[int]) -> None:
        super().__init__()
        self.size = F.two_sizes(size)

    def forward(self, img: Any) -> tuple[Any, ...]:
        return F.five_crop(img, self.size)

    def __repr__(self) -> str:
        return f"FiveCrop(size={self.size})"


class TenCrop(nn.Module):
    """Those of the image and of its mirror image: a tuple.

    >>> import rushlight as torch
    >>> from rushlight.vision import transforms
    >>> len(transforms.TenCrop(2)(torch.ones(1, 3, 3)))
    10
    """

    def __init__(self, size: int | Sequence[int], vertical_flip: bool = False) -> None:
        super().__init__()
        self.size = F.two_sizes(size)
        self.vertical_flip = vertical_flip

    def forward(self, img: Any) -> tuple[Any, ...]:
        return F.ten_crop(img, self.size, self.vertical_flip)

    def __repr__(self) -> str:
        return f"TenCrop(size={self.size}, vertical_flip={self.vertical_flip})"
