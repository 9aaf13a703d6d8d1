"""Rows of rushlight/ops/embedding.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .core import Array, Fixed, Invalid, Op, Sample, Values


def _embedding(v: Values) -> Iterator[Sample]:
    yield Sample(v.integers(0, 5, 3), v.normal(5, 4))
    yield Sample(v.integers(0, 5, 2, 3), v.normal(5, 4))
    yield Sample(np.asarray(2), v.normal(5, 4))
    yield Sample(v.integers(0, 5, 0), v.normal(5, 4))
    yield Sample(v.integers(0, 5, 2, 3).astype("int32"), v.normal(5, 4))
    yield Invalid(np.asarray([0, 5]), v.normal(5, 4), raises=IndexError, reads_values=True,
                  match="index out of range in self")
    yield Invalid(np.asarray([-1]), v.normal(5, 4), raises=IndexError, reads_values=True,
                  match="index out of range in self")
    yield Invalid(v.normal(2), v.normal(5, 4), raises=RuntimeError, match="scalar types")
    yield Invalid(v.integers(0, 5, 2), v.normal(5), raises=RuntimeError, match="must be 2-D")
    yield Invalid(v.integers(0, 5, 2), v.normal(5, 4), 5, raises=AssertionError,
                  match="[Pp]adding_idx must be within num_embeddings")


def _embedding_reference(indices: Array, weight: Array, *_: Any, **options: Any) -> Array:
    return weight[indices]


def _bags(v: Values) -> Iterator[Sample]:
    offsets = Fixed(np.asarray([0, 2, 2, 5]))
    for mode in ("sum", "mean", "max"):
        yield Sample(v.integers(0, 5, 3, 4), v.distinct(5, 4), mode=mode)
        yield Sample(v.integers(0, 5, 7), v.distinct(5, 4), offsets, mode=mode)
        yield Sample(v.integers(0, 5, 5), v.distinct(5, 4), offsets, mode=mode,
                     include_last_offset=True, padding_idx=3)  # fmt: skip
    weights = v.normal(7)
    yield Sample(v.integers(0, 5, 7), v.normal(5, 4), offsets, mode="sum",
                 per_sample_weights=weights, padding_idx=1)  # fmt: skip
    yield Invalid(v.integers(0, 5, 3), v.normal(5, 4), raises=ValueError, match="offsets has to be",
                  own_words=True)
    yield Invalid(v.integers(0, 5, 3, 2), v.normal(5, 4), offsets, raises=ValueError,
                  match="offsets has to be None", own_words=True)
    yield Invalid(v.integers(0, 5, 7), v.normal(5, 4), Fixed(np.asarray([1, 2])),
                  raises=RuntimeError, match="offsets.0. has to be 0", reads_values=True)
    yield Invalid(v.integers(0, 5, 7), v.normal(5, 4), offsets, mode="mean",
                  per_sample_weights=weights, raises=NotImplementedError,
                  match="per_sample_weights is only supported")
    yield Invalid(v.integers(0, 5, 3, 2), v.normal(5, 4), mode="min", raises=ValueError,
                  match="mode has to be one of")


ops = [
    Op("nn.functional.embedding", _embedding, _embedding_reference),
    Op("nn.functional.embedding_bag", _bags, composite=True),
]
