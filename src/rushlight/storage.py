"""Storages: the memory behind tensors, as bytes or as elements in one line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .device import device as Device
from .dtype import dtype as DType
from .tensor import Tensor


class UntypedStorage:
    """The bytes that a tensor shares with its views.

    >>> import rushlight as torch
    >>> x = torch.zeros(4)
    >>> x[2:].untyped_storage().nbytes()
    16
    """

    def __init__(self, elements: Tensor) -> None:
        self.elements = elements  # a tensor of one dimension on the same memory

    @property
    def device(self) -> Device:
        return self.elements.device

    @property
    def is_cuda(self) -> bool:
        return self.elements.is_cuda

    def data_ptr(self) -> int:
        return self.elements.data_ptr()

    def nbytes(self) -> int:
        return self.elements.nbytes

    def size(self) -> int:
        return self.elements.numel()

    __len__ = size

    def element_size(self) -> int:
        return self.elements.element_size()

    def __getitem__(self, index: int | slice) -> Any:
        found = self.elements[index]
        return found.item() if isinstance(index, int) else type(self)(found)

    def __setitem__(self, index: int | slice, value: Any) -> None:
        self.elements[index] = value

    def __iter__(self) -> Iterator[Any]:
        return iter(self.tolist())

    def tolist(self) -> list[Any]:
        return self.elements.tolist()

    def fill_(self, value: Any) -> UntypedStorage:
        self.elements.fill_(value)
        return self

    def copy_(self, source: UntypedStorage, non_blocking: bool = False) -> UntypedStorage:
        self.elements.copy_(source.elements)
        return self

    def clone(self) -> UntypedStorage:
        return type(self)(self.elements.clone())

    def cpu(self) -> UntypedStorage:
        return type(self)(self.elements.cpu())

    def __repr__(self) -> str:
        return (
            f"[torch.storage.{type(self).__name__}(device={self.device}) of size {self.size()}]"
        )


class TypedStorage(UntypedStorage):
    """The elements of one dtype that a tensor shares with its views."""

    @property
    def dtype(self) -> DType:
        return self.elements.dtype

    def untyped(self) -> UntypedStorage:
        return self.elements.untyped_storage()
