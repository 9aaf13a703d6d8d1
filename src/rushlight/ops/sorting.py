"""Elements in order, and those at a place of that order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, overload

from ..categories import ORDERED, REALS, check_taken
from ..dtype import FLOATING, int64
from ..errors import OperationError, OutOfRangeError
from ..grad_mode import state
from ..tensor import Tensor, wrap, wrap_dim
from .common import ValuesAndIndices, table_of, values_and_indices
from .declare import operation
from .extremes import Max
from .indexing import pick
from .signatures import signature_of

_Sort = values_and_indices("sort")
_TopK = values_and_indices("topk")
_KthValue = values_and_indices("kthvalue")
_Mode = values_and_indices("mode")
_Median, _NanMedian = values_and_indices("median"), values_and_indices("nanmedian")


@operation(out="exact")
def sort(
    input: Tensor, dim: int = -1, descending: bool = False, *, stable: bool | None = None
) -> ValuesAndIndices:
    """The elements along `dim` in order, and where they stood; equal ones keep their order.

    >>> import rushlight as torch
    >>> torch.sort(torch.tensor([3, 1, 2]))
    torch.return_types.sort(
    values=tensor([1, 2, 3]),
    indices=tensor([1, 2, 0]))
    """
    check_taken("sort", input, ORDERED)
    axis = wrap_dim(dim, input.array.ndim)
    if input.array.ndim == 0:
        return _Sort(input.clone(), input.new_zeros((), dtype=int64))
    values, order = map(wrap, table_of(input).sort(input.array, axis, bool(descending)))
    return _Sort(_values(input, axis, values, order), order)


@operation(out="cast")
def argsort(
    input: Tensor, dim: int = -1, descending: bool = False, *, stable: bool | None = None
) -> Tensor:
    """The indices that sort the elements along `dim`.

    >>> import rushlight as torch
    >>> torch.argsort(torch.tensor([3, 1, 2]))
    tensor([1, 2, 0])
    """
    return sort(input.detach(), dim, descending).indices


@operation(out="exact")
def msort(input: Tensor) -> Tensor:
    """The elements in order along the first dimension.

    >>> import rushlight as torch
    >>> torch.msort(torch.tensor([3, 1, 2]))
    tensor([1, 2, 3])
    """
    return sort(input, 0).values


@operation(out="exact")
def topk(
    input: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True
) -> ValuesAndIndices:
    """The `k` largest (or smallest) elements along `dim`, in order, and where they stand.

    RuntimeError where there are not as many.

    >>> import rushlight as torch
    >>> torch.topk(torch.tensor([3, 1, 2]), 2)
    torch.return_types.topk(
    values=tensor([3, 2]),
    indices=tensor([0, 2]))
    """
    axis = wrap_dim(dim, input.array.ndim)
    size = input.array.shape[axis] if input.array.ndim else 1
    if not 0 <= k <= size:
        raise RuntimeError(
            f"selected index k out of range (k={k}, dimension {axis} has {size} elements)"
        )
    check_taken("topk", input, REALS)
    if input.array.ndim == 0:
        return _TopK(*sort(input))
    values, order = map(wrap, table_of(input).topk(input.array, axis, k, bool(largest)))
    return _TopK(_values(input, axis, values, order), order)


def _values(input: Tensor, axis: int, values: Tensor, order: Tensor) -> Tensor:
    """What a kernel has put in order; picked anew where gradients are to go through it."""
    return input.gather(axis, order) if state.enabled and input.requires_grad else values


def _place(name: str, input: Tensor, dim: int, takes: tuple[int, ...] = REALS) -> int:
    """The dimension along which an element is chosen, which must have some."""
    check_taken(name, input, takes)
    axis = wrap_dim(dim, input.array.ndim)
    if input.array.ndim and input.array.shape[axis] == 0:
        raise OutOfRangeError(
            f"{name}(): Expected reduction dim {axis} to have non-zero size (the input is "
            f"{input.array.shape})"
        )
    return axis


@operation(out="exact apart")
def kthvalue(input: Tensor, k: int, dim: int = -1, keepdim: bool = False) -> ValuesAndIndices:
    """The `k`-th smallest element along `dim`, counted from 1, and where it stands.

    >>> import rushlight as torch
    >>> torch.tensor([3, 1, 2]).kthvalue(2).values
    tensor(2)
    """
    axis = _place("kthvalue", input, dim)
    size = input.array.shape[axis] if input.array.ndim else 1
    if not 1 <= k <= size:
        raise OperationError(
            f"kthvalue(): selected number k out of range for dimension {axis} (k={k}, {size} "
            "elements)"
        )
    return _picked(_KthValue, "kth_place", input, axis, keepdim, k - 1)


@operation(out="exact")
def mode(input: Tensor, dim: int = -1, keepdim: bool = False) -> ValuesAndIndices:
    """The most frequent element along `dim`, the smallest of several, and where its last stands.

    >>> import rushlight as torch
    >>> torch.tensor([2, 1, 1, 2, 3]).mode().values
    tensor(1)
    """
    return _picked(_Mode, "mode_place", input, _place("mode", input, dim, ORDERED), keepdim)


def _picked(
    result: Any, kernel: str, input: Tensor, axis: int, keepdim: bool, *parameters: Any
) -> Any:
    if input.array.ndim == 0:
        return result(input.clone(), input.new_zeros((), dtype=int64))
    places = wrap(getattr(table_of(input), kernel)(input.array, axis, *parameters))
    return result(*pick(input, axis, places, keepdim))


class Median(Max):
    """The median of all elements, the lower one of two: nan where one is."""

    kernel = "median"
    node_name = "MedianBackward0"


class Nanmedian(Max):
    """The median of all elements that are numbers."""

    kernel = "nanmedian"
    node_name = "NanmedianBackward0"


def _median(
    of_all: Any, result: Any, /, input: Tensor, dim: int | None = None, keepdim: bool = False
) -> Any:
    name = of_all.operation_name
    if dim is not None:
        axis = _place(name, input, dim)
        return _picked(result, "median_place", input, axis, keepdim, of_all is Nanmedian)
    check_taken(name, input, REALS)
    if input.array.size:
        return of_all.apply(input, None, False)
    if input.dtype.category < FLOATING:
        raise OperationError(f"{name}(): no elements of {input.dtype}, of which none is the median")
    return input.new_full((), float("nan"))


@overload
def median(input: Tensor) -> Tensor: ...


@overload
def median(
    input: Tensor, dim: int, keepdim: bool = False, *, out: Sequence[Tensor] | None = None
) -> ValuesAndIndices: ...


@operation(out="exact")
@signature_of(_median)
def median(*arguments: Any) -> Any:
    """The element in the middle, the lower one of two; along `dim`, with its index.

    It is nan where an element is. Equal ones share the gradient of the median of all.

    >>> import rushlight as torch
    >>> torch.tensor([4, 1, 3, 2]).median()
    tensor(2)
    """
    return _median(Median, _Median, *arguments)


@operation(out="exact")
@signature_of(median)
def nanmedian(*arguments: Any) -> Any:
    """`median` of the elements that are numbers; nan where none is.

    >>> import rushlight as torch
    >>> torch.nanmedian(torch.tensor([1.0, float("nan"), 3.0, 2.0]))
    tensor(2.)
    """
    return _median(Nanmedian, _NanMedian, *arguments)
