"""Kernels of views that strides say: of a storage's elements, of diagonals, of windows."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from ...errors import OperationError
from ..declaration import kernel
from .library import Library
from .memory_order import owner_of, span_of


class Views(Library):
    add_at: Any
    offset_of: Any

    def strided(self, x: Any, shape: Any, strides: Any, offset: int = 0) -> Any:
        """A view of the memory that x is in; `strides` and `offset`, from its start, in bytes."""
        if type(x) is np.ndarray and x.flags.c_contiguous and offset >= 0:
            try:  # within x itself, as most are: NumPy's own look costs a tenth of the one below
                return np.ndarray(shape, x.dtype, x, offset, strides)
            except ValueError:
                pass
        if 0 in shape:
            return self._moved(x, shape, strides)
        owner = owner_of(x)
        start = self.offset_of(x) + offset
        before, after = span_of(owner)
        last = sum((n - 1) * stride for n, stride in zip(shape, strides, strict=True))
        if x.size == 0 or start < before or start + last + x.itemsize > after:
            raise OperationError(
                f"setStorage: sizes {list(shape)}, strides {[s // x.itemsize for s in strides]}, "
                f"storage offset {start // x.itemsize}, and itemsize {x.itemsize} requiring a "
                f"storage size of {start + last + x.itemsize} are out of bounds for storage of "
                f"size {after - before}"
            )
        if type(owner) is np.ndarray:
            memory = _in_memory_order(owner)
            if memory.flags.c_contiguous:  # and the view knows its base
                return np.ndarray(shape, x.dtype, memory, start, strides)
        return self._moved(x, shape, strides, offset)

    def _moved(self, x: Any, shape: Any, strides: Any, offset: int = 0) -> Any:
        as_strided = self.xp.lib.stride_tricks.as_strided
        if offset:  # a line of two elements reaches from x's start to the view's
            x = as_strided(x, (2,), (offset,))[1:]
        return as_strided(x, shape, strides)

    @kernel("view")
    def storage_of(self, x: Any) -> Any:
        """The bytes of the memory that x is in, as one line."""
        memory = _in_memory_order(owner_of(x))
        if memory.flags.c_contiguous:
            return memory.reshape(-1).view("uint8")
        first = memory[(slice(0, 1),) * memory.ndim].reshape(1).view("uint8")
        return self._moved(first, (span_of(memory)[1],), (1,))

    @kernel("view")
    def as_strided(self, x: Any, places: Any, source: Any = None) -> Any:
        """Size, strides and offset in elements; the offset counts from where x begins.

        `source`, the places of x's own elements, is for the gradient.
        """
        shape, strides, offset = places
        steps = tuple([stride * x.itemsize for stride in strides])
        return self.strided(x, shape, steps, offset * x.itemsize)

    @kernel("view")
    def diagonal(self, x: Any, offset: int, dim1: int, dim2: int) -> Any:
        """The elements at i, i + offset of two axes, as a last one."""
        rest = [axis for axis in range(x.ndim) if axis not in (dim1, dim2)]
        above, below = max(offset, 0), max(-offset, 0)
        count = max(min(x.shape[dim1] - below, x.shape[dim2] - above), 0)
        start = above * x.strides[dim2] + below * x.strides[dim1] if count else 0
        shape = (*[x.shape[axis] for axis in rest], count)
        strides = (*[x.strides[axis] for axis in rest], x.strides[dim1] + x.strides[dim2])
        return self.strided(x, shape, strides, start)

    @kernel("view")
    def unfold(self, x: Any, dim: int, size: int, step: int) -> Any:
        """Windows of `size` elements every `step` ones of an axis, their elements as a last one."""
        if x.ndim == 0:
            x = x.reshape(1)
            return self.strided(x, (size,), x.strides)
        count = (x.shape[dim] - size) // step + 1
        shape = (*x.shape[:dim], count, *x.shape[dim + 1 :], size)
        stride = x.strides[dim]
        strides = (*x.strides[:dim], stride * step, *x.strides[dim + 1 :], stride)
        return self.strided(x, shape, strides)

    @kernel("window")
    def strided_sum(self, x: Any, places: Any, goals: Any) -> Any:
        """What there is at `goals` of a line of memory, zeros that x has been added to at `places`.

        Both are sizes, strides and an offset, in elements.
        """
        begin = min(places[2], goals[2])
        size = max(_reach(*places), _reach(*goals)) - begin
        # Sums of float32 are of doubles, rounded once.
        line = self.xp.zeros(size, "float64" if x.dtype == "float32" else x.dtype)
        if x.size:
            shape, strides, offset = places
            self._add_strided(line, shape, strides, offset - begin, x)
        shape, strides, offset = goals
        if prod(shape) == 0:
            return self.xp.zeros(shape, x.dtype)
        part = self.as_strided(line, (shape, strides, offset - begin))
        return self.array(part.astype(x.dtype))

    def _add_strided(self, line: Any, shape: Any, strides: Any, offset: int, x: Any) -> None:
        """Adds x to places of a line, slice by slice so that none has a place twice."""
        dims = sorted(range(x.ndim), key=lambda dim: shape[dim])
        count = 0  # of the shortest dimensions, by which there are slices
        while not _is_apart([shape[d] for d in dims[count:]], [strides[d] for d in dims[count:]]):
            count += 1
        slices, kept = dims[:count], sorted(dims[count:])
        if prod([shape[dim] for dim in slices]) > 64:
            numbers = self._numbers(shape, strides) + offset
            self.add_at(line, numbers.reshape(-1), x.reshape(-1).astype(line.dtype))
            return
        part_of = [shape[dim] for dim in kept], [strides[dim] for dim in kept]
        for index in np.ndindex(*[shape[dim] for dim in slices]):
            start = sum(i * strides[dim] for i, dim in zip(index, slices, strict=True))
            chosen: list[Any] = [slice(None)] * x.ndim
            for i, dim in zip(index, slices, strict=True):
                chosen[dim] = i
            place = self.as_strided(line, (*part_of, offset + start))
            place += x[tuple(chosen)]

    def _numbers(self, shape: Any, strides: Any) -> Any:
        """The place of each element."""
        numbers = self.xp.zeros((), "int64")
        for size, stride in zip(shape, strides, strict=True):
            numbers = numbers[..., None] + self.xp.arange(size) * stride
        return numbers

    @kernel("creation")
    def empty_strided(self, shape: Any, strides: Any, dtype: Any) -> Any:
        memory = self.xp.empty(_reach(shape, strides, 0), dtype)
        return self.as_strided(memory, (shape, strides, 0))

    @kernel("copy")
    def roll(self, x: Any, shifts: Any, axes: Any) -> Any:
        if not axes:
            return self._rolled(x.reshape(-1), shifts[0], 0).reshape(x.shape)
        for shift, axis in zip(shifts, axes, strict=True):
            x = self._rolled(x, shift, axis)
        return x

    def _rolled(self, x: Any, shift: int, axis: int) -> Any:
        result = self.xp.empty_like(x)
        before = (slice(None),) * axis
        start = shift % x.shape[axis] if x.size else 0
        end = x.shape[axis] - start
        result[(*before, slice(start, None))] = x[(*before, slice(None, end))]
        result[(*before, slice(None, start))] = x[(*before, slice(end, None))]
        return result

    @kernel("copy")
    def repeat_each(self, x: Any, times: int, axis: int) -> Any:
        return self.xp.repeat(x, times, axis)

    @kernel("dynamic")
    def repeat_numbers(self, counts: Any) -> Any:
        """0 so many times as the first count says, 1 as the second, ..."""
        known = self.to_numpy(counts).tolist()
        if known and min(known) < 0:
            raise OperationError("repeat_interleave: repeats can not be negative")
        return self.xp.repeat(self.xp.arange(counts.size), known)


def _in_memory_order(array: Any) -> Any:
    """An array with its axes in the order of memory, from the outermost."""
    return array.transpose(sorted(range(array.ndim), key=lambda axis: -array.strides[axis]))


def _reach(shape: Any, strides: Any, offset: int) -> int:
    """How many elements the memory must have."""
    if 0 in shape:
        return offset
    return offset + 1 + sum((n - 1) * stride for n, stride in zip(shape, strides, strict=True))


def _is_apart(shape: Any, strides: Any) -> bool:
    """Whether no two elements are known to share their place."""
    reach = 0
    for stride, size in sorted(zip(strides, shape, strict=True)):
        if size > 1:
            if stride <= reach:
                return False
            reach += (size - 1) * stride
    return True
