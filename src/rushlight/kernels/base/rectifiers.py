"""Rectifiers and shrinkers, and their gradients, element by element."""

from __future__ import annotations

from typing import Any

from ...categories import FLOATS
from ..declaration import kernel
from .library import Library

SELU_ALPHA, SELU_SCALE = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946


class Rectifiers(Library):
    random_uniform: Any

    @kernel("elementwise", takes=FLOATS)
    def celu(self, x: Any, alpha: Any, out: Any = None) -> Any:
        return self.store(self.xp.where(x > 0, x, alpha * self.xp.expm1(x / alpha)), out)

    @kernel("elementwise", takes=FLOATS)
    def selu(self, x: Any, out: Any = None) -> Any:
        below = SELU_SCALE * SELU_ALPHA * self.xp.expm1(x)
        return self.store(self.xp.where(x > 0, SELU_SCALE * x, below), out)

    @kernel("elementwise", takes=FLOATS)
    def prelu(self, x: Any, weight: Any, out: Any = None) -> Any:
        return self.store(self.xp.where(x > 0, x, weight * x), out)

    @kernel("elementwise", takes=FLOATS)
    def softshrink(self, x: Any, lambd: Any, out: Any = None) -> Any:
        inside = self.xp.where(x < -lambd, x + lambd, x * 0)  # nan stays
        return self.store(self.xp.where(x > lambd, x - lambd, inside), out)

    @kernel("elementwise", takes=FLOATS)
    def hardshrink(self, x: Any, lambd: Any, out: Any = None) -> Any:
        return self.store(self.xp.where((x >= -lambd) & (x <= lambd), x.dtype.type(0), x), out)

    @kernel("random", ("state",), takes=FLOATS)
    def random_slopes(self, state: Any, x: Any, lower: float, upper: float) -> Any:
        """1 where x > 0; elsewhere uniform in [lower, upper), drawn for these elements alone."""
        slopes = self.xp.ones(x.shape, x.dtype)
        below = x <= 0
        count = int(self.xp.count_nonzero(below))
        slopes[below] = self.random_uniform(state, (count,), lower, upper, "float64")
        return slopes

    # ---- their gradients: of the result, then what was saved

    @kernel("elementwise")
    def hardtanh_backward(self, grad: Any, x: Any, low: Any, high: Any, out: Any = None) -> Any:
        zero = grad.dtype.type(0)
        return self.store(self.xp.where((x <= low) | (x >= high), zero, grad), out)

    @kernel("elementwise")
    def celu_backward(self, grad: Any, x: Any, alpha: Any, out: Any = None) -> Any:
        return self.store(self.xp.where(x > 0, grad, grad * self.xp.exp(x / alpha)), out)

    @kernel("elementwise")
    def selu_backward(self, grad: Any, x: Any, out: Any = None) -> Any:
        below = grad * (SELU_SCALE * SELU_ALPHA) * self.xp.exp(x)
        return self.store(self.xp.where(x > 0, grad * SELU_SCALE, below), out)

    @kernel("elementwise")
    def shrink_backward(self, grad: Any, x: Any, lambd: Any, out: Any = None) -> Any:
        zero = grad.dtype.type(0)
        return self.store(self.xp.where((x >= -lambd) & (x <= lambd), zero, grad), out)
