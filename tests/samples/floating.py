"""Rows of rushlight/ops/floating.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .core import Array, Fixed, Invalid, Op, Sample, Values
from .elementwise import SHAPES, binary, unary


def _corners() -> Array:
    return np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.5])


def _test(name: str, reference: Any, refused: type[Exception] | None = None) -> Op:
    def samples(v: Values) -> Iterator[Sample]:
        for shape in SHAPES:
            yield Sample(v.normal(*shape))
        yield Sample(_corners())
        yield Sample(v.integers(-2, 2, 4))
        yield Sample(v.mask(4))
        if refused is None:
            yield Sample(np.array([1 + 0j, 1j, 2 - 1j]))
        else:
            yield Invalid(v.complex(3), raises=refused, match="complex")

    return Op(name, samples, reference, differentiable=False, integers="bool")


def _nan_to_num(v: Values) -> Iterator[Sample]:
    for shape in SHAPES:
        yield Sample(v.normal(*shape))
    yield Sample(v.normal(3), nan=1.0, posinf=2.0)
    yield Sample(_corners())
    yield Sample(_corners(), 1.0, 2.0, -3.0)
    both = np.stack([_corners(), _corners()[::-1]], axis=-1).view(complex)[..., 0]
    yield Sample(Fixed(both), 1.0, 2.0, -3.0)
    yield Sample(Fixed(both), posinf=np.inf)
    yield Sample(v.integers(-9, 9, 3))


def _nextafter(v: Values) -> Iterator[Sample]:
    yield Sample(_corners(), _corners()[::-1].copy())
    yield Sample(_corners(), _corners())
    yield Invalid(v.integers(0, 9, 3), v.integers(0, 9, 3), raises=NotImplementedError,
                  match="not implemented for")


def _frexp(v: Values) -> Iterator[Sample]:
    for shape in SHAPES:
        yield Sample(3 * v.nonzero(*shape))
    yield Sample(Fixed([0.0, 1.0, -8.0, 1e30]))
    yield Invalid(v.integers(0, 9, 3), raises=RuntimeError, match="only supports floating-point")


def _frac(v: Values) -> Iterator[Sample]:
    yield Sample(Fixed(_corners()[3:]))
    yield Invalid(v.integers(0, 9, 3), raises=NotImplementedError, match="not implemented for")


def _ldexp(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 3), v.integers(0, 4, 3))
    yield Sample(v.integers(-3, 3, 3), v.integers(-3, 3, 3))
    yield Invalid(v.normal(3), 2, raises=TypeError, match="must be Tensor, not int")


ops = [
    _test("signbit", np.signbit, NotImplementedError),
    _test("isposinf", lambda x: x == np.inf, RuntimeError),
    _test("isneginf", lambda x: x == -np.inf, RuntimeError),
    _test("isreal", np.isreal),
    unary("frac", lambda x: x - np.trunc(x), "distinct", _frac, inplace="frac_"),
    Op("nan_to_num", _nan_to_num, lambda x, nan=0.0, posinf=None, neginf=None: np.nan_to_num(
        x, nan=nan, posinf=posinf, neginf=neginf), order="kept", inplace="nan_to_num_",
       integers="int64"),
    binary("nextafter", np.nextafter, numbers=(), more=_nextafter, inplace="nextafter_"),
    Op("frexp", _frexp, np.frexp),
    binary("ldexp", lambda x, n: x * 2.0**n, numbers=(), more=_ldexp, inplace="ldexp_",
           composite=True),
]
