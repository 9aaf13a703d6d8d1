"""Rows of rushlight/ops/namesakes.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .core import Array, Fixed, Invalid, Op, Sample, Values
from .random import seeded

Make = Callable[[Values], Iterator[Sample]]


def _dropout(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 4, 3), 0.4, True)
    yield Sample(v.normal(2, 4), 0.4, False)
    yield Invalid(v.normal(2, 4), 1.5, True, raises=RuntimeError, match="probability has to be b")


def _native_dropout(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(20), 0.4, True)
    yield Sample(v.normal(20), 0.4, False)


def _batch_norm(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(4, 3, 2), v.normal(3), v.normal(3), None, None, True, 0.1, 1e-5, True)
    yield Sample(v.normal(4, 3), None, None, Fixed(v.normal(3)), Fixed(v.positive(3)), False, 0.1,
                 1e-5, False)  # fmt: skip


def _instance_norm(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(4, 3, 5), v.normal(3), v.normal(3), None, None, True, 0.1, 1e-5, True)


def _norm_except_dim(v: Values) -> Iterator[Sample]:
    for dim in (0, 1, 2, -1):
        yield Sample(v.normal(2, 3, 4), 2, dim)
    yield Sample(v.normal(3, 2))


def _norm_except_dim_reference(x: Array, pow: int = 2, dim: int = 0) -> Any:
    others = tuple(axis for axis in range(x.ndim) if axis != dim)
    return np.sqrt((x * x).sum(others, keepdims=True)) if dim >= 0 else np.sqrt((x * x).sum())


def _nuclear(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(3, 3))
    yield Invalid(v.normal(3), raises=RuntimeError, match="must have at least 2 dimensions")


def _frobenius(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 3), 1)
    yield Sample(v.normal(2, 3), (0, 1), True)
    yield Sample(v.normal(2, 3), [])
    yield Invalid(
        v.normal(2, 3, 2),
        (0, 1, 2),
        raises=RuntimeError,
        match="Expected at most 2 dimensions, but got 3",
    )


def _embedding(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(5, 4), v.integers(0, 5, 2, 3))
    yield Sample(v.normal(5, 4), v.integers(0, 2, 7), 2)
    yield Invalid(
        v.normal(5, 4),
        np.asarray([5]),
        raises=IndexError,
        reads_values=True,
        match="index out of range in self",
    )


def _renorm(v: Values) -> Iterator[Sample]:
    yield Sample(Fixed(v.normal(5, 4)), v.integers(0, 5, 3), 0.5, 2.0)


def _bags(v: Values) -> Iterator[Sample]:
    offsets = Fixed(np.asarray([0, 2, 5]))
    yield Sample(v.distinct(5, 4), v.integers(0, 5, 7), offsets, False, 1)
    yield Sample(v.distinct(5, 4), v.integers(0, 5, 7), offsets, False, 2)
    yield Invalid(
        v.normal(5, 4),
        v.integers(0, 5, 7),
        offsets,
        False,
        3,
        raises=RuntimeError,
        match="mode",
        own_words=True,
    )


def _convolution(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(1, 2, 7), v.normal(3, 2, 2), v.normal(3), [2], [1], [1], False, [0], 1)
    yield Sample(v.normal(1, 4, 5, 4), v.normal(4, 1, 2, 2), None, [2, 1], [0, 1], [1, 1], True,
                 [1, 0], 2)  # fmt: skip
    yield Invalid(
        v.normal(2, 7),
        v.normal(3, 2, 2),
        None,
        [1],
        [0],
        [1],
        False,
        [0],
        1,
        raises=RuntimeError,
        match="Expected 3-dimensional input for 3-d",
    )


def _tbc(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(5, 2, 3), v.normal(2, 3, 4), v.normal(4))
    yield Sample(v.normal(5, 2, 3), v.normal(2, 3, 4), v.normal(4), 1)
    yield Invalid(
        v.normal(5, 3),
        v.normal(2, 3, 4),
        v.normal(4),
        raises=RuntimeError,
        match="input",
        own_words=True,
    )


def _affine(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 2, 3), (2, 1, 3, 4), False)


def row(name: str, make: Make, reference: Any = None, **options: Any) -> Op:
    return Op(name, make, reference, composite=True, layouts=False, **options)


def _on_a_copy(name: str) -> Callable[[Any], Callable[..., Any]]:
    """A function that changes its first argument, called with a copy of it."""

    def call(torch: Any) -> Callable[..., Any]:
        def changed(input: Any, *args: Any) -> Any:
            torch.manual_seed(7)
            return getattr(torch, name)(input.clone(), *args)

        return changed

    return call


def _changing(name: str, make: Make = _dropout, **options: Any) -> Op:
    return row(name, make, call=_on_a_copy(name), random=True, **options)


def _drawn(name: str, make: Make = _dropout, **options: Any) -> Op:
    return row(name, make, call=seeded(name), random=True, **options)


ops = [
    _drawn("dropout"),
    _drawn("alpha_dropout"),
    _drawn("feature_dropout"),
    _drawn("feature_alpha_dropout"),
    _changing("dropout_"),
    _changing("alpha_dropout_"),
    _changing("feature_dropout_"),
    _changing("feature_alpha_dropout_"),
    _drawn("native_dropout", _native_dropout),
    row("batch_norm", _batch_norm),
    row("instance_norm", _instance_norm),
    row("norm_except_dim", _norm_except_dim, _norm_except_dim_reference),
    row("nuclear_norm", _nuclear, halves=False),
    row("frobenius_norm", _frobenius),
    row("embedding", _embedding),
    _changing("embedding_renorm_", _renorm, differentiable=False),
    row("embedding_bag", _bags),
    row("convolution", _convolution),
    row("conv_tbc", _tbc),
    row("affine_grid_generator", _affine),
]
