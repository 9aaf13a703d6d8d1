"""Tensors that move to other memory, and whoever shares theirs with them.

An array knows its memory, and no memory its arrays. So the other tensors of the same memory are
looked for among all objects, where the counts of references say that there may be some.
"""

from __future__ import annotations

import gc
import sys
import weakref
from typing import Any

import numpy as np

from .kernels.base.memory_order import owner_of, span_of
from .kernels.launch import kernels as kernel_tables
from .kernels.launch import refuse_record, structure_changed
from .tensor import Tensor, wrap


def relocate(tensor: Tensor, memory: np.ndarray[Any, Any]) -> None:
    """Moves a tensor's storage into `memory`, bytes in one line, as much as has a place there."""
    alone = _references(tensor) <= _alone(tensor.array.base is None)
    refuse_record("moves a tensor to other memory")
    table: Any = kernel_tables[np.ndarray]
    owner = owner_of(tensor.array)
    start = table.data_pointer(owner) + span_of(owner)[0]
    line = table.storage_of(tensor.array)
    count = min(line.size, memory.size)
    memory[:count] = line[:count]
    for other in (tensor,) if alone else _tensors_of(owner):
        _place(other, memory, table.data_pointer(other.array) - start)
    structure_changed()


def _place(tensor: Tensor, memory: np.ndarray[Any, Any], offset: int) -> None:
    old = tensor.array
    tensor.array = np.ndarray(old.shape, old.dtype, memory, offset, old.strides)
    if tensor._counter is not None:
        for mirror in tensor._counter[1:2] and tensor._counter[1]:
            for end in (mirror.origin, mirror.goal):
                if end.tensor() is tensor:
                    end.array = weakref.ref(tensor.array)


def _tensors_of(owner: Any) -> list[Tensor]:
    """All tensors whose memory an array has allocated."""
    is_frozen = gc.get_freeze_count() > 0
    if is_frozen:  # the collector does not list what is
        gc.unfreeze()
    found = _among_objects(owner)
    if is_frozen:
        gc.freeze()
    return found


def _among_objects(owner: Any) -> list[Tensor]:
    return [
        found for found in gc.get_objects()
        if issubclass(type(found), Tensor) and type(getattr(found, "array", None)) is np.ndarray
        and owner_of(found.array) is owner
    ]  # fmt: skip


def _references(tensor: Tensor) -> int:
    array = tensor.array
    owner = owner_of(array)
    return sys.getrefcount(array) + sys.getrefcount(owner)


def _alone(is_owner: bool) -> int:
    """What `_references` counts for a tensor that nobody shares memory with."""
    array = np.empty(2)
    tensor = wrap(array if is_owner else array[:1])
    del array
    return _references(tensor)


def resize(tensor: Tensor, size: int) -> None:
    """Gives the storage of a tensor, and all tensors on it, so many bytes."""
    if type(tensor.array) is not np.ndarray:
        raise RuntimeError(f"Trying to resize storage that is not resizable ({tensor.device})")
    if size < 0:
        raise RuntimeError(f"resize_: a storage cannot have {size} bytes")
    table: Any = kernel_tables[np.ndarray]
    owner = owner_of(tensor.array)
    start = table.data_pointer(owner) + span_of(owner)[0]
    for other in _tensors_of(owner):
        end = table.data_pointer(other.array) - start + span_of(other.array)[1]
        if end > size:
            raise RuntimeError(
                f"resize_: a tensor of shape {list(other.shape)} on this storage needs {end} bytes "
                f"of it, and would have {size}"
            )
    relocate(tensor, np.empty(size, np.uint8))
