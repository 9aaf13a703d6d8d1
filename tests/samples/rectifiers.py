"""Rows of rushlight/ops/rectifiers.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .core import Array, Fixed, Invalid, Op, Sample, Values
from .elementwise import SHAPES

LAMBDA = 0.42  # between two of `distinct`


def _inputs(*parameters: Any, is_composed: bool = False, **named: Any) -> Any:
    """Inputs of all shapes, also with parameters, and what is no input."""

    def samples(v: Values) -> Iterator[Sample]:
        for shape in SHAPES:
            yield Sample(2.1 * v.distinct(*shape))
        if parameters or named:
            yield Sample(2.1 * v.distinct(3, 4), *parameters, **named)
        yield Sample(Fixed(np.array([np.nan, np.inf, -np.inf])))
        if not is_composed:  # PyTorch's compositions call a method of what they are given
            yield Invalid([1.0], raises=TypeError,
                          match="argument 'input' .*must be Tensor, not list")
        yield Invalid(v.mask(3), raises=RuntimeError, own_words=True)

    return samples


def _refusing(bad: float, match: str, *parameters: Any) -> Any:
    def samples(v: Values) -> Iterator[Sample]:
        yield from _inputs(*parameters)(v)
        yield Invalid(v.normal(2), bad, raises=RuntimeError, own_words=True, match=match)

    return samples


def _hardtanh(v: Values) -> Iterator[Sample]:
    yield from _inputs(-0.31, 0.77)(v)
    yield Sample(Fixed(np.array([-1.0, 1.0])))
    yield Invalid(v.normal(3), 2.0, 1.0, raises=ValueError, match="min_val cannot be greater")
    yield Invalid(v.complex(3), raises=NotImplementedError, match="not (support|implemented)")


def _prelu(v: Values) -> Iterator[Sample]:
    yield Sample(v.distinct(5), v.positive(1))
    yield Sample(v.distinct(2, 3), v.positive(3))
    yield Sample(v.distinct(2, 3, 4, 5), v.normal(3))
    yield Sample(v.distinct(2, 3, 4, 5), v.normal(1))
    yield Sample(v.distinct(), v.normal())
    yield Sample(v.distinct(0, 3), v.normal(3))
    yield Invalid(v.normal(2, 3), v.normal(2), raises=RuntimeError, match=(
        "Mismatch of parameter numbers and input channel size. Found parameter numbers = 2 and"))
    yield Invalid(v.normal(), v.normal(2), raises=RuntimeError, match="zero-dim input tensor")
    yield Invalid(v.normal(2, 3), v.normal(2, 3), raises=RuntimeError, own_words=True,
                  match="scalar or 1D tensor")
    yield Invalid(v.integers(0, 3, 2), v.normal(1), raises=RuntimeError,
                  match="Type promoting not supported")


def _prelu_reference(x: Array, weight: Array) -> Array:
    if weight.size > 1:
        weight = weight.reshape((-1,) + (1,) * (x.ndim - 2))
    elif weight.ndim:
        weight = weight[0]
    return np.where(x > 0, x, weight * x)


def _rrelu(v: Values) -> Iterator[Sample]:
    for shape in SHAPES:
        yield Sample(v.distinct(*shape))
    yield Sample(v.distinct(3, 4), 0.1, 0.3)
    yield Invalid(v.normal(3), 0.5, 0.1, raises=RuntimeError, match="Lower bound should be less")


def _halved(v: Values) -> Iterator[Sample]:
    for shape, dim in (((4,), 0), ((2, 6), -1), ((4, 3, 2), 0), ((2, 4, 3, 5), 1), ((0, 4), 1)):
        yield Sample(v.normal(*shape), dim)
    yield Sample(v.normal(3, 2))
    yield Invalid(v.normal(3), raises=RuntimeError, match="Halving dimension must be even, but dim")
    yield Invalid(v.normal(), raises=RuntimeError, match="glu does not support scalars")
    yield Invalid(v.normal(4), 1, raises=IndexError, match="Dimension out of range")
    yield Invalid(v.integers(0, 3, 4), raises=NotImplementedError, match="not implemented for")


def _glu(x: Array, dim: int = -1) -> Array:
    a, b = np.split(x, 2, dim)
    return a / (1 + np.exp(-b))


def _elu(x: Array, alpha: float = 1.0) -> Array:
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0) / alpha))


def _in_place(name: str, reference: Any, *parameters: Any) -> Op:
    """A function that writes over its input, called on a copy of it."""

    def samples(v: Values) -> Iterator[Sample]:
        yield Sample(2.1 * v.distinct(2, 3), *parameters)

    def call(torch: Any) -> Any:
        function = getattr(torch.nn.functional, name)
        return lambda x, *rest: function(x.clone(), *rest)

    # The slope of PyTorch's celu_ is rounded to float32.
    return Op(f"nn.functional.{name}", samples, reference, call=call, composite=True,
              peer_gradient=name != "celu_")


def _activation(name: str, samples: Any, reference: Any, **options: Any) -> Op:
    return Op(f"nn.functional.{name}", samples, reference, order="kept", **options)


ops = [
    _activation("hardtanh", _hardtanh, lambda x, low=-1.0, high=1.0: np.clip(x, low, high),
                integers="int64"),
    _activation("relu6", _inputs(), lambda x: np.clip(x, 0, 6), integers="int64"),
    _activation("celu", _refusing(0.0, "alpha cannot be 0 for CELU", 1.7), _elu),
    _activation("selu", _inputs(),
                lambda x: 1.0507009873554805 * _scaled_elu(x)),
    _activation("prelu", _prelu, _prelu_reference),
    _activation("rrelu", _rrelu, lambda x, low=1 / 8, high=1 / 3: np.where(
        x > 0, x, (low + high) / 2 * x), composite=True),
    _activation("softshrink", _refusing(-1.0, "lambda must be", LAMBDA),
                lambda x, lambd=0.5: np.where(np.abs(x) <= lambd, 0, x - lambd * np.sign(x))),
    _activation("hardshrink", _inputs(LAMBDA),
                lambda x, lambd=0.5: np.where(np.abs(x) <= lambd, 0, x)),
    _activation("tanhshrink", _inputs(is_composed=True), lambda x: x - np.tanh(x), composite=True,
                integers="float32"),
    _activation("softsign", _inputs(is_composed=True), lambda x: x / (1 + np.abs(x)),
                composite=True, integers="float32"),
    Op("nn.functional.glu", _halved, _glu, composite=True),
    _in_place("relu_", lambda x: np.maximum(x, 0)),
    _in_place("celu_", _elu, 1.7),
    _in_place("selu_", lambda x: 1.0507009873554805 * _scaled_elu(x)),
    _in_place("elu_", lambda x, a: np.where(x > 0, x, a * np.expm1(x)), 1.3),
    _in_place("hardtanh_", np.clip, -0.31, 0.77),
    _in_place("leaky_relu_", lambda x, slope: np.where(x > 0, x, slope * x), 0.2),
    _in_place("threshold_", lambda x, t, value: np.where(x > t, x, value), 0.1, -3.0),
    _in_place("rrelu_", lambda x, low, high: np.where(x > 0, x, (low + high) / 2 * x), 0.1, 0.3),
]  # fmt: skip


def _scaled_elu(x: Array) -> Array:
    return np.where(x > 0, x, 1.6732632423543772 * np.expm1(np.minimum(x, 0)))
