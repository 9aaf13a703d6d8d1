"""Products of sparse matrices, given by places and values of their elements, and dense ones."""

from __future__ import annotations

from typing import Any

from ..declaration import kernel
from .library import Library


class Sparse(Library):
    index_add: Any
    repeat_numbers: Any

    @kernel("product", multiply_adds=lambda result, values, dense, *_: values.size * dense.shape[1])
    def sparse_product(
        self, values: Any, dense: Any, outer: Any, inner: Any, count: int, is_compressed: bool,
        transposed: bool,
    ) -> Any:  # fmt: skip
        """The product of a sparse matrix, or its transpose, and a dense one: `count` rows.

        Element i stands in row outer[i] and column inner[i]. Where the matrix `is_compressed`,
        `outer` says where in `values` each row begins, and at its end where the last one ends.
        """
        rows = self.repeat_numbers(outer[1:] - outer[:-1]) if is_compressed else outer
        goals, sources = (inner, rows) if transposed else (rows, inner)
        zeros = self.xp.zeros((count, dense.shape[1]), dense.dtype)
        return self.index_add(zeros, 0, goals, values[:, None] * dense[sources])
