"""What modules and optimizers both do with the parameters that they are given."""

from __future__ import annotations

from typing import Any

from .kernels import launch
from .tensor import Tensor


def typename(value: Any) -> str:
    """A value's type as error messages name it: torch.FloatTensor, int, mypackage.Net."""
    if isinstance(value, Tensor):
        return value.type()
    cls = type(value)
    place = "" if cls.__module__ == "builtins" else f"{cls.__module__}."
    return f"{place}{cls.__qualname__}"


def clear_grad(parameter: Tensor, set_to_none: bool) -> None:
    """Takes away a gradient, or fills it with zeros outside any graph it may have come from."""
    if set_to_none:
        if launch.recorder is None:  # what setting `grad` does then, in a tenth of the time
            parameter._grad = None
        else:
            parameter.grad = None
        return
    grad = parameter.grad
    if grad is None:
        return
    if grad.grad_fn is not None:
        grad.detach_()
    else:
        grad.requires_grad_(False)
    grad.zero_()
