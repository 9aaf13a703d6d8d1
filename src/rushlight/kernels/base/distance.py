"""The distances of all pairs of vectors."""

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

    @kernel("product", multiply_adds=lambda result, a, *_: math.prod(result.shape) * a.shape[-1])
    def cdist(self, a: Any, b: Any, p: float, by_products: bool) -> Any:
        xp = self.xp
        if by_products:
            squares = (a * a).sum(-1)[..., :, None] + (b * b).sum(-1)[..., None, :]
            # The device's own product: NumPy's library has threads of its own.
            products = plain_tables[type(a)].matmul(a, xp.swapaxes(b, -1, -2))
            return xp.sqrt(xp.maximum(squares - 2 * products, 0))
        result = xp.empty((*a.shape[:-1], b.shape[-2]), a.dtype)
        step = max(1, _BLOCK // max(1, b.size))
        for start in range(0, a.shape[-2], step):
            rows = slice(start, start + step)
            difference = a[..., rows, None, :] - b[..., None, :, :]
            result[..., rows, :] = self._lengths(difference, p)
        return result

    def _lengths(self, x: Any, p: float) -> Any:
        """The p-norms along the last dimension; of nothing they are 0."""
        xp, size = self.xp, self.xp.abs(x)
        if p == 0 or not x.size:
            return xp.sum(size != 0, axis=-1)
        if math.isinf(p):
            return (xp.max if p > 0 else xp.min)(size, axis=-1)
        # The device's own sum, which is exact to the last place or two.
        terms = size if p == 1 else size * size if p == 2 else size**p
        found = plain_tables[type(x)].sum(self.array(terms), (x.ndim - 1,), False)
        return found if p == 1 else xp.sqrt(found) if p == 2 else found ** (1 / p)
