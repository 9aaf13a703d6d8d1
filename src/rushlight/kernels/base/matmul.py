"""Matrix products. The generic kernels leave them to the array library's BLAS."""

from __future__ import annotations

from typing import Any


class Matmul:
    xp: Any
    array: Any

    def matmul(self, a: Any, b: Any) -> Any:
        return self.array(self.xp.matmul(a, b))

    def linear(self, x: Any, weight: Any, bias: Any) -> Any:
        y = self.xp.matmul(x, weight.T)
        return self.array(y if bias is None else self.xp.add(y, bias, out=y))
