"""Kernels that pick and place elements by index."""

from __future__ import annotations

from typing import Any

from ..declaration import kernel


class Indexing:
    xp: Any
    array: Any
    store: Any
    scalar: Any
    is_host: bool

    @kernel("indexing")
    def gather(self, x: Any, axis: int, index: Any, out: Any = None) -> Any:
        self.check_index(x, axis, index)
        return self.store(x[self.positions(index, axis)], out)

    @kernel("indexing")
    def index_select(self, x: Any, axis: int, index: Any) -> Any:
        """The slices of an axis that a vector of whole numbers names."""
        self.check_index(x, axis, index)
        return self.xp.take(x, index, axis)

    def check_index(self, x: Any, axis: int, index: Any) -> None:
        """Raises for what is out of range, where values are read for checks; -1 is, too."""
        size = x.shape[axis] if x.ndim else 1
        if self.is_host and index.size and (index.min() < 0 or index.max() >= size):
            wrong = int(index[(index < 0) | (index >= size)].ravel()[0])
            raise IndexError(
                f"index {wrong} is out of bounds for dimension {axis} with size {size}"
            )

    def positions(self, index: Any, axis: int) -> tuple[Any, ...]:
        """Full indices of the places that `index` names along one axis."""
        grids = self.xp.ogrid[tuple(slice(0, n) for n in index.shape)]
        positions = list(grids) if isinstance(grids, (list, tuple)) else [grids]
        positions[axis] = index
        return tuple(positions)

    @kernel("dynamic")
    def nonzero(self, x: Any) -> Any:
        if x.ndim == 0:  # one row without columns, or none
            return self.xp.empty((int(self.scalar(x != 0)), 0), "int64")
        return self.xp.stack(self.xp.nonzero(x), axis=0).T  # columns are contiguous, as in PyTorch

    @kernel("indexing")
    def one_hot(self, x: Any, classes: int) -> Any:
        return (x.copy()[..., None] == self.xp.arange(classes)).astype("int64")

    @kernel("indexing")
    def nonzero_static(self, x: Any, size: int, fill: int) -> Any:
        """The indices of the first `size` elements that are not zero, and rows of `fill` behind."""
        flat = x.reshape(-1) != 0
        count = self.xp.cumsum(flat, dtype="int64")
        # Where a row of the result comes from; those from `size` on go behind the last one.
        row = self.xp.where(flat, self.xp.minimum(count - 1, size), size)
        result = self.xp.full((size + 1, x.ndim), fill, "int64")
        places = self.xp.arange(x.size)
        for axis in reversed(range(x.ndim)):
            result[row, axis] = places % x.shape[axis]
            places = places // x.shape[axis]
        return result[:size].copy()
