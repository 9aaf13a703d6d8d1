"""Tensors made by a rule, or like another tensor."""

from __future__ import annotations

import math
from operator import index
from typing import Any

from ..categories import NUMBERS, REALS, refused
from ..device import chosen as chosen_devices
from ..device import default_device
from ..device import device as Device
from ..dtype import (
    BOOL,
    FLOATING,
    INTEGER,
    get_default_dtype,
    int64,
    scalar_dtype,
)
from ..dtype import dtype as DType
from ..errors import OperationError
from ..kernels import launch
from ..kernels.devices import find_table
from ..kernels.launch import tables_by_device
from ..layout import preserve_format, strided
from ..scalars import checked, number
from ..tensor import Tensor, wrap
from ..types import AnyDevice
from .common import new_shape, table_of
from .declare import operation
from .signatures import signature_of


def table_at(device: Any) -> Any:
    """The kernels of the device that a function was given, or of that which is the default."""
    if device is None:
        return find_table(default_device()) if chosen_devices else tables_by_device["cpu"]
    return find_table(Device(device))


def finished(array: Any, requires_grad: bool, memory_format: Any = None) -> Tensor:
    """The tensor of a new array, in the memory order that is asked for."""
    result = wrap(array)
    if memory_format not in (None, preserve_format):
        result = result.contiguous(memory_format=memory_format)
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


@operation(method=False, asks=False, out="cast")
def full(
    size: Any, fill_value: Any, *, dtype: DType | None = None, device: AnyDevice = None,
    layout: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """A tensor of `size` with one value everywhere.

    >>> import rushlight as torch
    >>> torch.full((2,), 7.0)
    tensor([7., 7.])
    """
    check_strided("full", layout)
    if isinstance(fill_value, Tensor):
        fill_value = fill_value.item()
    kind = (dtype or scalar_dtype(fill_value)).numpy
    shape = new_shape((size,))
    array = table_at(device).full(shape, checked(fill_value, kind), kind)
    return finished(array, requires_grad)


@operation(method=False, out="cast")
def zeros(
    *size: Any, dtype: DType | None = None, device: AnyDevice = None, layout: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """A tensor of zeros.

    >>> import rushlight as torch
    >>> torch.zeros(2, 2)
    tensor([[0., 0.],
            [0., 0.]])
    """
    kind = (dtype or get_default_dtype()).numpy
    if layout not in (None, strided):
        return holding_nothing(new_shape(size), layout, dtype, device, requires_grad)
    array = table_at(device).full(new_shape(size), 0, kind)
    return finished(array, requires_grad)


@operation(method=False, out="cast")
def ones(
    *size: Any, dtype: DType | None = None, device: AnyDevice = None, layout: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """A tensor of ones.

    >>> import rushlight as torch
    >>> torch.ones(3)
    tensor([1., 1., 1.])
    """
    check_strided("ones", layout)
    kind = (dtype or get_default_dtype()).numpy
    array = table_at(device).full(new_shape(size), 1, kind)
    return finished(array, requires_grad)


@operation(method=False, out="cast")
def empty(
    *size: Any, dtype: DType | None = None, device: AnyDevice = None, layout: Any = None,
    requires_grad: bool = False, pin_memory: bool = False, memory_format: Any = None,
) -> Tensor:  # fmt: skip
    """A tensor whose elements are whatever stood in its memory.

    >>> import rushlight as torch
    >>> torch.empty(2, 3).shape
    torch.Size([2, 3])
    """
    kind = dtype or get_default_dtype()
    shape = new_shape(size)
    if layout not in (None, strided):
        return holding_nothing(shape, layout, dtype, device, requires_grad)
    return finished(table_at(device).empty(shape, kind.numpy), requires_grad, memory_format)


@operation(method=False, out="cast")
def arange(
    start: Any, end: Any = None, step: Any = 1, *, dtype: DType | None = None,
    device: AnyDevice = None, layout: Any = None, pin_memory: bool = False,
    requires_grad: bool = False,
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
        raise refused("arange", dtype, REALS)
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


@operation(method=False, out="cast")
def linspace(
    start: Any, end: Any, steps: int, *, dtype: DType | None = None, device: AnyDevice = None,
    requires_grad: bool = False, layout: Any = None, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """`steps` numbers from `start` to `end`, both included, at equal distances.

    >>> import rushlight as torch
    >>> torch.linspace(0, 1, 3)
    tensor([0.0000, 0.5000, 1.0000])
    """
    steps = index(steps)
    if steps < 0:
        raise RuntimeError("number of steps must be non-negative")
    start, end = (v.item() if isinstance(v, Tensor) else v for v in (start, end))
    complex_ends = any(isinstance(v, complex) for v in (start, end))
    kind = dtype or (scalar_dtype(1j) if complex_ends else get_default_dtype())
    if kind.category == BOOL:
        raise refused("linspace", kind, NUMBERS)
    start, end = (
        checked(v, kind.numpy) if isinstance(v, (int, float, complex)) else v for v in (start, end)
    )
    if kind.category == INTEGER:
        start, end = int(start), int(end)
    return finished(table_at(device).linspace(start, end, steps, kind.numpy), requires_grad)


@operation(method=False, out="cast")
def eye(
    n: int, m: int | None = None, *, dtype: DType | None = None, device: AnyDevice = None,
    requires_grad: bool = False, layout: Any = None, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """A matrix of `n` rows and `m` (or as many) columns with ones on its diagonal.

    >>> import rushlight as torch
    >>> torch.eye(2)
    tensor([[1., 0.],
            [0., 1.]])
    """
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
    requires_grad: bool = False, layout: Any = None, pin_memory: bool = False,
    memory_format: Any = None,
) -> Tensor:  # fmt: skip
    """A tensor of `input`'s shape, dtype and memory order with one value everywhere.

    >>> import rushlight as torch
    >>> torch.full_like(torch.zeros(2), 3.0)
    tensor([3., 3.])
    """
    check_strided("full_like", layout)
    kind = (dtype or input.dtype).numpy
    if device is not None and Device(device) != input.device:
        array = table_at(device).full(input.shape, checked(fill_value, kind), kind)
        return finished(array, requires_grad, memory_format)
    array = table_of(input).full_like(input.array, checked(fill_value, kind), kind)
    return finished(array, requires_grad, memory_format)


@operation(method=False)
def zeros_like(
    input: Tensor, *, dtype: DType | None = None, device: AnyDevice = None,
    requires_grad: bool = False, layout: Any = None, pin_memory: bool = False,
    memory_format: Any = None,
) -> Tensor:  # fmt: skip
    """Zeros in `input`'s shape, dtype and memory order.

    >>> import rushlight as torch
    >>> torch.zeros_like(torch.ones(2))
    tensor([0., 0.])
    """
    if layout not in (None, strided):
        return zeros(input.shape, dtype=dtype or input.dtype, device=device or input.device,
                     layout=layout, requires_grad=requires_grad)  # fmt: skip
    return full_like(
        input, 0, dtype=dtype, device=device, requires_grad=requires_grad,
        memory_format=memory_format,
    )  # fmt: skip


@operation(method=False)
@signature_of(full_like)
def ones_like(input: Tensor, **options: Any) -> Tensor:
    """Ones in `input`'s shape, dtype and memory order.

    >>> import rushlight as torch
    >>> torch.ones_like(torch.zeros(2))
    tensor([1., 1.])
    """
    return full_like(input, 1, **options)


@operation(method=False)
def empty_like(
    input: Tensor, *, dtype: DType | None = None, device: AnyDevice = None,
    requires_grad: bool = False, layout: Any = None, pin_memory: bool = False,
    memory_format: Any = None,
) -> Tensor:  # fmt: skip
    """A tensor of `input`'s shape, dtype and memory order, elements whatever stood in its memory.

    >>> import rushlight as torch
    >>> torch.empty_like(torch.zeros(2, 3, dtype=torch.int64)).dtype
    torch.int64
    """
    kind = dtype or input.dtype
    if layout not in (None, strided):
        return zeros_like(input, dtype=kind, device=device, layout=layout)
    if device is not None and Device(device) != input.device:
        table = table_at(device)
        if input.is_contiguous():
            array = table.empty(input.array.shape, kind.numpy)
            return finished(array, requires_grad, memory_format)
        order = input.dim_order()
        array = table.empty([input.array.shape[dim] for dim in order], kind.numpy)
        back = sorted(range(len(order)), key=order.__getitem__)
        return finished(table.permute(array, tuple(back)), requires_grad, memory_format)
    array = table_of(input).empty_like(input.array, kind.numpy)
    return finished(array, requires_grad, memory_format)


@operation("Tensor")
def new_full(
    self: Tensor, size: Any, fill_value: Any, *, dtype: DType | None = None,
    device: AnyDevice = None, requires_grad: bool = False, layout: Any = None,
    pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """`torch.full(size, fill_value)` with this tensor's dtype and device.

    >>> import rushlight as torch
    >>> torch.tensor([1, 2]).new_full((2, 2), 7)
    tensor([[7, 7],
            [7, 7]])
    """
    if launch.batching is not None and device is None and launch.batching.is_batched(self.array):
        made = wrap(table_of(self).full(new_shape((size,)), 0, self.array.dtype, self.array))
        made = made.to(dtype or self.dtype).fill_(fill_value)
        return made.requires_grad_(requires_grad)
    return full(size, fill_value, dtype=dtype or self.dtype, device=device or self.device,
                requires_grad=requires_grad)  # fmt: skip


def _new_filled(
    like: Tensor, shape: tuple[int, ...], value: int, dtype: DType | None, device: AnyDevice,
    requires_grad: bool,
) -> Tensor:  # fmt: skip
    if device is not None or launch.batching is not None:
        return new_full(like, shape, value, dtype=dtype, device=device, requires_grad=requires_grad)
    kind = like.array.dtype if dtype is None else dtype.numpy
    return finished(table_of(like).full(shape, value, kind, like.array), requires_grad)


@operation("Tensor")
def new_zeros(
    self: Tensor, *size: Any, dtype: DType | None = None, device: AnyDevice = None,
    requires_grad: bool = False, layout: Any = None, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """`torch.zeros(size)` with this tensor's dtype and device.

    >>> import rushlight as torch
    >>> torch.tensor([1, 2]).new_zeros(3)
    tensor([0, 0, 0])
    """
    return _new_filled(self, new_shape(size), 0, dtype, device, requires_grad)


@operation("Tensor")
def new_ones(
    self: Tensor, *size: Any, dtype: DType | None = None, device: AnyDevice = None,
    requires_grad: bool = False, layout: Any = None, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """`torch.ones(size)` with this tensor's dtype and device.

    >>> import rushlight as torch
    >>> torch.tensor([1, 2]).new_ones(3)
    tensor([1, 1, 1])
    """
    return _new_filled(self, new_shape(size), 1, dtype, device, requires_grad)


@operation("Tensor")
def new_empty(
    self: Tensor, *size: Any, dtype: DType | None = None, device: AnyDevice = None,
    requires_grad: bool = False, layout: Any = None, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """`torch.empty(size)` with this tensor's dtype and device.

    >>> import rushlight as torch
    >>> x = torch.tensor([1, 2]).new_empty(2, 3)
    >>> x.shape, x.dtype
    (torch.Size([2, 3]), torch.int64)
    """
    return empty(*size, dtype=dtype or self.dtype, device=device or self.device,
                 requires_grad=requires_grad)  # fmt: skip
