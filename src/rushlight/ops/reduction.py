"""Sums, means, extremes and their like over some or all dimensions."""

from __future__ import annotations

import builtins
from math import prod as product
from typing import Any

from ..autograd.operation import Operation, SavesOutput
from ..dtype import BOOL, FLOATING, HALVES, INTEGER, int64
from ..errors import NotSupportedError, OperationError, OutOfRangeError
from ..tensor import Tensor, wrap, wrap_dim
from .common import check_ordered, method, normalize_axes, table_of, values_and_indices
from .elementwise import sqrt, where
from .shape import Expand


class Sum(Operation):
    @staticmethod
    def forward(kernels: Any, x: Any, axes: Any, keepdim: bool) -> Any:
        return kernels.sum(x, axes, keepdim)

    def setup_context(self, inputs: Any, output: Any) -> None:
        x, self.axes, self.keepdim = inputs
        self.input_shape = x.array.shape

    def backward(self, grad: Tensor) -> Any:
        return _spread(grad, self)


class Mean(Operation):
    @staticmethod
    def forward(kernels: Any, x: Any, axes: Any, keepdim: bool) -> Any:
        return kernels.mean(x, axes, keepdim)

    def setup_context(self, inputs: Any, output: Any) -> None:
        x, self.axes, self.keepdim = inputs
        self.input_shape = x.array.shape
        self.count = x.array.size // builtins.max(output.array.size, 1)

    def backward(self, grad: Tensor) -> Any:
        return _spread(grad / self.count, self)


class Amax(SavesOutput):
    """The extreme along some dimensions; equal ones share the gradient, as in PyTorch."""

    @staticmethod
    def forward(kernels: Any, x: Any, kernel: str, axes: Any, keepdim: bool) -> Any:
        return getattr(kernels, kernel)(x, axes, keepdim)

    def setup_context(self, inputs: Any, output: Any) -> None:
        x, _, self.axes, self.keepdim = inputs
        self.input_shape = x.array.shape
        self.save_output(output, x)

    def backward(self, grad: Tensor) -> Any:
        y, x = self.saved_tensors
        hits = (x == _spread(y, self)).to(grad.dtype)
        shares = hits / hits.sum(self.axes, keepdim=True)
        return _spread(grad, self) * shares


class Amin(Amax):
    """The other extreme, under PyTorch's name."""


class Cumsum(Operation):
    @staticmethod
    def forward(kernels: Any, x: Any, dim: int) -> Any:
        return kernels.cumsum(x, dim)

    def setup_context(self, inputs: Any, output: Any) -> None:
        self.dim = inputs[1]

    def backward(self, grad: Tensor) -> Any:
        if grad.array.ndim == 0:
            return grad
        return cumsum(grad.flip(self.dim), self.dim).flip(self.dim)


def _spread(grad: Tensor, node: Any) -> Tensor:
    """What was reduced to one value given to each of the values that it came from."""
    shape = node.input_shape
    if not node.keepdim and node.axes is not None:
        grad = grad.reshape(tuple(1 if i in node.axes else n for i, n in enumerate(shape)))
    return Expand.apply(grad, shape)


@method
def sum(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
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


@method
def mean(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The arithmetic mean over `dim`."""
    if dtype is not None:
        input = input.to(dtype)
    if input.dtype.category < FLOATING:
        raise RuntimeError(
            "mean(): could not infer output dtype. Input dtype must be either a floating point or "
            f"complex dtype. Got: {input.dtype}; convert it with .float() first"
        )
    return Mean.apply(input, normalize_axes(dim, input.array.ndim), keepdim)


@method
def var(
    input: Tensor, dim: Any = None, unbiased: bool | None = None, keepdim: bool = False, *,
    correction: Any = None,
) -> Tensor:  # fmt: skip
    """The mean squared distance from the mean, divided by n - `correction` (1 unless told so)."""
    if isinstance(dim, bool):  # var(unbiased)
        dim, unbiased = None, dim
    if input.dtype.category < FLOATING:
        raise OperationError("std and var only support floating point and complex dtypes")
    if input.array.dtype in HALVES:
        wide = var(input.float(), dim, unbiased, keepdim, correction=correction)
        return wide.to(input.dtype)
    if correction is None:
        correction = 1 if unbiased is None or unbiased else 0
    axes = normalize_axes(dim, input.array.ndim)
    shape = input.array.shape
    count = product(shape if axes is None else [shape[a] for a in axes])
    centered = input - mean(input, dim, keepdim=True)
    total = sum(centered * centered, dim, keepdim)
    freedom = builtins.max(count - correction, 0)
    return total / freedom if freedom else total * float("nan")


@method
def std(
    input: Tensor, dim: Any = None, unbiased: bool | None = None, keepdim: bool = False, *,
    correction: Any = None,
) -> Tensor:  # fmt: skip
    """The square root of `var`."""
    if input.array.dtype in HALVES:
        wide = std(input.float(), dim, unbiased, keepdim, correction=correction)
        return wide.to(input.dtype)
    return _root(var(input, dim, unbiased, keepdim, correction=correction))


@method
def amax(input: Tensor, dim: Any = (), keepdim: bool = False) -> Tensor:
    """The largest element along `dim`; equal ones share the gradient."""
    check_ordered("amax", input)
    return Amax.apply(input, "amax", normalize_axes(dim, input.array.ndim), keepdim)


@method
def amin(input: Tensor, dim: Any = (), keepdim: bool = False) -> Tensor:
    """The smallest element along `dim`; equal ones share the gradient."""
    check_ordered("amin", input)
    return Amin.apply(input, "amin", normalize_axes(dim, input.array.ndim), keepdim)


@method
def cumsum(input: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
    """Running sums along `dim`."""
    if dtype is not None:
        input = input.to(dtype)
    elif input.dtype.category <= INTEGER:
        input = input.to(int64)
    axis = wrap_dim(dim, input.array.ndim)
    return Cumsum.apply(input, axis)


_Max, _Min = values_and_indices("max"), values_and_indices("min")


def _extreme(name: str, input: Tensor, dim: Any, keepdim: bool, result: Any) -> Any:
    check_ordered(name, input)
    axis = wrap_dim(dim, input.array.ndim)
    if input.array.ndim == 0:
        return result(input.clone(), input.new_zeros((), dtype=int64))
    if input.array.shape[axis] == 0:
        raise OutOfRangeError(
            f"{name}(): Expected reduction dim {axis} to have non-zero size."
        )
    indices = wrap(getattr(table_of(input), "arg" + name)(input.array, axis, True))
    values = input.gather(axis, indices)
    if not keepdim:
        values, indices = values.squeeze(axis), indices.squeeze(axis)
    return result(values, indices)


@method
def max(input: Tensor, dim: Any = None, keepdim: bool = False) -> Any:
    """The largest element; along `dim`, with its index; with another tensor, `maximum`."""
    if dim is None:
        return Amax.apply(_checked("max", input), "amax", None, False)
    if isinstance(dim, Tensor):
        return input.maximum(dim)
    return _extreme("max", input, dim, keepdim, _Max)


@method
def min(input: Tensor, dim: Any = None, keepdim: bool = False) -> Any:
    """The smallest element; along `dim`, with its index; with another tensor, `minimum`."""
    if dim is None:
        return Amin.apply(_checked("min", input), "amin", None, False)
    if isinstance(dim, Tensor):
        return input.minimum(dim)
    return _extreme("min", input, dim, keepdim, _Min)


def _checked(name: str, input: Tensor) -> Tensor:
    check_ordered(name, input)
    if input.array.size == 0:
        raise RuntimeError(
            f"{name}(): Expected reduction dim to be specified for input.numel() == 0. Specify the "
            "reduction dim with the 'dim' argument."
        )
    return input


@method
def argmax(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """The index of the largest element (the first of equal ones), along `dim` or of all."""
    return _arg_extreme("argmax", input, dim, keepdim)


@method
def argmin(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """The index of the smallest element (the first of equal ones), along `dim` or of all."""
    return _arg_extreme("argmin", input, dim, keepdim)


def _arg_extreme(name: str, input: Tensor, dim: int | None, keepdim: bool) -> Tensor:
    check_ordered(name, input)
    if input.dtype.category == BOOL:
        raise NotSupportedError(f"{name}(): does not support bool input; convert with .int()")
    if input.array.size == 0:
        raise OutOfRangeError(f"{name}(): Expected reduction dim to have non-zero size.")
    axis = None if dim is None else wrap_dim(dim, input.array.ndim)
    return wrap(getattr(table_of(input), name)(input.array, axis, keepdim))


@method
def all(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Whether no element along `dim` is zero."""
    return wrap(table_of(input).all(input.array, normalize_axes(dim, input.array.ndim), keepdim))


@method
def any(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Whether an element along `dim` is other than zero."""
    return wrap(table_of(input).any(input.array, normalize_axes(dim, input.array.ndim), keepdim))


@method
def count_nonzero(input: Tensor, dim: Any = None) -> Tensor:
    """How many elements are other than zero."""
    return wrap(table_of(input).count_nonzero(input.array, normalize_axes(dim, input.array.ndim)))


@method
def norm(input: Tensor, p: Any = "fro", dim: Any = None, keepdim: bool = False) -> Tensor:
    """(sum |x|^p)^(1/p) over `dim`; "fro" is p = 2, infinity the largest |x|."""
    if input.array.dtype in HALVES:
        return norm(input.float(), p, dim, keepdim).to(input.dtype)
    if p in ("fro", 2, None):
        return _root(sum(input * input, dim, keepdim))
    size = input.abs()
    if p == float("inf"):
        return amax(size, () if dim is None else dim, keepdim)
    if p == float("-inf"):
        return amin(size, () if dim is None else dim, keepdim)
    if p == 0:
        return size.sign().sum(dim, keepdim)
    return _root(sum(size**p, dim, keepdim), 1 / p)


def _root(total: Tensor, power: float = 0.5) -> Tensor:
    """total ** power for a total that is not negative; its gradient at 0 is 0, not 0 / 0."""
    safe = where(total == 0, total + 1, total)
    return where(total == 0, total, sqrt(safe) if power == 0.5 else safe**power)


@method
def sum_to_size(input: Tensor, *size: Any) -> Tensor:
    """The sum over the dimensions that broadcasting from `size` has added or widened."""
    shape = size[0] if len(size) == 1 and not isinstance(size[0], int) else size
    shape = tuple(shape)
    have = input.array.shape
    if have == shape:
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
    result = Sum.apply(input, axes, True)
    return result.reshape(shape) if added else result

