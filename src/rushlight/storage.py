"""Storages: the memory behind tensors, as bytes or as elements in one line."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any, Self

import numpy as np

from .device import device as Device
from .dtype import (
    bfloat16,
    complex64,
    complex128,
    float16,
    float32,
    float64,
    get_default_dtype,
    int8,
    int16,
    int32,
    int64,
    uint8,
)
from .dtype import bool as bool_
from .dtype import dtype as DType
from .kernels.launch import kernels as kernel_tables
from .relocation import relocate, resize
from .shared_memory import SharedMemory, memory_of
from .tensor import Tensor, wrap

# The names by which programs convert storages, and PyTorch's classes of one dtype.
DTYPES = {
    "float": float32, "double": float64, "half": float16, "bfloat16": bfloat16, "byte": uint8,
    "char": int8, "short": int16, "int": int32, "long": int64, "bool": bool_,
    "complex_float": complex64, "complex_double": complex128,
}  # fmt: skip
_CLASSES = {
    dtype: "".join(part.capitalize() for part in name.split("_")).replace("Bfloat", "BFloat")
    + "Storage" for name, dtype in DTYPES.items()
}  # fmt: skip


class UntypedStorage:
    """The bytes that a tensor shares with its views.

    >>> import rushlight as torch
    >>> x = torch.zeros(4)
    >>> x[2:].untyped_storage().nbytes()
    16
    >>> torch.UntypedStorage([1, 2, 3]).tolist()
    [1, 2, 3]
    """

    is_sparse = False
    is_hpu = False
    filename = None  # of a file that is mapped: none has a name here
    _tensor: Tensor  # one on the memory, which goes where it goes

    def __init__(self, *data: Any, device: Any = None) -> None:
        self._tensor = _anchor(_elements_of(type(self).__name__, data, uint8, device))

    @classmethod
    def on(cls, tensor: Tensor) -> Self:
        """The storage of a tensor."""
        storage = object.__new__(cls)
        storage._tensor = _anchor(tensor)
        return storage

    @property
    def elements(self) -> Tensor:
        """A tensor of one dimension of all of the memory."""
        return _line(self._tensor)

    @property
    def device(self) -> Device:
        return self._tensor.device

    @property
    def is_cuda(self) -> bool:
        return self._tensor.is_cuda

    @property
    def _cdata(self) -> int:
        return self.data_ptr()

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self.data_ptr() == other.data_ptr()  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash(self.data_ptr())

    def data_ptr(self) -> int:
        return self.elements.data_ptr()

    def nbytes(self) -> int:
        return self.elements.nbytes

    def size(self) -> int:
        return self.elements.numel()

    __len__ = size

    def element_size(self) -> int:
        return self.elements.element_size()

    def get_device(self) -> int:
        return self._tensor.get_device()

    def untyped(self) -> UntypedStorage:
        return self

    # ---- its numbers

    def __getitem__(self, index: int | slice) -> Any:
        found = self.elements[index]
        return UntypedStorage.on(_apart(found)) if isinstance(index, slice) else found.item()

    def __setitem__(self, index: int | slice, value: Any) -> None:
        self.elements[index] = value

    def __iter__(self) -> Iterator[Any]:
        return iter(self.tolist())

    def tolist(self) -> list[Any]:
        return self.elements.tolist()

    def fill_(self, value: Any) -> Self:
        self.elements.fill_(value)
        return self

    def copy_(self, source: UntypedStorage, non_blocking: bool = False) -> Self:
        self.elements.copy_(source.elements)
        return self

    def byteswap(self, dtype: DType) -> None:
        """Turns the order of the bytes of each element around, in place.

        >>> import rushlight as torch
        >>> storage = torch.tensor([1], dtype=torch.int16).untyped_storage()
        >>> storage.byteswap(torch.int16)
        >>> storage.tolist()
        [0, 1]
        """
        parts = 2 if dtype.is_complex else 1
        width = dtype.itemsize // parts
        numbers: Any = self.untyped().elements.array
        numbers[:] = numbers.reshape(-1, width)[:, ::-1].reshape(-1)

    # ---- copies

    def clone(self) -> Self:
        return self._like(self.elements.clone())

    __copy__ = clone

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self._like(copy.deepcopy(self.elements, memo))

    def __reduce__(self) -> Any:
        return type(self).on, (self.elements,)

    def cpu(self) -> Self:
        return self.to("cpu")

    def cuda(self, device: Any = None, non_blocking: bool = False) -> Self:
        return self.to("cuda" if device is None else device)

    def to(self, device: Any, non_blocking: bool = False) -> Self:
        moved = self.elements.to(Device(device))
        return self if moved.device == self.device else self._like(moved)

    def new(self) -> Self:
        return self._like(self.elements[:0].clone())

    def _like(self, elements: Tensor) -> Self:
        return self.on(elements)

    def type(self, dtype: Any = None, non_blocking: bool = False) -> Any:
        """The name of the class; with a dtype, a storage of the elements converted to it.

        >>> import rushlight as torch
        >>> torch.zeros(2).untyped_storage().type()
        'torch.storage.UntypedStorage'
        """
        if dtype is None:
            return f"torch.storage.{type(self).__name__}"
        return TypedStorage.on(self.elements.to(dtype))

    # ---- its place

    def resizable(self) -> bool:
        return type(self._tensor.array) is np.ndarray

    def resize_(self, size: int) -> Self:
        """Another number of bytes (elements, of a typed one). All tensors of the memory move along.

        RuntimeError where a tensor needs more than that. Unlike PyTorch, where it could be read no
        more.

        >>> import rushlight as torch
        >>> x = torch.tensor([1, 2], dtype=torch.uint8)
        >>> storage = x.untyped_storage()
        >>> storage.resize_(4).nbytes()
        4
        """
        resize(self._tensor, size * self.element_size())
        return self

    def is_shared(self) -> bool:
        """Whether other processes can see the memory.

        >>> import rushlight as torch
        >>> torch.zeros(2).untyped_storage().is_shared()
        False
        """
        return is_shared(self._tensor)

    def share_memory_(self) -> Self:
        """Moves the storage, and all tensors on it, to memory that other processes can see.

        >>> import rushlight as torch
        >>> torch.zeros(2).untyped_storage().share_memory_().is_shared()
        True
        """
        share_memory(self._tensor)
        return self

    def is_pinned(self, device: Any = None) -> bool:
        return False

    @classmethod
    def from_buffer(
        cls, buffer: Any, byte_order: str = "native", count: int = -1, offset: int = 0,
        dtype: DType | None = None, **ignored: Any,
    ) -> Any:  # fmt: skip
        """A copy of a buffer's elements of `dtype`, in "native", "little" or "big" order.

        >>> import rushlight as torch
        >>> torch.UntypedStorage.from_buffer(b"ab", byte_order="little", dtype=torch.int16).tolist()
        [97, 98]
        """
        from .ops.interchange import frombuffer

        wanted = dtype or uint8
        elements = frombuffer(bytearray(buffer), dtype=wanted, count=count, offset=offset)
        storage = cls.on(elements.clone())
        if byte_order in ("little", "big") and byte_order != _NATIVE_ORDER:
            storage.byteswap(wanted)
        elif byte_order not in ("native", "little", "big"):
            raise ValueError(
                f"invalid byte_order '{byte_order}' (expected 'big', 'little', or 'native')"
            )
        return storage

    @classmethod
    def from_file(cls, filename: str, shared: bool = False, nbytes: int = 0) -> Any:
        """A file's first bytes; with `shared`, what is written goes into the file.

        >>> import rushlight as torch
        >>> from pathlib import Path
        >>> Path("bytes").write_bytes(b"abc")
        3
        >>> torch.UntypedStorage.from_file("bytes", False, 3).tolist()
        [97, 98, 99]
        """
        from .ops.interchange import from_file

        return cls.on(from_file(filename, shared, nbytes, dtype=uint8))

    def __repr__(self) -> str:
        if self.device.type == "meta":
            numbers = "...\n"
        else:
            numbers = "".join(f" {value}\n" for value in self.tolist())
        return f"{numbers}[torch.storage.{type(self).__name__}({self._told()}) of size {len(self)}]"

    def _told(self) -> str:
        return f"device={self.device}"


_NATIVE_ORDER = "little" if np.little_endian else "big"


class TypedStorage(UntypedStorage):
    """The elements of one dtype that a tensor shares with its views.

    >>> import rushlight as torch
    >>> torch.ones(2, 2).storage().tolist()
    [1.0, 1.0, 1.0, 1.0]
    """

    _dtype: DType

    def __init__(
        self, *data: Any, wrap_storage: UntypedStorage | None = None, dtype: DType | None = None,
        device: Any = None,
    ) -> None:  # fmt: skip
        self._dtype = dtype or get_default_dtype()
        if wrap_storage is not None:
            self._tensor = wrap_storage._tensor
        else:
            self._tensor = _anchor(_elements_of("TypedStorage", data, self._dtype, device))

    @classmethod
    def on(cls, tensor: Tensor, dtype: DType | None = None) -> Self:
        storage = super().on(tensor)
        storage._dtype = dtype or tensor.dtype
        return storage

    def _like(self, elements: Tensor) -> Self:
        return self.on(elements, self._dtype)

    @property
    def elements(self) -> Tensor:
        return super().elements.view(self._dtype)

    @property
    def dtype(self) -> DType:
        return self._dtype

    @property
    def _untyped_storage(self) -> UntypedStorage:
        return self.untyped()

    def untyped(self) -> UntypedStorage:
        return UntypedStorage.on(self._tensor)

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            raise RuntimeError("slices are only supported in UntypedStorage.__getitem__")
        return super().__getitem__(index)

    def type(self, dtype: Any = None, non_blocking: bool = False) -> Any:
        return f"torch.{self.pickle_storage_type()}" if dtype is None else super().type(dtype)

    def pickle_storage_type(self) -> str:
        """PyTorch's name for a storage of this dtype."""
        return _CLASSES[self._dtype]

    def _told(self) -> str:
        return f"dtype={self._dtype}, device={self.device}"


def _converted(dtype: DType) -> Any:
    def convert(self: UntypedStorage) -> TypedStorage:
        return TypedStorage.on(self.elements.to(dtype, copy=True))

    convert.__doc__ = f"A copy with the elements converted to {dtype}."
    return convert


for _name, _dtype in DTYPES.items():
    setattr(UntypedStorage, _name, _converted(_dtype))


class _OneDtype(type):
    """The type of `FloatStorage` and its like."""

    dtype: DType

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, TypedStorage) and instance.dtype is cls.dtype

    def __call__(cls, *data: Any, **options: Any) -> TypedStorage:
        return TypedStorage(*data, dtype=cls.dtype, **options)

    def from_buffer(cls, buffer: Any, *order: Any, **options: Any) -> TypedStorage:
        return TypedStorage.from_buffer(buffer, *order, **{**options, "dtype": cls.dtype})

    def from_file(cls, filename: str, shared: bool = False, size: int = 0) -> TypedStorage:
        storage = UntypedStorage.from_file(filename, shared, size * cls.dtype.itemsize)
        return TypedStorage(wrap_storage=storage, dtype=cls.dtype)


legacy_storages: dict[str, Any] = {
    name: _OneDtype(name, (), {"dtype": dtype, "__module__": "torch"})
    for dtype, name in _CLASSES.items()
}


# ---- the memory of tensors


def _elements_of(name: str, data: tuple[Any, ...], dtype: DType, device: Any) -> Tensor:
    """A line of elements: so many, or those of a sequence."""
    from .ops.creation import empty
    from .ops.from_data import tensor

    if len(data) > 1:
        raise TypeError(f"{name}() takes a size or a sequence, got {len(data)} arguments")
    if not data or isinstance(data[0], int):
        return empty(data[0] if data else 0, dtype=dtype, device=device)
    if isinstance(data[0], UntypedStorage):
        return data[0]._tensor
    return tensor(list(data[0]), dtype=dtype, device=device)


def _line(tensor: Tensor) -> Tensor:
    return wrap(kernel_tables[type(tensor.array)].storage_of(tensor.array))


def _apart(line: Tensor) -> Tensor:
    """The same memory as one of its own: a storage knows nothing of what stands around it."""
    array = line.array
    if isinstance(array, np.ndarray) and array.size and array.flags.c_contiguous:
        return wrap(np.frombuffer(array.data, array.dtype))
    return line.clone()


def _anchor(tensor: Tensor) -> Tensor:
    """Nothing but a place at the beginning of a tensor's memory."""
    line = _line(tensor)
    return wrap(line.array[:0]) if isinstance(line.array, np.ndarray) else line


def is_shared(tensor: Tensor) -> bool:
    """Whether other processes can see a tensor's memory; that of a GPU they can."""
    return tensor.is_cuda or memory_of(tensor.array) is not None


def share_memory(tensor: Tensor) -> SharedMemory | None:
    """The shared memory that a tensor lies in, to which it is moved from where it has been.

    None for what is on another device.
    """
    if not isinstance(tensor.array, np.ndarray):
        return None
    memory = memory_of(tensor.array)
    if memory is None:
        memory = SharedMemory.new(_line(tensor).nbytes)
        relocate(tensor, memory.array())
    return memory
