"""Images: datasets, transforms, reading and saving. Pillow is the extra `rushlight[vision]`."""

from ..errors import DataError
from . import datasets, io, models, ops, transforms, utils

__all__ = ["DataError", "datasets", "io", "models", "ops", "transforms", "utils"]
