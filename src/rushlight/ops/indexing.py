"""Elements picked and placed by index, and sorted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Literal, overload

import numpy as np

from ..autograd.operation import Operation
from ..dtype import BOOL, INTEGER, int64
from ..dtype import bool as bool_
from ..errors import OperationError, OutOfRangeError
from ..scalars import checked
from ..tensor import Tensor, wrap, wrap_dim
from .common import (
    ValuesAndIndices,
    check,
    check_ordered,
    methods,
    table_of,
    values_and_indices,
)
from .declare import operation
from .promotion import full_like_number
from .shape import broadcast_tensors


class Slice(Operation):
    """Indexing by whole numbers, slices, None and `...`: a view."""

    kernel = "getitem"
    is_view = True
    index: Any
    keeps_shape = True

    def backward(self, grad: Tensor) -> Any:
        return PlaceSlice.apply(grad, self.index, self.input_shape)


Select = Slice.renamed("Select")


class PlaceSlice(Operation):
    """Zeros, with a tensor in the place of a slice: the gradient of `Slice`."""

    index: Any
    shape: Any

    @staticmethod
    def forward(kernels: Any, x: Any, index: Any, shape: Any) -> Any:
        out = kernels.full(shape, 0, x.dtype, x)
        return kernels.setitem(out, x, index)

    def backward(self, grad: Tensor) -> Any:
        return Slice.apply(grad, self.index)


class Index(Operation):
    """Indexing with tensors of integers or booleans among the indices: a copy."""

    @staticmethod
    def forward(kernels: Any, x: Any, template: Any, *indices: Any) -> Any:
        return kernels.getitem(x, _fill_in(template, indices))

    def setup_context(self, inputs: Any, output: Any) -> None:
        x, self.template, *indices = inputs
        self.input_shape = x.array.shape
        self.save(*indices)

    def backward(self, grad: Tensor) -> Any:
        return PlaceIndex.apply(grad, self.input_shape, self.template, *self.saved_tensors)


class PlaceIndex(Operation):
    """Zeros, with a tensor added at indices: the gradient of `Index`."""

    @staticmethod
    def forward(kernels: Any, x: Any, shape: Any, template: Any, *indices: Any) -> Any:
        zeros = kernels.full(shape, 0, x.dtype, x)
        return kernels.scatter_index_add(zeros, _fill_in(template, indices), x)

    def setup_context(self, inputs: Any, output: Any) -> None:
        _, _, self.template, *indices = inputs
        self.save(*indices)

    def backward(self, grad: Tensor) -> Any:
        return Index.apply(grad, self.template, *self.saved_tensors)


class IndexPut(Operation):
    """x[index] = value, in place."""

    operation_name = "index_put_"

    @staticmethod
    def forward(
        kernels: Any, x: Any, value: Any, template: Any, *indices: Any, out: Any = None
    ) -> Any:
        return kernels.setitem(x, value, _fill_in(template, indices))

    def setup_context(self, inputs: Any, output: Any) -> None:
        _, _, self.template, *indices = inputs
        self.save(*indices)

    def backward(self, grad: Tensor) -> Any:
        indices = self.saved_tensors
        rest = None
        if self.needs(0):
            rest = grad.clone()
            rest[_fill_in(self.template, indices)] = 0
        return rest, Index.apply(grad, self.template, *indices) if self.needs(1) else None


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


class _Hole:
    """Where a tensor stood among the indices."""


_HOLE = _Hole()


def _fill_in(template: tuple[Any, ...], indices: Any) -> tuple[Any, ...]:
    rest = iter(indices)
    return tuple(next(rest) if part is _HOLE else part for part in template)


def _parse(self: Tensor, index: Any) -> tuple[tuple[Any, ...], list[Tensor]]:
    """The index as a tuple with holes, and the index tensors that belong there."""
    parts = index if isinstance(index, tuple) else (index,)
    template: list[Any] = []
    tensors = []
    for part in parts:
        if isinstance(part, Tensor) and part.array.ndim == 0 and part.dtype.category == INTEGER:
            part = int(part.item())
        elif isinstance(part, (list, np.ndarray)):
            part = _index_tensor(self, np.asarray(part))
        elif isinstance(part, np.integer):
            part = int(part)
        elif isinstance(part, slice):
            part = _checked_slice(part)
        elif isinstance(part, (bool, np.bool_)):
            part = _index_tensor(self, np.asarray(part))
        elif not (part is None or part is Ellipsis or isinstance(part, (int, Tensor))):
            raise IndexError(
                "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables "
                f"are valid indices (got {type(part).__name__})"
            )
        if isinstance(part, Tensor):
            if part.dtype.category > INTEGER:
                raise IndexError(
                    f"tensors used as indices must be long, int, byte or bool tensors, not "
                    f"{part.dtype}"
                )
            if type(part.array) is not type(self.array):
                part = _index_beside(self, part)
            if part.array.dtype == np.uint8:  # PyTorch's masks of old
                part = part.to(bool_)
            tensors.append(part)
            part = _HOLE
        template.append(part)
    return tuple(template), tensors


def _index_beside(self: Tensor, index: Tensor) -> Tensor:
    """An index tensor of the CPU where the indexed one is; others must be there."""
    if not table_of(index).is_host:
        raise OperationError(
            "indices should be either on cpu or on the same device as the indexed tensor "
            f"({self.device}), not on {index.device}"
        )
    return index.to(self.device)


def _index_tensor(self: Tensor, array: np.ndarray[Any, Any]) -> Tensor:
    if array.size == 0:
        array = array.astype("int64")
    return wrap(table_of(self).from_numpy(array))


def _checked_slice(part: slice) -> slice:
    if part.step is not None and int(part.step) <= 0:
        raise ValueError("step must be greater than zero")
    bounds = (part.start, part.stop, part.step)
    return slice(*(int(b) if isinstance(b, Tensor) else b for b in bounds))


_WHOLE = frozenset({int, type(None)})
_PLAIN = frozenset({int, type(None), type(Ellipsis)})


def _is_plain(part: Any) -> bool:
    """Whether a part of an index needs no look at its values: the shortest way for most views."""
    kind = type(part)
    if kind is slice:
        return part.step is None and type(part.start) in _WHOLE and type(part.stop) in _WHOLE
    return kind in _PLAIN


def _getitem(self: Tensor, index: Any) -> Tensor:
    if self.array.ndim == 0 and isinstance(index, int) and not isinstance(index, bool):
        raise IndexError(
            "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or "
            "`tensor.item<T>()` in C++ to convert a 0-dim tensor to a number"
        )
    if type(index) is not tuple and _is_plain(index):
        template: tuple[Any, ...] = (index,)
        tensors: list[Tensor] = []
    elif type(index) is tuple and all([_is_plain(part) for part in index]):
        template, tensors = index, []
    else:
        template, tensors = _parse(self, index)
    try:
        if not tensors:
            operation = Select if len(template) == 1 and type(template[0]) is int else Slice
            return operation.apply(self, template)
        return Index.apply(self, template, *tensors)
    except (IndexError, OperationError) as error:
        raise _index_error(self, tensors, error) from error


def _index_error(self: Tensor, tensors: Any, error: Exception) -> Exception:
    """PyTorch's words for what the array library says of an index."""
    shape = tuple(self.array.shape)
    text = str(error).split("\n")[0].replace("for axis", "for dimension")
    text = text.replace("Index", "index", 1)  # CuPy's words differ a little from NumPy's
    wrong_mask = re.match(r"boolean index did not match .* along (?:axis|dimension) (\d+)", text)
    if wrong_mask:
        masks = [str(list(t.shape)) for t in tensors if t.dtype.category == BOOL]
        return IndexError(
            f"The shape of the mask {' or '.join(masks)} does not match the shape of the indexed "
            f"tensor {list(shape)} at index {wrong_mask[1]}"
        )
    if "too many indices" in text:
        return IndexError(f"too many indices for tensor of dimension {len(shape)} (shape {shape})")
    return IndexError(f"{text} (indexing a tensor of shape {shape})")


def _setitem(self: Tensor, index: Any, value: Any) -> None:
    template, tensors = _parse(self, index)
    if isinstance(value, (int, float)):
        if self.dtype.category == INTEGER:  # floats become infinite
            value = checked(value, self.array.dtype)
        value = full_like_number(value, self.dtype, self)
    elif not isinstance(value, Tensor):
        value = self.new_tensor(value)
    if not tensors:
        part = _getitem(self, index)
        part.copy_(_without_leading_ones(value, part.array.ndim))
        return
    if value.array.dtype != self.array.dtype or type(value.array) is not type(self.array):
        value = value.to(self.device, self.dtype)
    try:
        IndexPut.apply_inplace(self, value, template, *tensors)
    except IndexError as error:
        raise _index_error(self, template, error) from error


def _without_leading_ones(value: Tensor, ndim: int) -> Tensor:
    """A value of more dimensions than its place may have ones in front, as in NumPy."""
    extra = value.array.ndim - ndim
    if extra > 0 and all(n == 1 for n in value.array.shape[:extra]):
        return value.reshape(value.array.shape[extra:])
    return value


methods(__getitem__=_getitem, __setitem__=_setitem)


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
    fitting = src[tuple(slice(0, n) for n in index.array.shape)]
    try:
        return ScatterAdd.apply(input, fitting, axis, index)
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
    found = wrap(table_of(input).nonzero(input.array))
    return tuple(found[:, i] for i in range(found.array.shape[1])) if as_tuple else found


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
