"""Rows of rushlight/ops/extremes.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .core import Array, Invalid, Op, Sample, Values
from .reduction import numpy_call, reduction


def _both_extremes(v: Values) -> Iterator[Sample]:
    yield Sample(v.distinct(3, 4))
    yield Sample(v.distinct(3, 4), dim=1)
    yield Sample(v.distinct(2, 3, 4), dim=-2, keepdim=True)
    yield Sample(v.distinct())
    yield Sample(v.integers(0, 3, 5))
    yield Sample(np.array([1.0, np.nan]))
    yield Invalid(v.normal(0), raises=RuntimeError, match="cannot compute aminmax over an empty")
    yield Invalid(v.normal(2, 0), dim=1, raises=IndexError, match="to have non-zero size")
    yield Invalid(v.normal(2, 3), dim=2, raises=IndexError, match="Dimension out of range")


def _extreme(v: Values) -> Iterator[Sample]:
    yield Sample(v.distinct(5))
    yield Sample(v.distinct(2, 3, 4, 5))
    yield Sample(v.distinct())
    for shape, dim in (((2, 3), 0), ((2, 3, 4, 5), 1), ((2, 3, 4, 5), -1), ((5,), 0), ((), 0)):
        yield Sample(v.distinct(*shape), dim)
    yield Sample(v.distinct(2, 3), 1, keepdim=True)
    yield Sample(v.integers(0, 3, 4, 6), 1)
    yield Sample(np.array([[1.0, np.nan, 3.0], [np.nan, 0.0, np.nan]]), 1)
    x = v.distinct(2, 12)
    yield Sample(x[:, :6].copy(), x[:, 6:].copy())
    yield Invalid(v.normal(0), raises=RuntimeError, match="Expected reduction dim")
    yield Invalid(v.normal(2, 3), 2, raises=IndexError, match="Dimension out of range")
    yield Invalid(v.normal(2, 0), 1, raises=IndexError, match="Expected reduction dim 1 to have ")
    yield Invalid(v.complex(3), raises=NotImplementedError, match="not (support|implemented)",
                  own_words=True)
    yield Invalid(v.complex(3), 0, raises=RuntimeError, match="not (support|implemented)")


def _amax(v: Values) -> Iterator[Sample]:
    yield from reduction("distinct", empty=False)(v)
    yield Invalid(v.normal(3, 0), 1, raises=IndexError, match="Expected reduction dim")
    yield Invalid(v.complex(3), 0, raises=NotImplementedError, match="not (support|implemented)",
                  own_words=True)


def _with_indices(extreme: Any, position: Any, pairwise: Any) -> Callable[..., Any]:
    def reference(x: Array, dim: Any = None, keepdim: bool = False) -> Any:
        if dim is None:
            return extreme(x)
        if isinstance(dim, np.ndarray):
            return pairwise(x, dim)
        if x.ndim == 0:
            return x, np.zeros((), np.int64)
        return extreme(x, axis=dim, keepdims=keepdim), position(x, axis=dim, keepdims=keepdim)

    return reference


def _position(v: Values) -> Iterator[Sample]:
    yield Sample(v.distinct(5))
    yield Sample(v.distinct(2, 3, 4, 5))
    yield Sample(v.distinct(2, 3, 4, 5), 1)
    yield Sample(v.distinct(2, 3, 4, 5), -1)
    yield Sample(v.distinct(2, 3), 0, keepdim=True)
    yield Sample(v.distinct(2, 3), keepdim=True)
    yield Sample(v.integers(0, 3, 4, 6), 1)
    yield Sample(np.array([1.0, np.nan, 3.0]))
    yield Sample(v.distinct())
    yield Sample(v.distinct(0, 3), 1)
    yield Invalid(v.normal(0, 3), 0, raises=IndexError, match="Expected reduction dim")
    yield Invalid(v.normal(0), raises=IndexError, match="Expected reduction dim")
    yield Invalid(v.complex(3), raises=RuntimeError, match="not (support|implemented)")
    yield Invalid(v.mask(3), raises=RuntimeError, match="not (support|implemented)")


ops = [
    Op("aminmax", _both_extremes, lambda x, dim=None, keepdim=False: (
        np.min(x, axis=dim, keepdims=keepdim), np.max(x, axis=dim, keepdims=keepdim)),
       composite=True),
    Op("amax", _amax, numpy_call(np.max)),
    Op("amin", _amax, numpy_call(np.min)),
    Op("max", _extreme, _with_indices(np.max, np.argmax, np.maximum), composite=True),
    Op("min", _extreme, _with_indices(np.min, np.argmin, np.minimum), composite=True),
    Op("argmax", _position, numpy_call(np.argmax), differentiable=False),
    Op("argmin", _position, numpy_call(np.argmin), differentiable=False),
]  # fmt: skip
