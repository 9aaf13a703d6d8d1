"""Rows of rushlight/ops/segments.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .core import Array, Invalid, Op, Sample, Values


def _segments(v: Values) -> Iterator[Sample]:
    x, lengths = v.distinct(5, 2), np.array([2, 1, 2])
    for reduce in ("sum", "mean", "max", "min", "prod"):
        yield Sample(x, reduce, lengths=lengths)
        yield Sample(x, reduce, offsets=np.array([0, 2, 3, 5]), initial=1.5)
    yield Sample(x, "sum", lengths=np.array([3, 0, 2]))
    yield Sample(v.distinct(2, 5), "max", lengths=np.array([[2, 3], [4, 1]]), axis=1)
    yield Invalid(x, "median", lengths=lengths, raises=RuntimeError, match="reduc", own_words=True)
    yield Invalid(x, "sum", raises=RuntimeError, match="Either lengths or offsets must be defined")
    yield Invalid(x, "sum", lengths=np.array([2, 2]), raises=RuntimeError,
                  match="Expected all rows of lengths along axis to sum to", reads_values=True)
    yield Invalid(x, "sum", lengths=np.array([6, -1]), raises=RuntimeError,
                  match="negative value", reads_values=True)


_FUNCTIONS: dict[str, Any] = {"sum": np.sum, "mean": np.sum, "max": np.max, "min": np.min,
                              "prod": np.prod}  # fmt: skip


def _segments_reference(
    x: Array, reduce: str, lengths: Any = None, offsets: Any = None, axis: int = 0,
    initial: Any = None,
) -> Array:  # fmt: skip
    if axis:
        parts = zip(x, lengths, strict=True)
        return np.stack([_segments_reference(a, reduce, b) for a, b in parts])
    ends = np.cumsum(lengths)[:-1] if offsets is None else offsets[1:-1]
    begin = {} if initial is None else {"initial": initial}
    results = []
    for part in np.split(x, ends):
        result = _FUNCTIONS[reduce](part, axis=0, **begin)
        results.append(result / len(part) if reduce == "mean" else result)
    return np.stack(results)


ops = [Op("segment_reduce", _segments, _segments_reference, composite=True)]
