"""Attention by tiles of scores, which are never all in memory: neither forward nor backward.

Queries are (B, H, L, E), keys (B, G, S, E) and values (B, G, S, V): H / G heads of queries share
one of keys. A tile holds all the scores of some queries, so that its softmax is plain.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

from ..declaration import kernel
from .library import Library

TILE = 1 << 18  # scores in a tile: 1 MB of float32, which stays in a core's cache


def _of_scores(result: Any, query: Any, key: Any, value: Any, *others: Any) -> int:
    """The scores and their sum, all of them: also those that a causal mask leaves out."""
    return prod(query.shape[:-1]) * key.shape[-2] * (query.shape[-1] + value.shape[-1])


def _of_gradients(result: Any, grad: Any, query: Any, key: Any, value: Any, *others: Any) -> int:
    """The scores once more, and the gradients of scores, queries, keys and values."""
    scores = prod(query.shape[:-1]) * key.shape[-2]
    return scores * (3 * query.shape[-1] + 2 * value.shape[-1])


class Attention(Library):
    @kernel("fused", multiply_adds=_of_scores)
    def attention(
        self, query: Any, key: Any, value: Any, mask: Any, kept: Any, scale: float, is_causal: bool,
        kept_scale: float,
    ) -> tuple[Any, Any]:  # fmt: skip
        """softmax(query @ key.T * scale + mask) @ value, and the softmax's maxima and sums.

        `mask` is None, or broadcasts to (B, H, L, S): what is added to the scores, or whether they
        count. `kept` is None or says which weights dropout has kept, to be scaled by `kept_scale`.
        A query that sees nothing gets zeros: its sum is called infinite.
        """
        xp = self.xp
        q, k, v = _grouped(query, key), key[:, :, None], value[:, :, None]
        mask, kept = (_grouped_mask(xp, m, query, key) for m in (mask, kept))
        result = self._rows_like(query, value.shape[-1])
        parts = _grouped(result, key)
        sums = xp.empty((*q.shape[:-1], 2), query.dtype)
        if not key.shape[2]:  # no query sees anything
            result.fill(0)
            sums[..., 0], sums[..., 1] = 0, xp.inf
        for heads, rows, seen in _tiles(q, k, is_causal):
            tile = (*heads, slice(None), rows)
            scores = self._scores(q[tile], k[heads][..., seen, :], scale)
            self._mask_tile(scores, mask, tile, seen, is_causal)
            largest = xp.max(scores, axis=-1, keepdims=True)
            largest = xp.where(largest == -xp.inf, 0, largest)
            scores = xp.subtract(scores, largest, out=scores)
            weights = xp.exp(scores, out=scores)
            total = xp.sum(weights, axis=-1, keepdims=True)
            sees_nothing = total == 0
            if kept is not None:
                weights = weights * kept[tile][..., seen] * kept_scale
            part = xp.matmul(weights, v[heads][..., seen, :])
            total = xp.where(sees_nothing, xp.inf, total)
            parts[tile] = part / total
            sums[tile] = xp.concatenate([largest, total], axis=-1)
        return result, sums.reshape((*query.shape[:-1], 2))

    @kernel("fused", multiply_adds=_of_gradients)
    def attention_backward(
        self, grad: Any, query: Any, key: Any, value: Any, mask: Any, kept: Any, sums: Any,
        scale: float, is_causal: bool, kept_scale: float,
    ) -> tuple[Any, Any, Any]:  # fmt: skip
        """The gradients of query, key and value; the weights are computed again, tile by tile."""
        xp = self.xp
        q, k, v = _grouped(query, key), key[:, :, None], value[:, :, None]
        g = _grouped(grad, key)
        mask, kept = (_grouped_mask(xp, m, query, key) for m in (mask, kept))
        sums = sums.reshape((*q.shape[:-1], 2))
        grads = [self._rows_like(x, x.shape[-1]) for x in (query, key, value)]
        for x in grads:
            x.fill(0)
        grad_q, (_, grad_k, grad_v) = _grouped(grads[0], key), grads
        for heads, rows, seen in _tiles(q, k, is_causal):
            tile = (*heads, slice(None), rows)
            keys, values = k[heads][..., seen, :], v[heads][..., seen, :]
            scores = self._scores(q[tile], keys, scale)
            self._mask_tile(scores, mask, tile, seen, is_causal)
            scores = xp.subtract(scores, sums[tile][..., :1], out=scores)
            weights = xp.exp(scores, out=scores)
            weights = xp.true_divide(weights, sums[tile][..., 1:], out=weights)
            change = xp.matmul(g[tile], values.swapaxes(-1, -2))
            passed = weights
            if kept is not None:
                dropped = kept[tile][..., seen] * kept_scale
                change, passed = change * dropped, weights * dropped
            total = xp.sum(weights * change, axis=-1, keepdims=True)
            change = xp.subtract(change, total, out=change)
            change = xp.multiply(change, weights, out=change)
            change = xp.multiply(change, scale, out=change)
            grad_q[tile] = xp.matmul(change, keys)
            place = (*heads, seen)
            grad_k[place] += xp.sum(xp.matmul(change.swapaxes(-1, -2), q[tile]), axis=-3)
            grad_v[place] += xp.sum(xp.matmul(passed.swapaxes(-1, -2), g[tile]), axis=-3)
        return tuple(grads)

    def _rows_like(self, x: Any, columns: int) -> Any:
        """An array of x's shape, but for the columns, and order, if its rows are dense then.

        So heads that are views of a projection's result give such heads again, and putting them
        back side by side copies nothing.
        """
        shape = (*x.shape[:-1], columns)
        made = self.xp.empty_like(x, shape=shape)
        dense = made.strides[-1] == made.itemsize
        return made if dense else self.xp.empty(shape, x.dtype)

    def _scores(self, query: Any, key: Any, scale: float) -> Any:
        scores = self.xp.matmul(query, key.swapaxes(-1, -2))
        return self.xp.multiply(scores, scale, out=scores)

    def _mask_tile(self, scores: Any, mask: Any, tile: Any, seen: Any, is_causal: bool) -> None:
        """Sets what is not seen to -infinity, or adds a mask of numbers."""
        xp = self.xp
        if is_causal:
            rows = xp.arange(tile[-1].start, tile[-1].stop)
            is_later = xp.arange(scores.shape[-1]) > rows[:, None]
            xp.copyto(scores, -xp.inf, where=is_later)
        elif mask is not None:
            part = mask[tile][..., seen]
            if part.dtype == "bool":
                xp.copyto(scores, -xp.inf, where=~part)
            else:
                scores += part


def _grouped(x: Any, key: Any) -> Any:
    """(B, H, L, E) as (B, G, H / G, L, E), by the heads of the keys."""
    batch, heads = x.shape[:2]
    groups = key.shape[1]
    return x.reshape((batch, groups, heads // max(groups, 1), *x.shape[2:]))


def _grouped_mask(xp: Any, mask: Any, query: Any, key: Any) -> Any:
    if mask is None:
        return None
    full = xp.broadcast_to(mask, (*query.shape[:3], key.shape[2]))
    batch, heads, rows, columns = full.shape
    # A view, as a reshape of what is broadcast might be a copy of its full size.
    groups, step = key.shape[1], full.strides[1]
    size = heads // max(groups, 1)
    strides = (full.strides[0], step * size, step, *full.strides[2:])
    shape = (batch, groups, size, rows, columns)
    return xp.lib.stride_tricks.as_strided(full, shape, strides)


def _tiles(q: Any, k: Any, is_causal: bool) -> Iterator[tuple[Any, slice, slice]]:
    """The batch and the heads of each tile, its queries, and the keys that they see."""
    batch, groups, size, rows = q.shape[:4]
    keys = k.shape[-2]
    if not keys:
        return
    together = max(1, TILE // max(size * rows * keys, 1))
    height = max(1, TILE // max(size * keys, 1))
    for number in range(batch):
        for head in range(0, groups, together):
            for row in range(0, rows, height):
                stop = min(row + height, rows)
                seen = slice(0, min(stop, keys) if is_causal else keys)
                yield (number, slice(head, min(head + together, groups))), slice(row, stop), seen
