"""Rows of rushlight/ops/compare_all.py."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .core import Invalid, Op, Sample, Values


def _equal(v: Values) -> Iterator[Sample]:
    x = v.normal(2, 3)
    yield Sample(x, x.copy())
    yield Sample(x, x + np.eye(2, 3))
    yield Sample(x, v.normal(3, 2))
    yield Sample(v.integers(0, 9, 3), v.integers(0, 9, 3))


def _close(v: Values) -> Iterator[Sample]:
    x = v.normal(2, 3)
    yield Sample(x, x * (1 + 1e-6))
    yield Sample(x, x * (1 + 1e-3))
    yield Sample(x, x * (1 + 1e-3), rtol=0.1)
    yield Sample(x, x + 1e-3, atol=0.01)
    special = np.array([np.nan, np.inf, -np.inf, 1.0])
    yield Sample(special, special.copy())
    yield Sample(special, special.copy(), equal_nan=True)
    yield Sample(special, special[[0, 2, 1, 3]])
    yield Sample(v.integers(0, 9, 3), v.integers(0, 9, 3), atol=2.0)
    yield Invalid(x, v.integers(0, 9, 2, 3), raises=RuntimeError, match="did not match")


def _contains(v: Values) -> Iterator[Sample]:
    x = v.integers(0, 9, 2, 3)
    yield Sample(x, int(x[1, 2]))
    yield Sample(x, 9.5)
    yield Sample(x, x[0])
    yield Invalid(x, "a", raises=RuntimeError, match="only supports Tensor or scalar")


ops = [
    Op("equal", _equal, np.array_equal, differentiable=False, unrecorded="reads a value"),
    Op("isclose", _close, np.isclose, differentiable=False),
    Op("allclose", _close, np.allclose, differentiable=False, unrecorded="reads a value"),
    Op("Tensor.__contains__", _contains, lambda x, element: bool((x == element).any()),
       differentiable=False, unrecorded="reads a value"),
]
