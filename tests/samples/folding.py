"""Rows of rushlight/ops/folding.py."""

from __future__ import annotations

from collections.abc import Iterator

from .core import Invalid, Op, Sample, Values


def _unfold(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 3, 5, 4), 2)
    yield Sample(v.normal(3, 5, 4), (3, 2), 1, (1, 0), (2, 1))
    yield Sample(v.normal(2, 3, 5, 6), [2, 2], dilation=2, padding=1, stride=2)
    yield Sample(v.normal(0, 3, 5, 4), 2)
    yield Invalid(v.normal(2, 3, 4, 4), 5, raises=RuntimeError, match="array of sliding blocks")
    yield Invalid(v.normal(2, 3, 4, 4), 2, stride=0, raises=RuntimeError, match="stride")
    yield Invalid(v.normal(2, 3, 4, 4), 2, padding=-1, raises=RuntimeError, match="non-negative")
    yield Invalid(v.normal(2, 0, 4, 4), 2, raises=RuntimeError, match="Expected 3D or 4D")
    yield Invalid(v.integers(0, 9, 2, 3, 4, 4), 2, raises=NotImplementedError, match="implemented")


def _fold(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 12, 12), (5, 4), 2)
    yield Sample(v.normal(12, 12), (5, 4), [2, 2])
    yield Sample(v.normal(2, 4, 9), 5, 2, dilation=2, padding=1, stride=2)
    yield Invalid(v.normal(1, 5, 4), (3, 3), 2, raises=RuntimeError, match="divisible by")
    yield Invalid(v.normal(1, 4, 5), (3, 3), 2, raises=RuntimeError, match="number of sliding")
    yield Invalid(v.normal(1, 4, 4, 3), (3, 3), 2, raises=RuntimeError, match="Expected 2D or 3D")


def _pixel_shuffle(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 8, 3, 4), 2)
    yield Sample(v.normal(9, 2, 1), 3)
    yield Invalid(v.normal(3, 4, 4), 2, raises=RuntimeError, match="divisible by the square")
    yield Invalid(v.normal(4, 4), 2, raises=RuntimeError, match="at least 3 dimensions")
    yield Invalid(v.normal(4, 4, 4), 0, raises=RuntimeError, match="positive upscale_factor")


def _pixel_unshuffle(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 2, 6, 4), 2)
    yield Sample(v.normal(1, 3, 6), 3)
    yield Invalid(v.normal(4, 5, 4), 2, raises=RuntimeError, match="height to be divisible")
    yield Invalid(v.normal(4, 4), 2, raises=RuntimeError, match="at least 3 dimensions")
    yield Invalid(v.normal(4, 4, 4), 0, raises=RuntimeError, match="positive downscale_factor")


def _channel_shuffle(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 6, 3, 2), 3)
    yield Sample(v.normal(1, 4, 2), 2)
    yield Invalid(v.normal(4, 4), 2, raises=RuntimeError, match="> 2 dims")
    yield Invalid(v.normal(1, 3, 4, 4), 2, raises=RuntimeError, match="divisible by groups")
    yield Invalid(v.normal(1, 4, 4), 0, raises=RuntimeError, match="must be positive")


ops = [
    Op("nn.functional.unfold", _unfold, composite=True),
    Op("nn.functional.fold", _fold, composite=True),
    Op("pixel_shuffle", _pixel_shuffle),
    Op("pixel_unshuffle", _pixel_unshuffle),
    Op("channel_shuffle", _channel_shuffle, composite=True),
]
