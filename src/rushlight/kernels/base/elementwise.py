"""Elementwise kernels. All broadcast, and keep the memory order of their inputs."""

from __future__ import annotations

from math import pi
from typing import Any

from ...categories import (
    DISCRETE,
    FLOATS,
    INEXACT,
    MASKS_SUBTRACTED,
    NUMBERS,
    ORDERED,
    REALS,
    check_taken,
)  # fmt: skip
from ...dtype import BOOL, FLOATING, INTEGER, category_of, get_default_dtype
from ...errors import OperationError
from ...scalars import checked, wrapped
from ..declaration import kernel
from .library import Library


def _unary(name: str, takes: tuple[int, ...] | None = None, floats: bool = False) -> Any:
    """A function of the array library, of the categories of dtypes that it `takes`.

    With `floats` whole numbers become the default dtype first.
    """

    @kernel("elementwise", takes=takes)
    def run(self: Any, x: Any, out: Any = None) -> Any:
        if floats:
            x = floating(x)
        return self.array(getattr(self.xp, name)(x, out=out))

    return run


def _of_floats(name: str) -> Any:
    return _unary(name, floats=True)


def _rounding(name: str) -> Any:
    """Whole numbers are as they are."""

    @kernel("elementwise", takes=REALS)
    def run(self: Any, x: Any, out: Any = None) -> Any:
        if category_of(x.dtype) == INTEGER:
            return self.store(x.copy() if out is None else x, out)
        return self.array(getattr(self.xp, name)(x, out=out))

    return run


def _binary(
    name: str, takes: tuple[int, ...] | None = None, floats: bool = False, fit: Any = wrapped
) -> Any:
    """`fit` is what becomes of a number that the array's dtype does not hold."""

    @kernel("elementwise", takes=takes)
    def run(self: Any, a: Any, b: Any, out: Any = None) -> Any:
        if floats:
            a, b = (floating(x) if hasattr(x, "dtype") else x for x in (a, b))
        try:
            return self.array(getattr(self.xp, name)(a, b, out=out))
        except OverflowError:
            a, b = (x if hasattr(x, "dtype") else fit(x, y.dtype) for x, y in ((a, b), (b, a)))
            return self.array(getattr(self.xp, name)(a, b, out=out))

    return run


def _ordered(name: str) -> Any:
    return _binary(name, ORDERED)


def _of_bits(name: str) -> Any:
    return _binary(name, DISCRETE)


_subtract = _binary("subtract")
_floor_divide, _remainder = _binary("floor_divide"), _binary("remainder")
_fmod = _binary("fmod")
_power = _binary("power", fit=checked)  # modulo 2**8, an exponent would be another one


def floating(x: Any) -> Any:
    """Whole numbers as the default dtype."""
    return x.astype(get_default_dtype().numpy) if category_of(x.dtype) in (BOOL, INTEGER) else x


def _order_of(x: Any, *others: Any) -> Any:
    """x, whose memory order a result takes where no other operand has its shape."""
    return None if any(getattr(y, "shape", ()) == x.shape for y in others) else x


def name_kernels(family: type) -> None:
    """Tells the kernels that are made by a function their names."""
    for name, value in vars(family).items():
        if hasattr(value, "declaration"):
            value.__name__ = name


class Elementwise(Library):
    add, mul = _binary("add"), _binary("multiply")
    maximum, minimum = map(_ordered, ("maximum", "minimum"))
    eq, ne = _binary("equal"), _binary("not_equal")
    lt, le = _ordered("less"), _ordered("less_equal")
    gt, ge = _ordered("greater"), _ordered("greater_equal")
    logical_and, logical_or = map(_binary, ("logical_and", "logical_or"))
    logical_xor = _binary("logical_xor")
    bitwise_and, bitwise_or = _of_bits("bitwise_and"), _of_bits("bitwise_or")
    bitwise_xor = _of_bits("bitwise_xor")

    abs = _unary("abs", NUMBERS)
    exp, log, log1p = map(_of_floats, ("exp", "log", "log1p"))
    sin, cos, tanh = map(_of_floats, ("sin", "cos", "tanh"))
    sqrt, reciprocal = map(_of_floats, ("sqrt", "reciprocal"))
    floor, ceil, round, trunc = map(_rounding, ("floor", "ceil", "rint", "trunc"))
    isnan, isinf, isfinite = map(_unary, ("isnan", "isinf", "isfinite"))
    logical_not, bitwise_not = _unary("logical_not"), _unary("bitwise_not", DISCRETE)

    @kernel("elementwise")
    def sub(self, a: Any, b: Any, out: Any = None) -> Any:
        masks = [x for x in (a, b) if getattr(x, "dtype", None) == "bool"]
        if masks:
            raise OperationError(MASKS_SUBTRACTED[len(masks) - 1])
        return _subtract(self, a, b, out)

    @kernel("elementwise")
    def div(self, a: Any, b: Any, out: Any = None) -> Any:
        a, b = (floating(x) if isinstance(x, self.array_type) else x for x in (a, b))
        return self.array(self.xp.true_divide(a, b, out=out))

    @kernel("elementwise")
    def neg(self, x: Any, out: Any = None) -> Any:
        if category_of(x.dtype) == BOOL:
            raise OperationError(
                "Negation, the `-` operator, on a bool tensor is not supported. If you are trying "
                "to invert a mask, use the `~` or `logical_not()` operator instead."
            )
        return self.array(self.xp.negative(x, out=out))

    @kernel("elementwise", takes=ORDERED)
    def sign(self, x: Any, out: Any = None) -> Any:
        if category_of(x.dtype) == BOOL:
            return self.store(x.copy(), out)
        if category_of(x.dtype) == FLOATING:  # 0 for nan
            return self.array(self.xp.subtract(x > 0, x < 0, out=out, dtype=x.dtype))
        return self.array(self.xp.sign(x, out=out))

    @kernel("elementwise")
    def square(self, x: Any, out: Any = None) -> Any:
        if category_of(x.dtype) == BOOL:
            x = x.astype("int64")
        return self.array(self.xp.multiply(x, x, out=out))

    @kernel("elementwise", takes=REALS)
    def floor_divide(self, a: Any, b: Any, out: Any = None) -> Any:
        self._check_divisor(a, b)
        return _floor_divide(self, a, b, out)

    @kernel("elementwise", takes=REALS)
    def remainder(self, a: Any, b: Any, out: Any = None) -> Any:
        self._check_divisor(a, b)
        return _remainder(self, a, b, out)

    @kernel("elementwise", takes=REALS)
    def fmod(self, a: Any, b: Any, out: Any = None) -> Any:
        self._check_divisor(a, b)
        return _fmod(self, a, b, out)

    @kernel("elementwise", takes=REALS)
    def trunc_divide(self, a: Any, b: Any, out: Any = None) -> Any:
        self._check_divisor(a, b)
        if category_of(a.dtype) != INTEGER:
            return self.trunc(self.div(a, b), out)
        b = b if hasattr(b, "dtype") else wrapped(b, a.dtype)
        down = self.xp.floor_divide(a, b)
        has_rest = down * b != a
        return self.store(down + (has_rest & ((a < 0) != (b < 0))), out)

    @kernel("elementwise")
    def pow(self, a: Any, b: Any, out: Any = None) -> Any:
        if category_of(a.dtype) == BOOL:
            if hasattr(b, "dtype"):
                check_taken("pow", a, NUMBERS)
            return self.store(a | (not b), out)
        if category_of(a.dtype) != INTEGER or getattr(b, "dtype", a.dtype).kind != "i":
            return _power(self, a, b, out)
        if not hasattr(b, "dtype") or self.is_host and not (b < 0).any():
            return _power(self, a, b, out)
        # The reciprocals of 1 and -1 are whole, those of others are cut off to 0.
        reciprocal = self.xp.where(a == 1, 1, self.xp.where(a == -1, 1 - 2 * (b & 1), 0))
        powers = self.xp.power(a, self.xp.maximum(b, 0))
        return self.store(self.xp.where(b < 0, reciprocal, powers).astype(a.dtype), out)

    def _check_divisor(self, a: Any, b: Any) -> None:
        """Whole numbers have no infinity to stand for a division by zero."""
        if category_of(a.dtype) != INTEGER or not self.is_host:
            return
        if not (self.xp.all(b) if hasattr(b, "dtype") else b):
            raise TypeError("ZeroDivisionError")

    @kernel("elementwise")
    def rsqrt(self, x: Any, out: Any = None) -> Any:
        x = floating(x)
        return self.array(self.xp.divide(1, self.xp.sqrt(x), out=out))

    @kernel("elementwise")
    def clamp(self, x: Any, low: Any, high: Any, out: Any = None) -> Any:
        return self.array(self.xp.clip(x, low, high, out=out))

    @kernel("elementwise")
    def where(self, condition: Any, a: Any, b: Any, out: Any = None) -> Any:
        result = self.array(self.xp.where(condition, a, b))
        return self.store(result.astype(a.dtype, copy=False), out)  # CuPy widens bfloat16

    @kernel("elementwise")
    def heaviside(self, x: Any, values: Any, out: Any = None) -> Any:
        steps = self.xp.where(x == 0, values, (x > 0).astype(x.dtype))
        return self.store(steps.astype(x.dtype, copy=False), out, _order_of(x, values))

    # ---- further functions

    exp2, expm1, log2, log10 = map(_of_floats, ("exp2", "expm1", "log2", "log10"))
    tan, asin, acos, atan = map(_of_floats, ("tan", "arcsin", "arccos", "arctan"))
    sinh, cosh, asinh = map(_of_floats, ("sinh", "cosh", "arcsinh"))
    acosh, atanh = map(_of_floats, ("arccosh", "arctanh"))
    atan2 = _binary("arctan2", ORDERED, floats=True)
    copysign = _binary("copysign", ORDERED, floats=True)
    hypot = _binary("hypot", FLOATS)
    fmax, fmin = map(_ordered, ("fmax", "fmin"))

    @kernel("elementwise", takes=ORDERED)
    def deg2rad(self, x: Any, out: Any = None) -> Any:
        return self.array(self.xp.multiply(floating(x), pi / 180, out=out))

    @kernel("elementwise", takes=ORDERED)
    def rad2deg(self, x: Any, out: Any = None) -> Any:
        return self.array(self.xp.multiply(floating(x), 180 / pi, out=out))

    @kernel("elementwise")
    def sinc(self, x: Any, out: Any = None) -> Any:
        x = floating(x)
        angle = pi * self.xp.where(x == 0, x.dtype.type(1e-20), x)
        return self.store(self.xp.sin(angle) / angle, out)

    @kernel("elementwise")
    def cube(self, x: Any, out: Any = None) -> Any:
        return self.store(x * x * x, out)

    @kernel("elementwise", takes=INEXACT)
    def lerp(self, a: Any, b: Any, weight: Any, out: Any = None) -> Any:
        from_a = a + weight * (b - a)
        from_b = b - (b - a) * (1 - weight)
        return self.store(self.xp.where(self.xp.abs(weight) < 0.5, from_a, from_b), out)

    @kernel("elementwise")
    def addcmul(self, x: Any, a: Any, b: Any, value: Any, out: Any = None) -> Any:
        return self.store(x + value * a * b, out, _order_of(x, a, b))

    @kernel("elementwise")
    def addcdiv(self, x: Any, a: Any, b: Any, value: Any, out: Any = None) -> Any:
        return self.store(x + value * a / b, out, _order_of(x, a, b))
