"""Sums, products, means and their like over some or all dimensions."""

from __future__ import annotations

import builtins
from math import prod as product
from typing import Any

from ..autograd.operation import Operation, SavesInputs
from ..categories import ORDERED, check_taken
from ..dtype import COMPLEX, FLOATING, INTEGER, int64, title_of, uint8
from ..dtype import dtype as DType
from ..errors import OperationError
from ..grad_mode import is_grad_enabled
from ..tensor import Tensor, wrap
from ..types import Dims
from .common import (
    conjugated,
    normalize_axes,
    table_of,
)
from .declare import operation
from .expansion import Expand
from .scan import converted, products_before


class Reduction(Operation):
    """An operation over some dimensions, or all: its kernel is called with x, axes and keepdim."""

    axes: Any
    keepdim: bool
    keeps_shape = True


class Sum(Reduction):
    """The sum over some dimensions, or all.

    >>> import rushlight as torch
    >>> torch.sum(torch.tensor([[1, 2], [3, 4]]), dim=0)
    tensor([4, 6])
    """

    def backward(self, grad: Tensor) -> Any:
        return spread(grad, self)


class ProductsOfOthers(Operation):
    """For each element the product of all others of its line."""

    differentiable = False
    dim: int


class Prod(Reduction, SavesInputs):
    """The product over some dimensions, or all.

    Its gradient is the product of the others, those before an element and those behind: right where
    elements are 0, without a division.

    >>> import rushlight as torch
    >>> torch.prod(torch.tensor([2, 3, 4]))
    tensor(24)
    """

    def backward(self, grad: Tensor) -> Any:
        if self.input_shape == ():
            return grad
        x = conjugated(self.saved_tensors[0])
        line, dim = (x, self.axes[0]) if self.axes else (x.reshape(-1), 0)
        if is_grad_enabled():
            others = products_before(line, dim) * products_before(line.flip(dim), dim).flip(dim)
        else:  # in one kernel, which has no gradient
            others = ProductsOfOthers.apply(line, dim)
        return spread(grad, self) * others.reshape(self.input_shape)


class Nansum(Reduction, SavesInputs):
    """The sum of what is a number, over some dimensions, or all."""

    def backward(self, grad: Tensor) -> Tensor:
        return spread(grad, self).masked_fill(self.saved_tensors[0].isnan(), 0.0)


class Mean(Reduction):
    """The mean over some dimensions, or all.

    >>> import rushlight as torch
    >>> torch.mean(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), dim=0)
    tensor([2., 3.])
    """

    def backward(self, grad: Tensor) -> Any:
        count = product(self.input_shape) // builtins.max(product(self._shape), 1)
        return spread(grad / count, self)


def spread(grad: Tensor, node: Any) -> Tensor:
    """What was reduced to one value given to each of the values that it came from."""
    shape = node.input_shape
    if not node.keepdim and node.axes is not None:
        grad = grad.reshape(tuple(1 if i in node.axes else n for i, n in enumerate(shape)))
    return Expand.apply(grad, shape)


@operation(out="decides")
def sum(
    input: Tensor, dim: Dims = None, keepdim: bool = False, *, dtype: DType | None = None
) -> Tensor:
    """The sum over `dim` (one, several, or all dimensions); integers add up as int64.

    >>> import rushlight as torch
    >>> torch.ones(2, 3).sum(dim=1)
    tensor([3., 3.])
    """
    if dtype is not None:
        input = input.to(dtype)
    elif input.dtype.category <= INTEGER:
        input = input.to(int64)
    return Sum.apply(input, normalize_axes(dim, input.array.ndim), keepdim)


@operation(out="decides", autocast="float32")
def prod(
    input: Tensor, dim: int | None = None, keepdim: bool = False, *, dtype: DType | None = None
) -> Tensor:
    """The product over `dim`, or of all elements; of whole numbers it is int64.

    >>> import rushlight as torch
    >>> torch.tensor([[1, 2], [3, 4]]).prod(dim=1)
    tensor([ 2, 12])
    """
    if dim is not None and not isinstance(dim, int):
        raise TypeError(f"prod(): argument 'dim' must be int, not {type(dim).__name__}")
    axes = normalize_axes(dim, input.array.ndim)
    return Prod.apply(converted(input, dtype), axes, keepdim)


@operation(out="cast")
def nansum(
    input: Tensor, dim: Dims = None, keepdim: bool = False, *, dtype: DType | None = None
) -> Tensor:
    """The sum over `dim` of what is a number: nan counts as 0.

    >>> import rushlight as torch
    >>> torch.tensor([1.0, float("nan"), 3.0]).nansum()
    tensor(4.)
    """
    if input.dtype.category == COMPLEX:
        raise OperationError(f"nansum on CPU does not support complex inputs ({input.dtype})")
    wanted = input.dtype if dtype is None else dtype
    if input.dtype.category < FLOATING or wanted.category < FLOATING:
        return sum(_without_nan(input), dim, keepdim, dtype=dtype)
    return Nansum.apply(input.to(wanted), normalize_axes(dim, input.array.ndim), keepdim)


@operation(out="cast")
def nanmean(
    input: Tensor, dim: Dims = None, keepdim: bool = False, *, dtype: DType | None = None
) -> Tensor:
    """The mean over `dim` of what is a number; nan where nothing is. RuntimeError for whole
    numbers.

    >>> import rushlight as torch
    >>> torch.nanmean(torch.tensor([1.0, float("nan"), 5.0]))
    tensor(3.)
    """
    if input.dtype.category != FLOATING:
        raise OperationError(
            f"nanmean(): expected input to have floating point or complex dtype but got "
            f"{title_of(input.dtype)}; convert it with .float() first"
        )
    is_nan = input.isnan()
    total = sum(input.masked_fill(is_nan, 0.0), dim, keepdim, dtype=dtype)
    return total / is_nan.logical_not().sum(dim, keepdim)


def _without_nan(input: Tensor) -> Tensor:
    if input.dtype.category < FLOATING:
        return input
    return input.masked_fill(input.isnan(), 0.0)


@operation(out="cast")
def mean(
    input: Tensor, dim: Dims = None, keepdim: bool = False, *, dtype: DType | None = None
) -> Tensor:
    """The arithmetic mean over `dim`.

    >>> import rushlight as torch
    >>> torch.mean(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), dim=0)
    tensor([2., 3.])
    """
    if dtype is not None:
        input = input.to(dtype)
    if input.dtype.category < FLOATING:
        raise RuntimeError(
            "mean(): could not infer output dtype. Input dtype must be either a floating point or "
            f"complex dtype. Got: {input.dtype}; convert it with .float() first"
        )
    return Mean.apply(input, normalize_axes(dim, input.array.ndim), keepdim)


@operation(out="cast")
def all(input: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """Whether no element along `dim` is zero.

    >>> import rushlight as torch
    >>> torch.all(torch.tensor([True, False]))
    tensor(False)
    """
    return _truth("all", input, dim, keepdim)


@operation(out="cast")
def any(input: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """Whether an element along `dim` is other than zero.

    >>> import rushlight as torch
    >>> torch.any(torch.tensor([True, False]))
    tensor(True)
    """
    return _truth("any", input, dim, keepdim)


def _truth(name: str, input: Tensor, dim: Any, keepdim: bool) -> Tensor:
    reduce = getattr(table_of(input), name)
    result = wrap(reduce(input.array, normalize_axes(dim, input.array.ndim), keepdim))
    return result.to(uint8) if input.dtype is uint8 else result  # PyTorch's masks were once uint8


@operation
def count_nonzero(input: Tensor, dim: Any = None) -> Tensor:
    """How many elements are other than zero.

    >>> import rushlight as torch
    >>> torch.count_nonzero(torch.tensor([0, 5, 7]))
    tensor(2)
    """
    return wrap(table_of(input).count_nonzero(input.array, normalize_axes(dim, input.array.ndim)))


@operation(out="exact")
def hash_tensor(input: Tensor, dim: Dims = (), *, keepdim: bool = False, mode: int = 0) -> Tensor:
    """The exclusive or, as uint64, of the elements' bits along `dim`; floats count as float64.

    >>> import rushlight as torch
    >>> torch.hash_tensor(torch.tensor([1, 2, 4]))
    tensor(7, dtype=torch.uint64)
    """
    if mode != 0:
        raise OperationError(f"hash_tensor: unknown mode {mode}; 0 is the exclusive or")
    check_taken("hash_tensor", input, ORDERED)
    axes = normalize_axes(dim, input.array.ndim)
    return wrap(table_of(input).hash_bits(input.array, axes, keepdim))


@operation("Tensor")
def sum_to_size(input: Tensor, *size: Any) -> Tensor:
    """The sum over the dimensions that broadcasting from `size` has added or widened.

    >>> import rushlight as torch
    >>> torch.tensor([[1, 2], [3, 4]]).sum_to_size(2, 1)
    tensor([[3],
            [7]])
    """
    shape = size[0] if len(size) == 1 and not isinstance(size[0], int) else size
    shape = tuple(shape)
    have = input.array.shape
    if have == shape != ():
        return input
    added = len(have) - len(shape)
    axes = tuple(range(added)) + tuple(
        added + i for i, n in enumerate(shape) if n == 1 and have[added + i] != 1
    )
    fits = added >= 0 and builtins.all(
        n in (1, h) for n, h in zip(shape, have[builtins.max(added, 0) :], strict=False)
    )
    if not fits:
        raise RuntimeError(f"size {{{list(shape)}}} is not expandable to size {{{list(have)}}}.")
    result = sum(input, axes, True)
    return result.reshape(shape) if added else result
