"""Rows of rushlight/ops/statistics.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .core import Array, Invalid, Op, Sample, Values


def _quantiles(v: Values) -> Iterator[Sample]:
    x = v.distinct(4, 5)
    yield Sample(x, 0.3)
    yield Sample(x, 0.3, 1)
    yield Sample(x, np.array([0.1, 0.3, 0.85]), 0, True)
    yield Sample(x, 0.5, keepdim=True)
    for interpolation in ("lower", "higher", "midpoint", "nearest"):
        yield Sample(x, 0.3, 1, interpolation=interpolation)
    yield Sample(v.normal(), 0.5)
    with_nan = x.copy()
    with_nan[0, 1] = with_nan[1] = np.nan
    yield Sample(with_nan, 0.4, 1)
    yield Invalid(x, 1.5, raises=RuntimeError, match=r"q must be in the range \[0, 1\]")
    yield Invalid(x, np.array([0.5, -0.5]), raises=RuntimeError, match="must be in the range",
                  reads_values=True)
    yield Invalid(x, 0.5, interpolation="cubic", raises=RuntimeError, match="interpolation must be")
    yield Invalid(v.integers(0, 5, 3), 0.5, raises=RuntimeError, match="either float or double")
    yield Invalid(v.normal(0), 0.5, raises=RuntimeError, match="must be non-empty")


def _quantile(function: Callable[..., Any]) -> Callable[..., Any]:
    def reference(
        x: Array, q: Any, dim: int | None = None, keepdim: bool = False,
        interpolation: str = "linear",
    ) -> Any:  # fmt: skip
        return function(x, q, axis=dim, keepdims=keepdim, method=interpolation)

    return reference


def _cov(v: Values) -> Iterator[Sample]:
    x = v.normal(3, 6)
    yield Sample(x)
    yield Sample(x, correction=0)
    yield Sample(v.normal(6))
    yield Sample(v.complex(2, 4))
    yield Sample(v.integers(0, 9, 3, 4))
    counts, weights = v.integers(1, 4, 6), v.positive(6)
    yield Sample(x, fweights=counts)
    yield Sample(x, aweights=weights)
    yield Sample(x, correction=2, fweights=counts, aweights=weights)
    yield Invalid(v.normal(2, 2, 2), raises=RuntimeError, match="two or fewer dimensions")
    yield Invalid(v.mask(2, 2), raises=RuntimeError, match="bool dtype is not supported")
    yield Invalid(x, fweights=weights, raises=RuntimeError, match="integral dtype")
    yield Invalid(x, fweights=np.array([1]), raises=RuntimeError, match="cov\\(\\): expected fwei")


def _cov_reference(
    x: Array, correction: int = 1, fweights: Any = None, aweights: Any = None
) -> Array:
    return np.cov(x, ddof=correction, fweights=fweights, aweights=aweights)


def _corrcoef(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(3, 6))
    yield Sample(v.complex(2, 4))
    yield Sample(v.normal(5))
    yield Invalid(v.normal(2, 2, 2), raises=RuntimeError, match="two or fewer dimensions")


ops = [
    Op("quantile", _quantiles, _quantile(np.quantile), composite=True, halves=False),
    Op("nanquantile", _quantiles, _quantile(np.nanquantile), composite=True, halves=False),
    Op("cov", _cov, _cov_reference, composite=True),
    Op("corrcoef", _corrcoef, np.corrcoef, composite=True),
]
