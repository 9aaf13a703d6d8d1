"""Sums, means, extremes and their like over some or all dimensions."""

from __future__ import annotations

import builtins
import math
from collections.abc import Sequence
from math import prod as product
from typing import Any, NamedTuple, overload

from ..autograd.operation import Operation, SavesInputs, SavesOutput
from ..categories import ORDERED, REALS, check_taken
from ..dtype import COMPLEX, FLOATING, INTEGER, int64, title_of, uint8
from ..dtype import dtype as DType
from ..errors import OperationError, OutOfRangeError
from ..grad_mode import state as grad_mode
from ..return_types import named
from ..tensor import Tensor, wrap, wrap_dim
from ..types import Dims
from .choices import where
from .common import (
    ValuesAndIndices,
    conjugated,
    normalize_axes,
    table_of,
    values_and_indices,
)
from .declare import operation
from .indexing import pick
from .scan import products_before
from .shape import Expand


class Sum(Operation):
    """The sum over some dimensions, or all.

    >>> import rushlight as torch
    >>> torch.sum(torch.tensor([[1, 2], [3, 4]]), dim=0)
    tensor([4, 6])
    """

    axes: Any
    keepdim: bool
    keeps_shape = True

    def backward(self, grad: Tensor) -> Any:
        return spread(grad, self)


class Prod(SavesInputs):
    """The product over some dimensions, or all.

    Its gradient is the product of the others, those before an element and those behind: right where
    elements are 0, without a division.

    >>> import rushlight as torch
    >>> torch.prod(torch.tensor([2, 3, 4]))
    tensor(24)
    """

    axes: Any
    keepdim: bool
    keeps_shape = True

    def backward(self, grad: Tensor) -> Any:
        if self.input_shape == ():
            return grad
        x = conjugated(self.saved_tensors[0])
        line, dim = (x, self.axes[0]) if self.axes else (x.reshape(-1), 0)
        others = products_before(line, dim) * products_before(line.flip(dim), dim).flip(dim)
        return spread(grad, self) * others.reshape(self.input_shape)


class Nansum(SavesInputs):
    """The sum of what is a number, over some dimensions, or all."""

    axes: Any
    keepdim: bool
    keeps_shape = True

    def backward(self, grad: Tensor) -> Tensor:
        return spread(grad, self).masked_fill(self.saved_tensors[0].isnan(), 0.0)


class Mean(Operation):
    """The mean over some dimensions, or all.

    >>> import rushlight as torch
    >>> torch.mean(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), dim=0)
    tensor([2., 3.])
    """

    axes: Any
    keepdim: bool
    keeps_shape = True

    def backward(self, grad: Tensor) -> Any:
        count = product(self.input_shape) // builtins.max(product(self._shape), 1)
        return spread(grad / count, self)


class Extreme(SavesOutput):
    """The extreme along some dimensions; equal ones share the gradient, as in PyTorch."""

    axes: Any
    keepdim: bool
    keeps_shape = True

    def setup_context(self, inputs: Any, output: Any) -> None:
        self.save_output(output, inputs[0])

    def backward(self, grad: Tensor) -> Any:
        y, x = self.saved_tensors
        return spread(grad, self) * _shares(self.hits(x, spread(y, self)), self.axes, grad)

    @staticmethod
    def hits(x: Tensor, y: Tensor) -> Tensor:
        """Where the extreme stood."""
        return x == y


class Amax(Extreme):
    """The largest element along some dimensions.

    >>> import rushlight as torch
    >>> torch.amax(torch.tensor([[1.0, 4.0], [3.0, 2.0]]), dim=1)
    tensor([4., 3.])
    """


class Amin(Extreme):
    """The smallest element along some dimensions.

    >>> import rushlight as torch
    >>> torch.amin(torch.tensor([[1.0, 4.0], [3.0, 2.0]]), dim=1)
    tensor([1., 2.])
    """


class Max(Extreme):
    """The largest element of all; of nan, which is larger than any, each has its share."""

    kernel = "amax"
    node_name = "MaxBackward0"

    @staticmethod
    def hits(x: Tensor, y: Tensor) -> Tensor:
        return (x == y) | (x.isnan() & y.isnan())


class Min(Max):
    """The smallest element of all; nan is smaller than any."""

    kernel = "amin"
    node_name = "MinBackward0"


class Norm(SavesOutput):
    """(sum |x|^p)^(1/p); its gradient at a norm of 0 is 0."""

    node_name = "LinalgVectorNormBackward0"
    p: float
    axes: Any
    keepdim: bool
    keeps_shape = True

    @staticmethod
    def forward(kernels: Any, x: Any, p: float, axes: Any, keepdim: bool) -> Any:
        size = kernels.abs(x)
        if p == math.inf:
            return kernels.amax(size, axes, keepdim)
        if p == -math.inf:
            return kernels.amin(size, axes, keepdim)
        if p == 0:
            return kernels.sum(kernels.cast(kernels.ne(size, 0), size.dtype), axes, keepdim)
        if p == 1:
            return kernels.sum(size, axes, keepdim)
        if p == 2:
            return kernels.sqrt(kernels.sum(kernels.square(size), axes, keepdim))
        return kernels.pow(kernels.sum(kernels.pow(size, p), axes, keepdim), 1 / p)

    def setup_context(self, inputs: Any, output: Any) -> None:
        self.save_output(output, inputs[0])

    def backward(self, grad: Tensor) -> Tensor | None:
        y, x = self.saved_tensors
        if self.p == 0:
            return None
        if self.p == 1:
            return x.sgn() * spread(grad, self)
        if math.isinf(self.p):
            hits = Max.hits(x.abs(), spread(y, self))
            return x.sgn() * spread(grad, self) * _shares(hits, self.axes, grad)
        is_zero = y == 0
        safe = where(is_zero, 1.0, y)
        if self.p == 2:
            return x * spread(where(is_zero, 0.0, grad / safe), self)
        scale = spread(where(is_zero, 0.0, grad * safe ** (1 - self.p)), self)
        at_zero = x == 0
        slope = where(at_zero, 0.0, where(at_zero, 1.0, x.abs()) ** (self.p - 1))
        return x.sgn() * slope * scale


def _shares(hits: Tensor, axes: Any, grad: Tensor) -> Tensor:
    """What each of the places that are equal has of a gradient."""
    hits = hits.to(grad.dtype.to_real())
    return hits / hits.sum(axes, keepdim=True)


def spread(grad: Tensor, node: Any) -> Tensor:
    """What was reduced to one value given to each of the values that it came from."""
    shape = node.input_shape
    if not node.keepdim and node.axes is not None:
        grad = grad.reshape(tuple(1 if i in node.axes else n for i, n in enumerate(shape)))
    return Expand.apply(grad, shape)


@operation
def sum(
    input: Tensor, dim: Dims = None, keepdim: bool = False, *, dtype: DType | None = None,
    out: Tensor | None = None,
) -> Tensor:  # fmt: skip
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


@operation
def prod(
    input: Tensor, dim: int | None = None, keepdim: bool = False, *, dtype: DType | None = None,
    out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The product over `dim`, or of all elements; of whole numbers it is int64.

    >>> import rushlight as torch
    >>> torch.tensor([[1, 2], [3, 4]]).prod(dim=1)
    tensor([ 2, 12])
    """
    if dtype is not None:
        input = input.to(dtype)
    elif input.dtype.category <= INTEGER:
        input = input.to(int64)
    if dim is not None and not isinstance(dim, int):
        raise TypeError(f"prod(): argument 'dim' must be int, not {type(dim).__name__}")
    return Prod.apply(input, normalize_axes(dim, input.array.ndim), keepdim)


@operation
def nansum(
    input: Tensor, dim: Dims = None, keepdim: bool = False, *, dtype: DType | None = None,
    out: Tensor | None = None,
) -> Tensor:  # fmt: skip
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


@operation
def nanmean(
    input: Tensor, dim: Dims = None, keepdim: bool = False, *, dtype: DType | None = None,
    out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The mean over `dim` of what is a number; nan where nothing is."""
    if input.dtype.category != FLOATING:
        raise OperationError(
            f"nanmean(): expected input to have floating point or complex dtype but got "
            f"{title_of(input.dtype)}; convert it with .float() first"
        )
    total = sum(_without_nan(input), dim, keepdim, dtype=dtype)
    return total / (~input.isnan()).sum(dim, keepdim)


def _without_nan(input: Tensor) -> Tensor:
    if input.dtype.category < FLOATING:
        return input
    return input.masked_fill(input.isnan(), 0.0)


@operation
def mean(
    input: Tensor, dim: Dims = None, keepdim: bool = False, *, dtype: DType | None = None,
    out: Tensor | None = None,
) -> Tensor:  # fmt: skip
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


@operation(out="exact")
def amax(
    input: Tensor, dim: Dims = (), keepdim: bool = False, *, out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The largest element along `dim`; equal ones share the gradient.

    >>> import rushlight as torch
    >>> torch.amax(torch.tensor([[1.0, 4.0], [3.0, 2.0]]), dim=1)
    tensor([4., 3.])
    """
    check_taken("amax", input, ORDERED)
    axes = normalize_axes(dim, input.array.ndim)
    _check_not_empty("amax", input, axes)
    return Amax.apply(input, axes, keepdim)


@operation(out="exact")
def amin(
    input: Tensor, dim: Dims = (), keepdim: bool = False, *, out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The smallest element along `dim`; equal ones share the gradient.

    >>> import rushlight as torch
    >>> torch.amin(torch.tensor([[1.0, 4.0], [3.0, 2.0]]), dim=1)
    tensor([1., 2.])
    """
    check_taken("amin", input, ORDERED)
    axes = normalize_axes(dim, input.array.ndim)
    _check_not_empty("amin", input, axes)
    return Amin.apply(input, axes, keepdim)


class MinimumAndMaximum(NamedTuple):
    """What `aminmax` returns."""

    min: Tensor
    max: Tensor


_AMinMax: Any = named("aminmax", MinimumAndMaximum)


@operation(out="exact")
def aminmax(
    input: Tensor, *, dim: int | None = None, keepdim: bool = False,
    out: Sequence[Tensor] | None = None,
) -> MinimumAndMaximum:  # fmt: skip
    """The smallest and the largest element, along `dim` or of all; equal ones share the gradient.

    >>> import rushlight as torch
    >>> torch.aminmax(torch.tensor([3, 1, 2]))
    torch.return_types.aminmax(
    min=tensor(1),
    max=tensor(3))
    """
    check_taken("aminmax", input, ORDERED)
    if dim is None and input.array.size == 0:
        raise RuntimeError(
            "aminmax(): cannot compute aminmax over an empty dimension as the operation has no "
            f"identity (the input is {input.array.shape})"
        )
    axes = normalize_axes(dim, input.array.ndim)
    _check_not_empty("aminmax", input, axes)
    return _AMinMax(Amin.apply(input, axes, keepdim), Amax.apply(input, axes, keepdim))


_Max, _Min = values_and_indices("max"), values_and_indices("min")


def _extreme(name: str, input: Tensor, dim: Any, keepdim: bool, result: Any) -> Any:
    check_taken(name, input, ORDERED)
    axis = wrap_dim(dim, input.array.ndim)
    if input.array.ndim == 0:
        return result(input.clone(), input.new_zeros((), dtype=int64))
    if input.array.shape[axis] == 0:
        raise OutOfRangeError(
            f"{name}(): Expected reduction dim {axis} to have non-zero size."
        )
    table = table_of(input)
    place = getattr(table, "arg" + name)
    if not (input.requires_grad and grad_mode.enabled):
        best = getattr(table, "a" + name)(input.array, (axis,), keepdim)
        return result(wrap(best), wrap(place(input.array, axis, keepdim)))
    indices = wrap(place(input.array, axis, True))
    return result(*pick(input, axis, indices, keepdim))


@overload
def max(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...


@overload
def max(input: Tensor, other: Tensor, /, *, out: Tensor | None = None) -> Tensor: ...


@overload
def max(
    input: Tensor, dim: int, keepdim: bool = False, *, out: Sequence[Tensor] | None = None
) -> ValuesAndIndices: ...


@operation
def max(input: Tensor, dim: Any = None, keepdim: bool = False, *, out: Any = None) -> Any:
    """The largest element; along `dim`, with its index; with another tensor, `maximum`."""
    if dim is None:
        return Max.apply(_checked("max", input), None, False)
    if isinstance(dim, Tensor):
        return input.maximum(dim)
    return _extreme("max", input, dim, keepdim, _Max)


@overload
def min(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...


@overload
def min(input: Tensor, other: Tensor, /, *, out: Tensor | None = None) -> Tensor: ...


@overload
def min(
    input: Tensor, dim: int, keepdim: bool = False, *, out: Sequence[Tensor] | None = None
) -> ValuesAndIndices: ...


@operation
def min(input: Tensor, dim: Any = None, keepdim: bool = False, *, out: Any = None) -> Any:
    """The smallest element; along `dim`, with its index; with another tensor, `minimum`."""
    if dim is None:
        return Min.apply(_checked("min", input), None, False)
    if isinstance(dim, Tensor):
        return input.minimum(dim)
    return _extreme("min", input, dim, keepdim, _Min)


def _checked(name: str, input: Tensor) -> Tensor:
    check_taken(name, input, ORDERED)
    if input.array.size == 0:
        raise RuntimeError(
            f"{name}(): Expected reduction dim to be specified for input.numel() == 0. Specify the "
            "reduction dim with the 'dim' argument."
        )
    return input


@operation(out="exact")
def argmax(
    input: Tensor, dim: int | None = None, keepdim: bool = False, *, out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The index of the largest element (the first of equal ones), along `dim` or of all.

    >>> import rushlight as torch
    >>> torch.argmax(torch.tensor([[1, 4], [3, 2]]), dim=1)
    tensor([1, 0])
    """
    return _arg_extreme("argmax", input, dim, keepdim)


@operation(out="exact")
def argmin(
    input: Tensor, dim: int | None = None, keepdim: bool = False, *, out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The index of the smallest element (the first of equal ones), along `dim` or of all.

    >>> import rushlight as torch
    >>> torch.argmin(torch.tensor([[1, 4], [3, 2]]), dim=1)
    tensor([0, 1])
    """
    return _arg_extreme("argmin", input, dim, keepdim)


def _check_not_empty(name: str, input: Tensor, axes: tuple[int, ...] | None) -> None:
    """Of no elements none is the largest."""
    shape = input.array.shape
    if 0 in (shape if axes is None else [shape[axis] for axis in axes if shape]):
        raise OutOfRangeError(
            f"{name}(): Expected reduction dim to have non-zero size, but the input is {shape}"
        )


def _arg_extreme(name: str, input: Tensor, dim: int | None, keepdim: bool) -> Tensor:
    check_taken(name, input, REALS)
    axis = None if dim is None else wrap_dim(dim, input.array.ndim)
    _check_not_empty(name, input, None if axis is None else (axis,))
    return wrap(getattr(table_of(input), name)(input.array, axis, keepdim))


@operation
def all(
    input: Tensor, dim: Dims = None, keepdim: bool = False, *, out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """Whether no element along `dim` is zero.

    >>> import rushlight as torch
    >>> torch.all(torch.tensor([True, False]))
    tensor(False)
    """
    return _truth("all", input, dim, keepdim)


@operation
def any(
    input: Tensor, dim: Dims = None, keepdim: bool = False, *, out: Tensor | None = None,
) -> Tensor:  # fmt: skip
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
def hash_tensor(
    input: Tensor, dim: Dims = (), *, keepdim: bool = False, mode: int = 0,
    out: Tensor | None = None,
) -> Tensor:  # fmt: skip
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
    """The sum over the dimensions that broadcasting from `size` has added or widened."""
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

