"""Rows of rushlight/ops/complex.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .core import Array, Invalid, Op, Sample, Values
from .elementwise import unary


def _complex(v: Values) -> Iterator[Sample]:
    for shape in ((), (5,), (2, 3), (2, 3, 4, 5)):
        yield Sample(v.complex(*shape))


def _also_real(v: Values) -> Iterator[Sample]:
    yield from _complex(v)
    yield Sample(v.complex(0, 3))
    yield Sample(v.nonzero(2, 3))


def _no_reals(message: str) -> Any:
    def samples(v: Values) -> Iterator[Sample]:
        yield from _complex(v)
        yield Invalid(v.normal(3), raises=RuntimeError, match=message)

    return samples


def _as_complex(v: Values) -> Iterator[Sample]:
    for shape in ((2,), (3, 2), (2, 3, 2)):
        yield Sample(v.normal(*shape))
    yield Invalid(v.normal(3), raises=RuntimeError, match="must have a last dimension of size 2")
    yield Invalid(v.integers(0, 5, 3, 2), raises=RuntimeError, match="only supported for half, fl")
    yield Invalid(v.complex(2), raises=RuntimeError, match="only supported for half, float and do")


def _parts(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 3), v.normal(2, 3))
    yield Sample(v.normal(3), v.normal(2, 3))
    yield Invalid(v.normal(3), v.integers(0, 3, 3), raises=RuntimeError,
                  match="Expected both inputs to be Half, Float or Double tensors")


def _polar(v: Values) -> Iterator[Sample]:
    yield Sample(v.positive(2, 3), v.normal(2, 3))
    yield Sample(v.positive(3), v.normal(3))


def _sgn(z: Array) -> Array:
    return z / np.where(np.abs(z) == 0, 1, np.abs(z)) if z.dtype.kind == "c" else np.sign(z)


ops = [
    Op("conj", _also_real, np.conj, composite=True, layouts=False),
    Op("conj_physical", _also_real, np.conj, composite=True, layouts=False),
    Op("resolve_conj", _also_real, lambda z: z, composite=True),
    Op("real", _also_real, np.real, composite=True),
    Op("imag", _no_reals("imag is not implemented for tensors with non-complex"), np.imag,
       composite=True),
    Op("view_as_real", _no_reals("view_as_real is only supported for complex tensors"),
       lambda z: np.stack([z.real, z.imag], -1), layouts=False),
    Op("view_as_complex", _as_complex, lambda x: x[..., 0] + 1j * x[..., 1], layouts=False,
       halves=False),
    Op("complex", _parts, lambda a, b: a + 1j * b, halves=False),
    Op("polar", _polar, lambda r, a: r * np.exp(1j * a), composite=True, halves=False),
    unary("angle", np.angle, "nonzero", complex=True, integers="float32"),
    Op("sgn", _complex, _sgn),
    Op("Tensor.mH", lambda v: [Sample(v.complex(2, 3)), Sample(v.normal(4, 2, 3))],
       lambda x: np.conj(np.swapaxes(x, -1, -2)), call=lambda torch: lambda x: x.mH,
       composite=True, covers=("Tensor.H", "Tensor.adjoint"), layouts=False),
]  # fmt: skip
