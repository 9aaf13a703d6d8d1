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
    yield Invalid(v.positive(3), 2.0, rounding_mode="up", raises=RuntimeError,
                  match="div expected rounding_mode to be one of None, 'trunc', or 'floor'")


def _pow(v: Values) -> Iterator[Sample]:
    for exponent in (0, 1, 2, 3, -1, 0.5, -2.5, 2.0):
        yield Sample(v.positive(2, 3), exponent)
    yield Sample(v.nonzero(2, 3), 3)
    yield Sample(v.nonzero(4), Fixed([2.0, 3.0, -1.0, 0.0]))
    yield Invalid(v.integers(1, 4, 3), -1, raises=RuntimeError,
                  match="Integers to negative integer powers are not allowed")


def _clamp(v: Values) -> Iterator[Sample]:
    for shape in SHAPES:
        yield Sample(v.distinct(*shape), -0.2, 0.31)
    yield Sample(v.distinct(3, 4), min=0.0)
    yield Sample(v.distinct(3, 4), max=0.2)
    yield Sample(v.distinct(3, 4), 0.3, -0.3)
    x = v.distinct(3, 12)
    yield Sample(x[:, :4].copy(), x[:, 4:8] - 0.01, x[0, 8:] + 0.013)
    yield Sample(x[:, :4].copy(), max=x[:, 4:8] - 0.01)
    yield Sample(v.integers(-5, 5, 6), -2, 2)
    yield Invalid(v.normal(3), raises=RuntimeError, match="At least one of 'min' or 'max' must not")
    yield Invalid(v.complex(3), 0, 1, raises=NotImplementedError, match="clamp is not supported fo")


def _clamp_reference(x: Array, min: Any = None, max: Any = None) -> Array:
    lifted = x if min is None else np.maximum(x, min)
    return lifted if max is None else np.minimum(lifted, max)


def _where(v: Values) -> Iterator[Sample]:
    for a, b, c in (((), (), ()), ((3,), (3,), (3,)), ((2, 3), (3,), ()), ((2, 1), (2, 3), (3,)),
                    ((2, 3, 4, 5), (2, 3, 4, 5), (2, 3, 4, 5)), ((0, 3), (3,), (0, 3))):
        yield Sample(v.mask(*a), v.normal(*b), v.normal(*c))
    yield Sample(v.mask(2, 3), v.normal(3), 0.5)
    yield Sample(v.mask(2, 3), 1.5, v.normal(3))
    yield Sample(v.mask(2, 3), 1.0, 2.0)
    yield Sample(v.mask(2, 3), v.integers(0, 9, 3), v.normal(3))
    yield Sample(v.mask(2, 3))
    yield Invalid(v.normal(3), v.normal(3), v.normal(3), raises=RuntimeError,
                  match="expected condition to be a boolean tensor")
    yield Invalid(v.mask(3), v.normal(), v.normal(4), raises=RuntimeError, match=(
        r"The size of tensor a \(3\) must match the size of tensor b \(4\) at non-singleton "
        "dimension 0"))
    yield Invalid(v.mask(3), v.normal(4), v.normal(3), raises=RuntimeError, match="size of tensor",
                  own_words=True)


def _masked_fill(v: Values) -> Iterator[Sample]:
    for shape, mask in (((), ()), ((5,), (5,)), ((2, 3), (3,)), ((2, 3, 4, 5), (2, 3, 4, 5))):
        yield Sample(v.normal(*shape), v.mask(*mask), 0.5)
        yield Sample(v.normal(*shape), v.mask(*mask), float("-inf"))
        yield Sample(v.normal(*shape), v.mask(*mask), v.normal())
    yield Sample(v.integers(0, 9, 4), v.mask(4), 7)
    yield Invalid(v.normal(3), v.normal(3), 1.0, raises=RuntimeError,
                  match="only supports boolean masks", own_words=True)
    yield Invalid(v.normal(3), v.mask(3), v.normal(1), raises=RuntimeError, match=(
        "masked_fill_ only supports a 0-dimensional value tensor, but got tensor with 1 dimension"))
    yield Invalid(v.normal(3), v.mask(2), 0.5, raises=RuntimeError, match=(
        r"The size of tensor a \(2\) must match the size of tensor b \(3\) at non-singleton "
        "dimension 0"))
    yield Invalid(v.normal(3), v.mask(2), 0.5, raises=RuntimeError, match="^masked_fill: ",
                  own_words=True)
    yield Invalid(np.arange(3, dtype=np.uint8), v.mask(3), 300, raises=RuntimeError,
                  match="value cannot be converted to type uint8.* without overflow")


def _lerp(v: Values) -> Iterator[Sample]:
    for shape in SHAPES:
        yield Sample(v.normal(*shape), v.normal(*shape), 0.3)
        yield Sample(v.normal(*shape), v.normal(*shape), v.positive(*shape))
    yield Sample(v.normal(2, 3), v.normal(3), 0.7)


ops = [
    binary("add", lambda a, b, alpha=1: a + alpha * b, more=_scaled, inplace="add_",
           integers="int64", complex=True),
    binary("sub", lambda a, b, alpha=1: a - alpha * b, more=_masks, inplace="sub_",
           integers="int64", complex=True),
    binary("mul", np.multiply, inplace="mul_", integers="int64", complex=True),
    binary("div", lambda a, b, rounding_mode=None: np.true_divide(a, b), second="nonzero",
           covers=("true_divide",),
           more=_rounded, inplace="div_", integers="float32", complex=True),
    binary("floor_divide", np.floor_divide, "distinct", "nonzero", differentiable=False,
           more=no_complex_pair, integers="int64"),
    binary("remainder", np.remainder, "distinct", "nonzero", numbers=(0.77, -0.33, 3),
           more=no_complex_pair, integers="int64", composite=True),
    binary("pow", np.power, "positive", "normal", more=_pow, inplace="pow_", complex=True),
    binary("maximum", np.maximum, "normal", "normal", numbers=(), more=no_complex_pair,
           integers="int64"),
    binary("minimum", np.minimum, "normal", "normal", numbers=(), more=no_complex_pair,
           integers="int64"),
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
    unary("sin", np.sin, more=no_list, integers="float32", complex=True),
    unary("cos", np.cos, more=no_list, integers="float32", complex=True),
    Op("clamp", _clamp, _clamp_reference, inplace="clamp_", order="kept", composite=True),
    Op("where", _where, lambda c, *ab: np.where(c, *ab) if ab else np.nonzero(c),
       unrecorded="shape depends on the data"),
    Op("masked_fill", _masked_fill, lambda x, mask, value: np.where(mask, value, x)),
    Op("lerp", _lerp, lambda a, b, w: a + w * (b - a), composite=True),
]
