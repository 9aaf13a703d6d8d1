"""What the kernel tables of devices that are not the host have in common.

A device kind has a table per device, bound to its index, for what makes arrays out of nothing. On
a machine with one device that table is also the one of its arrays. On a machine with several, a
further table serves the arrays of all: `spread` makes its class, whose kernels run on the device of
the arrays they get, and refuse arrays of two.
"""

from __future__ import annotations

from math import nan
from typing import Any

import numpy as np

from ..device import device
from ..dtype import COMPLEX, category_of
from ..errors import OperationError
from ..utils._pytree import tree_iter
from .base import Base
from .base.philox import DEVICE, Philox
from .declaration import kernels_of


class Accelerator(Philox, Base):
    """The generic kernels on an array library with CuPy's interface.

    `index` is the device that new arrays are made on, None for the current one.
    """

    is_host = False
    index: int | None

    def __init__(self, index: int | None) -> None:
        self.index = index

    @classmethod
    def current_index(cls) -> int:
        """The device that the array library makes arrays on."""
        raise NotImplementedError

    @classmethod
    def context(cls, index: int) -> Any:
        """A context manager inside of which a device is the current one."""
        raise NotImplementedError

    # ---- places

    def device_of(self, x: Any) -> device:
        return device(self.device_name, x.device.id)

    def data_pointer(self, x: Any) -> int:
        return x.data.ptr

    def owns_memory(self, x: Any) -> bool:
        return x.base is None

    def to_numpy(self, x: Any) -> np.ndarray[Any, Any]:
        with self.context(x.device.id):
            if x.flags.c_contiguous:
                return x.get()
            # The library gives C order; images lie channels-last here and shall do so there.
            order, back = _memory_order(x)
            return x.transpose(order).get().transpose(back)

    def from_numpy(self, x: np.ndarray[Any, Any]) -> Any:
        with self.context(self.current_index() if self.index is None else self.index):
            if x.flags.c_contiguous:
                return self.xp.asarray(x)
            order, back = _memory_order(x)
            return self.xp.asarray(np.ascontiguousarray(x.transpose(order))).transpose(back)

    def copy(self, x: Any, source: Any) -> Any:
        with self.context(x.device.id):
            if source.device.id != x.device.id:
                source = self.from_numpy(self.to_numpy(source))
            return super().copy(x, source)

    # ---- where CuPy differs from NumPy

    def expand(self, x: Any, shape: Any) -> Any:
        return self.xp.broadcast_to(x, shape)  # writable, unlike NumPy's

    def lcm(self, a: Any, b: Any, out: Any = None) -> Any:
        """Wraps as PyTorch's does; CuPy's takes the absolute value of what has wrapped."""
        common = super().gcd(a, b)
        parts = abs(a) // self.xp.where(common == 0, 1, common)
        return self.store((parts * abs(b)).astype(common.dtype), out)

    def xlog1py(self, a: Any, b: Any, out: Any = None) -> Any:
        """Of 0 and nan it is nan; CuPy's is 0."""
        result = super().xlog1py(a, b)
        missing = self.xp.isnan(self.xp.asarray(b))
        return self.store(self.xp.where(missing, nan, result).astype(result.dtype), out)

    def i0e(self, x: Any, out: Any = None) -> Any:
        return self._falling(x, super().i0e(x), out)

    def i1e(self, x: Any, out: Any = None) -> Any:
        return self._falling(x, super().i1e(x), out)

    def _falling(self, x: Any, result: Any, out: Any) -> Any:
        """0 at the infinities, where CuPy's is nan."""
        return self.store(self.xp.where(self.xp.isinf(x), 0, result).astype(result.dtype), out)

    def add_at(self, x: Any, index: Any, values: Any) -> None:
        # CuPy's atomic additions know these; of two's complement the signed sum is the unsigned.
        if x.dtype.name in ("float16", "float32", "float64", "int32", "uint32", "uint64"):
            self.xp.add.at(x, index, values)
        elif x.dtype.name == "int64":
            values = values.astype("int64", copy=False)
            self.xp.add.at(x.view("uint64"), index, values.view("uint64"))
        elif category_of(x.dtype) == COMPLEX:
            values = values.astype(x.dtype, copy=False)
            self.xp.add.at(x.real, index, values.real)
            self.xp.add.at(x.imag, index, values.imag)
        else:
            wide = x.astype("int32")
            self.xp.add.at(wide, index, values.astype("int32"))
            x[...] = wide.astype(x.dtype)


def _memory_order(x: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The dimensions in the order in which x lies in memory, and the order that undoes it."""
    order = sorted(range(x.ndim), key=lambda axis: -x.strides[axis] if x.shape[axis] > 1 else 0)
    return tuple(order), tuple(sorted(range(x.ndim), key=order.__getitem__))


def spread(kind: type[Accelerator]) -> type[Accelerator]:
    """A class like `kind` for a machine with several devices."""
    guarded = {
        name: _on_device_of_arguments(name, getattr(kind, name), declaration.kind == "random")
        for name, declaration in kernels_of(kind).items()
        if declaration.kind not in ("transfer", "read")  # these find their devices by themselves
    }
    return type(kind.__name__, (kind,), guarded)


def _on_device_of_arguments(name: str, kernel: Any, draws: bool) -> Any:
    def guarded(self: Any, *arguments: Any, **options: Any) -> Any:
        values = tree_iter((arguments, options))
        found = {v.device.id: None for v in values if type(v) is self.array_type}
        if len(found) > 1:
            first, second, *_ = (f"{self.device_name}:{index}" for index in found)
            raise OperationError(
                f"{name}: Expected all tensors to be on the same device, but found at least two "
                f"devices, {first} and {second}! Move one with .to(device)."
            )
        index = next(iter(found), self.index)
        if draws:  # numbers are drawn where their generator is
            index = int(arguments[0][DEVICE])
        if index is None or index == self.current_index():
            return kernel(self, *arguments, **options)
        with self.context(index):
            return kernel(self, *arguments, **options)

    return guarded
