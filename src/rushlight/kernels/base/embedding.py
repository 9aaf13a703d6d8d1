"""Kernels of embeddings that picking rows and adding to them do not do."""

from __future__ import annotations

from typing import Any

from ...errors import OperationError
from ..declaration import kernel
from .library import Library


class Embedding(Library):
    @kernel("fused", ("x",))
    def embedding_renorm(self, x: Any, indices: Any, max_norm: float, norm_type: float) -> Any:
        """Shortens those of the named rows that are longer than `max_norm`."""
        xp = self.xp
        rows = xp.take(x, indices, 0)
        sizes = abs(rows).astype("float64")
        if norm_type == float("inf"):
            norms = xp.max(sizes, axis=1)
        else:
            norms = xp.sum(sizes**norm_type, axis=1) ** (1 / norm_type)
        scale = xp.where(norms > max_norm, max_norm / (norms + 1e-7), 1)
        x[indices] = (rows * scale[:, None]).astype(x.dtype)  # a row named twice is the same twice
        return x

    @kernel("indexing")
    def bag_numbers(self, offsets: Any, count: int) -> Any:
        """For each of `count` indices the number of the bag that it lies in."""
        if self.is_host and offsets.size and (offsets[0] != 0 or offsets[-1] > count):
            raise OperationError(
                "embedding_bag: offsets[0] has to be 0, i.e., the first sequence in the mini-batch "
                f"has to start from position 0, and offsets[-1] can not be greater than input's "
                f"length {count}; got offsets from {int(offsets[0])} to {int(offsets[-1])}"
            )
        places = self.xp.arange(count)
        return self.xp.searchsorted(offsets, places, side="right") - 1

    @kernel("fused")
    def bag_argmax(self, rows: Any, bags: Any, count: int) -> Any:
        """For each bag and column the row with the first maximum, -1 where the bag is empty.

        Rows of a bag beyond `count` belong to none.
        """
        xp = self.xp
        order = xp.argsort(-rows, axis=0, kind="stable")
        by_bag = xp.argsort(xp.take(bags, order), axis=0, kind="stable")
        order = xp.take_along_axis(order, by_bag, axis=0)
        sorted_bags = xp.sort(bags)
        numbers = xp.arange(count)
        first = xp.searchsorted(sorted_bags, numbers, side="left")
        behind = xp.searchsorted(sorted_bags, numbers, side="right")
        if not rows.shape[0]:
            return xp.full((count, rows.shape[1]), -1, "int64")
        found = xp.take(order, xp.minimum(first, rows.shape[0] - 1), 0)
        return xp.where((first < behind)[:, None], found, -1)
