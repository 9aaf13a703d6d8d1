"""DLPack, by which libraries hand their tensors' memory to each other without a copy.

Arrays know the protocol. Added here are what tensors have and arrays have not: bfloat16, and memory
that a producer of DLPack's first version hands over, which NumPy would take for read-only.
"""

from __future__ import annotations

import ctypes
import enum
from typing import Any

import numpy as np

from ..device import device as Device
from ..dtype import bfloat16
from ..kernels.devices import find_table
from ..kernels.launch import kernels as kernel_tables
from ..kernels.launch import refuse_record


class DLDeviceType(enum.IntEnum):
    """The kinds of devices that DLPack knows."""

    kDLCPU = 1
    kDLCUDA = 2
    kDLCUDAHost = 3
    kDLOpenCL = 4
    kDLVulkan = 7
    kDLMetal = 8
    kDLVPI = 9
    kDLROCM = 10
    kDLROCMHost = 11
    kDLExtDev = 12
    kDLCUDAManaged = 13
    kDLOneAPI = 14
    kDLWebGPU = 15
    kDLHexagon = 16
    kDLMAIA = 17


_CPU = (DLDeviceType.kDLCPU, 0)
# Where a capsule's memory holds the element type, by the capsule's name, as <dlpack.h> lays it out:
# DLManagedTensor begins with the tensor, DLManagedTensorVersioned with a version, two pointers and
# flags; in the tensor a pointer, the device and the number of dimensions come first.
_TYPE_AT = {b"dltensor": 20, b"dltensor_versioned": 52}
_BFLOAT16 = (4, 16, 1)  # code, bits, lanes
_UINT16 = (1, 16, 1)


class _ElementType(ctypes.Structure):
    _fields_ = [("code", ctypes.c_uint8), ("bits", ctypes.c_uint8), ("lanes", ctypes.c_uint16)]


def _capsule_function(name: str, result: Any, *arguments: Any) -> Any:
    return ctypes.PYFUNCTYPE(result, *arguments)((name, ctypes.pythonapi))


_is_valid = _capsule_function(
    "PyCapsule_IsValid", ctypes.c_int, ctypes.py_object, ctypes.c_char_p
)
_pointer = _capsule_function(
    "PyCapsule_GetPointer", ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p
)


def _element_type(capsule: Any) -> _ElementType:
    """The type of a capsule's elements, to be read and changed; RuntimeError for what is none."""
    for name, offset in _TYPE_AT.items():
        if type(capsule).__name__ == "PyCapsule" and _is_valid(capsule, name):
            return _ElementType.from_address(_pointer(capsule, name) + offset)
    raise RuntimeError(
        "from_dlpack received an invalid capsule. Note that DLTensor capsules can be consumed only "
        f"once, so you might have already constructed a tensor from it once. (got "
        f"{type(capsule).__name__})"
    )


def _set_type(element: _ElementType, values: tuple[int, int, int]) -> None:
    element.code, element.bits, element.lanes = values


# ---- out


def device_of(tensor: Any) -> tuple[DLDeviceType, int]:
    """A tensor's device, as DLPack counts them; BufferError for a kind that it does not know."""
    kind, index = _dlpack_place(tensor.device)
    return DLDeviceType(kind), index


def _dlpack_place(device: Device) -> tuple[DLDeviceType, int]:
    if device.type == "cpu":
        return _CPU
    if device.type == "cuda":
        return DLDeviceType.kDLCUDA, device.index or 0
    raise BufferError(f"Cannot pack tensors on {device}")


def exported(tensor: Any, stream: Any, max_version: Any, dl_device: Any, copy: Any) -> Any:
    """A capsule of a tensor's memory, or of a copy of it."""
    refuse_record("hands its memory to another library (DLPack)")
    here = device_of(tensor)
    if dl_device is not None and tuple(dl_device) not in (_CPU, here):
        raise BufferError(
            f"__dlpack__: cannot export a tensor on {tensor.device} to the device {dl_device}; "
            "move it with .to(device) first"
        )
    if dl_device is not None and tuple(dl_device) != here:
        if copy is False:
            raise BufferError(f"__dlpack__: from {tensor.device} to the host is a copy")
        tensor, copy = tensor.cpu(), None
    array = tensor.array
    is_bfloat16 = array.dtype == bfloat16.numpy
    if is_bfloat16:
        array = array.view(np.uint16)
    if copy:
        array, copy = array.copy(), None
    options = {} if max_version is None else {"max_version": max_version}
    if isinstance(array, np.ndarray):
        if not array.flags.writeable and (max_version is None or max_version[0] < 1):
            raise BufferError(
                "__dlpack__: the memory is read-only, which DLPack can say from version 1 on; "
                "clone() the tensor, or ask for max_version=(1, 0)"
            )
    else:
        options["stream"] = stream
    capsule = array.__dlpack__(**options)
    if is_bfloat16:
        _set_type(_element_type(capsule), _BFLOAT16)
    return capsule


# ---- in


class _Producer:
    """A capsule as an object of the protocol."""

    def __init__(self, capsule: Any, place: tuple[int, int]) -> None:
        self.capsule = capsule
        self.place = place

    def __dlpack__(self, **options: Any) -> Any:
        return self.capsule

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.place


def imported(source: Any, device: Any, copy: bool | None) -> Any:
    """An array on the memory of another library's tensor."""
    if not hasattr(source, "__dlpack__"):
        if device is not None or copy is not None:
            raise AssertionError(
                "device and copy kwargs not supported when ext_tensor is already a DLPack capsule."
            )
        element = _element_type(source)
        # A capsule's device stands before the number of dimensions and the element type.
        kind, index = (ctypes.c_int32 * 2).from_address(ctypes.addressof(element) - 12)
        capsule, place = source, (kind, index)
    else:
        place = tuple(source.__dlpack_device__())
        options: dict[str, Any] = {} if copy is None else {"copy": copy}
        if device is not None:
            place = options["dl_device"] = _dlpack_place(Device(device))
        capsule = _ask(source, options)
        element = _element_type(capsule)
    library = _library(*place)
    is_silent = bool(_is_valid(capsule, b"dltensor"))  # about whether it may be written
    is_bfloat16 = (element.code, element.bits, element.lanes) == _BFLOAT16
    if is_bfloat16:
        _set_type(element, _UINT16)
    array = library.from_dlpack(_Producer(capsule, place))
    if isinstance(array, np.ndarray):
        _check_strides(array)
        array = owning(array, writeable=is_silent)
    return array.view(bfloat16.numpy) if is_bfloat16 else array


def _ask(source: Any, options: dict[str, Any]) -> Any:
    try:
        return source.__dlpack__(max_version=(1, 0), **options)
    except TypeError:  # a producer of the protocol's first version
        return source.__dlpack__(**options)


def _library(kind: int, index: int) -> Any:
    if kind in (DLDeviceType.kDLCPU, DLDeviceType.kDLCUDAHost):
        return kernel_tables[np.ndarray].xp
    if kind in (DLDeviceType.kDLCUDA, DLDeviceType.kDLCUDAManaged):
        return find_table(Device("cuda", index)).xp
    raise BufferError(f"from_dlpack: there are no tensors on devices of DLPack's kind {kind}")


def _check_strides(array: np.ndarray[Any, Any]) -> None:
    if any(stride < 0 for stride in array.strides):
        raise ValueError(
            "from_dlpack: tensors with negative strides are not supported; hand over a copy"
        )


class _Memory:
    """An array's memory under another owner, by NumPy's array interface."""

    def __init__(self, array: np.ndarray[Any, Any], read_only: bool) -> None:
        self.array = array
        interface = dict(array.__array_interface__)
        interface["data"] = (interface["data"][0], read_only)
        self.__array_interface__ = interface


def owning(array: np.ndarray[Any, Any], writeable: bool = False) -> np.ndarray[Any, Any]:
    """The same memory as an array that counts as its owner, whatever it is a part of.

    A tensor's storage ends where the array that it was made of ends.
    """
    if array.base is None and (array.flags.writeable or not writeable):
        return array.view(np.ndarray)
    read_only = not (array.flags.writeable or writeable)
    if array.dtype == bfloat16.numpy:  # which NumPy's interface does not name
        return np.asarray(_Memory(array.view(np.uint16), read_only)).view(bfloat16.numpy)
    return np.asarray(_Memory(array, read_only))


def from_dlpack(ext_tensor: Any, *, device: Any = None, copy: bool | None = None) -> Any:
    """The same as `torch.from_dlpack`.

    >>> import numpy as np
    >>> from rushlight.utils.dlpack import from_dlpack
    >>> from_dlpack(np.array([1, 2]))
    tensor([1, 2])
    """
    from ..ops.interchange import from_dlpack as function

    return function(ext_tensor, device=device, copy=copy)


def to_dlpack(tensor: Any) -> Any:
    """The same as `torch.to_dlpack`.

    >>> import rushlight as torch
    >>> from rushlight.utils.dlpack import from_dlpack, to_dlpack
    >>> from_dlpack(to_dlpack(torch.tensor([1, 2])))
    tensor([1, 2])
    """
    from ..ops.interchange import to_dlpack as function

    return function(tensor)
