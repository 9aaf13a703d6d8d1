"""Arithmetic, powers, exponentials, trigonometry and choices, element by element."""

from __future__ import annotations

from typing import Any, overload

from ..autograd.operation import Operation, SavesInputs, SavesOutput
from ..dtype import COMPLEX
from ..errors import NotSupportedError, OperationError
from ..tensor import Tensor
from ..types import Number
from .common import check_ordered, conjugated
from .creation import zeros_like
from .declare import Binary, Unary, operation
from .entry import run_inplace
from .promotion import full_like_number, promoted, result_type

# ---- arithmetic


class Add(Binary):
    """`input + alpha * other`, broadcast.

    >>> import rushlight as torch
    >>> torch.add(torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0]), alpha=10)
    tensor([31., 42.])
    """

    commutative = True

    def backward(self, grad: Tensor) -> Any:
        return grad, grad


class Sub(Binary):
    """`input - alpha * other`, broadcast."""

    refuses_bool = (
        "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to "
        "invert a mask, use the `~` or `logical_not()` operator instead."
    )

    def backward(self, grad: Tensor) -> Any:
        return grad, -grad if self.needs(1) else None


class Mul(Binary):
    """`input * other`, broadcast."""

    commutative = True
    saves_input = True

    def setup_context(self, inputs: Any, output: Any) -> None:
        a, b = inputs
        self.save(b if self.needs(0) else None, a if self.needs(1) else None)

    def backward(self, grad: Tensor) -> Any:
        b, a = self.saved_tensors
        return (
            grad * conjugated(b) if self.needs(0) else None,
            grad * conjugated(a) if self.needs(1) else None,
        )


class Div(Binary):
    """`input / other`, broadcast."""

    floats = True
    saves_input = True

    def setup_context(self, inputs: Any, output: Any) -> None:
        a, b = inputs
        self.save(b, a if self.needs(1) else None)

    def backward(self, grad: Tensor) -> Any:
        b, a = self.saved_tensors
        grad_a = grad / conjugated(b)
        return grad_a, -grad_a * conjugated(a / b) if self.needs(1) else None


class Neg(Unary):
    """`-input`."""

    def backward(self, grad: Tensor) -> Tensor:
        return -grad


class FloorDivide(Binary):
    """The largest whole number not above `input / other`. It has no gradient."""

    differentiable = False


class Remainder(SavesInputs, Binary):
    """`input - other * floor(input / other)`: what is left, with the divisor's sign."""

    def backward(self, grad: Tensor) -> Any:
        a, b = self.saved_tensors
        return grad, -grad * floor_divide(a, b) if self.needs(1) else None


add = Add.define(alpha=True, operator="add")
sub = Sub.define("subtract", alpha=True, operator="sub")
mul = Mul.define("multiply", operator="mul")
_true_divide = Div.define(operator="truediv")
neg = Neg.define("negative")
floor_divide = FloorDivide.define(operator="floordiv")
remainder = Remainder.define(operator="mod")


@operation("torch", "divide")
def div(
    input: Tensor, other: Tensor | Number, *, rounding_mode: str | None = None,
    out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """`input / other`, broadcast; rounded towards zero ("trunc") or down ("floor") on request."""
    if rounding_mode is None:
        return _true_divide(input, other)
    if rounding_mode == "floor":
        return floor_divide(input, other)
    if rounding_mode != "trunc":
        raise RuntimeError(
            "div expected rounding_mode to be one of None, 'trunc', or 'floor' but found "
            f"'{rounding_mode}'"
        )
    return _true_divide(input, other).trunc().to(result_type(input, other))


@operation("Tensor", "divide_")
def div_(self: Tensor, other: Tensor | Number, *, rounding_mode: str | None = None) -> Tensor:
    """`div`, with the result written to this tensor."""
    if rounding_mode is None:
        return self.__itruediv__(other)
    return run_inplace(div, self, (other,), {"rounding_mode": rounding_mode})


@operation(inplace=True)
def true_divide(input: Tensor, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """`input / other`, broadcast."""
    return _true_divide(input, other)


# ---- powers


class Pow(SavesInputs, Binary):
    """`input ** exponent`, broadcast."""

    def backward(self, grad: Tensor) -> Any:
        a, b = self.saved_tensors
        grad_a = grad_b = None
        if self.needs(0):
            if isinstance(b, Tensor):
                grad_a = where(b == 0, 0.0, grad * conjugated(b * a ** (b - 1)))
            else:
                grad_a = grad * conjugated(b * a ** (b - 1)) if b != 0 else zeros_like(grad)
        if self.needs(1):  # 0 ** b is flat for b > 0, although log(0) is not finite
            flat = (a == 0) & (b.real >= 0)
            grad_b = grad * conjugated(where(flat, 0.0, a**b * log(a)))
        return grad_a, grad_b


class Square(SavesInputs, Unary):
    """x * x."""

    node_name = "PowBackward0"

    def backward(self, grad: Tensor) -> Tensor:
        return grad * conjugated(2 * self.saved_tensors[0])


_pow = Pow.define(inplace=False, place="")
square = Square.define()


@operation(inplace=True)
def pow(input: Any, exponent: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """`input ** exponent`, broadcast; either may be a number, but not both."""
    if isinstance(input, Tensor):
        if exponent.__class__ in (int, float):
            if exponent == 2 and input.array.dtype.kind in "fc":
                return square(input)
            if exponent.__class__ is int and exponent < 0 and input.array.dtype.kind in "biu":
                raise OperationError("Integers to negative integer powers are not allowed.")
        return _pow(input, exponent)
    return Pow.call(input, exponent)


# ---- exponentials, roots, trigonometry


class Exp(SavesOutput, Unary):
    """e to the power of each element."""

    def backward(self, grad: Tensor) -> Tensor:
        return grad * conjugated(self.saved_tensors[0])


class Log(SavesInputs, Unary):
    """The natural logarithm; -inf at 0, nan below it."""

    def backward(self, grad: Tensor) -> Tensor:
        return grad / conjugated(self.saved_tensors[0])


class Log1p(SavesInputs, Unary):
    """log(1 + x), accurate near 0."""

    node_name = "Log1PBackward0"

    def backward(self, grad: Tensor) -> Tensor:
        return grad / conjugated(self.saved_tensors[0] + 1)


class Sqrt(SavesOutput, Unary):
    """The square root; nan below 0."""

    def backward(self, grad: Tensor) -> Tensor:
        return grad / conjugated(2 * self.saved_tensors[0])


class Rsqrt(SavesOutput, Unary):
    """1 / sqrt(x)."""

    def backward(self, grad: Tensor) -> Tensor:
        return -0.5 * grad * conjugated(self.saved_tensors[0] ** 3)


class Reciprocal(SavesOutput, Unary):
    """1 / x."""

    def backward(self, grad: Tensor) -> Tensor:
        y = conjugated(self.saved_tensors[0])
        return -grad * y * y


class Abs(SavesInputs, Unary):
    """|x|, with gradient 0 at 0."""

    def backward(self, grad: Tensor) -> Tensor:
        return grad * self.saved_tensors[0].sgn()


class Sin(SavesInputs, Unary):
    """The sine of an angle in radians."""

    def backward(self, grad: Tensor) -> Tensor:
        return grad * conjugated(cos(self.saved_tensors[0]))


class Cos(SavesInputs, Unary):
    """The cosine of an angle in radians."""

    def backward(self, grad: Tensor) -> Tensor:
        return -grad * conjugated(sin(self.saved_tensors[0]))


exp, log, log1p = Exp.define(), Log.define(), Log1p.define()
sqrt, rsqrt, reciprocal = Sqrt.define(), Rsqrt.define(), Reciprocal.define()
abs = Abs.define("absolute")
sin, cos = Sin.define(), Cos.define()


# ---- limits and choices


class Clamp(SavesInputs):
    """Elements below the lower limit and above the upper one moved there; None is no limit."""

    low: Any
    high: Any

    def backward(self, grad: Tensor) -> Tensor:
        (x,) = self.saved_tensors
        inside = x == x
        if self.low is not None:
            inside = inside & (x >= self.low)
        if self.high is not None:
            inside = inside & (x <= self.high)
        return where(inside, grad, 0.0)  # not grad * 0: what comes back may be infinite


class Maximum(SavesInputs, Binary):
    """The larger of two elements; nan if either is."""

    def backward(self, grad: Tensor) -> Any:
        return _share(grad, *self.saved_tensors)


class Minimum(SavesInputs, Binary):
    """The smaller of two elements; nan if either is."""

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
    """One of two elements, as a mask says."""

    saves = (0,)

    def backward(self, grad: Tensor) -> Any:
        condition = self.saved_tensors[0]
        zero = grad.new_zeros(())
        return None, Where.apply(condition, grad, zero), Where.apply(condition, zero, grad)


_MaskedFill = Where.renamed("MaskedFill")

_maximum = Maximum.define(inplace=False, place="")
_minimum = Minimum.define(inplace=False, place="")


@operation("torch", "clip", inplace=True)
def clamp(input: Tensor, min: Any = None, max: Any = None, *, out: Tensor | None = None) -> Tensor:
    """Elements below `min` become `min`, those above `max` become `max`."""
    if min is None and max is None:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    if isinstance(min, Tensor) or isinstance(max, Tensor):
        lifted = input if min is None else _maximum(input, _as_tensor(min, input))
        return lifted if max is None else _minimum(lifted, _as_tensor(max, input))
    kind = result_type(input, *(v for v in (min, max) if v is not None))
    if kind.category == COMPLEX:
        raise NotSupportedError(f"clamp is not supported for complex types ({kind})")
    return Clamp.apply(input if kind is input.dtype else input.to(kind), min, max)


def _as_tensor(value: Any, like: Tensor) -> Tensor:
    return value if isinstance(value, Tensor) else full_like_number(value, like.dtype, like)


@operation
def maximum(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The larger of two elements; nan if either is."""
    return check_ordered("maximum", _maximum(input, other))


@operation
def minimum(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The smaller of two elements; nan if either is."""
    return check_ordered("minimum", _minimum(input, other))


@overload
def where(condition: Tensor) -> tuple[Tensor, ...]: ...


@overload
def where(
    condition: Tensor, input: Tensor | Number, other: Tensor | Number, *, out: Tensor | None = None
) -> Tensor: ...


@operation(method=False)
def where(
    condition: Tensor, input: Any = None, other: Any = None, *, out: Tensor | None = None
) -> Any:
    """`input` where `condition` is true, `other` elsewhere; alone, the indices where it is true."""
    if input is None and other is None:
        return condition.nonzero(as_tuple=True)
    if condition.array.dtype.kind != "b":
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


@operation(inplace=True)
def masked_fill(input: Tensor, mask: Tensor, value: Any) -> Tensor:
    """`input` with `value` where `mask` is true."""
    if not _is_bool(mask):
        raise OperationError(
            f"masked_fill_ only supports boolean masks, but got mask with dtype {mask.dtype}"
        )
    if isinstance(value, (int, float)):
        value = full_like_number(value, input.dtype, input)
    elif not isinstance(value, Tensor):
        value = input.new_tensor(value)
    if value.array.ndim:
        raise OperationError(
            "masked_fill_ only supports a 0-dimensional value tensor, but got tensor with "
            f"{value.array.ndim} dimension(s)."
        )
    return _MaskedFill.apply(mask, value.to(input.dtype), input)


def _is_bool(value: Any) -> bool:
    return isinstance(value, Tensor) and value.array.dtype.kind == "b"


@operation(inplace=True)
def lerp(input: Tensor, end: Tensor, weight: Any, *, out: Tensor | None = None) -> Tensor:
    """`input + weight * (end - input)`."""
    return input + weight * (end - input)
