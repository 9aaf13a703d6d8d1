"""Rows of rushlight/ops/distance.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .core import Array, Fixed, Invalid, Op, Sample, Values

NORMS = (0.0, 0.5, 1.0, 1.7, 2.0, 3.0, np.inf)


def _norm(x: Array, p: float, axis: int, keepdims: bool = False) -> Any:
    if p in (0.0, np.inf) or x.ndim == 0:
        size = np.abs(x)
        if x.ndim == 0:
            return size
        return (size != 0).sum(axis, keepdims=keepdims) if p == 0 else size.max(
            axis, keepdims=keepdims)  # fmt: skip
    return (np.abs(x) ** p).sum(axis, keepdims=keepdims) ** (1 / p)


def _cdist(v: Values) -> Iterator[Sample]:
    for p in NORMS:
        yield Sample(v.normal(4, 3), v.normal(2, 3), p)
    yield Sample(v.normal(2, 1, 4, 3), v.normal(5, 2, 3))
    yield Sample(v.normal(30, 3), v.normal(4, 3))
    yield Sample(v.normal(4, 3), v.normal(4, 3), compute_mode="use_mm_for_euclid_dist")
    yield Sample(Fixed(v.normal(3, 0)), Fixed(v.normal(2, 0)))
    yield Sample(v.normal(0, 3), v.normal(2, 3))
    yield Invalid(v.normal(2, 3), v.normal(2, 4), raises=RuntimeError,
                  match="must have the same number of columns. X1: 3 X2: 4")
    yield Invalid(v.normal(3), v.normal(2, 3), raises=RuntimeError, match="at least 2D tensors")
    yield Invalid(v.normal(2, 3), v.normal(2, 3), -1.0, raises=RuntimeError,
                  match="non-negative p values")
    yield Invalid(v.normal(2, 3), v.normal(2, 3), compute_mode="fast", raises=ValueError,
                  match="fast is not a valid value for compute_mode")
    yield Invalid(v.integers(0, 3, 2, 3), v.integers(0, 3, 2, 3), raises=RuntimeError,
                  match="only supports floating-point dtypes")


def _cdist_reference(a: Array, b: Array, p: float = 2.0, compute_mode: str = "") -> Any:
    return _norm(a[..., :, None, :] - b[..., None, :, :], p, -1)


def _pdist(v: Values) -> Iterator[Sample]:
    for p in NORMS:
        yield Sample(v.normal(4, 3), p)
    yield Sample(v.normal(1, 3))
    yield Invalid(v.normal(3), raises=RuntimeError, match="pdist only supports 2D tensors, got: 1D")
    yield Invalid(v.normal(2, 3), -1.0, raises=RuntimeError, match="non-negative p values")


def _pairwise(v: Values) -> Iterator[Sample]:
    for p in NORMS[1:]:
        yield Sample(v.normal(4, 3), v.normal(4, 3), p)
    yield Sample(v.normal(4, 3), v.normal(3), eps=0.1, keepdim=True)
    yield Sample(v.normal(2, 4, 3), v.normal(4, 3))
    yield Sample(v.normal(3), v.normal(3))
    yield Sample(v.complex(2, 3), v.complex(3), 3.0)
    yield Invalid(v.normal(4, 3), v.normal(4, 2), raises=RuntimeError,
                  match=r"size of tensor a \(3\) must match the size of tensor b \(2\)")


def _similar(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(4, 3), v.normal(4, 3))
    yield Sample(v.normal(4, 3), v.normal(1, 3), dim=0)
    yield Sample(v.normal(2, 4, 3), v.normal(4, 3), -1)
    yield Sample(Fixed(v.normal(4, 3)), Fixed(v.normal(4, 3)), eps=10.0)
    yield Sample(Fixed(v.normal()), Fixed(v.normal()), 0)
    yield Sample(Fixed(np.zeros((2, 3))), Fixed(v.normal(2, 3)), eps=1e-3)
    yield Invalid(v.normal(4, 3), v.normal(3, 3), raises=RuntimeError,
                  match=r"size of tensor a \(4\) must match the size of tensor b \(3\)")
    yield Invalid(v.integers(0, 3, 2, 2), v.integers(0, 3, 2, 2), raises=RuntimeError,
                  match="to be floating point|not implemented for")
    yield Invalid(v.normal(3), v.normal(3), raises=IndexError, match="Dimension out of range")


def _similarity(a: Array, b: Array, dim: int = 1, eps: float = 1e-8) -> Any:
    if a.ndim == 0:
        return a * b / (max(abs(a), eps) * max(abs(b), eps))
    a, b = np.broadcast_arrays(a, b)
    lengths = [np.maximum(_norm(x, 2, dim, True), eps) for x in (a, b)]
    return (a / lengths[0] * (b / lengths[1])).sum(dim)


def _normalize(v: Values) -> Iterator[Sample]:
    for p in NORMS[1:]:
        yield Sample(v.normal(4, 3), p)
    yield Sample(v.normal(2, 3, 4, 5), dim=-1)
    yield Sample(v.normal(2, 3, 4, 5), eps=100.0)
    yield Sample(v.normal(3), dim=0)
    for p in (1.0, 2.0, 3.0):
        yield Sample(v.complex(2, 3), p)
    yield Sample(Fixed(np.zeros((2, 3))), eps=1e-3)
    yield Invalid(v.integers(0, 3, 2, 2), raises=RuntimeError,
                  match="Expected a floating point or complex tensor")


def _bilinear(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(4, 3), v.normal(4, 2), v.normal(5, 3, 2), v.normal(5))
    yield Sample(v.normal(2, 4, 3), v.normal(2, 4, 2), v.normal(1, 3, 2))
    yield Sample(v.normal(3), v.normal(2), v.normal(5, 3, 2))
    yield Invalid(v.normal(4, 3), v.normal(3, 2), v.normal(5, 3, 2), raises=RuntimeError,
                  match="input batch dimensions do not match at dim 0: got 4 and 3")
    yield Invalid(v.normal(4, 3), v.normal(4, 2), v.normal(5, 3, 3), raises=RuntimeError,
                  match="input2 size does not match weight size: got 2 but expected 3")
    yield Invalid(v.normal(4, 3), v.normal(4, 2), v.normal(5, 3, 2), v.normal(4),
                  raises=RuntimeError, match="bias size does not match weight size: got 4")


def _bilinear_reference(a: Array, b: Array, weight: Array, bias: Any = 0) -> Any:
    return np.einsum("...i,kij,...j->...k", a, weight, b) + bias


def _dist(v: Values) -> Iterator[Sample]:
    for p in (2, 1, 3.0, float("inf")):
        yield Sample(v.normal(2, 3), v.normal(3), p)
    yield Sample(v.normal(3), v.normal(3))
    yield Invalid(v.normal(2), v.normal(3), raises=RuntimeError, match="must match the size")


def _dist_reference(x: Array, y: Array, p: float = 2) -> Any:
    return np.linalg.norm(np.broadcast_to(x - y, np.broadcast(x, y).shape).reshape(-1), p)


def _renorm(v: Values) -> Iterator[Sample]:
    x = v.nonzero(3, 4)
    for p in (2, 1, 0.5, float("inf")):
        yield Sample(x, p, 0, 1.5)
    yield Sample(v.nonzero(2, 3, 4), 2, -2, 1.0)
    yield Sample(x, 2, 1, 100.0)
    yield Invalid(v.normal(3), 2, 0, 1.0, raises=RuntimeError, match="at least 2 dimensions")
    yield Invalid(x, -1, 0, 1.0, raises=RuntimeError, match="non-positive-norm not supported")
    yield Invalid(x, 2, 0, -1.0, raises=RuntimeError, match="expected maxnorm to be >= 0")


def _renorm_reference(x: Array, p: float, dim: int, maxnorm: float) -> Array:
    lines = np.moveaxis(x, dim, 0).reshape(x.shape[dim], -1)
    size = np.linalg.norm(lines, p, axis=1)
    scale = np.where(size > maxnorm, maxnorm / (size + 1e-7), 1.0)
    return x * scale.reshape([-1 if i == dim % x.ndim else 1 for i in range(x.ndim)])


ops = [
    Op("cdist", _cdist, _cdist_reference, tolerance=1e-4, composite=True, halves=False),
    Op("nn.functional.pdist", _pdist,
       lambda x, p=2.0: _cdist_reference(x, x, p)[np.triu_indices(len(x), 1)], halves=False),
    Op("nn.functional.pairwise_distance", _pairwise,
       lambda a, b, p=2.0, eps=1e-6, keepdim=False: _norm(a - b + eps, p, -1, keepdim),
       composite=True),
    Op("nn.functional.cosine_similarity", _similar, _similarity, composite=True),
    Op("nn.functional.normalize", _normalize,
       lambda x, p=2.0, dim=1, eps=1e-12: x / np.maximum(_norm(x, p, dim, True), eps),
       composite=True),
    Op("nn.functional.bilinear", _bilinear, _bilinear_reference, composite=True, tolerance=1e-4),
    Op("dist", _dist, _dist_reference, composite=True),
    Op("renorm", _renorm, _renorm_reference, inplace="renorm_", composite=True),
]  # fmt: skip
