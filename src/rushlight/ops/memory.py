"""Tensors by their memory: made with strides, given another size or storage in place."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from ..autograd.inplace import check_inference
from ..autograd.operation import ViewOperation
from ..dtype import dtype as DType
from ..dtype import get_default_dtype
from ..errors import OperationError
from ..kernels.launch import refuse_record
from ..layout import contiguous_format, preserve_format
from ..storage import TypedStorage, UntypedStorage, is_shared, legacy_storages, share_memory
from ..tensor import Tensor, version_of, wrap
from ..types import AnyDevice
from .common import check_same_device, methods, new_shape
from .creation import empty, finished, table_at
from .declare import operation
from .promotion import table_of
from .views import Places


@operation(method=False, out="cast")
def empty_strided(
    size: Sequence[int], stride: Sequence[int], *, dtype: DType | None = None,
    device: AnyDevice = None, layout: Any = None, requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """A tensor with these strides, its elements whatever stood in its memory.

    >>> import rushlight as torch
    >>> torch.empty_strided((2, 3), (1, 2)).stride()
    (1, 2)
    """
    shape, strides = new_shape((size,)), new_shape((stride,))
    if len(shape) != len(strides):
        raise OperationError(
            f"empty_strided: dimensionality of sizes ({len(shape)}) must match dimensionality of "
            f"strides ({len(strides)})"
        )
    kind = (dtype or get_default_dtype()).numpy
    return finished(table_at(device).empty_strided(shape, strides, kind), requires_grad)


@operation(method=False, out="cast")
def empty_permuted(
    size: Sequence[int], physical_layout: Sequence[int], *, dtype: DType | None = None,
    device: AnyDevice = None, layout: Any = None, requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """A dense tensor whose dimensions are in the order `physical_layout` in memory, outermost
    first.

    >>> import rushlight as torch
    >>> torch.empty_permuted((2, 3, 4), (0, 2, 1)).stride()
    (12, 1, 3)
    """
    shape, order = new_shape((size,)), tuple(physical_layout)
    if len(shape) != len(order):
        raise OperationError(
            "empty_permuted: Number of dimensions in size does not match the length of the "
            f"physical_layout; i.e. len(size) = {len(shape)} is not equal to len(physical_layout) "
            f"= {len(order)}"
        )
    for dim in order:
        if not 0 <= dim < len(shape):
            raise OperationError(
                "empty_permuted: Dimension out of range (expected to be between 0 and "
                f"{len(shape) - 1}, but got {dim} at index {order.index(dim)}). NB: negative dims "
                "not currently supported; file an issue if you want it."
            )
    if len(set(order)) != len(order):
        raise OperationError("empty_permuted: Duplicate dim not allowed: " + str(list(order)))
    strides = [0] * len(shape)
    step = 1
    for dim in reversed(order):
        strides[dim] = step
        step *= max(shape[dim], 1)
    return empty_strided(shape, strides, dtype=dtype, device=device, requires_grad=requires_grad)


@operation("Tensor")
def new_empty_strided(
    self: Tensor, size: Sequence[int], stride: Sequence[int], *, dtype: DType | None = None,
    device: AnyDevice = None, requires_grad: bool = False, layout: Any = None,
    pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """`torch.empty_strided(size, stride)` with this tensor's dtype and device.

    >>> import rushlight as torch
    >>> torch.zeros(1).new_empty_strided((2, 3), (1, 2)).stride()
    (1, 2)
    """
    return empty_strided(size, stride, dtype=dtype or self.dtype, device=device or self.device,
                         requires_grad=requires_grad)  # fmt: skip


# ---- another size, another storage, in place


class Restride(ViewOperation):
    """The storage's elements at other places, without a gradient."""

    kernel = "as_strided"
    places: Places


@operation("Tensor")
def resize_(self: Tensor, *size: Any, memory_format: Any = contiguous_format) -> Tensor:
    """Another shape for this tensor, with the first elements of its storage from where it begins.

    A larger one than the storage holds gets new memory, whose further elements are whatever stood
    there: other tensors keep the old one.

    >>> import rushlight as torch
    >>> torch.tensor([1, 2, 3, 4, 5]).resize_(2, 2)
    tensor([[1, 2],
            [3, 4]])
    """
    shape = new_shape(size)
    check_inference(self)
    if self.requires_grad:
        raise OperationError(
            "cannot resize variables that require grad (resize_); use detach() or reshape()"
        )
    if shape == self.array.shape and memory_format in (contiguous_format, preserve_format):
        return self
    refuse_record("gives a tensor another size in place (resize_)")
    flat = _elements_behind(self)
    count = prod(shape)
    if count > flat.array.size:
        larger = empty((count,), dtype=self.dtype, device=self.device)
        larger[: flat.array.size].copy_(flat)
        _take_memory(self, larger.reshape(shape).array, larger.counter())
    else:
        _take_memory(self, flat[:count].reshape(shape).array, self.counter())
    if memory_format not in (contiguous_format, preserve_format):
        _take_memory(self, self.contiguous(memory_format=memory_format).array, [version_of(self)])
    return self


def _elements_behind(tensor: Tensor) -> Tensor:
    """A line of the storage's elements from where a tensor begins."""
    offset = tensor.storage_offset()
    count = tensor.untyped_storage().nbytes() // tensor.array.itemsize - offset
    if tensor.array.size == 0:
        return wrap(tensor.array.reshape(-1))
    return Restride.apply(tensor.detach(), Places((count,), (1,)))


def _take_memory(tensor: Tensor, array: Any, counter: list[Any]) -> None:
    """Makes a tensor one of other memory, or of other places in its own."""
    tensor.array = array
    tensor._view = None
    tensor._counter = counter
    tensor.bump_version()


@operation
def resize_as_(self: Tensor, the_template: Tensor, *, memory_format: Any = None) -> Tensor:
    """Another tensor's shape for this one; see `resize_`.

    >>> import rushlight as torch
    >>> torch.tensor([1, 2, 3, 4, 5]).resize_as_(torch.zeros(2, 2))
    tensor([[1, 2],
            [3, 4]])
    """
    return resize_(self, the_template.array.shape)


@operation("Tensor")
def set_(
    self: Tensor, source: Any = None, storage_offset: int = 0, size: Any = None, stride: Any = None
) -> Tensor:
    """The memory of another tensor, or of a storage, for this tensor.

    Sizes and strides say which of its elements; without them it is the tensor as it is, or the
    whole storage in one dimension, and without a source no memory at all.

    >>> import rushlight as torch
    >>> torch.tensor([0]).set_(torch.tensor([1, 2, 3, 4]), 1, (2,), (2,))  # from 1 on, every second
    tensor([2, 4])
    """
    check_inference(self)
    if self.requires_grad and self.is_leaf is False:
        raise OperationError("set_: cannot change the memory of a tensor that has a history")
    refuse_record("gives a tensor another storage (set_)")
    if source is None:
        source = empty((0,), dtype=self.dtype, device=self.device)
    if isinstance(source, (UntypedStorage, TypedStorage)):
        source = source.elements.view(self.dtype)
        if size is None:
            size = source.array.shape
    if not isinstance(source, Tensor):
        raise TypeError(
            "set_() received an invalid combination of arguments - got "
            f"({type(source).__name__}), but expected a Tensor or a Storage"
        )
    check_same_device("set_", self, source)
    if source.array.dtype != self.array.dtype:
        raise OperationError(
            f"set_: Could not set tensor of type {source.dtype} to a tensor of type {self.dtype}"
        )
    array = source.array
    if size is not None:
        shape = new_shape((size,))
        steps = Places.of(shape).stride if stride is None else tuple(stride)
        last = sum((n - 1) * step for n, step in zip(shape, steps, strict=True))
        if storage_offset < 0:
            raise OperationError(f"set_: Tensor: invalid storage offset {storage_offset}")
        needed = (storage_offset + last + 1) * source.array.itemsize if 0 not in shape else 0
        storage = source.untyped_storage()
        if needed > storage.nbytes() and storage.resizable() and min(steps, default=0) >= 0:
            del array
            storage.resize_(needed)
        whole = storage.elements.view(source.dtype)
        array = Restride.apply(whole, Places(shape, steps, storage_offset)).array
    _take_memory(self, array, source.counter())
    return self


# ---- what the memory is


def _untyped_storage(self: Tensor) -> UntypedStorage:
    """The bytes that this tensor shares with its views, and with what it is a view of.

    >>> import rushlight as torch
    >>> x = torch.tensor([1.0, 2.0])
    >>> x[1:].untyped_storage().nbytes()
    8
    """
    refuse_record("hands out a storage")
    return UntypedStorage.on(self)


def _storage(self: Tensor) -> TypedStorage:
    """The elements that this tensor shares with its views, in one line.

    >>> import rushlight as torch
    >>> torch.tensor([[1.0, 2.0], [3.0, 4.0]])[1].storage().tolist()
    [1.0, 2.0, 3.0, 4.0]
    """
    refuse_record("hands out a storage")
    return TypedStorage.on(self)


@operation("Tensor")
def is_set_to(self: Tensor, tensor: Tensor) -> bool:
    """Whether both are the same memory with the same sizes and strides.

    >>> import rushlight as torch
    >>> x = torch.tensor([1.0, 2.0])
    >>> x.is_set_to(x[:]), x.is_set_to(x[:1])
    (True, False)
    """
    return (
        table_of(self).data_pointer(self.array) == table_of(tensor).data_pointer(tensor.array)
        and self.array.shape == tensor.array.shape
        and self.array.strides == tensor.array.strides
    )


def _storage_type(self: Tensor) -> Any:
    """The class of this tensor's storage, such as `torch.FloatStorage`.

    >>> import rushlight as torch
    >>> torch.tensor([1.0]).storage_type().__name__
    'FloatStorage'
    """
    return legacy_storages[TypedStorage.on(self).pickle_storage_type()]


def _share_memory_(self: Tensor) -> Tensor:
    """Moves this tensor, and all that share its memory, to memory that other processes can see.

    A child process that is forked later, and whoever is sent the tensor through
    `rushlight.multiprocessing`, sees what is written to it, and the other way around.

    >>> import rushlight as torch
    >>> x = torch.tensor([1.0, 2.0]).share_memory_()
    >>> x.is_shared()
    True
    """
    share_memory(self)
    return self


def _is_shared(self: Tensor) -> bool:
    """Whether other processes can see this tensor's memory.

    >>> import rushlight as torch
    >>> torch.tensor([1.0]).is_shared()
    False
    """
    return is_shared(self)


def _dim_order(self: Tensor, *, ambiguity_check: Any = False) -> tuple[int, ...]:
    """The dimensions from the outermost in memory to the innermost.

    >>> import rushlight as torch
    >>> torch.zeros(2, 3, 4).permute(2, 0, 1).dim_order()
    (1, 2, 0)
    """
    strides = self.array.strides
    return tuple(sorted(range(len(strides)), key=lambda dim: -strides[dim]))


methods(
    untyped_storage=_untyped_storage, storage=_storage, storage_type=_storage_type,
    share_memory_=_share_memory_, is_shared=_is_shared, dim_order=_dim_order,
)  # fmt: skip
