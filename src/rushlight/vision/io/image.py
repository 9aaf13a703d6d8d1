"""Image files to tensors."""

from __future__ import annotations

import enum
import io
import os
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import uint8
from ...errors import DataError, OperationError
from ...tensor import Tensor, wrap
from ..pillow import require_pillow, unidentified


class ImageReadMode(enum.Enum):
    """The channels of an image that is read.

    >>> from rushlight.vision.io import ImageReadMode
    >>> ImageReadMode.GRAY
    <ImageReadMode.GRAY: 1>
    """

    UNCHANGED = 0
    GRAY = 1
    GRAY_ALPHA = 2
    RGB = 3
    RGB_ALPHA = 4


# Pillow's names of the modes.
_MODES = {
    ImageReadMode.GRAY: "L", ImageReadMode.GRAY_ALPHA: "LA", ImageReadMode.RGB: "RGB",
    ImageReadMode.RGB_ALPHA: "RGBA",
}  # fmt: skip
# Pillow's mode of a file -> the one that holds the same channels in bytes.
_UNCHANGED = {"1": "L", "L": "L", "LA": "LA", "RGB": "RGB", "RGBA": "RGBA", "PA": "RGBA"}
Path = str | os.PathLike[str]
Mode = ImageReadMode | str


def read_image(
    path: Path, mode: Mode = ImageReadMode.UNCHANGED, apply_exif_orientation: bool = False
) -> Tensor:
    """The image in a file as a uint8 tensor (channels, height, width).

    `mode` (or its name) converts the channels; UNCHANGED keeps 1 to 4 channels and makes RGB of
    other colour spaces and of palettes. `apply_exif_orientation` turns the image as its camera
    noted. A grey image of 16 bits is uint16, an animated GIF (frames, channels, height, width).
    DataError (a RuntimeError) where the file cannot be read, is not an image, or has more bits.

    >>> import rushlight as torch
    >>> from rushlight.vision.io import read_image
    >>> from rushlight.vision.utils import save_image
    >>> save_image(torch.ones(3, 2, 4), "white.png")
    >>> image = read_image("white.png")
    >>> image.shape, image.unique()
    (torch.Size([3, 2, 4]), tensor([255], dtype=torch.uint8))
    """
    return wrap(_read(path, os.fspath(path), mode, apply_exif_orientation))


def decode_image(
    input: Tensor | Path,
    mode: Mode = ImageReadMode.UNCHANGED,
    apply_exif_orientation: bool = False,
) -> Tensor:
    """`read_image` of the bytes of a file, a uint8 tensor of one dimension, or of its path.

    >>> import rushlight as torch
    >>> from rushlight.vision.io import decode_image, encode_png
    >>> decode_image(encode_png(torch.zeros(3, 2, 4, dtype=torch.uint8))).shape
    torch.Size([3, 2, 4])
    """
    if not isinstance(input, Tensor):
        return read_image(input, mode, apply_exif_orientation)
    return _decoded("decode_image", input, None, mode, apply_exif_orientation)


def decode_jpeg(
    input: Tensor | list[Tensor],
    mode: Mode = ImageReadMode.UNCHANGED,
    device: Any = "cpu",
    apply_exif_orientation: bool = False,
) -> Any:
    """`decode_image` of a JPEG file's bytes, or of several; the result is on `device`.

    >>> import rushlight as torch
    >>> from rushlight.vision.io import decode_jpeg, encode_jpeg
    >>> decode_jpeg(encode_jpeg(torch.zeros(3, 2, 4, dtype=torch.uint8)), "gray").shape
    torch.Size([1, 2, 4])
    """
    if isinstance(input, list):
        return [decode_jpeg(part, mode, device, apply_exif_orientation) for part in input]
    return _decoded("decode_jpeg", input, "JPEG", mode, apply_exif_orientation).to(device)


def decode_png(
    input: Tensor, mode: Mode = ImageReadMode.UNCHANGED, apply_exif_orientation: bool = False
) -> Tensor:
    """`decode_image` of a PNG file's bytes.

    >>> import rushlight as torch
    >>> from rushlight.vision.io import decode_png, encode_png
    >>> decode_png(encode_png(torch.full((1, 1, 2), 7, dtype=torch.uint8)))
    tensor([[[7, 7]]], dtype=torch.uint8)
    """
    return _decoded("decode_png", input, "PNG", mode, apply_exif_orientation)


def decode_gif(input: Tensor) -> Tensor:
    """`decode_image` of a GIF file's bytes: (3, H, W), or (frames, 3, H, W) for several frames.

    >>> from PIL import Image
    >>> from rushlight.vision.io import decode_gif, read_file
    >>> Image.new("P", (4, 2)).save("black.gif")
    >>> decode_gif(read_file("black.gif")).shape
    torch.Size([3, 2, 4])
    """
    return _decoded("decode_gif", input, "GIF", ImageReadMode.RGB, False)


def decode_webp(input: Tensor, mode: Mode = ImageReadMode.UNCHANGED) -> Tensor:
    """`decode_image` of a WebP file's bytes.

    >>> from PIL import Image
    >>> from rushlight.vision.io import decode_webp, read_file
    >>> Image.new("RGB", (4, 2)).save("black.webp")
    >>> decode_webp(read_file("black.webp")).shape
    torch.Size([3, 2, 4])
    """
    return _decoded("decode_webp", input, "WEBP", mode, False)


def decode_avif(input: Tensor, mode: Mode = ImageReadMode.UNCHANGED) -> Tensor:
    """`decode_image` of an AVIF file's bytes, where Pillow is built with it.

    >>> import rushlight as torch
    >>> from rushlight.vision.io import decode_avif
    >>> decode_avif(torch.zeros(8, dtype=torch.uint8))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    rushlight.vision.unidentified.UnidentifiedError: decode_avif: this is no AVIF file ...
    """
    return _decoded("decode_avif", input, "AVIF", mode, False)


def _decoded(
    name: str, input: Tensor, format: str | None, mode: Mode, apply_exif_orientation: bool
) -> Tensor:
    if input.dtype is not uint8 or input.ndim != 1 or not len(input):
        raise OperationError(
            f"{name}: the input is to be the bytes of a file, a uint8 tensor of one dimension, not "
            f"{input.dtype} of shape {tuple(input.shape)}"
        )
    content = io.BytesIO(input.numpy(force=True).tobytes())
    formats = None if format is None else [format]
    return wrap(_read(content, name, mode, apply_exif_orientation, formats))


def _read(
    source: Any, name: str, mode: Mode, apply_exif_orientation: bool,
    formats: Sequence[str] | None = None,
) -> np.ndarray[Any, Any]:  # fmt: skip
    if isinstance(mode, str):
        mode = ImageReadMode[mode.upper()]
    return read_pixels(source, mode, apply_exif_orientation, name=name, formats=formats)


def read_pixels(
    source: Any, mode: ImageReadMode, apply_exif_orientation: bool, *, name: str | None = None,
    formats: Sequence[str] | None = None, stretched: bool = False,
) -> np.ndarray[Any, Any]:  # fmt: skip
    """The array of `read_image`; of images of more than 8 bits as well where they are `stretched`,
    from their darkest pixel, which becomes 0, to their lightest, 255. `name` is for messages."""
    pillow = require_pillow("reading images")
    name = name or str(source)
    try:
        with pillow.open(source, formats=formats) as image:
            if not stretched and _is_cut(image):
                raise DataError(
                    f"{name}: this image has 16 bits per channel, of which Pillow reads but 8 (it "
                    f"is {image.mode}), which read_image does not support"
                )
            frames = []
            is_animation = image.format == "GIF" and not stretched
            for number in range(image.n_frames if is_animation else 1):
                if number:
                    image.seek(number)
                frames.append(_pixels(image, name, mode, apply_exif_orientation, stretched))
    except DataError:
        raise
    except pillow.UnidentifiedImageError:
        kind = f"no {formats[0]}" if formats else "not an image"
        raise unidentified(f"{name}: this is {kind} file that Pillow can read") from None
    except pillow.DecompressionBombError:
        most = 2 * pillow.MAX_IMAGE_PIXELS
        raise DataError(
            f"{name}: the image is too large: it has over {most:,} pixels; scale it down first"
        ) from None
    except Exception as error:  # its decoders raise what a damaged file makes them stumble over
        if isinstance(error, OSError) and error.strerror is not None:
            raise DataError(f"{name}: cannot be read ({error.strerror})") from None
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DataError(f"{name}: the image is damaged ({reason})") from None
    return frames[0] if len(frames) == 1 else np.stack(frames)


def _is_cut(image: Any) -> bool:
    """Whether Pillow will leave out half of the 16 bits of colours, as of a PNG's or TIFF's.

    How the bytes of the file are laid out is "RGB;16B" then, while the mode is that of bytes.
    """
    layouts = [str(tile[3]) for tile in image.tile]  # a string, or a tuple that begins with it
    return image.mode[0] != "I" and any(re.search(";16[BLN]", layout) for layout in layouts)


def _pixels(
    image: Any, name: str, mode: ImageReadMode, apply_exif_orientation: bool, stretched: bool
) -> np.ndarray[Any, Any]:
    """The bytes of an open image: (channels, height, width)."""
    if apply_exif_orientation:
        from PIL import ImageOps

        image = ImageOps.exif_transpose(image)
    if image.mode[0] in "IF" and stretched:
        pillow = require_pillow("reading images")
        image = pillow.fromarray(_stretched(np.array(image, np.float64)))
    elif image.mode.startswith("I;16"):
        return _of_16_bits(np.array(image).astype(np.uint16), mode)
    elif image.mode[0] in "IF":
        raise DataError(
            f"{name}: this image has more than 8 bits per channel (Pillow's mode {image.mode}), "
            "which read_image does not support"
        )
    unchanged = _UNCHANGED.get(image.mode, "RGB")
    pixels = np.array(image.convert(_MODES.get(mode, unchanged)))
    return np.ascontiguousarray(pixels.reshape(*pixels.shape[:2], -1).transpose(2, 0, 1))


def _of_16_bits(grey: np.ndarray[Any, Any], mode: ImageReadMode) -> np.ndarray[Any, Any]:
    parts = [grey] * (3 if mode in (ImageReadMode.RGB, ImageReadMode.RGB_ALPHA) else 1)
    if mode in (ImageReadMode.GRAY_ALPHA, ImageReadMode.RGB_ALPHA):
        parts.append(np.full_like(grey, 0xFFFF))
    return np.stack(parts)


def _stretched(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    low, high = values.min(), values.max()
    if not np.isfinite(high - low):
        raise ValueError("pixels are infinite or not a number")
    return np.round((values - low) * (255 / max(high - low, 1e-300))).astype(np.uint8)
