"""Rows of rushlight/ops/rearranging.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .core import Array, Fixed, Invalid, Op, Sample, Values


def _roll(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(5), 2)
    yield Sample(v.normal(2, 3), -7)
    yield Sample(v.normal(3, 4), 1, 0)
    yield Sample(v.normal(3, 4), (1, -2), (-1, 0))
    yield Sample(v.normal(3, 4), (1, 1), (0, 0))
    yield Sample(v.normal(0, 3), 1, 1)
    yield Sample(v.normal(), 1)
    yield Invalid(v.normal(3), (1, 2), raises=RuntimeError,
                  match="shifts and dimensions must align. shifts: 2, dims:0")
    yield Invalid(v.normal(3), (), raises=RuntimeError, match="`shifts` required")
    yield Invalid(v.normal(3), 1, 1, raises=IndexError, match="Dimension out of range")
    yield Invalid(v.normal(), 1, 0, raises=IndexError,
                  match="Dimension specified as 0 but tensor has no dimensions")


def _rot90(v: Values) -> Iterator[Sample]:
    for k in (-1, 0, 1, 2, 3):
        yield Sample(v.normal(2, 3), k)
    yield Sample(v.normal(2, 3, 4), 1, (1, 2))
    yield Sample(v.normal(2, 3, 4), 1, (-1, 0))
    yield Invalid(v.normal(2, 3), 1, (0,), raises=RuntimeError, match="total rotation dims == 2")
    yield Invalid(v.normal(3), raises=RuntimeError, match="expected total dims >= 2")
    yield Invalid(v.normal(2, 3), 1, (0, -2), raises=RuntimeError,
                  match="expected rotation dims to be different")
    yield Invalid(v.normal(2, 3), 1, (0, 2), raises=IndexError, match="Dimension out of range")


def _rows(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(3, 2))
    yield Sample(v.normal(2, 2, 3))


def _fliplr(v: Values) -> Iterator[Sample]:
    yield from _rows(v)
    yield Invalid(v.normal(3), raises=RuntimeError, match="Input must be >= 2-d")


def _flipud(v: Values) -> Iterator[Sample]:
    yield from _rows(v)
    yield Sample(v.normal(3))
    yield Invalid(v.normal(), raises=RuntimeError, match="Input must be >= 1-d")


def _tile(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 3), (2,))
    yield Sample(v.normal(2, 3), (2, 1))
    yield Sample(v.normal(3), (2, 2))
    yield Sample(v.normal(3), (0,))
    yield Sample(v.normal(), (2,))
    yield Sample(v.normal(2), ())
    yield Invalid(v.normal(3), (-1,), raises=RuntimeError, match="negative dimension")


def _all(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 3))
    yield Sample(v.normal())
    yield Sample(v.normal(0, 2))


def _times(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 3), 2)
    yield Sample(v.normal(2, 3), 2, 1)
    yield Sample(v.normal(2, 3), 0, dim=-2)
    yield Sample(v.normal(), 3)
    yield Sample(v.normal(2), 3, output_size=6)
    yield Invalid(v.normal(2), -1, raises=RuntimeError, match="Repeats must be non-negative",
                  own_words=True)
    yield Invalid(v.normal(2), 2, 1, raises=IndexError, match="Dimension out of range")


def _counts(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(3), Fixed(np.array([2, 0, 1])))
    yield Sample(v.normal(2, 3), Fixed(np.array([1, 2])), 0)
    yield Sample(v.normal(2, 3), Fixed(np.array([0, 2, 1])), dim=-1, output_size=3)
    yield Sample(v.normal(2), Fixed(np.array(2)))
    yield Sample(v.normal(2), Fixed(np.array([3])))
    yield Sample(Fixed(np.array([2, 0, 1])))
    yield Invalid(v.normal(3), Fixed(np.array([1, 2])), raises=RuntimeError,
                  match="repeats must have the same size as input along dim")
    yield Invalid(v.normal(2), Fixed(np.array([1.0, 2.0])), raises=RuntimeError,
                  match="repeats has to be Long or Int tensor", own_words=True)
    yield Invalid(v.normal(2), Fixed(np.array([1, -1])), raises=RuntimeError,
                  match="repeats can not be negative")
    yield Invalid(v.normal(4), Fixed(np.ones((2, 2), int)), raises=RuntimeError,
                  match="repeats must be 0-dim or 1-dim tensor")


def _repeated(x: Array, repeats: Any = None, dim: Any = None, output_size: Any = None) -> Array:
    if repeats is None:
        return np.repeat(np.arange(len(x)), x)
    return np.repeat(x, repeats, dim)


def _unravel_index(v: Values) -> Iterator[Sample]:
    yield Sample(Fixed(v.integers(0, 24, 5)), (2, 3, 4))
    yield Sample(Fixed(np.array(3)), 5)
    yield Sample(Fixed(v.integers(0, 6, 2, 2).astype("int32")), (2, 3))
    yield Invalid(Fixed(v.normal(2)), (2, 3), raises=TypeError,
                  match="expected 'indices' to be integer dtype")
    yield Invalid(Fixed(np.array([1])), (2, -3), raises=ValueError,
                  match="'shape' cannot have negative values")
    yield Invalid(Fixed(np.array([1])), (2, 0), raises=RuntimeError, own_words=True)
    yield Invalid(Fixed(np.array([1])), (2.0,), raises=TypeError, match="expected 'shape'")


ops = [
    Op("roll", _roll, np.roll),
    Op("rot90", _rot90, np.rot90, composite=True),
    Op("fliplr", _fliplr, np.fliplr),
    Op("flipud", _flipud, np.flipud),
    Op("tile", _tile, lambda x, dims: np.tile(x, dims), composite=True),
    Op("ravel", _all, np.ravel),
    Op("repeat_interleave", _times, _repeated, composite=True),
    Op("repeat_interleave by counts", _counts, _repeated, composite=True,
       call=lambda torch: torch.repeat_interleave,
       unrecorded="makes a result whose shape depends on the data"),
    Op("unravel_index", _unravel_index, lambda x, shape: np.unravel_index(x, shape),
       differentiable=False),
    Op("argwhere", _all, np.argwhere, differentiable=False,
       unrecorded="makes a result whose shape depends on the data"),
]  # fmt: skip
