"""Storages: the memory of a file's tensors, and the only thing that tensors are made of."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from ..device import device as Device
from ..dtype import bool as bool_dtype
from ..dtype import dtype as DType
from ..kernels.launch import kernels as kernel_tables
from ..tensor import Tensor, wrap
from .errors import require

Array = np.ndarray[Any, Any]


class StorageType(NamedTuple):
    """What a storage's type says in a pickle."""

    dtype: DType | None  # None: the tensors say it

    @property
    def width(self) -> int:
        return 1 if self.dtype is None else self.dtype.itemsize


@dataclass(eq=False)
class Storage:
    """A storage's memory, as bytes, and where its tensors go."""

    memory: Array
    dtype: DType | None
    device: Device
    # Of the memory, in bytes: files of PyTorch's first versions name parts of storages.
    start: int = 0
    size: int = -1
    # What tensors view instead of the memory itself. Made once: a file can ask for it any number
    # of times, and tensors that shared memory share it again.
    _elements: dict[tuple[str, bool, bool], Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.size < 0:
            self.size = self.memory.size

    def part(self, offset: int, count: int) -> Storage:
        """So many elements from an offset on; they share memory with the whole."""
        width = StorageType(self.dtype).width
        require((offset + count) * width <= self.size, "a part reaches beyond its storage")
        return replace(self, start=self.start + offset * width, size=count * width)

    def tensor(
        self, dtype: DType, offset: int, size: tuple[int, ...], strides: tuple[int, ...],
        conjugate: bool, negative: bool,
    ) -> Tensor:  # fmt: skip
        """The tensor at a place in elements, which must be within the memory."""
        if 0 not in size:
            last = offset + sum((n - 1) * stride for n, stride in zip(size, strides, strict=True))
            require(
                (last + 1) * dtype.itemsize <= self.size, "a tensor reaches beyond its storage"
            )
        require(self.start % dtype.itemsize == 0, "a part of a storage begins within an element")
        offset += self.start // dtype.itemsize
        key = dtype.name, conjugate, negative
        if key not in self._elements:
            self._elements[key] = self._as(*self._typed(dtype), conjugate, negative)
        elements = self._elements[key]
        steps = tuple(stride * dtype.itemsize for stride in strides)
        if isinstance(elements, np.ndarray):
            # Nor does this constructor make an array that reaches beyond.
            start = min(offset * dtype.itemsize, elements.nbytes)
            return wrap(np.ndarray(size, dtype.numpy, elements, start, steps))
        library = kernel_tables[type(elements)].xp
        return wrap(library.lib.stride_tricks.as_strided(elements[offset:], size, steps))

    def _typed(self, dtype: DType) -> tuple[Array, DType]:
        """As many whole elements as the memory holds."""
        whole = self.memory[: self.memory.size // dtype.itemsize * dtype.itemsize]
        if dtype is bool_dtype:  # kernels rely on it that a bool is 0 or 1
            np.not_equal(whole, 0, out=whole.view(dtype.numpy))
        return whole.view(dtype.numpy), dtype

    def _as(self, elements: Array, dtype: DType, conjugate: bool, negative: bool) -> Any:
        # PyTorch puts these two off until they are needed.
        if conjugate and dtype.is_complex:
            elements = np.conjugate(elements)
        if negative:
            require(dtype is not bool_dtype, "a tensor of the opposite of masks")
            elements = np.negative(elements)
        if self.device.type == "cpu":
            return elements
        return wrap(elements).to(self.device).array
