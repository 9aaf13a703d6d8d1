"""Softmax and its logarithm along one axis."""

from __future__ import annotations

from typing import Any


class Softmax:
    xp: Any
    array: Any

    def softmax(self, x: Any, axis: int) -> Any:
        e = self.xp.exp(x - self.xp.max(x, axis=axis, keepdims=True))
        return self.array(e / self.xp.sum(e, axis=axis, keepdims=True))

    def log_softmax(self, x: Any, axis: int) -> Any:
        shifted = x - self.xp.max(x, axis=axis, keepdims=True)
        total = self.xp.sum(self.xp.exp(shifted), axis=axis, keepdims=True)
        return self.array(shifted - self.xp.log(total))

    def softmax_backward(self, grad: Any, y: Any, axis: int) -> Any:
        return self.array(y * (grad - self.xp.sum(grad * y, axis=axis, keepdims=True)))

    def log_softmax_backward(self, grad: Any, y: Any, axis: int) -> Any:
        return self.array(grad - self.xp.exp(y) * self.xp.sum(grad, axis=axis, keepdims=True))
