"""Functions of Python's called for each element: `apply_`, `map_`, `map2_`. They are slow."""

from __future__ import annotations

import numbers
from collections.abc import Callable
from typing import Any

from ..kernels.launch import refuse_record
from ..tensor import Tensor
from .common import check_same_device
from .declare import operation
from .expansion import expand
from .from_data import tensor


@operation("Tensor")
def apply_(input: Tensor, callable: Callable[[Any], Any]) -> Tensor:
    """Overwrites each element with what a function of Python's makes of it, one by one.

    >>> import rushlight as torch
    >>> torch.tensor([1.0, 2.0]).apply_(lambda x: 10 * x)
    tensor([10., 20.])
    """
    return _called("apply_", callable, input)


@operation("Tensor")
def map_(input: Tensor, other: Tensor, callable: Callable[[Any, Any], Any]) -> Tensor:
    """Overwrites each element with what a function makes of it and that of another tensor.

    The other one has the same dtype and broadcasts.

    >>> import rushlight as torch
    >>> torch.tensor([1.0, 2.0]).map_(torch.tensor([3.0, 4.0]), lambda x, y: x * y)
    tensor([3., 8.])
    """
    return _called("map_", callable, input, other)


@operation("Tensor")
def map2_(input: Tensor, x: Tensor, y: Tensor, callable: Callable[[Any, Any, Any], Any]) -> Tensor:
    """Overwrites each element with what a function makes of it and those of two other tensors.

    >>> import rushlight as torch
    >>> one = torch.ones(2)
    >>> torch.tensor([1.0, 2.0]).map2_(one, 3 * one, lambda a, b, c: a + b + c)
    tensor([5., 6.])
    """
    return _called("map2_", callable, input, x, y)


def _called(name: str, function: Any, input: Tensor, *others: Tensor) -> Tensor:
    if any(x.requires_grad for x in (input, *others)):
        raise RuntimeError(
            f"Can't call {name}() on Variable that requires grad. Use var.detach().{name}() "
            "instead."
        )
    for other in others:
        if other.dtype is not input.dtype:
            raise TypeError(f"{name}: expected {input.type()} for 'other' (got {other.type()})")
    if not callable(function):
        raise TypeError(f"{name}: '{type(function).__name__}' object is not callable")
    check_same_device(name, input, *others)
    shape = input.array.shape
    full = [input, *(expand(x, shape) for x in others)]
    if input.is_meta:
        return input  # it has no elements
    refuse_record(f"calls a function for each element ({name})")
    columns = [x.flatten().tolist() for x in full]
    values = [function(*row) for row in zip(*columns, strict=True)]
    for value in values:
        if not isinstance(value, numbers.Number):
            raise TypeError(f"{name}: must be real number, not {type(value).__name__}")
    return input.copy_(tensor(values, dtype=input.dtype, device=input.device).reshape(shape))
