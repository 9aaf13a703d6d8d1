"""Slices of a dimension changed by their numbers, and elements by their places in order."""

from __future__ import annotations

from math import prod
from typing import Any

from ..autograd.operation import Operation
from ..categories import REALS, check_taken
from ..dtype import BOOL, category_of, int32, int64
from ..errors import OperationError, OutOfRangeError
from ..scalars import checked, number
from ..tensor import Tensor, wrap, wrap_dim
from ..types import Number
from .choices import where
from .common import check_same_device, table_of
from .declare import operation
from .expansion import broadcast_tensors
from .indexing import IndexAdd, IndexSelect, IntoPlaces, check_same_dtype, gather
from .scatter import REDUCTIONS, reduced


class IndexCopy(IntoPlaces):
    """Slices, or a number, in the places of those that a vector names."""

    def backward(self, grad: Tensor) -> Any:
        index = self.saved_tensors[0]
        rest = IndexCopy.apply(grad, 0, self.dim, index) if self.needs(0) else None
        if not self.needs(1):
            return rest, None
        return rest, IndexSelect.apply(grad, self.dim, index)


class IndexFill(IntoPlaces):
    """One value, a 0-d tensor or a number, in the slices that a vector names."""

    kernel = "index_copy"

    def backward(self, grad: Tensor) -> Any:
        index, dim = self.saved_tensors[0], self.dim
        rest = IndexFill.apply(grad, 0, dim, index) if self.needs(0) else None
        if not self.needs(1):
            return rest, None
        shape = grad.array.shape
        named = IndexFill.apply(grad.new_zeros(shape[dim]), 1, 0, index) != 0
        along = [-1 if i == dim else 1 for i in range(len(shape))]
        return rest, where(named.reshape(along), grad, 0.0).sum()


def _vector(name: str, index: Tensor, kind: type[Exception]) -> Tensor:
    """An index of slices, as a vector of int64."""
    if index.array.ndim > 1:
        raise kind(f"{name}: Index should have dimension 1 or 0 (got {index.array.ndim})")
    if index.dtype not in (int64, int32):
        raise kind(f"{name}: Expected LongTensor for index, got {index.dtype}")
    index = index if index.array.ndim else index.reshape(1)
    return index if index.dtype is int64 else index.to(int64)


def _line(x: Tensor) -> Tensor:
    return x if x.array.ndim else x.reshape(1)


def _changed(
    name: str, kind: Any, inplace: bool, input: Tensor, axis: int, index: Tensor, source: Any
) -> Tensor:
    """Runs an operation on slices of an axis; one number is a vector with one element."""
    try:
        result = (kind.apply_inplace if inplace else kind.apply)(_line(input), source, axis, index)
    except IndexError as error:
        raise OutOfRangeError(f"{name}: {error}") from error
    if inplace:
        return input
    return result if input.array.ndim else result.reshape(())


# ---- index_add


@operation(out="exact")
def index_add(
    input: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: Number = 1
) -> Tensor:
    """A copy of `input` with `alpha` times the slices of `source` added to those `index` names.

    >>> import rushlight as torch
    >>> torch.zeros(3).index_add(0, torch.tensor([0, 0, 2]), torch.ones(3))
    tensor([2., 0., 1.])
    """
    return _added("index_add", False, input, dim, index, source, alpha)


@operation("Tensor")
def index_add_(
    self: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: Number = 1
) -> Tensor:
    """`index_add`, with the result written to this tensor.

    >>> import rushlight as torch
    >>> torch.zeros(3).index_add_(0, torch.tensor([0, 2, 2]), torch.tensor([1.0, 2.0, 3.0]))
    tensor([1., 0., 5.])
    """
    return _added("index_add_", True, self, dim, index, source, alpha)


def _added(
    name: str, inplace: bool, input: Tensor, dim: int, index: Tensor, source: Tensor, alpha: Any
) -> Tensor:
    axis = wrap_dim(dim, input.array.ndim)
    index = _vector(f"{name}()", index, OutOfRangeError)
    check_same_dtype(name, input, source, "source")
    source = _check_slices(name, OperationError, input, axis, index, source)
    if alpha != 1:
        source = source * checked(number(alpha), input.array.dtype)
    return _changed(name, IndexAdd, inplace, input, axis, index, source)


def _check_slices(
    name: str, kind: type[Exception], input: Tensor, axis: int, index: Tensor, source: Tensor
) -> Tensor:
    """The source, which must have a slice for each number of an index; one number is a slice."""
    count = index.array.size
    given = _line(source)
    have, size = given.array.shape, _line(input).array.shape
    wanted = (*size[:axis], count, *size[axis + 1 :])
    if have == wanted:
        return given
    if source.array.size == 1 and count == 1 and 1 in (len(have), len(wanted)) and 0 not in wanted:
        if all(n == 1 for n in wanted):
            return source.reshape(wanted)
    if axis < len(have) and have[axis] != count and len(have) == len(wanted):
        raise kind(
            f"{name}(): Number of indices ({count}) should be equal to source.size(dim) "
            f"({have[axis]}), for dim: {axis}"
        )
    raise OperationError(
        f"{name}(): Source/destination tensor must have same slice shapes. Destination slice "
        f"shape: {list(size[:axis] + size[axis + 1 :])} at dimension {axis} and source shape: "
        f"{list(source.shape)}, for {count} indices"
    )


# ---- index_copy, index_fill


@operation(out="exact", autocast="widest")
def index_copy(input: Tensor, dim: int, index: Tensor, source: Tensor) -> Tensor:
    """A copy of `input` with slices of `source` in the places of those that `index` names.

    >>> import rushlight as torch
    >>> torch.zeros(3).index_copy(0, torch.tensor([2]), torch.ones(1))
    tensor([0., 0., 1.])
    """
    return _copied("index_copy", False, input, dim, index, source)


@operation("Tensor")
def index_copy_(self: Tensor, dim: int, index: Tensor, source: Tensor) -> Tensor:
    """`index_copy`, with the result written to this tensor.

    >>> import rushlight as torch
    >>> torch.zeros(3).index_copy_(0, torch.tensor([2, 0]), torch.tensor([1.0, 2.0]))
    tensor([2., 0., 1.])
    """
    return _copied("index_copy_", True, self, dim, index, source)


def _copied(
    name: str, inplace: bool, input: Tensor, dim: int, index: Tensor, source: Tensor
) -> Tensor:
    axis = wrap_dim(dim, input.array.ndim)
    if index.dtype is not int64:
        raise OperationError(f"{name}(): Expected a long tensor for index, but got {index.dtype}")
    index = _vector(f"{name}()", index, OutOfRangeError)
    check_same_dtype(name, input, source, "source")
    source = _check_slices(name, OutOfRangeError, input, axis, index, source)
    return _changed(name, IndexCopy, inplace, input, axis, index, source)


@operation
def index_fill(input: Tensor, dim: int, index: Tensor, value: Any) -> Tensor:
    """A copy of `input` with one value in the slices that `index` names; -1 is the last.

    >>> import rushlight as torch
    >>> torch.zeros(3).index_fill(0, torch.tensor([0, -1]), 7)
    tensor([7., 0., 7.])
    """
    return _filled("index_fill", False, input, dim, index, value)


@operation("Tensor")
def index_fill_(self: Tensor, dim: int, index: Tensor, value: Any) -> Tensor:
    """`index_fill`, with the result written to this tensor.

    >>> import rushlight as torch
    >>> torch.zeros(3).index_fill_(0, torch.tensor([0, 2]), 5)
    tensor([5., 0., 5.])
    """
    return _filled("index_fill_", True, self, dim, index, value)


def _filled(name: str, inplace: bool, input: Tensor, dim: int, index: Tensor, value: Any) -> Tensor:
    axis = wrap_dim(dim, input.array.ndim)
    index = _vector(f"{name}()", index, OutOfRangeError)
    shape = _line(input).array.shape
    if isinstance(value, Tensor):
        if value.array.ndim:
            raise OperationError(
                f"{name} only supports a 0-dimensional value tensor, but got tensor with "
                f"{value.array.ndim} dimension(s)."
            )
        value = value.to(input.device, input.dtype)
    else:
        value = checked(number(value), input.array.dtype)
    return _changed(name, IndexFill, inplace, input, axis, _from_end(index, shape[axis]), value)


class FromEnd(Operation):
    """Places along a dimension, of which negative ones are counted from its end."""

    differentiable = False

    @staticmethod
    def forward(kernels: Any, index: Any, size: int) -> Any:
        return kernels.where(kernels.lt(index, 0), kernels.add(index, size), index)


def _from_end(index: Tensor, size: int) -> Tensor:
    """Numbers with those counted from the end, the negative ones, made non-negative."""
    return FromEnd.apply(index, size)


# ---- index_reduce


@operation(inplace=True, out="exact")
def index_reduce(
    input: Tensor, dim: int, index: Tensor, source: Tensor, reduce: str, *,
    include_self: bool = True,
) -> Tensor:  # fmt: skip
    """A copy of `input` with slices of `source` put together with those that `index` names.

    `reduce` is "prod", "mean", "amax" or "amin". The slice of `input` itself is one of them, unless
    `include_self` is False.

    >>> import rushlight as torch
    >>> x = torch.tensor([2.0, 3.0])
    >>> x.index_reduce(0, torch.tensor([0, 0]), torch.tensor([4.0, 5.0]), "prod")
    tensor([40.,  3.])
    """
    if reduce not in REDUCTIONS[1:]:
        raise OperationError(
            f"index_reduce(): Expected reduce to be one of prod, mean, amax or amin but got "
            f"{reduce}."
        )
    if reduce != "prod" or not include_self:
        check_taken("index_reduce", input, REALS)
    axis = wrap_dim(dim, input.array.ndim)
    index = _vector("index_reduce()", index, OutOfRangeError)
    check_same_dtype("index_reduce", input, source, "source")
    source = _check_slices("index_reduce", OperationError, input, axis, index, source)
    shape = [1] * source.array.ndim
    shape[axis] = -1
    places = index.reshape(shape).expand(source.array.shape)
    try:
        result = reduced("index_reduce", _line(input), axis, places, source, reduce, include_self)
    except OperationError as error:
        if isinstance(error.__cause__, IndexError):
            raise OutOfRangeError(str(error)) from error
        raise
    return result.reshape(input.array.shape)


# ---- by places in order


class Take(Operation):
    """The elements at places counted through the whole tensor."""

    keeps_shape = True
    saves = (1,)

    def backward(self, grad: Tensor) -> Any:
        return Put.apply(grad.new_zeros(self.input_shape), grad, self.saved_tensors[0], True)


class Put(Operation):
    """Elements at places counted through the whole tensor, or added to what is there."""

    saves = (2,)
    accumulate: bool

    @staticmethod
    def forward(kernels: Any, x: Any, source: Any, index: Any, accumulate: bool) -> Any:
        return kernels.put(x, index, source, accumulate)

    def backward(self, grad: Tensor) -> Any:
        index = self.saved_tensors[0]
        rest = grad
        if self.needs(0) and not self.accumulate:
            rest = Put.apply(grad, grad.new_zeros(index.array.shape), index, False)
        return rest, Take.apply(grad, index) if self.needs(1) else None


@operation(out="exact apart")
def take(input: Tensor, index: Tensor) -> Tensor:
    """The elements at places counted through the whole tensor, in the index's shape.

    >>> import rushlight as torch
    >>> torch.take(torch.tensor([[1, 2], [3, 4]]), torch.tensor([0, -1]))
    tensor([1, 4])
    """
    _check_places("take", input, index)
    try:
        return Take.apply(input, index)
    except IndexError as error:
        raise OutOfRangeError(f"out of range: take(): {error}") from error


@operation(inplace=True)
def put(input: Tensor, index: Tensor, source: Tensor, accumulate: bool = False) -> Tensor:
    """A copy of `input` with elements of `source` at places counted through the whole tensor.

    With `accumulate` they are added to what is there.

    >>> import rushlight as torch
    >>> torch.zeros(2, 2).put(torch.tensor([0, -1]), torch.tensor([5.0, 6.0]))
    tensor([[5., 0.],
            [0., 6.]])
    """
    _check_places("put_", input, index)
    check_same_device("put_", input, source)
    check_same_dtype("put_", input, source, "source")
    if source.array.size != index.array.size:
        raise OutOfRangeError(
            "put_(): Expected source and index to have the same number of elements, but got "
            f"source.numel() = {source.array.size}, index.numel() = {index.array.size}"
        )
    if source.array.shape != index.array.shape:
        source = source.reshape(index.array.shape)
    try:
        return Put.apply(input, source, index, bool(accumulate))
    except IndexError as error:
        raise OutOfRangeError(f"out of range: put_(): {error}") from error


def _check_places(name: str, input: Tensor, index: Tensor) -> None:
    if index.dtype is not int64:
        raise OperationError(f"{name}(): Expected a long tensor for index, but got {index.dtype}")
    check_same_device(name, input, index)
    size = input.array.size
    if not size and index.array.size:
        raise OutOfRangeError(f"{name}(): tried to take from an empty tensor {tuple(input.shape)}")


@operation(out="exact")
def take_along_dim(input: Tensor, indices: Tensor, dim: int | None = None) -> Tensor:
    """Along `dim`, the elements that `indices` names, both broadcast but for `dim`.

    Without `dim` both are taken as vectors. -1 is the last element.

    >>> import rushlight as torch
    >>> x = torch.tensor([[3, 1, 2], [4, 6, 5]])
    >>> torch.take_along_dim(x, x.argmax(1, keepdim=True), 1)
    tensor([[3],
            [6]])
    """
    if indices.dtype not in (int64, int32):
        raise OperationError(
            "torch.take_along_dim(): dtype of indices should be Long or Int but got "
            f"{indices.dtype}"
        )
    if dim is None:
        line = input.reshape(-1)
        return line.gather(0, _from_end(indices.reshape(-1), line.array.size))
    if input.array.ndim != indices.array.ndim:
        raise OperationError(
            "torch.take_along_dim(): input and indices should have the same number of dimensions, "
            f"but got {input.array.ndim} dimensions for input, and {indices.array.ndim} dimensions "
            "for indices"
        )
    axis = wrap_dim(dim, input.array.ndim)
    if not input.array.ndim:
        return input.gather(0, _from_end(indices, 1))
    size, count = input.array.shape[axis], indices.array.shape[axis]
    if input.array.shape == indices.array.shape:
        return gather(input, axis, _from_end(indices, size))
    one, other = (_broadcast_sizes(input, indices, axis, n) for n in (size, count))
    return input.expand(one).gather(axis, _from_end(indices.expand(other), size))


def _broadcast_sizes(input: Tensor, indices: Tensor, axis: int, length: int) -> list[int]:
    """The sizes that both have together, and a length along one axis."""
    pairs = zip(input.array.shape, indices.array.shape, strict=True)
    sizes = []
    for i, (n, m) in enumerate(pairs):
        if i != axis and n != m and 1 not in (n, m):
            raise OperationError(
                f"torch.take_along_dim(): input {tuple(input.shape)} and indices "
                f"{tuple(indices.shape)} do not broadcast at dimension {i}"
            )
        sizes.append(length if i == axis else m if n == 1 else n)
    return sizes


# ---- by masks


@operation
def masked_scatter(input: Tensor, mask: Tensor, source: Tensor) -> Tensor:
    """`input` with the elements of `source`, in their order, where `mask` is true.

    >>> import rushlight as torch
    >>> mask = torch.tensor([True, False, True])
    >>> torch.zeros(3).masked_scatter(mask, torch.tensor([5.0, 6.0]))
    tensor([5., 0., 6.])
    """
    if category_of(mask.array.dtype) != BOOL:
        raise OperationError(
            f"masked_scatter_ only supports boolean masks, but got mask with dtype {mask.dtype}"
        )
    if input.array.dtype != source.array.dtype:
        raise OperationError(
            "masked_scatter: expected self and source to have same dtypes but got "
            f"{input.dtype} and {source.dtype}"
        )
    if mask.array.shape != input.array.shape:
        input, mask = broadcast_tensors(input, mask)
    return MaskedScatter.apply(input, mask, source)


class MaskedScatter(Operation):
    """x with the elements of a source, in their order, where a mask is true."""

    def setup_context(self, inputs: Any, output: Any) -> None:
        self.source_shape = inputs[2].array.shape
        self.save(inputs[1])

    def backward(self, grad: Tensor) -> Any:
        mask = self.saved_tensors[0]
        rest = where(mask, 0.0, grad) if self.needs(0) else None
        if not self.needs(2):
            return rest, None, None
        size = prod(self.source_shape)
        flat = mask.reshape(-1)
        places = where(flat, flat.cumsum(0) - 1, size)  # one behind the source is for the others
        sums = IndexAdd.apply(grad.new_zeros(size + 1), grad.reshape(-1), 0, places)
        return rest, None, sums[:size].reshape(self.source_shape)


@operation("Tensor")
def masked_scatter_(self: Tensor, mask: Tensor, source: Tensor) -> Tensor:
    """`masked_scatter`, with the result written to this tensor.

    >>> import rushlight as torch
    >>> mask = torch.tensor([True, False, True])
    >>> torch.zeros(3).masked_scatter_(mask, torch.tensor([1.0, 2.0]))
    tensor([1., 0., 2.])
    """
    result = masked_scatter(self, mask, source)
    if result.array.shape != self.array.shape:
        raise OperationError(
            f"masked_scatter_: a mask of {tuple(mask.shape)} does not broadcast to "
            f"{tuple(self.shape)}"
        )
    return self.copy_(result)


@operation(out="exact")
def nonzero_static(input: Tensor, *, size: int, fill_value: int = -1) -> Tensor:
    """The indices of the first `size` elements that are not zero, one row each, `fill_value` where
    there are fewer.

    >>> import rushlight as torch
    >>> torch.nonzero_static(torch.tensor([1, 0, 2]), size=3)
    tensor([[ 0],
            [ 2],
            [-1]])
    """
    if size < 0:
        raise OperationError(f"nonzero_static: 'size' must be an non-negative integer, got {size}")
    return wrap(table_of(input).nonzero_static(input.array, size, fill_value))
