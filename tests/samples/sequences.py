"""Rows of rushlight/ops/sequences.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .core import Array, Fixed, Invalid, Named, Op, Sample, Values


def _logspace(v: Values) -> Iterator[Sample]:
    yield Sample(0, 2, 5)
    yield Sample(-1.5, 1, 4, base=2.0)
    yield Sample(3, 0, 1)
    yield Sample(0, 1, 0)
    yield Sample(0, 2.5, 5, dtype=Named("int32"))
    yield Sample(0, 1, 3, dtype=Named("float64"))
    yield Invalid(0, 1, -1, raises=RuntimeError, match="number of steps must be non-negative")


def _powers(start: Any, end: Any, steps: int, base: float = 10.0, dtype: Any = None) -> Array:
    if dtype == "int32":
        return np.trunc(np.logspace(int(start), int(end), steps, base=base))
    return np.logspace(start, end, steps, base=base)


def _range(v: Values) -> Iterator[Sample]:
    yield Sample(0, 3)
    yield Sample(0, 2.5)
    yield Sample(1, -2, -0.5)
    yield Sample(0, 3, 2, dtype=Named("int64"))
    yield Invalid(0, 3, 0, raises=RuntimeError, match="step must be nonzero")
    yield Invalid(3, 0, raises=RuntimeError, match="inconsistent with step sign")


def _range_reference(start: Any, end: Any, step: Any = 1, dtype: Any = None) -> Array:
    return np.arange(start, end + step / 2, step)[: int((end - start) // step) + 1]


def _vander(v: Values) -> Iterator[Sample]:
    yield Sample(v.nonzero(3))
    yield Sample(v.nonzero(3), 2)
    yield Sample(v.nonzero(2), 4, True)
    yield Sample(Fixed(v.nonzero(2)), N=0)
    yield Invalid(v.normal(2, 2), raises=RuntimeError, match="x must be a one-dimensional tensor")
    yield Invalid(v.normal(2), -1, raises=RuntimeError, match="N must be non-negative")


def _triangle(v: Values) -> Iterator[Sample]:
    yield Sample(3, 4)
    yield Sample(4, 3, 1)
    yield Sample(3, 3, offset=-2)
    yield Sample(0, 3)
    yield Sample(2, 2, dtype=Named("int32"))
    yield Invalid(-1, 2, raises=RuntimeError, match="row must be non-negative")
    yield Invalid(2, -1, raises=RuntimeError, match="col must be non-negative")
    yield Invalid(2, 2, dtype=Named("float32"), raises=RuntimeError, match="not implemented for")


def _indices(choose: Any) -> Callable[..., Array]:
    return lambda row, col, offset=0, dtype=None: np.stack(choose(row, offset, col))


def _numbers(v: Values) -> Iterator[Sample]:
    yield Sample(3)
    yield Sample(2.5, dtype=Named("int64"))
    yield Sample(True, dtype=Named("bool"))


ops = [
    Op("scalar_tensor", _numbers, lambda s, dtype=None: np.array(s, dtype or float),
       differentiable=False),
    Op("logspace", _logspace, _powers, differentiable=False),
    Op("range", _range, _range_reference, differentiable=False),
    Op("vander", _vander, lambda x, N=None, increasing=False: np.vander(x, N, increasing),
       composite=True, integers="int64", peer_gradient=False),  # PyTorch's backward fails
    Op("tril_indices", _triangle, _indices(np.tril_indices), differentiable=False),
    Op("triu_indices", _triangle, _indices(np.triu_indices), differentiable=False),
]  # fmt: skip
