"""Rows of rushlight/ops/pooling.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .core import Array, Fixed, Invalid, Op, Sample, Values


def _windows(v: Values, values: str) -> Iterator[Sample]:
    make = getattr(v, values)
    yield Sample(make(2, 3, 6, 4), 2)
    yield Sample(make(2, 3, 7, 5), 3, 2)
    yield Sample(make(2, 3, 7, 5), (3, 2), (2, 1), (1, 0))
    yield Sample(make(3, 6, 4), 2)
    yield Sample(make(1, 1, 5, 5), 5)
    yield Sample(make(2, 3, 7, 5), 2, ceil_mode=True)
    yield Sample(make(2, 3, 7, 6), 3, 2, 1, ceil_mode=True)
    yield Sample(make(0, 3, 4, 4), 2)
    yield Sample(make(2, 19, 8, 8), 2)
    yield Invalid(make(1, 1, 3, 4, 4), 2, raises=RuntimeError, match="3D", own_words=True)
    yield Invalid(make(2, 3, 2, 2), 3, raises=RuntimeError, match="Output size is too small")
    yield Invalid(make(2, 3, 6, 6), 2, 2, 2, raises=RuntimeError,
                  match="pad should be at most half of effective kernel size")
    yield Invalid(make(2, 3, 6, 6), 2, 0, raises=RuntimeError, match="stride")


def _max_pool(v: Values) -> Iterator[Sample]:
    yield from _windows(v, "distinct")
    yield Sample(v.distinct(2, 3, 8, 7), 2, 1, dilation=2)
    yield Sample(v.distinct(2, 3, 8, 7), 3, 2, 1, 2, True)
    yield Sample(v.distinct(2, 3, 6, 4), 2, return_indices=True)
    yield Sample(v.distinct(2, 3, 7, 6), 3, 2, 1, return_indices=True)
    yield Sample(-10 + v.distinct(2, 3, 5, 5), 3, 2, 1)
    yield Sample(np.full((1, 2, 4, 4), -np.inf), 3, 2, 1, return_indices=True)


def _max_pool_reference(
    x: Array, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> Any:  # fmt: skip
    places = np.arange(x.shape[-2] * x.shape[-1]).reshape(x.shape[-2:])

    def largest(window: Array, place: Array) -> Any:
        flat = window.reshape(*window.shape[:-2], place.size)
        return flat.max(-1), place.ravel()[flat.argmax(-1)]

    values, indices = _slide(x, places, largest, kernel_size, stride, padding, dilation, ceil_mode)
    return (values, indices) if return_indices else values


def _slide(x: Array, places: Array, function: Callable[..., Any], kernel_size: Any, stride: Any,
           padding: Any, dilation: Any, ceil_mode: bool) -> Any:  # fmt: skip
    """`function` of the part of each window that lies inside the image, and of the places there."""
    kernel = np.broadcast_to(kernel_size, 2)
    steps = kernel if stride is None else np.broadcast_to(stride, 2)
    pads, dilations = np.broadcast_to(padding, 2), np.broadcast_to(dilation, 2)
    sizes = []
    for n, k, s, p, d in zip(x.shape[-2:], kernel, steps, pads, dilations, strict=True):
        room = n + 2 * p - d * (k - 1) - 1
        count = -(-room // s) + 1 if ceil_mode else room // s + 1
        sizes.append(count - (ceil_mode and (count - 1) * s >= n + p))
    results: list[Array] = []
    for i, j in np.ndindex(*sizes):
        rows, columns = (
            [a for a in range(at * s - p, at * s - p + d * k, d) if 0 <= a < n]
            for at, s, p, d, k, n in zip((i, j), steps, pads, dilations, kernel, x.shape[-2:],
                                         strict=True)
        )  # fmt: skip
        parts = function(x[..., rows, :][..., columns], places[rows][:, columns])
        if not results:
            results = [np.zeros((*x.shape[:-2], *sizes), p.dtype) for p in parts]
        for result, part in zip(results, parts, strict=True):
            result[..., i, j] = part
    return results


def _avg_pool(v: Values) -> Iterator[Sample]:
    yield from _windows(v, "normal")
    yield Sample(v.normal(2, 3, 7, 5), 3, 2, 1, count_include_pad=False)
    yield Sample(v.normal(2, 3, 7, 6), 3, 2, 1, True, False)
    yield Sample(v.normal(2, 3, 6, 4), 2, divisor_override=3)
    yield Invalid(v.mask(2, 3, 6, 4), 2, raises=NotImplementedError, match="not implemented for")
    yield Invalid(v.normal(2, 3, 6, 4), 2, divisor_override=0, raises=RuntimeError,
                  match="divisor must be not zero")


def _avg_pool_reference(
    x: Array, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: int | None = None,
) -> Array:  # fmt: skip
    """Sums of windows, divided by the number of places that each has in the (padded) image."""
    pads = np.broadcast_to(padding, 2)
    around = [(p, p) for p in pads]
    inside = np.ones(x.shape[-2:])
    counted = np.pad(inside, around, constant_values=float(count_include_pad))
    padded = np.pad(x, [(0, 0)] * (x.ndim - 2) + around)
    arguments = (kernel_size, stride, 0, 1, False)

    def total(window: Array, place: Array) -> Any:
        return (window.sum((-1, -2)),)

    if ceil_mode:  # the last windows reach over the padding; what lies there counts for nothing
        extra = [(0, int(k)) for k in np.broadcast_to(kernel_size, 2)]
        counted = np.pad(counted, extra)
        padded = np.pad(padded, [(0, 0)] * (x.ndim - 2) + extra)
    places = np.zeros(counted.shape)
    sums = _slide(padded, places, total, *arguments)[0]
    counts = _slide(counted, places, total, *arguments)[0]
    if ceil_mode:
        shape = _slide(x, inside, total, kernel_size, stride, padding, 1, True)[0].shape
        sums, counts = sums[..., : shape[-2], : shape[-1]], counts[: shape[-2], : shape[-1]]
    return sums / (divisor_override or counts)


def _adaptive(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 3, 6, 4), 1)
    yield Sample(v.normal(2, 3, 6, 4), (3, 2))
    yield Sample(v.normal(2, 3, 7, 5), (3, 2))
    yield Sample(v.normal(2, 3, 7, 5), (None, 2))
    yield Sample(v.normal(3, 7, 5), 4)
    yield Sample(v.normal(2, 3, 2, 2), 4)
    yield Sample(Fixed(v.normal(2, 3, 7, 5)), (0, 2))
    yield Invalid(v.integers(0, 9, 2, 3, 4, 4), 2, raises=NotImplementedError,
                  match="not implemented for")


def _adaptive_reference(x: Array, size: Any) -> Array:
    height, width = x.shape[-2:]
    rows, columns = (size, size) if isinstance(size, int) else size
    rows, columns = height if rows is None else rows, width if columns is None else columns
    y = np.zeros((*x.shape[:-2], rows, columns))
    for i, j in np.ndindex(rows, columns):
        part = x[..., i * height // rows : -(-(i + 1) * height // rows),
                 j * width // columns : -(-(j + 1) * width // columns)]  # fmt: skip
        y[..., i, j] = part.mean((-1, -2))
    return y


def _of_rank(rank: int, values: str) -> Callable[[Values], Iterator[Sample]]:
    """Samples for signals or volumes, which the pools of images do not have."""

    def make(v: Values) -> Iterator[Sample]:
        numbers = getattr(v, values)
        sizes = (7, 4, 5)[:rank]
        yield Sample(numbers(2, 3, *sizes), 2)
        yield Sample(numbers(3, *sizes), 3, 2, 1)
        yield Sample(numbers(2, 3, *sizes), 3, 2, 1, ceil_mode=True)
        yield Sample(numbers(2, 3, *sizes), [2] * rank, (1,) * rank, 0)
        yield Sample(numbers(0, 3, *sizes), 2)
        yield Invalid(numbers(2, 0, *sizes), 2, raises=RuntimeError, match="non-empty|got",
                      own_words=True)
        yield Invalid(numbers(7), 2, raises=RuntimeError, match="tensor expected for input",
                      own_words=True)
        yield Invalid(numbers(2, 3, *sizes), 2, 2, 2, raises=RuntimeError, match="pad should be",
                      own_words=True)
        yield Invalid(numbers(2, 3, *sizes), 9, raises=RuntimeError, match="too small",
                      own_words=True)

    return make


def _max_of_rank(rank: int) -> Callable[[Values], Iterator[Sample]]:
    def make(v: Values) -> Iterator[Sample]:
        yield from _of_rank(rank, "distinct")(v)
        yield Sample(v.distinct(1, 2, *(6, 5, 4)[:rank]), 2, 1, 0, 2, return_indices=True)

    return make


def _as_images(function: Callable[..., Any]) -> Callable[..., Any]:
    """A reference for images on signals: those are images of height 1."""

    def reference(x: Array, kernel_size: Any, stride: Any = None, padding: Any = 0,
                  *rest: Any, **options: Any) -> Any:  # fmt: skip
        def high(value: Any, default: int) -> Any:
            return value if value is None else (default, int(np.ravel(value)[0]))

        found = function(x[..., None, :], high(kernel_size, 1), high(stride, 1), high(padding, 0),
                         *[high(r, 1) if type(r) is int else r for r in rest],
                         **options)  # fmt: skip
        if isinstance(found, (tuple, list)):
            return [part[..., 0, :] for part in found]
        return found[..., 0, :]

    return reference


def _powers(rank: int) -> Callable[[Values], Iterator[Sample]]:
    def make(v: Values) -> Iterator[Sample]:
        sizes = (5, 4, 4)[:rank]
        yield Sample(v.positive(2, 3, *sizes), 2, 2)
        yield Sample(v.positive(3, *sizes), 1.5, 3 if rank == 1 else (2,) * rank, 1, True)

    return make


def _parts(rank: int, values: str) -> Callable[[Values], Iterator[Sample]]:
    def make(v: Values) -> Iterator[Sample]:
        numbers = getattr(v, values)
        sizes = (7, 5, 6)[:rank]
        yield Sample(numbers(2, 3, *sizes), (3, 2, 4)[:rank])
        yield Sample(numbers(3, *sizes), 5)
        yield Sample(numbers(2, 3, *sizes), 1)
        if values == "distinct":
            yield Sample(numbers(2, 3, *sizes), (2, 5, 3)[:rank], return_indices=True)
        yield Invalid(v.integers(0, 9, 2, 3, *sizes), 2, raises=NotImplementedError,
                      match="not implemented for")
        yield Invalid(numbers(2, 3, *sizes[:-1], 0), 2, raises=RuntimeError,
                      match="Expected input to have non-zero size for non-batch dimensions")
        yield Invalid(numbers(2, 3, *sizes), (2,) * (rank + 1), raises=RuntimeError,
                      match="output_size",
                      own_words=True)

    return make


def _unpool(rank: int) -> Callable[[Values], Iterator[Sample]]:
    def make(v: Values) -> Iterator[Sample]:
        count, sizes = 2**rank, (2,) * rank

        def places(*lead: int) -> Fixed:
            rows = [v.permutation(4**rank)[:count] for _ in range(int(np.prod(lead)))]
            return Fixed(np.stack(rows).reshape(*lead, *sizes).astype(np.int64))

        yield Sample(v.normal(2, 3, *sizes), places(2, 3), 2)
        yield Sample(v.normal(3, *sizes), places(3), 2, 2, output_size=(5,) * rank)
        yield Invalid(v.normal(1, 1, *sizes), Fixed(np.full((1, 1, *sizes), 4**rank)), 2,
                      raises=RuntimeError, match="Found an invalid max index", reads_values=True)
        yield Invalid(v.normal(1, 1, *sizes), places(1), 2, raises=RuntimeError,
                      match="Expected shape of indices to be same as that of the input")
        yield Invalid(v.normal(1, 1, *sizes), places(1, 1), 2, output_size=(9,) * rank,
                      raises=ValueError, match="must be between")

    return make


def _fractional(rank: int) -> Callable[[Values], Iterator[Sample]]:
    def make(v: Values) -> Iterator[Sample]:
        sizes = (6, 5, 5)[:rank]
        samples = Fixed(v.between(0, 1, 2, 3, rank).astype("float64"))
        yield Sample(v.distinct(2, 3, *sizes), 2, 3, _random_samples=samples)
        yield Sample(v.distinct(2, 3, *sizes), (2, 1, 2)[:rank], (3,) * rank, return_indices=True,
                     _random_samples=samples)  # fmt: skip
        yield Sample(v.distinct(2, 3, *sizes), 2, output_ratio=(0.5,) * rank,
                     _random_samples=samples)  # fmt: skip
        yield Invalid(v.distinct(2, 3, *sizes), 2, raises=ValueError, match="output_ratio")
        yield Invalid(v.distinct(2, 3, *sizes), 4, 4, raises=RuntimeError, match="too large",
                      _random_samples=samples)  # fmt: skip

    return make


ops = [
    Op("nn.functional.max_pool2d", _max_pool, _max_pool_reference, order="channels_last",
       composite=True, covers=("nn.functional.max_pool2d_with_indices",)),
    Op("nn.functional.max_pool1d", _max_of_rank(1), _as_images(_max_pool_reference), composite=True,
       covers=("nn.functional.max_pool1d_with_indices",)),
    Op("nn.functional.max_pool3d", _max_of_rank(3), composite=True,
       covers=("nn.functional.max_pool3d_with_indices",)),
    Op("nn.functional.avg_pool2d", _avg_pool, _avg_pool_reference, order="channels_last",
       composite=True),
    Op("nn.functional.avg_pool1d", _of_rank(1, "normal"), _as_images(_avg_pool_reference),
       composite=True),
    # PyTorch's CPU build has no means of volumes in half precision.
    Op("nn.functional.avg_pool3d", _of_rank(3, "normal"), composite=True, halves=False),
    Op("nn.functional.adaptive_avg_pool2d", _adaptive, _adaptive_reference, composite=True),
    *[Op(f"nn.functional.adaptive_avg_pool{n}d", _parts(n, "normal"), composite=True)
      for n in (1, 3)],
    *[Op(f"nn.functional.adaptive_max_pool{n}d", _parts(n, "distinct"), composite=True,
         covers=(f"nn.functional.adaptive_max_pool{n}d_with_indices",)) for n in (1, 2, 3)],
    *[Op(f"nn.functional.lp_pool{n}d", _powers(n), composite=True, halves=n < 3)
      for n in (1, 2, 3)],
    *[Op(f"nn.functional.max_unpool{n}d", _unpool(n), composite=True) for n in (1, 2, 3)],
    *[Op(f"nn.functional.fractional_max_pool{n}d", _fractional(n), composite=True, halves=False,
         covers=(f"nn.functional.fractional_max_pool{n}d_with_indices",)) for n in (2, 3)],
]
