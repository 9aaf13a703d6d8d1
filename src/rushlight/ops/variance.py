"""The variance and the standard deviation."""

from __future__ import annotations

import builtins
from math import prod as product
from typing import Any

from ..autograd.operation import SavesInputs, SavesOutputAndInput
from ..categories import INEXACT
from ..dtype import category_of
from ..errors import OperationError
from ..tensor import Tensor
from .choices import where
from .common import normalize_axes
from .declare import operation
from .reduction import Mean, spread
from .signatures import signature_of


class Var(SavesInputs):
    """The mean squared distance from the mean.

    >>> import rushlight as torch
    >>> torch.var(torch.tensor([1.0, 2.0, 4.0, 5.0]))
    tensor(3.3333)
    """

    axes: Any
    correction: Any
    keepdim: bool
    keeps_shape = True

    def backward(self, grad: Tensor) -> Any:
        return _backward(self, grad, self.saved_tensors[0])


class Std(SavesOutputAndInput):
    """The square root of the mean squared distance from the mean.

    >>> import rushlight as torch
    >>> torch.std(torch.tensor([1.0, 2.0, 4.0, 5.0]))
    tensor(1.8257)
    """

    axes: Any
    correction: Any
    keepdim: bool
    keeps_shape = True

    def backward(self, grad: Tensor) -> Any:
        y, x = self.saved_tensors
        return _backward(self, where(y == 0, 0.0, grad / (2 * y)), x)


def _backward(node: Any, grad: Tensor, x: Tensor) -> Tensor:
    count = product(node.input_shape) // builtins.max(product(node._shape), 1)
    freedom = count - node.correction
    factor = 2 / freedom if freedom else float("inf")
    return spread(grad * factor, node) * (x - Mean.apply(x, node.axes, True))


def _arguments(
    name: str, /, input: Tensor, dim: Any = None, unbiased: bool | None = None,
    keepdim: bool = False, *, correction: Any = None,
) -> tuple[Any, ...]:  # fmt: skip
    if isinstance(dim, bool):  # var(unbiased)
        dim, unbiased = None, dim
    if category_of(input.array.dtype) not in INEXACT:
        what = "std and var" if name in ("std", "var") else name
        raise OperationError(
            f"{what} only support floating point and complex dtypes, not {input.dtype}; convert "
            "with .float()"
        )
    if correction is None:
        correction = 1 if unbiased is None or unbiased else 0
    return input, normalize_axes(dim, input.array.ndim), correction, keepdim


@operation(out="cast")
def var(
    input: Tensor, dim: Any = None, unbiased: bool | None = None, keepdim: bool = False, *,
    correction: Any = None,
) -> Tensor:  # fmt: skip
    """The mean squared distance from the mean, divided by n - `correction` (1 unless told so).

    >>> import rushlight as torch
    >>> torch.var(torch.tensor([1.0, 2.0, 4.0, 5.0]))
    tensor(3.3333)
    """
    return Var.apply(*_arguments("var", input, dim, unbiased, keepdim, correction=correction))


@operation(out="cast")
def std(
    input: Tensor, dim: Any = None, unbiased: bool | None = None, keepdim: bool = False, *,
    correction: Any = None,
) -> Tensor:  # fmt: skip
    """The square root of `var`; its gradient is 0 where all elements are equal.

    >>> import rushlight as torch
    >>> torch.std(torch.tensor([1.0, 2.0, 4.0, 5.0]))
    tensor(1.8257)
    """
    return Std.apply(*_arguments("std", input, dim, unbiased, keepdim, correction=correction))


@operation(method=False, out="cast")
@signature_of(_arguments)
def var_mean(*arguments: Any, **options: Any) -> tuple[Tensor, Tensor]:
    """`var`, and the mean, along the same dimensions.

    >>> import rushlight as torch
    >>> torch.var_mean(torch.tensor([1.0, 2.0, 3.0]))
    (tensor(1.), tensor(2.))
    """
    x, axes, correction, keepdim = _arguments("var_mean", *arguments, **options)
    return Var.apply(x, axes, correction, keepdim), Mean.apply(x, axes, keepdim)


@operation(method=False, out="cast")
@signature_of(_arguments)
def std_mean(*arguments: Any, **options: Any) -> tuple[Tensor, Tensor]:
    """`std`, and the mean, along the same dimensions.

    >>> import rushlight as torch
    >>> torch.std_mean(torch.tensor([1.0, 3.0, 5.0]))
    (tensor(2.), tensor(3.))
    """
    x, axes, correction, keepdim = _arguments("std_mean", *arguments, **options)
    return Std.apply(x, axes, correction, keepdim), Mean.apply(x, axes, keepdim)
