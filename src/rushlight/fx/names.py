"""How functions are called in the text of graphs: by the names that PyTorch's own graphs have.

Generated code says `torch.nn.functional.relu(x)`, and finds it there. Functions that are the same
object under several names here, and several functions in PyTorch, get the usual one.
"""

from __future__ import annotations

import builtins
import functools
import inspect
import re
import sys
import types
from collections.abc import Callable
from typing import Any

from ..ops.declare import places
from ..tensor import Tensor

PACKAGE = __name__.partition(".")[0]

# Functions of nn.functional and torch that PyTorch's extension has under other names.
IN_EXTENSION = {
    "avg_pool2d", "avg_pool3d", "elu_", "gelu", "hardtanh_", "leaky_relu_", "linear", "logsigmoid",
    "one_hot", "scaled_dot_product_attention", "softplus", "softshrink",
}  # fmt: skip
# What torch and nn.functional share, and is mostly taken from the latter.
_FUNCTIONAL = {
    "celu", "group_norm", "layer_norm", "max_pool1d", "max_pool2d", "max_pool3d", "rms_norm",
    "rrelu", "selu", "threshold", "fractional_max_pool2d", "fractional_max_pool3d",
    "lp_pool1d", "lp_pool2d", "lp_pool3d",
}  # fmt: skip
# Functions of torch that PyTorch has written in Python.
IN_PYTHON = {
    "atleast_1d", "atleast_2d", "atleast_3d", "block_diag", "broadcast_tensors", "cartesian_prod",
    "cdist", "chain_matmul", "einsum", "lu", "meshgrid", "norm", "split", "stft", "tensordot",
    "unique", "unique_consecutive", "unravel_index",
}  # fmt: skip
_EXTENSION_PLACES = ("special", "linalg", "fft")


@functools.cache
def _names() -> dict[Any, str]:
    """The name of each function that a declaration has made, as PyTorch's graphs call it."""
    found: dict[Any, str] = {}
    for name, function in places["torch"].items():
        place = "torch.functional" if name in IN_PYTHON else "torch"
        if function not in found or name == function.__name__:
            found[function] = f"{place}.{name}"
    for name, function in places["nn.functional"].items():
        if name in IN_EXTENSION:
            shown = "log_sigmoid" if name == "logsigmoid" else name
            found[function] = f"torch._C._nn.{shown}"
        elif function not in found or name in _FUNCTIONAL:
            found[function] = f"torch.nn.functional.{name}"
    for place, functions in places.items():
        if place in ("torch", "Tensor", "nn.functional", ""):
            continue
        for name, function in functions.items():
            inside = f"_C._{place}.{place}_{name}" if place in _EXTENSION_PLACES else None
            found.setdefault(function, f"torch.{inside or f'{place}.{name}'}")
    return found


def is_of_torch(value: Any) -> bool:
    """Whether generated code finds a value under `torch`."""
    module = getattr(value, "__module__", None)
    if isinstance(module, str):
        return module.partition(".")[0] in (PACKAGE, "torch")
    return False


def qualified_name(function: Callable[..., Any]) -> str:
    """`torch.relu`, `getattr`, `__main__.mine`: how a function is called in code.

    >>> import rushlight as torch
    >>> from rushlight.fx.names import qualified_name
    >>> qualified_name(torch.relu), qualified_name(torch.nn.functional.gelu)
    ('torch.relu', 'torch._C._nn.gelu')
    """
    name = function.__name__
    if getattr(builtins, name, None) is function:
        return name
    known = _names().get(function) if isinstance(function, types.FunctionType) else None
    if known is not None:
        return known
    if getattr(Tensor, name, None) is function:
        return f"torch.Tensor.{name}"
    if is_of_torch(function):
        return _path_in_torch(function)
    if name == "<lambda>":
        try:
            name = inspect.getsource(function).split("=")[0].strip()
        except (OSError, TypeError) as error:
            raise RuntimeError("Unable to represent lambda") from error
    if function.__module__ is None:
        raise RuntimeError(f"cannot find module for {function}")
    return f"{function.__module__}.{name}"


def short_name(function: Callable[..., Any]) -> str:
    """The last part of a function's name: `linalg_norm` for that of `torch.linalg`."""
    known = _names().get(function) if isinstance(function, types.FunctionType) else None
    return function.__name__ if known is None else known.rpartition(".")[2]


def _path_in_torch(value: Any) -> str:
    """Where a class or function of the package is found: the shortest place that has it."""
    name = value.__name__
    path = re.sub(rf"^{PACKAGE}\b", "torch", value.__module__)
    parts = path.split(".")
    for end in range(1, len(parts) + 1):
        module = sys.modules.get(".".join((PACKAGE, *parts[1:end])))
        is_private = end > 1 and parts[-1].startswith("_")
        if not is_private and vars(module or types).get(name) is value:
            return ".".join((*parts[:end], name))
    return f"{path}.{name}"


def type_repr(kind: Any) -> str:
    """A type as annotations and listings have it."""
    if type(kind) is not types.GenericAlias and isinstance(kind, type):
        if kind.__module__ == "builtins":
            return kind.__qualname__
        if is_of_torch(kind):
            return _path_in_torch(kind)
        return f"{kind.__module__}.{kind.__qualname__}"
    if kind is ...:
        return "..."
    if isinstance(kind, types.FunctionType):
        return kind.__name__
    return repr(kind)


def shown_target(target: Any) -> str:
    """A node's target as a listing of its graph has it: `operator.add`, `builtins.getattr`."""
    if isinstance(target, str):
        return target
    module = getattr(target, "__module__", None)
    if module in ("builtins", "_operator"):
        return f"{module.removeprefix('_')}.{target.__name__}"
    return qualified_name(target)
