"""What runs along one dimension: sums, products, extremes, and linear recurrences."""

from __future__ import annotations

from typing import Any

from ..autograd.operation import Operation, SavesInputs, SavesOutputAndInput
from ..categories import NUMBERS, ORDERED, check_taken
from ..dtype import BOOL, INTEGER, category_of, int64
from ..dtype import dtype as DType
from ..tensor import Tensor, wrap_dim
from .common import ValuesAndIndices, conjugated, values_and_indices
from .declare import operation
from .indexing import ScatterAdd
from .joining import cat


class Cumsum(Operation):
    """Running sums along one dimension.

    >>> import rushlight as torch
    >>> torch.cumsum(torch.tensor([1, 2, 3]), dim=0)
    tensor([1, 3, 6])
    """

    dim: int

    def backward(self, grad: Tensor) -> Any:
        if grad.array.ndim == 0:
            return grad
        return cumsum(grad.flip(self.dim), self.dim).flip(self.dim)


class Cumprod(SavesInputs):
    """Running products along one dimension.

    The gradient of an element is the product of those before it times what later results bring it:
    s[k] = grad[k] + x[k + 1] * s[k + 1]. Nothing is divided by, so that zeros need no other way.

    >>> import rushlight as torch
    >>> torch.cumprod(torch.tensor([1, 2, 3]), dim=0)
    tensor([1, 2, 6])
    """

    dim: int

    def backward(self, grad: Tensor) -> Any:
        if grad.array.ndim == 0:
            return grad
        x, dim = conjugated(self.saved_tensors[0]), self.dim
        later = LinearScan.apply(shifted(x.flip(dim), dim, 1), grad.flip(dim), dim).flip(dim)
        return products_before(x, dim) * later


class LinearScan(SavesOutputAndInput):
    """y[k] = factors[k] * y[k - 1] + terms[k] along one dimension, with y[-1] = 0."""

    dim: int

    def backward(self, grad: Tensor) -> Any:
        y, factors = self.saved_tensors
        dim = self.dim
        turned = shifted(conjugated(factors).flip(dim), dim, 1)
        terms = LinearScan.apply(turned, grad.flip(dim), dim).flip(dim)
        return terms * conjugated(shifted(y, dim, 0)) if self.needs(0) else None, terms


class RunningExtreme(Operation):
    """The largest (or smallest) element so far, and where it stood: the last of equal ones."""

    keeps_shape = True
    dim: int

    def setup_context(self, inputs: Any, output: Any) -> None:
        self.save(output[1])

    def backward(self, grad: Tensor, _: Any) -> Any:
        if grad.array.ndim == 0:
            return grad
        zeros = grad.new_zeros(self.input_shape)
        return ScatterAdd.apply(zeros, grad, self.dim, self.saved_tensors[0])


class Cummax(RunningExtreme):
    """The largest element so far, and where it stood."""


class Cummin(RunningExtreme):
    """The smallest element so far, and where it stood."""


def shifted(x: Tensor, dim: int, first: int) -> Tensor:
    """`first` and the elements of x but for the last, along one dimension."""
    length = x.array.shape[dim]
    head = x.narrow(dim, 0, min(length, 1))
    return cat([head.new_full(head.array.shape, first), x.narrow(dim, 0, max(length - 1, 0))], dim)


def products_before(x: Tensor, dim: int) -> Tensor:
    """For each element the product of those before it along one dimension."""
    return shifted(Cumprod.apply(x, dim), dim, 1)


def converted(input: Tensor, dtype: DType | None) -> Tensor:
    """The elements as what they add up to: of whole numbers int64, unless told otherwise."""
    if dtype is not None:
        return input.to(dtype)
    return input.to(int64) if category_of(input.array.dtype) in (BOOL, INTEGER) else input


@operation(inplace=True, out="decides")
def cumsum(input: Tensor, dim: int, *, dtype: DType | None = None) -> Tensor:
    """Running sums along `dim`.

    >>> import rushlight as torch
    >>> torch.cumsum(torch.tensor([1, 2, 3]), dim=0)
    tensor([1, 3, 6])
    """
    x = converted(input, dtype)
    check_taken("cumsum", x.array, NUMBERS)
    return Cumsum.apply(x, wrap_dim(dim, input.array.ndim))


@operation(inplace=True, out="decides")
def cumprod(input: Tensor, dim: int, *, dtype: DType | None = None) -> Tensor:
    """Running products along `dim`; those of whole numbers are int64.

    >>> import rushlight as torch
    >>> torch.tensor([1, 2, 3, 4]).cumprod(0)
    tensor([ 1,  2,  6, 24])
    """
    x = converted(input, dtype)
    check_taken("cumprod", x.array, NUMBERS)
    return Cumprod.apply(x, wrap_dim(dim, input.array.ndim))


_Cummax, _Cummin = values_and_indices("cummax"), values_and_indices("cummin")


@operation(out="exact")
def cummax(input: Tensor, dim: int) -> ValuesAndIndices:
    """The largest element so far along `dim`, and where it stood: the last of equal ones.

    >>> import rushlight as torch
    >>> torch.tensor([1, 3, 2]).cummax(0).values
    tensor([1, 3, 3])
    """
    return _Cummax(*_running(Cummax, input, dim))


@operation(out="exact")
def cummin(input: Tensor, dim: int) -> ValuesAndIndices:
    """The smallest element so far along `dim`, and where it stood: the last of equal ones.

    >>> import rushlight as torch
    >>> torch.cummin(torch.tensor([3, 1, 1, 2]), 0)
    torch.return_types.cummin(
    values=tensor([3, 1, 1, 1]),
    indices=tensor([0, 1, 2, 2]))
    """
    return _Cummin(*_running(Cummin, input, dim))


def _running(kind: type[RunningExtreme], input: Tensor, dim: int) -> tuple[Tensor, Tensor]:
    if input.array.ndim:
        check_taken(kind.operation_name, input, ORDERED)
    return kind.apply(input, wrap_dim(dim, input.array.ndim))
