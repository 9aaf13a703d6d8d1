"""Rows of rushlight/ops/comparison.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .core import Fixed, Invalid, Op, Sample, Values
from .elementwise import PAIRS, SHAPES, no_complex_pair, unary


def _comparison(
    name: str, reference: Any, numbers: bool = True, ordered: bool = False, **options: Any
) -> Op:
    def samples(v: Values) -> Iterator[Sample]:
        for left, right in PAIRS:
            yield Sample(v.normal(*left), v.normal(*right))
        yield Sample(v.integers(0, 3, 3, 4), v.integers(0, 3, 3, 4))
        if numbers:
            yield Sample(v.integers(0, 3, 3, 4), 1)
            yield Sample(v.integers(0, 3, 3, 4), 1.5)
        yield Sample(v.mask(5), v.mask(5))
        yield Sample(np.array([np.nan, 1.0, np.inf]), np.array([np.nan, np.nan, np.inf]))
        if ordered:
            yield from no_complex_pair(v)
            yield Invalid(v.normal(3), v.complex(3), raises=NotImplementedError,
                          match="not implemented for")

    return Op(name, samples, reference, differentiable=False, order="kept", integers="bool",
              **options)  # fmt: skip


def _bits(name: str, reference: Any) -> Op:
    def samples(v: Values) -> Iterator[Sample]:
        for shape in SHAPES:
            yield Sample(v.integers(-8, 8, *shape), v.integers(-8, 8, *shape))
            yield Sample(v.mask(*shape), v.mask(*shape))
        yield Sample(v.integers(0, 9, 2, 3), v.integers(0, 9, 3))
        yield Sample(v.integers(0, 9, 2, 3), 3)
        for other in (1, v.normal(3), v.complex(3)):
            yield Invalid(v.normal(3), other, raises=NotImplementedError,
                          match="not implemented for")
        yield Invalid(v.integers(0, 9, 3), 1.5, raises=NotImplementedError,
                      match="not implemented for")

    return Op(name, samples, reference, differentiable=False)


def _test(name: str, reference: Callable[[Any], Any]) -> Op:
    def samples(v: Values) -> Iterator[Sample]:
        for shape in SHAPES:
            yield Sample(v.normal(*shape))
        yield Sample(np.array([np.nan, np.inf, -np.inf, 0.0, 1.0]))
        yield Sample(v.integers(0, 2, 4))
        yield Sample(v.mask(4))

    return Op(name, samples, reference, differentiable=False, integers="bool")


def _integers_and_masks(v: Values) -> Iterator[Sample]:
    yield Sample(v.integers(-9, 9, 3, 4))
    yield Sample(v.mask(3, 4))
    yield Invalid(v.normal(3), raises=NotImplementedError, match="not implemented for")


def _no_complex(v: Values) -> Iterator[Sample]:
    yield Invalid(v.complex(3), raises=NotImplementedError,
                  match="not implemented for torch.complex128", own_words=True)


def _round(v: Values) -> Iterator[Sample]:
    for shape in SHAPES:
        yield Sample(v.distinct(*shape))
    yield Sample(np.array([0.5, 1.5, -0.5, 2.5]) + 1e-3)
    yield Sample(10 * v.distinct(3, 4), decimals=1)
    yield Sample(1037 * v.distinct(3, 4), decimals=-2)
    yield from _no_complex(v)


def _heaviside(v: Values) -> Iterator[Sample]:
    for left, right in PAIRS:
        yield Sample(Fixed(v.integers(-1, 2, *left).astype(float)), Fixed(v.normal(*right)))
    yield Sample(v.integers(-1, 2, 6), v.integers(-9, 9, 6))
    yield Sample(v.mask(6), v.mask(6))
    yield Invalid(v.normal(3), v.integers(0, 9, 3), raises=RuntimeError,
                  match="heaviside is not yet implemented for tensors with different dtypes")
    yield Invalid(v.complex(3), v.complex(3), raises=RuntimeError,
                  match="heaviside is not yet implemented for complex tensors")
    yield Invalid(v.normal(3), 1.0, raises=TypeError, match="must be Tensor, not float")


ops = [
    Op("heaviside", _heaviside, np.heaviside, differentiable=False, order="kept",
       inplace="heaviside_"),
    _comparison("eq", np.equal, covers=("Tensor.__eq__",)),
    _comparison("ne", np.not_equal, covers=("Tensor.__ne__", "not_equal")),
    _comparison("lt", np.less, ordered=True, covers=("Tensor.__lt__", "less")),
    _comparison("le", np.less_equal, ordered=True, covers=("Tensor.__le__", "less_equal")),
    _comparison("gt", np.greater, ordered=True, covers=("Tensor.__gt__", "greater")),
    _comparison("ge", np.greater_equal, ordered=True, covers=("Tensor.__ge__", "greater_equal")),
    _comparison("logical_and", np.logical_and, numbers=False),
    _comparison("logical_or", np.logical_or, numbers=False),
    _comparison("logical_xor", np.logical_xor, numbers=False),
    _test("logical_not", np.logical_not),
    _test("isnan", np.isnan),
    _test("isinf", np.isinf),
    _test("isfinite", np.isfinite),
    _bits("bitwise_and", np.bitwise_and),
    _bits("bitwise_or", np.bitwise_or),
    _bits("bitwise_xor", np.bitwise_xor),
    Op("bitwise_not", _integers_and_masks, np.bitwise_not, differentiable=False),
    unary("floor", np.floor, "distinct", _no_complex, integers="int64"),
    unary("ceil", np.ceil, "distinct", _no_complex, integers="int64"),
    unary("trunc", np.trunc, "distinct", _no_complex, integers="int64"),
    unary("sign", np.sign, "distinct", integers="int64"),
    Op("round", _round, lambda x, decimals=0: np.round(x, decimals), integers="int64",
       composite=True),
]  # fmt: skip
