"""Images: datasets, transforms, reading and saving. Pillow is the extra `rushlight[vision]`."""

import sys

from .. import elsewhere, missing
from ..errors import DataError
from . import datasets, io, models, ops, transforms, utils
from .version import __version__  # noqa: F401  # as torchvision has it

__all__ = ["DataError", "datasets", "io", "models", "ops", "transforms", "utils"]

elsewhere.publish("rushlight", elsewhere.VISION)
missing.watch(sys.modules[__name__])
missing.watch_inside(sys.modules[__name__])
