"""Rows of rushlight/ops/linalg_eigenvalues.py.

What is free, signs and phases, is taken out of the results.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .core import Invalid, Op, Sample, Values
from .linalg_decompositions import (
    OPTIONS,
    definite,
    rectangular,
    separated,
    square,
    symmetric,
    symmetrized,
)


def _upper(v: Values) -> Iterator[Sample]:
    yield Sample(definite(v, 3, 3), "U")


def _eigh(library: Any) -> Any:
    def function(a: Any, triangle: str = "L") -> Any:
        values, vectors = library.linalg.eigh(symmetrized(a), triangle)
        return values, vectors.abs()

    return function


def _eig(library: Any) -> Any:
    def function(a: Any) -> Any:
        values, vectors = library.linalg.eig(a)
        return values, vectors.abs()

    return function


def _svd(path: str) -> Any:
    def at(library: Any) -> Any:
        def function(a: Any, *args: Any, **options: Any) -> Any:
            u, s, right = samples_function(library)(a, *args, **options)
            least = min(a.shape[-2:])
            vh = right if path == "linalg.svd" else right.mH
            return s, u[..., :least] @ vh[..., :least, :], u[..., :least].abs()

        return function

    def samples_function(library: Any) -> Any:
        return library.linalg.svd if path == "linalg.svd" else library.svd

    return at


def _full_svd(v: Values) -> Iterator[Sample]:
    yield from rectangular("linalg.svd")(v)
    yield Sample(separated(v, 4, 2), False)
    yield Invalid(np.full((2, 2), np.nan), raises=RuntimeError, match=(
        "linalg.svd: The algorithm failed to converge because the input matrix contained non-fini"))


ops = [
    Op("linalg.eigh", square(definite, _upper), call=_eigh, composite=True,
       **OPTIONS),
    Op("linalg.eigvalsh", square(definite, _upper),
       lambda a, *_: np.linalg.eigvalsh(a), call=symmetric("linalg.eigvalsh"), composite=True,
       **OPTIONS),
    Op("linalg.eig", square(definite), call=_eig, composite=True, **OPTIONS),
    Op("linalg.eigvals", square(definite),
       call=lambda library: lambda a: library.linalg.eigvals(a).abs().sort()[0], composite=True,
       **OPTIONS),
    Op("linalg.svd", _full_svd, call=_svd("linalg.svd"), composite=True, **OPTIONS),
    Op("svd", rectangular("svd"), call=_svd("svd"), composite=True, **OPTIONS),
    Op("linalg.svdvals", rectangular("linalg.svdvals"),
       lambda a: np.linalg.svd(a, compute_uv=False), **OPTIONS),
]  # fmt: skip
