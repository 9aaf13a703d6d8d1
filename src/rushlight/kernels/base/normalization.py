"""Batch normalisation over every dimension but the second."""

from __future__ import annotations

from typing import Any

from ...categories import FLOATS
from ..declaration import kernel
from .library import Library


class Normalization(Library):
    @kernel("fused", ("running_mean", "running_var"), takes=FLOATS)
    def batch_norm(
        self, x: Any, weight: Any, bias: Any, running_mean: Any, running_var: Any, training: bool,
        momentum: float, eps: float,
    ) -> tuple[Any, Any, Any]:  # fmt: skip
        axes, spread = _axes(x)
        if training:
            mean = self.array(x.mean(axis=axes))
            var = self.array(x.var(axis=axes))
            if running_mean is not None:
                count = x.size // x.shape[1]
                _move(running_mean, mean, momentum)
                _move(running_var, var * (count / max(count - 1, 1)), momentum)
        else:
            mean, var = running_mean, running_var
        invstd = self.array(1 / self.xp.sqrt(var + eps))
        y = (x - mean.reshape(spread)) * invstd.reshape(spread)
        if weight is not None:
            y *= weight.reshape(spread)
        if bias is not None:
            y += bias.reshape(spread)
        return y, mean.astype(x.dtype, copy=not training), invstd.astype(x.dtype, copy=False)

    @kernel("fused")
    def batch_norm_backward(
        self, grad: Any, x: Any, weight: Any, mean: Any, invstd: Any, training: bool
    ) -> tuple[Any, Any, Any]:
        axes, spread = _axes(x)
        normalized = (x - mean.reshape(spread)) * invstd.reshape(spread)
        gw = self.array(self.xp.sum(grad * normalized, axis=axes))
        gb = self.array(self.xp.sum(grad, axis=axes))
        scale = invstd if weight is None else weight * invstd
        if not training:
            return grad * scale.reshape(spread), gw, gb
        count = x.size // x.shape[1]
        centered = grad - (gb / count).reshape(spread)
        centered -= normalized * (gw / count).reshape(spread)
        return centered * scale.reshape(spread), gw, gb


def _axes(x: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The dimensions that are averaged, and the shape of a channel's value beside x."""
    return (0, *range(2, x.ndim)), (1, -1) + (1,) * (x.ndim - 2)


def _move(running: Any, value: Any, momentum: float) -> None:
    running *= 1 - momentum
    running += momentum * value
