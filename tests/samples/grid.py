"""Rows of rushlight/ops/grid.py."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .core import Invalid, Op, Sample, Values


def _affine(v: Values) -> Iterator[Sample]:
    for align_corners in (False, True):
        yield Sample(v.normal(2, 2, 3), (2, 3, 4, 5), align_corners)
        yield Sample(v.normal(2, 3, 4), (2, 1, 2, 3, 1), align_corners=align_corners)
    yield Invalid(v.normal(1, 3, 3), (1, 1, 2, 2), raises=ValueError, match="Expected a batch of")
    yield Invalid(v.normal(1, 2, 3), (1, 1, 2), raises=NotImplementedError, match="4D and 5D")
    yield Invalid(v.normal(1, 2, 3), (1, 1, 0, 2), raises=ValueError, match="non-zero, positive")


def _sample(v: Values) -> Iterator[Sample]:
    for number, mode in enumerate(("bilinear", "nearest", "bicubic")):
        for padding in ("zeros", "border", "reflection"):
            align_corners = bool(number % 2) != (padding == "border")
            points = v.between(-1.4, 1.4, 2, 2, 3, 2)
            yield Sample(v.normal(2, 3, 4, 5), points, mode, padding, align_corners)
    points = v.between(-1.4, 1.4, 1, 2, 1, 3, 3)
    yield Sample(v.normal(1, 2, 3, 4, 3), points, align_corners=True)
    yield Sample(v.normal(1, 2, 3, 4, 3), points, "nearest", "reflection", False)
    many = v.between(-1.2, 1.2, 1, 9, 10, 2)  # more points than are taken together
    yield Sample(v.normal(1, 2, 5, 6), many, "bilinear", "zeros", True)
    odd = np.asarray([[[[np.nan, 0], [np.inf, 0], [1e30, 0.5]]]])
    yield Sample(v.normal(1, 2, 3, 4), odd, "bilinear", "zeros", False)
    x, grid = v.normal(1, 1, 2, 2), v.normal(1, 2, 2, 2)
    yield Invalid(x, v.normal(1, 2, 2, 3), raises=RuntimeError, match="size 2 in last dimension")
    yield Invalid(x, v.normal(2, 2, 2, 2), raises=RuntimeError, match="same batch size")
    yield Invalid(x[0], grid[0], raises=RuntimeError, match="same number of dimensions",
                  own_words=True)
    yield Invalid(x, grid, "cubic", raises=ValueError, match="expected mode to be")
    yield Invalid(x, grid, "nearest", "none", raises=ValueError, match="expected padding_mode")
    yield Invalid(v.normal(1, 1, 0, 2), grid, raises=RuntimeError, match="non-empty spatial")


def _numbered(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(1, 2, 3, 4), v.between(-1.2, 1.2, 1, 2, 2, 2), 0, 1, False)
    yield Sample(v.normal(1, 2, 3, 4), v.between(-1.2, 1.2, 1, 2, 2, 2), 2, 2, True)


def _numbered_volumes(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(1, 2, 3, 4, 2), v.between(-1.2, 1.2, 1, 2, 2, 2, 3), 1, 0, False)


ops = [
    Op("nn.functional.affine_grid", _affine, composite=True, halves=False),
    Op("nn.functional.grid_sample", _sample, halves=False, tolerance=1e-4),
    Op("grid_sampler", _numbered, halves=False, tolerance=1e-4),
    Op("grid_sampler_2d", _numbered, halves=False, tolerance=1e-4),
    Op("grid_sampler_3d", _numbered_volumes, halves=False, tolerance=1e-4),
]
