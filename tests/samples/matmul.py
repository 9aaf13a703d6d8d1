"""Rows of rushlight/ops/matmul.py."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .core import Array, Invalid, Op, Sample, Values


def _matmul(v: Values) -> Iterator[Sample]:
    for left, right in (
        ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 4)), ((2, 3), (3, 4)), ((5, 2, 3), (5, 3, 4)),
        ((5, 2, 3), (3, 4)), ((2, 3), (5, 3, 4)), ((5, 1, 2, 3), (4, 3, 2)), ((5, 2, 3), (3,)),
        ((3,), (5, 3, 2)), ((1, 1), (1, 1)), ((0, 3), (3, 4)), ((2, 0), (0, 3)),
        ((40, 30), (30, 50)),
    ):  # fmt: skip
        yield Sample(v.normal(*left), v.normal(*right))
    yield Sample(v.complex(2, 3), v.complex(3, 4))
    yield Sample(v.complex(5, 2, 3), v.complex(3))
    yield Invalid(v.normal(2, 3), v.normal(4, 5), raises=RuntimeError,
                  match=r"mat1 and mat2 shapes cannot be multiplied \(2x3 and 4x5\)")
    yield Invalid(v.normal(), v.normal(3), raises=RuntimeError,
                  match="both arguments to matmul need to be at least 1D")
    yield Invalid(v.normal(5, 2, 3), v.normal(5, 4, 2), raises=RuntimeError)
    yield Invalid(v.normal(5, 2, 3), v.normal(4, 3, 2), raises=RuntimeError, match=(
        r"The size of tensor a \(5\) must match the size of tensor b \(4\) at non-singleton dim"))
    yield Invalid(v.normal(2, 3), v.integers(0, 3, 3, 2), raises=RuntimeError, match="same dtype")
    yield Invalid(v.normal(2, 3), 3.0, raises=TypeError, match="must be Tensor, not float")


def _mm(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 3), v.normal(3, 4))
    yield Sample(v.normal(1, 20), v.normal(20, 1))
    yield Sample(v.normal(0, 3), v.normal(3, 2))
    yield Sample(v.integers(0, 5, 2, 3), v.integers(0, 5, 3, 2))
    yield Invalid(v.normal(2, 3), v.normal(2, 3), raises=RuntimeError,
                  match=r"shapes cannot be multiplied \(2x3 and 2x3\)")
    yield Invalid(v.normal(3), v.normal(3, 2), raises=RuntimeError, match="self must be a matrix")
    yield Invalid(v.normal(2, 3), v.normal(3), raises=RuntimeError, match="mat2 must be a matrix")


def _bmm(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(5, 2, 3), v.normal(5, 3, 4))
    yield Sample(v.normal(1, 2, 3), v.normal(1, 3, 1))
    yield Invalid(v.normal(5, 2, 3), v.normal(4, 3, 4), raises=RuntimeError,
                  own_words=True)
    yield Invalid(v.normal(2, 3), v.normal(3, 4), raises=RuntimeError,
                  match="batch1 must be a 3D tensor")


def _mv(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 3), v.normal(3))
    yield Invalid(v.normal(2, 3), v.normal(2), raises=RuntimeError)
    yield Invalid(v.normal(2, 3), v.normal(3, 1), raises=RuntimeError)


def _vectors(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(3), v.normal(3))
    yield Sample(v.normal(1), v.normal(1))
    yield Invalid(v.normal(2, 3), v.normal(3), raises=RuntimeError, match="1D")


def _dot(v: Values) -> Iterator[Sample]:
    yield from _vectors(v)
    yield Invalid(v.normal(3), v.normal(4), raises=RuntimeError, match="inconsistent tensor size")


def _outer(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(3), v.normal(3))
    yield Sample(v.normal(3), v.normal(2))
    yield Sample(v.normal(0), v.normal(2))
    yield Invalid(v.normal(2, 3), v.normal(3), raises=RuntimeError, match="1-D")


def _linear(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(5, 3), v.normal(4, 3), v.normal(4))
    yield Sample(v.normal(5, 3), v.normal(4, 3))
    yield Sample(v.normal(3), v.normal(4, 3), v.normal(4))
    yield Sample(v.normal(2, 5, 3), v.normal(4, 3), v.normal(4))
    yield Sample(v.normal(0, 3), v.normal(4, 3), v.normal(4))
    yield Sample(v.normal(2, 5, 0), v.normal(4, 0), v.normal(4))
    yield Sample(v.normal(64, 100), v.normal(10, 100), v.normal(10))
    yield Sample(v.normal(1, 1), v.normal(1, 1), v.normal(1))
    yield Sample(v.normal(5, 3), v.normal(4, 3), v.normal(1))
    yield Sample(v.complex(2, 3), v.complex(4, 3), v.complex(4))
    yield Invalid(v.normal(5, 2), v.normal(4, 3), raises=RuntimeError,
                  match=r"mat1 and mat2 shapes cannot be multiplied \(5x2 and 3x4\)")
    yield Invalid(v.normal(5, 3), v.normal(4, 3), v.normal(5), raises=RuntimeError,
                  match="expected bias to be 1-dimensional with 4 elements", own_words=True)


def _linear_reference(x: Array, weight: Array, bias: Array | None = None) -> Array:
    return x @ weight.T + (0 if bias is None else bias)


ops = [
    Op("matmul", _matmul, np.matmul, composite=True),
    Op("mm", _mm, np.matmul),
    Op("bmm", _bmm, np.matmul),
    Op("mv", _mv, np.matmul, composite=True),
    Op("dot", _dot, np.dot, composite=True),
    Op("outer", _outer, np.outer),
    Op("nn.functional.linear", _linear, _linear_reference, composite=True),
]  # fmt: skip
