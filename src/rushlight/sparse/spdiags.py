"""Sparse matrices of diagonals."""

from __future__ import annotations

from typing import Any

import rushlight

from ..dtype import int64
from ..errors import OperationError
from ..layout import sparse_coo
from ..tensor import Tensor
from .making import to_layout
from .parts import make


def spdiags(diagonals: Tensor, offsets: Tensor, shape: Any, layout: Any = None) -> Tensor:
    """A sparse matrix of `shape` whose diagonals are the rows of `diagonals`.

    `offsets` says where each lies: 0 is the main one, positive numbers are above it. Element i of a
    row stands in column i, so that the first ones of a diagonal above the main one are not used.

    >>> import rushlight as torch
    >>> rows = torch.tensor([[1, 2], [3, 4]])
    >>> torch.sparse.spdiags(rows, torch.tensor([0, 1]), (2, 2)).to_dense()
    tensor([[1, 4],
            [0, 2]])
    """
    rows = diagonals if diagonals.ndim == 2 else diagonals.unsqueeze(0)
    places = offsets if offsets.ndim == 1 else offsets.unsqueeze(0)
    if diagonals.ndim > 2 or rows.shape[0] != places.shape[0]:
        raise OperationError(
            f"spdiags: Number of diagonals ({rows.shape[0]}) does not match the number of offsets "
            f"({places.shape[0]})"
        )
    if len(shape) != 2:
        raise OperationError(f"spdiags: Output shape must be 2d, but got {list(shape)}")
    if places.unique().numel() != places.numel():
        raise OperationError("spdiags: Offset tensor contains duplicate values")
    count, across = shape
    columns = rushlight.arange(min(rows.shape[1], across), device=rows.device)
    columns = columns.expand(rows.shape[0], -1)
    lines = columns - places.to(rows.device, int64).unsqueeze(1)
    kept = ((lines >= 0) & (lines < count)).nonzero(as_tuple=True)
    values = rows[:, : columns.shape[1]][kept]
    made = make(values, rushlight.stack([lines[kept], columns[kept]]), tuple(shape))
    return made if layout in (None, sparse_coo) else to_layout(made, None, layout, None)
