"""Matrix products. The generic kernels leave them to the array library's BLAS."""

from __future__ import annotations

from math import prod
from typing import Any

from ...categories import NUMBERS
from ..declaration import kernel
from .library import Library


def _of_matmul(result: Any, a: Any, b: Any, out: Any = None) -> int:
    return prod(result.shape) * a.shape[-1]


def _of_linear(result: Any, x: Any, weight: Any, bias: Any) -> int:
    return prod(x.shape[:-1]) * prod(weight.shape)


def _of_linear_backward_weight(result: Any, grad: Any, x: Any, with_bias: bool) -> int:
    return prod(grad.shape) * x.shape[-1]


class Matmul(Library):
    sum: Any

    @kernel("product", takes=NUMBERS, multiply_adds=_of_matmul)
    def matmul(self, a: Any, b: Any, out: Any = None) -> Any:
        return self.array(self.xp.matmul(a, b, out=out))

    @kernel("product", multiply_adds=_of_matmul)
    def wide_matmul(self, a: Any, b: Any) -> Any:
        """The product of halves in float32: nothing is rounded but the sums."""
        return self.matmul(a.astype("float32"), b.astype("float32"))

    @kernel("product", takes=NUMBERS, multiply_adds=lambda result, a, b: prod(a.shape))
    def dot(self, a: Any, b: Any) -> Any:
        return self.array(self.xp.dot(a, b))

    @kernel("product", takes=NUMBERS, multiply_adds=_of_linear)
    def linear(self, x: Any, weight: Any, bias: Any) -> Any:
        y = self.xp.matmul(x, weight.T)
        return self.array(y if bias is None else self.xp.add(y, bias, out=y))

    @kernel("product", multiply_adds=_of_linear_backward_weight)
    def linear_backward_weight(self, grad: Any, x: Any, with_bias: bool) -> tuple[Any, Any]:
        """The gradients of weight and bias, summed over all rows of the batch."""
        rows, inputs = grad, x
        if grad.ndim != 2:
            count = prod(grad.shape[:-1])  # not -1, which nothing tells where a row is empty
            rows, inputs = grad.reshape(count, grad.shape[-1]), x.reshape(count, x.shape[-1])
        return self.matmul(rows.T, inputs), self.sum(rows, (0,), False) if with_bias else None
