"""Rows of rushlight/ops/norm.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .core import Array, Invalid, Op, Sample, Values


def _dist(v: Values) -> Iterator[Sample]:
    for p in (2, 1, 3.0, float("inf")):
        yield Sample(v.normal(2, 3), v.normal(3), p)
    yield Sample(v.normal(3), v.normal(3))
    yield Invalid(v.normal(2), v.normal(3), raises=RuntimeError, match="must match the size")


def _dist_reference(x: Array, y: Array, p: float = 2) -> Any:
    return np.linalg.norm(np.broadcast_to(x - y, np.broadcast(x, y).shape).reshape(-1), p)


def _renorm(v: Values) -> Iterator[Sample]:
    x = v.nonzero(3, 4)
    for p in (2, 1, 0.5, float("inf")):
        yield Sample(x, p, 0, 1.5)
    yield Sample(v.nonzero(2, 3, 4), 2, -2, 1.0)
    yield Sample(x, 2, 1, 100.0)
    yield Invalid(v.normal(3), 2, 0, 1.0, raises=RuntimeError, match="at least 2 dimensions")
    yield Invalid(x, -1, 0, 1.0, raises=RuntimeError, match="non-positive-norm not supported")
    yield Invalid(x, 2, 0, -1.0, raises=RuntimeError, match="expected maxnorm to be >= 0")


def _renorm_reference(x: Array, p: float, dim: int, maxnorm: float) -> Array:
    lines = np.moveaxis(x, dim, 0).reshape(x.shape[dim], -1)
    size = np.linalg.norm(lines, p, axis=1)
    scale = np.where(size > maxnorm, maxnorm / (size + 1e-7), 1.0)
    return x * scale.reshape([-1 if i == dim % x.ndim else 1 for i in range(x.ndim)])


ops = [
    Op("dist", _dist, _dist_reference, composite=True),
    Op("renorm", _renorm, _renorm_reference, inplace="renorm_", composite=True),
]
