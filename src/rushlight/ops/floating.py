"""Floating-point numbers by their parts and corners: sign, fraction, exponent, neighbours, nan."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

from ..autograd.operation import Operation, SavesInputs
from ..dtype import COMPLEX, FLOATING, HALVES, INTEGER, category_of, get_default_dtype
from ..dtype import bool as bool_
from ..dtype import dtype as DType
from ..errors import OperationError
from ..return_types import named
from ..scalars import number
from ..tensor import Tensor
from ..type_info import finfo
from .comparison import Test
from .creation import ones_like, zeros_like
from .declare import Binary, Unary, operation
from .elementwise import floor_divide, mul
from .powers import exp2, pow
from .promotion import result_type


class Signbit(Test):
    """Whether each element's sign is minus, that of -0.0 too.

    >>> import rushlight as torch
    >>> torch.signbit(torch.tensor([1.0, -0.0]))
    tensor([False,  True])
    """


class Isposinf(Test):
    """Whether each element is infinite and positive."""


class Isneginf(Test):
    """Whether each element is infinite and negative."""


class Frac(Unary):
    """What is behind the decimal point, with the element's sign: x - trunc(x).

    >>> import rushlight as torch
    >>> torch.frac(torch.tensor([1.25, -2.5]))
    tensor([ 0.2500, -0.5000])
    """

    def backward(self, grad: Tensor) -> Tensor:
        return grad


class NanToNum(SavesInputs):
    """x with numbers in the place of nan and infinities."""

    nan: Any
    posinf: Any
    neginf: Any

    def backward(self, grad: Tensor) -> Tensor:
        return grad * self.saved_tensors[0].isfinite()


class Nextafter(Binary):
    """The number next to `input` on the way to `other`, in their dtype.

    >>> import rushlight as torch
    >>> torch.nextafter(torch.tensor([1.0]), torch.tensor([2.0])) - 1
    tensor([1.1921e-07])
    """

    takes_numbers = False

    def backward(self, grad: Tensor) -> Any:
        return grad, zeros_like(grad)


class Frexp(Operation):
    """Mantissas and exponents of two."""

    def setup_context(self, inputs: Any, output: Any) -> None:
        self.save(output[1])

    def backward(self, grad: Tensor, *_: Any) -> Any:
        return grad / exp2(self.saved_tensors[0])


signbit = Signbit.define(inplace=False, out="exact")
_isposinf = Isposinf.define(inplace=False, place="")
_isneginf = Isneginf.define(inplace=False, place="")
frac = Frac.define(out="exact")
nextafter = Nextafter.define()


@operation(out="exact")
def isposinf(input: Tensor) -> Tensor:
    """Whether each element is infinite and positive.

    >>> import rushlight as torch
    >>> torch.isposinf(torch.tensor([float("-inf"), 1.0, float("inf")]))
    tensor([False, False,  True])
    """
    return _isposinf(_real("isposinf", input))


@operation(out="exact")
def isneginf(input: Tensor) -> Tensor:
    """Whether each element is infinite and negative.

    >>> import rushlight as torch
    >>> torch.isneginf(torch.tensor([float("-inf"), 1.0, float("inf")]))
    tensor([ True, False, False])
    """
    return _isneginf(_real("isneginf", input))


def _real(name: str, x: Tensor) -> Tensor:
    if category_of(x.array.dtype) == COMPLEX:
        raise OperationError(f"{name} does not support complex inputs.")
    return x


@operation
def isreal(input: Tensor) -> Tensor:
    """Whether each element's imaginary part is 0.

    >>> import rushlight as torch
    >>> torch.isreal(torch.tensor([1 + 0j, 1 + 1j]))
    tensor([ True, False])
    """
    if category_of(input.array.dtype) == COMPLEX:
        return input.imag == 0
    return ones_like(input, dtype=bool_)


@functools.cache
def _range_of(dtype: DType) -> tuple[float, float]:
    info = finfo(dtype)
    return info.min, info.max


@operation(inplace=True, out="exact")
def nan_to_num(
    input: Tensor, nan: float | None = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Tensor:
    """`input` with `nan` for nan, `posinf` and `neginf` for infinities: by default the dtype's
    largest and smallest number.

    >>> import rushlight as torch
    >>> torch.nan_to_num(torch.tensor([float("nan"), float("inf"), 3.0]), posinf=1.0)
    tensor([0., 1., 3.])
    """
    nan, posinf, neginf = number(nan), number(posinf), number(neginf)
    if category_of(input.array.dtype) == FLOATING:
        nan = 0.0 if nan is None else nan
        if posinf is None or neginf is None:
            low, high = _range_of(input.dtype)
            posinf = high if posinf is None else posinf
            neginf = low if neginf is None else neginf
    return NanToNum.apply(input, nan, posinf, neginf)


class MantissaAndExponent(NamedTuple):
    """What `frexp` returns."""

    mantissa: Tensor
    exponent: Tensor


_Frexp = named("frexp", MantissaAndExponent)


@operation(out="exact")
def frexp(input: Tensor, *, out: Any = None) -> MantissaAndExponent:
    """`mantissa`, from 0.5 to 1, and `exponent` of each element: mantissa * 2 ** exponent.

    >>> import rushlight as torch
    >>> mantissa, exponent = torch.frexp(torch.tensor([3.0]))
    >>> mantissa, exponent
    (tensor([0.7500]), tensor([2], dtype=torch.int32))
    """
    if category_of(input.array.dtype) != FLOATING:
        raise OperationError(
            f"torch.frexp() only supports floating-point dtypes, but got {input.dtype}"
        )
    return _Frexp(*Frexp.apply(input))


class Ldexp(Operation):
    """x * 2 ** n for whole numbers n, also where 2 ** n is beyond the dtype's range."""

    saves = (1,)

    def backward(self, grad: Tensor) -> Any:
        return Ldexp.apply(grad, self.saved_tensors[0]), None


@operation(inplace=True, out="cast")
def ldexp(input: Tensor, other: Tensor) -> Tensor:
    """`input * 2 ** other`, broadcast.

    >>> import rushlight as torch
    >>> torch.ldexp(torch.tensor([3.0]), torch.tensor([2]))
    tensor([12.])
    """
    kind = result_type(input, other)
    if kind.category < FLOATING:
        kind = get_default_dtype()
    x = input if input.dtype is kind else input.to(kind)
    if category_of(other.array.dtype) == INTEGER and kind.category == FLOATING:
        return Ldexp.apply(x, other)
    if kind.numpy in HALVES:
        return ldexp(input.float(), other.float()).to(kind)
    n = other.to(kind) if other.is_complex() else other.to(kind).real
    if other.dtype.category >= FLOATING:
        return mul(x, pow(2.0, n))
    first = floor_divide(n, 2)  # in two steps: 2 ** other may be beyond the dtype's range
    return mul(mul(x, pow(2.0, first)), pow(2.0, n - first))
