"""Normalisation of rows of elements, and of groups of channels."""

from __future__ import annotations

from typing import Any

from ..declaration import kernel


class LayerNorm:
    xp: Any
    array: Any

    @kernel("fused")
    def layer_norm(
        self, x: Any, weight: Any, bias: Any, size: int, eps: float, centered: bool
    ) -> tuple[Any, Any, Any]:
        """(y, mean, 1 / standard deviation) for rows of `size`; not `centered`, the mean is 0."""
        rows = x.reshape(x.size // size, size)
        y, mean, invstd = self._normalized(rows, (1,), eps, centered)
        if weight is not None:
            y *= weight.reshape(size)
        if bias is not None:
            y += bias.reshape(size)
        return y.reshape(x.shape), mean.reshape(-1), invstd.reshape(-1)

    @kernel("fused")
    def layer_norm_backward(
        self, grad: Any, x: Any, weight: Any, mean: Any, invstd: Any, size: int, centered: bool
    ) -> tuple[Any, Any, Any]:
        count = x.size // size
        grads = grad.reshape(count, size)
        normalized = (x.reshape(count, size) - mean.reshape(-1, 1)) * invstd.reshape(-1, 1)
        scaled = grads if weight is None else grads * weight.reshape(size)
        gx = self._change(scaled, normalized, invstd.reshape(-1, 1), (1,), centered)
        gw = self.xp.sum(grads * normalized, axis=0)
        return gx.reshape(x.shape), gw, self.xp.sum(grads, axis=0)

    @kernel("fused")
    def group_norm(
        self, x: Any, weight: Any, bias: Any, groups: int, eps: float
    ) -> tuple[Any, Any, Any]:
        """(y, mean, 1 / standard deviation) for groups of channels, dimension 1."""
        parted = _parted(x, groups)
        y, mean, invstd = self._normalized(parted, _axes(parted), eps, True)
        spread = (groups, -1) + (1,) * (parted.ndim - 3)
        if weight is not None:
            y *= weight.reshape(spread)
        if bias is not None:
            y += bias.reshape(spread)
        shape = (x.shape[0], groups)
        return self._ordered(y.reshape(x.shape), x), mean.reshape(shape), invstd.reshape(shape)

    @kernel("fused")
    def group_norm_backward(
        self, grad: Any, x: Any, weight: Any, mean: Any, invstd: Any, groups: int
    ) -> tuple[Any, Any, Any]:
        parted, grads = _parted(x, groups), _parted(grad, groups)
        statistic = (x.shape[0], groups) + (1,) * (parted.ndim - 2)
        invstd = invstd.reshape(statistic)
        normalized = (parted - mean.reshape(statistic)) * invstd
        scaled = grads
        if weight is not None:
            scaled = grads * weight.reshape((groups, -1) + (1,) * (parted.ndim - 3))
        gx = self._change(scaled, normalized, invstd, _axes(parted), True)
        axes = (0, *range(3, parted.ndim))
        gw = self.xp.sum(grads * normalized, axis=axes).reshape(-1)
        gb = self.xp.sum(grads, axis=axes).reshape(-1)
        return self._ordered(gx.reshape(x.shape), x), gw, gb

    def _normalized(self, x: Any, axes: Any, eps: float, centered: bool) -> tuple[Any, Any, Any]:
        xp, wide = self.xp, "float64"  # the accumulator of the sums
        count = 1
        for axis in axes:
            count *= x.shape[axis]
        count = max(count, 1)  # of nothing the mean is 0, as PyTorch has it
        mean = xp.sum(x, axis=axes, keepdims=True, dtype=wide) / count
        if not centered:
            mean = mean * 0
        shifted = x - mean.astype(x.dtype)
        var = xp.sum(shifted * shifted, axis=axes, keepdims=True, dtype=wide) / count
        invstd = (1 / xp.sqrt(var + eps)).astype(x.dtype)
        return shifted * invstd, mean.astype(x.dtype), invstd

    def _change(self, scaled: Any, normalized: Any, invstd: Any, axes: Any, centered: bool) -> Any:
        """The gradient of the values, from that of the normalised ones."""
        xp = self.xp
        if not scaled.size:
            return scaled.copy()
        change = scaled - normalized * xp.mean(scaled * normalized, axis=axes, keepdims=True)
        if centered:
            change = change - xp.mean(scaled, axis=axes, keepdims=True)
        return change * invstd

    def _ordered(self, y: Any, x: Any) -> Any:
        """y in the memory order of x."""
        if y.strides == x.strides:
            return y
        result = self.xp.empty_like(x)
        result[...] = y
        return result


def _parted(x: Any, groups: int) -> Any:
    return x.reshape(x.shape[0], groups, x.shape[1] // groups, *x.shape[2:])


def _axes(parted: Any) -> tuple[int, ...]:
    return tuple(range(2, parted.ndim))
