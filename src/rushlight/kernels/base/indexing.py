"""Kernels that pick and place elements by index."""

from __future__ import annotations

from typing import Any

from ...errors import OperationError
from ..declaration import kernel
from .library import Library


class Indexing(Library):
    cast: Any
    index_put: Any
    index_put_add: Any

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

    @kernel("indexing")
    def take(self, x: Any, index: Any) -> Any:
        """The elements at places of the whole array, the negative ones from its end."""
        self._check_places(x, index)
        return self.array(self.xp.take(x.reshape(-1), index))

    @kernel("indexing")
    def put(self, x: Any, index: Any, values: Any, accumulate: bool) -> Any:
        """x with values at places of the whole array, or added to what is there."""
        self._check_places(x, index)
        result = x.copy(order="C")
        places = self.xp.where(index < 0, index + x.size, index).reshape(-1)
        change = self.index_put_add if accumulate else self.index_put
        change(result.reshape(-1), values.reshape(-1), (places,))
        return self.array(result)

    def _check_places(self, x: Any, index: Any) -> None:
        if self.is_host and index.size and (index.min() < -x.size or index.max() >= x.size):
            raise IndexError(f"tried to access an index beyond a tensor of {x.size} elements.")

    @kernel("indexing")
    def masked_scatter(self, x: Any, mask: Any, source: Any) -> Any:
        """x with the elements of a source, in their order, where a mask is true."""
        numbers = self.xp.cumsum(mask.reshape(-1), dtype="int64") - 1
        if self.is_host and numbers.size and numbers[-1] >= source.size:
            raise OperationError(
                f"masked_scatter: Number of elements of source ({source.size}) < number of ones in "
                "mask"
            )
        if not source.size or not x.size:
            return self.array(x.copy())
        picked = source.reshape(-1)[self.xp.clip(numbers, 0, source.size - 1)]
        return self.cast(self.xp.where(mask, picked.reshape(x.shape), x), x.dtype)

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
