"""Rows of rushlight/ops/linalg_lowrank.py, of matrices that have no more than the rank asked for.

The random vectors are the same in every call, of whatever dtype.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .core import Array, Invalid, Op, Sample, Values
from .linalg_decompositions import definite


def low(v: Values, rows: int, columns: int) -> Array:
    return np.asarray(v.normal(rows, 2) @ np.diag([3.0, 1.0]) @ v.normal(2, columns))


def _matrices(v: Values) -> Iterator[Sample]:
    yield Sample(low(v, 6, 4), 2)
    yield Sample(low(v, 4, 6), 2)


def _components(v: Values) -> Iterator[Sample]:
    yield Sample(low(v, 4, 6), 2, False)
    yield Invalid(v.normal(4, 3), 4, raises=ValueError, match="must be non-negative integer")
    yield Invalid(v.normal(4, 3), 2, niter=-1, raises=ValueError, match="must be non-negative")


def _values_and_product(name: str) -> Any:
    def at(library: Any) -> Any:
        def function(*args: Any, **options: Any) -> Any:
            library.manual_seed(0)
            u, s, v = getattr(library, name)(*args, **options)
            return s, (u * s.unsqueeze(-2)) @ v.mH

        return function

    return at


def _reference(a: Array, *_: Any) -> Any:
    return np.linalg.svd(a, compute_uv=False)[:2], a


def _definite(v: Values) -> Iterator[Sample]:
    a = definite(v, 9, 9)
    yield Sample(a, 2)
    yield Sample(a, 2, definite(v, 9, 9), largest=False)
    yield Invalid(v.normal(4, 4), 2, raises=ValueError, match="smaller than 3 x the number")


def _largest(library: Any) -> Any:
    """The values of the symmetric part."""

    def function(a: Any, *args: Any, **options: Any) -> Any:
        library.manual_seed(0)
        return library.lobpcg((a + a.mT) / 2, *args, niter=50, **options)[0]

    return function


_OPTIONS: dict[str, Any] = {
    "halves": False, "tolerance": 1e-3, "composite": True, "second": False,
}  # fmt: skip

ops = [
    Op("svd_lowrank", _matrices, _reference, call=_values_and_product("svd_lowrank"), **_OPTIONS),
    Op("pca_lowrank", _components, _reference, call=_values_and_product("pca_lowrank"),
       **_OPTIONS),
    Op("lobpcg", _definite, call=_largest, unrecorded="reads a value", peer_gradient=False,
       **_OPTIONS),
]  # fmt: skip
