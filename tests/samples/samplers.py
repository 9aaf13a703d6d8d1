"""Rows of rushlight/ops/samplers.py. Streams: parity; gradients: test_samplers.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from .core import Invalid, Op, Sample, Values
from .random import seeded


def _poisson(v: Values) -> Iterator[Sample]:
    yield Sample(v.between(0, 30, 40))
    yield Sample(v.between(0, 5, 3, 4))
    yield Sample(v.between(0, 5, 0))
    yield Invalid(v.integers(0, 9, 3), raises=NotImplementedError, match="not implemented for")


def _binomial(v: Values) -> Iterator[Sample]:
    yield Sample(v.integers(0, 50, 30) * 1.0, v.between(0, 1, 30))
    yield Sample(v.integers(0, 50, 3, 4) * 1.0, v.between(0, 1, 4))
    yield Invalid(v.integers(0, 9, 3), v.between(0, 1, 3), raises=ValueError,
                  match="binomial only supports floating-point dtypes for count")  # fmt: skip


def _gamma(v: Values) -> Iterator[Sample]:
    yield Sample(v.between(0.1, 5, 3, 4))
    yield Sample(v.between(0.1, 5, 0))
    yield Invalid(v.integers(1, 9, 3), raises=NotImplementedError, match="not implemented for")


def _sampled(torch: Any) -> Callable[..., Any]:
    draw = seeded("_standard_gamma")(torch)
    return lambda x: draw(x.detach())


ops = [
    Op("_standard_gamma", _gamma, call=_sampled, differentiable=False,
       random=True, halves=False),
    Op("poisson", _poisson, call=seeded("poisson"), differentiable=False, random=True),
    Op("binomial", _binomial, call=seeded("binomial"), differentiable=False, random=True,
       halves=False),
]
