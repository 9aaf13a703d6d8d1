"""Helpers of PyTorch's own that programs of many processes have imported: tensors put in a row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from .ops.joining import cat
from .tensor import Tensor

__all__ = ["_flatten_dense_tensors", "_take_tensors", "_unflatten_dense_tensors"]


def _flatten_dense_tensors(tensors: Iterable[Tensor]) -> Tensor:
    """All elements of all tensors, in a vector.

    >>> import rushlight as torch
    >>> torch._utils._flatten_dense_tensors([torch.ones(1, 2), torch.zeros(1)])
    tensor([1., 1., 0.])
    """
    return cat([tensor.reshape(-1) for tensor in tensors], 0)


def _unflatten_dense_tensors(flat: Tensor, tensors: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """Views of a vector in the shapes of tensors, one after the other."""
    parts = flat.split([tensor.numel() for tensor in tensors])
    return tuple([part.view(t.shape) for part, t in zip(parts, tensors, strict=True)])


def _take_tensors(tensors: Iterable[Tensor], size_limit: int) -> Iterator[list[Tensor]]:
    """The tensors in lists of one dtype, each of at most so many bytes unless one alone is more."""
    taken: dict[object, tuple[list[Tensor], int]] = {}
    for tensor in tensors:
        bytes_of = tensor.numel() * tensor.element_size()
        found, size = taken.get(tensor.dtype, ([], 0))
        if found and size + bytes_of > size_limit:
            yield found
            found, size = [], 0
        taken[tensor.dtype] = ([*found, tensor], size + bytes_of)
    yield from [found for found, _ in taken.values()]
