"""Rows of rushlight/ops/reduction.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .core import Array, Invalid, Named, Op, Sample, Values

AXES: tuple[tuple[tuple[int, ...], Any], ...] = (
    ((), None), ((5,), None), ((5,), 0), ((2, 3), 0), ((2, 3), -1), ((2, 3, 4, 5), (0, 2, 3)),
    ((2, 3, 4, 5), 1), ((2, 3, 4, 5), (-1, 1)), ((2, 3, 4, 5), None), ((), 0),
)  # fmt: skip


def reduction(
    values: str, empty: bool, complex: bool = False
) -> Callable[[Values], Iterator[Sample]]:
    def samples(v: Values) -> Iterator[Sample]:
        for shape, dim in AXES:
            x = getattr(v, values)(*shape)
            yield Sample(x) if dim is None else Sample(x, dim)
        yield Sample(getattr(v, values)(2, 3), 1, keepdim=True)
        yield Sample(getattr(v, values)(2, 3, 4), (0, 2), True)
        if complex:
            yield Sample(v.complex(2, 3))
            yield Sample(v.complex(2, 3), 1)
        if empty:
            yield Sample(v.normal(0, 3))
            yield Sample(v.normal(0, 3), 0)
        yield Sample(v.normal(0, 3), 1)
        yield Invalid(v.normal(2, 3), 2, raises=IndexError, match=(
            r"Dimension out of range \(expected to be in range of \[-2, 1\], but got 2\)"))

    return samples


def numpy_call(function: Callable[..., Any]) -> Callable[..., Any]:
    """NumPy's reduction with PyTorch's names of arguments."""

    def reference(x: Array, dim: Any = None, keepdim: bool = False, **kwargs: Any) -> Any:
        return function(x, axis=None if np.ndim(x) == 0 else dim, keepdims=keepdim, **kwargs)

    return reference


def _typed(v: Values) -> Iterator[Sample]:
    yield from reduction("normal", empty=True, complex=True)(v)
    yield Sample(v.integers(0, 9, 2, 3), dtype=Named("float64"))
    yield Sample(v.normal(2, 3), 0, dtype=Named("float32"))
    yield Sample(v.mask(2, 3), 1)
    yield Invalid(v.normal(2, 3), (0, 0), raises=RuntimeError, match="multiple times")
    yield Invalid(v.normal(2, 3), "a", raises=TypeError, match="dim", own_words=True)


def _products(v: Values) -> Iterator[Sample]:
    x = v.nonzero(3, 4)
    yield Sample(x)
    yield Sample(x, 1)
    yield Sample(v.nonzero(2, 3, 2), -2, True)
    yield Sample(v.nonzero())
    x[0, 1] = x[1, 0] = x[1, 2] = 0
    yield Sample(x, 1)
    yield Sample(x[0].copy())
    yield Sample(x)
    yield Sample(v.complex(2, 3), 0)
    yield Sample(v.normal(0, 3), 0)
    yield Sample(v.integers(1, 4, 2, 3), dtype=Named("float64"))
    yield Sample(v.mask(2, 3), 1)
    yield Invalid(v.normal(2, 3), 2, raises=IndexError, match="Dimension out of range")
    yield Invalid(v.normal(2, 3), (0, 1), raises=TypeError, match="prod", own_words=True)


def _with_nan(v: Values) -> Iterator[Sample]:
    yield Sample(np.array([[1.0, np.nan, 3.0], [np.nan, np.nan, np.nan]]), 1)
    yield Sample(np.array([[1.0, np.nan, 3.0], [0.0, np.nan, 5.0]]), (0, 1), True)
    yield Sample(v.normal(2, 3))
    yield Sample(v.normal(2, 3), 0)
    yield Sample(v.normal())


def _nansum(v: Values) -> Iterator[Sample]:
    yield from _with_nan(v)
    yield Sample(v.integers(0, 9, 2, 3), 1)
    yield Invalid(v.complex(3), raises=RuntimeError, match="not (support|implemented)")


def _nanmean(v: Values) -> Iterator[Sample]:
    yield from _with_nan(v)
    yield Invalid(v.integers(0, 9, 3), raises=RuntimeError, match="expected input to have floating")


def _hashes(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 3))
    yield Sample(v.normal(2, 3), 1)
    yield Sample(v.normal(2, 3, 4), (0, 2), keepdim=True)
    yield Sample(v.integers(-9, 9, 5))
    yield Sample(v.mask(3))
    yield Sample(v.normal())


def _hash(x: Array, dim: Any = None, keepdim: bool = False) -> Array:
    bits = x.astype("float64" if x.dtype.kind == "f" else "int64").view("uint64")
    return np.asarray(np.bitwise_xor.reduce(bits, axis=dim, keepdims=keepdim))


def _mean(v: Values) -> Iterator[Sample]:
    yield from reduction("normal", empty=False, complex=True)(v)
    yield Sample(v.integers(0, 9, 2, 3), dtype=Named("float64"))
    yield Invalid(v.integers(0, 9, 3), raises=RuntimeError, match="could not infer output dtype")


def _truth(v: Values) -> Iterator[Sample]:
    for shape, dim in AXES:
        x = v.integers(0, 2, *shape)
        yield Sample(x) if dim is None else Sample(x, dim)
    yield Sample(v.mask(3, 4), 1, keepdim=True)
    yield Sample(np.array([0.0, np.nan, 1.0]))
    yield Sample(v.mask(0, 3), 0)


def _count(v: Values) -> Iterator[Sample]:
    yield Sample(v.integers(0, 2, 3, 4))
    yield Sample(v.integers(0, 2, 3, 4), 1)
    yield Sample(v.integers(0, 2, 3, 4, 2), dim=(0, 2))
    yield Sample(v.mask(3, 4), 0)
    yield Sample(v.normal())


def _sum_to_size(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 3), (2, 3))
    yield Sample(v.normal(2, 3), (1, 3))
    yield Sample(v.normal(2, 3), (3,))
    yield Sample(v.normal(2, 3), ())
    yield Sample(v.normal(4, 2, 3), 2, 1)
    yield Invalid(v.normal(2, 3), (2,), raises=RuntimeError, match="is not expandable to size")


def _sum_to_size_reference(x: Array, *size: Any) -> Array:
    shape = size[0] if len(size) == 1 and not isinstance(size[0], int) else size
    added = x.ndim - len(shape)
    x = x.sum(axis=tuple(range(added)))
    widened = tuple(i for i, (n, m) in enumerate(zip(x.shape, shape, strict=True)) if m != n)
    return x.sum(axis=widened, keepdims=True)


ops = [
    Op("sum", _typed, numpy_call(lambda x, dtype=None, **k: np.sum(x, **k)), integers="int64"),
    Op("prod", _products, numpy_call(lambda x, dtype=None, **k: np.prod(x, **k)), integers="int64"),
    Op("nansum", _nansum, numpy_call(np.nansum), composite=True),
    Op("nanmean", _nanmean, numpy_call(np.nanmean), composite=True),
    Op("hash_tensor", _hashes, _hash, differentiable=False),
    Op("mean", _mean, numpy_call(lambda x, dtype=None, **k: np.mean(x, **k))),
    Op("all", _truth, numpy_call(np.all), differentiable=False),
    Op("any", _truth, numpy_call(np.any), differentiable=False),
    Op("count_nonzero", _count, lambda x, dim=None: np.count_nonzero(x, dim),
       differentiable=False),
    Op("Tensor.sum_to_size", _sum_to_size, _sum_to_size_reference, composite=True),
]  # fmt: skip
