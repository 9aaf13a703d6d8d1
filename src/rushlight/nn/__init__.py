"""Neural networks: modules, layers, losses, initial values, and the functions beneath them."""

from . import functional, grad, init, modules, parallel, parameter, utils
from .modules import *  # noqa: F403
from .modules import __all__ as _layers
from .modules.utils import factory_kwargs
from .parallel import DataParallel
from .parameter import Buffer, Parameter, UninitializedBuffer, UninitializedParameter

__all__ = [
    "Buffer", "DataParallel", "Parameter", "UninitializedBuffer", "UninitializedParameter",
    "factory_kwargs", "functional", "grad", "init", "modules", "parallel", "parameter", "utils",
    *_layers,
]  # fmt: skip
