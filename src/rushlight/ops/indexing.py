"""Elements picked and placed along a dimension by index, and sorted; `index.py` is x[...]."""

from __future__ import annotations

from typing import Any, Literal, overload

import numpy as np

from ..autograd.operation import Operation
from ..dtype import BOOL, category_of, int32, int64
from ..errors import OperationError, OutOfRangeError
from ..tensor import Tensor, wrap, wrap_dim
from .common import check, table_of
from .declare import operation
from .expansion import broadcast_tensors
from .shape import Squeeze


class AlongIndex(Operation):
    """An operation whose last inputs are a dimension and the index along it."""

    keeps_shape = True

    def setup_context(self, inputs: Any, output: Any) -> None:
        *_, self.dim, index = inputs
        self.save(index)


class Gather(AlongIndex):
    """The elements that an index names along one dimension.

    >>> import rushlight as torch
    >>> torch.gather(torch.tensor([[1, 2], [3, 4]]), 1, torch.tensor([[1], [0]]))
    tensor([[2],
            [3]])
    """

    def backward(self, grad: Tensor) -> Any:
        zeros = grad.new_zeros(self.input_shape)
        return ScatterAdd.apply(zeros, grad, self.dim, self.saved_tensors[0])


class SparseGather(Gather):
    """`Gather` whose gradient holds the elements that were picked, and no others."""

    kernel = "gather"
    node_name = "GatherBackward0"

    def backward(self, grad: Tensor) -> Any:
        from ..sparse.parts import make_picked

        return make_picked(grad, self.saved_tensors[0], self.dim, self.input_shape)


class IntoPlaces(AlongIndex):
    """Elements of a source, behind x among the inputs, put or added where an index says."""

    @classmethod
    def forward(
        cls, kernels: Any, x: Any, source: Any, dim: int, index: Any, *options: Any, out: Any = None
    ) -> Any:
        return getattr(kernels, cls.kernel)(x, dim, index, source, *options, out)


class ScatterAdd(IntoPlaces):
    """Elements added where an index says along one dimension: the gradient of `Gather`.

    >>> import rushlight as torch
    >>> torch.scatter_add(torch.zeros(2), 0, torch.tensor([0, 0]), torch.ones(2))
    tensor([2., 0.])
    """

    def backward(self, grad: Tensor) -> Any:
        index = self.saved_tensors[0]
        return grad, Gather.apply(grad, self.dim, index) if self.needs(1) else None


class IndexSelect(AlongIndex):
    """Slices of a dimension, by their numbers.

    >>> import rushlight as torch
    >>> torch.index_select(torch.tensor([10, 20, 30]), 0, torch.tensor([2, 0]))
    tensor([30, 10])
    """

    def backward(self, grad: Tensor) -> Any:
        zeros = grad.new_zeros(self.input_shape)
        return IndexAdd.apply(zeros, grad, self.dim, self.saved_tensors[0])


class IndexAdd(IntoPlaces):
    """Slices added to those of a dimension: the gradient of `IndexSelect`."""

    def backward(self, grad: Tensor) -> Any:
        index = self.saved_tensors[0]
        return grad, IndexSelect.apply(grad, self.dim, index) if self.needs(1) else None


def along_index(name: str, input: Tensor, dim: int, index: Tensor) -> tuple[int, Tensor]:
    """The dimension and an index of int64 with as many as the input, which a number has one of."""
    axis = wrap_dim(dim, input.array.ndim)
    if index.array.dtype.kind != "i" or index.array.itemsize < 4:
        if index.array.size:
            raise OperationError(
                f"{name}(): Expected dtype int32/int64 for index, got {index.dtype}"
            )
    if index.array.dtype != np.int64:
        index = index.to(int64)
    if max(index.array.ndim, 1) != max(input.array.ndim, 1):
        if not index.array.size:  # names nothing, whatever its shape
            return axis, index.reshape((0,) * max(input.array.ndim, 1))
        raise OperationError(
            f"Index tensor must have the same number of dimensions as input tensor ({name}: index "
            f"{tuple(index.shape)}, input {tuple(input.shape)})"
        )
    return axis, index if index.array.ndim else index.reshape(1)


def check_same_dtype(name: str, input: Tensor, source: Tensor, other: str = "src") -> None:
    if input.array.dtype != source.array.dtype:
        raise OperationError(
            f"{name}(): Expected self.dtype to be equal to {other}.dtype, got {input.dtype} and "
            f"{source.dtype}"
        )


@operation(out="exact apart")
def gather(input: Tensor, dim: int, index: Tensor, *, sparse_grad: bool = False) -> Tensor:
    """Along `dim`, the elements that `index` names; elsewhere the position is the index's own.

    With `sparse_grad` the gradient is a sparse tensor (`torch.sparse_coo`) of what was picked.

    >>> import rushlight as torch
    >>> torch.tensor([[1, 2], [3, 4]]).gather(1, torch.tensor([[0], [1]]))
    tensor([[1],
            [4]])
    """
    axis, places = along_index("gather", input, dim, index)
    x = input if input.array.ndim else input.reshape(1)
    pairs = zip(places.array.shape, x.array.shape, strict=True)
    for i, (n, size) in enumerate(pairs) if places.array.shape != x.array.shape else ():
        if i != axis and n > size:
            raise OperationError(
                f"Size does not match at dimension {i} expected index {list(index.shape)} to be no "
                f"larger than self {list(input.shape)} apart from dimension {axis} (gather)"
            )
    try:
        picker = SparseGather if sparse_grad and input.array.ndim else Gather
        picked = picker.apply(x, axis, places)
    except IndexError as error:
        raise OutOfRangeError(f"gather: {error}") from error
    return picked if picked.array.ndim == index.array.ndim else picked.reshape(index.array.shape)


def pick(input: Tensor, axis: int, places: Tensor, keepdim: bool) -> tuple[Tensor, Tensor]:
    """The element of each line of an axis that stands at its place, and that place."""
    values = Gather.apply(input, axis, places)
    if keepdim:
        return values, places
    shape = places.array.shape[:axis] + places.array.shape[axis + 1 :]
    return Squeeze.apply(values, shape), Squeeze.apply(places, shape)


@operation(out="exact")
def index_select(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """The slices of `dim` that `index` names, in its order.

    >>> import rushlight as torch
    >>> torch.index_select(torch.tensor([10, 20, 30]), 0, torch.tensor([2, 0]))
    tensor([30, 10])
    """
    axis = wrap_dim(dim, input.array.ndim)
    if index.array.ndim > 1:
        raise IndexError(
            f"index_select(): Index is supposed to be a vector, got shape {tuple(index.shape)}"
        )
    if index.dtype not in (int32, int64):
        raise OperationError(
            f"index_select: expected dtype int32 or int64 for index, got {index.dtype}; convert "
            "with .long()"
        )
    if index.array.ndim == 0:
        index = index.reshape(1)
    if input.array.ndim == 0:
        return IndexSelect.apply(input.reshape(1), 0, index).reshape(())
    if input.array.shape[axis] == 0 and index.array.size:
        raise OperationError(
            f"index_select: self indexing axis dim should be positive, got shape "
            f"{tuple(input.shape)} and dimension {axis}"
        )
    try:
        return IndexSelect.apply(input, axis, index)
    except IndexError as error:
        raise OutOfRangeError(f"index_select: {error}") from error


@operation(out="exact apart")
def masked_select(input: Tensor, mask: Tensor) -> Tensor:
    """The elements where `mask` is true, as a vector.

    >>> import rushlight as torch
    >>> torch.masked_select(torch.tensor([1, 2, 3]), torch.tensor([True, False, True]))
    tensor([1, 3])
    """
    if category_of(mask.array.dtype) != BOOL:
        raise OperationError(
            f"masked_select: expected BoolTensor for mask, got {mask.dtype}; convert with .bool()"
        )
    if mask.array.shape != input.array.shape:
        input, mask = broadcast_tensors(input, mask)
    return input[mask]


@overload
def nonzero(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...


@overload
def nonzero(input: Tensor, *, as_tuple: Literal[False], out: Tensor | None = None) -> Tensor: ...


@overload
def nonzero(input: Tensor, *, as_tuple: Literal[True]) -> tuple[Tensor, ...]: ...


@operation(out="exact")
def nonzero(input: Tensor, *, as_tuple: bool = False, out: Tensor | None = None) -> Any:
    """The indices of the elements that are not zero: one row each, or one tensor per dimension.

    >>> import rushlight as torch
    >>> torch.nonzero(torch.tensor([0, 5, 7]))
    tensor([[1],
            [2]])
    """
    table = table_of(input)
    if not as_tuple:
        return wrap(table.nonzero(input.array))
    found = table.nonzero(input.array if input.array.ndim else table.view(input.array, (1,)))
    columns = range(found.shape[1])
    return tuple([wrap(table.getitem(found, (slice(None), i))) for i in columns])


@operation("nn.functional")
def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """For each class number a vector that is 1 there and 0 elsewhere: (*) gives (*, num_classes).

    By default there are as many classes as the largest number asks for. RuntimeError for numbers
    below 0, or above `num_classes` - 1, and for another dtype than int64.

    >>> import rushlight as torch
    >>> torch.nn.functional.one_hot(torch.tensor([0, 2]), num_classes=3)
    tensor([[1, 0, 0],
            [0, 0, 1]])
    """
    if tensor.array.dtype != np.int64:
        raise RuntimeError("one_hot is only applicable to index tensor of type LongTensor.")
    if num_classes == -1:
        num_classes = int(tensor.max()) + 1 if tensor.array.size else 1
    else:
        check(tensor < num_classes, RuntimeError, "Class values must be smaller than num_classes.")
    check(tensor >= 0, RuntimeError, "Class values must be non-negative.")
    return wrap(table_of(tensor).one_hot(tensor.array, num_classes))
