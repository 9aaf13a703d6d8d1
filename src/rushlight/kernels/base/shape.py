"""Kernels that give another view of the same memory, and those that join and split."""

from __future__ import annotations

from typing import Any

from ...scalars import checked
from ..declaration import kernel


class Shape:
    xp: Any
    array: Any
    add_at: Any

    @kernel("view")
    def view(self, x: Any, shape: Any) -> Any:
        return x.reshape(shape)

    @kernel("view")
    def view_dtype(self, x: Any, dtype: Any) -> Any:
        return x.view(dtype)

    @kernel("view")
    def permute(self, x: Any, axes: Any) -> Any:
        return x.transpose(axes)

    @kernel("view")
    def expand(self, x: Any, shape: Any) -> Any:
        # A writable view, as a tensor's is; NumPy's broadcast_to gives a read-only one.
        strides = self.xp.broadcast_to(x, shape).strides
        return self.xp.lib.stride_tricks.as_strided(x, shape, strides)

    @kernel("view")
    def getitem(self, x: Any, index: Any) -> Any:
        # The ellipsis makes a 0-d view, and not a number, of what whole numbers alone name.
        if not any(part is Ellipsis for part in index):
            index = (*index, Ellipsis)
        return x[index]

    @kernel("indexing", ("x",))
    def setitem(self, x: Any, value: Any, index: Any) -> Any:
        try:
            x[index] = value
        except OverflowError:
            x[index] = checked(value, x.dtype)
        return x

    @kernel("indexing")
    def scatter_index_add(self, x: Any, index: Any, values: Any) -> Any:
        """A copy of x with `values` added at `index`, repeated indices counted each time."""
        result = x.copy()
        self.add_at(result, index, values)
        return result

    @kernel("copy")
    def cat(self, arrays: Any, axis: int, out: Any = None) -> Any:
        return self.xp.concatenate(arrays, axis=axis, out=out)

    @kernel("copy")
    def stack(self, arrays: Any, axis: int, out: Any = None) -> Any:
        return self.xp.stack(arrays, axis=axis, out=out)

    @kernel("copy")
    def flip(self, x: Any, axes: Any) -> Any:
        return self.array(self.xp.flip(x, axes).copy())

    @kernel("copy")
    def pad(self, x: Any, widths: Any, mode: str, value: Any) -> Any:
        if mode == "constant":
            return self.xp.pad(x, widths, constant_values=checked(value, x.dtype))
        return self.xp.pad(x, widths, mode={"reflect": "reflect", "replicate": "edge",
                                            "circular": "wrap"}[mode])  # fmt: skip

    @kernel("copy")
    def tril(self, x: Any, diagonal: int) -> Any:
        return self.xp.tril(x, diagonal)

    @kernel("copy")
    def triu(self, x: Any, diagonal: int) -> Any:
        return self.xp.triu(x, diagonal)
