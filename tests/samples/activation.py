"""Rows of rushlight/ops/activation.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .core import Array, Invalid, Op, Sample, Values
from .elementwise import SHAPES, no_list, unary


def _slopes(v: Values) -> Iterator[Sample]:
    for shape in SHAPES:
        yield Sample(v.distinct(*shape))
    yield Sample(v.distinct(3, 4), 0.3)
    yield Sample(v.distinct(3, 4), negative_slope=-0.2)


def _no_order(v: Values) -> Iterator[Sample]:
    yield from no_list(v)
    yield Invalid(v.complex(3), raises=NotImplementedError, own_words=True,
                  match="not implemented for")


def _inputs(v: Values) -> Iterator[Sample]:
    for shape in SHAPES:
        yield Sample(2 * v.distinct(*shape))
    yield Invalid([1.0], raises=TypeError, match="argument 'input' .*must be Tensor, not list")


def _with(*parameters: Any, **named: Any) -> Any:
    def samples(v: Values) -> Iterator[Sample]:
        yield from _inputs(v)
        yield Sample(2 * v.distinct(3, 4), *parameters, **named)

    return samples


def _threshold(v: Values) -> Iterator[Sample]:
    for shape in SHAPES:
        yield Sample(v.distinct(*shape), 0.1, -3.0)


def _gelu(v: Values) -> Iterator[Sample]:
    yield from _inputs(v)
    yield Sample(2 * v.distinct(3, 4), approximate="tanh")
    yield Invalid(v.normal(3), approximate="sinh", raises=RuntimeError, match="approximate argum")


def _softplus(x: Array, beta: float = 1, threshold: float = 20) -> Array:
    return np.where(x * beta > threshold, x, np.log1p(np.exp(x * beta)) / beta)


def _sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


ops = [
    unary("relu", lambda x: np.maximum(x, 0), "distinct", _no_order, inplace="relu_",
          integers="int64"),
    unary("nn.functional.relu", lambda x: np.maximum(x, 0), "distinct", _no_order,
          integers="int64"),
    unary("tanh", np.tanh, more=no_list, inplace="tanh_", integers="float32", complex=True),
    unary("sigmoid", lambda x: 1 / (1 + np.exp(-x)), more=no_list, inplace="sigmoid_",
          integers="float32", complex=True),
    Op("nn.functional.leaky_relu", _slopes,
       lambda x, negative_slope=0.01: np.where(x > 0, x, negative_slope * x), order="kept"),
    Op("nn.functional.silu", _inputs, lambda x: x * _sigmoid(x), order="kept"),
    Op("nn.functional.gelu", _gelu, order="kept"),
    Op("nn.functional.logsigmoid", _inputs, lambda x: np.log(_sigmoid(x)), order="kept"),
    Op("nn.functional.mish", _inputs, lambda x: x * np.tanh(_softplus(x)), order="kept"),
    Op("nn.functional.hardsigmoid", _inputs, lambda x: np.clip(x + 3, 0, 6) / 6, order="kept"),
    Op("nn.functional.hardswish", _inputs, lambda x: x * np.clip(x + 3, 0, 6) / 6, order="kept"),
    Op("nn.functional.softplus", _with(2.0, 1.5), _softplus, order="kept"),
    Op("nn.functional.elu", _with(1.5),
       lambda x, alpha=1.0: np.where(x > 0, x, alpha * np.expm1(x)), order="kept"),
    Op("nn.functional.threshold", _threshold, lambda x, t, v: np.where(x > t, x, v),
       order="kept"),
]  # fmt: skip
