"""Any image file as the grey 28x28 image, light on dark, that the networks were trained on."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..vision.io.image import ImageReadMode, read_pixels
from .background import is_dark, stand_out
from .errors import CommandError

SIZE = 28
_CONTENT = 0.2  # of full brightness: what is darker is background
_ENOUGH = 256  # pixels of a side are enough to find an object, and to scale it down from
_LONGEST = 1 << 16  # pixels of a strip's longer side
_NOISY = 100  # pixels of a side: from there on strokes are wide enough to be smoothed
_CLOSER = 2  # the side of the square that is looked at again, in sides of the object
_SHADES = " .:-=+*#%@"

Array = np.ndarray[Any, Any]


def read(path: str, object_size: int, drawn: bool = True) -> tuple[Array, str]:
    """The image (28, 28) with values from 0 to 255, and what was done to make it.

    An image of 28x28 is taken as it is, but for its background, which is made dark. From any other
    the object is cut out that stands out from its background (`drawn` in strokes or not); its
    greater side is scaled to `object_size`, and its centre of mass is put into the middle, as it
    was done for MNIST (http://yann.lecun.com/exdb/mnist/). DataError where the
    file is not an image, CommandError where the image is blank.
    """
    channels = read_pixels(path, ImageReadMode.GRAY_ALPHA, True, stretched=True)
    grey, alpha = channels.astype(np.float32)
    light = (grey * alpha).sum() > 127 * alpha.sum()  # ink, if there is paper to be seen behind it
    paper = 0 if light and alpha.min() < 128 else 255
    grey = paper + (grey - paper) * alpha / 255
    if grey.max() - grey.min() < 1:
        raise CommandError(f"{path}: the image is blank; give one with something to classify")
    if grey.shape == (SIZE, SIZE):
        pixels, dark = _as_it_is(grey, drawn)
    else:
        whole, dark = _object(grey, drawn)
        if whole is None:
            raise CommandError(
                f"{path}: nothing in the image stands out from its background; give one with "
                "something to classify"
            )
        pixels = _fitted(whole, object_size)
    changes = ["inverted, for its background is light"] if dark else []
    if grey.shape != (SIZE, SIZE):
        changes.append(f"cut out and scaled from {grey.shape[1]}x{grey.shape[0]} to {SIZE}x{SIZE}")
    return pixels, "; ".join(changes)


def as_text(pixels: Array) -> str:
    """The image in characters, two to a pixel, which makes squares of them in most terminals."""
    shades = np.clip(pixels / 256 * len(_SHADES), 0, len(_SHADES) - 1).astype(int)
    return "\n".join("".join(2 * _SHADES[shade] for shade in row).rstrip() for row in shades)


def _as_it_is(grey: Array, drawn: bool) -> tuple[Array, bool]:
    """With a dark background, and whether it was light. What is no drawing may reach the rim."""
    background = float(np.median(np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])))
    dark = (grey - background).sum() < 0 if drawn else background > 127
    if dark:
        grey, background = 255 - grey, 255 - background
    if drawn and background > 255 * _CONTENT:
        grey = np.maximum(grey - background, 0) * (255 / (float(grey.max()) - background))
    return grey, bool(dark)


def _object(grey: Array, drawn: bool) -> tuple[Array | None, bool]:
    """The object as brightness from 0 to 1, and whether it was darker than its background.

    It is looked for in the whole image, and then looked at closely.
    """
    small, factor = _smoothed(grey)
    dark = is_dark(small)
    found = stand_out(small, dark, drawn)
    if found is None:
        return None, dark
    rows, columns = (factor * place for place in _places(found))
    reach = max(np.ptp(rows), np.ptp(columns)) * _CLOSER / 2 + factor
    (top, bottom), (left, right) = (
        np.clip([round(middle - reach), round(middle + reach)], 0, side)
        for middle, side in zip(
            ((ends[0] + ends[-1]) / 2 for ends in (rows, columns)), grey.shape, strict=True
        )
    )
    if factor > 1 and max(bottom - top, right - left) < max(grey.shape) / 1.5:
        closer = stand_out(_smoothed(grey[top:bottom, left:right])[0], dark, drawn)
        found = found if closer is None else closer
    return found, dark


def _smoothed(grey: Array) -> tuple[Array, int]:
    """The image without its finest noise, and by how much it is smaller."""
    from PIL import Image, ImageFilter

    # A long strip keeps what it has across; but what is looked at stays within a few megabytes.
    across, along = sorted(grey.shape)
    factor = max(1, round(min(along / _ENOUGH, max(across / SIZE, along / _LONGEST))))
    image = Image.fromarray(grey).reduce(factor)
    if min(image.size) >= _NOISY:
        bytes_ = image.convert("L").filter(ImageFilter.MedianFilter(3))
        image = bytes_.filter(ImageFilter.GaussianBlur(1))
    return np.asarray(image, np.float32), factor


def _places(brightness: Array) -> tuple[Array, Array]:
    """The rows and the columns that the object is in."""
    content = brightness > _CONTENT
    return np.flatnonzero(content.any(1)), np.flatnonzero(content.any(0))


def _fitted(brightness: Array, object_size: int) -> Array:
    from PIL import Image

    rows, columns = _places(brightness)
    content = 255 * brightness[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = object_size / max(content.shape)
    height, width = (max(1, round(side * scale)) for side in content.shape)
    small = np.asarray(
        Image.fromarray(content.astype(np.float32)).resize(
            (width, height), Image.Resampling.BOX
        )
    )
    mass = small / small.sum()
    # The mean position in MNIST's images is row 14.0, column 14.0, counted from 0.
    top = round(SIZE / 2 - float(mass.sum(1) @ np.arange(height)))
    left = round(SIZE / 2 - float(mass.sum(0) @ np.arange(width)))
    top, left = np.clip([top, left], 0, [SIZE - height, SIZE - width])
    result = np.zeros((SIZE, SIZE), np.float32)
    result[top : top + height, left : left + width] = small
    return result
