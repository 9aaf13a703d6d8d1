"""Reductions. `axes` is None (all of them) or a tuple of non-negative dimensions."""

from __future__ import annotations

import math
from typing import Any

from ..declaration import kernel


def _reduce(name: str) -> Any:
    @kernel("reduction")
    def run(self: Any, x: Any, axes: Any, keepdims: bool, out: Any = None) -> Any:
        return self.array(getattr(self.xp, name)(x, axis=axes, out=out, keepdims=keepdims))

    return run


def _add_up(name: str) -> Any:
    """The same for sums, which add up in float64 where the elements are float32.

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


class Reduction:
    xp: Any
    array: Any
    store: Any
    scalar: Any
    is_host: bool
    sub: Any
    mul: Any
    add: Any
    div: Any
    sqrt: Any

    sum = _add_up("sum")
    amax, amin = map(_reduce, ("amax", "amin"))
    all, any = map(_reduce, ("all", "any"))

    @kernel("reduction")
    def mean(self, x: Any, axes: Any, keepdims: bool, out: Any = None) -> Any:
        """The sum over the number of elements, in float64 where they are float32; nan of none."""
        wide = "float64" if x.dtype == "float32" else x.dtype
        total = self.array(self.xp.sum(x, axis=axes, dtype=wide, keepdims=keepdims))
        count = math.prod(x.shape if axes is None else [x.shape[axis] for axis in axes])
        return self.store(self.array(total / count).astype(x.dtype, copy=False), out)

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
    def var(self, x: Any, axes: Any, correction: Any, keepdims: bool, out: Any = None) -> Any:
        """The mean squared distance from the mean, over n - `correction`."""
        count = x.size if axes is None else math.prod([x.shape[axis] for axis in axes])
        far = self.sub(x, self.mean(x, axes, True))
        if far.dtype.kind == "c":
            squares = self.add(self.mul(far.real, far.real), self.mul(far.imag, far.imag))
        else:
            squares = self.mul(far, far)
        return self.div(self.sum(squares, axes, keepdims), max(count - correction, 0), out)

    @kernel("reduction")
    def std(self, x: Any, axes: Any, correction: Any, keepdims: bool, out: Any = None) -> Any:
        return self.sqrt(self.var(x, axes, correction, keepdims), out)

    @kernel("scan")
    def cumsum(self, x: Any, axis: int, out: Any = None) -> Any:
        if x.ndim == 0:
            return self.store(x.copy(), out)
        # In twice the precision: rounding errors add up along the axis.
        wide = "float64" if x.dtype == "float32" else x.dtype
        if out is None:
            out = self.xp.empty_like(x)  # in x's memory order
        out[...] = self.xp.cumsum(x, axis=axis, dtype=wide)
        return out

    @kernel("reduction")
    def count_nonzero(self, x: Any, axes: Any, out: Any = None) -> Any:
        return self.store(self.xp.count_nonzero(x, axis=axes), out)
