"""Elements moved round, turned over and repeated; where the n-th of them is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..autograd.operation import Operation
from ..dtype import INTEGER, int32, int64, title_of
from ..errors import InvalidValueError, OperationError, OutOfRangeError
from ..tensor import Tensor, wrap_dim
from ..types import Dims
from .common import sizes_from
from .declare import operation
from .expansion import expand, repeat
from .indexing import index_select, nonzero
from .shape import Flip, is_made_channels_last, reshape


class Roll(Operation):
    """The elements moved along dimensions, or in one line where none is given.

    >>> import rushlight as torch
    >>> torch.roll(torch.arange(4), 1)
    tensor([3, 0, 1, 2])
    """

    shifts: Any
    axes: Any

    def backward(self, grad: Tensor) -> Any:
        return Roll.apply(grad, tuple([-shift for shift in self.shifts]), self.axes)


@operation
def roll(input: Tensor, shifts: Any, dims: Dims = None) -> Tensor:
    """The elements moved by `shifts` along `dims`, those that leave one end coming in at the other.

    Without `dims` they move as if all lay in one line.

    >>> import rushlight as torch
    >>> torch.arange(4).roll(1)
    tensor([3, 0, 1, 2])
    """
    steps = sizes_from((shifts,))
    axes = () if dims is None else sizes_from((dims,))
    if not steps:
        raise OperationError("roll: `shifts` required")
    if not axes and len(steps) == 1:
        return Roll.apply(input, steps, ())
    if len(axes) != len(steps):
        raise OperationError(
            f"roll: shifts and dimensions must align. shifts: {len(steps)}, dims:{len(axes)}"
        )
    if input.array.ndim == 0:
        raise OutOfRangeError(
            f"roll: Dimension specified as {axes[0]} but tensor has no dimensions"
        )
    return Roll.apply(input, steps, tuple([wrap_dim(axis, input.array.ndim) for axis in axes]))


class Rot90(Operation):
    """The plane of two dimensions turned by quarters."""

    k: int
    first: int
    second: int

    @staticmethod
    def forward(kernels: Any, x: Any, k: int, first: int, second: int) -> Any:
        turned = kernels.flip(x, ((second,), (first, second), (first,))[k - 1])
        order = list(range(x.ndim))
        if k != 2:
            order[first], order[second] = second, first
        return kernels.permute(turned, tuple(order))

    def backward(self, grad: Tensor) -> Any:
        return Rot90.apply(grad, 4 - self.k, self.first, self.second)


@operation
def rot90(input: Tensor, k: int = 1, dims: Sequence[int] = (0, 1)) -> Tensor:
    """A copy turned `k` times by 90 degrees in the plane of two dimensions, from the first to the
    second.

    >>> import rushlight as torch
    >>> torch.rot90(torch.tensor([[1, 2], [3, 4]]))
    tensor([[2, 4],
            [1, 3]])
    """
    ndim, given = input.array.ndim, tuple(dims)
    if len(given) != 2:
        raise OperationError(f"rot90: expected total rotation dims == 2, but got dims = {given}")
    if ndim < 2:
        raise OperationError(f"rot90: expected total dims >= 2, but got total dims = {ndim}")
    first, second = (wrap_dim(dim, ndim) for dim in given)
    if first == second:
        raise OperationError(
            "rot90: expected rotation dims to be different, but got dim0 = "
            f"{given[0]} and dim1 = {given[1]}"
        )
    if k % 4 == 0:
        return input.clone()
    return Rot90.apply(input, k % 4, first, second)


@operation
def fliplr(input: Tensor) -> Tensor:
    """A copy with the columns (the second dimension) in the opposite order.

    RuntimeError for fewer than two dimensions.

    >>> import rushlight as torch
    >>> torch.fliplr(torch.tensor([[1, 2], [3, 4]]))
    tensor([[2, 1],
            [4, 3]])
    """
    if input.array.ndim < 2:
        raise OperationError(f"fliplr: Input must be >= 2-d, not {input.array.ndim}-d.")
    return Flip.apply(input, (1,))


@operation
def flipud(input: Tensor) -> Tensor:
    """A copy with the rows (the first dimension) in the opposite order.

    >>> import rushlight as torch
    >>> torch.flipud(torch.tensor([[1, 2], [3, 4]]))
    tensor([[3, 4],
            [1, 2]])
    """
    if input.array.ndim < 1:
        raise OperationError("flipud: Input must be >= 1-d, not 0-d.")
    return Flip.apply(input, (0,))


@operation
def tile(input: Tensor, *dims: Any) -> Tensor:
    """The tensor laid next to itself so many times along its last dimensions, or new ones in
    front.

    >>> import rushlight as torch
    >>> torch.tile(torch.tensor([1, 2]), (2, 2))
    tensor([[1, 2, 1, 2],
            [1, 2, 1, 2]])
    """
    times = sizes_from(dims)
    return repeat(input, (1,) * (input.array.ndim - len(times)) + times)


@operation
def ravel(input: Tensor) -> Tensor:
    """The elements as one dimension; a view of a contiguous tensor.

    >>> import rushlight as torch
    >>> torch.ravel(torch.tensor([[1, 2], [3, 4]]))
    tensor([1, 2, 3, 4])
    """
    return reshape(input if is_made_channels_last(input) else input.contiguous(), -1)


@operation
def repeat_interleave(
    input: Tensor, repeats: Any = None, dim: int | None = None, *, output_size: int | None = None
) -> Tensor:
    """Each element, or slice along `dim`, so many times in a row.

    `repeats` is a number, or a tensor with one for each. With `input` alone it is these counts, and
    the result has the number of each element so many times.

    >>> import rushlight as torch
    >>> torch.tensor([1, 2]).repeat_interleave(torch.tensor([1, 3]))
    tensor([1, 2, 2, 2])
    """
    if repeats is None:
        return _numbers(input, output_size)
    if dim is None:
        input, dim = reshape(input, -1), 0
    axis = wrap_dim(dim, input.array.ndim)
    if isinstance(repeats, (tuple, list)):
        repeats = input.new_tensor(repeats, dtype=int64)
    if isinstance(repeats, Tensor) and repeats.array.ndim == 1 and repeats.array.size == 1:
        repeats = repeats[0]
    if not isinstance(repeats, Tensor):
        if repeats < 0:
            raise OperationError("repeat_interleave: Repeats must be non-negative")
        return _each(input, axis, int(repeats), output_size)
    size = input.array.shape[axis] if input.array.ndim else 1
    if repeats.array.ndim == 0:
        repeats = expand(repeats, (size,))
    elif repeats.array.ndim > 1:
        raise OperationError(
            "repeats must be 0-dim or 1-dim tensor, not of shape "
            f"{tuple(repeats.array.shape)} (repeat_interleave)"
        )
    elif repeats.array.size != size:
        raise OperationError(
            f"repeats must have the same size as input along dim, but got repeats.size(0) = "
            f"{repeats.array.size} and input.size({axis}) = {size} (repeat_interleave)"
        )
    return index_select(input, axis, _numbers(repeats, output_size))


def _each(input: Tensor, axis: int, times: int, output_size: int | None) -> Tensor:
    """Every slice along an axis the same number of times."""
    if input.array.ndim == 0:
        input = reshape(input, 1)
    shape = input.array.shape
    _check_output_size(output_size, shape[axis] * times)
    return RepeatEach.apply(input, times, axis)


class RepeatEach(Operation):
    """Every slice along an axis the same number of times in a row."""

    times: int
    axis: int
    keeps_shape = True

    def backward(self, grad: Tensor) -> Any:
        shape = self.input_shape
        split = (*shape[: self.axis + 1], self.times, *shape[self.axis + 1 :])
        return reshape(grad, split).sum(self.axis + 1)


def _check_output_size(given: int | None, size: int) -> None:
    if given is not None and given != size:
        raise OperationError(
            f"repeat_interleave: allocated size does not match required size: output_size is "
            f"{given}, but the repeats add up to {size}"
        )


class RepeatNumbers(Operation):
    """0 so many times as the first count says, 1 as the second, ..."""

    differentiable = False


def _numbers(counts: Tensor, output_size: int | None) -> Tensor:
    if counts.array.ndim != 1:
        raise OperationError(
            "repeat_interleave only accept 1D vector as repeat, not a tensor of shape "
            f"{tuple(counts.array.shape)}"
        )
    if counts.dtype not in (int32, int64):
        raise OperationError(
            f"repeats has to be Long or Int tensor, not {title_of(counts.dtype)} "
            "(repeat_interleave); convert it with .long()"
        )
    if counts.is_meta and output_size is not None:  # which alone knows it
        return counts.new_empty(output_size)
    numbers = RepeatNumbers.apply(counts)
    _check_output_size(output_size, numbers.array.size)
    return numbers.to(counts.dtype)


@operation(method=False)
def unravel_index(indices: Tensor, shape: Any) -> tuple[Tensor, ...]:
    """For places in a line of elements the indices in a tensor of this shape, one for each of its
    dimensions.

    >>> import rushlight as torch
    >>> torch.unravel_index(torch.tensor(5), (2, 3))
    (tensor(1), tensor(2))
    """
    if indices.dtype.category != INTEGER:
        raise TypeError(f"expected 'indices' to be integer dtype, but got {indices.dtype}")
    sizes = (shape,) if isinstance(shape, (int, Tensor)) else tuple(shape)
    if any(not isinstance(n, (int, Tensor)) or isinstance(n, bool) for n in sizes):
        raise TypeError(
            "expected 'shape' to be int or sequence of ints, but got "
            f"{', '.join(type(n).__name__ for n in sizes)}"
        )
    sizes = sizes_from((sizes,))
    if sizes and min(sizes) < 0:
        raise InvalidValueError(f"'shape' cannot have negative values, but got {sizes}")
    if 0 in sizes and indices.array.size:
        raise OperationError(f"unravel_index: a tensor of shape {sizes} has no elements")
    found = []
    places = indices.long()
    step = 1
    for size in reversed(sizes):
        found.append((places // step) % size)
        step *= size
    return tuple(reversed(found))


@operation
def argwhere(input: Tensor) -> Tensor:
    """The indices of the elements that are not zero, one a row.

    >>> import rushlight as torch
    >>> torch.argwhere(torch.tensor([[0, 5], [6, 0]]))
    tensor([[0, 1],
            [1, 0]])
    """
    return nonzero(input)
