"""PyTorch's operators by the names that its dispatcher has: `torch.ops.aten.add.Tensor`.

Functions here have no overloads: whichever is named, it is the one function.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from .ops.declare import places
from .tensor import Tensor

# The beginning of a name, and the namespace whose functions have it.
_PREFIXES = {"linalg_": "linalg", "special_": "special", "fft_": "fft"}


class Operator:
    """An operator, or one of its overloads, which calls the function of its name."""

    def __init__(self, name: str, function: Any, overload: str | None = None) -> None:
        self._name, self._function, self._overload = name, function, overload
        self.__name__ = name if overload is None else f"{name}.{overload}"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._function(*args, **kwargs)

    def __getattr__(self, overload: str) -> Operator:
        if overload.startswith("_") or self._overload is not None:
            raise AttributeError(f"the operator aten::{self.__name__} has no overload '{overload}'")
        return Operator(self._name, self._function, overload)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Operator) and other.__name__ == self.__name__

    def __hash__(self) -> int:
        return hash(self.__name__)

    def __repr__(self) -> str:
        if self._overload is None:
            return f"<OpOverloadPacket(op='aten.{self._name}')>"
        return f"<OpOverload(op='aten.{self._name}', overload='{self._overload}')>"


class Aten:
    """`torch.ops.aten`.

    >>> import rushlight as torch
    >>> torch.ops.aten.add.Tensor(torch.ones(2), 1)
    tensor([2., 2.])
    """

    def __getattr__(self, name: str) -> Operator:
        function = _function(name)
        if function is None:
            raise AttributeError(f"'_OpNamespace' 'aten' object has no attribute '{name}'")
        return Operator(name, function)


@cache
def _function(name: str) -> Any:
    """The function of a name, or the method: `view`, `add_`."""
    if name.startswith("__"):
        return None
    for prefix, place in _PREFIXES.items():
        if name.startswith(prefix) and name.removeprefix(prefix) in places[place]:
            return places[place][name.removeprefix(prefix)]
    found = places["torch"].get(name) or places["nn.functional"].get(name)
    method = None if found is not None else getattr(Tensor, name, None)
    return found or (method if callable(method) else None)
