"""Rows of rushlight/ops/activation.py."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .core import Invalid, Op, Sample, Values
from .elementwise import SHAPES, no_list, unary


def _slopes(v: Values) -> Iterator[Sample]:
    for shape in SHAPES:
        yield Sample(v.distinct(*shape))
    yield Sample(v.distinct(3, 4), 0.3)
    yield Sample(v.distinct(3, 4), negative_slope=-0.2)


def _no_order(v: Values) -> Iterator[Sample]:
    yield from no_list(v)
    yield Invalid(v.complex(3), raises=NotImplementedError, own_words=True,
                  match="relu is not implemented for complex")


ops = [
    unary("relu", lambda x: np.maximum(x, 0), "distinct", _no_order, inplace="relu_",
          integers="int64"),
    unary("nn.functional.relu", lambda x: np.maximum(x, 0), "distinct", _no_order,
          integers="int64"),
    unary("tanh", np.tanh, more=no_list, inplace="tanh_", integers="float32", complex=True),
    unary("sigmoid", lambda x: 1 / (1 + np.exp(-x)), more=no_list, inplace="sigmoid_",
          integers="float32", complex=True),
    Op("nn.functional.leaky_relu", _slopes,
       lambda x, negative_slope=0.01: np.where(x > 0, x, negative_slope * x), order="kept",
       composite=True),
]  # fmt: skip
