"""The CPU's kernels: NumPy's, and the C++ extension's for what is hot.

The extension's functions stand here as they are: built-in functions do not bind, so a call goes
straight into C++. For arguments that it does not cover (another dtype, a layout without a loop) a
function calls the method of its name of the base table that `set_base` gave it.
"""

from __future__ import annotations

from types import BuiltinFunctionType
from typing import Any

from ..dtype import bfloat16
from .base import Base
from .native import native

assert native is not None, "this module is for when the extension is there"
native.set_base(Base())
native.set_bfloat16(bfloat16.numpy.num)


class CPU(Base):
    """`Base` on NumPy arrays, with the extension's functions in place of its own."""


def native_kernels() -> dict[str, Any]:
    """The extension's kernels by name: its built-in functions. What else it offers, settings and
    figures, is bound by nanobind, whose functions are of another type."""
    return {name: f for name, f in vars(native).items() if isinstance(f, BuiltinFunctionType)}


for _name, _kernel in native_kernels().items():
    assert hasattr(Base, _name), f"the native kernel {_name} has no base kernel"
    setattr(CPU, _name, _kernel)
