"""Tensors to image files, and files as bytes."""

from __future__ import annotations

import io
import os
from typing import Any

import numpy as np

from ... import uint8
from ...errors import DataError, OperationError
from ...serialization.archive import replaced_when_complete
from ...tensor import Tensor, wrap
from ..pillow import require_pillow

Path = str | os.PathLike[str]


def read_file(path: Path) -> Tensor:
    """The bytes of a file: a uint8 tensor of one dimension.

    DataError (a RuntimeError) where it cannot be read or is empty.

    >>> from pathlib import Path
    >>> from rushlight.vision.io import read_file
    >>> _ = Path("file").write_bytes(b"ab")
    >>> read_file("file")
    tensor([97, 98], dtype=torch.uint8)
    """
    try:
        content = np.fromfile(path, np.uint8)
    except OSError as error:
        raise DataError(f"{os.fspath(path)}: cannot be read ({error.strerror})") from None
    if not content.size:
        raise DataError(f"{os.fspath(path)}: cannot be read (it is empty)")
    return wrap(content)


def write_file(filename: Path, data: Tensor) -> None:
    """Writes bytes, a uint8 tensor of one dimension, to a file.

    DataError (a RuntimeError) where it cannot be written.

    >>> import rushlight as torch
    >>> from rushlight.vision.io import read_file, write_file
    >>> write_file("file", torch.tensor([1, 2], dtype=torch.uint8))
    >>> read_file("file").tolist()
    [1, 2]
    """
    if data.dtype is not uint8 or data.ndim != 1:
        raise OperationError(
            f"write_file: data is to be a uint8 tensor of one dimension, not {data.dtype} of shape "
            f"{tuple(data.shape)}"
        )
    try:
        with replaced_when_complete(os.fspath(filename)) as file:
            file.write(data.numpy(force=True).tobytes())
    except OSError as error:
        raise DataError(f"{os.fspath(filename)}: cannot be written ({error.strerror})") from None


def encode_png(input: Tensor, compression_level: int = 6) -> Tensor:
    """The bytes of a PNG file that holds an image (1 or 3, H, W) of bytes.

    `compression_level` is from 0, quick, to 9, small.

    >>> import rushlight as torch
    >>> from rushlight.vision.io import encode_png
    >>> encode_png(torch.zeros(1, 2, 4, dtype=torch.uint8))[:4]
    tensor([137,  80,  78,  71], dtype=torch.uint8)
    """
    if not 0 <= compression_level <= 9:
        raise OperationError(
            f"encode_png: compression_level is to be between 0 and 9, not {compression_level}"
        )
    return _encoded("encode_png", input, "PNG", compress_level=compression_level)


def encode_jpeg(input: Tensor | list[Tensor], quality: int = 75) -> Any:
    """The bytes of a JPEG file that holds an image (1 or 3, H, W) of bytes, or of one for each.

    `quality` is from 1, small, to 100.

    >>> import rushlight as torch
    >>> from rushlight.vision.io import encode_jpeg
    >>> encode_jpeg(torch.zeros(1, 2, 4, dtype=torch.uint8))[:2]
    tensor([255, 216], dtype=torch.uint8)
    """
    if not 1 <= quality <= 100:
        raise ValueError("Image quality should be a positive number between 1 and 100")
    if isinstance(input, list):
        return [encode_jpeg(part, quality) for part in input]
    return _encoded("encode_jpeg", input, "JPEG", quality=quality)


def write_png(input: Tensor, filename: Path, compression_level: int = 6) -> None:
    """Writes what `encode_png` makes of an image to a file.

    >>> import rushlight as torch
    >>> from rushlight.vision.io import read_image, write_png
    >>> write_png(torch.zeros(1, 2, 4, dtype=torch.uint8), "black.png")
    >>> read_image("black.png").shape
    torch.Size([1, 2, 4])
    """
    write_file(filename, encode_png(input, compression_level))


def write_jpeg(input: Tensor, filename: Path, quality: int = 75) -> None:
    """Writes what `encode_jpeg` makes of an image to a file.

    >>> import rushlight as torch
    >>> from rushlight.vision.io import read_image, write_jpeg
    >>> write_jpeg(torch.zeros(1, 2, 4, dtype=torch.uint8), "black.jpg")
    >>> read_image("black.jpg").shape
    torch.Size([1, 2, 4])
    """
    write_file(filename, encode_jpeg(input, quality))


def _encoded(name: str, image: Tensor, format: str, **options: Any) -> Tensor:
    if image.dtype is not uint8 or image.ndim != 3 or image.shape[0] not in (1, 3):
        raise OperationError(
            f"{name}: the input is to be an image of shape (1 or 3, H, W) of torch.uint8, not "
            f"{image.dtype} of shape {tuple(image.shape)}"
        )
    pillow = require_pillow("writing images")
    pixels = np.ascontiguousarray(image.numpy(force=True).transpose(1, 2, 0))
    file = io.BytesIO()
    pillow.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels).save(
        file, format, **options
    )
    return wrap(np.frombuffer(bytearray(file.getvalue()), np.uint8))
