"""Rows of rushlight/ops/histogram.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .core import Array, Invalid, Op, Sample, Values


def _bincount(v: Values) -> Iterator[Sample]:
    x = v.integers(0, 5, 8)
    yield Sample(x)
    yield Sample(x, minlength=9)
    yield Sample(x, v.normal(8))
    yield Sample(np.zeros(0, np.int64), minlength=3)
    yield Invalid(np.array([0, -1]), raises=RuntimeError, match="only supports 1-d non-negative",
                  reads_values=True)
    yield Invalid(v.integers(0, 5, 2, 2), raises=RuntimeError, match="only supports 1-d")
    yield Invalid(np.array([0.5]), raises=NotImplementedError, match="not implemented")
    yield Invalid(x, v.normal(3), raises=RuntimeError, match="weights should be 1-d")
    yield Invalid(x, minlength=-1, raises=RuntimeError, match="minlength should be >= 0")


def _histc(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(20), 5, -1.0, 1.5)
    yield Sample(v.normal(3, 4), 4)
    yield Sample(np.array([1.0, 2.0, np.nan, 3.0]), 3, 1.0, 3.0)
    yield Sample(np.array([2.0, 2.0]), bins=3)
    yield Sample(v.normal(9), 3, 1.0, 1.0)  # equal ends are none
    yield Invalid(v.integers(0, 9, 7), 4, 0, 8, raises=NotImplementedError, match="not implemented")
    yield Invalid(v.normal(3), 0, raises=RuntimeError, match="bins must be > 0")
    yield Invalid(v.normal(3), 3, 2.0, 1.0, raises=RuntimeError, match="max must be larger than mi")
    yield Invalid(np.array([1.0, np.nan]), 3, raises=RuntimeError, match="is not finite",
                  own_words=True)


def _histc_reference(x: Array, bins: int = 100, min: float = 0, max: float = 0) -> Array:
    low, high = (x.min(), x.max()) if min == max else (min, max)
    low, high = (low - 1, high + 1) if low == high else (low, high)
    return np.histogram(x[(x >= low) & (x <= high)], bins, (low, high))[0]


def _histogram(v: Values) -> Iterator[Sample]:
    x = v.normal(20)
    yield Sample(x, 5)
    yield Sample(x.reshape(4, 5), 4, range=(-1.0, 1.5))
    yield Sample(x, 4, range=(-1.0, 1.5), weight=v.positive(20), density=True)
    yield Sample(x, np.array([-1.0, 0.5, 1.0, 1.25]))
    yield Sample(x, np.array([-1.0, 0.5, 1.0, 1.25]), density=True)
    yield Sample(np.array([1.0, 1.0]), 2)
    yield Invalid(x, 0, raises=RuntimeError, match="bins must be > 0")
    yield Invalid(x, 3, range=(2.0, 1.0), raises=RuntimeError, match="min should not exceed max")
    yield Invalid(x, 3, weight=v.normal(3), raises=RuntimeError, match="same shape")
    yield Invalid(v.integers(0, 3, 4), 3, raises=NotImplementedError, match="not implemented")


def _histogram_reference(
    x: Array, bins: Any, range: Any = None, weight: Any = None, density: bool = False
) -> Any:
    return np.histogram(x, bins, range, density, weight)


def _histogramdd(v: Values) -> Iterator[Sample]:
    x = v.normal(10, 2)
    yield Sample(x, 3)
    yield Sample(x, (2, 3), range=(-1.0, 1.0, -2.0, 2.0), density=True)
    yield Sample(x, (2, 3), weight=v.positive(10))
    yield Sample(x, (np.array([-1.0, 0.0, 1.0]), np.array([-2.0, 0.0, 0.5, 1.0])))
    yield Invalid(v.normal(3), 3, raises=RuntimeError, match="at least 2 dimensions")
    yield Invalid(x, (1, 2, 3), raises=RuntimeError, match="for a 2-dimensional histogram",
                  own_words=True)


def _histogramdd_reference(
    x: Array, bins: Any, range: Any = None, weight: Any = None, density: bool = False
) -> Any:
    pairs = None if range is None else list(zip(range[::2], range[1::2], strict=True))
    return np.histogramdd(x, bins, pairs, density=density, weights=weight)


ops = [
    Op("bincount", _bincount, lambda x, weights=None, minlength=0: np.bincount(
        x, weights, minlength), differentiable=False, halves=False,
       unrecorded="shape depends on the data"),
    Op("histc", _histc, _histc_reference, differentiable=False, halves=False,
       unrecorded="reads a value"),
    Op("histogram", _histogram, _histogram_reference, differentiable=False, halves=False,
       unrecorded="reads a value"),
    Op("histogramdd", _histogramdd, _histogramdd_reference, differentiable=False, halves=False,
       unrecorded="reads a value"),
]
