"""Kernels that pick and place elements by index, and that sort."""

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
        self._check_index(x, axis, index)
        return self.store(x[self._positions(index, axis)], out)

    @kernel("indexing")
    def scatter_add(self, x: Any, axis: int, index: Any, values: Any, out: Any = None) -> Any:
        self._check_index(x, axis, index)
        result = x.copy() if out is None else out
        self.add_at(result, self._positions(index, axis), values)
        return result

    @kernel("indexing")
    def index_select(self, x: Any, axis: int, index: Any) -> Any:
        """The slices of an axis that a vector of whole numbers names."""
        self._check_index(x, axis, index)
        return self.xp.take(x, index, axis)

    @kernel("indexing")
    def index_add(self, x: Any, axis: int, index: Any, values: Any) -> Any:
        """A copy of x with slices added to those of an axis that a vector names."""
        self._check_index(x, axis, index)
        result = x.copy()
        self.add_at(result, (slice(None),) * axis + (index,), values)
        return result

    def _check_index(self, x: Any, axis: int, index: Any) -> None:
        """Raises for what is out of range, where values are read for checks; -1 is, too."""
        size = x.shape[axis] if x.ndim else 1
        if self.is_host and index.size and (index.min() < 0 or index.max() >= size):
            wrong = int(index[(index < 0) | (index >= size)].ravel()[0])
            raise IndexError(
                f"index {wrong} is out of bounds for dimension {axis} with size {size}"
            )

    def _positions(self, index: Any, axis: int) -> tuple[Any, ...]:
        """Full indices of the places that `index` names along one axis."""
        grids = self.xp.ogrid[tuple(slice(0, n) for n in index.shape)]
        positions = list(grids) if isinstance(grids, (list, tuple)) else [grids]
        positions[axis] = index
        return tuple(positions)

    @kernel("indexing", ("x",))
    def add_at(self, x: Any, index: Any, values: Any) -> None:
        """x[index] += values, where an element that is named twice is added to twice."""
        self.xp.add.at(x, index, values)

    @kernel("dynamic")
    def nonzero(self, x: Any) -> Any:
        if x.ndim == 0:  # one row without columns, or none
            return self.xp.empty((int(self.scalar(x != 0)), 0), "int64")
        return self.xp.stack(self.xp.nonzero(x), axis=0).T  # columns are contiguous, as in PyTorch

    @kernel("scan")
    def sort(self, x: Any, axis: int, descending: bool) -> tuple[Any, Any]:
        key = self.xp.flip(x, axis) if descending else x
        order = self.xp.argsort(key, axis=axis, kind="stable")
        if descending:  # sorting the reversed and reversing back keeps equal elements in order
            order = self.xp.flip(x.shape[axis] - 1 - order, axis)
        return self.xp.take_along_axis(x, order, axis=axis), order

    @kernel("indexing")
    def topk(self, x: Any, axis: int, k: int, largest: bool) -> tuple[Any, Any]:
        """The first k of each line in order, and where they stood."""
        values, order = self.sort(x, axis, largest)
        first = (slice(None),) * axis + (slice(k),)
        return values[first].copy(), order[first].copy()

    @kernel("indexing")
    def one_hot(self, x: Any, classes: int) -> Any:
        return (x.copy()[..., None] == self.xp.arange(classes)).astype("int64")
