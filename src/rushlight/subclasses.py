"""Tensors as instances of a subclass of `Tensor`."""

from __future__ import annotations

from typing import Any, TypeVar

from .autograd.operation import ViewOperation
from .kernels import launch
from .tensor import Tensor, wrap

AnyTensor = TypeVar("AnyTensor", bound=Tensor)


class Alias(ViewOperation):
    """The tensor itself, as another object."""

    kernel = "permute"
    dims: Any

    def backward(self, grad: Tensor) -> Tensor:
        return grad


def as_subclass(self: Tensor, cls: type[AnyTensor]) -> AnyTensor:
    """The tensor as an instance of `cls`, a class of `Tensor`: same memory, same history.

    >>> import rushlight as torch
    >>> class Temperature(torch.Tensor):
    ...     unit = "K"
    >>> (torch.tensor([280.0, 290.0]).as_subclass(Temperature) + 1).unit
    'K'
    """
    _check_class(cls)
    view = Alias.apply(self, tuple(range(len(self.shape))))
    result = wrap(view.array, cls)
    result._requires_grad, result._grad_fn = view._requires_grad, view._grad_fn
    result._view, result._counter = view._view, view._counter
    return result


def make_subclass(
    cls: type[AnyTensor], data: Tensor, require_grad: bool = False
) -> AnyTensor:
    """A leaf of the class `cls` that shares the memory of `data`."""
    _check_class(cls)
    if not isinstance(data, Tensor):
        raise TypeError(
            f"_make_subclass(): argument 'data' (position 2) must be Tensor, not "
            f"{type(data).__name__}"
        )
    if launch.recorder is not None:
        launch.recorder.see_tensor(data)
    result = wrap(data.array, cls)
    result.requires_grad_(require_grad)
    return result


def _check_class(cls: Any) -> None:
    if not isinstance(cls, type):
        raise TypeError(f"cls must be a type (got {type(cls).__name__})")
    if not issubclass(cls, Tensor):
        raise TypeError(
            "Creating a Tensor subclass from a class that does not inherit from Tensor is not "
            "possible. Make sure your class inherits from Tensor."
        )


setattr(Tensor, "as_subclass", as_subclass)  # noqa: B010
setattr(Tensor, "_make_subclass", staticmethod(make_subclass))  # noqa: B010
