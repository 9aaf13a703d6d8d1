"""Rows of rushlight/ops/products.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .core import Array, Invalid, Op, Sample, Values

Shapes = tuple[tuple[int, ...], ...]


def _added(*shapes: Shapes, wrong: Shapes) -> Callable[[Values], Iterator[Sample]]:
    """Rows of beta * input + alpha * product: the shapes of the input and the two factors."""

    def samples(v: Values) -> Iterator[Sample]:
        for each in shapes:
            yield Sample(*(v.normal(*shape) for shape in each))
        first = [v.normal(*shape) for shape in shapes[0]]
        yield Sample(*first, beta=0.5, alpha=-2.0)
        yield Sample(*first, beta=0)
        yield Sample(*first, alpha=0)
        yield Sample(np.full(shapes[0][0], np.nan), *first[1:], beta=0)
        yield Sample(*(v.integers(-4, 5, *shape) for shape in shapes[0]))
        yield Sample(*(v.complex(*shape) for shape in shapes[0]), alpha=1.5)
        yield Invalid(*(v.normal(*shape) for shape in wrong), raises=RuntimeError)
        yield Invalid(first[0], 2.0, first[2], raises=TypeError)

    return samples


def _with(product: Any) -> Any:
    def reference(
        input: Array, a: Array, b: Array, beta: float = 1, alpha: float = 1
    ) -> Array:
        return alpha * product(a, b) + (beta * input if beta else 0)

    return reference


def _vectors(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(3), v.normal(3))
    yield Sample(v.complex(3), v.complex(3))
    yield Invalid(v.normal(2, 3), v.normal(3), raises=RuntimeError, match="1D")


def _inner(v: Values) -> Iterator[Sample]:
    for a, b in (((3,), (3,)), ((2, 3), (4, 3)), ((2, 3), (3,)), ((), (2, 3)), ((2, 2, 3), (3,))):
        yield Sample(v.normal(*a), v.normal(*b))
    yield Invalid(v.normal(2), v.normal(3), raises=RuntimeError,
                  match="the last dimension must match on both input tensors")


def _tensordot(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 3, 4), v.normal(3, 4, 5))
    yield Sample(v.normal(2, 3), v.normal(3, 4), dims=1)
    yield Sample(v.normal(2, 3), v.normal(4), dims=0)
    yield Sample(v.normal(2, 3, 4), v.normal(4, 2, 5), dims=([0, 2], [1, 0]))
    yield Invalid(v.normal(2, 3), v.normal(4, 5), dims=1, raises=RuntimeError,
                  match="contracted dimensions need to match")
    yield Invalid(v.normal(2, 3), v.normal(3, 5), dims=([0, 1], [1]), raises=RuntimeError,
                  match="both dimension lists should have same length")
    yield Invalid(v.normal(2, 3), v.normal(3, 5), dims=-1, raises=RuntimeError,
                  match="tensordot expects dims >= 0")


def _kron(v: Values) -> Iterator[Sample]:
    for a, b in (((2, 3), (2, 2)), ((3,), (2,)), ((2, 3), (4,)), ((), (2,)), ((0, 2), (3, 1))):
        yield Sample(v.normal(*a), v.normal(*b))
    yield Sample(v.integers(0, 9, 2, 2), v.integers(0, 9, 2))


def _trace(v: Values) -> Iterator[Sample]:
    for shape in ((3, 3), (2, 4), (4, 2), (0, 3)):
        yield Sample(v.normal(*shape))
    yield Sample(v.integers(0, 9, 2, 3))
    yield Invalid(v.normal(3), raises=RuntimeError, match="expected a matrix")


def _addbmm(a: Array, b: Array) -> Array:
    return np.asarray((a @ b).sum(0))


_OPTIONS: dict[str, Any] = {"composite": True, "tolerance": 1e-4}

ops = [
    Op("addmm", _added(
        ((2, 4), (2, 3), (3, 4)), ((4,), (2, 3), (3, 4)), ((), (2, 3), (3, 4)),
        ((2, 4), (2, 0), (0, 4)), wrong=((4,), (2, 3), (4, 4))),
       _with(np.matmul), inplace="addmm_", **_OPTIONS),
    Op("addmv", _added(
        ((2,), (2, 3), (3,)), ((), (2, 3), (3,)), wrong=((2,), (2, 3), (2,))),
       _with(np.matmul), inplace="addmv_", covers=("addmv_",), **_OPTIONS),
    Op("addr", _added(
        ((2, 3), (2,), (3,)), ((3,), (2,), (3,)), wrong=((2, 2), (2,), (3,))),
       _with(np.outer), inplace="addr_", **_OPTIONS),
    Op("baddbmm", _added(
        ((2, 3, 4), (2, 3, 5), (2, 5, 4)), ((4,), (2, 3, 5), (2, 5, 4)),
        wrong=((2, 3, 4), (2, 3, 5), (3, 5, 4))),
       _with(np.matmul), inplace="baddbmm_", **_OPTIONS),
    Op("addbmm", _added(
        ((3, 4), (2, 3, 5), (2, 5, 4)), ((4,), (2, 3, 5), (2, 5, 4)),
        ((3, 4), (0, 3, 5), (0, 5, 4)), wrong=((3, 4), (2, 3, 5), (2, 4, 4))),
       _with(_addbmm), inplace="addbmm_", **_OPTIONS),
    Op("vdot", _vectors, np.vdot, composite=True),
    Op("inner", _inner, np.inner, **_OPTIONS),
    Op("tensordot", _tensordot, lambda a, b, dims=2: np.tensordot(a, b, dims), **_OPTIONS),
    Op("kron", _kron, np.kron, composite=True),
    Op("trace", _trace, np.trace, composite=True),
]  # fmt: skip
