"""Rows of rushlight/ops/splitting.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from . import shape, views
from .core import Array, Invalid, Op, Sample, Values


def _sizes(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(4, 6), [1, 2, 3], -1)
    yield Sample(v.normal(3), (0, 3))
    yield Invalid(v.normal(4, 6), [1, 2], 1, raises=RuntimeError,
                  match="split_with_sizes expects split_sizes to sum exactly to 6")


def _tensor_split(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(5, 2), 2)
    yield Sample(v.normal(2, 7), 3, 1)
    yield Sample(v.normal(5), (1, 3))
    yield Sample(v.normal(5), (3, 1, 9), dim=-1)
    yield Sample(v.normal(2), 4)
    yield Sample(v.normal(5), ())
    yield Invalid(v.normal(), 2, raises=RuntimeError, match="at least a 1-dimensional tensor")
    yield Invalid(v.normal(5), 0, raises=RuntimeError, match="must be larger than 0, got 0")
    yield Invalid(v.normal(5), 2, 1, raises=IndexError, match="Dimension out of range")


def _split(x: Array, given: Any, dim: int = 0) -> Any:
    return np.array_split(x, given if isinstance(given, int) else np.asarray(given, int), dim)


def _along(name: str, dim: int, ndim: int) -> Callable[[Values], Iterator[Sample]]:
    def samples(v: Values) -> Iterator[Sample]:
        yield Sample(v.normal(4, 6, 2), 2)
        yield Sample(v.normal(4, 6, 2), (1, 3))
        if ndim == 1:
            yield Sample(v.normal(4), 2)
        yield Invalid(v.normal(*[5] * 3), 2, raises=RuntimeError, match=(
            f"torch.{name} attempted to split along dimension {dim}, but the size of the dimension "
            "5 is not divisible by the split_size 2!"))
        yield Invalid(v.normal(*[2] * (ndim - 1)), 2, raises=RuntimeError,
                      match=f"torch.{name} requires a tensor with at least {ndim} dimension")

    return samples


ops = [
    Op("split_with_sizes", _sizes, shape._split_reference, view=True, composite=True),
    Op("unsafe_split", views._split, shape._split_reference, view=True, composite=True),
    Op("unsafe_split_with_sizes", _sizes, shape._split_reference, view=True, composite=True),
    Op("unsafe_chunk", shape._chunk, shape._chunk_reference, view=True, composite=True),
    Op("tensor_split", _tensor_split, _split, view=True, composite=True),
    Op("hsplit", _along("hsplit", 1, 1), np.hsplit, view=True, composite=True),
    Op("vsplit", _along("vsplit", 0, 2), np.vsplit, view=True, composite=True),
    Op("dsplit", _along("dsplit", 2, 3), np.dsplit, view=True, composite=True),
]  # fmt: skip
