"""Kernels that give another view of the same memory, and those that join and split."""

from __future__ import annotations

from typing import Any


class Shape:
    xp: Any
    array: Any
    add_at: Any

    def view(self, x: Any, shape: Any) -> Any:
        return x.reshape(shape)

    def view_dtype(self, x: Any, dtype: Any) -> Any:
        return x.view(dtype)

    def permute(self, x: Any, axes: Any) -> Any:
        return x.transpose(axes)

    def expand(self, x: Any, shape: Any) -> Any:
        # A writable view, as a tensor's is; NumPy's broadcast_to gives a read-only one.
        strides = self.xp.broadcast_to(x, shape).strides
        return self.xp.lib.stride_tricks.as_strided(x, shape, strides)

    def getitem(self, x: Any, index: Any) -> Any:
        # The ellipsis makes a 0-d view, and not a number, of what whole numbers alone name.
        if not any(part is Ellipsis for part in index):
            index = (*index, Ellipsis)
        return x[index]

    def setitem(self, x: Any, value: Any, index: Any) -> Any:
        x[index] = value
        return x

    def scatter_index_add(self, x: Any, index: Any, values: Any) -> Any:
        """A copy of x with `values` added at `index`, repeated indices counted each time."""
        result = x.copy()
        self.add_at(result, index, values)
        return result

    def cat(self, arrays: Any, axis: int) -> Any:
        return self.xp.concatenate(arrays, axis=axis)

    def stack(self, arrays: Any, axis: int) -> Any:
        return self.xp.stack(arrays, axis=axis)

    def flip(self, x: Any, axes: Any) -> Any:
        result = self.xp.empty_like(x)  # in x's memory order
        result[...] = self.xp.flip(x, axes)
        return result

    def pad(self, x: Any, widths: Any, mode: str, value: Any) -> Any:
        if mode == "constant":
            return self.xp.pad(x, widths, constant_values=value)
        return self.xp.pad(x, widths, mode={"reflect": "reflect", "replicate": "edge",
                                            "circular": "wrap"}[mode])  # fmt: skip

    def tril(self, x: Any, diagonal: int) -> Any:
        return self.xp.tril(x, diagonal)

    def triu(self, x: Any, diagonal: int) -> Any:
        return self.xp.triu(x, diagonal)
