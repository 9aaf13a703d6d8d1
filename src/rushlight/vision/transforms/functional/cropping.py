"""Images at another size: resized, cut out, padded; mirrored; with a part erased."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

import rushlight

from ....errors import OperationError
from ....nn.functional import pad as constant_pad
from ....tensor import Tensor
from ...pillow import is_pillow_image
from ..resample import resample
from .images import PILLOW_RESAMPLING, InterpolationMode, image_size


def resize(
    img: Any,
    size: int | Sequence[int] | None,
    interpolation: InterpolationMode = InterpolationMode.BILINEAR,
    max_size: int | None = None,
    antialias: bool | None = True,
) -> Any:
    """The image at another size: (height, width), or one number for the shorter edge.

    `max_size` bounds the longer edge then, and is its length where `size` is None. `antialias`
    widens the filter where a tensor is made smaller, as Pillow always does. ValueError for sizes
    that make no sense.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import functional
    >>> functional.resize(torch.ones(1, 20, 40), 10).shape
    torch.Size([1, 10, 20])
    """
    return resized(img, size, interpolation, max_size, antialias)


def resized(
    img: Any,
    size: int | Sequence[int] | None,
    interpolation: InterpolationMode,
    max_size: int | None,
    antialias: bool | None,
    *,
    rounds: bool = False,
) -> Any:
    """`resize`; with `rounds` bytes are rounded after rows, too, not after columns alone."""
    interpolation = InterpolationMode(interpolation)
    height, width = image_size(img)
    target = resized_size(height, width, size, max_size)
    if target == (height, width):
        return img
    if is_pillow_image(img):
        return img.resize(target[::-1], PILLOW_RESAMPLING[interpolation])
    return resample(img, target, interpolation.value, bool(antialias), rounds=rounds)


def resized_size(
    height: int, width: int, size: int | Sequence[int] | None, max_size: int | None
) -> tuple[int, int]:
    """The size (height, width) that `resize` makes of an image."""
    if size is None:
        if max_size is None:
            raise ValueError("max_size must be an integer when size is None, but got None instead.")
        longer = max(height, width)
        return int(max_size * height / longer), int(max_size * width / longer)
    sizes = [size] if isinstance(size, int) else list(size)
    if len(sizes) == 2:
        if max_size is not None:
            raise ValueError(
                "max_size should only be passed if size specifies the length of the smaller edge, "
                "i.e. size should be an int or a sequence of length 1"
            )
        return sizes[0], sizes[1]
    if len(sizes) != 1:
        raise ValueError("If size is a sequence, it should have 1 or 2 values")
    shorter, longer = sorted((height, width))
    new_shorter, new_longer = sizes[0], int(sizes[0] * longer / shorter)
    if max_size is not None:
        if max_size <= new_shorter:
            raise ValueError(
                f"max_size = {max_size} must be strictly greater than the requested size for the "
                f"smaller edge size = {size}"
            )
        if new_longer > max_size:
            new_shorter, new_longer = int(max_size * new_shorter / new_longer), max_size
    return (new_shorter, new_longer) if height <= width else (new_longer, new_shorter)


def crop(img: Any, top: int, left: int, height: int, width: int) -> Any:
    """The part of the image that begins at (top, left); what lies outside of the image is 0.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import functional
    >>> functional.crop(torch.tensor([[[1, 2], [3, 4]]]), 1, 0, 1, 3)
    tensor([[[3, 4, 0]]])
    """
    if is_pillow_image(img):
        return img.crop((left, top, left + width, top + height))
    image_height, image_width = image_size(img)
    rows, above, below = _part(top, height, image_height)
    columns, before, after = _part(left, width, image_width)
    inside = img[..., rows, columns]
    outside = (before, above, after, below)
    return pad(inside, outside) if any(outside) else inside


def _part(start: int, length: int, size: int) -> tuple[slice, int, int]:
    """What of [start, start + length) is in [0, size), and how much lies before and after it."""
    before = min(max(-start, 0), length)
    after = min(max(start + length - size, 0), length)
    first = max(start, 0)
    return slice(first, first + max(length - before - after, 0)), before, after


def resized_crop(
    img: Any,
    top: int,
    left: int,
    height: int,
    width: int,
    size: int | Sequence[int],
    interpolation: InterpolationMode = InterpolationMode.BILINEAR,
    antialias: bool | None = True,
) -> Any:
    """`crop`, then `resize`.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import functional
    >>> functional.resized_crop(torch.ones(1, 20, 40), 2, 3, 10, 10, (5, 5)).shape
    torch.Size([1, 5, 5])
    """
    part = crop(img, top, left, height, width)
    return resize(part, size, interpolation, antialias=antialias)


def center_crop(img: Any, output_size: int | Sequence[int]) -> Any:
    """The middle of the image, which is first made larger with zeros where it is too small.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import functional
    >>> functional.center_crop(torch.tensor([[[1, 2, 3, 4]]]), (1, 2))
    tensor([[[2, 3]]])
    """
    target_height, target_width = two_sizes(output_size)
    height, width = image_size(img)
    more_height, more_width = max(target_height - height, 0), max(target_width - width, 0)
    if more_height or more_width:
        before = more_width // 2, more_height // 2
        img = pad(img, (*before, more_width - before[0], more_height - before[1]))
        height, width = image_size(img)
    top = round((height - target_height) / 2)
    left = round((width - target_width) / 2)
    return crop(img, top, left, target_height, target_width)


def pad(
    img: Any, padding: int | Sequence[int], fill: Any = 0, padding_mode: str = "constant"
) -> Any:
    """The image with `padding` more pixels on its sides: one number, (left-right, top-bottom), or
    (left, top, right, bottom).

    `padding_mode` is constant (`fill`; for PIL images also one value per channel), edge, reflect or
    symmetric.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import functional
    >>> functional.pad(torch.tensor([[[1, 2]]]), (1, 0), fill=9)
    tensor([[[9, 1, 2, 9]]])
    """
    if padding_mode not in ("constant", "edge", "reflect", "symmetric"):
        raise ValueError("Padding mode should be either constant, edge, reflect or symmetric")
    sides = sides_of(padding)
    image_size(img)  # TypeError unless it is an image
    if isinstance(img, Tensor):
        return _pad_tensor(img, sides, fill, padding_mode)
    return _pad_pillow(img, sides, fill, padding_mode)


def _pad_tensor(img: Tensor, sides: tuple[int, ...], fill: Any, mode: str) -> Tensor:
    left, top, right, bottom = sides
    if mode == "constant":
        if not isinstance(fill, (int, float)):
            raise TypeError(f"fill must be a number where the image is a tensor, not {fill!r}")
        return constant_pad(img, (left, right, top, bottom), value=fill)
    for dim, (before, after) in ((-1, (left, right)), (-2, (top, bottom))):
        places = _seen_places(img.shape[dim], before, after, mode)
        img = img.index_select(dim, rushlight.from_numpy(places).to(img.device))
    return img


def _seen_places(size: int, before: int, after: int, mode: Any) -> np.ndarray[Any, Any]:
    """Which rows (or columns) of an image are seen where; negative widths cut off."""
    most = {"reflect": size - 1, "symmetric": size}.get(mode, math.inf)
    if max(before, after) > most:
        raise OperationError(
            f"pad: a border of ({before}, {after}) is too wide for {size} pixels in {mode} mode"
        )
    places = np.pad(np.arange(size), (max(before, 0), max(after, 0)), mode)
    return places[max(-before, 0) : len(places) - max(-after, 0)]


def _pad_pillow(img: Any, sides: tuple[int, ...], fill: Any, mode: str) -> Any:
    from PIL import Image, ImageOps

    palette = img.getpalette() if img.mode == "P" else None  # which Pillow and NumPy lose
    if mode == "constant":
        padded = ImageOps.expand(img, sides, fill_colour(img, fill))
    else:
        left, top, right, bottom = sides
        pixels = np.asarray(img)
        rows = _seen_places(img.height, top, bottom, mode)
        padded = Image.fromarray(pixels[rows][:, _seen_places(img.width, left, right, mode)])
    if palette is not None:
        padded.putpalette(palette)
    return padded


def fill_colour(img: Any, fill: Any) -> Any:
    """`fill` as Pillow wants it: one number, or one for each of an image's channels."""
    bands = len(img.getbands())
    number = float if img.mode == "F" else int
    if isinstance(fill, (int, float)):
        return (number(fill),) * bands if bands > 1 else number(fill)
    colour = tuple(map(number, fill))
    if len(colour) == 1:
        colour *= bands
    if len(colour) != bands:
        raise ValueError(
            "The number of elements in 'fill' does not match the number of channels of the image "
            f"({len(colour)} != {bands})"
        )
    return colour if bands > 1 else colour[0]


def sides_of(padding: int | Sequence[int]) -> tuple[int, int, int, int]:
    if not isinstance(padding, (int, tuple, list)):
        raise TypeError(f"pad: the padding is a number or a sequence of them, not {padding!r}")
    sides = [padding] if isinstance(padding, int) else list(padding)
    if len(sides) not in (1, 2, 4):
        raise ValueError(
            "Padding must be an int or a 1, 2, or 4 element tuple, not a "
            f"{len(sides)} element tuple"
        )
    left, top, right, bottom = sides * (4 // len(sides))
    return left, top, right, bottom


def two_sizes(size: int | Sequence[int]) -> tuple[int, int]:
    """(height, width) from one number or from a sequence of one or two."""
    if not isinstance(size, (int, Iterable)):
        raise TypeError(f"size should be an int or a sequence (height, width). Got {type(size)}")
    sizes = (size, size) if isinstance(size, int) else tuple(size)
    if len(sizes) == 1:
        sizes *= 2
    if len(sizes) != 2:
        raise ValueError("Please provide only two dimensions (h, w) for size.")
    return sizes


def hflip(img: Any) -> Any:
    """The image's mirror image, left and right exchanged.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import functional
    >>> functional.hflip(torch.tensor([[[1, 2, 3]]]))
    tensor([[[3, 2, 1]]])
    """
    image_size(img)
    return img.transpose(0) if is_pillow_image(img) else img.flip(-1)  # 0: FLIP_LEFT_RIGHT


def vflip(img: Any) -> Any:
    """The image upside down.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import functional
    >>> functional.vflip(torch.tensor([[[1], [2]]]))
    tensor([[[2],
             [1]]])
    """
    image_size(img)
    return img.transpose(1) if is_pillow_image(img) else img.flip(-2)  # 1: FLIP_TOP_BOTTOM


def five_crop(img: Any, size: int | Sequence[int]) -> tuple[Any, ...]:
    """The four corners of the image, left before right, upper before lower, and its centre.

    ValueError where the image is smaller than `size`.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import functional
    >>> [part.item() for part in functional.five_crop(torch.arange(9).reshape(1, 3, 3), 1)]
    [0, 2, 6, 8, 4]
    """
    height, width = two_sizes(size)
    full_height, full_width = image_size(img)
    if width > full_width or height > full_height:
        raise ValueError(
            f"Requested crop size {(height, width)} is bigger than input size "
            f"{(full_height, full_width)}"
        )
    corners = [
        crop(img, top, left, height, width)
        for top in (0, full_height - height) for left in (0, full_width - width)
    ]  # fmt: skip
    return (*corners, center_crop(img, (height, width)))


def ten_crop(img: Any, size: int | Sequence[int], vertical_flip: bool = False) -> tuple[Any, ...]:
    """`five_crop` of the image, and of its mirror image.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import functional
    >>> len(functional.ten_crop(torch.zeros(1, 3, 3), 2))
    10
    """
    mirrored = vflip(img) if vertical_flip else hflip(img)
    return five_crop(img, size) + five_crop(mirrored, size)


def erase(img: Any, i: int, j: int, h: int, w: int, v: Any, inplace: bool = False) -> Tensor:
    """A tensor image with the values `v` in a rectangle of height h and width w at (i, j).

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import functional
    >>> functional.erase(torch.ones(1, 1, 3), 0, 1, 1, 1, 0)
    tensor([[[1., 0., 1.]]])
    """
    if not isinstance(img, Tensor):
        raise TypeError(f"img should be Tensor Image. Got {type(img)}")
    img = img if inplace else img.clone()
    img[..., i : i + h, j : j + w] = v
    return img
