"""Two tensors that change places."""

from __future__ import annotations

import weakref
from typing import Any

from ..kernels import launch
from ..tensor import Tensor

_SLOTS = ("array", "_requires_grad", "_grad_fn", "_view")


def swap_tensors(t1: Tensor, t2: Tensor) -> None:
    """Exchanges what two tensors are: values, gradients, history, hooks, classes and attributes.

    Whoever holds the one sees the other from then on. RuntimeError where a weak reference to either
    exists, as it would see the other, too. Unlike PyTorch's, the gradient of what was computed from
    a leaf before goes to the object that it was computed from.

    >>> import rushlight as torch
    >>> a, b = torch.zeros(1), torch.ones(2)
    >>> torch.utils.swap_tensors(a, b)
    >>> a, b
    (tensor([1., 1.]), tensor([0.]))
    """
    for name, tensor in (("t1", t1), ("t2", t2)):
        if not isinstance(tensor, Tensor):
            raise TypeError(f"swap_tensors: {name} must be a Tensor, not {type(tensor).__name__}")
        if weakref.getweakrefs(tensor):
            raise RuntimeError(f"Cannot swap {name} because it has weakref associated with it")
    launch.refuse_record("swaps tensors")
    launch.structure_changed()
    first, second = _taken(t1), _taken(t2)
    _fill(t1, second)
    _fill(t2, first)


def _taken(tensor: Tensor) -> tuple[type, dict[str, Any], list[Any]]:
    return type(tensor), tensor.__dict__, [getattr(tensor, slot) for slot in _SLOTS]


def _fill(tensor: Any, taken: tuple[type, dict[str, Any], list[Any]]) -> None:
    tensor.__class__, tensor.__dict__ = taken[:2]
    for slot, value in zip(_SLOTS, taken[2], strict=True):
        setattr(tensor, slot, value)
