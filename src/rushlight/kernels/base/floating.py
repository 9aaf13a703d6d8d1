"""Floating-point numbers by their parts and corners."""

from __future__ import annotations

from typing import Any

import ml_dtypes

from ...categories import FLOATS, ORDERED
from ...dtype import BOOL, COMPLEX, FLOATING, INTEGER, category_of
from ..declaration import kernel
from .library import Library


class Floating(Library):
    @kernel("elementwise", takes=ORDERED)
    def signbit(self, x: Any, out: Any = None) -> Any:
        if category_of(x.dtype) != FLOATING:
            return self.store(x < 0 if category_of(x.dtype) != BOOL else x & False, out)
        return self.array(self.xp.signbit(x, out=out))

    @kernel("elementwise")
    def isposinf(self, x: Any, out: Any = None) -> Any:
        return self.array(self.xp.equal(x, self.xp.inf, out=out))

    @kernel("elementwise")
    def isneginf(self, x: Any, out: Any = None) -> Any:
        return self.array(self.xp.equal(x, -self.xp.inf, out=out))

    @kernel("elementwise", takes=FLOATS)
    def frac(self, x: Any, out: Any = None) -> Any:
        return self.array(self.xp.subtract(x, self.xp.trunc(x), out=out))

    @kernel("elementwise")
    def ldexp(self, x: Any, n: Any, out: Any = None) -> Any:
        if n.dtype == "uint64":  # the only ones that are not taken
            n = self.xp.minimum(n, 10_000).astype("int64")
        return self.array(self.xp.ldexp(x, n, out=out))

    @kernel("elementwise")
    def nan_to_num(self, x: Any, nan: Any, posinf: Any, neginf: Any, out: Any = None) -> Any:
        if category_of(x.dtype) in (BOOL, INTEGER):
            return self.store(x.copy(), out)
        if category_of(x.dtype) == COMPLEX:
            result = self.xp.empty_like(x)  # a + 1j * b makes 0 of -0, and nan of infinity
            for part, place in ((x.real, result.real), (x.imag, result.imag)):
                place[...] = self.nan_to_num(part, nan, posinf, neginf)
            return self.store(result, out)
        info, inf = ml_dtypes.finfo(x.dtype), self.xp.inf
        if posinf is None and neginf is None:
            result = self.xp.clip(x, float(info.min), float(info.max))
        else:
            high = float(info.max) if posinf is None else posinf
            low = float(info.min) if neginf is None else neginf
            result = self.xp.where(x == inf, high, self.xp.where(x == -inf, low, x))
        result = self.xp.where(x != x, 0.0 if nan is None else nan, result)
        return self.store(result.astype(x.dtype, copy=False), out, x)

    @kernel("elementwise", takes=FLOATS)
    def nextafter(self, a: Any, b: Any, out: Any = None) -> Any:
        same = a == b
        result = self.array(self.xp.nextafter(a, b, out=out))
        self.xp.copyto(result, b, where=same)  # NumPy's float16 gives a: the other zero
        return result

    @kernel("fused")
    def frexp(self, x: Any) -> Any:
        mantissa, exponent = self.xp.frexp(x)
        return self.array(mantissa), self.array(exponent)
