"""Rows of rushlight/ops/variance.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .core import Array, Invalid, Op, Sample, Values


def _spread(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(5))
    yield Sample(v.normal(2, 3), 1)
    yield Sample(v.normal(2, 3, 4, 5), (0, 2, 3))
    yield Sample(v.normal(2, 3, 4, 5), dim=1, keepdim=True)
    yield Sample(v.normal(4, 3), 0, unbiased=False)
    yield Sample(v.normal(4, 3), False)
    yield Sample(v.normal(4, 3), dim=0, correction=0)
    yield Sample(v.normal(4, 3), dim=0, correction=2)
    yield Sample(v.normal(4, 3), (0, 1), True, True)
    yield Invalid(v.integers(0, 9, 3), raises=RuntimeError,
                  match="only support floating point and complex dtypes")


def _var(x: Array, dim: Any = None, unbiased: bool = True, keepdim: bool = False,
         correction: int | None = None) -> Any:  # fmt: skip
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    ddof = int(unbiased) if correction is None else correction
    return np.var(x, axis=dim, ddof=ddof, keepdims=keepdim)


def _mean(x: Array, dim: Any = None, unbiased: bool = True, keepdim: bool = False,
          correction: int | None = None) -> Any:  # fmt: skip
    return np.mean(x, axis=None if isinstance(dim, bool) else dim, keepdims=keepdim)


ops = [
    Op("var", _spread, _var),
    Op("std", _spread, lambda *a, **k: np.sqrt(_var(*a, **k)), composite=True),
    Op("var_mean", _spread, lambda x, *a, **k: (_var(x, *a, **k), _mean(x, *a, **k)),
       composite=True),
    Op("std_mean", _spread, lambda x, *a, **k: (np.sqrt(_var(x, *a, **k)), _mean(x, *a, **k)),
       composite=True),
]
