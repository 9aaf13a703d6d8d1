"""What is needed to answer calls for others: `__torch_function__` on classes and modes.

`torch_function.py` tells how a call finds who answers it. Here is what programs use of it, and what
lists the functions that can be answered for.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Iterator
from typing import Any

from .ops.declare import places
from .ops.entry import parameters
from .tensor import Tensor
from .torch_function import (
    BaseTorchFunctionMode,
    DisableTorchFunction,
    DisableTorchFunctionSubclass,
    TorchFunctionMode,
    enable_reentrant_dispatch,
    entry_codes,
    get_default_nowrap_functions,
    handle_torch_function,
    has_torch_function,
    has_torch_function_unary,
    has_torch_function_variadic,
    is_tensor_like,
    wrap_torch_function,
)

__all__ = [
    "BaseTorchFunctionMode", "DisableTorchFunction", "DisableTorchFunctionSubclass",
    "TorchFunctionMode", "enable_reentrant_dispatch", "get_default_nowrap_functions",
    "get_ignored_functions", "get_overridable_functions", "get_testing_overrides",
    "handle_torch_function", "has_torch_function",
    "has_torch_function_unary", "has_torch_function_variadic", "is_tensor_like",
    "is_tensor_method_or_property", "resolve_name", "wrap_torch_function",
]  # fmt: skip


@functools.cache
def _members() -> dict[str, Any]:
    """The methods of tensors by name, and `__get__` and `__set__` of their properties."""
    found: dict[str, Any] = {}
    for name, member in vars(Tensor).items():
        if isinstance(member, property):
            found[f"{name}.__get__"] = member.__get__
            if member.fset is not None:
                found[f"{name}.__set__"] = member.__set__
        elif inspect.isfunction(member) and hasattr(member, "plain"):
            found[name] = member
    return found


def _functions(place: str) -> dict[str, Any]:
    """The functions of a module by name: "torch", "nn.functional"."""
    return {name: f for name, f in places[place].items() if hasattr(f, "plain")}


@functools.cache
def get_ignored_functions() -> set[Callable[..., Any]]:
    """The functions that no argument is asked about; modes see most of them.

    >>> import rushlight as torch
    >>> torch.zeros in torch.overrides.get_ignored_functions()
    True
    """
    made = {f for place in _places() for f in _functions(place).values() if _makes(f)}
    return made | {getattr(Tensor, name) for name in ("__iter__", "as_subclass", "__new__")}


def _makes(function: Any) -> bool:
    """Whether a function makes a tensor of what is none, or of its values alone."""
    if function.__code__ not in entry_codes or function.__name__ == "broadcast_shapes":
        return True
    kinds = [str(p.annotation) for name, p in parameters(function).items() if name != "out"]
    return "device" in parameters(function) and not any("Tensor" in kind for kind in kinds)


def _places() -> Iterator[str]:
    return (place for place in places if place not in ("Tensor", ""))


@functools.cache
def get_overridable_functions() -> dict[Any, list[Callable[..., Any]]]:
    """The functions that `__torch_function__` is asked about, by module, and those of `Tensor`.

    >>> import rushlight as torch
    >>> torch.add in torch.overrides.get_overridable_functions()[torch]
    True
    """
    root = __name__.rpartition(".")[0]
    found: dict[Any, list[Callable[..., Any]]] = {}
    for place in _places():
        module = sys.modules[root if place == "torch" else f"{root}.{place}"]
        functions = dict.fromkeys(_functions(place).values())
        found[module] = [f for f in functions if f not in get_ignored_functions()]
    found[Tensor] = list(dict.fromkeys(_members().values()))
    return found


@functools.cache
def get_testing_overrides() -> dict[Callable[..., Any], Callable[..., Any]]:
    """For each overridable function one of the same signature that returns -1.

    >>> import rushlight as torch
    >>> torch.overrides.get_testing_overrides()[torch.add](1, 2)
    -1
    """
    found = {}
    for functions in get_overridable_functions().values():
        for function in functions:
            found[function] = _dummy_of(function)
    return found


def _dummy_of(function: Any) -> Callable[..., Any]:
    def dummy(*args: Any, **kwargs: Any) -> int:
        return -1

    entry: Any = function
    if not inspect.isfunction(function):  # `__get__` or `__set__` of a property
        entry = function.__self__.fget if function.__name__ == "__get__" else function.__self__.fset
    setattr(dummy, "__signature__", inspect.signature(entry))  # noqa: B010
    return dummy


@functools.cache
def _names() -> dict[Any, str]:
    found: dict[Any, str] = {}
    for place in sorted(_places(), key=lambda name: name != "torch"):
        prefix = "torch" if place == "torch" else f"torch.{place}"
        for name, function in _functions(place).items():
            if function not in found or name == function.__name__:
                found[function] = f"{prefix}.{name}"
    for name, function in _members().items():
        if function not in found:
            found[function] = f"torch.Tensor.{name}"
    return found


def resolve_name(f: Callable[..., Any]) -> str | None:
    """Where users find a function: "torch.add", "torch.Tensor.shape.__get__"; None if nowhere.

    Unlike PyTorch, most methods are the functions of the same name: `torch.Tensor.add` is
    `torch.add`, and is called that.

    >>> import rushlight as torch
    >>> torch.overrides.resolve_name(torch.sin)
    'torch.sin'
    """
    return _names().get(f)


def is_tensor_method_or_property(func: Callable[..., Any]) -> bool:
    """Whether a function is a method of tensors, or reads or sets a property of theirs.

    >>> import rushlight as torch
    >>> f = torch.overrides.is_tensor_method_or_property
    >>> f(torch.Tensor.add), f(torch.zeros)
    (True, False)
    """
    return func in set(_members().values())
