"""What L-BFGS asks of its history: inner products and weighted sums of many long vectors."""

from __future__ import annotations

from typing import Any

from ..declaration import kernel
from .library import Library


class Lbfgs(Library):
    @kernel(
        "product",
        multiply_adds=lambda result, vectors, others: result.size * vectors[0].size,
    )
    def inner_products(self, vectors: list[Any], others: list[Any]) -> Any:
        """The inner products of each of the vectors with each of the others, in float64."""
        xp = self.xp
        wide = [other.astype(xp.float64) for other in others]
        rows = [vector.astype(xp.float64) for vector in vectors]
        return xp.stack([xp.stack([xp.dot(row, other) for other in wide]) for row in rows])

    @kernel("fused")
    def weighted_sum(self, vectors: list[Any], weights: list[float]) -> Any:
        """The vectors, each times its weight, added up in float64 and rounded once."""
        total = self.xp.zeros(vectors[0].shape, self.xp.float64)
        for vector, weight in zip(vectors, weights, strict=True):
            total += weight * vector.astype(self.xp.float64)
        return total.astype(vectors[0].dtype)
