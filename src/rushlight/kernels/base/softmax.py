"""Softmax and its logarithm along one axis."""

from __future__ import annotations

from typing import Any

from ..declaration import kernel


class Softmax:
    xp: Any
    array: Any
    store: Any

    @kernel("scan")
    def softmax(self, x: Any, axis: int, out: Any = None) -> Any:
        e = self.xp.exp(x - self.xp.max(x, axis=_axis(x, axis), keepdims=True))
        return self.store(e / self.xp.sum(e, axis=_axis(x, axis), keepdims=True), out)

    @kernel("scan")
    def log_softmax(self, x: Any, axis: int, out: Any = None) -> Any:
        shifted = x - self.xp.max(x, axis=_axis(x, axis), keepdims=True)
        total = self.xp.sum(self.xp.exp(shifted), axis=_axis(x, axis), keepdims=True)
        return self.store(shifted - self.xp.log(total), out)

    @kernel("scan")
    def softmax_backward(self, grad: Any, y: Any, axis: int) -> Any:
        return self.array(y * (grad - self.xp.sum(grad * y, axis=_axis(y, axis), keepdims=True)))

    @kernel("scan")
    def log_softmax_backward(self, grad: Any, y: Any, axis: int) -> Any:
        total = self.xp.sum(grad, axis=_axis(y, axis), keepdims=True)
        return self.array(grad - self.xp.exp(y) * total)


def _axis(x: Any, axis: int) -> int | None:
    """The axis, or all of an array that has none."""
    return axis if x.ndim else None
