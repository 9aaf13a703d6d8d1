"""Rows of rushlight/ops/fft.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .core import Invalid, Named, Op, Sample, Values

NORMS = ("forward", "backward", "ortho")


def _numbers(v: Values, name: str, *shape: int) -> Any:
    """What the function transforms: half a spectrum is complex, the others also take reals."""
    if name in ("rfft", "ihfft", "rfftn", "ihfftn", "rfft2", "ihfft2"):
        return v.normal(*shape)
    return v.complex(*shape)


def _of_one(name: str, second: bool = True) -> Op:
    def samples(v: Values) -> Iterator[Sample]:
        yield Sample(_numbers(v, name, 6))
        yield Sample(v.normal(5))
        yield Sample(_numbers(v, name, 2, 4), n=5)
        yield Sample(_numbers(v, name, 4, 3), 3, 0)
        yield Sample(_numbers(v, name, 3), n=1)
        for norm in NORMS:
            yield Sample(_numbers(v, name, 3), norm=norm)
        yield Invalid(v.normal(3), n=0, raises=RuntimeError,
                      match=r"Invalid number of data points \(0\) specified")
        yield Invalid(v.normal(2, 3), dim=2, raises=IndexError, match="Dimension out of range")
        yield Invalid(v.normal(), raises=IndexError, match="tensor has no dimensions")
        yield Invalid(v.normal(3), norm="half", raises=RuntimeError,
                      match='Invalid normalization mode: "half"')
        if _takes_reals(name):
            yield Invalid(v.complex(3), raises=RuntimeError, match=f"{name} expects a real")

    def reference(x: Any, n: Any = None, dim: int = -1, norm: Any = None) -> Any:
        return getattr(np.fft, name)(x, n, dim, norm)

    return Op(f"fft.{name}", samples, reference, second=second, composite=True, halves=False)


def _takes_reals(name: str) -> bool:
    return name.startswith(("rfft", "ihfft"))


def _of_several(name: str, reference: Any, dim: Any) -> Op:
    def samples(v: Values) -> Iterator[Sample]:
        yield Sample(_numbers(v, name, 3, 4))
        yield Sample(_numbers(v, name, 2, 3, 2), dim=(2, 0))
        yield Sample(_numbers(v, name, 2, 3, 4), s=(4, 3), dim=(0, 1))
        yield Sample(_numbers(v, name, 3, 3), s=(-1, 5), dim=(0, 1), norm="ortho")
        yield Invalid(v.normal(2, 3), dim=(0, 0), raises=RuntimeError, match="dims must be unique")
        yield Invalid(v.normal(2, 3), s=(1, 2), dim=(0,), raises=RuntimeError,
                      match="dim and shape arguments must have the same length")
        yield Invalid(v.normal(2, 3), s=(0, 2), dim=(0, 1), raises=RuntimeError,
                      match=r"Invalid number of data points \(0\) specified")
        yield Invalid(v.normal(2, 3), dim=(0, 2), raises=IndexError, match="out of range")
        yield Invalid(v.normal(), dim=(0,), raises=IndexError, match="no dimensions")
        if dim is None:
            yield Sample(_numbers(v, name, 2, 3, 2), s=(2, 3))
            yield Invalid(v.normal(2), s=(1, 2), raises=RuntimeError,
                          match="Got shape with 2 values but input tensor only has 1 dimensions")
        if name not in ("fft2", "ifft2", "fftn", "ifftn"):
            yield Invalid(v.normal(2, 3), dim=(), raises=RuntimeError, match="at least one axis")

    def with_dims(x: Any, s: Any = None, dim: Any = dim, norm: Any = None) -> Any:
        if dim is None:
            dim = tuple(range(x.ndim - (x.ndim if s is None else len(s)), x.ndim))
        if s is not None:
            s = [x.shape[d] if n == -1 else n for n, d in zip(s, dim, strict=True)]
        return reference(x, s, dim, norm)

    return Op(f"fft.{name}", samples, with_dims, composite=True, halves=False)


def _turned(norm: str | None) -> str:
    return {"forward": "backward", "ortho": "ortho"}.get(norm or "", "forward")


def _hfftn(x: Any, s: Any, dim: Any, norm: Any) -> Any:
    return np.fft.irfftn(np.conj(x), s, dim, _turned(norm))


def _ihfftn(x: Any, s: Any, dim: Any, norm: Any) -> Any:
    return np.conj(np.fft.rfftn(x, s, dim, _turned(norm)))


def _frequencies(v: Values) -> Iterator[Sample]:
    for count in (1, 2, 5, 6):
        yield Sample(count)
    yield Sample(4, 0.5)
    yield Sample(3, d=2.0, dtype=Named("float64"))


def _shifts(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(5))
    yield Sample(v.complex(2, 3))
    yield Sample(v.normal(3, 4, 2), dim=(0, -1))
    yield Sample(v.normal(3, 4), dim=1)
    yield Sample(v.normal(0, 3))
    yield Sample(v.integers(0, 9, 4))
    yield Invalid(v.normal(2, 3), dim=2, raises=IndexError, match="Dimension out of range")
    yield Invalid(v.normal(), raises=RuntimeError, match="`shifts` required")


def _shift(function: Any) -> Any:
    return lambda x, dim=None: function(x, dim)


SEVERAL = {
    "fft": np.fft.fftn, "ifft": np.fft.ifftn, "rfft": np.fft.rfftn, "irfft": np.fft.irfftn,
    "hfft": _hfftn, "ihfft": _ihfftn,
}  # fmt: skip

ops = [
    *[_of_one(name) for name in SEVERAL],
    *[_of_several(f"{name}n", reference, None) for name, reference in SEVERAL.items()],
    *[_of_several(f"{name}2", reference, (-2, -1)) for name, reference in SEVERAL.items()],
    *[Op(f"fft.{name}", _frequencies, lambda n, d=1.0, dtype=None, f=f: f(n, d),
         differentiable=False)
      for name, f in (("fftfreq", np.fft.fftfreq), ("rfftfreq", np.fft.rfftfreq))],
    Op("fft.fftshift", _shifts, _shift(np.fft.fftshift), composite=True, integers="int64"),
    Op("fft.ifftshift", _shifts, _shift(np.fft.ifftshift), composite=True, integers="int64"),
]  # fmt: skip
