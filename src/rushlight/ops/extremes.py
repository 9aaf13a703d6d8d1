"""The largest and the smallest elements over some or all dimensions, and their places."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, overload

from ..autograd.operation import Operation, SavesOutputAndInput
from ..categories import ORDERED, REALS, check_taken
from ..dtype import int64
from ..errors import OutOfRangeError
from ..grad_mode import state as grad_mode
from ..return_types import named
from ..tensor import Tensor, wrap, wrap_dim
from ..types import Dims
from .common import (
    ValuesAndIndices,
    normalize_axes,
    table_of,
    values_and_indices,
)
from .declare import operation
from .indexing import pick
from .reduction import Reduction, spread
from .signatures import signature_of


class Extreme(Reduction, SavesOutputAndInput):
    """The extreme along some dimensions; equal ones share the gradient, as in PyTorch."""

    def backward(self, grad: Tensor) -> Any:
        y, x = self.saved_tensors
        return spread(grad, self) * shares(self.hits(x, spread(y, self)), self.axes, grad)

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


class BothExtremes(Operation):
    """The smallest and the largest element along some dimensions, in one look at each."""

    operation_name = "aminmax"
    differentiable = False


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


def shares(hits: Tensor, axes: Any, grad: Tensor) -> Tensor:
    """What each of the places that are equal has of a gradient."""
    hits = hits.to(grad.dtype.to_real())
    return hits / hits.sum(axes, keepdim=True)


@operation(out="exact")
def amax(input: Tensor, dim: Dims = (), keepdim: bool = False) -> Tensor:
    """The largest element along `dim`; equal ones share the gradient.

    >>> import rushlight as torch
    >>> torch.amax(torch.tensor([[1.0, 4.0], [3.0, 2.0]]), dim=1)
    tensor([4., 3.])
    """
    return Amax.apply(input, _axes("amax", input, dim), keepdim)


@operation(out="exact")
def amin(input: Tensor, dim: Dims = (), keepdim: bool = False) -> Tensor:
    """The smallest element along `dim`; equal ones share the gradient.

    >>> import rushlight as torch
    >>> torch.amin(torch.tensor([[1.0, 4.0], [3.0, 2.0]]), dim=1)
    tensor([1., 2.])
    """
    return Amin.apply(input, _axes("amin", input, dim), keepdim)


def _axes(name: str, input: Tensor, dim: Any) -> tuple[int, ...] | None:
    check_taken(name, input, ORDERED)
    axes = normalize_axes(dim, input.array.ndim)
    _check_not_empty(name, input, axes)
    return axes


class MinimumAndMaximum(NamedTuple):
    """What `aminmax` returns."""

    min: Tensor
    max: Tensor


_AMinMax: Any = named("aminmax", MinimumAndMaximum)


@operation(out="exact")
def aminmax(input: Tensor, *, dim: int | None = None, keepdim: bool = False) -> MinimumAndMaximum:
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
    axes = _axes("aminmax", input, dim)
    if grad_mode.enabled and input.requires_grad:
        return _AMinMax(Amin.apply(input, axes, keepdim), Amax.apply(input, axes, keepdim))
    return _AMinMax(*BothExtremes.apply(input, axes, keepdim))


_Max, _Min = values_and_indices("max"), values_and_indices("min")


def _extreme(name: str, input: Tensor, dim: Any, keepdim: bool, result: Any) -> Any:
    check_taken(name, input, ORDERED)
    axis = wrap_dim(dim, input.array.ndim)
    if input.array.ndim == 0:
        return result(input.clone(), input.new_zeros((), dtype=int64))
    if input.array.shape[axis] == 0:
        raise OutOfRangeError(f"{name}(): Expected reduction dim {axis} to have non-zero size.")
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
def max(input: Tensor, *, other: Tensor, out: Tensor | None = None) -> Tensor: ...


@overload
def max(
    input: Tensor, dim: int, keepdim: bool = False, *, out: Sequence[Tensor] | None = None
) -> ValuesAndIndices: ...


@operation
def max(
    input: Tensor, dim: Any = None, keepdim: bool = False, *, other: Tensor | None = None,
    out: Any = None,
) -> Any:  # fmt: skip
    """The largest element; along `dim`, with its index; with another tensor, `maximum`.

    >>> import rushlight as torch
    >>> x = torch.tensor([[1, 5], [7, 3]])
    >>> x.max()
    tensor(7)
    >>> values, indices = x.max(dim=1)
    >>> values, indices
    (tensor([5, 7]), tensor([1, 0]))
    """
    if other is not None:
        dim = _by_name("max", dim, other)
    if dim is None:
        return Max.apply(_checked("max", input), None, False)
    if isinstance(dim, Tensor):
        return input.maximum(dim)
    return _extreme("max", input, dim, keepdim, _Max)


@operation(out="cast")
@signature_of(max)
def min(
    input: Tensor, dim: Any = None, keepdim: bool = False, *, other: Tensor | None = None
) -> Any:
    """The smallest element; along `dim`, with its index; with another tensor, `minimum`.

    >>> import rushlight as torch
    >>> x = torch.tensor([[1, 5], [7, 3]])
    >>> x.min()
    tensor(1)
    >>> values, indices = x.min(dim=1)
    >>> values, indices
    (tensor([1, 3]), tensor([0, 1]))
    """
    if other is not None:
        dim = _by_name("min", dim, other)
    if dim is None:
        return Min.apply(_checked("min", input), None, False)
    if isinstance(dim, Tensor):
        return input.minimum(dim)
    return _extreme("min", input, dim, keepdim, _Min)


def _by_name(name: str, dim: Any, other: Tensor) -> Tensor:
    if dim is not None:
        raise TypeError(f"{name}() received an invalid combination of arguments: dim and other")
    return other


def _checked(name: str, input: Tensor) -> Tensor:
    check_taken(name, input, ORDERED)
    if input.array.size == 0:
        raise RuntimeError(
            f"{name}(): Expected reduction dim to be specified for input.numel() == 0. Specify the "
            "reduction dim with the 'dim' argument."
        )
    return input


@operation(out="exact")
def argmax(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """The index of the largest element (the first of equal ones), along `dim` or of all.

    >>> import rushlight as torch
    >>> torch.argmax(torch.tensor([[1, 4], [3, 2]]), dim=1)
    tensor([1, 0])
    """
    return _arg_extreme("argmax", input, dim, keepdim)


@operation(out="exact")
def argmin(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
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
