"""Normalisation of rows of elements, and of groups of channels."""

from __future__ import annotations

from typing import Any

from ..declaration import kernel
from ..launch import plain_tables
from .library import Library


class LayerNorm(Library):
    @kernel("fused")
    def layer_norm(
        self, x: Any, weight: Any, bias: Any, size: int, eps: float, centered: bool
    ) -> tuple[Any, Any, Any]:
        """(y, mean, 1 / standard deviation) for rows of `size`; not `centered`, the mean is 0."""
        rows = x.reshape(x.size // size, size)
        y, mean, invstd = self._normalized(rows, eps, centered)
        if weight is not None:
            y *= weight.reshape(size)
        if bias is not None:
            y += bias.reshape(size)
        return y.reshape(x.shape), mean.reshape(-1), invstd.reshape(-1)

    @kernel("fused")
    def layer_norm_backward(
        self, grad: Any, x: Any, weight: Any, mean: Any, invstd: Any, size: int, centered: bool
    ) -> tuple[Any, Any, Any]:
        xp, count = self.xp, x.size // size
        grads = grad.reshape(count, size)
        normalized = (x.reshape(count, size) - mean.reshape(-1, 1)) * invstd.reshape(-1, 1)
        scaled = grads if weight is None else grads * weight.reshape(size)
        change = scaled - normalized * xp.mean(scaled * normalized, axis=1, keepdims=True)
        if centered:
            change = change - xp.mean(scaled, axis=1, keepdims=True)
        gx = change * invstd.reshape(-1, 1)
        gw = xp.sum(grads * normalized, axis=0)
        return gx.reshape(x.shape), gw, xp.sum(grads, axis=0)

    @kernel("fused")
    def group_norm(
        self, x: Any, weight: Any, bias: Any, groups: int, eps: float
    ) -> tuple[Any, Any, Any]:
        """(y, mean, 1 / standard deviation) for groups of channels, dimension 1."""
        count, channels = x.shape[:2]
        if not x.size:
            nothing = self.xp.zeros((count, groups), x.dtype)
            return x.copy(), nothing, nothing.copy()
        size = x.size // (count * groups)
        table = plain_tables[type(x)]  # the device's own rows and products
        y, mean, invstd = table.layer_norm(
            x.reshape(count * groups, size), None, None, size, eps, True
        )
        y = y.reshape(x.shape)
        spread = (channels,) + (1,) * (x.ndim - 2)
        if weight is not None:
            y = table.mul(y, weight.reshape(spread), y)
        if bias is not None:
            y = table.add(y, bias.reshape(spread), y)
        shape = (count, groups)
        return self._ordered(y, x), mean.reshape(shape), invstd.reshape(shape)

    @kernel("fused")
    def group_norm_backward(
        self, grad: Any, x: Any, weight: Any, mean: Any, invstd: Any, groups: int
    ) -> tuple[Any, Any, Any]:
        count, channels = x.shape[:2]
        if not x.size:
            nothing = self.xp.zeros(channels, x.dtype)
            return x.copy(), nothing, nothing.copy()
        rows, size = count * groups, x.size // (count * groups)
        table = plain_tables[type(x)]
        by_channel = (rows, channels // groups, -1)
        grads, values = grad.reshape(by_channel), x.reshape(by_channel)
        # Of each image and channel the sums of grad and of grad * x; then those over images.
        mean, invstd = mean.reshape(rows, 1), invstd.reshape(rows, 1)
        gb = table.sum(grads, (2,), False)
        products = table.sum(table.mul(grads, values), (2,), False)
        gw = ((products - gb * mean) * invstd).reshape(count, channels)
        scaled = grads
        if weight is not None:
            weights = self.xp.tile(weight.reshape(groups, -1, 1), (count, 1, 1))
            scaled = table.mul(grads, weights)
        gx, _, _ = table.layer_norm_backward(
            scaled.reshape(rows, size), x.reshape(rows, size), None, mean.reshape(rows),
            invstd.reshape(rows), size, True,
        )  # fmt: skip
        gx = self._ordered(gx.reshape(x.shape), x)
        return gx, gw.sum(0), gb.reshape(count, channels).sum(0)

    def _normalized(self, rows: Any, eps: float, centered: bool) -> tuple[Any, Any, Any]:
        xp, wide, dtype = self.xp, "float64", rows.dtype  # the accumulator of the sums
        mean = xp.mean(rows, axis=1, keepdims=True, dtype=wide)
        if not centered:
            mean = xp.zeros_like(mean)
        shifted = rows - mean.astype(dtype)
        var = xp.mean(shifted * shifted, axis=1, keepdims=True, dtype=wide)
        invstd = (1 / xp.sqrt(var + eps)).astype(dtype)
        return shifted * invstd, mean.astype(dtype), invstd

    def _ordered(self, y: Any, x: Any) -> Any:
        """y in the memory order of x."""
        if y.strides == x.strides:
            return y
        result = self.xp.empty_like(x)
        result[...] = y
        return result
