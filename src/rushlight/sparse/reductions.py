"""Sums, norms and softmaxes of sparse tensors."""

from __future__ import annotations

from typing import Any

import rushlight

from ..dtype import FLOATING, HALVES, int64
from ..errors import NotSupportedError, OperationError
from ..layout import sparse_coo
from ..tensor import Tensor, wrap_dim
from .parts import (
    coalesce,
    coo,
    grouped,
    in_dtype,
    in_layout,
    indices_of,
    make,
    sparse_dim_of,
    sums,
    values_of,
    with_values,
)
from .tensor import SparseTensor, answer


def total(x: SparseTensor, dims: list[int], dtype: Any) -> Tensor:
    """The sum over some dimensions; dense if no sparse one is left."""
    count, size = sparse_dim_of(x), x.array.shape
    values, indices = values_of(x).to(dtype or x.dtype), indices_of(x)
    inner = [d - count + 1 for d in dims if d >= count]
    if inner:
        values = values.sum(inner, dtype=values.dtype)
    outer = [d for d in range(count) if d not in dims]
    left = [n for d, n in enumerate(size) if d not in dims]
    if not outer:
        return values.sum(0, dtype=dtype)
    if len(outer) == count:
        return make(values, indices, left, x.array.is_coalesced)
    rows = rushlight.stack([indices[d] for d in outer])
    places, group = grouped(rows, left[: len(outer)])
    return make(sums(values, group, places.shape[1]), places, left, True)


def sum(input: Tensor, dim: Any = None, dtype: Any = None) -> Tensor:
    """The sum of a sparse tensor over some dimensions, or of all elements, a dense tensor then.

    Where a sparse dimension is left, so is the tensor. The gradient is sparse.

    >>> import rushlight as torch
    >>> x = torch.eye(3)[:2].to_sparse()
    >>> torch.sparse.sum(x, 1).to_dense()
    tensor([1., 1.])
    """
    if not isinstance(input, SparseTensor):
        raise OperationError("sparse.sum: expects a sparse tensor; x.to_sparse() makes one")
    if dim is None:
        return _sum(input, dtype=dtype)
    return total(coo(input), _dims(input, dim), dtype)


@answer("sum")
def _sum(x: SparseTensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    wide = dtype or (x.dtype if x.dtype.category >= FLOATING else int64)
    dims = list(range(x.array.ndim)) if dim is None else _dims(x, dim)
    if len(dims) < x.array.ndim and x.array.layout is not sparse_coo and not keepdim:
        raise OperationError(
            f"sum: reductions of tensors of layout {x.array.layout} with keepdim=False are not "
            "supported; keepdim=True is"
        )
    found = total(coo(x), dims, wide)
    if not keepdim:
        return found
    for d in sorted(dims):
        found = found.unsqueeze(d)
    return in_layout(found, x.array.layout) if isinstance(found, SparseTensor) else found


def _dims(x: SparseTensor, dim: Any) -> list[int]:
    given = [dim] if isinstance(dim, int) else list(dim)
    return [wrap_dim(d, x.array.ndim) for d in given] or list(range(x.array.ndim))


@answer("norm")
def _norm(x: SparseTensor, p: Any = "fro", dim: Any = None, keepdim: bool = False,
          dtype: Any = None) -> Tensor:  # fmt: skip
    if dim is not None and len(_dims(x, dim)) < x.array.ndim:
        raise OperationError(
            "norm: of sparse tensors supports full reductions only, so 'dim' must either be empty "
            "or contain all dimensions of the input"
        )
    return values_of(coalesce(x)).norm(2 if p in ("fro", None) else p, dtype=dtype)


@answer("linalg.vector_norm")
def _vector_norm(
    x: SparseTensor, ord: Any = 2, dim: Any = None, keepdim: bool = False, *, dtype: Any = None
) -> Tensor:
    return _norm(x, ord, dim, keepdim, dtype)


# ---- softmax


def softmax(input: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
    """The softmax along a dimension, in which elements that are not given count as -inf.

    >>> import rushlight as torch
    >>> x = torch.sparse_coo_tensor([[0, 1, 1], [0, 0, 2]], [1.0, 2.0, 2.0])
    >>> torch.sparse.softmax(x, 1).to_dense()
    tensor([[1.0000, 0.0000, 0.0000],
            [0.5000, 0.0000, 0.5000]])
    """
    return _softmax("softmax", input, dim, dtype)


def log_softmax(input: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
    """The logarithm of `softmax` where elements are given.

    >>> import rushlight as torch
    >>> x = torch.sparse_coo_tensor([[0, 0], [0, 2]], [1.0, 1.0], (1, 3))
    >>> torch.sparse.log_softmax(x, 1).coalesce().values()
    tensor([-0.6931, -0.6931])
    """
    return _softmax("log_softmax", input, dim, dtype)


def _softmax(name: str, x: Tensor, dim: int, dtype: Any) -> Tensor:
    if not isinstance(x, SparseTensor) or x.array.layout is not sparse_coo:
        raise NotSupportedError(
            f"sparse.{name}: not implemented for tensors of layout {x.layout}; x.to_sparse() makes "
            "one of coordinates"
        )
    x = x if dtype is None else in_dtype(x, dtype)
    if x.dtype.category != FLOATING:
        raise NotSupportedError(f"sparse.{name}: not implemented for {x.dtype}; give dtype=")
    count, at = sparse_dim_of(x), wrap_dim(dim, x.array.ndim)
    known = coalesce(x)
    values = values_of(known)
    if at >= count:
        return with_values(known, getattr(values, name)(at - count + 1))
    wide = values.float() if values.array.dtype in HALVES else values
    rows = [row for d, row in enumerate(indices_of(known).unbind(0)) if d != at]
    left = [n for d, n in enumerate(x.array.shape[:count]) if d != at]
    others = rushlight.stack(rows) if rows else indices_of(known)[:0]
    places, group = grouped(others, left)
    largest = wide.detach().new_full((places.shape[1], *wide.shape[1:]), -rushlight.inf)
    largest = largest.index_reduce(0, group, wide.detach(), "amax")
    shifted = wide - largest.index_select(0, group)
    shares = sums(shifted.exp(), group, places.shape[1]).index_select(0, group)
    found = shifted - shares.log() if name == "log_softmax" else shifted.exp() / shares
    return with_values(known, found.to(values.dtype))
