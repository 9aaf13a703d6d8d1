"""Reductions. `axes` is None (all of them) or a tuple of non-negative dimensions."""

from __future__ import annotations

import math
from typing import Any

from ...dtype import FLOATING, category_of
from ..declaration import kernel
from ..launch import plain_tables
from .library import Library


def _reduce(name: str) -> Any:
    @kernel("reduction")
    def run(self: Any, x: Any, axes: Any, keepdims: bool, out: Any = None) -> Any:
        return self.array(getattr(self.xp, name)(x, axis=axes, out=out, keepdims=keepdims))

    return run


def _add_up(name: str) -> Any:
    """The same for sums and products, which come to be in float64 where the elements are float32.

    Others keep their dtype, which the array library would widen.
    """

    @kernel("reduction")
    def run(self: Any, x: Any, axes: Any, keepdims: bool, out: Any = None) -> Any:
        function = getattr(self.xp, name)
        if x.dtype != "float32":
            return self.array(function(x, axis=axes, dtype=x.dtype, out=out, keepdims=keepdims))
        total = self.array(function(x, axis=axes, dtype="float64", keepdims=keepdims))
        return self.store(total.astype(x.dtype) if out is None else total, out)

    return run


class Reduction(Library):
    sum, prod = map(_add_up, ("sum", "prod"))
    amax, amin = map(_reduce, ("amax", "amin"))
    all, any = map(_reduce, ("all", "any"))

    @kernel("reduction")
    def nansum(self, x: Any, axes: Any, keepdims: bool, out: Any = None) -> Any:
        return self.sum(self.xp.where(self.xp.isnan(x), 0, x), axes, keepdims, out)

    @kernel("reduction")
    def sum_of_squares(self, x: Any, axes: Any, keepdims: bool, out: Any = None) -> Any:
        return self.sum(self.xp.square(self.xp.abs(x)), axes, keepdims, out)

    @kernel("reduction")
    def sum_of_sizes(self, x: Any, axes: Any, keepdims: bool, out: Any = None) -> Any:
        return self.sum(self.xp.abs(x), axes, keepdims, out)

    @kernel("reduction")
    def mean(self, x: Any, axes: Any, keepdims: bool, out: Any = None) -> Any:
        """The sum over the number of elements, in float64 where they are float32; nan of none."""
        wide = "float64" if x.dtype == "float32" else x.dtype
        total = self.array(self.xp.sum(x, axis=axes, dtype=wide, keepdims=keepdims))
        count = math.prod(x.shape if axes is None else [x.shape[axis] for axis in axes])
        return self.store(self.array(total / count).astype(x.dtype, copy=False), out)

    @kernel("fused")
    def aminmax(self, x: Any, axes: Any, keepdims: bool) -> tuple[Any, Any]:
        table = plain_tables[type(x)]  # the device's own kernels
        return table.amin(x, axes, keepdims), table.amax(x, axes, keepdims)

    @kernel("check")
    def check(self, conditions: Any, kind: type[Exception], message: str) -> None:
        """Raises `kind(message)` unless all conditions hold, where values are read for checks.

        A kernel raises by itself: whoever replays a record of kernels checks as eager code does.
        """
        if self.is_host and not self.scalar(conditions.all()):
            raise kind(message)

    @kernel("read")
    def all_equal(self, a: Any, b: Any) -> bool:
        """Whether two arrays of one shape and dtype have the same elements."""
        return bool(self.scalar((a == b).all()))

    @kernel("reduction")
    def argmax(self, x: Any, axis: Any, keepdims: bool, out: Any = None) -> Any:
        return self.array(self.xp.argmax(x, axis=axis, out=out, keepdims=keepdims))

    @kernel("reduction")
    def argmin(self, x: Any, axis: Any, keepdims: bool, out: Any = None) -> Any:
        return self.array(self.xp.argmin(x, axis=axis, out=out, keepdims=keepdims))

    @kernel("reduction")
    def count_nonzero(self, x: Any, axes: Any, out: Any = None) -> Any:
        return self.store(self.xp.count_nonzero(x, axis=axes), out)

    @kernel("fused")
    def hash_bits(self, x: Any, axes: Any, keepdims: bool) -> Any:
        """The exclusive or of the elements' bits in 64 bits."""
        wide = x.astype("float64" if category_of(x.dtype) == FLOATING else "int64").view("uint64")
        axes = tuple(range(x.ndim)) if axes is None else axes
        kept = tuple([1 if i in axes else n for i, n in enumerate(x.shape)])
        rest = [i for i in range(x.ndim) if i not in axes]
        lines = wide.transpose([*axes, *rest]).reshape(-1, math.prod(kept))
        count = lines.shape[0]
        while count > 1:  # the second half into the first
            half = (count + 1) // 2
            folded = lines[:half].copy()
            folded[: count - half] ^= lines[half:count]
            lines, count = folded, half
        result = lines[0].copy() if count else self.xp.zeros(math.prod(kept), "uint64")
        return result.reshape(kept if keepdims else [x.shape[i] for i in rest])
