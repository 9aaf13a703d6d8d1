"""Any image file as the grey 28x28 image, light on dark, that the networks were trained on."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..vision.io import ImageReadMode, read_image
from .errors import CommandError

SIZE = 28
_CONTENT = 0.2  # of full brightness: what is darker is background

Array = np.ndarray[Any, Any]


def read(path: str, object_size: int) -> tuple[Array, str]:
    """The image (28, 28) with values from 0 to 255, and what was done to make it.

    An image of 28x28 is taken as it is, but for its background, which is made dark. Any other is
    cut to its content, the greater side of that is scaled to `object_size`, and its centre of mass
    is put into the middle, as it was done for MNIST (http://yann.lecun.com/exdb/mnist/). DataError
    (of rushlight.vision) where the file is not an image, CommandError where the image is blank.
    """
    channels = read_image(path, ImageReadMode.GRAY_ALPHA, apply_exif_orientation=True).numpy()
    grey, alpha = channels.astype(np.float32)
    grey = 255 + (grey - 255) * alpha / 255  # on white paper
    changes = []
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    if np.median(border) > 127:
        grey, border = 255 - grey, 255 - border
        changes.append("inverted, for its background is light")
    if grey.max() - grey.min() < 1:
        raise CommandError(f"{path}: the image is blank; give one with something to classify")
    if grey.shape != (SIZE, SIZE):
        changes.append(f"cut out and scaled from {grey.shape[1]}x{grey.shape[0]} to {SIZE}x{SIZE}")
        grey = _fitted(grey, float(np.median(border)), object_size)
    return grey, "; ".join(changes)


def _fitted(grey: Array, background: float, object_size: int) -> Array:
    from PIL import Image

    brightness = np.clip((grey - background) / max(1.0, float(grey.max()) - background), 0, 1)
    rows = np.flatnonzero((brightness > _CONTENT).any(1))
    columns = np.flatnonzero((brightness > _CONTENT).any(0))
    content = 255 * brightness[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = object_size / max(content.shape)
    height, width = (max(1, round(side * scale)) for side in content.shape)
    small = np.asarray(
        Image.fromarray(content).resize((width, height), Image.Resampling.BOX), np.float32
    )
    mass = small / small.sum()
    # The mean position in MNIST's images is row 14.0, column 14.0, counted from 0.
    top = round(SIZE / 2 - float(mass.sum(1) @ np.arange(height)))
    left = round(SIZE / 2 - float(mass.sum(0) @ np.arange(width)))
    top, left = np.clip([top, left], 0, [SIZE - height, SIZE - width])
    result = np.zeros((SIZE, SIZE), np.float32)
    result[top : top + height, left : left + width] = small
    return result
