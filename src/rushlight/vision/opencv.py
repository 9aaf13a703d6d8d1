"""Images of OpenCV, which are NumPy arrays (height, width, channels) with blue first, as tensors.

Only `frames` needs OpenCV itself: `rushlight[opencv]`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np

from ..errors import DataError
from ..tensor import Tensor, wrap
from .pillow import is_pillow_image


def to_tensor(image: Any) -> Tensor:
    """An image of OpenCV or of Pillow as a tensor (channels, height, width) of the same values.

    OpenCV's are arrays (height, width) or (height, width, 1, 3 or 4), blue, green, red and alpha;
    the tensor has red first, as Pillow's images and all models here. TypeError for what is neither,
    ValueError for other shapes.

    >>> import numpy as np
    >>> from rushlight.vision import opencv
    >>> blue = np.zeros((1, 1, 3), np.uint8)
    >>> blue[..., 0] = 255
    >>> opencv.to_tensor(blue).flatten()
    tensor([  0,   0, 255], dtype=torch.uint8)
    """
    if is_pillow_image(image):
        from .transforms.functional import pil_to_tensor

        return pil_to_tensor(image)
    if not isinstance(image, np.ndarray):
        raise TypeError(
            f"opencv.to_tensor: an array of OpenCV's or an image of Pillow's, not {type(image)}"
        )
    pixels = image[..., None] if image.ndim == 2 else image
    if pixels.ndim != 3 or pixels.shape[-1] not in _ORDERS:
        raise ValueError(
            "opencv.to_tensor: an array (height, width[, 1, 3 or 4 channels]), not of shape "
            f"{image.shape}"
        )
    return wrap(np.ascontiguousarray(pixels[..., _ORDERS[pixels.shape[-1]]].transpose(2, 0, 1)))


def to_array(image: Tensor) -> np.ndarray[Any, Any]:
    """What undoes `to_tensor`: an array for OpenCV of a tensor (1, 3 or 4 channels, height, width).

    An image of one channel becomes (height, width). ValueError for other shapes.

    >>> import rushlight as torch
    >>> from rushlight.vision import opencv
    >>> opencv.to_array(torch.tensor([[[1]], [[2]], [[3]]])).tolist()
    [[[3, 2, 1]]]
    """
    if image.ndim != 3 or image.shape[0] not in _ORDERS:
        raise ValueError(
            "opencv.to_array: a tensor (1, 3 or 4 channels, height, width), not of shape "
            f"{tuple(image.shape)}"
        )
    pixels = image.numpy(force=True).transpose(1, 2, 0)
    pixels = np.ascontiguousarray(pixels[..., _ORDERS[pixels.shape[-1]]])
    return pixels[..., 0] if pixels.shape[-1] == 1 else pixels


# Of so many channels: from blue first to red first, and back.
_ORDERS = {1: [0], 3: [2, 1, 0], 4: [2, 1, 0, 3]}


def frames(source: str | os.PathLike[str] | int) -> Iterator[Tensor]:
    """The images of a video file, or of the camera with a number, one after the other.

    ModuleNotFoundError where OpenCV is missing, DataError where it cannot open the source.

    >>> from rushlight.vision import opencv
    >>> for frame in opencv.frames("film.mp4"):  # doctest: +SKIP
    ...     print(frame.shape)
    torch.Size([3, 720, 1280])
    """
    capture = _require("reading a video").VideoCapture(
        source if isinstance(source, int) else os.fspath(source)
    )
    if not capture.isOpened():
        raise DataError(f"{source}: no video that OpenCV can open")
    return _frames(capture)


def _frames(capture: Any) -> Iterator[Tensor]:
    try:
        while True:
            is_read, image = capture.read()
            if not is_read:
                return
            yield to_tensor(image)
    finally:
        capture.release()


def _require(purpose: str) -> ModuleType:
    try:
        import cv2
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"{purpose} needs OpenCV: pip install 'rushlight[opencv]'", name=error.name
        ) from None
    return cv2  # type: ignore[no-any-return]
