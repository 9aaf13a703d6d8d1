"""Kernels that give another view of the same memory, and those that join and split."""

from __future__ import annotations

from typing import Any

from ...scalars import checked
from ..declaration import kernel
from .library import Library
from .memory_order import is_channels_last


class Shape(Library):
    add_at: Any
    clone: Any

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

    @kernel("copy")
    def cat(self, arrays: Any, axis: int, out: Any = None) -> Any:
        return self.xp.concatenate(arrays, axis=axis, out=out)

    @kernel("copy")
    def stack(self, arrays: Any, axis: int, out: Any = None) -> Any:
        return self.xp.stack(arrays, axis=axis, out=out)

    @kernel("copy")
    def flip(self, x: Any, axes: Any) -> Any:
        result = self.xp.empty_like(x)  # in x's memory order
        result[...] = x[tuple([slice(None, None, -1 if i in axes else 1) for i in range(x.ndim)])]
        return result

    @kernel("copy")
    def pad(self, x: Any, widths: Any, mode: str, value: Any) -> Any:
        """A border of `value`, or of x's own elements; negative widths cut off."""
        shape = [n + before + after for n, (before, after) in zip(x.shape, widths, strict=True)]
        result = self._empty_in_order_of(x, shape)
        if mode == "constant":
            result.fill(checked(value, x.dtype))
            sizes = list(zip(x.shape, shape, widths, strict=True))
            here = tuple(slice(max(-b, 0), n + min(a, 0)) for n, _, (b, a) in sizes)
            there = tuple(slice(max(b, 0), n - max(a, 0)) for _, n, (b, a) in sizes)
            result[there] = x[here]
            return result
        for axis, places in enumerate(self._pad_places(x.shape, widths, mode)):
            x = self.xp.take(x, places, axis)
        result[...] = x
        return result

    @kernel("indexing")
    def pad_backward(self, grad: Any, widths: Any, mode: str) -> Any:
        """The gradient of `pad`'s input where the border repeats elements: all copies of one add
        up."""
        shape = [n - before - after for n, (before, after) in zip(grad.shape, widths, strict=True)]
        result = self._empty_in_order_of(grad, shape)
        for axis, places in enumerate(self._pad_places(shape, widths, mode)):
            part = self.xp.zeros((*grad.shape[:axis], shape[axis], *grad.shape[axis + 1 :]),
                                 grad.dtype)  # fmt: skip
            self.add_at(part, (slice(None),) * axis + (places,), grad)
            grad = part
        result[...] = grad
        return result

    def _empty_in_order_of(self, x: Any, shape: list[int]) -> Any:
        """An array of another shape whose axes follow each other in memory as x's do.

        It owns its memory: see `filling_order`.
        """
        axes = sorted(range(x.ndim), key=lambda axis: -x.strides[axis])
        memory = self.xp.empty(tuple(shape[axis] for axis in axes), x.dtype)
        places = sorted(range(x.ndim), key=axes.__getitem__)
        return self.xp.empty_like(memory.transpose(places))

    def _pad_places(self, shape: Any, widths: Any, mode: str) -> list[Any]:
        """For each axis, which elements are seen where."""
        result = []
        for size, (before, after) in zip(shape, widths, strict=True):
            places = self.xp.arange(-before, size + after)
            if mode == "reflect":
                places = size - 1 - abs(size - 1 - abs(places))
            elif mode == "replicate":
                places = self.xp.clip(places, 0, size - 1)
            else:
                places = places % size
            result.append(places)
        return result

    @kernel("copy")
    def tril(self, x: Any, diagonal: int) -> Any:
        return self._in_shape_order(self.xp.tril(x, diagonal), x)

    @kernel("copy")
    def triu(self, x: Any, diagonal: int) -> Any:
        return self._in_shape_order(self.xp.triu(x, diagonal), x)

    def _in_shape_order(self, triangle: Any, x: Any) -> Any:
        """As PyTorch's triangles lie, but for those of images, which stay channels-last."""
        order = "channels_last" if x.ndim == 4 and is_channels_last(x) else "C"
        triangle = triangle.astype(x.dtype, copy=False)  # CuPy widens bfloat16
        if order == "C" and triangle.flags.c_contiguous:
            return triangle
        return self.clone(triangle, order)
