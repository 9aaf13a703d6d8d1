"""The in-place forms of elementwise operations, and the operators of Python's syntax."""

from __future__ import annotations

import functools
from typing import Any

from ..autograd.operation import Operation
from ..dtype import FLOATING
from ..errors import OperationError
from ..tensor import Tensor
from . import activation, comparison, elementwise, matmul
from .common import binary, check_inplace_shape, inplace, method, methods
from .creation import zeros_like


class Fill(Operation):
    """Overwrites x with a number or a 0-d tensor."""

    @staticmethod
    def forward(kernels: Any, x: Any, value: Any, out: Any = None) -> Any:
        return kernels.fill(x, value)

    def backward(self, grad: Tensor) -> Any:
        return zeros_like(grad), grad


class Zero(Fill):
    """Overwrites x with zeros, under PyTorch's name."""


class CopyInto(Operation):
    """Overwrites x with another tensor, broadcast and converted."""

    operation_name = "copy_"

    @staticmethod
    def forward(kernels: Any, x: Any, source: Any, out: Any = None) -> Any:
        return kernels.copy(x, source)

    def backward(self, grad: Tensor) -> Any:
        return zeros_like(grad), grad


CopyInto.__name__ = "CopyBackwards"

add_ = inplace(elementwise.Add, "add_")
sub_ = inplace(elementwise.Sub, "sub_")
mul_ = inplace(elementwise.Mul, "mul_")
div_ = inplace(elementwise.Div, "div_")
pow_ = inplace(elementwise.Pow, "pow_")
neg_ = inplace(elementwise.Neg, "neg_")
exp_ = inplace(elementwise.Exp, "exp_")
log_ = inplace(elementwise.Log, "log_")
sqrt_ = inplace(elementwise.Sqrt, "sqrt_")
abs_ = inplace(elementwise.Abs, "abs_")
relu_ = inplace(activation.Relu, "relu_")
tanh_ = inplace(activation.Tanh, "tanh_")
sigmoid_ = inplace(activation.Sigmoid, "sigmoid_")


@method
def clamp_(self: Tensor, min: Any = None, max: Any = None) -> Tensor:
    """`clamp`, with the result written to this tensor."""
    if isinstance(min, Tensor) or isinstance(max, Tensor):
        return copy_(self, elementwise.clamp(self.clone(), min, max))
    return elementwise.Clamp.apply_inplace(self, min, max)


@method
def fill_(self: Tensor, value: Any) -> Tensor:
    """Every element becomes `value`, a number or a 0-d tensor."""
    if isinstance(value, Tensor) and value.array.ndim:
        raise OperationError(
            "fill_ only supports 0-dimension value tensor but got tensor with "
            f"{value.array.ndim} dimensions."
        )
    return Fill.apply_inplace(self, value)


@method
def zero_(self: Tensor) -> Tensor:
    """Every element becomes 0."""
    return Zero.apply_inplace(self, 0)


@method
def copy_(self: Tensor, source: Any, non_blocking: bool = False) -> Tensor:
    """The values of `source`, broadcast and converted to this tensor's dtype and device."""
    if not isinstance(source, Tensor):
        source = self.new_tensor(source)
    if type(source.array) is not type(self.array):
        source = source.to(self.device)
    check_inplace_shape("copy_", self, source)
    if self.dtype.category < FLOATING:
        source = source.detach()  # whole numbers have no gradient
    return CopyInto.apply_inplace(self, source)


def _operator(function: Any) -> Any:
    """An operator of Python's syntax: what is no operand may know the answer itself."""

    def operator(self: Tensor, other: Any) -> Any:
        try:
            return function(self, other)
        except TypeError:
            return NotImplemented

    return functools.update_wrapper(operator, function)


def _reflected(function: Any) -> Any:
    def operator(self: Tensor, other: Any) -> Any:
        try:
            return function(other, self)
        except TypeError:
            return NotImplemented

    return functools.update_wrapper(operator, function)


# The two that are called most do without the call in between.


def _add(self: Tensor, other: Any) -> Any:
    try:
        return binary(elementwise.Add, self, other)
    except TypeError:
        return NotImplemented


def _mul(self: Tensor, other: Any) -> Any:
    try:
        return binary(elementwise.Mul, self, other)
    except TypeError:
        return NotImplemented


def _invert(self: Tensor) -> Tensor:
    if self.dtype.category >= FLOATING:
        raise TypeError(
            "~ (operator.invert) is only implemented on integer and Boolean-type tensors, not on "
            f"{self.dtype}"
        )
    return comparison.bitwise_not(self)


methods(
    __add__=_add, __radd__=_add, __mul__=_mul, __rmul__=_mul,
    __sub__=_operator(elementwise.sub), __rsub__=_reflected(elementwise.sub),
    __truediv__=_operator(elementwise.div), __rtruediv__=_reflected(elementwise.div),
    __floordiv__=_operator(elementwise.floor_divide),
    __rfloordiv__=_reflected(elementwise.floor_divide),
    __mod__=_operator(elementwise.remainder), __rmod__=_reflected(elementwise.remainder),
    __pow__=_operator(elementwise.pow), __rpow__=_reflected(elementwise.pow),
    __matmul__=_operator(matmul.matmul), __rmatmul__=_reflected(matmul.matmul),
    __neg__=elementwise.neg, __abs__=elementwise.abs,
    __eq__=_operator(comparison.eq), __ne__=_operator(comparison.ne),
    __lt__=_operator(comparison.lt), __le__=_operator(comparison.le),
    __gt__=_operator(comparison.gt), __ge__=_operator(comparison.ge),
    __and__=_operator(comparison.bitwise_and), __or__=_operator(comparison.bitwise_or),
    __xor__=_operator(comparison.bitwise_xor), __rand__=_reflected(comparison.bitwise_and),
    __ror__=_reflected(comparison.bitwise_or), __rxor__=_reflected(comparison.bitwise_xor),
    __invert__=_invert,
    __iadd__=add_, __isub__=sub_, __imul__=mul_, __itruediv__=div_, __ipow__=pow_,
    multiply=elementwise.mul, divide=elementwise.div, true_divide=elementwise.div,
    subtract=elementwise.sub, negative=elementwise.neg, absolute=elementwise.abs,
    clip=elementwise.clamp, multiply_=mul_, divide_=div_, subtract_=sub_,
)  # fmt: skip
