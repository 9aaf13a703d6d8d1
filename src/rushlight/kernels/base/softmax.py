"""Softmax and its logarithm along one axis."""

from __future__ import annotations

from typing import Any

from ...categories import FLOATS, INEXACT
from ...dtype import COMPLEX, category_of
from ..declaration import kernel
from .library import Library


class Softmax(Library):
    @kernel("scan")
    def softmax(self, x: Any, axis: int, out: Any = None) -> Any:
        if not x.size:
            return self.store(x.copy(), out)
        e = self.xp.exp(x - self.xp.max(x, axis=_axis(x, axis), keepdims=True))
        return self.store(e / self.xp.sum(e, axis=_axis(x, axis), keepdims=True), out)

    @kernel("scan")
    def log_softmax(self, x: Any, axis: int, out: Any = None) -> Any:
        if not x.size:
            return self.store(x.copy(), out)
        shifted = x - self.xp.max(x, axis=_axis(x, axis), keepdims=True)
        total = self.xp.sum(self.xp.exp(shifted), axis=_axis(x, axis), keepdims=True)
        return self.store(shifted - self.xp.log(total), out)

    @kernel("scan")
    def softmax_backward(self, grad: Any, y: Any, axis: int) -> Any:
        return self.array(y * (grad - self.xp.sum(grad * y, axis=_axis(y, axis), keepdims=True)))

    @kernel("scan")
    def log_softmax_backward(self, grad: Any, y: Any, axis: int) -> Any:
        total = self.xp.sum(grad, axis=_axis(y, axis), keepdims=True)
        return self.array(grad - self.xp.exp(y) * total)

    @kernel("elementwise", takes=INEXACT)
    def logaddexp(self, a: Any, b: Any, out: Any = None) -> Any:
        if category_of(a.dtype) == COMPLEX:
            larger = self.xp.where(a.real >= b.real, a, b)
            rest = self.xp.where(a.real >= b.real, b - a, a - b)
            # Where both are the same infinity their difference is nan, and so would be the sum.
            rest = self.xp.where((a == b) & self.xp.isinf(a.real), 0, rest)
            return self.store(larger + self.xp.log1p(self.xp.exp(rest)), out)
        return self.array(self.xp.logaddexp(a, b, out=out))

    @kernel("elementwise", takes=FLOATS)
    def logaddexp2(self, a: Any, b: Any, out: Any = None) -> Any:
        return self.array(self.xp.logaddexp2(a, b, out=out))

    def _complex_logaddexp(self, a: Any, b: Any) -> Any:
        """log(exp(a) + exp(b)); the imaginary part of what is infinitely small does not count."""
        xp = self.xp
        swaps = a.real < b.real
        large, small = xp.where(swaps, b, a), xp.where(swaps, a, b)
        result = large + xp.log1p(xp.exp(small - large))
        result = xp.where(small.real == -xp.inf, large, result)
        return xp.where((a != a) | (b != b), xp.nan, result)

    @kernel("scan")
    def logcumsumexp(self, x: Any, axis: int, out: Any = None) -> Any:
        if x.ndim == 0:
            return self.store(x.copy(), out)
        if category_of(x.dtype) == COMPLEX:
            wide = x.astype("complex128")
            lines = self.xp.moveaxis(wide, axis, 0)
            for i in range(1, lines.shape[0]):  # one by one: the angle is what they add up to
                lines[i] = self._complex_logaddexp(lines[i], lines[i - 1])
            return self.store(wide.astype(x.dtype, copy=False), out)
        wide = x.astype("float64")
        lines, step = self.xp.moveaxis(wide, axis, 0), 1
        while step < lines.shape[0]:  # each element has the `step` ones before it; then twice that
            lines[step:] = self.xp.logaddexp(lines[step:], lines[:-step])
            step *= 2
        return self.store(wide.astype(x.dtype, copy=False), out)


def _axis(x: Any, axis: int) -> int | None:
    """The axis, or all of an array that has none."""
    return axis if x.ndim else None
