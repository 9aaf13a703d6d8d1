"""What is raised for files that are no images. Imported when Pillow has been."""

from __future__ import annotations

from PIL import UnidentifiedImageError

from ..errors import DataError


class UnidentifiedError(DataError, UnidentifiedImageError):
    """A file that Pillow does not know as an image."""
