"""Kernels that make, fill, copy and convert arrays."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ...dtype import BOOL, COMPLEX, HALVES, INTEGER, category_of, float16
from ...errors import OperationError
from ...scalars import checked, wrapped
from ..declaration import kernel
from ..launch import plain_tables_by_device
from .library import Library
from .memory_order import new_like


def _filled(x: Any, value: Any) -> Any:
    try:
        x.fill(value)
    except (OverflowError, TypeError):  # TypeError: bfloat16's for whole numbers from 2**63 on
        x.fill(wrapped(value, x.dtype))
    return x


def _without_imaginary(x: Any, dtype: Any) -> Any:
    """x as something that converts to `dtype` without a word of the array library."""
    if category_of(x.dtype) != COMPLEX or category_of(dtype) in (BOOL, COMPLEX):
        return x
    warnings.warn(
        "Casting complex values to real discards the imaginary part", UserWarning, stacklevel=6
    )
    return x.real


class Copies(Library):
    @kernel("creation")
    def full(self, shape: Any, value: Any, dtype: Any, like: Any = None) -> Any:
        """One value everywhere. `like` is an array whose device it is to be on.

        A table that serves several devices finds it there; without, it is the table's own device.
        """
        # NumPy's full() is Python, and takes five times as long.
        return _filled(self._new(shape, dtype), value)

    @kernel("creation")
    def empty(self, shape: Any, dtype: Any) -> Any:
        return self._new(shape, dtype)

    def _new(self, shape: Any, dtype: Any) -> Any:
        try:
            return self.xp.empty(shape, dtype)
        except ValueError as error:
            raise OperationError(
                f"Storage size calculation overflowed with sizes={list(shape)}"
            ) from error

    @kernel("creation")
    def full_like(self, x: Any, value: Any, dtype: Any) -> Any:
        return _filled(new_like(self.xp, x, dtype), value)

    @kernel("creation")
    def empty_like(self, x: Any, dtype: Any) -> Any:
        return new_like(self.xp, x, dtype)

    @kernel("creation")
    def arange(self, start: Any, step: Any, count: int, dtype: Any) -> Any:
        return self.cast(self.array(start + step * self.xp.arange(count)), dtype)

    @kernel("creation")
    def linspace(self, start: Any, end: Any, count: int, dtype: Any) -> Any:
        if category_of(dtype) == INTEGER:  # from either end up to the middle, cut off
            step = (end - start) / max(count - 1, 1)
            number = self.xp.arange(count)
            from_end = end - step * (count - 1 - number)
            way = self.xp.where(number < (count + 1) // 2, start + step * number, from_end)
            return self.xp.trunc(way).astype(dtype)
        if dtype == "float32":
            # So is PyTorch's step, which is multiplied and added in one rounding.
            begin, finish = (np.float32(np.multiply(bound, 1.0)) for bound in (start, end))
            if count == 1:  # the step may be infinite
                return self.xp.full(1, begin)
            each = (finish - begin) / np.float32(max(count - 1, 1))
            number = self.xp.arange(count)
            rises = number < count // 2
            steps = self.xp.where(rises, number, number - (count - 1))
            ends = self.xp.where(rises, float(begin), float(finish))
            return (ends + float(each) * steps).astype(dtype)
        if dtype not in HALVES:
            return self.xp.linspace(start, end, count).astype(dtype, copy=False)
        # PyTorch's step is a half itself, as are its multiples, from either end up to the middle.
        first, last = (float(np.float32(v).astype(dtype)) for v in (start, end))
        step = float(np.float32((last - first) / max(count - 1, 1)).astype(dtype))
        number = self.xp.arange(count)
        if count == 1:
            last = first
        steps = self.xp.where(number < count // 2, number, number - (count - 1))
        ends = self.xp.where(number < count // 2, first, last)
        way = self.cast(self.cast(step * steps, "float32"), dtype).astype("float64")
        return self.cast(self.cast(ends + way, "float32"), dtype)

    @kernel("creation")
    def logspace(self, start: Any, end: Any, count: int, base: Any, dtype: Any) -> Any:
        is_complex = isinstance(start, complex) or isinstance(end, complex)
        kind = np.dtype("complex128" if is_complex else "float64")
        exponents = self.linspace(start, end, count, kind)
        return self.cast(self.array(self.xp.power(base, exponents)), dtype)

    @kernel("creation")
    def eye(self, rows: int, columns: int, dtype: Any) -> Any:
        return self.xp.eye(rows, columns, dtype=dtype)

    @kernel("creation")
    def triangle(self, row: int, col: int, offset: int, is_upper: bool, dtype: Any) -> Any:
        """The rows, and below them the columns, of the elements above or below a diagonal."""
        number = self.xp.arange(row)
        ends = self.xp.clip(number + (offset + (not is_upper)), 0, col)
        counts = [min(max(i + offset + (not is_upper), 0), col) for i in range(row)]
        if is_upper:
            counts = [col - count for count in counts]
        begins, sizes = (ends, col - ends) if is_upper else (0 * ends, ends)
        rows = self.xp.repeat(number, counts)
        before = self.xp.repeat(self.xp.cumsum(sizes) - sizes - begins, counts)
        columns = self.xp.arange(sum(counts)) - before
        return self.xp.stack([rows, columns]).astype(dtype)

    @kernel("creation", ("x",))
    def fill(self, x: Any, value: Any) -> Any:
        """Overwrites x with a number, which must be in range, or a 0-d array."""
        x[...] = value if isinstance(value, type(x)) else checked(value, x.dtype)
        return x

    @kernel("transfer", ("x",))
    def copy(self, x: Any, source: Any) -> Any:
        """Overwrites x with `source`, broadcast and converted."""
        if x.dtype == "float16" and source.dtype == "float64":
            source = source.astype("float32")
        source = _without_imaginary(source, x.dtype)
        self.xp.copyto(x, source, casting="unsafe")
        return x

    @kernel("transfer", ("x",))
    def overwrite(self, x: Any, source: Any) -> bool:
        """Overwrites x with `source` if the two are alike and x can be written; whether it did."""
        if x.dtype != source.dtype or x.shape != source.shape or 0 in x.strides:
            return False
        if not x.flags.writeable:
            return False
        x[...] = source
        return True

    @kernel("copy")
    def clone(self, x: Any, order: str) -> Any:
        """A dense copy: in x's own memory order ('K'), its shape's ('C') or 'channels_last'."""
        if order == "K" and 0 in x.strides:
            return self.store(x, new_like(self.xp, x, x.dtype))
        if order != "channels_last":
            return self.array(x.copy(order=order))
        rows = self.xp.empty((x.shape[0], *x.shape[2:], x.shape[1]), x.dtype)
        # An array of its own, not a view of rows: see `filling_order`.
        result = self.xp.empty_like(rows.transpose(0, x.ndim - 1, *range(1, x.ndim - 1)))
        result[...] = x
        return result

    @kernel("transfer")
    def to_device(self, x: Any, name: str) -> Any:
        """x in the memory of another device, named as its table is."""
        return plain_tables_by_device[name].from_numpy(self.to_numpy(x))

    @kernel("copy")
    def cast(self, x: Any, dtype: Any) -> Any:
        if dtype == float16.numpy and x.dtype == "float64":
            x = x.astype("float32", order="K")  # PyTorch rounds twice, too
        x = _without_imaginary(x, dtype)
        if 0 in x.strides:
            x = self.clone(x, "K")
        return self.array(x.astype(dtype, order="K"))
