"""Elements picked and placed along a dimension by index, and sorted; `index.py` is x[...]."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, overload

import numpy as np

from ..autograd.operation import Operation
from ..dtype import int64
from ..errors import OperationError, OutOfRangeError
from ..tensor import Tensor, wrap, wrap_dim
from .common import (
    ValuesAndIndices,
    check,
    check_ordered,
    table_of,
    values_and_indices,
)
from .declare import operation
from .shape import broadcast_tensors


class AlongIndex(Operation):
    """An operation whose last inputs are a dimension and the index along it."""

    keeps_shape = True

    def setup_context(self, inputs: Any, output: Any) -> None:
        *_, self.dim, index = inputs
        self.save(index)


class Gather(AlongIndex):
    """The elements that an index names along one dimension."""

    def backward(self, grad: Tensor) -> Any:
        zeros = grad.new_zeros(self.input_shape)
        return ScatterAdd.apply(zeros, grad, self.dim, self.saved_tensors[0])


class ScatterAdd(AlongIndex):
    """Elements added where an index says along one dimension: the gradient of `Gather`."""

    @staticmethod
    def forward(
        kernels: Any, x: Any, source: Any, dim: int, index: Any, out: Any = None
    ) -> Any:
        return kernels.scatter_add(x, dim, index, source, out)

    def backward(self, grad: Tensor) -> Any:
        index = self.saved_tensors[0]
        return grad, Gather.apply(grad, self.dim, index) if self.needs(1) else None


class IndexSelect(AlongIndex):
    """Slices of a dimension, by their numbers."""

    def backward(self, grad: Tensor) -> Any:
        zeros = grad.new_zeros(self.input_shape)
        return IndexAdd.apply(zeros, grad, self.dim, self.saved_tensors[0])


class IndexAdd(AlongIndex):
    """Slices added to those of a dimension: the gradient of `IndexSelect`."""

    @staticmethod
    def forward(kernels: Any, x: Any, source: Any, dim: int, index: Any) -> Any:
        return kernels.index_add(x, dim, index, source)

    def backward(self, grad: Tensor) -> Any:
        index = self.saved_tensors[0]
        return grad, IndexSelect.apply(grad, self.dim, index) if self.needs(1) else None


def _checked_index(name: str, input: Tensor, dim: int, index: Tensor) -> int:
    if index.array.dtype.kind != "i":
        raise OperationError(f"{name}(): Expected dtype int32/int64 for index, got {index.dtype}")
    if index.array.ndim != input.array.ndim and input.array.ndim:
        raise OperationError(
            f"Index tensor must have the same number of dimensions as input tensor ({name}: index "
            f"{tuple(index.shape)}, input {tuple(input.shape)})"
        )
    return wrap_dim(dim, input.array.ndim)


@operation
def gather(input: Tensor, dim: int, index: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Along `dim`, the elements that `index` names; elsewhere the position is the index's own.

    >>> import rushlight as torch
    >>> torch.tensor([[1, 2], [3, 4]]).gather(1, torch.tensor([[0], [1]]))
    tensor([[1],
            [4]])
    """
    axis = _checked_index("gather", input, dim, index)
    try:
        return Gather.apply(input, axis, index)
    except IndexError as error:
        raise OutOfRangeError(f"gather: {error}") from error


@operation
def scatter_add(
    input: Tensor, dim: int, index: Tensor, src: Tensor, *, out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """A copy of `input` with the elements of `src` added where `index` says along `dim`."""
    axis = _checked_index("scatter_add", input, dim, index)
    if src.array.shape != index.array.shape:
        src = src[tuple(slice(0, n) for n in index.array.shape)]
    try:
        return ScatterAdd.apply(input, src, axis, index)
    except IndexError as error:
        raise OperationError(f"scatter_add: {error}") from error


@operation
def index_select(input: Tensor, dim: int, index: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The slices of `dim` that `index` names, in its order."""
    axis = wrap_dim(dim, input.array.ndim)
    if index.array.dtype.kind != "i" or index.array.ndim > 1:
        raise IndexError("index_select(): Index is supposed to be a vector of int32 or int64")
    if index.array.ndim == 0:
        index = index.reshape(1)
    if input.array.ndim == 0:
        return IndexSelect.apply(input.reshape(1), 0, index).reshape(())
    try:
        return IndexSelect.apply(input, axis, index)
    except IndexError as error:
        raise OutOfRangeError(f"index_select: {error}") from error


@operation
def masked_select(input: Tensor, mask: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The elements where `mask` is true, as a vector."""
    if mask.array.shape != input.array.shape:
        input, mask = broadcast_tensors(input, mask)
    return input[mask]


@overload
def nonzero(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...


@overload
def nonzero(input: Tensor, *, as_tuple: Literal[False], out: Tensor | None = None) -> Tensor: ...


@overload
def nonzero(input: Tensor, *, as_tuple: Literal[True]) -> tuple[Tensor, ...]: ...


@operation
def nonzero(input: Tensor, *, as_tuple: bool = False, out: Tensor | None = None) -> Any:
    """The indices of the elements that are not zero: one row each, or one tensor per dimension."""
    table = table_of(input)
    if not as_tuple:
        return wrap(table.nonzero(input.array))
    found = table.nonzero(input.array if input.array.ndim else table.view(input.array, (1,)))
    columns = range(found.shape[1])
    return tuple([wrap(table.getitem(found, (slice(None), i))) for i in columns])


_Sort = values_and_indices("sort")
_TopK = values_and_indices("topk")


@operation
def sort(
    input: Tensor, dim: int = -1, descending: bool = False, stable: bool = True, *,
    out: Sequence[Tensor] | None = None,
) -> ValuesAndIndices:  # fmt: skip
    """The elements along `dim` in order, and where they stood; equal ones keep their order."""
    check_ordered("sort", input)
    axis = wrap_dim(dim, input.array.ndim)
    if input.array.ndim == 0:
        return _Sort(input.clone(), input.new_zeros((), dtype=int64))
    values, order = map(wrap, table_of(input).sort(input.array, axis, bool(descending)))
    return _Sort(input.gather(axis, order) if input.requires_grad else values, order)


@operation
def argsort(
    input: Tensor, dim: int = -1, descending: bool = False, stable: bool = True, *,
    out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The indices that sort the elements along `dim`."""
    return sort(input.detach(), dim, descending).indices


@operation
def topk(
    input: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True, *,
    out: Sequence[Tensor] | None = None,
) -> ValuesAndIndices:  # fmt: skip
    """The `k` largest (or smallest) elements along `dim`, in order, and where they stand."""
    axis = wrap_dim(dim, input.array.ndim)
    size = input.array.shape[axis] if input.array.ndim else 1
    if not 0 <= k <= size:
        raise RuntimeError(
            f"selected index k out of range (k={k}, dimension {axis} has {size} elements)"
        )
    if input.array.ndim == 0:
        return _TopK(*sort(input))
    check_ordered("topk", input)
    values, order = map(wrap, table_of(input).topk(input.array, axis, k, bool(largest)))
    return _TopK(input.gather(axis, order) if input.requires_grad else values, order)


@operation("nn.functional")
def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """For each class number a vector that is 1 at that number and 0 elsewhere."""
    if tensor.array.dtype != np.int64:
        raise RuntimeError("one_hot is only applicable to index tensor of type LongTensor.")
    if num_classes == -1:
        num_classes = int(tensor.max()) + 1 if tensor.array.size else 1
    else:
        check(tensor < num_classes, RuntimeError, "Class values must be smaller than num_classes.")
    check(tensor >= 0, RuntimeError, "Class values must be non-negative.")
    return wrap(table_of(tensor).one_hot(tensor.array, num_classes))
