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


def _reduction(
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


def _numpy(function: Callable[..., Any]) -> Callable[..., Any]:
    """NumPy's reduction with PyTorch's names of arguments."""

    def reference(x: Array, dim: Any = None, keepdim: bool = False, **kwargs: Any) -> Any:
        return function(x, axis=None if np.ndim(x) == 0 else dim, keepdims=keepdim, **kwargs)

    return reference


def _typed(v: Values) -> Iterator[Sample]:
    yield from _reduction("normal", empty=True, complex=True)(v)
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


def _both_extremes(v: Values) -> Iterator[Sample]:
    yield Sample(v.distinct(3, 4))
    yield Sample(v.distinct(3, 4), dim=1)
    yield Sample(v.distinct(2, 3, 4), dim=-2, keepdim=True)
    yield Sample(v.distinct())
    yield Sample(v.integers(0, 3, 5))
    yield Sample(np.array([1.0, np.nan]))
    yield Invalid(v.normal(0), raises=RuntimeError, match="cannot compute aminmax over an empty")
    yield Invalid(v.normal(2, 0), dim=1, raises=IndexError, match="to have non-zero size")
    yield Invalid(v.normal(2, 3), dim=2, raises=IndexError, match="Dimension out of range")


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
    yield from _reduction("normal", empty=False, complex=True)(v)
    yield Sample(v.integers(0, 9, 2, 3), dtype=Named("float64"))
    yield Invalid(v.integers(0, 9, 3), raises=RuntimeError, match="could not infer output dtype")


def _extreme(v: Values) -> Iterator[Sample]:
    yield Sample(v.distinct(5))
    yield Sample(v.distinct(2, 3, 4, 5))
    yield Sample(v.distinct())
    for shape, dim in (((2, 3), 0), ((2, 3, 4, 5), 1), ((2, 3, 4, 5), -1), ((5,), 0), ((), 0)):
        yield Sample(v.distinct(*shape), dim)
    yield Sample(v.distinct(2, 3), 1, keepdim=True)
    yield Sample(v.integers(0, 3, 4, 6), 1)
    yield Sample(np.array([[1.0, np.nan, 3.0], [np.nan, 0.0, np.nan]]), 1)
    x = v.distinct(2, 12)
    yield Sample(x[:, :6].copy(), x[:, 6:].copy())
    yield Invalid(v.normal(0), raises=RuntimeError, match="Expected reduction dim")
    yield Invalid(v.normal(2, 3), 2, raises=IndexError, match="Dimension out of range")
    yield Invalid(v.normal(2, 0), 1, raises=IndexError, match="Expected reduction dim 1 to have ")
    yield Invalid(v.complex(3), raises=NotImplementedError, match="not (support|implemented)",
                  own_words=True)
    yield Invalid(v.complex(3), 0, raises=RuntimeError, match="not (support|implemented)")


def _amax(v: Values) -> Iterator[Sample]:
    yield from _reduction("distinct", empty=False)(v)
    yield Invalid(v.normal(3, 0), 1, raises=IndexError, match="Expected reduction dim")
    yield Invalid(v.complex(3), 0, raises=NotImplementedError, match="not (support|implemented)",
                  own_words=True)


def _with_indices(extreme: Any, position: Any, pairwise: Any) -> Callable[..., Any]:
    def reference(x: Array, dim: Any = None, keepdim: bool = False) -> Any:
        if dim is None:
            return extreme(x)
        if isinstance(dim, np.ndarray):
            return pairwise(x, dim)
        if x.ndim == 0:
            return x, np.zeros((), np.int64)
        return extreme(x, axis=dim, keepdims=keepdim), position(x, axis=dim, keepdims=keepdim)

    return reference


def _position(v: Values) -> Iterator[Sample]:
    yield Sample(v.distinct(5))
    yield Sample(v.distinct(2, 3, 4, 5))
    yield Sample(v.distinct(2, 3, 4, 5), 1)
    yield Sample(v.distinct(2, 3, 4, 5), -1)
    yield Sample(v.distinct(2, 3), 0, keepdim=True)
    yield Sample(v.distinct(2, 3), keepdim=True)
    yield Sample(v.integers(0, 3, 4, 6), 1)
    yield Sample(np.array([1.0, np.nan, 3.0]))
    yield Sample(v.distinct())
    yield Sample(v.distinct(0, 3), 1)
    yield Invalid(v.normal(0, 3), 0, raises=IndexError, match="Expected reduction dim")
    yield Invalid(v.normal(0), raises=IndexError, match="Expected reduction dim")
    yield Invalid(v.complex(3), raises=RuntimeError, match="not (support|implemented)")
    yield Invalid(v.mask(3), raises=RuntimeError, match="not (support|implemented)")


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
    Op("sum", _typed, _numpy(lambda x, dtype=None, **k: np.sum(x, **k)), integers="int64"),
    Op("prod", _products, _numpy(lambda x, dtype=None, **k: np.prod(x, **k)), integers="int64"),
    Op("nansum", _nansum, _numpy(np.nansum), composite=True),
    Op("nanmean", _nanmean, _numpy(np.nanmean), composite=True),
    Op("aminmax", _both_extremes, lambda x, dim=None, keepdim=False: (
        np.min(x, axis=dim, keepdims=keepdim), np.max(x, axis=dim, keepdims=keepdim)),
       composite=True),
    Op("hash_tensor", _hashes, _hash, differentiable=False),
    Op("mean", _mean, _numpy(lambda x, dtype=None, **k: np.mean(x, **k))),
    Op("amax", _amax, _numpy(np.max)),
    Op("amin", _amax, _numpy(np.min)),
    Op("max", _extreme, _with_indices(np.max, np.argmax, np.maximum), composite=True),
    Op("min", _extreme, _with_indices(np.min, np.argmin, np.minimum), composite=True),
    Op("argmax", _position, _numpy(np.argmax), differentiable=False),
    Op("argmin", _position, _numpy(np.argmin), differentiable=False),
    Op("all", _truth, _numpy(np.all), differentiable=False),
    Op("any", _truth, _numpy(np.any), differentiable=False),
    Op("count_nonzero", _count, lambda x, dim=None: np.count_nonzero(x, dim),
       differentiable=False),
    Op("Tensor.sum_to_size", _sum_to_size, _sum_to_size_reference, composite=True),
]  # fmt: skip
