"""Complex numbers and their parts."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...dtype import COMPLEX, category_of
from ..declaration import kernel
from .elementwise import floating
from .library import Library


class Complex(Library):
    sign: Any

    @kernel("elementwise")
    def conj(self, x: Any, out: Any = None) -> Any:
        return self.array(self.xp.conjugate(x, out=out))

    @kernel("elementwise")
    def angle(self, x: Any, out: Any = None) -> Any:
        x = floating(x)
        if category_of(x.dtype) == COMPLEX:
            return self.store(self.xp.arctan2(x.imag, x.real), out)
        return self.store(self.xp.arctan2(self.xp.zeros_like(x), x + 0.0), out)  # 0 for -0.0

    @kernel("elementwise")
    def sgn(self, x: Any, out: Any = None) -> Any:
        if category_of(x.dtype) != COMPLEX:
            return self.sign(x, out)
        size = self.xp.abs(x)
        zero = size == 0
        sign = x / self.xp.where(zero, 1, size).astype(size.dtype)
        return self.store(self.xp.where(zero, 0, sign), out)  # not -0

    @kernel("view")
    def real(self, x: Any) -> Any:
        return x.real

    @kernel("view")
    def imag(self, x: Any) -> Any:
        return x.imag

    @kernel("view")
    def view_as_real(self, x: Any) -> Any:
        parts = x.real
        return self.xp.lib.stride_tricks.as_strided(
            parts, (*x.shape, 2), (*x.strides, parts.itemsize)
        )

    @kernel("view")
    def view_as_complex(self, x: Any) -> Any:
        if x.size == 0:
            return self.xp.empty(x.shape[:-1], np.result_type(x.dtype, "complex64"))
        return x.view(np.result_type(x.dtype, "complex64"))[..., 0]

    @kernel("elementwise")
    def complex(self, real: Any, imag: Any, out: Any = None) -> Any:
        shape = real.shape
        if imag.shape != shape:
            shape = np.broadcast_shapes(shape, imag.shape)  # 2 us
        if out is None:
            out = self.xp.empty(shape, np.result_type(real.dtype, "complex64"))
        out.real[...] = real
        out.imag[...] = imag
        return out
