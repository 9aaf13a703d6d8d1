"""Powers, roots, exponentials and logarithms, element by element."""

from __future__ import annotations

import math
from typing import Any

from ..autograd.explain import invalid_combination
from ..autograd.operation import SavesInputs, SavesOutput
from ..dtype import COMPLEX, FLOATING, category_of, complex128, float64, title_of
from ..dtype import dtype as DType
from ..errors import OperationError
from ..tensor import Tensor
from ..types import Number
from .choices import where
from .common import conjugated
from .creation import zeros_like
from .declare import Binary, Unary, operation
from .promotion import result_type


class Pow(SavesInputs, Binary):
    """`input ** exponent`, broadcast.

    >>> import rushlight as torch
    >>> torch.pow(torch.tensor([1.0, 2.0, 3.0]), 2)
    tensor([1., 4., 9.])
    """

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
    """x * x.

    >>> import rushlight as torch
    >>> torch.square(torch.tensor([-3.0, 2.0]))
    tensor([9., 4.])
    """

    node_name = "PowBackward0"

    def backward(self, grad: Tensor) -> Tensor:
        return grad * conjugated(2 * self.saved_tensors[0])


class Cube(SavesInputs, Unary):
    """x * x * x."""

    node_name = "PowBackward0"

    def backward(self, grad: Tensor) -> Tensor:
        x = self.saved_tensors[0]
        return grad * conjugated(3 * x * x)


_cube, _pow = Cube.define(inplace=False, place=""), Pow.define(inplace=False, place="")
square = Square.define()


@operation(inplace=True, out="cast")
def pow(input: Any, exponent: Tensor | Number) -> Tensor:
    """`input ** exponent`, broadcast; either may be a number, but not both.

    >>> import rushlight as torch
    >>> torch.pow(torch.tensor([1.0, 2.0, 3.0]), 2)
    tensor([1., 4., 9.])
    """
    if isinstance(input, Tensor):
        if exponent.__class__ in (int, float):
            floating = category_of(input.array.dtype) in (FLOATING, COMPLEX)
            if floating and exponent == 2:
                return square(input)
            if floating and exponent == 3:
                return _cube(input)
            if not floating and exponent.__class__ is int and exponent < 0:
                raise OperationError("Integers to negative integer powers are not allowed.")
        return _pow(input, exponent)
    if not isinstance(exponent, Tensor):
        raise invalid_combination("pow", [input, exponent])
    return Pow.call(input, exponent)


@operation(out="exact")
def float_power(input: Any, exponent: Tensor | Number) -> Tensor:
    """`input ** exponent` in double precision, broadcast; either may be a number, but not both.

    >>> import rushlight as torch
    >>> torch.float_power(torch.tensor([2, 3]), -1)
    tensor([0.5000, 0.3333], dtype=torch.float64)
    """
    kind = _double_of(input, exponent)
    return pow(*(v.to(kind) if isinstance(v, Tensor) else v for v in (input, exponent)))


@operation("Tensor")
def float_power_(input: Tensor, exponent: Tensor | Number) -> Tensor:
    """`input ** exponent` in the place of `input`, which must be of double precision.

    >>> import rushlight as torch
    >>> torch.tensor([2.0, 3.0], dtype=torch.float64).float_power_(2)
    tensor([4., 9.], dtype=torch.float64)
    """
    kind = _double_of(input, exponent)
    if input.dtype is not kind:
        raise OperationError(
            f"float_power_: the base given to float_power_ has dtype {title_of(input.dtype)} but "
            f"the operation's result requires dtype {title_of(kind)}"
        )
    return input.pow_(exponent.to(kind) if isinstance(exponent, Tensor) else exponent)


def _double_of(input: Any, exponent: Any) -> DType:
    return complex128 if result_type(input, exponent).category == COMPLEX else float64


# As what `operation` makes in place has it, which would take any dtype.
float_power_.form_of = float_power  # type: ignore[attr-defined]


class Exp(SavesOutput, Unary):
    """e to the power of each element.

    >>> import rushlight as torch
    >>> torch.exp(torch.tensor([0.0, 1.0]))
    tensor([1.0000, 2.7183])
    """

    def backward(self, grad: Tensor) -> Tensor:
        return grad * conjugated(self.saved_tensors[0])


class Log(SavesInputs, Unary):
    """The natural logarithm; -inf at 0, nan below it.

    >>> import rushlight as torch
    >>> torch.log(torch.tensor([1.0, 2.0]))
    tensor([0.0000, 0.6931])
    """

    def backward(self, grad: Tensor) -> Tensor:
        return grad / conjugated(self.saved_tensors[0])


class Log1p(SavesInputs, Unary):
    """log(1 + x), accurate near 0.

    >>> import rushlight as torch
    >>> torch.log1p(torch.tensor([0.0, 1.0]))
    tensor([0.0000, 0.6931])
    """

    node_name = "Log1PBackward0"

    def backward(self, grad: Tensor) -> Tensor:
        return grad / conjugated(self.saved_tensors[0] + 1)


class Sqrt(SavesOutput, Unary):
    """The square root; nan below 0.

    >>> import rushlight as torch
    >>> torch.sqrt(torch.tensor([4.0, 9.0]))
    tensor([2., 3.])
    """

    def backward(self, grad: Tensor) -> Tensor:
        return grad / conjugated(2 * self.saved_tensors[0])


class Rsqrt(SavesOutput, Unary):
    """1 / sqrt(x).

    >>> import rushlight as torch
    >>> torch.rsqrt(torch.tensor([4.0, 16.0]))
    tensor([0.5000, 0.2500])
    """

    def backward(self, grad: Tensor) -> Tensor:
        return -0.5 * grad * conjugated(self.saved_tensors[0] ** 3)


class Reciprocal(SavesOutput, Unary):
    """1 / x.

    >>> import rushlight as torch
    >>> torch.reciprocal(torch.tensor([2.0, 4.0]))
    tensor([0.5000, 0.2500])
    """

    def backward(self, grad: Tensor) -> Tensor:
        y = conjugated(self.saved_tensors[0])
        return -grad * y * y


class Exp2(SavesOutput, Unary):
    """2 to the power of each element.

    >>> import rushlight as torch
    >>> torch.exp2(torch.tensor([0.0, 3.0]))
    tensor([1., 8.])
    """

    def backward(self, grad: Tensor) -> Tensor:
        return grad * conjugated(self.saved_tensors[0]) * math.log(2)


class Expm1(SavesOutput, Unary):
    """exp(x) - 1, accurate near 0.

    >>> import rushlight as torch
    >>> torch.expm1(torch.tensor([0.0, 1.0]))
    tensor([0.0000, 1.7183])
    """

    def backward(self, grad: Tensor) -> Tensor:
        return grad * conjugated(self.saved_tensors[0] + 1)


class Log2(SavesInputs, Unary):
    """The logarithm to base 2.

    >>> import rushlight as torch
    >>> torch.log2(torch.tensor([1.0, 3.0]))
    tensor([0.0000, 1.5850])
    """

    def backward(self, grad: Tensor) -> Tensor:
        return grad / conjugated(self.saved_tensors[0] * math.log(2))


class Log10(SavesInputs, Unary):
    """The logarithm to base 10.

    >>> import rushlight as torch
    >>> torch.log10(torch.tensor([1.0, 50.0]))
    tensor([0.0000, 1.6990])
    """

    def backward(self, grad: Tensor) -> Tensor:
        return grad / conjugated(self.saved_tensors[0] * math.log(10))


exp, log, log1p = Exp.define(), Log.define(), Log1p.define("special.log1p")
sqrt, rsqrt, reciprocal = Sqrt.define(), Rsqrt.define(), Reciprocal.define()
exp2, expm1 = Exp2.define("special.exp2"), Expm1.define("special.expm1")
log2, log10 = Log2.define(), Log10.define()
