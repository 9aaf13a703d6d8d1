"""Activation functions and their gradients, element by element."""

from __future__ import annotations

from math import pi
from typing import Any

from ...categories import FLOATS, INEXACT, ORDERED, REALS
from ...dtype import BOOL, COMPLEX, category_of
from ..declaration import kernel
from .elementwise import floating
from .library import Library


class Activation(Library):
    special: Any
    sign: Any

    @kernel("elementwise")
    def sigmoid(self, x: Any, out: Any = None) -> Any:
        x = floating(x)
        if category_of(x.dtype) == COMPLEX:
            return self.store((1 / (1 + self.xp.exp(-x))).astype(x.dtype), out)
        # exp(-|x|) never overflows; both branches of 1 / (1 + exp(-x)) are written in it.
        small = self.xp.exp(-self.xp.abs(x))
        result = self.xp.where(x >= 0, 1, small) / (1 + small)
        return self.store(result.astype(x.dtype, copy=False), out)

    @kernel("elementwise", takes=ORDERED)
    def relu(self, x: Any, out: Any = None) -> Any:
        if category_of(x.dtype) == BOOL:
            raise TypeError("Boolean inputs not supported for relu")
        return self.array(self.xp.maximum(x, 0, out=out))

    @kernel("elementwise", takes=INEXACT)
    def silu(self, x: Any, out: Any = None) -> Any:
        return self.store(x * self.sigmoid(x), out)

    @kernel("elementwise", takes=FLOATS)
    def gelu(self, x: Any, out: Any = None) -> Any:
        return self.store(x * (0.5 * self.special("erfc", x * -(0.5**0.5))), out)

    @kernel("elementwise", takes=FLOATS)
    def gelu_tanh(self, x: Any, out: Any = None) -> Any:
        return self.store(x * self.sigmoid(_gelu_argument(x)), out)

    @kernel("elementwise", takes=FLOATS)
    def logsigmoid(self, x: Any, out: Any = None) -> Any:
        return self.store(-self.xp.logaddexp(self.xp.zeros((), x.dtype), -x), out)

    @kernel("elementwise", takes=FLOATS)
    def softplus(self, x: Any, beta: Any, threshold: Any, out: Any = None) -> Any:
        smooth = self.xp.logaddexp(self.xp.zeros((), x.dtype), x * beta) / beta
        return self.store(self.xp.where(x * beta > threshold, x, smooth), out)

    @kernel("elementwise", takes=FLOATS)
    def mish(self, x: Any, out: Any = None) -> Any:
        return self.store(x * self.xp.tanh(self.softplus(x, 1, 20)), out)

    @kernel("elementwise", takes=FLOATS)
    def hardsigmoid(self, x: Any, out: Any = None) -> Any:
        return self.store(self.xp.clip(x + 3, 0, 6) / 6, out)

    @kernel("elementwise", takes=FLOATS)
    def hardswish(self, x: Any, out: Any = None) -> Any:
        return self.store(x * (self.xp.clip(x + 3, 0, 6) / 6), out)

    @kernel("elementwise", takes=FLOATS)
    def leaky_relu(self, x: Any, slope: Any, out: Any = None) -> Any:
        return self.store(self.xp.where(x > 0, x, x * slope), out)

    @kernel("elementwise", takes=FLOATS)
    def elu(self, x: Any, alpha: Any, out: Any = None) -> Any:
        return self.store(self.xp.where(x > 0, x, alpha * self.xp.expm1(x)), out)

    @kernel("elementwise", takes=REALS)
    def threshold(self, x: Any, threshold: Any, value: Any, out: Any = None) -> Any:
        return self.store(self.xp.where(x <= threshold, x.dtype.type(value), x), out)

    # ---- their gradients: of the result, then what was saved

    @kernel("elementwise")
    def abs_backward(self, grad: Any, x: Any, out: Any = None) -> Any:
        return self.store(grad * self.sign(x), out)

    @kernel("elementwise")
    def silu_backward(self, grad: Any, x: Any, out: Any = None) -> Any:
        s = self.sigmoid(x)
        return self.store(grad * (s * (1 + x * (1 - s))), out)

    @kernel("elementwise")
    def gelu_backward(self, grad: Any, x: Any, out: Any = None) -> Any:
        cumulative = 0.5 * self.special("erfc", x * -(0.5**0.5))
        density = self.xp.exp(-0.5 * x * x) * (2 * pi) ** -0.5
        return self.store(grad * (cumulative + x * density), out)

    @kernel("elementwise")
    def gelu_tanh_backward(self, grad: Any, x: Any, out: Any = None) -> Any:
        s = self.sigmoid(_gelu_argument(x))
        slope = 2 * (2 / pi) ** 0.5 * (1 + 3 * 0.044715 * x * x)
        return self.store(grad * (s + x * s * (1 - s) * slope), out)

    @kernel("elementwise")
    def logsigmoid_backward(self, grad: Any, x: Any, out: Any = None) -> Any:
        return self.store(grad * self.sigmoid(-x), out)

    @kernel("elementwise")
    def softplus_backward(
        self, grad: Any, x: Any, beta: Any, threshold: Any, out: Any = None
    ) -> Any:
        inside = grad * self.sigmoid(x * beta)
        return self.store(self.xp.where(x * beta > threshold, grad, inside), out)

    @kernel("elementwise")
    def mish_backward(self, grad: Any, x: Any, out: Any = None) -> Any:
        gate = self.xp.tanh(self.softplus(x, 1, 20))
        return self.store(grad * (gate + x * self.sigmoid(x) * (1 - gate * gate)), out)

    @kernel("elementwise")
    def hardsigmoid_backward(self, grad: Any, x: Any, out: Any = None) -> Any:
        return self.store(self.xp.where((x > -3) & (x < 3), grad / 6, grad.dtype.type(0)), out)

    @kernel("elementwise")
    def hardswish_backward(self, grad: Any, x: Any, out: Any = None) -> Any:
        inside = self.xp.where(x < 3, grad * (x / 3 + 0.5), grad)
        return self.store(self.xp.where(x <= -3, grad.dtype.type(0), inside), out)

    @kernel("elementwise")
    def leaky_relu_backward(self, grad: Any, x: Any, slope: Any, out: Any = None) -> Any:
        return self.store(self.xp.where(x > 0, grad, grad * slope), out)

    @kernel("elementwise")
    def elu_backward(self, grad: Any, x: Any, alpha: Any, out: Any = None) -> Any:
        return self.store(self.xp.where(x > 0, grad, grad * alpha * self.xp.exp(x)), out)

    @kernel("elementwise")
    def threshold_backward(self, grad: Any, x: Any, threshold: Any, out: Any = None) -> Any:
        return self.store(self.xp.where(x <= threshold, grad.dtype.type(0), grad), out)

    @kernel("elementwise")
    def clamp_backward(self, grad: Any, x: Any, low: Any, high: Any, out: Any = None) -> Any:
        inside = self.xp.ones_like(x, dtype=bool)
        if low is not None:
            inside = inside & (x >= low)
        if high is not None:
            inside = inside & (x <= high)
        return self.store(self.xp.where(inside, grad, grad.dtype.type(0)), out)

    @kernel("elementwise")
    def relu_backward(self, grad: Any, y: Any, out: Any = None) -> Any:
        return self.store(self.xp.where(y <= 0, grad.dtype.type(0), grad), out)

    @kernel("elementwise")
    def tanh_backward(self, grad: Any, y: Any, out: Any = None) -> Any:
        return self.store(grad * (1 - y * y), out)

    @kernel("elementwise")
    def sigmoid_backward(self, grad: Any, y: Any, out: Any = None) -> Any:
        return self.store(grad * y * (1 - y), out)


def _gelu_argument(x: Any) -> Any:
    return 2 * (2 / pi) ** 0.5 * (x + 0.044715 * x * x * x)
