"""Images: datasets, transforms, reading and saving. Pillow is the extra `rushlight[vision]`."""

from .. import elsewhere
from ..errors import DataError
from . import datasets, io, models, opencv, ops, transforms, tv_tensors, utils
from .backend import disable_beta_transforms_warning, get_image_backend, set_image_backend
from .version import __version__  # noqa: F401  # as torchvision has it

__all__ = [
    "DataError", "datasets", "disable_beta_transforms_warning", "get_image_backend", "io", "models",
    "opencv", "ops", "set_image_backend", "transforms", "tv_tensors", "utils",
]  # fmt: skip

elsewhere.publish("rushlight", elsewhere.VISION)
