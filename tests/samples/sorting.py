"""Rows of rushlight/ops/sorting.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .core import Array, Invalid, Op, Sample, Values


def _sort(v: Values) -> Iterator[Sample]:
    yield Sample(v.distinct(6))
    yield Sample(v.distinct(4, 5), 0)
    yield Sample(v.distinct(4, 5), -1, True)
    yield Sample(v.distinct(2, 3, 4), dim=1, descending=True)
    yield Sample(v.distinct())
    yield Invalid(v.complex(3), raises=RuntimeError, match="not (support|implemented)")
    yield Invalid(v.complex(), raises=RuntimeError, match="not (support|implemented)")


def _order(x: Array, dim: int = -1, descending: bool = False) -> Array:
    if x.ndim == 0:
        return np.zeros((), np.int64)
    return np.argsort(-x if descending else x, axis=dim, stable=True)


def _sort_reference(x: Array, dim: int = -1, descending: bool = False) -> Any:
    order = _order(x, dim, descending)
    return (np.take_along_axis(x, order, dim) if x.ndim else x), order


def _topk(v: Values) -> Iterator[Sample]:
    yield Sample(v.distinct(6), 2)
    yield Sample(v.distinct(4, 5), 3, 0)
    yield Sample(v.distinct(4, 5), 5, largest=False)
    yield Sample(v.distinct(4, 5), 0)
    yield Invalid(v.distinct(4), 5, raises=RuntimeError, match="selected index k out of range")
    yield Invalid(v.complex(3), 1, raises=RuntimeError, match="not (support|implemented)")


def _topk_reference(x: Array, k: int, dim: int = -1, largest: bool = True) -> Any:
    return [np.take(part, np.arange(k), dim) for part in _sort_reference(x, dim, largest)]


def _lines(v: Values) -> Iterator[Sample]:
    yield Sample(v.distinct(6), 0)
    yield Sample(v.distinct(4, 5), 0)
    yield Sample(v.distinct(2, 5, 3), -2, keepdim=True)
    yield Sample(v.distinct(), 0)
    yield Invalid(v.normal(2, 0), 1, raises=IndexError, match="to have non-zero size")
    yield Invalid(v.normal(2, 3), 2, raises=IndexError, match="Dimension out of range")
    yield Invalid(v.complex(3), 0, raises=RuntimeError, match="omplex", own_words=True)


def _medians(v: Values) -> Iterator[Sample]:
    yield from _lines(v)
    yield Sample(v.distinct(5))
    yield Sample(v.distinct(2, 3))
    yield Sample(v.distinct())
    x = v.distinct(3, 5)
    x[0, 1] = x[1, 2] = x[1, 4] = np.nan
    yield Sample(x)
    yield Sample(x[::2].copy(), 1)


def _nanmedians(v: Values) -> Iterator[Sample]:
    yield from _medians(v)
    x = v.distinct(2, 5)
    x[0, 1] = x[1, 2] = x[1, 4] = np.nan
    yield Sample(x, 1)


def _kth(v: Values) -> Iterator[Sample]:
    for sample in _lines(v):
        if not isinstance(sample, Invalid):
            x, dim = sample.args
            for k in {1, 2 if x.ndim else 1}:
                yield Sample(x, k, dim, **sample.kwargs)
    yield Sample(v.distinct(5), 5)
    yield Sample(np.array([2.0, np.nan, 1.0]), 3)
    for k in (0, 6):
        yield Invalid(v.distinct(5), k, raises=RuntimeError, match="selected number k out of range")


def _modes(v: Values) -> Iterator[Sample]:
    yield from _lines(v)
    yield Sample(np.array([2, 1, 1, 3, 2]))
    yield Sample(np.array([[3, 0, 3], [2, 1, 0]]), 1)


def _at(place: Callable[..., Any]) -> Callable[..., Any]:
    """Values and indices from a function that says where the value of a line stands."""

    def reference(x: Array, *args: Any, keepdim: bool = False) -> Any:
        *rest, dim = args or (-1,)
        if x.ndim == 0:
            return x, np.zeros((), np.int64)
        places = np.apply_along_axis(place, dim, x, *rest)
        places = np.expand_dims(places, dim)
        values = np.take_along_axis(x, places, dim)
        return (values, places) if keepdim else (values.squeeze(dim), places.squeeze(dim))

    return reference


def _kth_reference(x: Array, k: int, dim: int = -1, keepdim: bool = False) -> Any:
    return _at(lambda line, k: np.argsort(line, stable=True)[k - 1])(x, k, dim, keepdim=keepdim)


def _median_reference(x: Array, *args: Any, **kwargs: Any) -> Any:
    def place(line: Array) -> Any:
        if np.isnan(line).any():
            return int(np.isnan(line).argmax())
        return np.argsort(line)[(len(line) - 1) // 2]

    return _at(place)(x, *args, **kwargs) if args else _at(place)(x.reshape(-1), 0)[0]


def _nanmedian_reference(x: Array, *args: Any, **kwargs: Any) -> Any:
    def place(line: Array) -> Any:
        return np.argsort(line)[(np.count_nonzero(line == line) - 1) // 2]

    return _at(place)(x, *args, **kwargs) if args else _at(place)(x.reshape(-1), 0)[0]


def _mode_reference(x: Array, *args: Any, **kwargs: Any) -> Any:
    def place(line: Array) -> Any:
        values, counts = np.unique(line, return_counts=True)
        return int(np.flatnonzero(line == values[counts.argmax()])[-1])

    return _at(place)(x, *args, **kwargs)


ops = [
    Op("sort", _sort, _sort_reference, composite=True),
    Op("argsort", _sort, _order, differentiable=False),
    Op("topk", _topk, _topk_reference, composite=True),
    Op("msort", lambda v: [Sample(v.distinct(5)), Sample(v.distinct(4, 3)), Sample(v.distinct())],
       lambda x: np.sort(x, 0) if x.ndim else x, composite=True),
    Op("kthvalue", _kth, _kth_reference, composite=True),
    Op("mode", _modes, _mode_reference, composite=True),
    Op("median", _medians, _median_reference, composite=True),
    Op("nanmedian", _nanmedians, _nanmedian_reference, composite=True),
]
