"""Tensors split into views of pieces, at places or into counts: NumPy's ways of `split`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..dtype import int64, title_of
from ..errors import OperationError
from ..tensor import Tensor, wrap_dim
from .common import sizes_from
from .declare import operation
from .index import Slice
from .joining import chunk, parted, split


@operation
def split_with_sizes(input: Tensor, split_sizes: Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """Views of pieces of the given sizes along `dim`.

    >>> import rushlight as torch
    >>> torch.split_with_sizes(torch.arange(4), [1, 3])
    (tensor([0]), tensor([1, 2, 3]))
    """
    return parted(input, sizes_from((split_sizes,)), dim)


@operation
def unsafe_split(input: Tensor, split_size: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """`split`, for pieces that are not changed in place.

    >>> import rushlight as torch
    >>> torch.unsafe_split(torch.arange(4), 2)
    (tensor([0, 1]), tensor([2, 3]))
    """
    return split(input, split_size, dim)


@operation
def unsafe_split_with_sizes(
    input: Tensor, split_sizes: Sequence[int], dim: int = 0
) -> tuple[Tensor, ...]:
    """`split_with_sizes`, for pieces that are not changed in place.

    >>> import rushlight as torch
    >>> torch.unsafe_split_with_sizes(torch.arange(5), [2, 3])
    (tensor([0, 1]), tensor([2, 3, 4]))
    """
    return split_with_sizes(input, split_sizes, dim)


@operation
def unsafe_chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """`chunk`, for pieces that are not changed in place.

    >>> import rushlight as torch
    >>> torch.unsafe_chunk(torch.arange(5), 2)
    (tensor([0, 1, 2]), tensor([3, 4]))
    """
    return chunk(input, chunks, dim)


@operation
def tensor_split(
    input: Tensor, indices_or_sections: Any = None, dim: int = 0, *, indices: Any = None,
    sections: Any = None, tensor_indices_or_sections: Tensor | None = None,
) -> tuple[Tensor, ...]:  # fmt: skip
    """Views of so many pieces along `dim`, the first ones longer by one, or of those between
    indices.

    >>> import rushlight as torch
    >>> torch.arange(5).tensor_split(2)
    (tensor([0, 1, 2]), tensor([3, 4]))
    """
    if input.array.ndim == 0:
        raise OperationError(
            "tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 dims"
        )
    given = _one_of(
        "tensor_split", indices_or_sections, indices, sections, tensor_indices_or_sections
    )
    axis = wrap_dim(dim, input.array.ndim)
    places = _places(given, input.array.shape[axis])
    before = (slice(None),) * axis
    bounds = zip([None, *places], [*places, None], strict=True)
    return tuple([Slice.apply(input, (*before, slice(start, end))) for start, end in bounds])


def _one_of(name: str, *given: Any) -> Any:
    """What was given, under one of several names."""
    found = [value for value in given if value is not None]
    if len(found) != 1:
        raise TypeError(
            f"{name}() received an invalid combination of arguments: give one of "
            "indices_or_sections, indices and sections"
        )
    return found[0]


def _places(given: Any, size: int) -> list[int]:
    """Where the pieces after the first begin."""
    if isinstance(given, Tensor):
        if given.dtype is not int64 or given.device.type != "cpu":
            raise OperationError(
                "tensor_split expected tensor_indices_or_sections to have dtype of long and to be "
                f"on cpu, but got {title_of(given.dtype)} on {given.device}"
            )
        if given.array.ndim > 1:
            raise OperationError(
                "tensor_split expected tensor_indices_or_sections to be a zero-dimensional or "
                f"one-dimensional tensor, but got a tensor with {given.array.ndim} dims"
            )
        given = given.tolist()
    if isinstance(given, (tuple, list)):
        return list(sizes_from((given,)))
    if not isinstance(given, int):
        raise TypeError(
            "tensor_split(): argument 'indices_or_sections' must be an int, a tuple of ints or a "
            f"Tensor, not {type(given).__name__}"
        )
    if given <= 0:
        raise OperationError(f"tensor_split: number of sections must be larger than 0, got {given}")
    longer = size % given
    return [size // given * i + min(i, longer) for i in range(1, given)]


def _split_along(name: str, input: Tensor, given: Any, dim: int, least: int) -> tuple[Tensor, ...]:
    """Pieces of one size, or those between indices, along a dimension that must be there."""
    shape = input.array.shape
    if len(shape) < least:
        raise OperationError(
            f"torch.{name} requires a tensor with at least {least} dimension, but got a tensor "
            f"with {len(shape)} dimensions!"
        )
    if isinstance(given, int) and (given <= 0 or shape[dim] % given):
        raise OperationError(
            f"torch.{name} attempted to split along dimension {dim}, but the size of the dimension "
            f"{shape[dim]} is not divisible by the split_size {given}!"
        )
    return tensor_split(input, given, dim)


@operation
def hsplit(
    input: Tensor, indices_or_sections: Any = None, *, indices: Any = None, sections: Any = None
) -> tuple[Tensor, ...]:
    """`tensor_split` by columns: the second dimension, or the only one; counts must divide it.

    >>> import rushlight as torch
    >>> torch.hsplit(torch.tensor([[1, 2, 3], [4, 5, 6]]), [1])
    (tensor([[1],
            [4]]), tensor([[2, 3],
            [5, 6]]))
    """
    given = _one_of("hsplit", indices_or_sections, indices, sections)
    return _split_along("hsplit", input, given, int(input.array.ndim > 1), 1)


@operation
def vsplit(
    input: Tensor, indices_or_sections: Any = None, *, indices: Any = None, sections: Any = None
) -> tuple[Tensor, ...]:
    """`tensor_split` by rows: the first of several dimensions; counts must divide it.

    >>> import rushlight as torch
    >>> torch.vsplit(torch.tensor([[1, 2], [3, 4]]), 2)
    (tensor([[1, 2]]), tensor([[3, 4]]))
    """
    given = _one_of("vsplit", indices_or_sections, indices, sections)
    return _split_along("vsplit", input, given, 0, 2)


@operation
def dsplit(
    input: Tensor, indices_or_sections: Any = None, *, indices: Any = None, sections: Any = None
) -> tuple[Tensor, ...]:
    """`tensor_split` by the third dimension; counts must divide it.

    >>> import rushlight as torch
    >>> [part.shape for part in torch.dsplit(torch.zeros(2, 3, 4), 2)]
    [torch.Size([2, 3, 2]), torch.Size([2, 3, 2])]
    """
    given = _one_of("dsplit", indices_or_sections, indices, sections)
    return _split_along("dsplit", input, given, 2, 3)
