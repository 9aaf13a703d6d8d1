"""Discrete Fourier transforms, and the overlapping windows of short-time ones."""

from __future__ import annotations

from typing import Any

from ..declaration import kernel
from .library import Library


class Fft(Library):
    """Norms are NumPy's words: the direction that divides by the number of points."""

    @kernel("product")
    def fft_c2c(self, x: Any, dims: Any, norm: str, forward: bool) -> Any:
        library = self.xp.fft
        if len(dims) == 1:  # for which NumPy's functions of several take five times as long
            return (library.fft if forward else library.ifft)(x, None, dims[0], norm)
        return (library.fftn if forward else library.ifftn)(x, None, dims, norm)

    @kernel("product")
    def fft_r2c(self, x: Any, dims: Any, norm: str, interior: float) -> Any:
        """The half of the spectrum that determines it, what stands for two lines times a number."""
        if len(dims) == 1:
            result = self.xp.fft.rfft(x, None, dims[0], norm)
        else:
            result = self.xp.fft.rfftn(x, None, dims, norm)
        if interior != 1:
            result[_doubled(result.ndim, dims[-1], x.shape[dims[-1]])] *= interior
        return result

    @kernel("product")
    def fft_c2r(self, x: Any, dims: Any, norm: str, interior: float, size: int) -> Any:
        if interior != 1:
            x = x.copy()
            x[_doubled(x.ndim, dims[-1], size)] *= interior
        if len(dims) == 1:
            return self.xp.fft.irfft(x, size, dims[0], norm)
        sizes = [*(x.shape[dim] for dim in dims[:-1]), size]
        return self.xp.fft.irfftn(x, sizes, dims, norm)

    @kernel("window")
    def overlap_add(self, x: Any, length: int, step: int) -> Any:
        """The sum of windows laid at their places on an axis of `length` elements.

        Windows that are far enough from each other not to meet are added at once.
        """
        *rows, count, size = x.shape
        apart = -(-size // step)
        result = self.xp.zeros((*rows, length + apart * step), x.dtype)
        for first in range(min(apart, count)):
            group = x[..., first::apart, :]
            start, span = first * step, group.shape[-2] * apart * step
            laid = result[..., start : start + span].reshape(*rows, group.shape[-2], apart * step)
            laid[..., :size] += group
        return result[..., :length].copy()


def _doubled(ndim: int, axis: int, size: int) -> tuple[Any, ...]:
    """The lines of half a spectrum that stand for two of the whole: all but that of the mean, and
    for an even size the last."""
    index: list[Any] = [slice(None)] * ndim
    index[axis] = slice(1, (size + 1) // 2)
    return tuple(index)
