"""Arithmetic, powers, exponentials and logarithms, element by element."""

from __future__ import annotations

from typing import Any

from ..autograd.operation import SavesInputs
from ..categories import MASKS_SUBTRACTED, NUMBERS, check_taken
from ..dtype import BOOL, FLOATING, INTEGER, category_of
from ..errors import OperationError
from ..scalars import checked, number
from ..tensor import Tensor
from ..types import Number
from .choices import where
from .common import conjugated
from .creation import zeros_like
from .curves import FlatGradient
from .declare import Binary, Unary, operation
from .promotion import of_one_dtype
from .writing import run_inplace

# ---- arithmetic


class Add(Binary):
    """`input + alpha * other`, broadcast.

    >>> import rushlight as torch
    >>> torch.add(torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0]), alpha=10)
    tensor([31., 42.])
    """

    takes_number_first = wide_scalar = True
    commutative = True

    def backward(self, grad: Tensor) -> Any:
        return grad, grad


class Sub(Binary):
    """`input - alpha * other`, broadcast.

    >>> import rushlight as torch
    >>> torch.sub(torch.tensor([1, 2]), 1)
    tensor([0, 1])
    """

    takes_number_first = wide_scalar = True
    refuses_bool = MASKS_SUBTRACTED

    def backward(self, grad: Tensor) -> Any:
        return grad, -grad if self.needs(1) else None


class Mul(Binary):
    """`input * other`, broadcast.

    >>> import rushlight as torch
    >>> torch.mul(torch.tensor([1.0, 2.0]), 3)
    tensor([3., 6.])
    """

    takes_number_first = wide_scalar = True
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
    """`input / other`, broadcast.

    >>> import rushlight as torch
    >>> torch.div(torch.tensor([7.0, -7.0]), 2, rounding_mode="floor")
    tensor([ 3., -4.])
    """

    takes_number_first = wide_scalar = True
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
    """`-input`.

    >>> import rushlight as torch
    >>> torch.neg(torch.tensor([-1.0, 2.0]))
    tensor([ 1., -2.])
    """

    def backward(self, grad: Tensor) -> Tensor:
        return -grad


class FloorDivide(Binary):
    """The largest whole number not above `input / other`; as in PyTorch without a gradient.

    >>> import rushlight as torch
    >>> torch.floor_divide(torch.tensor([7, -7]), 2)
    tensor([ 3, -4])
    """

    takes_number_first = True


class FlatQuotient(Binary):
    """A quotient in whole numbers: it is flat wherever it has a gradient at all."""

    takes_number_first = True

    def backward(self, grad: Tensor) -> Any:
        return zeros_like(grad), zeros_like(grad)


class DivFloor(FlatQuotient):
    """The largest whole number not above `input / other`."""

    kernel = "floor_divide"
    node_name = "DivBackward0"


class TruncDivide(FlatQuotient):
    """The whole number next to `input / other` towards zero."""

    node_name = "DivBackward0"


class Remainder(SavesInputs, Binary):
    """`input - other * floor(input / other)`: what is left, with the divisor's sign.

    >>> import rushlight as torch
    >>> torch.remainder(torch.tensor([-7, 7]), 3)
    tensor([2, 1])
    """

    takes_number_first = True

    def backward(self, grad: Tensor) -> Any:
        a, b = self.saved_tensors
        return grad, -grad * _div_floor(a, b) if self.needs(1) else None


class Fmod(SavesInputs, Binary):
    """`input - other * trunc(input / other)`: what is left, with the dividend's sign.

    >>> import rushlight as torch
    >>> torch.fmod(torch.tensor([-7, 7]), 3)
    tensor([-1,  1])
    """

    def backward(self, grad: Tensor) -> Any:
        a, b = self.saved_tensors
        return grad, -grad * (a / b).trunc() if self.needs(1) else None


class Hypot(SavesInputs, Binary):
    """sqrt(input ** 2 + other ** 2), without overflow on the way.

    >>> import rushlight as torch
    >>> torch.hypot(torch.tensor([3.0]), torch.tensor([4.0]))
    tensor([5.])
    """

    takes_numbers = False

    def backward(self, grad: Tensor) -> Any:
        a, b = self.saved_tensors
        share = grad / hypot(a, b)
        return share * a, share * b


class Copysign(SavesInputs, Binary):
    """|input| with the sign of `other`, that of -0.0 too; flat in `other`, and in 0.

    >>> import rushlight as torch
    >>> torch.copysign(torch.tensor([1.0, -2.0]), torch.tensor([-0.0, 3.0]))
    tensor([-1.,  2.])
    """

    floats = True

    def backward(self, grad: Tensor) -> Any:
        a, b = self.saved_tensors
        return grad * where(a == 0, 0.0, copysign(a, b) / where(a == 0, 1.0, a)), zeros_like(grad)


class Addcmul(SavesInputs):
    """input + value * tensor1 * tensor2.

    >>> import rushlight as torch
    >>> torch.addcmul(torch.zeros(1), torch.tensor([2.0]), torch.tensor([3.0]), value=0.5)
    tensor([3.])
    """

    value: Any

    def backward(self, grad: Tensor) -> Any:
        _, a, b = self.saved_tensors
        scaled = grad if self.value == 1 else grad * conjugated(self.value)
        return (
            grad,
            scaled * conjugated(b) if self.needs(1) else None,
            scaled * conjugated(a) if self.needs(2) else None,
        )


class Addcdiv(SavesInputs):
    """input + value * tensor1 / tensor2.

    >>> import rushlight as torch
    >>> torch.addcdiv(torch.zeros(1), torch.tensor([6.0]), torch.tensor([3.0]))
    tensor([2.])
    """

    value: Any

    def backward(self, grad: Tensor) -> Any:
        _, a, b = self.saved_tensors
        share = (grad if self.value == 1 else grad * conjugated(self.value)) / conjugated(b)
        return grad, share, -share * conjugated(a / b) if self.needs(2) else None


add = Add.define(alpha=True, operator="add")
sub = Sub.define("subtract", alpha=True, operator="sub")
mul = Mul.define("multiply", operator="mul")
_true_divide = Div.define(operator="truediv")
neg = Neg.define("negative", out="exact")
floor_divide = FloorDivide.define(operator="floordiv")
_div_floor = DivFloor.define(inplace=False, place="")
_div_trunc = TruncDivide.define(inplace=False, place="")
remainder = Remainder.define(operator="mod")
fmod, hypot, copysign = Fmod.define(), Hypot.define(), Copysign.define()


@operation(inplace=True, out="cast", numbers_first=True)
def addcmul(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: Any = 1) -> Tensor:
    """`input + value * tensor1 * tensor2`, broadcast.

    >>> import rushlight as torch
    >>> torch.addcmul(torch.zeros(1), torch.tensor([2.0]), torch.tensor([3.0]), value=0.5)
    tensor([3.])
    """
    tensors = of_one_dtype(input, tensor1, tensor2)
    category = category_of(tensors[0].array.dtype)
    if category != FLOATING:
        check_taken("addcmul", tensors[0], NUMBERS)
    if category == INTEGER:
        value = checked(int(value), tensors[0].array.dtype)
    return Addcmul.finish(*tensors, number(value))


@operation(inplace=True, out="cast", numbers_first=True)
def addcdiv(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: Any = 1) -> Tensor:
    """`input + value * tensor1 / tensor2`, broadcast; whole numbers are refused.

    >>> import rushlight as torch
    >>> torch.addcdiv(torch.zeros(1), torch.tensor([6.0]), torch.tensor([3.0]))
    tensor([2.])
    """
    categories = {category_of(tensor1.array.dtype), category_of(tensor2.array.dtype)}
    if categories <= {BOOL, INTEGER}:
        raise OperationError(
            "Integer division with addcdiv is no longer supported; convert an operand with .float()"
        )
    return Addcdiv.finish(*of_one_dtype(input, tensor1, tensor2), number(value))


@operation("torch", "divide", out="cast")
def div(
    input: Tensor | Number, other: Tensor | Number, *, rounding_mode: str | None = None
) -> Tensor:
    """`input / other`, broadcast; rounded towards zero ("trunc") or down ("floor") on request.

    >>> import rushlight as torch
    >>> torch.div(torch.tensor([7.0, -7.0]), 2, rounding_mode="floor")
    tensor([ 3., -4.])
    """
    if rounding_mode is None:
        return _true_divide(input, other)
    if rounding_mode == "floor":
        return _div_floor(input, other)
    if rounding_mode != "trunc":
        raise RuntimeError(
            "div expected rounding_mode to be one of None, 'trunc', or 'floor' but found "
            f"'{rounding_mode}'"
        )
    return _div_trunc(input, other)


@operation("Tensor", "divide_")
def div_(self: Tensor, other: Tensor | Number, *, rounding_mode: str | None = None) -> Tensor:
    """`div`, with the result written to this tensor.

    >>> import rushlight as torch
    >>> torch.tensor([3.0, 7.0]).div_(2, rounding_mode="floor")
    tensor([1., 3.])
    """
    if rounding_mode is None:
        return self.__itruediv__(other)
    return run_inplace(div, self, (other,), {"rounding_mode": rounding_mode})


@operation(inplace=True, out="cast")
def true_divide(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """`input / other`, broadcast.

    >>> import rushlight as torch
    >>> torch.true_divide(torch.tensor([1, 2]), 4)
    tensor([0.2500, 0.5000])
    """
    return _true_divide(input, other)


@operation(method=False, out="cast")
def rsub(input: Tensor, other: Tensor | Number, *, alpha: Number = 1) -> Tensor:
    """`other - alpha * input`, broadcast.

    >>> import rushlight as torch
    >>> torch.rsub(torch.tensor([1, 2]), 10, alpha=3)
    tensor([7, 4])
    """
    return sub(other, input, alpha=alpha)


@operation
def positive(input: Tensor) -> Tensor:
    """The tensor itself; a mask is refused, as it is by `-`.

    >>> import rushlight as torch
    >>> torch.positive(torch.tensor([-1.0, 2.0]))
    tensor([-1.,  2.])
    """
    if category_of(input.array.dtype) == BOOL:
        raise OperationError("The `+` operator, on a bool tensor is not supported.")
    return input


# ---- powers


class Abs(SavesInputs, Unary):
    """|x|, with gradient 0 at 0.

    >>> import rushlight as torch
    >>> torch.abs(torch.tensor([-1.0, 2.0]))
    tensor([1., 2.])
    """

    def backward(self, grad: Tensor) -> Tensor:
        (x,) = self.saved_tensors
        return grad * x.sgn() if x.is_complex() else AbsGradient.apply(grad, x)


class AbsGradient(FlatGradient):
    """grad * sign(x)."""

    kernel = "abs_backward"


abs = Abs.define("absolute")
