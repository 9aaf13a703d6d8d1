"""Rows of rushlight/ops/linalg_norms.py."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf
from typing import Any

import numpy as np

from .core import Array, Fixed, Invalid, Named, Op, Sample, Values
from .linalg_decompositions import separated

ORDERS = (2, 1, 0, 0.5, 3, inf, -inf, -1)


def _vectors(v: Values) -> Iterator[Sample]:
    for order in ORDERS:
        yield Sample(v.distinct(3, 4), order, 1)
    yield Sample(v.normal(2, 3, 4))
    yield Sample(v.normal(2, 3, 4), 2, (0, 2), True)
    yield Sample(v.complex(2, 3), 1, 0)
    yield Sample(Fixed(np.array([[1.0, np.nan, 0.0], [0.0, -np.inf, 2.0]])), 0, 1)
    yield Sample(v.normal(0))
    yield Sample(v.normal())
    yield Invalid(v.integers(0, 3, 3), raises=RuntimeError,
                  match="Expected a floating point or complex tensor as input. Got Long")
    yield Invalid(v.normal(0), inf, raises=RuntimeError,
                  match="cannot compute the inf norm on an empty tensor")
    yield Invalid(v.normal(3), dtype=Named("int64"), raises=RuntimeError,
                  match="dtype should be floating point or complex")


def _vector_norm(x: Array, ord: Any = 2, dim: Any = None, keepdim: bool = False) -> Array:
    axes = tuple(range(x.ndim)) if dim is None else dim
    size = np.abs(x)
    if ord == 0:
        return np.asarray((size != 0).sum(axes, keepdims=keepdim).astype(x.dtype))
    if np.isinf(ord):
        return size.max(axes, keepdims=keepdim) if ord > 0 else size.min(axes, keepdims=keepdim)
    return np.asarray((size**ord).sum(axes, keepdims=keepdim) ** (1 / ord))


def _matrices(v: Values) -> Iterator[Sample]:
    for order in ("fro", "nuc", 2, -2, 1, -1, inf, -inf):
        yield Sample(separated(v, 3, 4), order)
        yield Sample(separated(v, 2, 3, 3), order, keepdim=True)
    yield Sample(v.distinct(3, 2, 4), 1, (0, 2))
    yield Sample(v.normal(3, 0), "nuc")
    yield Invalid(v.normal(3), raises=RuntimeError, match="must have at least 2 dimensions")
    yield Invalid(v.normal(3, 3), 3, raises=RuntimeError, match="Order 3 not supported")
    yield Invalid(v.normal(3, 3), 1, (0, 0), raises=RuntimeError, match="dims must be different")


def _matrix_norm(
    x: Array, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False
) -> Array:
    if x.size == 0:
        return np.zeros(())
    return np.asarray(np.linalg.norm(x, ord, dim, keepdim))


def _norms(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 3, 4))
    yield Sample(v.distinct(3, 4), inf)
    yield Sample(v.distinct(5), inf)
    yield Sample(v.distinct(3, 4), 1, 0)
    yield Sample(separated(v, 2, 3, 3), "nuc", (1, 2))
    yield Invalid(v.normal(2, 3, 4), 1, raises=RuntimeError, match="the input must be 1D or 2D")
    yield Invalid(v.normal(2, 3), 1, (0, 1, 2), raises=RuntimeError, match="length 1 or 2")


def _old_norms(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 3))
    for p in (2, 1, 3, inf, -inf):
        yield Sample(v.distinct(3, 4), p)
        yield Sample(v.distinct(3, 4), p, 1, True)
    yield Sample(separated(v, 3, 4), "nuc")
    yield Sample(v.normal(3), 2, dtype=Named("float64"))
    yield Invalid(v.normal(3), "max", raises=RuntimeError, match="only valid string values are",
                  own_words=True)
    yield Invalid(v.integers(0, 3, 3), raises=RuntimeError,
                  own_words=True,
                  match="the desired output dtype should be either floating point or complex")


def _conditions(v: Values) -> Iterator[Sample]:
    for p in (None, 2, -2, "nuc"):
        yield Sample(separated(v, 3, 3), p)
    for norm in ("fro", 1, -1, inf, -inf):  # whose gradients fail in PyTorch
        yield Sample(Fixed(separated(v, 3, 3)), norm)
    yield Sample(separated(v, 2, 4, 3))
    yield Invalid(v.normal(2, 3), "fro", raises=RuntimeError, match="square matrices")
    yield Invalid(v.normal(3, 3), 3, raises=RuntimeError, match="got an invalid norm type: 3")


def _ranks(v: Values) -> Iterator[Sample]:
    low = v.normal(4, 2) @ v.normal(2, 5)
    yield Sample(low)
    yield Sample(np.stack([low, v.normal(4, 5)]))
    yield Sample(low @ low.T, hermitian=True)
    yield Sample(separated(v, 3, 3), atol=1.5)
    yield Sample(separated(v, 3, 3), rtol=0.5)
    yield Sample(separated(v, 3, 3), 1.5)
    yield Sample(v.normal(2, 0, 3))
    yield Invalid(v.normal(3), raises=RuntimeError, match="must have at least 2 dimensions")
    yield Invalid(v.normal(2, 3), hermitian=True, raises=RuntimeError, match="square matrices")


def _rank(
    a: Array, tol: Any = None, hermitian: bool = False, atol: Any = None, rtol: Any = None
) -> Array:
    if a.size == 0:
        return np.zeros(a.shape[:-2], int)
    s = np.linalg.svd(a, compute_uv=False)
    relative = rtol or (0.0 if atol or tol else max(a.shape[-2:]) * np.finfo(float).eps)
    limit = np.maximum(atol or tol or 0.0, relative * s.max(-1))
    return np.asarray((s > limit[..., None]).sum(-1))


def _inverses(v: Values) -> Iterator[Sample]:
    for shape in ((3, 3), (4, 2), (2, 4), (2, 3, 2), (0, 3), (2, 0, 3)):
        yield Sample(separated(v, *shape))
    yield Sample(v.complex(3, 2))
    yield Invalid(v.normal(3), raises=RuntimeError, match="must have at least 2 dimensions",
                  own_words=True)


def _pseudoinverses(v: Values) -> Iterator[Sample]:
    yield from _inverses(v)
    yield Sample(separated(v, 3, 3), rtol=1e-3)


def _least_squares(v: Values) -> Iterator[Sample]:
    for a, b in (((4, 2), (4, 1)), ((2, 4), (2, 3)), ((3, 3), (3, 1)), ((2, 4, 2), (2, 4))):
        yield Sample(separated(v, *a), v.normal(*b))
    yield Invalid(v.normal(4, 2), v.normal(3, 1), raises=RuntimeError, match="should match")
    yield Invalid(v.normal(4, 2), v.normal(4, 1), driver="gelsx", raises=RuntimeError,
                  match="parameter `driver` should be one of")


def _lstsq(a: Array, b: Array) -> Any:
    side = b[..., None] if b.ndim < a.ndim else b
    x = np.linalg.pinv(a) @ side
    rank = np.full(a.shape[:-2], min(a.shape[-2:]))
    return x[..., 0] if b.ndim < a.ndim else x, np.zeros(0), rank, np.zeros(0)


_OPTIONS: dict[str, Any] = {"halves": False, "tolerance": 1e-4}

ops = [
    Op("linalg.vector_norm", _vectors, _vector_norm),
    Op("linalg.matrix_norm", _matrices, _matrix_norm, composite=True, **_OPTIONS),
    Op("linalg.norm", _norms,
       lambda x, ord=None, dim=None: np.asarray(np.linalg.norm(x, ord, dim)) if ord
       else np.sqrt((x * x).sum()), composite=True, **_OPTIONS),
    Op("norm", _old_norms, composite=True, **_OPTIONS),
    Op("linalg.cond", _conditions,
       lambda a, p=None: np.linalg.cond(a, p) if a.size else np.zeros(()), composite=True,
       **_OPTIONS),
    Op("linalg.matrix_rank", _ranks, _rank, differentiable=False, **_OPTIONS),
    Op("linalg.pinv", _pseudoinverses, lambda a, rtol=0: np.linalg.pinv(a), composite=True,
       **_OPTIONS),
    Op("pinverse", _inverses, np.linalg.pinv, composite=True, **_OPTIONS),
    Op("linalg.lstsq", _least_squares, _lstsq, composite=True, **_OPTIONS),
]  # fmt: skip
