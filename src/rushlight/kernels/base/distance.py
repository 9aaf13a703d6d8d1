"""Norms of vectors, and the distances of all pairs of them."""

from __future__ import annotations

import math
from typing import Any

from ..declaration import kernel
from ..launch import plain_tables

_BLOCK = 1 << 20  # elements of the differences that are held at a time


class Distance:
    xp: Any
    array: Any
    store: Any

    @kernel("reduction")
    def p_norm(self, x: Any, p: float, axis: int, keepdims: bool, out: Any = None) -> Any:
        xp, size = self.xp, self.xp.abs(x)
        axes = (axis,) if x.ndim else None
        if p == 0:
            found = xp.sum(size != 0, axis=axes, keepdims=keepdims).astype(size.dtype)
        elif math.isinf(p):
            if x.ndim and x.shape[axis] == 0:
                return self.store(xp.zeros(_without(x.shape, axis, keepdims), size.dtype), out)
            found = (xp.max if p > 0 else xp.min)(size, axis=axes, keepdims=keepdims)
        else:
            # The device's own sum, which is exact to the last place or two.
            table = plain_tables[type(x)]
            terms = size if p == 1 else size * size if p == 2 else size**p
            found = table.sum(self.array(terms), axes, keepdims)
            found = found if p == 1 else xp.sqrt(found) if p == 2 else found ** (1 / p)
        return self.store(self.array(found).astype(size.dtype, copy=False), out)

    @kernel("product")
    def cdist(self, a: Any, b: Any, p: float, by_products: bool) -> Any:
        xp = self.xp
        if by_products:
            squares = (a * a).sum(-1)[..., :, None] + (b * b).sum(-1)[..., None, :]
            return xp.sqrt(xp.maximum(squares - 2 * (a @ xp.swapaxes(b, -1, -2)), 0))
        result = xp.empty((*a.shape[:-1], b.shape[-2]), a.dtype)
        step = max(1, _BLOCK // max(1, b.size))
        for start in range(0, a.shape[-2], step):
            rows = slice(start, start + step)
            difference = a[..., rows, None, :] - b[..., None, :, :]
            result[..., rows, :] = self.p_norm(difference, p, difference.ndim - 1, False)
        return result


def _without(shape: Any, axis: int, keepdim: bool) -> tuple[int, ...]:
    return (*shape[:axis], *((1,) if keepdim else ()), *shape[axis + 1 :])
