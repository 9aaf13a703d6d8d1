"""Kernels of the variance. `axes` is None (all of them) or a tuple of non-negative dimensions."""

from __future__ import annotations

import math
from typing import Any

from ...dtype import COMPLEX, category_of
from ..declaration import kernel


class Variance:
    sub: Any
    mul: Any
    add: Any
    div: Any
    sqrt: Any
    sum: Any
    mean: Any

    @kernel("reduction")
    def var(self, x: Any, axes: Any, correction: Any, keepdims: bool, out: Any = None) -> Any:
        """The mean squared distance from the mean, over n - `correction`."""
        count = x.size if axes is None else math.prod([x.shape[axis] for axis in axes])
        far = self.sub(x, self.mean(x, axes, True))
        if category_of(far.dtype) == COMPLEX:
            squares = self.add(self.mul(far.real, far.real), self.mul(far.imag, far.imag))
        else:
            squares = self.mul(far, far)
        return self.div(self.sum(squares, axes, keepdims), max(count - correction, 0), out)

    @kernel("reduction")
    def std(self, x: Any, axes: Any, correction: Any, keepdims: bool, out: Any = None) -> Any:
        return self.sqrt(self.var(x, axes, correction, keepdims), out)
