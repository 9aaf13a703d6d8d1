"""Kernels that run along one axis.

What an array library has no function for is made in steps that double what each element has seen:
after the k-th it knows the 2^k elements up to itself.
"""

from __future__ import annotations

from typing import Any

from ..declaration import kernel
from .library import Library


def _running(name: str) -> Any:
    @kernel("scan")
    def run(self: Any, x: Any, axis: int, out: Any = None) -> Any:
        if x.ndim == 0:
            return self.store(x.copy(), out)
        if out is None:
            out = self.xp.empty_like(x)  # in x's memory order
        out[...] = getattr(self.xp, name)(x, axis=axis, dtype=_wide(x))
        return out

    return run


class Scan(Library):
    cumsum, cumprod = map(_running, ("cumsum", "cumprod"))

    @kernel("scan")
    def products_of_others(self, x: Any, axis: int) -> Any:
        """For each element the product of all others of its line: of those before and behind it."""
        xp = self.xp
        if x.ndim == 0:
            return xp.ones_like(x)
        lines = xp.moveaxis(x, axis, -1).astype(_wide(x))
        first = xp.ones_like(lines[..., :1])
        before = xp.cumprod(xp.concatenate([first, lines[..., :-1]], -1), axis=-1)
        turned = lines[..., ::-1]
        behind = xp.cumprod(xp.concatenate([first, turned[..., :-1]], -1), axis=-1)[..., ::-1]
        return xp.moveaxis(before * behind, -1, axis).astype(x.dtype)

    @kernel("scan")
    def cummax(self, x: Any, axis: int) -> tuple[Any, Any]:
        return self._running_extreme(x, axis, self.xp.greater_equal)

    @kernel("scan")
    def cummin(self, x: Any, axis: int) -> tuple[Any, Any]:
        return self._running_extreme(x, axis, self.xp.less_equal)

    def _running_extreme(self, x: Any, axis: int, wins: Any) -> tuple[Any, Any]:
        """The values so far that win over those before, nan over all, and where they stood."""
        xp = self.xp
        if x.ndim == 0:
            return x.copy(), xp.zeros((), "int64")
        values = x.copy()
        places = xp.empty(x.shape, "int64")
        places[...] = xp.arange(x.shape[axis]).reshape(along(x, axis))
        step = 1
        while step < x.shape[axis]:
            before, after = (slice(None),) * axis, (slice(None),) * axis
            before, after = (*before, slice(None, -step)), (*after, slice(step, None))
            old, new = values[before], values[after]
            kept = wins(new, old) | (new != new)
            values[after], places[after] = (
                xp.where(kept, part[after], part[before]) for part in (values, places)
            )
            step *= 2
        return values, places

    @kernel("scan")
    def linear_scan(self, factors: Any, terms: Any, axis: int) -> Any:
        """y[k] = factors[k] * y[k - 1] + terms[k], with y[-1] = 0."""
        a, b = (self.xp.moveaxis(v.astype(_wide(v)), axis, 0) for v in (factors, terms))
        step = 1
        while step < a.shape[0]:
            b[step:] = b[step:] + a[step:] * b[:-step]
            a[step:] = a[step:] * a[:-step]
            step *= 2
        return self.xp.ascontiguousarray(self.xp.moveaxis(b, 0, axis), dtype=terms.dtype)


def _wide(x: Any) -> Any:
    """Twice the precision for floats: rounding errors add up along the axis."""
    return "float64" if x.dtype == "float32" else x.dtype


def along(x: Any, axis: int) -> tuple[int, ...]:
    """The shape in which a vector lies along one axis of x."""
    return tuple([-1 if i == axis else 1 for i in range(x.ndim)])
