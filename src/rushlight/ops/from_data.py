"""Tensors made from data: numbers, nested sequences of them, arrays, tensors."""

from __future__ import annotations

import functools
import warnings
from typing import Any

import numpy as np

from ..device import chosen as chosen_devices
from ..device import default_device
from ..device import device as Device
from ..dtype import (
    COMPLEX,
    FLOATING,
    HALVES,
    INTEGER,
    bfloat16,
    category_of,
    get_default_dtype,
    promote_types,
    scalar_dtype,
    uint64,
)
from ..dtype import dtype as DType
from ..kernels.launch import refuse_record
from ..kernels.quiet import quietly
from ..scalars import check_range
from ..size import Size
from ..tensor import Tensor, wrap
from ..types import AnyDevice
from .creation import empty, table_at
from .declare import operation


@operation(method=False, asks=False)
def tensor(
    data: Any, *, dtype: DType | None = None, device: AnyDevice = None, requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """A tensor with a copy of `data`: numbers, nested sequences of them, arrays, tensors.

    Python floats become the default dtype, ints int64. Of a tensor a UserWarning says that
    `x.detach().clone()` is plainer.

    >>> import rushlight as torch
    >>> torch.tensor([[1, 2], [3, 4]]).dtype
    torch.int64
    """
    if isinstance(data, Tensor):
        _warn_of_copy("torch.tensor")
    return _copied(data, dtype, device, requires_grad)


def _warn_of_copy(name: str) -> None:
    warnings.warn(
        "To copy construct from a tensor, it is recommended to use sourceTensor.detach().clone() "
        f"or sourceTensor.detach().clone().requires_grad_(True), rather than {name}(sourceTensor).",
        UserWarning,
        stacklevel=4,  # of who calls the function
    )


def _copied(data: Any, dtype: DType | None, device: AnyDevice, requires_grad: bool) -> Tensor:
    if isinstance(data, Tensor):
        result = data.alias().clone()
        result = result.to(device or default_or(result.device), dtype or result.dtype)
    else:
        result = placed(quietly(_array_from, data, dtype), device)
    return result.requires_grad_() if requires_grad else result


def _array_from(data: Any, dtype: DType | None) -> np.ndarray[Any, Any]:
    if isinstance(data, np.ndarray):
        refuse_record("makes a tensor of a NumPy array, which may change unseen")
        check_elements(data)
    if isinstance(data, (bytearray, memoryview)):
        data = list(data)  # numbers, as of any sequence; `frombuffer` reads the memory
    if dtype is not None:
        return _as_dtype(data, dtype)
    if isinstance(data, (np.ndarray, np.generic)):
        check_elements(np.asarray(data))
        return np.array(data)
    array = _from_sequences(data)
    if _holds_numpy(data):
        return array.astype(_promoted(data).numpy)
    category = category_of(array.dtype)
    if category is None or array.dtype == np.uint64:  # NumPy's for whole numbers from 2**63 on
        raise _no_element(data)
    if array.size == 0 or category == FLOATING:
        return array.astype(get_default_dtype().numpy)
    if category == COMPLEX:
        return array.astype(scalar_dtype(1j).numpy)
    return array


def check_elements(array: np.ndarray[Any, Any]) -> None:
    """PyTorch's error where an array's elements are none that a tensor may have."""
    if not array.dtype.isnative:
        raise ValueError(
            "given numpy array has byte order different from the native byte order. Conversion "
            "between byte orders is currently not supported."
        )
    DType.from_numpy(array.dtype)


def _from_sequences(data: Any, numpy_type: Any = None) -> np.ndarray[Any, Any]:
    plain = _plain(data)
    try:
        return np.array(plain, dtype=numpy_type)
    except ValueError as error:
        raise _ragged(data) or _no_element(data) from error


def _as_dtype(data: Any, dtype: DType) -> np.ndarray[Any, Any]:
    """`data` as `dtype`: an array's elements are converted, a program's numbers must fit."""
    if isinstance(data, np.ndarray):
        DType.from_numpy(data.dtype)
        return data.astype(dtype.numpy)
    array = _from_sequences(data)
    category = category_of(array.dtype)
    if dtype.category == INTEGER:
        too_large = array.dtype == np.uint64 and dtype is not uint64 and not _holds_numpy(data)
        if too_large or category is None:
            raise _no_element(data, dtype)
        if category == COMPLEX:
            raise TypeError("'complex' object cannot be interpreted as an integer")
        check_range(array, dtype)
        return array.astype(dtype.numpy)
    if category is None:  # fractions and whole numbers beyond 64 bits are numbers, too
        if array.dtype != object or not all(map(_is_number, array.flat)):
            raise _no_element(data, dtype)
        array = array.astype(np.complex128 if dtype.category == COMPLEX else np.float64)
    elif category == COMPLEX and dtype.category == FLOATING:
        raise TypeError("must be real number, not complex")
    elif category == INTEGER:
        array = array.astype(np.float64)  # as PyTorch reads them
    if dtype.numpy in HALVES:  # PyTorch rounds by way of float32
        array = array.astype(np.float32)
    return array.astype(dtype.numpy, copy=False)


_NUMBERS = {bool, int, float, complex}


def _is_number(value: Any) -> bool:
    return hasattr(value, "__float__") or isinstance(value, complex)


def _no_element(data: Any, dtype: DType | None = None) -> Exception:
    """PyTorch's error for the first element that is no number, or none that a tensor holds."""
    is_one = not isinstance(data, (list, tuple))
    unfit = [value for value in _elements(data) if not _is_number(value)]
    unfit += [v for v in _elements(data) if isinstance(v, int) and not -(2**63) <= v < 2**63]
    value = (unfit or list(_elements(data)))[0]
    name = type(value).__name__
    if isinstance(value, int):
        return ValueError("Overflow when unpacking long long")
    if isinstance(value, str) and not is_one and value is _first(data):
        return ValueError(f"too many dimensions '{name}'")  # it is a sequence, too
    if isinstance(value, (str, bytes)) and (dtype is None or is_one):
        return TypeError(f"new(): invalid data type '{name}'")
    if dtype is None:
        return RuntimeError(f"Could not infer dtype of {name}")
    if dtype.category >= FLOATING:
        return TypeError(f"must be real number, not {name}")
    return TypeError(f"'{name}' object cannot be interpreted as an integer")


def _first(data: Any) -> Any:
    """The first element of nested sequences, by which their depth is told."""
    while isinstance(data, (list, tuple)) and data:
        data = data[0]
    return data


def _elements(data: Any) -> Any:
    """The elements of nested sequences."""
    if not isinstance(data, (list, tuple)):
        yield data
        return
    for part in data:
        yield from _elements(part)


def _ragged(data: Any, dim: int = 0) -> Exception | None:
    """PyTorch's error for the first place where sequences differ in length or depth."""
    if not isinstance(data, (list, tuple)):
        return None
    lengths = [len(part) if isinstance(part, (list, tuple)) else -1 for part in data]
    for length in lengths:
        if length != lengths[0] == -1:
            return TypeError("'list' object cannot be interpreted as an integer")
        if length != lengths[0] and length == -1:
            return TypeError("not a sequence")
        if length != lengths[0]:
            return ValueError(
                f"expected sequence of length {lengths[0]} at dim {dim + 1} (got {length})"
            )
    return next((error for part in data if (error := _ragged(part, dim + 1))), None)


def _plain(data: Any) -> Any:
    """Sequences with the tensors in them, each of which stands for one number, as arrays."""
    if isinstance(data, Tensor):
        if data.array.size != 1:
            kind = TypeError if data.dtype.category <= INTEGER else ValueError  # as PyTorch has it
            raise kind("only one element tensors can be converted to Python scalars")
        array = data.host_array().reshape(())
        return array.astype(np.float32) if array.dtype == bfloat16.numpy else array
    if isinstance(data, (list, tuple)) and any(isinstance(v, (Tensor, list, tuple)) for v in data):
        return [_plain(v) for v in data]
    return data


def _holds_numpy(data: Any) -> bool:
    """Whether an element has a dtype of its own: an array, one of its scalars, a tensor."""
    if not isinstance(data, (list, tuple)):
        return isinstance(data, (np.ndarray, np.generic, Tensor))
    kinds = set(map(type, data))
    if kinds <= _NUMBERS:
        return False
    return any(map(_holds_numpy, data))


def _promoted(data: Any) -> DType:
    """The dtype that all arrays, tensors and numbers in nested sequences promote to."""
    if isinstance(data, (list, tuple)):
        return functools.reduce(promote_types, map(_promoted, data))
    if isinstance(data, Tensor):
        return data.dtype
    if isinstance(data, (np.ndarray, np.generic)):
        return DType.from_numpy(data.dtype)
    return scalar_dtype(data)


def placed(array: np.ndarray[Any, Any], device: Any) -> Tensor:
    """A host array as a tensor on a device."""
    return wrap(table_at(device).from_numpy(array))


def legacy_constructor(cls: type[Tensor], *data: Any, device: Any = None) -> Tensor:
    """`torch.Tensor(2, 3)` and `torch.Tensor([1, 2])`: always of the default dtype."""
    if len(data) == 1 and isinstance(data[0], Tensor):
        return wrap(data[0].array, cls)
    return legacy_tensor(cls, data, get_default_dtype(), device)


def legacy_tensor(
    cls: type[Tensor], data: tuple[Any, ...], kind: DType, device: Any = None, size: Any = None
) -> Tensor:
    """A tensor of `kind` from its sizes, from a sequence of its elements, or of another tensor."""
    if size is not None:
        data = (Size(size),)
    where = device or "cpu"  # whatever the default is
    if len(data) == 1 and not isinstance(data[0], (int, np.integer, Size)):
        given = data[0]
        if isinstance(given, Tensor):
            if given.dtype is not kind:
                raise TypeError(
                    f"new(): expected a tensor of dtype {kind} (got {given.dtype}); convert it "
                    f"with .to({kind})"
                )
            return given.detach()
        if not hasattr(given, "__len__"):
            raise TypeError(f"new(): data must be a sequence (got {type(given).__name__})")
        return wrap(placed(quietly(_array_from, given, kind), where).array, cls)
    return wrap(empty(*(data or (0,)), dtype=kind, device=where).array, cls)


setattr(Tensor, "__new__", staticmethod(legacy_constructor))  # noqa: B010


def default_or(device: Device) -> Device:
    """The device to which a tensor is copied for which none is given: a default that was set."""
    return default_device() if chosen_devices else device


@operation("Tensor")
def new_tensor(
    self: Tensor, data: Any, *, dtype: DType | None = None, device: AnyDevice = None,
    requires_grad: bool = False, layout: Any = None, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """`torch.tensor(data)` with this tensor's dtype and device, and its warning of a tensor.

    >>> import rushlight as torch
    >>> torch.tensor([1.5]).new_tensor([1, 2])
    tensor([1., 2.])
    """
    if isinstance(data, Tensor):
        _warn_of_copy("tensor.new_tensor")
    return _copied(data, dtype or self.dtype, device or self.device, requires_grad)
