"""Comparisons, logic and rounding: elementwise operations without a gradient worth the name."""

from __future__ import annotations

from typing import Any

from ..autograd.operation import Operation
from ..dtype import BOOL, COMPLEX, FLOATING, INTEGER
from ..errors import NotSupportedError
from ..tensor import Tensor, wrap
from .common import method, plain, table_of
from .creation import zeros_like


class Floor(Operation):
    """The step functions: each is flat wherever it has a gradient at all."""

    kernel = "floor"

    @classmethod
    def of(cls, x: Tensor) -> Tensor:
        if x.dtype.category in (BOOL, COMPLEX):
            raise NotSupportedError(f"{cls.kernel} is not implemented for {x.dtype}")
        return x.clone() if x.dtype.category == INTEGER else cls.apply(x, cls.kernel)

    @staticmethod
    def forward(kernels: Any, x: Any, kernel: str) -> Any:
        return getattr(kernels, kernel)(x)

    def backward(self, grad: Tensor) -> Any:
        return zeros_like(grad)


class Ceil(Floor):
    kernel = "ceil"


class Trunc(Floor):
    kernel = "trunc"


class Round(Floor):
    kernel = "round"


class Sign(Floor):
    kernel = "sign"


@method
def floor(input: Tensor) -> Tensor:
    """The largest whole number not above x."""
    return Floor.of(input)


@method
def ceil(input: Tensor) -> Tensor:
    """The smallest whole number not below x."""
    return Ceil.of(input)


@method
def trunc(input: Tensor) -> Tensor:
    """The whole number next to x towards zero."""
    return Trunc.of(input)


@method
def round(input: Tensor, *, decimals: int = 0) -> Tensor:
    """The nearest whole number, the even one of two; or the nearest with so many decimals."""
    if decimals:
        scale = 10.0**decimals
        return round(input * scale) / scale
    return Round.of(input)


@method
def sign(input: Tensor) -> Tensor:
    """-1, 0 or 1."""
    return input.clone() if input.dtype.category == BOOL else Sign.apply(input, "sign")


def _comparison(name: str, doc: str, symbol: str, refused: str = "c") -> Any:
    def function(input: Tensor, other: Any) -> Tensor:
        return plain(name, input, other, refused)

    function.__name__ = name
    function.__doc__ = f"Whether each element of `input` {doc} that of `other`: `a {symbol} b`."
    setattr(Tensor, name, function)
    return function


eq = _comparison("eq", "is equal to", "==", refused="")
ne = _comparison("ne", "is not equal to", "!=", refused="")
lt = _comparison("lt", "is less than", "<")
le = _comparison("le", "is at most", "<=")
gt = _comparison("gt", "is greater than", ">")
ge = _comparison("ge", "is at least", ">=")


def _test(name: str, doc: str) -> Any:
    def function(input: Tensor) -> Tensor:
        return wrap(getattr(table_of(input), name)(input.array))

    function.__name__, function.__doc__ = name, doc
    setattr(Tensor, name, function)
    return function


isnan = _test("isnan", "Whether each element is not a number.")
isinf = _test("isinf", "Whether each element is infinite.")
isfinite = _test("isfinite", "Whether each element is neither infinite nor nan.")
logical_not = _test("logical_not", "Whether each element is zero.")


@method
def bitwise_not(input: Tensor) -> Tensor:
    """Every bit turned over; for bool, the opposite."""
    if input.dtype.category >= FLOATING:
        raise NotSupportedError(f"bitwise_not is not implemented for {input.dtype}")
    return wrap(table_of(input).bitwise_not(input.array))


def _logical(name: str, doc: str, refused: str = "") -> Any:
    def function(input: Tensor, other: Any) -> Tensor:
        return plain(name, input, other, refused)

    function.__name__, function.__doc__ = name, doc
    setattr(Tensor, name, function)
    return function


logical_and = _logical("logical_and", "Whether both elements are other than zero.")
logical_or = _logical("logical_or", "Whether either element is other than zero.")
logical_xor = _logical("logical_xor", "Whether just one of the elements is other than zero.")
bitwise_and = _logical("bitwise_and", "The bits set in both.", refused="fc")
bitwise_or = _logical("bitwise_or", "The bits set in either.", refused="fc")
bitwise_xor = _logical("bitwise_xor", "The bits set in just one.", refused="fc")

greater, greater_equal, less, less_equal, not_equal = gt, ge, lt, le, ne
