"""Rows of rushlight/ops/choices.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .core import Array, Invalid, Op, Sample, Values
from .elementwise import SHAPES, binary, no_complex_pair


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
    yield Invalid(v.complex(3), 0, 1, raises=NotImplementedError, match="not (support|implemented)")


def _limit(v: Values) -> Iterator[Sample]:
    yield Sample(v.distinct(2, 3), 0.1)
    yield Sample(v.distinct(2, 3), v.distinct(3) + 0.03)
    yield Sample(v.integers(-5, 5, 2, 3), 1)


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


def _where_method(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 3), v.mask(3), v.normal(2, 1))
    yield Sample(v.normal(3), v.mask(3), 0.5)
    yield Invalid(v.normal(3), v.normal(3), v.normal(3), raises=RuntimeError,
                  match="expected condition to be a boolean tensor")


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
    binary("maximum", np.maximum, "normal", "normal", numbers=(), more=no_complex_pair,
           integers="int64"),
    binary("minimum", np.minimum, "normal", "normal", numbers=(), more=no_complex_pair,
           integers="int64"),
    binary("fmax", np.fmax, numbers=(), integers="int64"),
    binary("fmin", np.fmin, numbers=(), integers="int64"),
    Op("clamp_min", _limit, np.maximum, inplace="clamp_min_", order="kept", composite=True),
    Op("clamp_max", _limit, np.minimum, inplace="clamp_max_", order="kept", composite=True),
    Op("clamp", _clamp, _clamp_reference, inplace="clamp_", order="kept", composite=True),
    Op("where", _where, lambda c, *ab: np.where(c, *ab) if ab else np.nonzero(c),
       unrecorded="shape depends on the data"),
    Op("Tensor.where", _where_method, lambda x, c, other: np.where(c, x, other)),
    Op("masked_fill", _masked_fill, lambda x, mask, value: np.where(mask, value, x),
       inplace="masked_fill_"),
    Op("lerp", _lerp, lambda a, b, w: a + w * (b - a)),
]
