"""Sparse tensors and their dense parts: the two operations, and what all others stand on."""

from __future__ import annotations

from typing import Any

import rushlight

from ..autograd.operation import Operation
from ..dtype import BOOL, HALVES
from ..kernels import launch
from ..layout import sparse_csc, sparse_csr
from ..tensor import Tensor, wrap
from .arrays import CompressedArray, SparseArray, SparseTable
from .tensor import SparseTensor, sparse


class FromParts(Operation):
    """A sparse tensor of values whose places are known: `places` is a sparse array that has them.

    The gradient of the values is what the gradient has in their places.
    """

    node_name = "SparseCooTensorWithDimsAndTensorsBackward0"
    places: SparseArray

    @staticmethod
    def forward(kernels: Any, values: Any, places: SparseArray) -> Any:
        return places.like(values)

    @classmethod
    def make(cls, values: Tensor, places: SparseArray) -> SparseTensor:
        launch.refuse_record("makes a sparse tensor")
        return sparse(cls.apply(values, places))

    def backward(self, grad: Tensor) -> Tensor:
        places = coordinates(self.places)
        if isinstance(grad, SparseTensor) and have_same_places(indices_of(grad), places):
            return values_of(grad)  # also where a place is there twice: each value has its gradient
        return values_at(grad, places)


class Values(Operation):
    """The values of a sparse tensor; their gradient is sparse, with the same places."""

    @staticmethod
    def forward(kernels: Any, x: SparseArray) -> Any:
        return x.values

    def setup_context(self, inputs: Any, output: Any) -> None:
        x = inputs[0].array
        self.places = x.like(x.values)  # as they are now: in-place operations change `x`

    def backward(self, grad: Tensor) -> Tensor:
        return FromParts.make(grad, self.places)


def values_of(x: SparseTensor) -> Tensor:
    return Values.apply(x)


def with_values(x: SparseTensor, values: Tensor) -> SparseTensor:
    """Other values in the places of a sparse tensor, whatever its layout."""
    return FromParts.make(values, x.array)


def in_dtype(x: SparseTensor, dtype: Any) -> SparseTensor:
    """The tensor with its values in another dtype."""
    return x if x.dtype is dtype else with_values(x, values_of(x).to(dtype))


def make(values: Tensor, indices: Tensor, size: Any, is_coalesced: bool = False) -> SparseTensor:
    """A tensor of coordinates and values that are known to fit."""
    return FromParts.make(values, SparseArray(indices.array, None, tuple(size), is_coalesced))


def make_compressed(
    values: Tensor, starts: Tensor, indices: Tensor, size: Any, layout: Any,
    is_coalesced: bool = True,
) -> SparseTensor:  # fmt: skip
    """A tensor of compressed rows or columns, of parts that are known to fit."""
    places = CompressedArray(starts.array, indices.array, None, tuple(size), layout, is_coalesced)
    return FromParts.make(values, places)


def make_picked(values: Tensor, index: Tensor, dim: int, size: Any) -> SparseTensor:
    """A tensor of the elements that `index` names along `dim`, as `gather` understands it."""
    places = [
        rushlight.arange(n, device=index.device).reshape(-1, *[1] * (index.ndim - d - 1))
        for d, n in enumerate(index.shape)
    ]
    places[dim] = index
    rows = [place.expand(index.shape).reshape(-1) for place in places]
    return make(values.reshape(-1), rushlight.stack(rows), size)


# ---- places


def indices_of(x: SparseTensor) -> Tensor:
    """The coordinates, (sparse dimensions, nnz)."""
    return coordinates(x.array)


def coordinates(x: SparseArray) -> Tensor:
    if not isinstance(x, CompressedArray):
        return wrap(x.indices)
    starts, inner = wrap(x.starts), wrap(x.indices)
    counts = starts[1:] - starts[:-1]
    outer = rushlight.arange(counts.shape[0], device=inner.device).repeat_interleave(counts)
    return rushlight.stack([outer, inner] if x.layout is sparse_csr else [inner, outer])


def sparse_dim_of(x: SparseTensor) -> int:
    return 2 if isinstance(x.array, CompressedArray) else x.array.indices.shape[0]


def sparse_shape_of(x: SparseTensor) -> tuple[int, ...]:
    return x.array.shape[: sparse_dim_of(x)]


def numbered(indices: Tensor, size: Any) -> Tensor:
    """Each place as one number, counted row by row."""
    number = indices[0] if size else indices.new_zeros(indices.shape[1])
    for axis, n in enumerate(size[1:], 1):
        number = number * n + indices[axis]
    return number


def have_same_places(a: Tensor, b: Tensor) -> bool:
    return a.array is b.array or a.shape == b.shape and bool((a == b).all())


def values_at(x: Tensor, indices: Tensor) -> Tensor:
    """The elements, or dense parts, of a tensor at given places; 0 where a sparse one has none."""
    if not isinstance(x, SparseTensor):
        if not indices.shape[0]:
            return x.expand(indices.shape[1], *x.shape)
        return x[tuple(indices.unbind(0))]
    known = coalesce(coo(x))
    have = values_of(known)
    if not have.shape[0]:
        return have.new_zeros((indices.shape[1], *have.shape[1:]))
    size = sparse_shape_of(known)
    numbers, wanted = numbered(indices_of(known), size), numbered(indices, size)
    place = rushlight.searchsorted(numbers, wanted).clamp(max=numbers.numel() - 1)
    found = have.index_select(0, place)
    is_missing = (numbers[place] != wanted).reshape(-1, *[1] * (found.ndim - 1))
    return found.masked_fill(is_missing, 0)


def pairs(left: Tensor, right: Tensor) -> tuple[Tensor, Tensor]:
    """All (i, j) with left[i] == right[j], ordered by i, as two tensors."""
    ordered, order = rushlight.sort(right, stable=True)
    starts = rushlight.searchsorted(ordered, left)
    counts = rushlight.searchsorted(ordered, left, right=True) - starts
    i = rushlight.arange(left.shape[0], device=left.device).repeat_interleave(counts)
    before = (counts.cumsum(0) - counts - starts).index_select(0, i)
    place = rushlight.arange(i.shape[0], device=left.device) - before
    return i, order.index_select(0, place)


def grouped(indices: Tensor, size: Any) -> tuple[Tensor, Tensor]:
    """The distinct places in order, (dimensions, groups), and for each place its group."""
    numbers, group = rushlight.unique(numbered(indices, size), return_inverse=True)
    rows: list[Tensor] = []
    for n in reversed(size):
        rows.insert(0, numbers % max(n, 1))
        numbers = numbers // max(n, 1)
    if not rows:
        return indices.new_zeros((0, numbers.shape[0])), group
    return rushlight.stack(rows), group


def sums(values: Tensor, group: Tensor, count: int) -> Tensor:
    """The sum of the values of each group."""
    dtype = values.dtype
    if dtype.category == BOOL:
        return sums(values.byte(), group, count) != 0
    wide = values.float() if values.array.dtype in HALVES else values
    zeros = wide.new_zeros((count, *values.shape[1:]))
    return zeros.index_add(0, group, wide).to(dtype)


# ---- forms


def coalesce(x: SparseTensor) -> SparseTensor:
    """The same tensor with its places in order, each once: values of one place are summed."""
    if x.array.is_coalesced:
        return x
    indices, values = indices_of(x), values_of(x)
    if values.shape[0] < 2:
        return make(values, indices, x.array.shape, True)
    if _is_ordered(x):
        return make(values.clone(), indices.clone(), x.array.shape, True)
    places, group = grouped(indices, sparse_shape_of(x))
    return make(sums(values, group, places.shape[1]), places, x.array.shape, True)


def ordered(x: SparseTensor) -> SparseTensor:
    """`coalesce` for who only reads the parts: a tensor that is in order is not copied."""
    return x if _is_ordered(x) else coalesce(x)


def coo(x: SparseTensor) -> SparseTensor:
    """A tensor of any layout by coordinates."""
    if not isinstance(x.array, CompressedArray):
        return x
    is_ordered = x.array.is_coalesced and x.array.layout is sparse_csr
    return coalesce(make(values_of(x), indices_of(x), x.array.shape, is_ordered))


def in_layout(x: SparseTensor, layout: Any) -> SparseTensor:
    """A tensor of two sparse dimensions in the layout that is asked for."""
    if x.array.layout is layout:
        return x
    known = coalesce(coo(x))
    if layout not in (sparse_csr, sparse_csc):
        return known
    values, indices, size = values_of(known), indices_of(known), known.array.shape
    outer, inner = indices[0], indices[1]
    if layout is sparse_csc:
        order = rushlight.argsort(inner, stable=True)
        outer, inner = inner.index_select(0, order), outer.index_select(0, order)
        values = values.index_select(0, order)
    count = size[1 if layout is sparse_csc else 0]
    lines = rushlight.arange(count + 1, device=outer.device)
    starts = rushlight.searchsorted(outer.contiguous(), lines)
    return make_compressed(values, starts, inner.contiguous(), size, layout)


def dense(x: SparseTensor) -> Tensor:
    """The tensor with all its elements."""
    values, size = values_of(x), sparse_shape_of(x)
    total = 1
    for n in size:
        total *= n
    return sums(values, numbered(indices_of(x), size), total).reshape(x.array.shape)


# ---- sums of gradients


def join(a: SparseTensor, b: SparseTensor) -> SparseTensor:
    """The sum of two tensors of one size by coordinates.

    Where no place would be there twice it is not: in tensors that are in order, and where both have
    the same places. Otherwise places follow each other, which keeps sums of gradients cheap.
    """
    places, others = indices_of(a), indices_of(b)
    both = a.array.is_coalesced and b.array.is_coalesced
    if have_same_places(places, others):
        return make(values_of(a) + values_of(b), places, a.array.shape, both)
    values = rushlight.cat([values_of(a), values_of(b)])
    result = make(values, rushlight.cat([places, others], 1), a.array.shape)
    if both or _is_ordered(a) and _is_ordered(b):
        result = coalesce(result)
        result.array.is_coalesced = both
    return result


def _is_ordered(x: SparseTensor) -> bool:
    if x.array.is_coalesced:
        return True
    numbers = numbered(indices_of(x), sparse_shape_of(x))
    return bool((numbers[1:] > numbers[:-1]).all())


def _add_gradient(self: Any, a: SparseArray, b: SparseArray, out: SparseArray) -> SparseArray:
    """What the engine sums gradients by."""
    first, second = wrap(a, SparseTensor), wrap(b, SparseTensor)
    total = join(coo(first), coo(second))
    out.take(in_layout(total, a.layout).array)
    return out


setattr(SparseTable, "add", _add_gradient)  # noqa: B010
