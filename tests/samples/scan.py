"""Rows of rushlight/ops/scan.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .core import Array, Invalid, Named, Op, Sample, Values


def _running(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(5), 0)
    yield Sample(v.normal(2, 3), 0)
    yield Sample(v.normal(2, 3, 4, 5), -3)
    yield Sample(v.normal(), 0)
    yield Sample(v.integers(0, 9, 2, 3), 1, dtype=Named("float64"))
    yield Sample(v.mask(2, 3), 1)
    yield Invalid(v.normal(2, 3), 5, raises=IndexError, match="Dimension out of range")


def _products(v: Values) -> Iterator[Sample]:
    yield from _running(v)
    x = v.nonzero(4, 5)
    x[0, 2] = x[1, 1] = x[1, 3] = x[2, 0] = x[3, 4] = 0
    yield Sample(x, 1)
    yield Sample(x, 0)
    yield Sample(v.complex(2, 3), 1)
    yield Sample(v.normal(0, 3), 0)


def _extremes(v: Values) -> Iterator[Sample]:
    yield Sample(v.distinct(5), 0)
    yield Sample(v.distinct(2, 3, 4), -2)
    yield Sample(v.distinct(), 0)
    yield Sample(v.integers(0, 3, 4, 6), 1)
    yield Sample(np.array([1.0, np.nan, 3.0, np.nan]), 0)
    yield Sample(v.normal(0, 3), 1)
    yield Invalid(v.normal(2, 3), 2, raises=IndexError, match="Dimension out of range")
    yield Invalid(v.complex(3), 0, raises=NotImplementedError, match="complex|Complex",
                  own_words=True)


def _extreme(accumulate: Any, wins: Callable[[Any, Any], bool]) -> Callable[..., Any]:
    def reference(x: Array, dim: int) -> Any:
        if x.ndim == 0:
            return x, np.zeros((), np.int64)
        lines = np.moveaxis(x, dim, -1)
        places = np.zeros(lines.shape, np.int64)
        for line, found in zip(lines.reshape(-1, x.shape[dim]), places.reshape(-1, x.shape[dim]),
                               strict=True):  # fmt: skip
            best = 0
            for i, value in enumerate(line):
                best = i if np.isnan(value) or wins(value, line[best]) else best
                found[i] = best
        return accumulate(x, axis=dim), np.moveaxis(places, -1, dim)

    return reference


ops = [
    Op("cumsum", _running, lambda x, dim, dtype=None: np.cumsum(x, dim) if x.ndim else x,
       integers="int64", inplace="cumsum_"),
    Op("cumprod", _products, lambda x, dim, dtype=None: np.cumprod(x, dim) if x.ndim else x,
       integers="int64", inplace="cumprod_"),
    Op("cummax", _extremes, _extreme(np.maximum.accumulate, lambda a, b: a >= b)),
    Op("cummin", _extremes, _extreme(np.minimum.accumulate, lambda a, b: a <= b)),
]
