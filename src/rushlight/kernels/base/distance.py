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

    @kernel("product", multiply_adds=lambda result, x, *_: result.size * x.shape[-1])
    def pdist(self, x: Any, p: float) -> Any:
        """The distances of the rows i < j of a matrix (n, d), (n(n-1)/2)."""
        whole = self.cdist(x, x, p, False)
        return whole[self.xp.triu(self.xp.ones(whole.shape, bool), 1)]

    @kernel("product", multiply_adds=lambda result, grad, x, *_: grad.size * x.shape[-1])
    def pdist_gradient(self, grad: Any, x: Any, distances: Any, p: float) -> Any:
        """The gradient (n, d) of the rows."""
        xp = self.xp
        rows = len(x)
        above = xp.triu(xp.ones((rows, rows), bool), 1)
        # Those of all rows i and j, of which there are those i < j.
        grads, lengths = (xp.zeros((rows, rows), x.dtype) for _ in range(2))
        for whole, part in ((grads, grad), (lengths, distances)):
            whole[above] = part
            whole += whole.T.copy()
        result = xp.empty(x.shape, x.dtype)
        step = max(1, _BLOCK // max(1, x.size))
        for start in range(0, rows, step):
            part = slice(start, start + step)
            difference = x[part, None, :] - x[None, :, :]
            slope = self._slopes(difference, lengths[part, :, None], p)
            result[part] = (grads[part, :, None] * slope).sum(1)
        return result

    def _slopes(self, x: Any, length: Any, p: float) -> Any:
        """The slopes of the p-norms along the last dimension, 0 where there is none."""
        xp = self.xp
        if p == 0:
            return x * 0
        if p == 1:
            return xp.sign(x)
        if p == 2:
            return x / xp.where(length == 0, 1, length)
        size = xp.abs(x)
        if math.isinf(p):
            largest = (size == length).astype(x.dtype)
            return xp.sign(x) * largest / xp.maximum(largest.sum(-1, keepdims=True), 1)
        share = xp.where(size == 0, 0, xp.where(size == 0, 1, size) ** (p - 1))
        return xp.sign(x) * share / xp.where(length == 0, 1, length) ** (p - 1)

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
