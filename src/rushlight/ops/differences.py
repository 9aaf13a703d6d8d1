"""Differences between neighbours, and integrals and derivatives made of them."""

from __future__ import annotations

from typing import Any

from ..dtype import BOOL, HALVES, uint8
from ..errors import OperationError
from ..scalars import number
from ..tensor import Tensor, wrap_dim
from ..types import Number
from .declare import operation
from .index import Slice
from .joining import cat


def _part(x: Tensor, dim: int, start: int, stop: int | None) -> Tensor:
    """x[start:stop] along a dimension."""
    return Slice.apply(x, (*[slice(None)] * dim, slice(start, stop)))


@operation(out="cast")
def diff(
    input: Tensor, n: int = 1, dim: int = -1, prepend: Tensor | None = None,
    append: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """Each element minus the one before it along `dim`, `n` times over.

    Of masks it is whether the two differ.

    >>> import rushlight as torch
    >>> torch.tensor([1, 4, 9]).diff()
    tensor([3, 5])
    """
    if not input.array.ndim:
        raise OperationError("diff expects input to be at least one-dimensional")
    if n < 0:
        raise OperationError(f"order must be non-negative but got {n} (diff)")
    axis = wrap_dim(dim, input.array.ndim)
    for piece in (prepend, append):
        if piece is not None and piece.array.ndim != input.array.ndim:
            raise OperationError(
                "diff expects prepend or append to be the same dimension as input: "
                f"{tuple(piece.shape)}, {tuple(input.shape)}"
            )
    pieces = [piece for piece in (prepend, input, append) if piece is not None]
    if n == 0:
        return input.clone()
    x = cat(pieces, axis) if len(pieces) > 1 else input
    for _ in range(min(n, x.array.shape[axis])):
        left, right = _part(x, axis, 0, -1), _part(x, axis, 1, None)
        x = left.logical_xor(right) if x.dtype.category == BOOL else right - left
    return x


@operation("torch", "trapz", method=False)
def trapezoid(y: Tensor, x: Any = None, *, dx: Number = 1, dim: int = -1) -> Tensor:
    """The integral of `y` along `dim` by trapezoids, at the places `x` or `dx` apart.

    >>> import rushlight as torch
    >>> torch.trapezoid(torch.tensor([1.0, 5.0, 10.0]))
    tensor(10.5000)
    """
    if y.array.dtype in HALVES:
        return trapezoid(y.float(), x, dx=dx, dim=dim).to(y.dtype)
    axis, steps = _steps("trapezoid", y, x, dx, dim)
    if not y.array.shape[axis]:
        return y.sum(axis)
    if x is None:
        ends = y.select(axis, 0) + y.select(axis, -1)
        return (y.sum(axis) - ends * 0.5) * steps
    left, right = _part(y, axis, 0, -1), _part(y, axis, 1, None)
    return (steps * (left + right)).sum(axis) / 2.0


@operation(method=False)
def cumulative_trapezoid(y: Tensor, x: Any = None, *, dx: Number = 1, dim: int = -1) -> Tensor:
    """The integrals of `y` along `dim` from the first place to each other; see `trapezoid`.

    >>> import rushlight as torch
    >>> torch.cumulative_trapezoid(torch.tensor([1.0, 5.0, 10.0]))
    tensor([ 3.0000, 10.5000])
    """
    if y.array.dtype in HALVES:
        return cumulative_trapezoid(y.float(), x, dx=dx, dim=dim).to(y.dtype)
    axis, steps = _steps("cumulative_trapezoid", y, x, dx, dim)
    left, right = _part(y, axis, 0, -1), _part(y, axis, 1, None)
    return (steps * (left + right)).cumsum(axis) / 2.0


def _steps(name: str, y: Tensor, x: Any, dx: Any, dim: int) -> tuple[int, Any]:
    """The dimension, and how far its places are apart."""
    if not y.array.ndim:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions ({name})")
    axis = wrap_dim(dim, y.array.ndim)
    if y.dtype.category == BOOL or isinstance(x, Tensor) and x.dtype.category == BOOL:
        raise OperationError(
            f"{name}: received a bool input for `x` or `y`, but bool is not supported"
        )
    if x is None:
        if isinstance(dx, bool):
            raise OperationError(f"{name}: Currently, we only support dx as a real number.")
        return axis, number(dx)
    if not isinstance(x, Tensor):
        raise TypeError(f"{name}(): argument 'x' must be Tensor, not {type(x).__name__}")
    if x.array.ndim == 1:
        if x.array.shape[0] != y.array.shape[axis]:
            raise OperationError(
                f"{name}: There must be one `x` value for each sample point ({x.array.shape[0]} "
                f"for {y.array.shape[axis]})"
            )
        sizes = [1] * y.array.ndim
        sizes[axis] = -1
        x = x.reshape(sizes)
    elif x.array.ndim < y.array.ndim:
        x = x.reshape((1,) * (y.array.ndim - x.array.ndim) + x.array.shape)
    return axis, _part(x, axis, 1, None) - _part(x, axis, 0, -1)


@operation(method=False)
def gradient(
    input: Tensor, *, spacing: Any = None, dim: Any = None, edge_order: int = 1
) -> tuple[Tensor, ...]:
    """The derivative along each of `dim` (all of them), from both neighbours of each element.

    `spacing` is how far elements are apart (1), for all or for each dimension, or vectors of their
    places. At the ends the derivative is that of the line (`edge_order` 1) or the parabola (2)
    through the outermost elements.

    >>> import rushlight as torch
    >>> torch.gradient(torch.tensor([1.0, 2.0, 4.0, 7.0]))
    (tensor([1.0000, 1.5000, 2.5000, 3.0000]),)
    """
    if input.array.dtype in HALVES:
        if isinstance(spacing, (tuple, list)):
            spacing = [s.float() if isinstance(s, Tensor) else s for s in spacing]
        found = gradient(input.float(), spacing=spacing, dim=dim, edge_order=edge_order)
        return tuple([part.to(input.dtype) for part in found])
    if input.dtype is uint8:
        raise OperationError("torch.gradient: does not support uint8 input; convert with .int()")
    if edge_order not in (1, 2):
        raise OperationError("torch.gradient only supports edge_order=1 and edge_order=2.")
    axes = _axes(input, dim)
    for axis in axes:
        if input.array.shape[axis] < edge_order + 1:
            raise OperationError(
                "torch.gradient expected each dimension size to be at least edge_order+1 "
                f"(dimension {axis} of {tuple(input.shape)}, edge_order {edge_order})"
            )
    spacing = 1 if spacing is None else spacing
    steps = [*spacing] if isinstance(spacing, (tuple, list)) else [spacing] * len(axes)
    if len(steps) != len(axes):
        raise OperationError(
            "torch.gradient expected spacing to be unspecified, a scalar, or a list of length "
            f"equal to 'self.dim() = {input.array.ndim}', but got a list of length {len(steps)}"
        )
    return tuple([
        _derivative(input, axis, step, edge_order) for axis, step in zip(axes, steps, strict=True)
    ])  # fmt: skip


def _axes(input: Tensor, dim: Any) -> list[int]:
    ndim = input.array.ndim
    dims = range(ndim) if dim is None else [dim] if isinstance(dim, int) else [*dim]
    axes = [wrap_dim(d, ndim) for d in dims]
    if len(set(axes)) != len(axes):
        raise OperationError(f"dim {axes[0]} appears multiple times in the list of dims")
    return axes


def _derivative(x: Tensor, axis: int, step: Any, edge_order: int) -> Tensor:
    size = x.array.shape[axis]
    if not isinstance(step, Tensor):
        step = number(step)
        first = last = (step, step)
        inner = (_part(x, axis, 2, None) - _part(x, axis, 0, -2)) / (2.0 * step)
    else:
        between = _places(x, axis, step)
        first = (_part(between, axis, 0, 1), _part(between, axis, 1, 2))
        last = (_part(between, axis, size - 2, None), _part(between, axis, size - 3, size - 2))
        before, after = _part(between, axis, 0, -1), _part(between, axis, 1, None)
        together = before + after
        inner = (
            _part(x, axis, 2, None) * (before / (after * together))
            + _part(x, axis, 1, -1) * ((after - before) / (before * after))
            - _part(x, axis, 0, -2) * (after / (before * together))
        )

    def end(near: Tensor, next: Tensor, third: Tensor, steps: Any) -> Tensor:
        """The derivative away from the end, by two or three elements."""
        h, k = steps
        if edge_order == 1:
            return (next - near) / h
        return (
            next * ((h + k) / (h * k)) - near * ((2 * h + k) / (h * (h + k)))
            - third * (h / (k * (h + k)))
        )  # fmt: skip

    def at(i: int) -> Tensor:
        return _part(x, axis, i, i + 1)

    third = min(2, size - 1)
    left = end(at(0), at(1), at(third), first)
    right = -end(at(size - 1), at(size - 2), at(size - 1 - third), last)
    return cat([left, inner, right], axis)


def _places(x: Tensor, axis: int, places: Tensor) -> Tensor:
    """How far the places of elements are apart, along their dimension."""
    if places.array.ndim != 1 or places.array.size != x.array.shape[axis]:
        raise OperationError(
            "torch.gradient expected each element of the spacing list to be a vector of the "
            f"places along its dimension: {tuple(places.shape)} for dimension {axis} of "
            f"{tuple(x.shape)}"
        )
    sizes = [1] * x.array.ndim
    sizes[axis] = -1
    return places.diff().reshape(sizes)
