"""Kernels of losses that are more than a composition."""

from __future__ import annotations

from typing import Any

from ...categories import FLOATS
from ...errors import OperationError, OutOfRangeError
from ..declaration import kernel
from .library import Library


class Loss(Library):
    sum: Any

    @kernel("elementwise", takes=FLOATS)
    def huber(self, x: Any, delta: Any, out: Any = None) -> Any:
        size = self.xp.abs(x)
        result = self.xp.where(size <= delta, 0.5 * x * x, delta * (size - 0.5 * delta))
        return self.store(result, out)

    @kernel("fused", takes=FLOATS)
    def multi_margin_loss(
        self, x: Any, target: Any, weight: Any, p: int, margin: float, reduction: str
    ) -> Any:
        xp, (rows, classes) = self.xp, x.shape
        wrong = (target < 0) | (target >= classes)
        if self.is_host and self.scalar(wrong.any()):
            raise OperationError(
                f"multi_margin_loss: target out of range: classes go from 0 to {classes - 1}"
            )
        column = xp.where(wrong, 0, target).reshape(rows, 1)
        short = xp.maximum(margin - xp.take_along_axis(x, column, axis=1) + x, 0)
        terms = xp.where(xp.arange(classes) == column, 0, short * short if p == 2 else short)
        if weight is not None:
            terms = terms * weight[column]
        losses = self.sum(terms.astype(x.dtype, copy=False), (1,), False) / classes
        if not self.is_host:
            losses = xp.where(wrong, float("nan"), losses)
        if reduction == "none":
            return self.array(losses)
        return self.array(losses.mean() if reduction == "mean" else losses.sum())

    @kernel("fused", takes=FLOATS)
    def nll_loss(
        self, log_probabilities: Any, target: Any, weight: Any, reduction: str, ignore_index: int
    ) -> tuple[Any, Any]:
        xp = self.xp
        counted, safe, weights = self._checked_targets(
            target, log_probabilities.shape[1], ignore_index, log_probabilities.dtype
        )
        picked = xp.take_along_axis(log_probabilities, xp.expand_dims(safe, 1), axis=1)
        if weight is not None:
            weights = weights * weight[safe]
        losses = -xp.squeeze(picked, 1) * weights
        losses = xp.where(counted, losses, 0).astype(log_probabilities.dtype, copy=False)
        total = self.array(xp.sum(weights))
        if reduction == "none":
            return self.array(losses), total
        loss = xp.sum(losses)
        return self.array(loss / total if reduction == "mean" else loss), total

    @kernel("fused")
    def nll_loss_backward(
        self, grad: Any, target: Any, weight: Any, total_weight: Any, reduction: str,
        ignore_index: int, input_shape: Any,
    ) -> Any:  # fmt: skip
        xp = self.xp
        counted, safe, weights = self._checked_targets(
            target, input_shape[1], ignore_index, grad.dtype
        )
        if weight is not None:
            weights = weights * weight[safe]
        scale = grad / total_weight if reduction == "mean" else grad
        result = xp.zeros(input_shape, grad.dtype)
        values = xp.where(counted, -scale * weights, 0).astype(grad.dtype, copy=False)
        xp.put_along_axis(result, xp.expand_dims(safe, 1), xp.expand_dims(values, 1), axis=1)
        return result

    def _checked_targets(
        self, target: Any, classes: int, ignore_index: int, dtype: Any
    ) -> tuple[Any, Any, Any]:
        """Which targets count, the targets with 0 for those that do not, and 1 or 0 for each."""
        xp = self.xp
        counted = target != ignore_index
        wrong = counted & ((target < 0) | (target >= classes))
        weights = counted.astype(dtype)
        if not self.is_host:  # a wrong target makes the loss nan
            safe = xp.where(counted & ~wrong, target, 0)
            return counted, safe, xp.where(wrong, float("nan"), weights)
        if self.scalar(wrong.any()):
            label = self.scalar(target[wrong][0])
            raise OutOfRangeError(
                f"Target {label} is out of bounds: the input has {classes} classes, so targets go "
                f"from 0 to {classes - 1}"
            )
        return counted, xp.where(counted, target, 0), weights
