"""Rows of rushlight/ops/softmax.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .core import Array, Fixed, Invalid, Named, Op, Sample, Values
from .elementwise import binary
from .random import seeded


def _samples(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(5), 0)
    yield Sample(v.normal(3, 5), 1)
    yield Sample(v.normal(3, 5), 0)
    yield Sample(v.normal(2, 3, 4, 5), 1)
    yield Sample(v.normal(2, 3, 4, 5), -1)
    yield Sample(v.normal(2, 70), dim=-1)
    yield Sample(v.normal(), 0)
    yield Sample(v.normal(0, 3), 1)
    yield Sample(100 * v.normal(3, 5), dim=1)
    yield Invalid(v.normal(2, 3), 2, raises=IndexError, match="Dimension out of range")


def _with_dtype(v: Values) -> Iterator[Sample]:
    yield from _samples(v)
    yield Sample(v.normal(3, 0), 1)
    yield Sample(v.integers(0, 4, 3, 5), 1, dtype=Named("float64"))
    for x in (v.integers(0, 4, 3), v.mask(3), v.complex(3)):
        yield Invalid(x, 0, raises=NotImplementedError, match="not implemented for")
    yield Invalid(v.normal(3), 0, dtype=Named("int64"), raises=NotImplementedError,
                  match="not implemented for")
    yield Invalid([1.0, 2.0], 0, raises=TypeError, match="argument 'input' .*must be Tensor, not l")


def _logsumexp(v: Values) -> Iterator[Sample]:
    yield from _samples(v)
    yield Sample(v.normal(2, 3, 4), (0, 2))
    yield Sample(v.normal(2, 3, 4), 1, keepdim=True)
    yield Sample(np.array([[-np.inf, 1.0], [2.0, 3.0]]), 1)
    yield Sample(np.array([250, 251]), 0)
    yield Sample(Fixed(v.normal(3, 0)), 1)


def _no_whole_pair(v: Values) -> Iterator[Sample]:
    yield Sample(1000 * v.normal(3), 1000 * v.normal(2, 3))
    yield Invalid(v.integers(0, 4, 3), v.integers(0, 4, 3), raises=NotImplementedError,
                  match="not implemented for")


def _complex_pairs(v: Values) -> Iterator[Sample]:
    yield from _no_whole_pair(v)
    yield Sample(v.complex(2, 3), v.complex(3))


def _logcumsumexp(v: Values) -> Iterator[Sample]:
    for shape, dim in (((5,), 0), ((3, 5), 0), ((2, 3, 4, 5), -3), ((2, 70), 1), ((), 0)):
        yield Sample(v.normal(*shape), dim)
    yield Sample(v.normal(0, 3), dim=1)
    yield Sample(Fixed(100 * v.normal(3, 5)), 1)  # PyTorch's gradient of such halves is far off
    yield Invalid(v.normal(2, 3), 2, raises=IndexError, match="Dimension out of range")
    for x in (v.integers(0, 4, 3), v.mask(3)):
        yield Invalid(x, 0, raises=NotImplementedError, match="not implemented for")
    yield Invalid([1.0, 2.0], 0, raises=TypeError, match="argument 'input' .*must be Tensor, not l")


def _log_softmax(x: Array, dim: int, dtype: Any = None) -> Array:
    x = np.asarray(x, np.float64)
    if x.ndim == 0:
        return np.zeros(())
    largest = x.max(dim, keepdims=True, initial=-np.inf)
    return x - largest - np.log(np.exp(x - largest).sum(dim, keepdims=True))


def _logsumexp_reference(x: Array, dim: Any, keepdim: bool = False) -> Array:
    return x if x.ndim == 0 else np.log(np.exp(x).sum(dim, keepdims=keepdim))


def _logaddexp(a: Array, b: Array) -> Array:
    if "c" in (a.dtype.kind, b.dtype.kind):
        return np.log(np.exp(a) + np.exp(b))
    return np.logaddexp(a, b)


def _softmin(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 3), 1)
    yield Sample(v.normal(2, 3), 0, dtype=Named("float64"))
    yield Sample(v.normal(), 0)
    yield Invalid(v.normal(2), 1, raises=IndexError, match="Dimension out of range")


def _gumbel(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(3, 4))
    yield Sample(v.normal(3, 4), 0.5, False, dim=0)
    yield Invalid(v.normal(3), dim=1, raises=IndexError, match="Dimension out of range")


ops = [
    Op("softmax", _with_dtype, lambda x, dim, dtype=None: np.exp(_log_softmax(x, dim)),
       order="kept"),
    Op("log_softmax", _with_dtype, _log_softmax, order="kept"),
    Op("nn.functional.softmax", _softmin,
       lambda x, dim, dtype=None: np.exp(_log_softmax(x, dim)), order="kept"),
    Op("nn.functional.log_softmax", _softmin, _log_softmax, order="kept"),
    Op("nn.functional.softmin", _softmin,
       lambda x, dim, dtype=None: np.exp(_log_softmax(-x, dim)), order="kept", composite=True),
    Op("nn.functional.gumbel_softmax", _gumbel, call=seeded("nn.functional.gumbel_softmax"),
       composite=True, random=True),
    Op("logsumexp", _logsumexp, _logsumexp_reference, composite=True),
    binary("logaddexp", _logaddexp, numbers=(), more=_complex_pairs),
    binary("logaddexp2", np.logaddexp2, numbers=(), more=_no_whole_pair),
    Op("logcumsumexp", _logcumsumexp,
       lambda x, dim: np.logaddexp.accumulate(x, dim) if x.ndim else x, order="kept"),
]  # fmt: skip
