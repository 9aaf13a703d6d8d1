"""Tensors that are repeated: without a copy (`expand`), and with one (`repeat`)."""

from __future__ import annotations

from typing import Any

from ..autograd.explain import explain
from ..autograd.operation import ViewOperation
from ..errors import OperationError
from ..tensor import Tensor
from .common import methods, new_shape, sizes_from
from .copies import Clone
from .declare import operation
from .shape import reshape


class Expand(ViewOperation):
    """Dimensions of size 1 repeated without a copy; the engine adds the gradients up."""

    shape: Any

    def backward(self, grad: Tensor) -> Any:
        return grad


@operation("Tensor")
def expand(input: Tensor, *size: Any) -> Tensor:
    """Dimensions of size 1 (and new ones in front) repeated, without a copy; -1 keeps a size.

    RuntimeError for a dimension of another size.

    >>> import rushlight as torch
    >>> torch.tensor([[1], [2]]).expand(-1, 3)
    tensor([[1, 1, 1],
            [2, 2, 2]])
    """
    wanted = sizes_from(size)
    have = input.array.shape
    added = len(wanted) - len(have)
    if added < 0:
        raise OperationError(
            f"expand({type(input).__name__}{{{list(have)}}}, size={list(wanted)}): the number of "
            f"sizes provided ({len(wanted)}) must be greater or equal to the number of dimensions "
            f"in the tensor ({len(have)})"
        )
    full = wanted
    if wanted and min(wanted) < 0:
        full = wanted[:added] + tuple(
            [n if w == -1 else w for w, n in zip(wanted[added:], have, strict=True)]
        )
    for w, n in zip(full[added:], have, strict=True):
        if w != n != 1:
            raise _cannot_expand(full, have)
    if full is not wanted and min(full) < 0:
        raise OperationError(
            f"expand: The expanded size of the tensor ({min(full)}) isn't allowed: -1 keeps the "
            f"size of a dimension that is there, of size {list(have)}; wanted {list(wanted)}"
        )
    return Expand.apply(input, full)


def _cannot_expand(wanted: tuple[int, ...], have: tuple[int, ...]) -> OperationError:
    added = len(wanted) - len(have)
    dim = next(i for i, n in enumerate(have, added) if wanted[i] != n != 1)
    return OperationError(
        f"The expanded size of the tensor ({wanted[dim]}) must match the existing size "
        f"({have[dim - added]}) at non-singleton dimension {dim}.  Target sizes: {list(wanted)}.  "
        f"Tensor sizes: {list(have)}"
    )


@operation("Tensor")
def repeat(input: Tensor, *repeats: Any) -> Tensor:
    """The tensor laid next to itself so many times along each dimension, copied.

    RuntimeError for fewer numbers than dimensions; more of them make dimensions in front.

    >>> import rushlight as torch
    >>> torch.tensor([1, 2]).repeat(2, 2)
    tensor([[1, 2, 1, 2],
            [1, 2, 1, 2]])
    """
    times = sizes_from(repeats)
    have = (1,) * (len(times) - input.array.ndim) + input.array.shape
    if len(times) < input.array.ndim:
        raise OperationError(
            "Number of dimensions of repeat dims can not be smaller than number of dimensions of "
            "tensor"
        )
    result = new_shape(tuple(t * n for t, n in zip(times, have, strict=True)))
    spaced = reshape(input, tuple(n for size in have for n in (1, size)))
    widened = expand(spaced, tuple(n for pair in zip(times, have, strict=True) for n in pair))
    return reshape(Clone.apply(widened, "C"), result)  # a copy also where nothing repeats


def _expand_as(self: Tensor, other: Tensor) -> Tensor:
    """A view expanded to another tensor's shape.

    >>> import rushlight as torch
    >>> torch.tensor([1, 2]).expand_as(torch.zeros(2, 2))
    tensor([[1, 2],
            [1, 2]])
    """
    return expand(self, other.array.shape)


@operation(method=False)
def broadcast_tensors(*tensors: Tensor) -> tuple[Tensor, ...]:
    """All expanded to the shape that they broadcast to; RuntimeError if there is none.

    >>> import rushlight as torch
    >>> torch.broadcast_tensors(torch.tensor([[1], [2]]), torch.tensor([3, 4]))
    (tensor([[1, 1],
            [2, 2]]), tensor([[3, 4],
            [3, 4]]))
    """
    import numpy as np

    try:
        shape = np.broadcast_shapes(*(t.array.shape for t in tensors))
    except ValueError as error:
        raise explain("broadcast_tensors", error, [t.array for t in tensors]) from error
    return tuple(t if t.array.shape == shape else expand(t, shape) for t in tensors)


methods(expand_as=_expand_as)
