"""Rows of rushlight/ops/interpolation.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .core import Invalid, Op, Sample, Values

_MODES = {"linear": (5,), "bilinear": (4, 5), "bicubic": (5, 4), "trilinear": (3, 2, 4)}


def _interpolate(v: Values) -> Iterator[Sample]:
    for mode in ("nearest", "nearest-exact", "area"):
        for sizes in ((7,), (5, 4), (3, 2, 4)):
            yield Sample(v.normal(2, 3, *sizes), scale_factor=1.6, mode=mode)
        yield Sample(v.normal(2, 3, 7, 5), (3, 9), mode=mode)
    for mode, sizes in _MODES.items():
        for align_corners in (False, True):
            x = v.normal(2, 3, *sizes)
            yield Sample(x, scale_factor=1.7, mode=mode, align_corners=align_corners)
            yield Sample(x, 3, mode=mode, align_corners=align_corners)
            yield Sample(x, 1, None, mode, align_corners)
    for mode in ("bilinear", "bicubic"):
        x = v.normal(2, 3, 9, 8)
        yield Sample(x, scale_factor=0.45, mode=mode, recompute_scale_factor=True)
    yield Sample(v.normal(2, 3, 4), 4, mode="linear")
    yield Sample(v.normal(0, 3, 4, 4), 2)
    x = v.normal(2, 3, 4, 4)
    x[0, 0, 1, 1] = np.inf
    yield Sample(x, 3, mode="area")
    yield from _bad(v)


def _antialias(v: Values) -> Iterator[Sample]:
    for mode in ("bilinear", "bicubic"):
        x = v.normal(2, 3, 9, 8)
        yield Sample(x, (4, 11), mode=mode, antialias=True)
        yield Sample(x, (5, 3), None, mode, True, antialias=True)
        yield Sample(x, scale_factor=0.45, mode=mode, antialias=True)
    yield Sample(x, (4, 11), mode="lanczos", antialias=True)
    yield Sample(x, scale_factor=0.45, mode="lanczos", antialias=True)


def _bad(v: Values) -> Iterator[Sample]:
    x = v.normal(1, 2, 4, 4)
    yield Invalid(x, raises=ValueError, match="should be defined")
    yield Invalid(x, 2, 2.0, raises=ValueError, match="only one of size or scale_factor")
    yield Invalid(x, (2, 2, 2), raises=ValueError, match="same number of spatial dimensions")
    yield Invalid(x, 2, align_corners=True, raises=ValueError, match="align_corners")
    yield Invalid(x, 2, mode="linear", raises=NotImplementedError, match="needs 3D input")
    yield Invalid(x, 2, mode="cubic", raises=NotImplementedError, match="Input Error")
    yield Invalid(x, 2, antialias=True, raises=ValueError, match="Anti-alias option")
    yield Invalid(x, 2, mode="lanczos", raises=ValueError, match="requires antialias=True")
    yield Invalid(x, 2, mode="lanczos", align_corners=True, antialias=True, raises=ValueError,
                  match="does not support align_corners=True")
    yield Invalid(x, 0, raises=RuntimeError, match="should be greater than 0")
    yield Invalid(x, 2, recompute_scale_factor=True, raises=ValueError, match="not meaningful")
    yield Invalid(v.normal(1, 0, 4, 4), 2, raises=RuntimeError, match="Non-empty 4D")
    yield Invalid(v.integers(0, 9, 1, 2, 4, 4), 2, raises=NotImplementedError,
                  match="not implemented for")


def _upsample(**options: Any) -> Any:
    def make(v: Values) -> Iterator[Sample]:
        yield Sample(v.normal(2, 3, 4, 3), scale_factor=2, **options)
        yield Sample(v.normal(2, 3, 4, 3), (3, 5), **options)

    return make


ops = [
    Op("nn.functional.interpolate", _interpolate, order="kept", composite=True),
    # PyTorch's CPU build has no antialiasing in half precision.
    Op("interpolate, antialiased", _antialias, call=lambda lib: lib.nn.functional.interpolate,
       order="kept", composite=True, halves=False),
    Op("nn.functional.upsample", _upsample(mode="bilinear"), composite=True),
    Op("nn.functional.upsample_nearest", _upsample(), composite=True),
    Op("nn.functional.upsample_bilinear", _upsample(), composite=True),
]
