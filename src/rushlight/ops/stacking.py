"""Tensors laid beside, below and behind each other, and all combinations of their elements."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from math import comb
from typing import Any

import numpy as np

from ..errors import OperationError
from ..size import Size
from ..tensor import Tensor, wrap_dim
from .common import check_same_device
from .declare import operation
from .expansion import Expand, expand
from .from_data import placed
from .joining import cat, stack
from .padding import pad
from .shape import ViewAs, reshape, reshaped


def _of_one_or_many(tensors: tuple[Any, ...]) -> tuple[Any, ...]:
    """Tensors given one by one or as one sequence."""
    if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)):
        return tuple(tensors[0])
    return tensors


def _at_least(ndim: int, tensor: Tensor) -> Tensor:
    """A view with as many dimensions: (1,), (1, n), (1, n, 1) and (m, n, 1) as in NumPy."""
    shape = tensor.array.shape
    if len(shape) >= ndim:
        return tensor
    before = (1,) * min(ndim - len(shape), 1 if shape else ndim) if len(shape) < 2 else ()
    missing = ndim - len(shape) - len(before)
    return ViewAs.apply(tensor, (*before, *shape, *(1,) * missing))


def _all_at_least(name: str, ndim: int, tensors: Sequence[Tensor]) -> list[Tensor]:
    if not tensors:
        raise OperationError(f"{name} expects a non-empty TensorList")
    return [_at_least(ndim, tensor) for tensor in tensors]


def _each_at_least(ndim: int, tensors: tuple[Any, ...]) -> Any:
    if len(tensors) == 1 and isinstance(tensors[0], Tensor):
        return _at_least(ndim, tensors[0])
    return tuple([_at_least(ndim, tensor) for tensor in _of_one_or_many(tensors)])


@operation(method=False)
def atleast_1d(*tensors: Any) -> Any:
    """Each tensor with at least one dimension.

    >>> import rushlight as torch
    >>> torch.atleast_1d(torch.tensor(5))
    tensor([5])
    """
    return _each_at_least(1, tensors)


@operation(method=False)
def atleast_2d(*tensors: Any) -> Any:
    """Each tensor with at least two dimensions: a vector becomes a row.

    >>> import rushlight as torch
    >>> torch.atleast_2d(torch.tensor([1, 2]))
    tensor([[1, 2]])
    """
    return _each_at_least(2, tensors)


@operation(method=False)
def atleast_3d(*tensors: Any) -> Any:
    """Each tensor with at least three dimensions: (n,) becomes (1, n, 1), (m, n) (m, n, 1).

    >>> import rushlight as torch
    >>> torch.atleast_3d(torch.zeros(2)).shape, torch.atleast_3d(torch.zeros(2, 3)).shape
    (torch.Size([1, 2, 1]), torch.Size([2, 3, 1]))
    """
    return _each_at_least(3, tensors)


@operation(method=False, out="apart")
def hstack(tensors: Sequence[Tensor]) -> Tensor:
    """Tensors side by side: joined along the second dimension, vectors along their only one.

    >>> import rushlight as torch
    >>> torch.hstack([torch.tensor([1, 2]), torch.tensor([3])])
    tensor([1, 2, 3])
    """
    parts = _all_at_least("hstack", 1, tensors)
    return cat(parts, 0 if parts[0].array.ndim == 1 else 1)


@operation("torch", "row_stack", method=False, out="apart")
def vstack(tensors: Sequence[Tensor]) -> Tensor:
    """Tensors below each other: joined along the first dimension, vectors as rows.

    >>> import rushlight as torch
    >>> torch.vstack([torch.tensor([1, 2]), torch.tensor([3, 4])])
    tensor([[1, 2],
            [3, 4]])
    """
    return cat(_all_at_least("vstack", 2, tensors), 0)


@operation(method=False, out="apart")
def dstack(tensors: Sequence[Tensor]) -> Tensor:
    """Tensors behind each other: joined along the third dimension, after `atleast_3d`.

    >>> import rushlight as torch
    >>> torch.dstack([torch.tensor([1, 2]), torch.tensor([3, 4])])
    tensor([[[1, 3],
             [2, 4]]])
    """
    return cat(_all_at_least("dstack", 3, tensors), 2)


@operation(method=False, out="apart")
def column_stack(tensors: Sequence[Tensor]) -> Tensor:
    """Tensors side by side, vectors as columns.

    >>> import rushlight as torch
    >>> torch.column_stack([torch.tensor([1, 2]), torch.tensor([3, 4])])
    tensor([[1, 3],
            [2, 4]])
    """
    if not tensors:
        raise OperationError("column_stack expects a non-empty TensorList")
    columns = [t if t.array.ndim > 1 else reshape(t, (t.array.size, 1)) for t in tensors]
    return hstack(columns)


@operation(method=False)
def block_diag(*tensors: Any) -> Tensor:
    """A matrix of zeros with matrices (vectors as rows, numbers) one after the other on its
    diagonal.

    >>> import rushlight as torch
    >>> torch.block_diag(torch.tensor([[1, 2]]), torch.tensor(3))
    tensor([[1, 2, 0],
            [0, 0, 3]])
    """
    parts = _of_one_or_many(tensors)
    for number, part in enumerate(parts):
        if not isinstance(part, Tensor):
            raise TypeError(
                f"block_diag(): argument 'tensors' (position {number + 1}) must be Tensor, not "
                f"{type(part).__name__}"
            )
        if part.array.ndim > 2:
            raise OperationError(
                "torch.block_diag: Input tensors must have 2 or fewer dimensions. Input "
                f"{number} has {part.array.ndim} dimensions (shape {tuple(part.array.shape)})"
            )
    if not parts:
        return placed(np.empty((1, 0), "float32"), None)
    matrices = _all_at_least("block_diag", 2, parts)
    width = sum([matrix.array.shape[1] for matrix in matrices])
    rows, start = [], 0
    for matrix in matrices:
        size = matrix.array.shape[1]
        rows.append(pad(matrix, (start, width - start - size)))
        start += size
    return cat(rows)


@operation(method=False, out="cast")
def _chunk_cat(tensors: Sequence[Tensor], dim: int, num_chunks: int) -> Tensor:
    """Tensors cut into chunks along `dim`, zeros filling them up; each chunk's as one row."""
    if num_chunks < 1:
        raise OperationError(f"_chunk_cat expects positive num_chunks, got {num_chunks}")
    if not tensors:
        raise OperationError("_chunk_cat expects a non-empty input tensor list")
    check_same_device("_chunk_cat", *tensors)
    first = tensors[0]
    axis = wrap_dim(dim, first.array.ndim)
    lead = first.array.shape[:axis]
    rows = []
    for tensor in tensors:
        shape = tensor.array.shape
        if tensor.array.size == 0:
            raise OperationError(f"_chunk_cat expects non-empty tensor, got shape {tuple(shape)}")
        if tensor.array.dtype != first.array.dtype:
            raise OperationError(
                "_chunk_cat expects all input tensors with the same dtype, got "
                f"{first.dtype} and {tensor.dtype}"
            )
        if len(shape) <= axis or shape[:axis] != lead:
            raise OperationError(
                "_chunk_cat expects same sizes of 0,...,dim-1 dimensions for all tensors, got "
                f"{list(first.array.shape)} and {list(shape)} for dim {axis}"
            )
        missing = -shape[axis] % num_chunks
        filled = pad(tensor, (*(0, 0) * (len(shape) - axis - 1), 0, missing))
        rows.append(reshape(filled, (*lead, num_chunks, -1)))
    return cat(rows, axis + 1)


# ---- every element of each with every one of the others


@operation(method=False)
def meshgrid(*tensors: Any, indexing: str | None = None) -> tuple[Tensor, ...]:
    """Views of vectors as coordinates of a grid that has a dimension for each of them.

    With `indexing` "ij" the first vector is along the first dimension, with "xy" along the second.

    >>> import rushlight as torch
    >>> x, y = torch.meshgrid(torch.tensor([1, 2]), torch.tensor([3, 4, 5]), indexing="ij")
    >>> x, y
    (tensor([[1, 1, 1],
            [2, 2, 2]]), tensor([[3, 4, 5],
            [3, 4, 5]]))
    """
    vectors = _of_one_or_many(tensors)
    if not vectors:
        raise OperationError("meshgrid expects a non-empty TensorList")
    if indexing not in (None, "ij", "xy"):
        raise OperationError(
            f'torch.meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}'
        )
    for vector in vectors:
        if vector.array.ndim > 1:
            raise OperationError(
                "torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got: "
                f"{list(vector.array.shape)}"
            )
        if vector.array.dtype != vectors[0].array.dtype:
            raise OperationError(
                "meshgrid expects all tensors to have the same dtype, got "
                f"{vectors[0].dtype} and {vector.dtype}"
            )
    check_same_device("meshgrid", *vectors)
    shape = tuple([vector.array.size for vector in vectors])
    grids = []
    for dim, vector in enumerate(vectors):
        line = [1] * len(shape)
        line[dim] = shape[dim]
        grids.append(Expand.apply(reshaped(vector, tuple(line)), shape))
    if indexing == "xy" and len(grids) > 1:
        grids = [grid.transpose(0, 1) for grid in grids]
    return tuple(grids)


@operation(method=False)
def cartesian_prod(*tensors: Tensor) -> Tensor:
    """All combinations of an element of each vector, one a row; of one vector itself.

    >>> import rushlight as torch
    >>> torch.cartesian_prod(torch.tensor([1, 2]), torch.tensor([3, 4]))
    tensor([[1, 3],
            [1, 4],
            [2, 3],
            [2, 4]])
    """
    vectors = _of_one_or_many(tensors)
    if not vectors:
        raise OperationError("cartesian_prod expects a non-empty TensorList")
    for vector in vectors:
        if vector.array.ndim != 1:
            raise OperationError(
                f"cartesian_prod: Expect a 1D vector, but got shape {list(vector.array.shape)}"
            )
    if len(vectors) == 1:
        return vectors[0]
    return stack([reshape(grid, -1) for grid in meshgrid(*vectors)], 1)


@operation
def combinations(input: Tensor, r: int = 2, with_replacement: bool = False) -> Tensor:
    """All combinations of `r` elements of a vector in their order, one a row.

    >>> import rushlight as torch
    >>> torch.combinations(torch.tensor([1, 2, 3]))
    tensor([[1, 2],
            [1, 3],
            [2, 3]])
    """
    if input.array.ndim != 1:
        raise OperationError(
            f"combinations: Expect a 1D vector, but got shape {list(input.array.shape)}"
        )
    if r < 0:
        raise OperationError(f"combinations: Expect a non-negative number, but got {r}")
    if r == 0:
        return input.new_empty((0,))
    size = input.array.size
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    count = comb(size + r - 1, r) if with_replacement and size else comb(size, r)
    chosen = itertools.chain.from_iterable(choose(range(size), r))
    numbers = np.fromiter(chosen, "int64", count * r).reshape(count, r)
    return input[placed(numbers, input.device)]


# ---- to a shape that others have


@operation
def broadcast_to(input: Tensor, size: Any) -> Tensor:
    """A view expanded to `size`, new dimensions in front; see `Tensor.expand`.

    >>> import rushlight as torch
    >>> torch.broadcast_to(torch.tensor([1, 2]), (2, 2))
    tensor([[1, 2],
            [1, 2]])
    """
    return expand.plain(input, size)  # type: ignore[attr-defined]  # an entry less


@operation(method=False)
def broadcast_shapes(*shapes: Any) -> Any:
    """The shape that tensors of these shapes broadcast to; RuntimeError if there is none.

    >>> import rushlight as torch
    >>> torch.broadcast_shapes((2, 1), (3,), ())
    torch.Size([2, 3])
    """
    result: list[int] = []
    for shape in shapes:
        sizes = (shape,) if isinstance(shape, int) else tuple(shape)
        if sizes and min(sizes) < 0:
            raise ValueError(
                "broadcast_shapes: Attempting to broadcast a dimension with negative length: "
                f"{list(sizes)}"
            )
        result = [1] * (len(sizes) - len(result)) + result
        for dim in range(-len(sizes), 0):
            if sizes[dim] != 1 and result[dim] not in (1, sizes[dim]):
                raise RuntimeError(
                    "Shape mismatch: objects cannot be broadcast to a single shape "
                    f"(shapes {', '.join(str(s) for s in shapes)})"
                )
            if sizes[dim] != 1:
                result[dim] = sizes[dim]
    return Size(result)
