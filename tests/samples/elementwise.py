"""Rows of rushlight/ops/elementwise.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .core import Array, Fixed, Invalid, Op, Sample, Values

SHAPES = ((), (5,), (2, 3), (2, 3, 4, 5), (0, 3))
PAIRS = (
    ((), ()), ((3,), ()), ((), (3,)), ((2, 3), (2, 3)), ((2, 3), (3,)), ((2, 1), (1, 3)),
    ((2, 3, 4, 5), (2, 3, 4, 5)), ((2, 3, 4, 5), (3, 1, 1)), ((0, 3), (3,)), ((4, 1, 3), (2, 3)),
)  # fmt: skip


def unary(
    name: str, reference: Any, values: str = "normal", more: Callable[..., Any] | None = None,
    complex: bool = False, **options: Any,
) -> Op:  # fmt: skip
    """A row of a function of one tensor, on inputs that `values` makes."""

    def samples(v: Values) -> Iterator[Sample]:
        for shape in SHAPES:
            yield Sample(getattr(v, values)(*shape))
        if complex:
            yield Sample(v.complex(2, 3))
            yield Sample(v.complex())
        if more is not None:
            yield from more(v)

    options.setdefault("order", "kept")
    return Op(name, samples, reference, **options)


def binary(
    name: str, reference: Any, first: str = "normal", second: str = "normal",
    numbers: tuple[Any, ...] = (2.5, -1.5, 3), more: Callable[..., Any] | None = None,
    complex: bool = False, **options: Any,
) -> Op:  # fmt: skip
    """A row of a function of two tensors that broadcast, the second possibly a number."""

    def samples(v: Values) -> Iterator[Sample]:
        for left, right in PAIRS:
            yield Sample(getattr(v, first)(*left), getattr(v, second)(*right))
        for number in numbers:
            yield Sample(getattr(v, first)(2, 3), number)
        if complex:
            yield Sample(v.complex(2, 3), v.complex(3))
            yield Sample(v.complex(3), getattr(v, second)(2, 3))
            yield Sample(getattr(v, first)(2, 3), v.complex(2, 3))
            yield Sample(v.complex(3), 2 - 1j)
            yield Sample(getattr(v, first)(3), 2 - 1j)
        yield Invalid(
            getattr(v, first)(2, 3), getattr(v, second)(4), raises=RuntimeError,
            match=r"The size of tensor a \(3\) must match the size of tensor b \(4\) at "
            "non-singleton dimension 1",
        )  # fmt: skip
        yield Invalid(getattr(v, first)(2), "two", raises=TypeError, own_words=True)
        if not numbers:
            for number in (2, 2.0):
                yield Invalid(v.integers(1, 9, 2), number, raises=TypeError,
                              match="argument 'other' .*must be Tensor, not (int|float)")
        if more is not None:
            yield from more(v)

    options.setdefault("order", "kept")
    return Op(name, samples, reference, **options)


def no_list(v: Values) -> Iterator[Sample]:
    """A list is no tensor."""
    yield Invalid([1.0, 2.0], raises=TypeError, match="argument 'input' .*must be Tensor, not list")


def no_complex_pair(v: Values) -> Iterator[Sample]:
    """Complex numbers have no order."""
    yield Invalid(v.complex(3), v.complex(3), raises=RuntimeError,
                  match="not implemented for|does not support complex")


def _scaled(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 3), v.normal(3), alpha=2)
    yield Sample(v.normal(2, 3), 1.5, alpha=-0.5)


def _masks(v: Values) -> Iterator[Sample]:
    yield from _scaled(v)
    yield Invalid(v.mask(3), v.mask(3), raises=RuntimeError,
                  match="Subtraction, the `-` operator, with .* bool tensor")


def _rounded(v: Values) -> Iterator[Sample]:
    for mode in ("trunc", "floor"):
        yield Sample(v.distinct(2, 3), v.nonzero(3), rounding_mode=mode)
        yield Sample(v.distinct(2, 3), 0.33, rounding_mode=mode)
        yield Sample(v.integers(-9, 9, 6), v.integers(1, 4, 6), rounding_mode=mode)
    yield Invalid(v.integers(0, 4, 3), 0, rounding_mode="trunc", raises=RuntimeError,
                  match="ZeroDivisionError", reads_values=True)
    yield Invalid(v.positive(3), 2.0, rounding_mode="up", raises=RuntimeError,
                  match="div expected rounding_mode to be one of None, 'trunc', or 'floor'")


def _div(a: Array, b: Any, rounding_mode: str | None = None) -> Any:
    if rounding_mode == "floor":
        return np.floor_divide(a, b)
    quotient = np.true_divide(a, b)
    return np.trunc(quotient).astype(a.dtype) if rounding_mode else quotient


def _pow(v: Values) -> Iterator[Sample]:
    for exponent in (0, 1, 2, 3, -1, 0.5, -2.5, 2.0):
        yield Sample(v.positive(2, 3), exponent)
    yield Sample(v.nonzero(2, 3), 3)
    yield Sample(v.nonzero(4), Fixed([2.0, 3.0, -1.0, 0.0]))
    yield Invalid(v.integers(1, 4, 3), -1, raises=RuntimeError,
                  match="Integers to negative integer powers are not allowed")


def _rsub(v: Values) -> Iterator[Sample]:
    for left, right in PAIRS:
        yield Sample(v.normal(*left), v.normal(*right))
    yield Sample(v.normal(2, 3), 3)
    yield Sample(v.complex(2, 3), v.normal(3))
    yield from _scaled(v)
    yield Invalid(v.mask(3), v.mask(3), raises=RuntimeError,
                  match="Subtraction, the `-` operator, with .* bool tensor")
    yield Invalid(2, v.normal(3), raises=TypeError, own_words=True)


def _float_power(v: Values) -> Iterator[Sample]:
    for exponent in (2, -1, 0.5):
        yield Sample(v.positive(2, 3), exponent)
    yield Sample(2, v.normal(3))
    yield Sample(v.positive(2, 3), v.normal(3))
    yield Sample(v.integers(1, 9, 3), v.integers(-2, 3, 3))
    yield Sample(v.positive(3), 1j)


def _float_power_of(a: Any, b: Any) -> Any:
    kind = np.result_type(np.asarray(a), np.asarray(b), np.float64)
    return np.power(a, b, dtype=kind)


def _three(v: Values) -> Iterator[Sample]:
    for a, b, c in (((), (), ()), ((2, 3), (2, 3), (2, 3)), ((2, 3), (3,), (2, 1)),
                    ((2, 3, 4, 5), (2, 3, 4, 5), (2, 3, 4, 5)), ((0, 3), (3,), (0, 3))):
        yield Sample(v.normal(*a), v.normal(*b), v.nonzero(*c))
    yield Sample(v.normal(3), v.normal(2, 3), v.nonzero(3), value=-0.5)
    yield Sample(v.complex(3), v.complex(2, 3), v.complex(3), value=2)
    yield Invalid(v.normal(3), v.normal(3), "two", raises=TypeError, match="must be Tensor, not s")


ops = [
    binary("add", lambda a, b, alpha=1: a + alpha * b, more=_scaled, inplace="add_",
           integers="int64", complex=True),
    binary("sub", lambda a, b, alpha=1: a - alpha * b, more=_masks, inplace="sub_",
           integers="int64", complex=True),
    binary("mul", np.multiply, inplace="mul_", integers="int64", complex=True),
    binary("div", _div, second="nonzero",
           covers=("true_divide",),
           more=_rounded, inplace="div_", integers="float32", complex=True),
    binary("floor_divide", np.floor_divide, "distinct", "nonzero", differentiable=False,
           unrecorded="derivative for aten::floor_divide is not implemented",
           more=no_complex_pair, integers="int64"),
    binary("remainder", np.remainder, "distinct", "nonzero", numbers=(0.77, -0.33, 3),
           more=no_complex_pair, integers="int64", composite=True),
    binary("pow", np.power, "positive", "normal", more=_pow, inplace="pow_", complex=True),
    unary("neg", np.negative, inplace="neg_", integers="int64", complex=True),
    unary("exp", np.exp, more=no_list, inplace="exp_", integers="float32", complex=True),
    unary("log", np.log, "positive", no_list, inplace="log_", integers="float32", complex=True),
    unary("log1p", np.log1p, "positive", no_list, integers="float32", complex=True),
    unary("sqrt", np.sqrt, "positive", no_list, inplace="sqrt_", integers="float32", complex=True),
    unary("rsqrt", lambda x: 1 / np.sqrt(x), "positive", no_list, integers="float32", complex=True),
    unary("reciprocal", lambda x: 1 / x, "nonzero", no_list, integers="float32", complex=True),
    unary("square", np.square, integers="int64", complex=True),
    unary("abs", np.abs, "nonzero", inplace="abs_", integers="int64", covers=("absolute",),
          complex=True),
    unary("exp2", np.exp2, integers="float32", more=no_list),
    unary("expm1", np.expm1, integers="float32", complex=True),
    unary("log2", np.log2, "positive", integers="float32", complex=True),
    unary("log10", np.log10, "positive", integers="float32", complex=True),
    binary("fmod", np.fmod, "distinct", "nonzero", numbers=(0.77, -0.33, 3)),
    binary("hypot", np.hypot, "nonzero", "nonzero", numbers=()),
    binary("copysign", np.copysign, "nonzero", "nonzero", numbers=(2.5, -1.0),
           integers="float32"),
    Op("rsub", _rsub, lambda a, b, alpha=1: b - alpha * a, integers="int64",
       composite=True),
    Op("Tensor.__rdiv__", lambda v: [
        Sample(v.nonzero(2, 3), 2.5), Sample(v.nonzero(2, 3), v.normal(3))],
       lambda x, other: other / x, composite=True),
    Op("float_power", _float_power, _float_power_of),
    Op("positive", lambda v: [
        Sample(v.normal(2, 3)), Sample(v.integers(0, 9, 3)),
        Invalid(v.mask(3), raises=RuntimeError, match=r"The `\+` operator, on a bool tensor")]),
    Op("fill", lambda v: [Sample(v.normal(2, 3), 2.5), Sample(v.normal(2, 3), v.normal())],
       lambda x, value: np.full_like(x, value)),
    Op("addcmul", _three, lambda x, a, b, value=1: x + value * a * b, order="kept"),
    Op("addcdiv", _three, lambda x, a, b, value=1: x + value * a / b, order="kept"),
]
