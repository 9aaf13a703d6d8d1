"""Rows of rushlight/ops/activation.py."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .core import Op, Sample, Values
from .elementwise import SHAPES, unary


def _slopes(v: Values) -> Iterator[Sample]:
    for shape in SHAPES:
        yield Sample(v.distinct(*shape))
    yield Sample(v.distinct(3, 4), 0.3)
    yield Sample(v.distinct(3, 4), negative_slope=-0.2)


ops = [
    unary("relu", lambda x: np.maximum(x, 0), "distinct", inplace="relu_", integers="int64"),
    unary("nn.functional.relu", lambda x: np.maximum(x, 0), "distinct", integers="int64"),
    unary("tanh", np.tanh, inplace="tanh_", integers="float32"),
    unary("sigmoid", lambda x: 1 / (1 + np.exp(-x)), inplace="sigmoid_", integers="float32"),
    Op("nn.functional.leaky_relu", _slopes,
       lambda x, negative_slope=0.01: np.where(x > 0, x, negative_slope * x), order="kept",
       composite=True),
]  # fmt: skip
