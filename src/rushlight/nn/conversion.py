"""How `module.to(...)` and its like change parameters; `torch.__future__` sets it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..grad_mode import no_grad
from ..tensor import Tensor
from .parameter import Parameter


class _Conversion:
    overwrites = False  # new parameters, and the old as they are
    swaps = False  # a parameter stays the object that it is here, as under `swap_tensors`


conversion = _Conversion()


def converted(parameter: Any, fn: Callable[[Tensor], Tensor]) -> Any:
    """The parameter with the values and the gradient that `fn` gives of its own."""
    grad = parameter.grad
    with no_grad():
        if conversion.overwrites and not conversion.swaps:
            result = Parameter(fn(parameter), parameter.requires_grad)
            result.grad = None if grad is None else fn(grad)
            return result
        parameter.data = fn(parameter)
        if grad is not None:
            grad.data = fn(grad)  # it stays the tensor that it is
            parameter.grad = grad
    return parameter
