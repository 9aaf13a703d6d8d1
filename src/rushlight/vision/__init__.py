"""Images: datasets, transforms, reading and saving. Pillow is the extra `rushlight[vision]`."""

from . import datasets, io, models, opencv, ops, transforms, tv_tensors, utils
from .errors import DataError

__all__ = [
    "DataError",
    "datasets",
    "disable_beta_transforms_warning",
    "io",
    "models",
    "opencv",
    "ops",
    "transforms",
    "tv_tensors",
    "utils",
]


def disable_beta_transforms_warning() -> None:
    """Changes nothing: `transforms.v2` gives no warning, as torchvision's no longer does.

    >>> from rushlight import vision
    >>> vision.disable_beta_transforms_warning()
    """
