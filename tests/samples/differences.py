"""Rows of rushlight/ops/differences.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .core import Array, Invalid, Op, Sample, Values


def _diff(v: Values) -> Iterator[Sample]:
    x = v.normal(4, 5)
    yield Sample(x)
    yield Sample(x, 2, 0)
    yield Sample(x, n=0)
    yield Sample(x, 9)
    yield Sample(x, 1, 1, v.normal(4, 1), v.normal(4, 2))
    yield Sample(v.integers(0, 9, 5))
    yield Sample(v.mask(5))
    yield Invalid(v.normal(), raises=RuntimeError, match="at least one-dimensional")
    yield Invalid(x, -1, raises=RuntimeError, match="order must be non-negative")
    yield Invalid(x, 1, 0, v.normal(5), raises=RuntimeError, match="same dimension as input")


def _diff_reference(x: Array, n: int = 1, dim: int = -1, *ends: Array) -> Array:
    return np.diff(x, n, dim, **dict(zip(("prepend", "append"), ends, strict=False)))


def _integrals(v: Values) -> Iterator[Sample]:
    y = v.normal(3, 4)
    yield Sample(y)
    yield Sample(y, dx=0.5, dim=0)
    yield Sample(y, np.array([0.0, 1.0, 1.5, 4.0]))
    yield Sample(y, v.normal(3, 4), dim=0)
    yield Sample(v.normal(2, 3, 4), v.normal(3, 4))
    yield Sample(v.normal(3, 1))
    yield Invalid(y, v.normal(3), raises=RuntimeError, match="one `x` value for each sample point")
    yield Invalid(v.mask(3), raises=RuntimeError, match="bool is not supported")
    yield Invalid(y, dim=2, raises=IndexError, match="Dimension out of range")


def _steps(y: Array, x: Any, dx: float, dim: int) -> tuple[Array, Array, Any]:
    left, right = (np.take(y, np.arange(y.shape[dim])[part], dim) for part in
                   (slice(None, -1), slice(1, None)))  # fmt: skip
    if x is None:
        return left, right, dx
    if x.ndim == 1:
        x = x.reshape([-1 if i == dim % y.ndim else 1 for i in range(y.ndim)])
    return left, right, np.diff(x.reshape((1,) * (y.ndim - x.ndim) + x.shape), axis=dim)


def _integral(sum: Callable[..., Any]) -> Callable[..., Any]:
    def reference(y: Array, x: Any = None, dx: float = 1, dim: int = -1) -> Any:
        left, right, steps = _steps(y, x, dx, dim)
        return sum((left + right) * steps / 2, axis=dim)

    return reference


def _gradient(v: Values) -> Iterator[Sample]:
    x = v.normal(4, 5)
    yield Sample(x)
    yield Sample(x, spacing=0.5, dim=1)
    yield Sample(x, spacing=(2.0, 3.0), edge_order=2)
    yield Sample(x, spacing=(np.array([0.0, 1.0, 3.0, 4.5]), np.array([0.0, 1.0, 1.5, 2.0, 4.0])))
    yield Sample(x, spacing=(np.array([0.0, 1.0, 3.0, 4.5]),), dim=0, edge_order=2)
    yield Sample(v.normal(2))
    yield Sample(v.integers(0, 9, 5))
    yield Invalid(x, edge_order=3, raises=RuntimeError, match="only supports edge_order=1 and edg")
    yield Invalid(v.normal(1), raises=RuntimeError, match="expected each dimension size to be at")
    yield Invalid(x, spacing=(1.0,), raises=RuntimeError, match="expected spacing to be")


def _gradient_reference(
    x: Array, spacing: Any = 1, dim: Any = None, edge_order: int = 1
) -> tuple[Array, ...]:
    steps = spacing if isinstance(spacing, tuple) else (spacing,)
    found = np.gradient(x, *steps, axis=dim, edge_order=edge_order)  # type: ignore[arg-type]
    return tuple(found) if isinstance(found, (tuple, list)) else (found,)


ops = [
    Op("diff", _diff, _diff_reference, composite=True),
    Op("trapezoid", _integrals, _integral(np.sum), composite=True),
    Op("cumulative_trapezoid", _integrals, _integral(np.cumsum), composite=True),
    Op("gradient", _gradient, _gradient_reference, composite=True, halves=False),
]
