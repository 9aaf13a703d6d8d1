"""Neural networks: modules, layers, losses, initial values, and the functions beneath them."""

from . import functional, grad, init, modules, parameter, utils
from .modules import *  # noqa: F403
from .modules import __all__ as _layers
from .parameter import Buffer, Parameter, UninitializedBuffer, UninitializedParameter

__all__ = [
    "Buffer", "Parameter", "UninitializedBuffer", "UninitializedParameter", "functional", "grad",
    "init", "modules", "parameter", "utils", *_layers,
]  # fmt: skip
