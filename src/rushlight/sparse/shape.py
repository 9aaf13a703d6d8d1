"""Dimensions of sparse tensors: their order, parts along them, tensors put together."""

from __future__ import annotations

from typing import Any

import rushlight

from ..errors import NotSupportedError, OperationError, OutOfRangeError
from ..layout import sparse_coo, sparse_csc, sparse_csr
from ..tensor import Tensor, wrap, wrap_dim
from .arrays import CompressedArray, not_there
from .parts import (
    coalesce,
    coo,
    indices_of,
    make,
    make_compressed,
    pairs,
    sparse_dim_of,
    values_of,
)
from .tensor import SparseTensor, answer

# ---- their order


@answer("t", "T.__get__", "mT.__get__", "adjoint", "mH.__get__", "H.__get__")
def transposed(x: SparseTensor) -> SparseTensor:
    """The transpose of a matrix."""
    if x.array.ndim > 2:
        raise OperationError(
            f"t() expects a tensor with <= 2 dimensions, but self is {x.array.ndim}D"
        )
    return transpose(x, 0, 1) if x.array.ndim == 2 else x


@answer("transpose", "swapaxes", "swapdims")
def transpose(x: SparseTensor, dim0: int, dim1: int) -> SparseTensor:
    """The tensor with two dimensions exchanged."""
    ndim, count = x.array.ndim, sparse_dim_of(x)
    first, second = wrap_dim(dim0, ndim), wrap_dim(dim1, ndim)
    if first == second:
        return x
    if isinstance(x.array, CompressedArray) and {first, second} == {0, 1}:
        layout = sparse_csc if x.array.layout is sparse_csr else sparse_csr
        size = (x.array.shape[1], x.array.shape[0], *x.array.shape[2:])
        starts, inner = wrap(x.array.starts), wrap(x.array.indices)
        return make_compressed(values_of(x), starts, inner, size, layout, x.array.is_coalesced)
    if (first < count) != (second < count):
        raise OperationError(
            "transpose: transposed dimensions must both be sparse or both dense. Got sparse_dim: "
            f"{count}, d0: {first}, d1: {second}"
        )
    order = list(range(ndim))
    order[first], order[second] = second, first
    return permute(x, order)


@answer("permute")
def permute(x: SparseTensor, *dims: Any) -> SparseTensor:
    """The tensor with its dimensions in another order."""
    given = dims[0] if len(dims) == 1 and not isinstance(dims[0], int) else dims
    ndim, count = x.array.ndim, sparse_dim_of(x)
    order = [wrap_dim(d, ndim) for d in given]
    if sorted(order) != list(range(ndim)):
        raise OperationError(
            f"permute: the dimensions {list(given)} are not each of the {ndim} of the tensor once"
        )
    if sorted(order[:count]) != list(range(count)):
        raise OperationError(
            f"permute(sparse): transpositions between sparse ({count}) and dense dimensions are "
            f"not allowed, but got {list(given)}"
        )
    x = coo(x)
    size = [x.array.shape[d] for d in order]
    values, indices = values_of(x), indices_of(x)
    inner = [d - count + 1 for d in order[count:]]
    if inner != sorted(inner):
        values = values.permute(0, *inner)
    if order[:count] == list(range(count)):
        return make(values, indices, size, x.array.is_coalesced)
    return make(values, rushlight.stack([indices[d] for d in order[:count]]), size)


@answer("unsqueeze")
def unsqueeze(x: SparseTensor, dim: int) -> SparseTensor:
    """The tensor with another dimension, of size 1, at `dim`."""
    x = coo(x)
    count = sparse_dim_of(x)
    at = wrap_dim(dim, x.array.ndim + 1)
    size = [*x.array.shape[:at], 1, *x.array.shape[at:]]
    values, indices = values_of(x), indices_of(x)
    if at > count:
        return make(values.unsqueeze(at - count + 1), indices, size, x.array.is_coalesced)
    zeros = indices.new_zeros((1, indices.shape[1]))
    return make(
        values, rushlight.cat([indices[:at], zeros, indices[at:]]), size, x.array.is_coalesced
    )


# ---- parts


@answer("select", "select_copy")
def select(x: SparseTensor, dim: int, index: int) -> Tensor:
    """The part at one place of a dimension, which it no longer has."""
    x = coo(x)
    count, at = sparse_dim_of(x), wrap_dim(dim, x.array.ndim)
    length = x.array.shape[at]
    if not -length <= index < length:
        raise OutOfRangeError(
            f"select(): index {index} out of range for tensor of size {list(x.array.shape)} at "
            f"dimension {at}"
        )
    place = index % length
    size = [*x.array.shape[:at], *x.array.shape[at + 1 :]]
    values, indices = values_of(x), indices_of(x)
    if at >= count:
        return make(values.select(at - count + 1, place), indices, size, x.array.is_coalesced)
    kept = (indices[at] == place).nonzero().squeeze(1)
    values = values.index_select(0, kept)
    if count == 1:
        return values.sum(0, dtype=values.dtype)
    indices = rushlight.cat([indices[:at], indices[at + 1 :]]).index_select(1, kept)
    return make(values, indices, size, x.array.is_coalesced)


@answer("__getitem__")
def _get_item(x: SparseTensor, index: Any) -> Tensor:
    result: Tensor = x
    at = 0
    for part in index if isinstance(index, tuple) else (index,):
        if part is None:
            result, at = result.unsqueeze(at), at + 1
        elif isinstance(part, slice) and part == slice(None):
            at += 1
        elif hasattr(part, "__index__") and not isinstance(part, (bool, Tensor)):
            place = part.__index__()
            if at >= result.dim():
                raise IndexError(f"too many indices for tensor of dimension {x.array.ndim}")
            length = result.shape[at]
            if not -length <= place < length:
                raise IndexError(
                    f"index {place} is out of bounds for dimension {at} with size {length}"
                )
            result = result.select(at, place)
        else:
            raise NotSupportedError(
                f"indexing a tensor of layout {x.array.layout} takes whole numbers, None and ':', "
                f"but got {type(part).__name__}; index_select() and narrow_copy() take parts"
            )
    return result


@answer("index_select")
def _index_select(x: SparseTensor, dim: int, index: Tensor) -> SparseTensor:
    if x.array.layout is not sparse_coo:
        raise not_there("index_select", x.array.layout)
    count, at = sparse_dim_of(x), wrap_dim(dim, x.array.ndim)
    length = x.array.shape[at]
    wanted = index.reshape(-1).long()
    outside = wanted[(wanted < -length) | (wanted >= length)]
    if outside.numel():
        raise OutOfRangeError(
            f"index_select(): index contains {int(outside[0])} that is out of range for tensor of "
            f"size {list(x.array.shape)} at dimension {at}"
        )
    wanted = rushlight.where(wanted < 0, wanted + length, wanted)
    size = [*x.array.shape[:at], wanted.numel(), *x.array.shape[at + 1 :]]
    if at >= count:
        values = values_of(x).index_select(at - count + 1, wanted)
        return make(values, indices_of(x), size, x.array.is_coalesced)
    known = coalesce(x)
    indices, values = indices_of(known), values_of(known)
    new, old = pairs(wanted, indices[at])
    rows = list(indices.index_select(1, old).unbind(0))
    rows[at] = new
    return make(values.index_select(0, old), rushlight.stack(rows), size, at == 0)


@answer("narrow_copy")
def _narrow_copy(x: SparseTensor, dim: int, start: int, length: int) -> SparseTensor:
    x = coo(x)
    count, at = sparse_dim_of(x), wrap_dim(dim, x.array.ndim)
    available = x.array.shape[at]
    if not (0 <= start <= available and 0 <= length <= available - start):
        raise OperationError(
            f"narrow_copy: start ({start}) + length ({length}) exceeds dimension size ({available})"
        )
    size = [*x.array.shape[:at], length, *x.array.shape[at + 1 :]]
    values, indices = values_of(x), indices_of(x)
    if at >= count:
        part = values.narrow(at - count + 1, start, length)
        return make(part, indices, size, x.array.is_coalesced)
    along = indices[at]
    kept = ((along >= start) & (along < start + length)).nonzero().squeeze(1)
    rows = list(indices.index_select(1, kept).unbind(0))
    rows[at] = rows[at] - start
    return make(values.index_select(0, kept), rushlight.stack(rows), size, x.array.is_coalesced)


@answer("unbind")
def _unbind(x: SparseTensor, dim: int = 0) -> tuple[Tensor, ...]:
    at = wrap_dim(dim, x.array.ndim)
    return tuple(select(x, at, i) for i in range(x.array.shape[at]))


# ---- tensors put together


@answer("cat", "concat", "concatenate")
def _cat(tensors: Any, dim: int = 0) -> SparseTensor:
    for position, x in enumerate(tensors):
        if not isinstance(x, SparseTensor):
            raise OperationError(
                "cat: Concatenating sparse tensors, but a dense tensor was found at position "
                f"{position}."
            )
    parts = [coo(x) for x in tensors]
    first = parts[0]
    count, at = sparse_dim_of(first), wrap_dim(dim, first.array.ndim)
    for position, x in enumerate(parts):
        same = [
            (n, m)
            for d, (n, m) in enumerate(zip(x.array.shape, first.array.shape, strict=False))
            if d != at
        ]
        if x.array.ndim != first.array.ndim or any(n != m for n, m in same):
            raise OperationError(
                f"cat: All tensors must have the same shape: {list(first.array.shape)} (except in "
                f"the concatenating dimension), but found shape: {list(x.array.shape)} at position "
                f"{position}."
            )
        if sparse_dim_of(x) != count:
            raise OperationError(
                f"cat: All tensors must have the same number of sparse dimensions, {count}, but "
                f"found {sparse_dim_of(x)} at position {position}."
            )
    lengths = [x.array.shape[at] for x in parts]
    size = list(first.array.shape)
    size[at] = sum(lengths)
    indices, values, before = [], [], 0
    for x, length in zip(parts, lengths, strict=True):
        places, elements = indices_of(x), values_of(x)
        if at < count:
            shift = places.new_zeros((count, 1))
            shift[at] = before
            places = places + shift
        else:
            pad = [0, 0] * (first.array.ndim - at - 1) + [before, size[at] - before - length]
            elements = rushlight.nn.functional.pad(elements, pad)
        indices.append(places)
        values.append(elements)
        before += length
    return make(rushlight.cat(values), rushlight.cat(indices, 1), size)


@answer("stack")
def _stack(tensors: Any, dim: int = 0) -> SparseTensor:
    for position, x in enumerate(tensors):
        if not isinstance(x, SparseTensor):
            raise OperationError(
                f"stack: of sparse tensors alone, but a dense one was found at position {position}."
            )
    return _cat([unsqueeze(x, dim) for x in tensors], wrap_dim(dim, tensors[0].array.ndim + 1))
