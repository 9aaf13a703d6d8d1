"""Memory that tensors share with other libraries: NumPy's protocols, buffers, DLPack."""

from __future__ import annotations

import mmap
import os
import warnings
from typing import Any

import numpy as np

from ..device import chosen, default_device
from ..dtype import dtype as DType
from ..dtype import get_default_dtype, int64, with_own_dtype
from ..errors import OperationError
from ..kernels.launch import refuse_record
from ..tensor import Tensor, wrap
from ..types import AnyDevice
from ..utils import dlpack
from ..utils.dlpack import DLDeviceType
from .common import methods
from .declare import operation
from .from_data import check_elements, default_or, tensor


@operation(method=False, asks=False)
def as_tensor(data: Any, dtype: DType | None = None, device: AnyDevice = None) -> Tensor:
    """`data` as a tensor, sharing its memory where dtype and device allow it.

    Arrays of NumPy and whatever speaks DLPack share; numbers and sequences are copied.

    >>> import rushlight as torch
    >>> import numpy as np
    >>> array = np.zeros(2)
    >>> torch.as_tensor(array)[0] = 1
    >>> print(array)
    [1. 0.]
    """
    if isinstance(data, np.ndarray):
        data = _from_array(data)
    elif not isinstance(data, Tensor) and hasattr(data, "__dlpack__"):
        data = from_dlpack(data)
    if isinstance(data, Tensor):
        if device is None and not chosen:
            return data if dtype is None or dtype is data.dtype else data.to(dtype)
        return data.to(device or default_or(data.device), dtype or data.dtype)
    return tensor(data, dtype=dtype, device=device)


@operation(method=False, asks=False)
def asarray(
    obj: Any, *, dtype: DType | None = None, device: AnyDevice = None, copy: bool | None = None,
    requires_grad: bool | None = None,
) -> Tensor:  # fmt: skip
    """`obj` as a tensor: its own memory if `copy` is False, another if True, else as it fits.

    `obj` is a tensor, an array, an object that speaks DLPack or has the buffer interface (whose
    bytes are elements of `dtype`), a number, or a sequence. ValueError where its memory is asked
    for, and has another dtype or no place of its own.

    >>> import rushlight as torch
    >>> torch.asarray(bytearray(b"abcd"), dtype=torch.uint8)
    tensor([ 97,  98,  99, 100], dtype=torch.uint8)
    """
    found = _alias(obj, dtype, bool(copy))
    if found is None:
        if copy is False:
            raise ValueError("can't alias arbitrary sequence into a tensor.")
        found = tensor(obj, dtype=dtype, device=device)
    elif copy is False and dtype not in (None, found.dtype):
        raise ValueError(f"can't alias tensor with dtype '{found.dtype}' into dtype '{dtype}'.")
    else:
        moved = found.to(device or default_or(found.device), dtype or found.dtype)
        if copy is False and moved.device != found.device:
            raise ValueError(f"can't alias tensor on device '{found.device}' to '{moved.device}'.")
        found = moved.clone() if copy and moved is found else moved
    if requires_grad is False:
        return found.detach() if found.requires_grad else found
    return found.requires_grad_() if requires_grad and not found.requires_grad else found


def _from_storage(storage: Any, dtype: DType | None) -> Tensor:
    """A tensor on a storage's memory: bytes that say no dtype are elements of the one asked for."""
    elements = storage.elements
    if hasattr(storage, "dtype"):
        return elements
    dtype = dtype or int64  # as PyTorch takes them
    return elements[: len(elements) // dtype.itemsize * dtype.itemsize].view(dtype)


def _alias(obj: Any, dtype: DType | None, is_copied: bool) -> Tensor | None:
    """A tensor on an object's own memory; None where it has none that others may see."""
    if isinstance(obj, Tensor):
        return obj
    if isinstance(obj, np.ndarray):
        return _from_array(obj, is_copied)
    if isinstance(obj, np.generic):
        return None
    if hasattr(obj, "untyped"):
        return _from_storage(obj, dtype)
    if hasattr(obj, "__dlpack__"):
        return from_dlpack(obj)
    try:
        view = memoryview(obj)
    except TypeError:
        return None
    return _from_buffer(view, dtype or get_default_dtype(), -1, 0, is_copied)


@operation(method=False)
def from_numpy(ndarray: np.ndarray[Any, Any]) -> Tensor:
    """A tensor that shares a NumPy array's memory.

    ValueError for negative strides, strides within elements and bytes in foreign order. What is
    read-only warns here, and refuses to be written.

    >>> import rushlight as torch
    >>> import numpy as np
    >>> array = np.zeros(2)
    >>> torch.from_numpy(array)[0] = 1
    >>> print(array)
    [1. 0.]
    """
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {_full_name(type(ndarray))})")
    return _from_array(ndarray)


def _from_array(array: np.ndarray[Any, Any], is_copied: bool = False) -> Tensor:
    refuse_record("makes a tensor of a NumPy array, which may change unseen")
    check_elements(array)
    flags = array.flags
    if not flags.c_contiguous:
        _check_strides(array)
    if not flags.writeable and not is_copied:
        _warn_read_only("NumPy array")
    return wrap(dlpack.owning(with_own_dtype(array)))


def _check_strides(array: np.ndarray[Any, Any]) -> None:
    if any(stride < 0 for stride in array.strides):
        raise ValueError(
            "At least one stride in the given numpy array is negative, and tensors with negative "
            "strides are not currently supported. (You can probably work around this by making a "
            "copy of your array with array.copy().)"
        )
    if any(stride % array.itemsize for stride in array.strides):
        raise ValueError(
            "given numpy array strides not a multiple of the element byte size. Copy the numpy "
            "array to reallocate the memory."
        )


def _warn_read_only(what: str) -> None:
    warnings.warn(
        f"The given {what} is not writable. The tensor shares its memory, and changes of it in "
        "place are refused: clone() it, or copy what it is made from, to get one that may change.",
        stacklevel=5,
    )


def _full_name(kind: type) -> str:
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"


@operation(method=False)
def frombuffer(
    buffer: Any, *, dtype: DType, count: int = -1, offset: int = 0, requires_grad: bool = False
) -> Tensor:
    """A 1-d tensor that shares the memory of an object with the buffer interface.

    `offset` counts bytes, `count` elements, -1 for all that follow.

    >>> import rushlight as torch
    >>> torch.frombuffer(bytearray([1, 0, 2, 0]), dtype=torch.int16)
    tensor([1, 2], dtype=torch.int16)
    """
    try:
        view = memoryview(buffer)
    except TypeError:
        raise ValueError(
            f"frombuffer: object does not implement Python buffer protocol "
            f"(got {type(buffer).__name__})."
        ) from None
    result = _from_buffer(view, dtype, count, offset)
    return result.requires_grad_() if requires_grad else result


def _from_buffer(
    view: memoryview, dtype: DType, count: int, offset: int, is_copied: bool = False
) -> Tensor:
    refuse_record("shares the memory of a buffer, which may change unseen")
    if not view.c_contiguous:
        raise OperationError("frombuffer: could not retrieve buffer from object: it has gaps")
    size, width = view.nbytes, dtype.itemsize
    if size == 0 or count == 0:
        raise ValueError(f"both buffer length ({size}) and count ({count}) must not be 0")
    if not 0 <= offset < size:
        raise ValueError(
            f"offset ({offset} bytes) must be non-negative and no greater than buffer length "
            f"({size} bytes) minus 1"
        )
    if count < 0 and (size - offset) % width:
        raise ValueError(
            f"buffer length ({size} bytes) after offset ({offset} bytes) must be a multiple of "
            f"element size ({width})"
        )
    if count > 0 and count * width > size - offset:
        raise ValueError(
            f"requested buffer length ({count} * {width} bytes) after offset ({offset} bytes) "
            f"must not be greater than actual buffer length ({size} bytes)"
        )
    if view.readonly and not is_copied:
        _warn_read_only("buffer")
    return wrap(np.frombuffer(view, dtype.numpy, max(count, -1), offset))


@operation(method=False)
def from_file(
    filename: str, shared: bool | None = None, size: int = 0, *, dtype: DType | None = None,
    device: AnyDevice = None, requires_grad: bool = False, layout: Any = None,
    pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """The first `size` elements of a file, which is mapped and not read.

    With `shared` what is written to the tensor goes into the file, which is made, or made longer,
    where that is needed; without, it stays in memory. RuntimeError where the file is too short.

    >>> import rushlight as torch
    >>> torch.arange(4.0).numpy().tofile("numbers")
    >>> torch.from_file("numbers", size=3)
    tensor([0., 1., 2.])
    """
    refuse_record("maps a file, which may change unseen")
    kind = (dtype or get_default_dtype()).numpy
    needed, mode = size * kind.itemsize, "read-write" if shared else "read-only"
    try:
        flags = os.O_RDWR | os.O_CREAT if shared else os.O_RDONLY
        file = os.open(filename, flags | getattr(os, "O_CLOEXEC", 0), 0o600)
    except OSError as error:
        raise OperationError(
            f"unable to open file <{filename}> in {mode} mode: {error.strerror} ({error.errno})"
        ) from error
    try:
        there = os.fstat(file).st_size
        if there < needed and not shared:
            raise OperationError(
                f"file <{filename}> size <{there}> is smaller than the required mapping size "
                f"<{needed}>"
            )
        if there < needed:
            os.ftruncate(file, needed)
        access = mmap.ACCESS_WRITE if shared else mmap.ACCESS_COPY
        memory: Any = mmap.mmap(file, needed, access=access) if needed else bytearray()
    finally:
        os.close(file)
    result = wrap(np.frombuffer(memory, kind, size)).to(device or default_device())
    return result.requires_grad_() if requires_grad else result


@operation(method=False)
def from_dlpack(ext_tensor: Any, *, device: AnyDevice = None, copy: bool | None = None) -> Tensor:
    """A tensor that shares the memory of another library's, by the DLPack protocol.

    `ext_tensor` has `__dlpack__` and `__dlpack_device__`, or is a capsule of the former, which can
    be taken once. `device` and `copy` are asked of the producer; BufferError where it cannot.

    >>> import numpy, rushlight as torch
    >>> array = numpy.zeros(2)
    >>> torch.from_dlpack(array).fill_(1)
    tensor([1., 1.], dtype=torch.float64)
    >>> array
    array([1., 1.])
    """
    refuse_record("shares the memory of another library's tensor, which may change unseen")
    return wrap(dlpack.imported(ext_tensor, device, copy))


@operation(method=False)
def to_dlpack(input: Tensor) -> Any:
    """A DLPack capsule of a tensor's memory, to be taken once by a `from_dlpack`.

    >>> import rushlight as torch
    >>> torch.from_dlpack(torch.to_dlpack(torch.tensor([1, 2])))
    tensor([1, 2])
    """
    return dlpack.exported(input, None, None, None, None)


# ---- the protocols that other libraries ask a tensor for


def _dlpack(
    self: Tensor, *, stream: Any = -1, max_version: tuple[int, int] | None = None,
    dl_device: tuple[int, int] | None = None, copy: bool | None = None,
) -> Any:  # fmt: skip
    """A DLPack capsule of the memory. BufferError for what requires a gradient."""
    if self.requires_grad:
        raise BufferError("Can't export tensors that require gradient, use tensor.detach()")
    if stream is not None and type(stream) is not int:
        raise TypeError(f"stream must be ``int`` or ``none`` (got {type(stream).__name__})")
    if self.device.type == "cpu" and stream not in (None, -1):
        raise AssertionError("stream should be None on cpu.")
    return dlpack.exported(self, None if stream == -1 else stream, max_version, dl_device, copy)


def _dlpack_device(self: Tensor) -> tuple[DLDeviceType, int]:
    """The kind and number of the device, as DLPack counts them."""
    return dlpack.device_of(self)


def _array(self: Tensor, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
    """The values as a NumPy array; it shares this tensor's memory unless another dtype is asked."""
    return np.array(self.numpy(), dtype=dtype, copy=copy)


def _array_wrap(
    self: Tensor, array: np.ndarray[Any, Any], context: Any = None, return_scalar: bool = False
) -> Tensor:
    """The result of NumPy's functions of a tensor as a tensor; masks are uint8, as in PyTorch."""
    if array.dtype == np.bool_:
        array = array.astype(np.uint8)
    return _from_array(array)


def _cuda_array_interface(self: Tensor) -> Any:
    if not self.is_cuda:
        raise AttributeError(
            f"Can't get __cuda_array_interface__ on non-CUDA tensor type: {self.type()}. If CUDA "
            "data is required use tensor.cuda() to copy tensor to device memory."
        )
    if self.requires_grad:
        raise RuntimeError(
            "Can't get __cuda_array_interface__ on Variable that requires grad. If gradients "
            "aren't required, use var.detach() to get Variable that doesn't require grad."
        )
    return self.array.__cuda_array_interface__


methods(
    __dlpack__=_dlpack, __dlpack_device__=_dlpack_device, __array__=_array,
    __array_wrap__=_array_wrap, __array_priority__=1000,  # ndarray + tensor asks the tensor
    __cuda_array_interface__=property(_cuda_array_interface),
)  # fmt: skip
