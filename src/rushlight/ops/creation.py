"""Tensors made from data, from a rule, or like another tensor."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from ..device import chosen as chosen_devices
from ..device import default_device
from ..device import device as Device
from ..dtype import (
    BOOL,
    COMPLEX,
    FLOATING,
    HALVES,
    INTEGER,
    bfloat16,
    category_of,
    get_default_dtype,
    int64,
    promote_types,
    scalar_dtype,
    uint64,
)
from ..dtype import dtype as DType
from ..errors import NotSupportedError, OperationError
from ..kernels import launch
from ..kernels.devices import find_table
from ..kernels.launch import refuse_record, tables_by_device
from ..kernels.quiet import quietly
from ..layout import strided
from ..scalars import check_range, checked, number
from ..size import Size
from ..tensor import Tensor, wrap
from ..types import AnyDevice
from .common import new_shape, table_of
from .declare import operation


@operation(method=False, asks=False)
def tensor(
    data: Any, *, dtype: DType | None = None, device: AnyDevice = None, requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """A tensor with a copy of `data`: numbers, nested sequences of them, arrays, tensors.

    Python floats become the default dtype, ints int64.

    >>> import rushlight as torch
    >>> torch.tensor([[1, 2], [3, 4]]).dtype
    torch.int64
    """
    if isinstance(data, Tensor):
        result = data.alias().clone()
        result = result.to(device or _default_or(result.device), dtype or result.dtype)
    else:
        result = placed(quietly(_array_from, data, dtype), device)
    return result.requires_grad_() if requires_grad else result


def _array_from(data: Any, dtype: DType | None) -> np.ndarray[Any, Any]:
    if isinstance(data, np.ndarray):
        refuse_record("makes a tensor of a NumPy array, which may change unseen")
    if dtype is not None:
        return _as_dtype(data, dtype)
    if isinstance(data, (np.ndarray, np.generic)):
        DType.from_numpy(data.dtype)  # raises for strings, objects and their like
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


def _from_sequences(data: Any, numpy_type: Any = None) -> np.ndarray[Any, Any]:
    try:
        return np.array(_plain(data), dtype=numpy_type)
    except ValueError as error:
        ragged = _ragged(data)
        if ragged is None:
            raise _no_element(data) from error
        raise ValueError(ragged) from error


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
    if isinstance(value, (str, bytes)):
        return (
            TypeError(f"new(): invalid data type '{name}'") if is_one
            else ValueError(f"too many dimensions '{name}'")
        )  # fmt: skip
    if dtype is None:
        return RuntimeError(f"Could not infer dtype of {name}")
    if dtype.category >= FLOATING:
        return TypeError(f"must be real number, not {name}")
    return TypeError(f"'{name}' object cannot be interpreted as an integer")


def _elements(data: Any) -> Any:
    """The elements of nested sequences."""
    if not isinstance(data, (list, tuple)):
        yield data
        return
    for part in data:
        yield from _elements(part)


def _ragged(data: Any, dim: int = 0) -> str | None:
    """PyTorch's sentence for the first place where sequences differ in length."""
    if not isinstance(data, (list, tuple)):
        return None
    lengths = [len(part) if isinstance(part, (list, tuple)) else -1 for part in data]
    for length in lengths:
        if length != lengths[0]:
            return f"expected sequence of length {lengths[0]} at dim {dim + 1} (got {length})"
    return next((text for part in data if (text := _ragged(part, dim + 1))), None)


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
    if len(data) == 1 and not isinstance(data[0], (int, Size)):
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


@operation(method=False, asks=False)
def as_tensor(data: Any, dtype: DType | None = None, device: AnyDevice = None) -> Tensor:
    """`data` as a tensor, sharing its memory where dtype and device allow it."""
    if isinstance(data, Tensor):
        return data.to(device or _default_or(data.device), dtype or data.dtype)
    if isinstance(data, np.ndarray):
        given = from_numpy(data)
        return given.to(device or default_device(), dtype or given.dtype)
    return tensor(data, dtype=dtype, device=device)


def _default_or(device: Device) -> Device:
    """The device to which a tensor is copied for which none is given: a default that was set."""
    return default_device() if chosen_devices else device


@operation(method=False, asks=False)
def asarray(
    obj: Any, *, dtype: DType | None = None, device: AnyDevice = None, copy: bool | None = None
) -> Tensor:
    """`as_tensor`, or `tensor` where a copy is asked for."""
    return (tensor if copy else as_tensor)(obj, dtype=dtype, device=device)


@operation(method=False)
def from_numpy(ndarray: np.ndarray[Any, Any]) -> Tensor:
    """A tensor that shares a NumPy array's memory."""
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(ndarray).__name__})")
    refuse_record("makes a tensor of a NumPy array, which may change unseen")
    if not ndarray.dtype.isnative:
        raise ValueError(
            "given numpy array has byte order different from the native byte order. Conversion "
            "between byte orders is currently not supported."
        )
    DType.from_numpy(ndarray.dtype)
    if any(s < 0 for s in ndarray.strides):
        raise ValueError(
            "At least one stride in the given numpy array is negative, and tensors with negative "
            "strides are not currently supported. (You can probably work around this by making a "
            "copy of your array with array.copy().)"
        )
    return wrap(ndarray.view(np.ndarray))


@operation(method=False)
def frombuffer(
    buffer: Any, *, dtype: DType, count: int = -1, offset: int = 0, requires_grad: bool = False
) -> Tensor:
    """A 1-d tensor that shares the memory of an object with the buffer interface."""
    refuse_record("shares the memory of a buffer, which may change unseen")
    result = wrap(np.frombuffer(buffer, dtype.numpy, count, offset))
    return result.requires_grad_() if requires_grad else result


# ---- by a rule


def table_at(device: Any) -> Any:
    """The kernels of the device that a function was given, or of that which is the default."""
    if device is None:
        return find_table(default_device()) if chosen_devices else tables_by_device["cpu"]
    return find_table(Device(device))


def asked_shape(size: tuple[Any, ...], options: dict[str, Any]) -> tuple[int, ...]:
    """The shape given one by one, as a sequence, or as `size=`, which leaves the options."""
    return new_shape((options.pop("size"),) if options and "size" in options else size)


def finished(array: Any, requires_grad: bool) -> Tensor:
    """The tensor of a new array."""
    result = wrap(array)
    return result.requires_grad_() if requires_grad else result


def holding_nothing(
    shape: tuple[int, ...], layout: Any, dtype: DType | None, device: AnyDevice, requires_grad: bool
) -> Tensor:
    """A sparse tensor without values."""
    from ..sparse.making import empty as made_empty
    from ..sparse.making import to_layout

    made = to_layout(made_empty(shape, dtype, device), None, layout, None)
    return made.requires_grad_(requires_grad)


def check_strided(name: str, layout: Any) -> None:
    """PyTorch's error for a layout in which every element would have to be given."""
    if layout not in (None, strided):
        raise OperationError(
            f"{name}(...) is not implemented for sparse layout ({layout}); .to_sparse() makes one"
        )


@operation(method=False, asks=False)
def full(
    size: Any, fill_value: Any, *, dtype: DType | None = None, device: AnyDevice = None,
    layout: Any = None, requires_grad: bool = False, pin_memory: bool = False,
    out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """A tensor of `size` with one value everywhere."""
    check_strided("full", layout)
    if isinstance(fill_value, Tensor):
        fill_value = fill_value.item()
    kind = (dtype or scalar_dtype(fill_value)).numpy
    shape = new_shape((size,))
    array = table_at(device).full(shape, checked(fill_value, kind), kind)
    return finished(array, requires_grad)


@operation(method=False)
def zeros(
    *size: Any, dtype: DType | None = None, device: AnyDevice = None, layout: Any = None,
    requires_grad: bool = False, pin_memory: bool = False, out: Tensor | None = None, **named: Any,
) -> Tensor:  # fmt: skip
    """A tensor of zeros.

    >>> import rushlight as torch
    >>> torch.zeros(2, 2)
    tensor([[0., 0.],
            [0., 0.]])
    """
    kind = (dtype or get_default_dtype()).numpy
    if layout not in (None, strided):
        return holding_nothing(asked_shape(size, named), layout, dtype, device, requires_grad)
    array = table_at(device).full(asked_shape(size, named), 0, kind)
    return finished(array, requires_grad)


@operation(method=False)
def ones(
    *size: Any, dtype: DType | None = None, device: AnyDevice = None, layout: Any = None,
    requires_grad: bool = False, pin_memory: bool = False, out: Tensor | None = None, **named: Any,
) -> Tensor:  # fmt: skip
    """A tensor of ones."""
    check_strided("ones", layout)
    kind = (dtype or get_default_dtype()).numpy
    array = table_at(device).full(asked_shape(size, named), 1, kind)
    return finished(array, requires_grad)


@operation(method=False)
def empty(
    *size: Any, dtype: DType | None = None, device: AnyDevice = None, layout: Any = None,
    requires_grad: bool = False, pin_memory: bool = False, memory_format: Any = None,
    out: Tensor | None = None, **named: Any,
) -> Tensor:  # fmt: skip
    """A tensor whose elements are whatever stood in its memory."""
    kind = dtype or get_default_dtype()
    shape = asked_shape(size, named)
    if layout not in (None, strided):
        return holding_nothing(shape, layout, dtype, device, requires_grad)
    result = finished(table_at(device).empty(shape, kind.numpy), requires_grad)
    return result if memory_format is None else result.contiguous(memory_format=memory_format)


@operation(method=False)
def arange(
    start: Any, end: Any = None, step: Any = 1, *, dtype: DType | None = None,
    device: AnyDevice = None, requires_grad: bool = False, out: Tensor | None = None,
    **ignored: Any,
) -> Tensor:  # fmt: skip
    """`start`, `start + step`, ... below `end`; int64 when all three are whole.

    >>> import rushlight as torch
    >>> torch.arange(1, 4)
    tensor([1, 2, 3])
    """
    if end is None:
        start, end = 0, start
    given = (v.item() if isinstance(v, Tensor) else v for v in (start, end, step))
    start, end, step = map(number, given)
    if dtype is None:
        whole = all(isinstance(v, int) for v in (start, end, step))
        dtype = int64 if whole else get_default_dtype()
    if dtype.category not in (INTEGER, FLOATING):
        raise NotSupportedError(f"arange: not implemented for {dtype}")
    if not all(math.isfinite(v) for v in (start, end)):
        raise RuntimeError(f"arange: unsupported range: {start} -> {end}")
    whole = dtype.category == INTEGER
    if dtype is int64:  # PyTorch counts in whole numbers here, in floats for the other dtypes
        if step and not int(step):
            raise ValueError(f"arange: step must be nonzero, and {step} is 0 as {dtype}")
        start, end, step = (checked(int(v), dtype.numpy) for v in (start, end, step))
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if (end - start) / step < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    count = -((start - end) // step) if dtype is int64 else math.ceil((end - start) / step)
    if count >= 2**63:
        raise RuntimeError(f"arange: invalid size, possible overflow? ({start} to {end} by {step})")
    if whole:
        start, step = int(start), int(step)
    return finished(table_at(device).arange(start, step, count, dtype.numpy), requires_grad)


@operation(method=False)
def linspace(
    start: Any, end: Any, steps: int, *, dtype: DType | None = None, device: AnyDevice = None,
    requires_grad: bool = False, out: Tensor | None = None, **ignored: Any,
) -> Tensor:  # fmt: skip
    """`steps` numbers from `start` to `end`, both included, at equal distances."""
    if steps < 0:
        raise RuntimeError("number of steps must be non-negative")
    start, end = (v.item() if isinstance(v, Tensor) else v for v in (start, end))
    complex_ends = any(isinstance(v, complex) for v in (start, end))
    kind = dtype or (scalar_dtype(1j) if complex_ends else get_default_dtype())
    if kind.category == BOOL:
        raise NotSupportedError("linspace: not implemented for torch.bool")
    start, end = (
        checked(v, kind.numpy) if isinstance(v, (int, float, complex)) else v for v in (start, end)
    )
    if kind.category == INTEGER:
        start, end = int(start), int(end)
    return finished(table_at(device).linspace(start, end, steps, kind.numpy), requires_grad)


@operation(method=False)
def eye(
    n: int, m: int | None = None, *, dtype: DType | None = None, device: AnyDevice = None,
    requires_grad: bool = False, out: Tensor | None = None, **ignored: Any,
) -> Tensor:  # fmt: skip
    """A matrix of `n` rows and `m` (or as many) columns with ones on its diagonal."""
    kind = dtype or get_default_dtype()
    m = n if m is None else m
    for name, count in (("n", n), ("m", m)):
        if count < 0:
            raise OperationError(f"eye: {name} must be greater or equal to 0, got {count}")
    return finished(table_at(device).eye(n, m, kind.numpy), requires_grad)


# ---- like another tensor


@operation(method=False)
def full_like(
    input: Tensor, fill_value: Any, *, dtype: DType | None = None, device: AnyDevice = None,
    requires_grad: bool = False, memory_format: Any = None, layout: Any = None, **ignored: Any,
) -> Tensor:  # fmt: skip
    """A tensor of `input`'s shape, dtype and memory order with one value everywhere."""
    check_strided("full_like", layout)
    kind = (dtype or input.dtype).numpy
    if device is not None and Device(device) != input.device:
        return full(input.shape, fill_value, dtype=dtype or input.dtype, device=device,
                    requires_grad=requires_grad)  # fmt: skip
    array = table_of(input).full_like(input.array, checked(fill_value, kind), kind)
    return finished(array, requires_grad)


@operation(method=False)
def zeros_like(input: Tensor, **options: Any) -> Tensor:
    """Zeros in `input`'s shape, dtype and memory order."""
    if options and options.get("layout") not in (None, strided):
        kind, place = options.get("dtype") or input.dtype, options.get("device") or input.device
        return zeros(input.shape, dtype=kind, device=place, layout=options["layout"],
                     requires_grad=options.get("requires_grad", False))  # fmt: skip
    return full_like(input, 0, **options)


@operation(method=False)
def ones_like(input: Tensor, **options: Any) -> Tensor:
    """Ones in `input`'s shape, dtype and memory order."""
    return full_like(input, 1, **options)


@operation(method=False)
def empty_like(
    input: Tensor, *, dtype: DType | None = None, device: AnyDevice = None,
    requires_grad: bool = False, memory_format: Any = None, layout: Any = None, **ignored: Any,
) -> Tensor:  # fmt: skip
    """A tensor of `input`'s shape, dtype and memory order, elements whatever stood in its memory.
    """
    kind = dtype or input.dtype
    if layout not in (None, strided):
        return zeros_like(input, dtype=kind, device=device, layout=layout)
    if device is not None and Device(device) != input.device:
        table = table_at(device)
        if input.is_contiguous():
            return finished(table.empty(input.array.shape, kind.numpy), requires_grad)
        order = input.dim_order()
        array = table.empty([input.array.shape[dim] for dim in order], kind.numpy)
        back = sorted(range(len(order)), key=order.__getitem__)
        return finished(table.permute(array, tuple(back)), requires_grad)
    return finished(table_of(input).empty_like(input.array, kind.numpy), requires_grad)


@operation("Tensor")
def new_tensor(self: Tensor, data: Any, *, dtype: DType | None = None, device: AnyDevice = None,
               requires_grad: bool = False) -> Tensor:  # fmt: skip
    """`torch.tensor(data)` with this tensor's dtype and device."""
    return tensor(data, dtype=dtype or self.dtype, device=device or self.device,
                  requires_grad=requires_grad)  # fmt: skip


@operation("Tensor")
def new_full(
    self: Tensor, size: Any, fill_value: Any, *, dtype: DType | None = None,
    device: AnyDevice = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """`torch.full(size, fill_value)` with this tensor's dtype and device."""
    if launch.batching is not None and device is None and launch.batching.is_batched(self.array):
        made = wrap(table_of(self).full(new_shape((size,)), 0, self.array.dtype, self.array))
        made = made.to(dtype or self.dtype).fill_(fill_value)
        return made.requires_grad_(requires_grad)
    return full(size, fill_value, dtype=dtype or self.dtype, device=device or self.device,
                requires_grad=requires_grad)  # fmt: skip


@operation("Tensor")
def new_zeros(self: Tensor, *size: Any, **options: Any) -> Tensor:
    """`torch.zeros(size)` with this tensor's dtype and device."""
    return new_full(self, asked_shape(size, options), 0, **options)


@operation("Tensor")
def new_ones(self: Tensor, *size: Any, **options: Any) -> Tensor:
    """`torch.ones(size)` with this tensor's dtype and device."""
    return new_full(self, asked_shape(size, options), 1, **options)


@operation("Tensor")
def new_empty(self: Tensor, *size: Any, dtype: DType | None = None, device: AnyDevice = None,
              **options: Any) -> Tensor:  # fmt: skip
    """`torch.empty(size)` with this tensor's dtype and device."""
    return empty(*size, dtype=dtype or self.dtype, device=device or self.device, **options)
