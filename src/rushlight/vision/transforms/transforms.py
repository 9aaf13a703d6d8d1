"""Transforms as objects: made once with their options, then called with each image."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import rushlight

from ... import nn
from ...tensor import Tensor
from . import functional as F
from .functional import InterpolationMode


class Compose:
    """Several transforms, one after the other.

    >>> import numpy as np
    >>> from rushlight.vision import transforms
    >>> transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize(0.5, 0.5)])
    >>> transform(np.array([[0, 255]], dtype=np.uint8))
    tensor([[[-1.,  1.]]])
    """

    def __init__(self, transforms: Sequence[Callable[[Any], Any]]) -> None:
        self.transforms = transforms

    def __call__(self, img: Any) -> Any:
        for transform in self.transforms:
            img = transform(img)
        return img

    def __repr__(self) -> str:
        lines = [f"    {transform}" for transform in self.transforms]
        return "\n".join(["Compose(", *lines, ")"])


class ToTensor:
    """A PIL image or array (H, W[, C]) as a tensor (C, H, W): bytes become floats from 0 to 1.

    >>> import numpy as np
    >>> from rushlight.vision import transforms
    >>> transforms.ToTensor()(np.array([[0, 255]], dtype=np.uint8))
    tensor([[[0., 1.]]])
    """

    def __call__(self, pic: Any) -> Tensor:
        return F.to_tensor(pic)

    def __repr__(self) -> str:
        return "ToTensor()"


class PILToTensor:
    """A PIL image as a tensor (C, H, W) of the same values.

    >>> from PIL import Image
    >>> from rushlight.vision import transforms
    >>> transforms.PILToTensor()(Image.new("L", (3, 1), 7))
    tensor([[[7, 7, 7]]], dtype=torch.uint8)
    """

    def __call__(self, pic: Any) -> Tensor:
        return F.pil_to_tensor(pic)

    def __repr__(self) -> str:
        return "PILToTensor()"


class ConvertImageDtype(nn.Module):
    """A tensor in another dtype, its values scaled to that dtype's range.

    >>> import rushlight as torch
    >>> from rushlight.vision import transforms
    >>> transforms.ConvertImageDtype(torch.uint8)(torch.tensor([0.0, 0.5, 1.0]))
    tensor([  0, 127, 255], dtype=torch.uint8)
    """

    def __init__(self, dtype: rushlight.dtype) -> None:
        super().__init__()
        self.dtype = dtype

    def forward(self, image: Tensor) -> Tensor:
        return F.convert_image_dtype(image, self.dtype)

    def __repr__(self) -> str:
        return "ConvertImageDtype()"


class Normalize(nn.Module):
    """(tensor - mean) / std, channel by channel, of a float tensor (..., C, H, W).

    >>> import rushlight as torch
    >>> from rushlight.vision import transforms
    >>> transforms.Normalize(mean=[1.0], std=[2.0])(torch.tensor([[[1.0, 5.0]]]))
    tensor([[[0., 2.]]])
    """

    def __init__(self, mean: Any, std: Any, inplace: bool = False) -> None:
        super().__init__()
        self.mean = mean
        self.std = std
        self.inplace = inplace

    def forward(self, tensor: Tensor) -> Tensor:
        return F.normalize(tensor, self.mean, self.std, self.inplace)

    def __repr__(self) -> str:
        return f"Normalize(mean={self.mean}, std={self.std})"


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


class Grayscale(nn.Module):
    """The image's luma, in one channel or in three equal ones.

    >>> import rushlight as torch
    >>> from rushlight.vision import transforms
    >>> transforms.Grayscale()(torch.ones(3, 2, 4)).shape
    torch.Size([1, 2, 4])
    """

    def __init__(self, num_output_channels: int = 1) -> None:
        super().__init__()
        self.num_output_channels = num_output_channels

    def forward(self, img: Any) -> Any:
        return F.to_grayscale(img, self.num_output_channels)

    def __repr__(self) -> str:
        return f"Grayscale(num_output_channels={self.num_output_channels})"


class RandomHorizontalFlip(nn.Module):
    """The image, or with probability p its mirror image. Draws one number of the default stream.

    >>> import rushlight as torch
    >>> from rushlight.vision import transforms
    >>> transforms.RandomHorizontalFlip(p=1.0)(torch.tensor([[[1, 2, 3]]]))
    tensor([[[3, 2, 1]]])
    """

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        self.p = p

    def forward(self, img: Any) -> Any:
        return F.hflip(img) if rushlight.rand(1).item() < self.p else img

    def __repr__(self) -> str:
        return f"RandomHorizontalFlip(p={self.p})"


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
        self.interpolation = interpolation
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
        height, width = F.image_size(img)
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

    def forward(self, img: Any) -> Any:
        part = self.get_params(img, self.scale, self.ratio)
        return F.resized_crop(img, *part, self.size, self.interpolation, self.antialias)

    def __repr__(self) -> str:
        scale, ratio = (tuple(round(x, 4) for x in pair) for pair in (self.scale, self.ratio))
        return (
            f"RandomResizedCrop(size={self.size}, scale={scale}, ratio={ratio}, "
            f"interpolation={self.interpolation.value}, antialias={self.antialias})"
        )


class Lambda:
    """Any function of one argument as a transform. TypeError where it cannot be called.

    >>> import rushlight as torch
    >>> from rushlight.vision import transforms
    >>> transforms.Lambda(lambda x: x * 10)(torch.tensor([1, 2]))
    tensor([10, 20])
    """

    def __init__(self, lambd: Callable[[Any], Any]) -> None:
        if not callable(lambd):
            raise TypeError(f"Argument lambd should be callable, got {type(lambd).__name__!r}")
        self.lambd = lambd

    def __call__(self, img: Any) -> Any:
        return self.lambd(img)

    def __repr__(self) -> str:
        return "Lambda()"


def _steps(transform: Any) -> Sequence[Any]:
    return transform.transforms if type(transform) is Compose else [transform]


def takes_arrays(transform: Any) -> bool:
    """Whether a transform makes the same of an array as of the PIL image made of it."""
    steps = _steps(transform)
    return len(steps) > 0 and type(steps[0]) is ToTensor


def transform_batch(transform: Any, images: np.ndarray[Any, Any]) -> Tensor | None:
    """What `transform` makes of each of the grey images (number, height, width), stacked.

    None where that cannot be had in one go: only ToTensor, then Normalize, treat every value by
    itself and each image alike. A batch of 64 MNIST images takes 60 us so, one by one 900 us.
    """
    first, *others = _steps(transform) or [None]
    if type(first) is not ToTensor or any(type(step) is not Normalize for step in others):
        return None
    batch = F.images_to_tensor(images)
    for step in others:
        batch = step(batch)
    return batch
