"""Rows of rushlight/ops/scatter.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .core import Array, Invalid, Op, Sample, Values


def _scatter_add(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(4, 5), 1, v.integers(0, 5, 4, 3), v.normal(4, 3))
    yield Sample(v.normal(4, 5), 0, v.integers(0, 4, 6, 5), v.normal(6, 5))
    yield Sample(v.integers(0, 9, 4, 5), 1, v.integers(0, 5, 2, 3), v.integers(0, 9, 4, 6))
    yield Sample(v.normal(5), 0, v.integers(0, 5, 8), v.normal(8))
    yield Sample(np.array(3), 0, np.array(0), np.array(4))
    yield Sample(np.ones((4, 5), int), 1, np.zeros((0, 3), int), np.ones((4, 6), int))
    yield Invalid(v.normal(4, 5), 0, np.array([[0]]), v.normal(1), raises=IndexError,
                  match="must have the same number of dimensions as src", own_words=True)
    yield Invalid(v.normal(4, 5), 1, np.array([[0], [0]]), v.normal(1, 1), raises=RuntimeError,
                  match="Expected index .* to be no larger than self .* no larger size than src")
    yield Invalid(v.normal(4, 5), 1, np.array([[5]]), v.normal(1, 1), raises=RuntimeError,
                  match="out of bounds for dimension 1 with size 5", reads_values=True)


def _scatter(v: Values) -> Iterator[Sample]:
    rows = np.stack([v.permutation(5)[:3] for _ in range(4)])
    yield Sample(v.normal(4, 5), 1, rows, v.normal(4, 3))
    yield Sample(v.normal(5, 4), 0, rows.T.copy(), v.normal(3, 4))
    yield Sample(v.integers(0, 9, 4, 5), -1, rows[:2].copy(), v.integers(0, 9, 4, 6))
    yield Sample(v.normal(4, 5), 1, rows, 2.5)
    yield Sample(v.normal(4, 5), 1, rows, value=-1)
    yield Sample(v.normal(5), 0, np.array([4, 0]), v.normal(2))
    yield Sample(np.array(3), 0, np.array(0), np.array(4))
    yield Sample(v.integers(0, 9, 4, 5), 1, rows, v.integers(0, 9, 4, 3))
    yield Invalid(v.normal(4, 5), 1, np.array([[5]]), v.normal(1, 1), raises=RuntimeError,
                  match="out of bounds for dimension 1 with size 5", reads_values=True)
    yield Invalid(v.normal(4, 5), 1, np.array([[-1]]), 2.0, raises=RuntimeError,
                  match="index -1 is out of bounds", reads_values=True)
    yield Invalid(v.normal(3), 0, np.array([0]), v.integers(0, 3, 1), raises=RuntimeError,
                  match="Expected self.dtype to be equal to src.dtype")
    yield Invalid(v.normal(3), 0, np.array([0]), v.normal(1), reduce="mean", raises=RuntimeError,
                  match="reduce argument must be either add or multiply")
    yield Invalid(v.normal(3), 0, np.array([0.0]), v.normal(1), raises=RuntimeError,
                  match="Expected dtype int32/int64 for index")


def _put_together(v: Values) -> Iterator[Sample]:
    """By name, with places that are named twice, and ones that are not named."""
    for reduce in ("sum", "prod", "mean", "amax", "amin"):
        for include_self in (True, False):
            kwargs = {"include_self": include_self}
            index = v.integers(0, 4, 4, 6)
            yield Sample(v.distinct(4, 5), 1, index, v.distinct(4, 6) + 0.013, reduce, **kwargs)
        yield Sample(v.nonzero(4), 0, v.integers(0, 3, 6), v.nonzero(6), reduce=reduce)
        yield Sample(v.integers(1, 5, 4), 0, v.integers(0, 3, 6), v.integers(1, 5, 6), reduce)
    yield Sample(v.nonzero(), 0, np.array(0), v.nonzero(), "prod")
    x = v.nonzero(3, 4)
    x[0, 1] = x[1, 2] = 0
    index = np.array([[0, 0, 1, 1], [0, 0, 0, 1], [1, 1, 0, 1]])
    yield Sample(v.nonzero(3, 2), 1, index, x, "prod")
    yield Invalid(v.normal(3), 0, np.array([0]), v.normal(1), "median", raises=RuntimeError,
                  match="reduce argument must be either sum, prod, mean, amax or amin")
    for wrong in (3, -1):
        yield Invalid(v.normal(3), 0, np.array([wrong]), v.normal(1), "amax", raises=RuntimeError,
                      match="out of bounds for dimension 0 with size 3", reads_values=True)


_FUNCTIONS: dict[str, Callable[[Any, Any], Any]] = {
    "sum": np.add, "mean": np.add, "prod": np.multiply, "amax": np.maximum, "amin": np.minimum,
}  # fmt: skip


def scattered(
    x: Array, dim: int, index: Array, src: Array, reduce: str, include_self: bool = True
) -> Array:
    """The elements put together one by one."""
    if x.ndim == 0:
        parts = (x.reshape(1), dim, index.reshape(1), src.reshape(1), reduce, include_self)
        return scattered(*parts).reshape(())
    result, count = x.copy(), np.full(x.shape, int(include_self))
    for place in np.ndindex(index.shape):
        target = list(place)
        target[dim] = index[place]
        to = tuple(target)
        result[to] = _FUNCTIONS[reduce](result[to], src[place]) if count[to] else src[place]
        count[to] += 1
    if reduce != "mean":
        return result
    count = np.maximum(count, 1)
    return result / count if result.dtype.kind == "f" else result // count


def _scatter_reference(x: Array, dim: int, index: Array, src: Any = None, value: Any = None) -> Any:
    result, source = x.copy(), src if value is None else value
    if x.ndim == 0:
        return np.asarray(source)
    source = np.broadcast_to(source, index.shape) if np.ndim(source) == 0 else source
    np.put_along_axis(result[tuple(slice(None) if i == dim % x.ndim else slice(n)
                                   for i, n in enumerate(index.shape))],
                      index, source[tuple(map(slice, index.shape))], dim)  # fmt: skip
    return result


def _reduced_by(v: Values) -> Iterator[Sample]:
    for reduce in ("add", "multiply"):
        yield Sample(v.nonzero(4, 5), 1, v.integers(0, 5, 4, 3), v.nonzero(4, 3), reduce=reduce)
        yield Sample(v.nonzero(4), 0, v.integers(0, 4, 6), 2.0, reduce=reduce)


ops = [
    Op("scatter_add", _scatter_add, lambda *args: scattered(*args, "sum"), inplace="scatter_add_"),
    Op("scatter", _scatter, _scatter_reference, inplace="scatter_"),
    # PyTorch has no derivative of this form, and no grad_fn to compare.
    Op("scatter with reduce", _reduced_by, call=lambda torch: torch.scatter, composite=True),
    Op("scatter_reduce", _put_together, scattered, inplace="scatter_reduce_", composite=True),
]
