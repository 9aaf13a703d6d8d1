"""Images: datasets, transforms, reading and saving. Pillow is the extra `rushlight[vision]`."""

from . import datasets, io, models, opencv, ops, transforms, tv_tensors, utils
from .errors import DataError

__all__ = [
    "DataError",
    "datasets",
    "io",
    "models",
    "opencv",
    "ops",
    "transforms",
    "tv_tensors",
    "utils",
]
