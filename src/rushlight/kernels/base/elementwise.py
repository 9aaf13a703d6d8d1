"""Elementwise kernels. All broadcast, and keep the memory order of their inputs."""

from __future__ import annotations

import importlib
from math import pi
from typing import Any

from ...errors import NotSupportedError


def _unary(name: str) -> Any:
    def kernel(self: Any, x: Any, out: Any = None) -> Any:
        return self.array(getattr(self.xp, name)(x, out=out))

    return kernel


def _binary(name: str) -> Any:
    def kernel(self: Any, a: Any, b: Any, out: Any = None) -> Any:
        return self.array(getattr(self.xp, name)(a, b, out=out))

    return kernel


class Elementwise:
    xp: Any
    array: Any
    store: Any
    is_host: bool

    add, sub, mul, div = map(_binary, ("add", "subtract", "multiply", "true_divide"))
    pow, maximum, minimum = map(_binary, ("power", "maximum", "minimum"))
    eq, ne, lt = map(_binary, ("equal", "not_equal", "less"))
    le, gt, ge = map(_binary, ("less_equal", "greater", "greater_equal"))
    logical_and, logical_or = map(_binary, ("logical_and", "logical_or"))
    logical_xor = _binary("logical_xor")
    bitwise_and, bitwise_or = map(_binary, ("bitwise_and", "bitwise_or"))
    bitwise_xor = _binary("bitwise_xor")

    neg, exp, log, sqrt = map(_unary, ("negative", "exp", "log", "sqrt"))
    log1p, sin, cos, tanh = map(_unary, ("log1p", "sin", "cos", "tanh"))
    abs, sign, reciprocal = map(_unary, ("abs", "sign", "reciprocal"))
    floor, ceil, round, trunc = map(_unary, ("floor", "ceil", "rint", "trunc"))
    isnan, isinf, isfinite = map(_unary, ("isnan", "isinf", "isfinite"))
    logical_not, bitwise_not = map(_unary, ("logical_not", "bitwise_not"))

    def floor_divide(self, a: Any, b: Any, out: Any = None) -> Any:
        self._check_divisor(a, b)
        return self.array(self.xp.floor_divide(a, b, out=out))

    def remainder(self, a: Any, b: Any, out: Any = None) -> Any:
        self._check_divisor(a, b)
        return self.array(self.xp.remainder(a, b, out=out))

    def _check_divisor(self, a: Any, b: Any) -> None:
        """Whole numbers have no infinity to stand for a division by zero."""
        if a.dtype.kind in "iu" and self.is_host and not self.xp.all(b):
            raise TypeError("ZeroDivisionError")

    def rsqrt(self, x: Any, out: Any = None) -> Any:
        return self.array(self.xp.divide(1, self.xp.sqrt(x), out=out))

    def sigmoid(self, x: Any, out: Any = None) -> Any:
        # exp(-|x|) never overflows; both branches of 1 / (1 + exp(-x)) are written in it.
        small = self.xp.exp(-self.xp.abs(x))
        result = self.xp.where(x >= 0, 1, small) / (1 + small)
        return self.store(result.astype(x.dtype, copy=False), out)

    def relu(self, x: Any, out: Any = None) -> Any:
        if x.dtype.kind == "b":
            raise TypeError("Boolean inputs not supported for relu")
        if x.dtype.kind == "c":
            raise NotSupportedError(f"relu is not implemented for {x.dtype}: it has no order")
        return self.array(self.xp.maximum(x, 0, out=out))

    def relu_backward(self, grad: Any, y: Any, out: Any = None) -> Any:
        return self.store(self.xp.where(y > 0, grad, self.xp.zeros((), grad.dtype)), out)

    def tanh_backward(self, grad: Any, y: Any, out: Any = None) -> Any:
        return self.store(grad * (1 - y * y), out)

    def sigmoid_backward(self, grad: Any, y: Any, out: Any = None) -> Any:
        return self.store(grad * y * (1 - y), out)

    def clamp(self, x: Any, low: Any, high: Any, out: Any = None) -> Any:
        return self.array(self.xp.clip(x, low, high, out=out))

    def where(self, condition: Any, a: Any, b: Any, out: Any = None) -> Any:
        return self.store(self.xp.where(condition, a, b), out)

    # ---- further functions

    exp2, expm1, log2, log10, square = map(_unary, ("exp2", "expm1", "log2", "log10", "square"))
    tan, asin, acos, atan = map(_unary, ("tan", "arcsin", "arccos", "arctan"))
    sinh, cosh, asinh = map(_unary, ("sinh", "cosh", "arcsinh"))
    acosh, atanh = map(_unary, ("arccosh", "arctanh"))
    atan2, hypot, copysign = map(_binary, ("arctan2", "hypot", "copysign"))
    fmax, fmin, fmod = map(_binary, ("fmax", "fmin", "fmod"))

    def special(self, name: str, *arguments: Any, out: Any = None) -> Any:
        """A special function, for which NumPy has none: SciPy's, or on CUDA CuPy's."""
        library = "scipy" if self.xp.__name__ == "numpy" else f"{self.xp.__name__}x.scipy"
        try:
            functions = importlib.import_module(f"{library}.special")
        except ModuleNotFoundError as error:
            raise NotSupportedError(
                f"{name} needs Rushlight's C++ extension, or SciPy, which is not installed here: "
                "pip install scipy"
            ) from error
        return self.array(getattr(functions, name)(*arguments, out=out))

    def erf(self, x: Any, out: Any = None) -> Any:
        return self.special("erf", x, out=out)

    def erfc(self, x: Any, out: Any = None) -> Any:
        return self.special("erfc", x, out=out)

    def cube(self, x: Any, out: Any = None) -> Any:
        return self.store(x * x * x, out)

    def lerp(self, a: Any, b: Any, weight: Any, out: Any = None) -> Any:
        from_a = a + weight * (b - a)
        from_b = b - (b - a) * (1 - weight)
        return self.store(self.xp.where(self.xp.abs(weight) < 0.5, from_a, from_b), out)

    def addcmul(self, x: Any, a: Any, b: Any, value: Any, out: Any = None) -> Any:
        return self.store(x + value * a * b, out)

    def addcdiv(self, x: Any, a: Any, b: Any, value: Any, out: Any = None) -> Any:
        return self.store(x + value * a / b, out)

    # ---- activations

    def silu(self, x: Any, out: Any = None) -> Any:
        return self.store(x * self.sigmoid(x), out)

    def gelu(self, x: Any, out: Any = None) -> Any:
        return self.store(x * (0.5 * self.special("erfc", x * -(0.5**0.5))), out)

    def gelu_tanh(self, x: Any, out: Any = None) -> Any:
        return self.store(x * self.sigmoid(_gelu_argument(x)), out)

    def logsigmoid(self, x: Any, out: Any = None) -> Any:
        return self.store(-self.xp.logaddexp(self.xp.zeros((), x.dtype), -x), out)

    def softplus(self, x: Any, beta: Any, threshold: Any, out: Any = None) -> Any:
        smooth = self.xp.logaddexp(self.xp.zeros((), x.dtype), x * beta) / beta
        return self.store(self.xp.where(x * beta > threshold, x, smooth), out)

    def mish(self, x: Any, out: Any = None) -> Any:
        return self.store(x * self.xp.tanh(self.softplus(x, 1, 20)), out)

    def hardsigmoid(self, x: Any, out: Any = None) -> Any:
        return self.store(self.xp.clip(x + 3, 0, 6) / 6, out)

    def hardswish(self, x: Any, out: Any = None) -> Any:
        return self.store(x * (self.xp.clip(x + 3, 0, 6) / 6), out)

    def leaky_relu(self, x: Any, slope: Any, out: Any = None) -> Any:
        return self.store(self.xp.where(x > 0, x, x * slope), out)

    def elu(self, x: Any, alpha: Any, out: Any = None) -> Any:
        return self.store(self.xp.where(x > 0, x, alpha * self.xp.expm1(x)), out)

    def threshold(self, x: Any, threshold: Any, value: Any, out: Any = None) -> Any:
        return self.store(self.xp.where(x <= threshold, x.dtype.type(value), x), out)

    # ---- their gradients: of the result, then what was saved

    def abs_backward(self, grad: Any, x: Any, out: Any = None) -> Any:
        return self.store(grad * self.sign(x), out)

    def silu_backward(self, grad: Any, x: Any, out: Any = None) -> Any:
        s = self.sigmoid(x)
        return self.store(grad * (s * (1 + x * (1 - s))), out)

    def gelu_backward(self, grad: Any, x: Any, out: Any = None) -> Any:
        cumulative = 0.5 * self.special("erfc", x * -(0.5**0.5))
        density = self.xp.exp(-0.5 * x * x) * (2 * pi) ** -0.5
        return self.store(grad * (cumulative + x * density), out)

    def gelu_tanh_backward(self, grad: Any, x: Any, out: Any = None) -> Any:
        s = self.sigmoid(_gelu_argument(x))
        slope = 2 * (2 / pi) ** 0.5 * (1 + 3 * 0.044715 * x * x)
        return self.store(grad * (s + x * s * (1 - s) * slope), out)

    def logsigmoid_backward(self, grad: Any, x: Any, out: Any = None) -> Any:
        return self.store(grad * self.sigmoid(-x), out)

    def softplus_backward(
        self, grad: Any, x: Any, beta: Any, threshold: Any, out: Any = None
    ) -> Any:
        inside = grad * self.sigmoid(x * beta)
        return self.store(self.xp.where(x * beta > threshold, grad, inside), out)

    def mish_backward(self, grad: Any, x: Any, out: Any = None) -> Any:
        gate = self.xp.tanh(self.softplus(x, 1, 20))
        return self.store(grad * (gate + x * self.sigmoid(x) * (1 - gate * gate)), out)

    def hardsigmoid_backward(self, grad: Any, x: Any, out: Any = None) -> Any:
        return self.store(self.xp.where((x > -3) & (x < 3), grad / 6, grad.dtype.type(0)), out)

    def hardswish_backward(self, grad: Any, x: Any, out: Any = None) -> Any:
        inside = self.xp.where(x < 3, grad * (x / 3 + 0.5), grad)
        return self.store(self.xp.where(x <= -3, grad.dtype.type(0), inside), out)

    def leaky_relu_backward(self, grad: Any, x: Any, slope: Any, out: Any = None) -> Any:
        return self.store(self.xp.where(x > 0, grad, grad * slope), out)

    def elu_backward(self, grad: Any, x: Any, alpha: Any, out: Any = None) -> Any:
        return self.store(self.xp.where(x > 0, grad, grad * alpha * self.xp.exp(x)), out)

    def threshold_backward(self, grad: Any, x: Any, threshold: Any, out: Any = None) -> Any:
        return self.store(self.xp.where(x <= threshold, grad.dtype.type(0), grad), out)

    def clamp_backward(self, grad: Any, x: Any, low: Any, high: Any, out: Any = None) -> Any:
        inside = self.xp.ones_like(x, dtype=bool)
        if low is not None:
            inside = inside & (x >= low)
        if high is not None:
            inside = inside & (x <= high)
        return self.store(self.xp.where(inside, grad, grad.dtype.type(0)), out)


def _gelu_argument(x: Any) -> Any:
    return 2 * (2 / pi) ** 0.5 * (x + 0.044715 * x * x * x)
