"""Images: datasets, transforms, reading and saving. Pillow is the extra `rushlight[vision]`."""

from . import datasets, io, transforms, utils
from .errors import DataError

__all__ = ["DataError", "datasets", "io", "transforms", "utils"]
