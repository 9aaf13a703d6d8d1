"""Sparse tensors in PyTorch's checkpoint files."""

from __future__ import annotations

from typing import Any

from ..serialization.pickler import register
from ..size import Size
from ..tensor import wrap
from .arrays import CompressedArray
from .tensor import SparseTensor


def _save(pickler: Any, x: SparseTensor) -> None:
    """As PyTorch names it: a layout, and what makes a tensor of it."""
    array = x.array
    parts: list[Any] = [wrap(array.indices), wrap(array.values), Size(array.shape)]
    if isinstance(array, CompressedArray):
        parts.insert(0, wrap(array.starts))
    else:
        parts.append(array.is_coalesced)
    function = pickler.named("torch._utils", "_rebuild_sparse_tensor")
    pickler.save_made(x, function, (array.layout, tuple(parts)))


register(SparseTensor, _save)
