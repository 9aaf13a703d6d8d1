"""Copies: of memory, to another order of it, to another dtype, to another device."""

from __future__ import annotations

import re
from typing import Any

from ..autograd.operation import Operation
from ..device import device as Device
from ..dtype import (
    as_dtype,
    bfloat16,
    complex64,
    complex128,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    uint8,
)
from ..dtype import bool as bool_
from ..dtype import dtype as DType
from ..errors import OperationError
from ..kernels.base.memory_order import is_channels_last
from ..kernels.devices import is_same_device, name_of
from ..layout import channels_last, channels_last_3d, contiguous_format, preserve_format
from ..layout import memory_format as MemoryFormat
from ..tensor import Tensor
from ..types import AnyDevice
from .common import methods
from .declare import operation


class _Orders(dict[Any, str]):
    def __missing__(self, memory_format: Any) -> str:
        raise TypeError(
            "argument 'memory_format' must be torch.memory_format, not "
            f"{type(memory_format).__name__}: {memory_format}"
        )


_orders = _Orders({contiguous_format: "C", preserve_format: "K"})


class Clone(Operation):
    """A dense copy; its gradient comes back in the order that the input had in memory."""

    def setup_context(self, inputs: Any, output: Any) -> None:
        x, order = inputs
        self.restore = order == "C" and not x.array.flags.c_contiguous and is_channels_last(x.array)

    def backward(self, grad: Tensor) -> Any:
        # What lies behind worked on channels-last images; gradients in another order would make
        # each of its kernels copy.
        return Clone.apply(grad, "channels_last") if self.restore else grad


# How many axes a tensor in such an order has.
_RANKS = {channels_last: 4, channels_last_3d: 5}


class CloneChannelsLast(Operation):
    """A dense copy in the order N, H, W, C or N, D, H, W, C, for a program that asks for it.

    It is a view of rows in that order, by which `filling_order` tells it from images that lie so
    without the asking.
    """

    node_name = "CloneBackward0"

    @staticmethod
    def forward(kernels: Any, x: Any, rank: int) -> Any:
        if x.ndim != rank:
            name = "channels_last" if rank == 4 else "channels_last_3d"
            raise OperationError(f"required rank {rank} tensor to use {name} format")
        rows = kernels.permute(x, (0, *range(2, rank), 1))
        return kernels.permute(kernels.clone(rows, "C"), (0, rank - 1, *range(1, rank - 1)))

    def backward(self, grad: Tensor) -> Any:
        return grad


class ToCopy(Operation):
    """Conversion to another dtype or device."""

    @staticmethod
    def forward(kernels: Any, x: Any, dtype: Any, device: Any) -> Any:
        if dtype is not None:
            x = kernels.cast(x, dtype)
        if device is not None:
            x = kernels.to_device(x, device)
        return x

    def setup_context(self, inputs: Any, output: Any) -> None:
        x, _, device = inputs
        self.device = x.device if device is not None else None

    def backward(self, grad: Tensor) -> Any:
        # The engine converts the dtype back.
        return grad if self.device is None else grad.to(self.device)


@operation
def clone(input: Tensor, *, memory_format: MemoryFormat = preserve_format) -> Tensor:
    """A copy that keeps the history: gradients flow through it.

    >>> import rushlight as torch
    >>> x = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> x.clone().sum().backward()
    >>> x.grad
    tensor([1., 1.])
    """
    if memory_format in _RANKS:
        return CloneChannelsLast.apply(input, _RANKS[memory_format])
    return Clone.apply(input, _orders[memory_format])


@operation("Tensor")
def contiguous(input: Tensor, memory_format: MemoryFormat = contiguous_format) -> Tensor:
    """The tensor itself if its memory is in this order, else a copy that is.

    >>> import rushlight as torch
    >>> x = torch.arange(6).reshape(2, 3).T
    >>> x.stride(), x.contiguous().stride()
    ((1, 3), (2, 1))
    """
    if is_contiguous(input, memory_format):
        return input
    if memory_format in _RANKS:
        return CloneChannelsLast.apply(input, _RANKS[memory_format])
    return Clone.apply(input, _orders[memory_format])


@operation("Tensor")
def is_contiguous(input: Tensor, memory_format: MemoryFormat = contiguous_format) -> bool:
    """Whether the elements lie in memory in the order of the indices.

    >>> import rushlight as torch
    >>> x = torch.zeros(2, 3)
    >>> x.is_contiguous(), x.T.is_contiguous()
    (True, False)
    """
    if memory_format in _RANKS:
        return input.array.ndim == _RANKS[memory_format] and is_channels_last(input.array)
    _orders[memory_format]
    return bool(input.array.flags.c_contiguous)


def _to(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """`to(dtype)`, `to(device, dtype)`, `to(other)`: itself if nothing changes, else a copy.

    >>> import rushlight as torch
    >>> x = torch.tensor([1, 2])
    >>> x.to(torch.float32)
    tensor([1., 2.])
    >>> x.to("cpu") is x
    True
    """
    device, dtype, copy, memory_format = parse_to(*args, **kwargs)
    return convert(self, device, dtype, copy, memory_format)


# Which come after which: a tensor or a dtype, or a device and a dtype; then two flags.
_ARGUMENTS_OF_TO = re.compile("[td]b?b?|[vn]([dn]b?b?)?")


def parse_to(*args: Any, **kwargs: Any) -> tuple[Any, Any, bool, MemoryFormat]:
    """The device, dtype, `copy` and memory format that the arguments of a `to` ask for."""
    device, dtype = kwargs.pop("device", None), as_dtype(kwargs.pop("dtype", None))
    copy, memory_format = kwargs.pop("copy", False), kwargs.pop("memory_format", preserve_format)
    kwargs.pop("non_blocking", None)
    if kwargs:
        raise TypeError(f"to() received an invalid combination of arguments - got {list(kwargs)}")
    flags = []
    kinds = ""
    for argument in map(as_dtype, args):
        if isinstance(argument, Tensor):
            device, dtype = argument.device, argument.dtype
            kinds += "t"
        elif isinstance(argument, DType):
            dtype = argument
            kinds += "d"
        elif isinstance(argument, bool):
            flags.append(argument)
            kinds += "b"
        elif isinstance(argument, (str, Device, int)):
            device = argument
            kinds += "v"
        else:
            kinds += "n" if argument is None else "?"
    if len(kinds) > 1 and not _ARGUMENTS_OF_TO.fullmatch(kinds) or kinds == "?":
        told = ", ".join(type(argument).__name__ for argument in args)
        raise TypeError(
            f"to() received an invalid combination of arguments - got ({told}), but expected a "
            "device and a dtype, a dtype, or a tensor, and then non_blocking and copy"
        )
    if len(flags) > 1:
        copy = flags[1]  # to(device, dtype, non_blocking, copy)
    return None if device is None else Device(device), dtype, copy, memory_format


def convert(
    x: Tensor, device: Device | None, dtype: DType | None, copy: bool, memory_format: MemoryFormat
) -> Tensor:
    name = None
    if device is not None and not is_same_device(device, x.device):
        name = name_of(device)
    if dtype is not None and dtype.numpy == x.array.dtype:
        dtype = None
    if dtype is None and name is None:
        if memory_format == preserve_format:
            return clone(x) if copy else x
        return clone(x, memory_format=memory_format) if copy else contiguous(x, memory_format)
    if dtype is not None and not (dtype.is_floating_point or dtype.is_complex):
        x = x.detach()  # whole numbers have no gradient
    result = ToCopy.apply(x, None if dtype is None else dtype.numpy, name)
    return result if memory_format == preserve_format else contiguous(result, memory_format)


def _cast(dtype: DType) -> Any:
    def function(self: Tensor, memory_format: MemoryFormat = preserve_format) -> Tensor:
        return convert(self, None, dtype, False, memory_format)

    function.__doc__ = f"The tensor as {dtype.name}; itself if it is that already."
    return function


_TYPES = {
    "Float": float32, "Double": float64, "Half": float16, "BFloat16": bfloat16, "Byte": uint8,
    "Char": int8, "Short": int16, "Int": int32, "Long": int64, "Bool": bool_,
    "ComplexFloat": complex64, "ComplexDouble": complex128,
}  # fmt: skip
_TYPE_NAMES = {kind: name for name, kind in _TYPES.items()}


def type_name(tensor: Tensor) -> str:
    """PyTorch's old name of dtype and device: torch.FloatTensor, torch.cuda.LongTensor."""
    place = "torch" if tensor.device.type == "cpu" else f"torch.{tensor.device.type}"
    name = _TYPE_NAMES.get(tensor.dtype) or tensor.dtype.name.replace("uint", "UInt")
    return f"{place}.{name}Tensor"


def _type(self: Tensor, dtype: Any = None, non_blocking: bool = False) -> Any:
    """The old name of dtype and device; or the tensor converted to a dtype, or to such a name.

    >>> import rushlight as torch
    >>> torch.zeros(2).type(), torch.zeros(2).type(torch.int64)
    ('torch.FloatTensor', tensor([0, 0]))
    """
    if dtype is None:
        return type_name(self)
    if isinstance(dtype, DType):
        return convert(self, None, dtype, False, preserve_format)
    if not isinstance(dtype, (str, type)):
        raise TypeError("dtype must be a type, str, or dtype object")
    place, _, name = str(dtype).rpartition(".")
    kind = _TYPES.get(name.removesuffix("Tensor"))
    if kind is None or place not in ("torch", "torch.cuda") or not name.endswith("Tensor"):
        raise ValueError(f"invalid type: {dtype!r}")
    device = Device("cpu" if place == "torch" else "cuda")
    return convert(self, device, kind, False, preserve_format)


def _cpu(self: Tensor, memory_format: MemoryFormat = preserve_format) -> Tensor:
    """The tensor in the host's memory; itself if it is there.

    >>> import rushlight as torch
    >>> x = torch.tensor([1.0, 2.0])
    >>> x.cpu() is x
    True
    """
    return convert(self, Device("cpu"), None, False, memory_format)


def _cuda(
    self: Tensor, device: AnyDevice = None, non_blocking: bool = False,
    memory_format: MemoryFormat = preserve_format,
) -> Tensor:  # fmt: skip
    """The tensor in a GPU's memory; itself if it is there.

    >>> import rushlight as torch
    >>> not torch.cuda.is_available() or torch.zeros(2).cuda().is_cuda
    True
    """
    return convert(self, Device("cuda" if device is None else device), None, False, memory_format)


def _type_as(self: Tensor, other: Tensor) -> Tensor:
    """The tensor in another one's dtype and on its device.

    >>> import rushlight as torch
    >>> torch.tensor([1.5, 2.5]).type_as(torch.tensor(0))
    tensor([1, 2])
    """
    return convert(self, other.device, other.dtype, False, preserve_format)


def _pin_memory(self: Tensor, device: AnyDevice = None) -> Tensor:
    """The tensor itself: transfers to a GPU copy from ordinary memory.

    Unlike PyTorch's, it needs no GPU.

    >>> import rushlight as torch
    >>> torch.tensor([1.0, 2.0]).pin_memory()
    tensor([1., 2.])
    """
    return self


methods(
    to=_to, type=_type, type_as=_type_as, cpu=_cpu, cuda=_cuda, pin_memory=_pin_memory,
    float=_cast(float32), double=_cast(float64), half=_cast(float16),
    bfloat16=_cast(bfloat16), cfloat=_cast(complex64), cdouble=_cast(complex128),
    long=_cast(int64), int=_cast(int32), short=_cast(int16),
    char=_cast(int8), byte=_cast(uint8), bool=_cast(bool_),
)  # fmt: skip
