"""Arithmetic, powers, exponentials, trigonometry and choices, element by element."""

from __future__ import annotations

from typing import Any

from ..autograd.operation import Operation, SavesInputs, SavesOutput
from ..dtype import BOOL, COMPLEX, FLOATING, get_default_dtype, int64
from ..errors import NotSupportedError, OperationError
from ..scalars import checked
from ..tensor import Tensor
from .common import (
    as_floating,
    binary,
    check_ordered,
    full_like_number,
    method,
    plain,
    promoted,
    result_type,
)
from .creation import zeros_like


class Add(Operation):
    @staticmethod
    def forward(kernels: Any, a: Any, b: Any, out: Any = None) -> Any:
        return kernels.add(a, b, out)

    def backward(self, grad: Tensor) -> Any:
        return grad, grad


class Sub(Operation):
    @staticmethod
    def forward(kernels: Any, a: Any, b: Any, out: Any = None) -> Any:
        return kernels.sub(a, b, out)

    def backward(self, grad: Tensor) -> Any:
        return grad, -grad if self.needs(1) else None


class Mul(Operation):
    saves_input = True

    @staticmethod
    def forward(kernels: Any, a: Any, b: Any, out: Any = None) -> Any:
        return kernels.mul(a, b, out)

    def setup_context(self, inputs: Any, output: Any) -> None:
        a, b = inputs
        self.save(b if self.needs(0) else None, a if self.needs(1) else None)

    def backward(self, grad: Tensor) -> Any:
        b, a = self.saved_tensors
        return grad * b if self.needs(0) else None, grad * a if self.needs(1) else None


class Div(Operation):
    saves_input = True

    @staticmethod
    def forward(kernels: Any, a: Any, b: Any, out: Any = None) -> Any:
        return kernels.div(a, b, out)

    def setup_context(self, inputs: Any, output: Any) -> None:
        a, b = inputs
        self.save(b, a if self.needs(1) else None)

    def backward(self, grad: Tensor) -> Any:
        b, a = self.saved_tensors
        grad_a = grad / b
        return grad_a, -grad_a * (a / b) if self.needs(1) else None


class Neg(Operation):
    @staticmethod
    def forward(kernels: Any, x: Any, out: Any = None) -> Any:
        return kernels.neg(x, out)

    def backward(self, grad: Tensor) -> Any:
        return -grad


class Pow(SavesInputs):
    @staticmethod
    def forward(kernels: Any, a: Any, b: Any, out: Any = None) -> Any:
        return kernels.pow(a, b, out)

    def backward(self, grad: Tensor) -> Any:
        a, b = self.saved_tensors
        grad_a = grad_b = None
        if self.needs(0):
            if isinstance(b, Tensor):
                grad_a = where(b == 0, 0.0, grad * b * a ** (b - 1))
            else:
                grad_a = grad * (b * a ** (b - 1)) if b != 0 else zeros_like(grad)
        if self.needs(1):  # 0 ** b is flat for b > 0, although log(0) is not finite
            grad_b = grad * where((a == 0) & (b >= 0), 0.0, a**b * log(a))
        return grad_a, grad_b


class Square(SavesInputs):
    """x * x, the most common power."""

    @staticmethod
    def forward(kernels: Any, x: Any) -> Any:
        return kernels.mul(x, x)

    def backward(self, grad: Tensor) -> Any:
        return grad * (2 * self.saved_tensors[0])


Square.__name__ = "PowBackward0"


class Exp(SavesOutput):
    @staticmethod
    def forward(kernels: Any, x: Any, out: Any = None) -> Any:
        return kernels.exp(x, out)

    def backward(self, grad: Tensor) -> Any:
        return grad * self.saved_tensors[0]


class Log(SavesInputs):
    @staticmethod
    def forward(kernels: Any, x: Any, out: Any = None) -> Any:
        return kernels.log(x, out)

    def backward(self, grad: Tensor) -> Any:
        return grad / self.saved_tensors[0]


class Log1P(SavesInputs):
    @staticmethod
    def forward(kernels: Any, x: Any, out: Any = None) -> Any:
        return kernels.log1p(x, out)

    def backward(self, grad: Tensor) -> Any:
        return grad / (self.saved_tensors[0] + 1)


class Sqrt(SavesOutput):
    @staticmethod
    def forward(kernels: Any, x: Any, out: Any = None) -> Any:
        return kernels.sqrt(x, out)

    def backward(self, grad: Tensor) -> Any:
        return grad / (2 * self.saved_tensors[0])


class Rsqrt(SavesOutput):
    @staticmethod
    def forward(kernels: Any, x: Any, out: Any = None) -> Any:
        return kernels.rsqrt(x, out)

    def backward(self, grad: Tensor) -> Any:
        return -0.5 * grad * self.saved_tensors[0] ** 3


class Reciprocal(SavesOutput):
    @staticmethod
    def forward(kernels: Any, x: Any, out: Any = None) -> Any:
        return kernels.reciprocal(x, out)

    def backward(self, grad: Tensor) -> Any:
        y = self.saved_tensors[0]
        return -grad * y * y


class Abs(SavesInputs):
    @staticmethod
    def forward(kernels: Any, x: Any, out: Any = None) -> Any:
        return kernels.abs(x, out)

    def backward(self, grad: Tensor) -> Any:
        return grad * self.saved_tensors[0].sign()


class Sin(SavesInputs):
    @staticmethod
    def forward(kernels: Any, x: Any, out: Any = None) -> Any:
        return kernels.sin(x, out)

    def backward(self, grad: Tensor) -> Any:
        return grad * cos(self.saved_tensors[0])


class Cos(SavesInputs):
    @staticmethod
    def forward(kernels: Any, x: Any, out: Any = None) -> Any:
        return kernels.cos(x, out)

    def backward(self, grad: Tensor) -> Any:
        return -grad * sin(self.saved_tensors[0])


class Clamp(SavesInputs):
    @staticmethod
    def forward(kernels: Any, x: Any, low: Any, high: Any, out: Any = None) -> Any:
        return kernels.clamp(x, low, high, out)

    def backward(self, grad: Tensor) -> Any:
        x, low, high = self.saved_tensors
        inside = x == x
        if low is not None:
            inside = inside & (x >= low)
        if high is not None:
            inside = inside & (x <= high)
        return where(inside, grad, 0.0)  # not grad * 0: what comes back may be infinite


class Maximum(SavesInputs):
    @staticmethod
    def forward(kernels: Any, a: Any, b: Any, out: Any = None) -> Any:
        return kernels.maximum(a, b, out)

    def backward(self, grad: Tensor) -> Any:
        return _share(grad, *self.saved_tensors)


class Minimum(SavesInputs):
    @staticmethod
    def forward(kernels: Any, a: Any, b: Any, out: Any = None) -> Any:
        return kernels.minimum(a, b, out)

    def backward(self, grad: Tensor) -> Any:
        a, b = self.saved_tensors
        return _share(grad, b, a)


def _share(grad: Tensor, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """The gradients of max(a, b): the larger one's, half of it each where they are equal."""
    half = grad / 2
    equal = a == b
    return (
        where(equal, half, where(a > b, grad, 0.0)), where(equal, half, where(a > b, 0.0, grad))
    )  # fmt: skip


class Where(Operation):
    @staticmethod
    def forward(kernels: Any, condition: Any, a: Any, b: Any) -> Any:
        return kernels.where(condition, a, b)

    def setup_context(self, inputs: Any, output: Any) -> None:
        self.save(inputs[0])

    def backward(self, grad: Tensor) -> Any:
        condition = self.saved_tensors[0]
        zero = grad.new_zeros(())
        return None, Where.apply(condition, grad, zero), Where.apply(condition, zero, grad)


class MaskedFill(Where):
    """One value where the mask is true: a choice under PyTorch's name."""


# ---- arithmetic


@method
def add(input: Tensor, other: Any, *, alpha: Any = 1) -> Tensor:
    """`input + alpha * other`, broadcast.

    >>> import rushlight as torch
    >>> torch.add(torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0]), alpha=10)
    tensor([31., 42.])
    """
    if alpha != 1:
        other = other * alpha
    return binary(Add, input, other)


@method
def sub(input: Tensor, other: Any, *, alpha: Any = 1) -> Tensor:
    """`input - alpha * other`, broadcast."""
    if alpha != 1:
        other = other * alpha
    if _is_bool(input) or _is_bool(other):
        raise OperationError(
            "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying "
            "to invert a mask, use the `~` or `logical_not()` operator instead."
        )
    return binary(Sub, input, other)


@method
def mul(input: Tensor, other: Any) -> Tensor:
    """`input * other`, broadcast."""
    return binary(Mul, input, other)


@method
def div(input: Tensor, other: Any, *, rounding_mode: str | None = None) -> Tensor:
    """`input / other`, broadcast; rounded towards zero ("trunc") or down ("floor") on request."""
    if rounding_mode == "floor":
        return floor_divide(input, other)
    if rounding_mode not in (None, "trunc"):
        raise RuntimeError(
            "div expected rounding_mode to be one of None, 'trunc', or 'floor' but found "
            f"'{rounding_mode}'"
        )
    kind = result_type(input, other)
    if kind.category < FLOATING:
        quotient = binary(Div, *promoted("div", input, other, get_default_dtype()))
    else:
        quotient = binary(Div, input, other)
    if rounding_mode is None:
        return quotient
    return quotient.trunc().to(kind)


@method
def neg(input: Tensor) -> Tensor:
    """`-input`."""
    if _is_bool(input):
        raise OperationError(
            "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to "
            "invert a mask, use the `~` or `logical_not()` operator instead."
        )
    return Neg.apply(input)


@method
def pow(input: Any, exponent: Any) -> Tensor:
    """`input ** exponent`, broadcast."""
    if isinstance(exponent, (int, float)) and isinstance(input, Tensor):
        if exponent == 2:
            return square(input)
        if isinstance(exponent, int) and exponent < 0 and not input.is_floating_point():
            raise OperationError("Integers to negative integer powers are not allowed.")
    return binary(Pow, input, exponent)


@method
def floor_divide(input: Tensor, other: Any) -> Tensor:
    """The largest whole number not above `input / other`. It has no gradient."""
    return plain("floor_divide", input, other, refused="bc")


@method
def remainder(input: Tensor, other: Any) -> Tensor:
    """`input - other * floor(input / other)`: what is left, with the divisor's sign."""
    if isinstance(input, Tensor) and input.requires_grad:
        return input - other * floor_divide(input.detach(), other)
    return plain("remainder", input, other, refused="bc")


def _is_bool(value: Any) -> bool:
    return isinstance(value, Tensor) and value.dtype.category == BOOL


# ---- powers and exponentials


@method
def exp(input: Tensor) -> Tensor:
    """e to the power of each element."""
    return Exp.apply(as_floating(input))


@method
def log(input: Tensor) -> Tensor:
    """The natural logarithm; -inf at 0, nan below it."""
    return Log.apply(as_floating(input))


@method
def log1p(input: Tensor) -> Tensor:
    """log(1 + x), accurate near 0."""
    return Log1P.apply(as_floating(input))


@method
def sqrt(input: Tensor) -> Tensor:
    """The square root; nan below 0."""
    return Sqrt.apply(as_floating(input))


@method
def rsqrt(input: Tensor) -> Tensor:
    """1 / sqrt(x)."""
    return Rsqrt.apply(as_floating(input))


@method
def reciprocal(input: Tensor) -> Tensor:
    """1 / x."""
    return Reciprocal.apply(as_floating(input))


@method
def square(input: Tensor) -> Tensor:
    """x * x."""
    return Square.apply(input.to(int64) if _is_bool(input) else input)


@method
def abs(input: Tensor) -> Tensor:
    """|x|, with gradient 0 at 0."""
    if _is_bool(input):
        raise NotImplementedError("abs is not implemented for torch.bool")
    return Abs.apply(input)


@method
def sin(input: Tensor) -> Tensor:
    """The sine of an angle in radians."""
    return Sin.apply(as_floating(input))


@method
def cos(input: Tensor) -> Tensor:
    """The cosine of an angle in radians."""
    return Cos.apply(as_floating(input))


# ---- limits and choices


@method
def clamp(input: Tensor, min: Any = None, max: Any = None) -> Tensor:
    """Elements below `min` become `min`, those above `max` become `max`."""
    if min is None and max is None:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    if isinstance(min, Tensor) or isinstance(max, Tensor):
        lifted = input if min is None else maximum(input, _as_tensor(min, input))
        return lifted if max is None else minimum(lifted, _as_tensor(max, input))
    kind = result_type(input, *(v for v in (min, max) if v is not None))
    if kind.category == COMPLEX:
        raise NotSupportedError(f"clamp is not supported for complex types ({kind})")
    return Clamp.apply(input if kind is input.dtype else input.to(kind), min, max)


def _as_tensor(value: Any, like: Tensor) -> Tensor:
    return value if isinstance(value, Tensor) else full_like_number(value, like.dtype, like)


@method
def maximum(input: Tensor, other: Tensor) -> Tensor:
    """The larger of two elements; nan if either is."""
    return check_ordered("maximum", binary(Maximum, input, other))


@method
def minimum(input: Tensor, other: Tensor) -> Tensor:
    """The smaller of two elements; nan if either is."""
    return check_ordered("minimum", binary(Minimum, input, other))


def where(condition: Tensor, input: Any = None, other: Any = None) -> Any:
    """`input` where `condition` is true, `other` elsewhere; alone, the indices where it is true."""
    if input is None and other is None:
        return condition.nonzero(as_tuple=True)
    if condition.dtype.category != BOOL:
        raise OperationError(
            f"where expected condition to be a boolean tensor, but got a tensor with dtype "
            f"{condition.dtype}"
        )
    if not isinstance(input, Tensor) and not isinstance(other, Tensor):
        input = full_like_number(input, result_type(input, other), condition)
    a, b = promoted("where", input, other)
    if not isinstance(b, Tensor):
        b = full_like_number(b, a.dtype, a)
    return Where.apply(condition, a, b)


@method
def masked_fill(input: Tensor, mask: Tensor, value: Any) -> Tensor:
    """`input` with `value` where `mask` is true."""
    if not _is_bool(mask):
        raise OperationError(
            f"masked_fill_ only supports boolean masks, but got mask with dtype {mask.dtype}"
        )
    if isinstance(value, (int, float)):
        value = full_like_number(checked(value, input.array.dtype), input.dtype, input)
    elif not isinstance(value, Tensor):
        value = input.new_tensor(value)
    if value.array.ndim:
        raise OperationError(
            "masked_fill_ only supports a 0-dimensional value tensor, but got tensor with "
            f"{value.array.ndim} dimension(s)."
        )
    return MaskedFill.apply(mask, value.to(input.dtype), input)


@method
def lerp(input: Tensor, end: Tensor, weight: Any) -> Tensor:
    """`input + weight * (end - input)`."""
    return input + weight * (end - input)


multiply, divide, true_divide, subtract, negative = mul, div, div, sub, neg
absolute, clip = abs, clamp
