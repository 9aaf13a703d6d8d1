"""Reductions. `axes` is None (all of them) or a tuple of non-negative dimensions."""

from __future__ import annotations

from typing import Any


def _reduce(name: str) -> Any:
    def kernel(self: Any, x: Any, axes: Any, keepdims: bool) -> Any:
        return self.array(getattr(self.xp, name)(x, axis=axes, keepdims=keepdims))

    return kernel


class Reduction:
    xp: Any
    array: Any
    scalar: Any
    is_host: bool

    sum, mean = map(_reduce, ("sum", "mean"))
    amax, amin = map(_reduce, ("amax", "amin"))
    all, any = map(_reduce, ("all", "any"))

    def holds(self, conditions: Any) -> bool:
        """Whether all conditions of a check hold; taken on trust where values are not read."""
        return not self.is_host or bool(self.scalar(conditions.all()))

    def argmax(self, x: Any, axis: Any, keepdims: bool) -> Any:
        return self.array(self.xp.argmax(x, axis=axis, keepdims=keepdims))

    def argmin(self, x: Any, axis: Any, keepdims: bool) -> Any:
        return self.array(self.xp.argmin(x, axis=axis, keepdims=keepdims))

    def cumsum(self, x: Any, axis: int) -> Any:
        if x.ndim == 0:
            return x.copy()
        return self.array(self.xp.cumsum(x, axis=axis, dtype=x.dtype))

    def count_nonzero(self, x: Any, axes: Any) -> Any:
        return self.array(self.xp.count_nonzero(x, axis=axes))
