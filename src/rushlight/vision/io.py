"""Image files to tensors."""

from __future__ import annotations

import enum
import os
from typing import Any

import numpy as np

from ..errors import DataError
from ..tensor import Tensor, wrap
from .pillow import require_pillow, unidentified


class ImageReadMode(enum.Enum):
    """The channels of an image that is read; the value is Pillow's name of the mode.

    >>> from rushlight.vision.io import ImageReadMode
    >>> ImageReadMode.GRAY.value
    'L'
    """

    UNCHANGED = ""
    GRAY = "L"
    GRAY_ALPHA = "LA"
    RGB = "RGB"
    RGB_ALPHA = "RGBA"


# Pillow's mode of a file -> the one that holds the same channels in bytes.
_UNCHANGED = {"1": "L", "L": "L", "LA": "LA", "RGB": "RGB", "RGBA": "RGBA", "PA": "RGBA"}


def read_image(
    path: str | os.PathLike[str],
    mode: ImageReadMode | str = ImageReadMode.UNCHANGED,
    apply_exif_orientation: bool = False,
) -> Tensor:
    """The image in a file as a uint8 tensor (channels, height, width).

    `mode` (or its name) converts the channels; UNCHANGED keeps 1 to 4 channels and makes RGB of
    other colour spaces. `apply_exif_orientation` turns the image as its camera noted. DataError (a
    RuntimeError) where the file cannot be read, is not an image, or has over 8 bits per channel.

    >>> import rushlight as torch
    >>> from rushlight.vision.io import read_image
    >>> from rushlight.vision.utils import save_image
    >>> save_image(torch.ones(3, 2, 4), "white.png")
    >>> image = read_image("white.png")
    >>> image.shape, image.unique()
    (torch.Size([3, 2, 4]), tensor([255], dtype=torch.uint8))
    """
    if isinstance(mode, str):
        mode = ImageReadMode[mode.upper()]
    return wrap(read_pixels(path, mode, apply_exif_orientation))


def read_pixels(
    path: str | os.PathLike[str], mode: ImageReadMode, apply_exif_orientation: bool,
    stretched: bool = False,
) -> np.ndarray[Any, Any]:  # fmt: skip
    """The array of `read_image`; of images of more than 8 bits as well where they are `stretched`,
    from their darkest pixel, which becomes 0, to their lightest, 255."""
    pillow = require_pillow("reading images")
    try:
        with pillow.open(path) as image:
            if apply_exif_orientation:
                from PIL import ImageOps

                image = ImageOps.exif_transpose(image)
            if image.mode[0] in "IF" and stretched:
                image = pillow.fromarray(_stretched(np.array(image, np.float64)))
            elif image.mode[0] in "IF":
                raise DataError(
                    f"{path}: this image has more than 8 bits per channel (Pillow's mode "
                    f"{image.mode}), which read_image does not support"
                )
            unchanged = _UNCHANGED.get(image.mode, "RGB")
            pixels = np.array(image.convert(mode.value or unchanged))
    except DataError:
        raise
    except pillow.UnidentifiedImageError:
        raise unidentified(f"{path}: this is not an image file that Pillow can read") from None
    except pillow.DecompressionBombError:
        most = 2 * pillow.MAX_IMAGE_PIXELS
        raise DataError(
            f"{path}: the image is too large: it has over {most:,} pixels; scale it down first"
        ) from None
    except Exception as error:  # its decoders raise what a damaged file makes them stumble over
        if isinstance(error, OSError) and error.strerror is not None:
            raise DataError(f"{path}: cannot be read ({error.strerror})") from None
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DataError(f"{path}: the image is damaged ({reason})") from None
    return np.ascontiguousarray(pixels.reshape(*pixels.shape[:2], -1).transpose(2, 0, 1))


def _stretched(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    low, high = values.min(), values.max()
    if not np.isfinite(high - low):
        raise ValueError("pixels are infinite or not a number")
    return np.round((values - low) * (255 / max(high - low, 1e-300))).astype(np.uint8)
