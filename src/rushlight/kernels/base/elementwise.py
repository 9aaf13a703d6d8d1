"""Elementwise kernels. All broadcast, and keep the memory order of their inputs."""

from __future__ import annotations

from typing import Any

from ...dtype import BOOL, COMPLEX, INTEGER, category_of
from ...errors import NotSupportedError
from ...scalars import checked, wrapped
from ..declaration import kernel


def _unary(name: str) -> Any:
    @kernel("elementwise")
    def run(self: Any, x: Any, out: Any = None) -> Any:
        return self.array(getattr(self.xp, name)(x, out=out))

    return run


def _binary(name: str, fit: Any = wrapped) -> Any:
    @kernel("elementwise")
    def run(self: Any, a: Any, b: Any, out: Any = None) -> Any:
        try:
            return self.array(getattr(self.xp, name)(a, b, out=out))
        except OverflowError:  # b is a number that a's type does not hold
            return self.array(getattr(self.xp, name)(a, fit(b, a.dtype), out=out))

    return run


_floor_divide, _remainder = map(_binary, ("floor_divide", "remainder"))


class Elementwise:
    xp: Any
    array: Any
    store: Any
    is_host: bool

    add, sub, mul, div = map(_binary, ("add", "subtract", "multiply", "true_divide"))
    pow = _binary("power", checked)  # modulo 2**8, an exponent would be another one
    maximum, minimum = map(_binary, ("maximum", "minimum"))
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

    @kernel("elementwise")
    def floor_divide(self, a: Any, b: Any, out: Any = None) -> Any:
        self._check_divisor(a, b)
        return _floor_divide(self, a, b, out)

    @kernel("elementwise")
    def remainder(self, a: Any, b: Any, out: Any = None) -> Any:
        self._check_divisor(a, b)
        return _remainder(self, a, b, out)

    def _check_divisor(self, a: Any, b: Any) -> None:
        """Whole numbers have no infinity to stand for a division by zero."""
        if category_of(a.dtype) == INTEGER and self.is_host and not self.xp.all(b):
            raise TypeError("ZeroDivisionError")

    @kernel("elementwise")
    def rsqrt(self, x: Any, out: Any = None) -> Any:
        return self.array(self.xp.divide(1, self.xp.sqrt(x), out=out))

    @kernel("elementwise")
    def sigmoid(self, x: Any, out: Any = None) -> Any:
        # exp(-|x|) never overflows; both branches of 1 / (1 + exp(-x)) are written in it.
        small = self.xp.exp(-self.xp.abs(x))
        result = self.xp.where(x >= 0, 1, small) / (1 + small)
        return self.store(result.astype(x.dtype, copy=False), out)

    @kernel("elementwise")
    def relu(self, x: Any, out: Any = None) -> Any:
        category = category_of(x.dtype)
        if category == BOOL:
            raise TypeError("Boolean inputs not supported for relu")
        if category == COMPLEX:
            raise NotSupportedError(f"relu is not implemented for {x.dtype}: it has no order")
        return self.array(self.xp.maximum(x, 0, out=out))

    @kernel("elementwise")
    def relu_backward(self, grad: Any, y: Any) -> Any:
        return self.array(self.xp.where(y > 0, grad, self.xp.zeros((), grad.dtype)))

    @kernel("elementwise")
    def tanh_backward(self, grad: Any, y: Any) -> Any:
        return self.array(grad * (1 - y * y))

    @kernel("elementwise")
    def sigmoid_backward(self, grad: Any, y: Any) -> Any:
        return self.array(grad * y * (1 - y))

    @kernel("elementwise")
    def clamp(self, x: Any, low: Any, high: Any, out: Any = None) -> Any:
        return self.array(self.xp.clip(x, low, high, out=out))

    @kernel("elementwise")
    def where(self, condition: Any, a: Any, b: Any, out: Any = None) -> Any:
        return self.store(self.xp.where(condition, a, b), out)
