"""Rows of rushlight/ops/padding.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .core import Array, Invalid, Op, Sample, Values


def _pad(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(3), (1, 2))
    yield Sample(v.normal(2, 3), (1, 0, 2, 1))
    yield Sample(v.normal(2, 3, 4, 5), (1, 1, 2, 0))
    yield Sample(v.normal(2, 3), (1, 1), value=2.5)
    yield Sample(v.normal(2, 4), (-1, 1))
    yield Sample(v.normal(2, 4), (-1, -2))
    yield Sample(v.integers(0, 9, 2, 3), (1, 1), "constant", 7)
    yield Sample(v.normal(2, 3, 4), (-1, 1), "circular")
    yield Invalid(v.normal(2, 3), (-5, 2), raises=RuntimeError, match="negative output size",
                  own_words=True)
    yield Invalid(v.normal(1, 2, 3), (-3, 0), "replicate", raises=RuntimeError, match="too small")
    for mode in ("reflect", "replicate", "circular"):
        yield Sample(v.normal(2, 3, 4, 5), (1, 2, 3, 0), mode)
        yield Sample(v.normal(2, 3, 5), (2, 1), mode=mode)
        yield Sample(v.normal(3, 5), (2, 1), mode)
    yield Invalid(v.normal(2, 3), (1, 2, 3), raises=RuntimeError, match="adding length must be div")
    yield Invalid(v.normal(3), (1, 2, 3, 4), raises=RuntimeError, own_words=True)
    yield Invalid(v.normal(2, 3, 4), (4, 0), "reflect", raises=RuntimeError,
                  match="adding size should be less than the corresponding input dimension")
    yield Invalid(v.normal(2, 3, 4), (1, 1), "mirror", raises=NotImplementedError,
                  match="Unrecognised padding mode mirror")


def _reference(x: Array, pad: Any, mode: str = "constant", value: Any = None) -> Array:
    pairs = [(pad[i], pad[i + 1]) for i in range(0, len(pad), 2)][::-1]
    widths = [(0, 0)] * (x.ndim - len(pairs)) + pairs
    cut = tuple(slice(max(-b, 0), n - max(-a, 0))
                for (b, a), n in zip(widths, x.shape, strict=True))  # fmt: skip
    grown = [(max(b, 0), max(a, 0)) for b, a in widths]
    if mode == "constant":
        return np.pad(x[cut], grown, constant_values=value or 0)
    names: Any = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}
    return np.pad(x[cut], grown, mode=names[mode])


def _constant(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 3), (1, 0, 2, -1))
    yield Sample(v.normal(3), (1, 2), 2.5)
    yield Invalid(v.normal(3), (1,), raises=RuntimeError, match="ength", own_words=True)


ops = [
    Op("nn.functional.pad", _pad, _reference, composite=True),
    Op("constant_pad_nd", _constant, lambda x, pad, value=0: _reference(x, pad, value=value)),
]
