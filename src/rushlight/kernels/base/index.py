"""Kernels of x[...]: views by whole numbers and slices, elements by arrays of indices.

`indices` is a tuple of arrays of whole numbers or masks, each for the next axis or, a mask, for as
many axes as it has; None leaves an axis as it is.
"""

from __future__ import annotations

from typing import Any

from ...errors import OperationError
from ..declaration import kernel


class Index:
    xp: Any
    is_host: bool
    add_at: Any

    @kernel("view")
    def getitem(self, x: Any, index: Any) -> Any:
        # The ellipsis makes a 0-d view, and not a number, of what whole numbers alone name.
        if not any(part is Ellipsis for part in index):
            index = (*index, Ellipsis)
        return x[index]

    @kernel("indexing", ("x",))
    def setitem(self, x: Any, value: Any, index: Any) -> Any:
        """Overwrites the view that whole numbers and slices name."""
        x[index] = value
        return x

    @kernel("indexing")
    def index(self, x: Any, indices: Any) -> Any:
        """A copy of the elements that indices name together."""
        return x[self._key(x, indices)]

    @kernel("indexing", ("x",))
    def index_put(self, x: Any, value: Any, indices: Any) -> Any:
        """x[indices] = value; of an element that is named twice the last value stays."""
        key = self._key(x, indices)
        try:
            x[key] = value
        except ValueError:
            raise _mismatch(x[key], value) from None
        return x

    @kernel("indexing", ("x",))
    def index_put_add(self, x: Any, value: Any, indices: Any) -> Any:
        """x[indices] += value, where an element that is named twice is added to twice."""
        key = self._key(x, indices)
        try:
            self.add_at(x, key, value)
        except ValueError:
            raise _mismatch(x[key], value) from None
        return x

    def _key(self, x: Any, indices: Any) -> tuple[Any, ...]:
        """The indices in the library's form, looked at where values are read for checks."""
        axis = 0
        for index in indices:
            is_mask = index is not None and index.dtype.kind == "b"
            if self.is_host and index is not None and not is_mask and index.size:
                self._check_range(index, axis, x.shape[axis])
            axis += index.ndim if is_mask else 1
        return tuple([slice(None) if index is None else index for index in indices])

    def _check_range(self, index: Any, axis: int, size: int) -> None:
        if index.min() < -size or index.max() >= size:
            wrong = int(index[(index < -size) | (index >= size)].ravel()[0])
            raise IndexError(
                f"index {wrong} is out of bounds for dimension {axis} with size {size}"
            )


def _mismatch(place: Any, value: Any) -> OperationError:
    return OperationError(
        f"index_put_: shape mismatch: value tensor of shape {list(value.shape)} cannot be "
        f"broadcast to indexing result of shape {list(place.shape)}"
    )
