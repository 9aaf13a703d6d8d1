"""Kernels that make, fill, copy and convert arrays."""

from __future__ import annotations

from typing import Any

from ...errors import OperationError
from ..declaration import kernel


def _overflow(dtype: Any, error: OverflowError) -> OperationError:
    return OperationError(f"value cannot be converted to type {dtype} without overflow ({error})")


class Copies:
    xp: Any
    array: Any
    to_numpy: Any

    def store(self, result: Any, out: Any, like: Any = None) -> Any:
        """`result`, or `out` with its values where the caller gave one.

        Where `like` has the result's shape, the result gets its memory order.
        """
        if out is None and like is not None and like.shape == result.shape:
            out = self.xp.empty_like(like, dtype=result.dtype)
        if out is None:
            return self.array(result)
        out[...] = result
        return out

    @kernel("creation")
    def full(self, shape: Any, value: Any, dtype: Any, like: Any = None) -> Any:
        """One value everywhere. `like` is an array whose device it is to be on.

        A table that serves several devices finds it there; without, it is the table's own device.
        """
        result = self.xp.empty(shape, dtype)
        try:
            result.fill(value)  # NumPy's full() is Python, and takes five times as long
        except OverflowError as error:
            raise _overflow(result.dtype, error) from error
        return result

    @kernel("creation")
    def empty(self, shape: Any, dtype: Any) -> Any:
        return self.xp.empty(shape, dtype)

    @kernel("creation")
    def full_like(self, x: Any, value: Any, dtype: Any) -> Any:
        result = self.xp.empty_like(x, dtype=dtype)
        try:
            result.fill(value)
        except OverflowError as error:
            raise _overflow(result.dtype, error) from error
        return result

    @kernel("creation")
    def empty_like(self, x: Any, dtype: Any) -> Any:
        return self.xp.empty_like(x, dtype=dtype)

    @kernel("creation")
    def arange(self, start: Any, step: Any, count: int, dtype: Any) -> Any:
        return self.array(start + step * self.xp.arange(count)).astype(dtype, copy=False)

    @kernel("creation")
    def linspace(self, start: Any, end: Any, count: int, dtype: Any) -> Any:
        return self.xp.linspace(start, end, count).astype(dtype, copy=False)

    @kernel("creation")
    def eye(self, rows: int, columns: int, dtype: Any) -> Any:
        return self.xp.eye(rows, columns, dtype=dtype)

    @kernel("creation", ("x",))
    def fill(self, x: Any, value: Any) -> Any:
        x[...] = value
        return x

    @kernel("transfer", ("x",))
    def copy(self, x: Any, source: Any) -> Any:
        """Overwrites x with `source`, broadcast and converted."""
        self.xp.copyto(x, source, casting="unsafe")
        return x

    @kernel("copy")
    def clone(self, x: Any, order: str) -> Any:
        """A dense copy: in x's own memory order ('K'), its shape's ('C') or 'channels_last'."""
        if order != "channels_last":
            return self.array(x.copy(order=order))
        last_to_second = (0, x.ndim - 1, *range(1, x.ndim - 1))
        to_last = (0, *range(2, x.ndim), 1)
        return self.xp.ascontiguousarray(x.transpose(to_last)).transpose(last_to_second)

    @kernel("transfer")
    def to_host(self, x: Any) -> Any:
        """x in the host's memory, for a tensor there; `to_numpy` is for Python's eyes."""
        return self.to_numpy(x)

    @kernel("copy")
    def cast(self, x: Any, dtype: Any) -> Any:
        return self.array(x.astype(dtype, order="K"))
