"""Pillow, which only those need who handle image files or PIL images (the `vision` extra)."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from ..errors import DataError


def require_pillow(purpose: str) -> ModuleType:
    """The module PIL.Image. ModuleNotFoundError that says what to install for `purpose`."""
    try:
        from PIL import Image
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"{purpose} needs Pillow: pip install 'rushlight[vision]'", name=error.name
        ) from None
    return Image


def unidentified(problem: str) -> DataError:
    """A DataError that is Pillow's UnidentifiedImageError, too, where Pillow is installed."""
    from .unidentified import UnidentifiedError

    return UnidentifiedError(problem)


def is_pillow_image(value: Any) -> bool:
    """Without importing Pillow: whoever has made an image has imported it."""
    module = sys.modules.get("PIL.Image")
    return module is not None and isinstance(value, module.Image)
