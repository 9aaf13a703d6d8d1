"""Comparisons, logic and rounding: elementwise operations without a gradient worth the name."""

from __future__ import annotations

from typing import Any

from ..autograd.operation import Operation
from ..categories import FLOATS, check_taken
from ..dtype import COMPLEX, category_of
from ..errors import OperationError
from ..tensor import Tensor
from .common import not_implemented
from .creation import zeros_like
from .declare import Binary, Unary, operation

# ---- rounding


class Step(Unary):
    """A function that is flat wherever it has a gradient at all."""

    def backward(self, grad: Tensor) -> Tensor:
        return zeros_like(grad)


class Floor(Step):
    """The largest whole number not above x.

    >>> import rushlight as torch
    >>> torch.floor(torch.tensor([-1.5, 1.5]))
    tensor([-2.,  1.])
    """


class Ceil(Step):
    """The smallest whole number not below x.

    >>> import rushlight as torch
    >>> torch.ceil(torch.tensor([-1.5, 1.5]))
    tensor([-1.,  2.])
    """


class Trunc(Step):
    """The whole number next to x towards zero.

    >>> import rushlight as torch
    >>> torch.trunc(torch.tensor([-1.5, 1.5]))
    tensor([-1.,  1.])
    """


class Sign(Step):
    """-1, 0 or 1.

    >>> import rushlight as torch
    >>> torch.sign(torch.tensor([-2.0, 0.0, 3.0]))
    tensor([-1.,  0.,  1.])
    """


class Round(Operation):
    """The nearest whole number, the even one of two.

    >>> import rushlight as torch
    >>> torch.round(torch.tensor([0.5, 1.5, 2.5]))
    tensor([0., 2., 2.])
    """

    def backward(self, grad: Tensor) -> Tensor:
        return zeros_like(grad)


floor, ceil = Floor.define(out="exact"), Ceil.define(out="exact")
trunc, sign = Trunc.define("fix", out="exact"), Sign.define(out="exact")


@operation("torch", "special.round", inplace=True, out="exact")
def round(input: Tensor, *, decimals: int = 0) -> Tensor:
    """The nearest whole number, the even one of two; or the nearest with so many decimals.

    >>> import rushlight as torch
    >>> torch.round(torch.tensor([0.5, 1.5, 2.5]))
    tensor([0., 2., 2.])
    """
    if decimals:
        check_taken("round", input, FLOATS)
        scale = 10.0**decimals
        return Round.apply(input * scale) / scale
    return Round.finish(input)


# ---- comparisons


class Comparison(Binary):
    """Whether something holds between two elements."""

    differentiable = False
    makes_bool = True


class Eq(Comparison):
    """Whether each element of `input` is equal to that of `other`: `a == b`.

    >>> import rushlight as torch
    >>> torch.eq(torch.tensor([1, 2]), torch.tensor([1, 3]))
    tensor([ True, False])
    """

    commutative = True


class Ne(Comparison):
    """Whether each element of `input` is not equal to that of `other`: `a != b`.

    >>> import rushlight as torch
    >>> torch.ne(torch.tensor([1, 2]), torch.tensor([1, 3]))
    tensor([False,  True])
    """

    commutative = True


class Lt(Comparison):
    """Whether each element of `input` is less than that of `other`: `a < b`.

    >>> import rushlight as torch
    >>> torch.lt(torch.tensor([1, 2]), 2)
    tensor([ True, False])
    """


class Le(Comparison):
    """Whether each element of `input` is at most that of `other`: `a <= b`.

    >>> import rushlight as torch
    >>> torch.le(torch.tensor([1, 2]), 1)
    tensor([ True, False])
    """


class Gt(Comparison):
    """Whether each element of `input` is greater than that of `other`: `a > b`.

    >>> import rushlight as torch
    >>> torch.gt(torch.tensor([1, 2]), 1)
    tensor([False,  True])
    """


class Ge(Comparison):
    """Whether each element of `input` is at least that of `other`: `a >= b`.

    >>> import rushlight as torch
    >>> torch.ge(torch.tensor([1, 2]), 2)
    tensor([False,  True])
    """


eq, ne = Eq.define(operator="eq"), Ne.define("not_equal", operator="ne")
lt, le = Lt.define("less", operator="lt"), Le.define("less_equal", operator="le")
gt, ge = Gt.define("greater", operator="gt"), Ge.define("greater_equal", operator="ge")


class Heaviside(Operation):
    """The step from 0 to 1, with values of its own at 0."""

    def backward(self, grad: Tensor) -> Any:
        raise not_implemented("heaviside")


@operation(inplace=True, out="exact")
def heaviside(input: Tensor, values: Tensor) -> Tensor:
    """0 below 0, 1 above it, and at 0 what `values` has there, broadcast.

    >>> import rushlight as torch
    >>> torch.heaviside(torch.tensor([-1.0, 0.0, 2.0]), torch.tensor(0.5))
    tensor([0.0000, 0.5000, 1.0000])
    """
    if input.array.dtype != values.array.dtype:
        raise OperationError(
            "heaviside is not yet implemented for tensors with different dtypes: got "
            f"{input.dtype} and {values.dtype}; convert one with .to(dtype)"
        )
    if category_of(input.array.dtype) == COMPLEX:
        raise OperationError("heaviside is not yet implemented for complex tensors.")
    return Heaviside.apply(input, values)


# ---- logic


class Test(Unary):
    """Whether something holds of an element."""

    differentiable = False


class Isnan(Test):
    """Whether each element is not a number.

    >>> import rushlight as torch
    >>> torch.isnan(torch.tensor([1.0, float("nan")]))
    tensor([False,  True])
    """


class Isinf(Test):
    """Whether each element is infinite.

    >>> import rushlight as torch
    >>> torch.isinf(torch.tensor([1.0, float("inf")]))
    tensor([False,  True])
    """


class Isfinite(Test):
    """Whether each element is neither infinite nor nan.

    >>> import rushlight as torch
    >>> torch.isfinite(torch.tensor([1.0, float("inf")]))
    tensor([ True, False])
    """


class LogicalNot(Test):
    """Whether each element is zero.

    >>> import rushlight as torch
    >>> torch.logical_not(torch.tensor([True, False]))
    tensor([False,  True])
    """


class BitwiseNot(Unary):
    """Every bit turned over; for bool, the opposite.

    >>> import rushlight as torch
    >>> torch.bitwise_not(torch.tensor([0, 5]))
    tensor([-1, -6])
    """

    differentiable = False


class Connective(Comparison):
    """A connective of two truth values."""

    takes_numbers = False


class LogicalAnd(Connective):
    """Whether both elements are other than zero.

    >>> import rushlight as torch
    >>> torch.logical_and(torch.tensor([True, True]), torch.tensor([True, False]))
    tensor([ True, False])
    """


class LogicalOr(Connective):
    """Whether either element is other than zero.

    >>> import rushlight as torch
    >>> torch.logical_or(torch.tensor([True, False]), torch.tensor([False, False]))
    tensor([ True, False])
    """


class LogicalXor(Connective):
    """Whether just one of the elements is other than zero.

    >>> import rushlight as torch
    >>> torch.logical_xor(torch.tensor([True, True]), torch.tensor([True, False]))
    tensor([False,  True])
    """


class Bitwise(Binary):
    """An operation on the bits of whole numbers."""

    differentiable = False
    commutative = True
    takes_number_first = True


class BitwiseAnd(Bitwise):
    """The bits set in both.

    >>> import rushlight as torch
    >>> torch.bitwise_and(torch.tensor([6]), torch.tensor([3]))
    tensor([2])
    """


class BitwiseOr(Bitwise):
    """The bits set in either.

    >>> import rushlight as torch
    >>> torch.bitwise_or(torch.tensor([6]), torch.tensor([3]))
    tensor([7])
    """


class BitwiseXor(Bitwise):
    """The bits set in just one.

    >>> import rushlight as torch
    >>> torch.bitwise_xor(torch.tensor([6]), torch.tensor([3]))
    tensor([5])
    """


isnan, isinf = Isnan.define(inplace=False), Isinf.define(inplace=False)
isfinite, logical_not = Isfinite.define(inplace=False), LogicalNot.define()
bitwise_not = BitwiseNot.define(out="exact")
logical_and, logical_or = LogicalAnd.define(), LogicalOr.define()
logical_xor = LogicalXor.define()
bitwise_and, bitwise_or = BitwiseAnd.define(operator="and"), BitwiseOr.define(operator="or")
bitwise_xor = BitwiseXor.define(operator="xor")
