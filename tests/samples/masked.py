"""Rows of rushlight/ops/masked.py: one maker for functions of a tensor, a dimension and a mask."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .core import Array, Invalid, Op, Sample, Values


def _mask(whole: bool = False) -> Array:
    if whole:
        return np.ones((3, 4), bool)
    return np.array([[1, 0, 1, 1], [0, 1, 1, 0], [1, 1, 0, 1]], bool)


def _reduction(
    name: str, reference: Callable[..., Any], first: tuple[Any, ...] = (), dims: Any = (None, 0),
    **options: Any,
) -> Op:  # fmt: skip
    """A row of a function whose result is that of `reference` on the elements that count alone."""

    def samples(v: Values) -> Iterator[Sample]:
        x = v.nonzero(3, 4)
        for dim in (*dims, -1):
            at = first if dim is None else (*first, dim)
            yield Sample(x, *at, mask=_mask())
            yield Sample(x, *at)
        yield Sample(x, *first, 1, mask=_mask()[:1])
        yield Invalid(x, *first, 2, mask=_mask(), raises=IndexError, match="Dimension out of range")
        yield Invalid(x[0], *first, 0, mask=_mask(), raises=IndexError, match="broadcast",
                      own_words=True)  # fmt: skip

    def expected(x: Array, *args: Any, mask: Any = None) -> Any:
        rest, dim = args[: len(first)], args[len(first)] if len(args) > len(first) else None
        mask = np.broadcast_to(True if mask is None else mask, x.shape)
        if dim is None:
            return reference(x[mask], *rest)
        lines, masks = np.moveaxis(x, dim, -1), np.moveaxis(mask, dim, -1)
        return np.stack([reference(a[b], *rest) for a, b in zip(lines, masks, strict=True)])

    return Op("masked." + name, samples, expected, composite=True, **options)


def _along(
    name: str, first: tuple[Any, ...], reference: Any, whole: bool = False, **options: Any
) -> Op:
    """A row of a function whose result has the input's shape."""

    def samples(v: Values) -> Iterator[Sample]:
        x = v.nonzero(3, 4)
        for dim in (0, -1):
            yield Sample(x, *first, dim, mask=_mask(whole))
            yield Sample(x, *first, dim)

    return Op("masked." + name, samples, reference, composite=True, **options)


def _argument(position: Any, fill: float) -> Callable[..., Any]:
    def reference(x: Array, dim: Any = None, mask: Any = True) -> Any:
        return position(np.where(mask, x, fill), axis=dim).astype(x.dtype)

    return reference


def _arguments(v: Values) -> Iterator[Sample]:
    x = v.distinct(3, 4)
    yield Sample(x, mask=_mask())
    yield Sample(x, 1, mask=_mask())
    yield Sample(x, 0)


def _softmax(sign: int) -> Callable[..., Any]:
    def reference(x: Array, dim: int, mask: Any = True) -> Array:
        e = np.where(mask, np.exp(sign * x), 0.0)
        return e / e.sum(dim, keepdims=True)

    return reference


def _normalized(x: Array, ord: float, dim: int, mask: Any = True) -> Array:
    kept = np.where(mask, x, 0.0)
    return kept / np.linalg.norm(kept, ord, axis=dim, keepdims=True)


def _pairs(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(3, 4), v.normal(3, 4))
    yield Sample(v.normal(3, 4), v.normal(3, 4), input_mask=_mask())
    yield Sample(v.normal(3, 4), v.normal(3, 4), other_mask=_mask())


def _logaddexp(x: Array, y: Array, input_mask: Any = True, other_mask: Any = True) -> Array:
    return np.logaddexp(np.where(input_mask, x, -np.inf), np.where(other_mask, y, -np.inf))


def _median(line: Array) -> Any:
    return np.sort(line)[(len(line) - 1) // 2]


ops = [
    _reduction("sum", np.sum), _reduction("prod", np.prod),
    _reduction("amax", np.max), _reduction("amin", np.min), _reduction("mean", np.mean),
    _reduction("norm", np.linalg.norm, (2.0,)),
    Op("masked.prod of one", lambda v: [Sample(v.normal()), Sample(v.normal(), 0, keepdim=True)],
       lambda x, *args, **kwargs: x, call=lambda library: library.masked.prod, composite=True),
    Op("masked.var by a fraction", lambda v: [
        Sample(v.normal(3, 4), 1, correction=0.5, mask=_mask())],
       lambda x, dim, correction, mask: np.stack([
           np.var(a[b], ddof=correction) for a, b in zip(x, mask, strict=True)]),
       call=lambda library: library.masked.var, composite=True),
    _reduction("var", lambda x: np.var(x, ddof=1)), _reduction("std", lambda x: np.std(x, ddof=1)),
    _reduction("logsumexp", lambda x: np.log(np.exp(x).sum())),
    _reduction("median", _median, dims=(0,)),
    Op("masked.argmax", _arguments, _argument(np.argmax, -np.inf), differentiable=False),
    Op("masked.argmin", _arguments, _argument(np.argmin, np.inf), differentiable=False),
    _along("cumsum", (), lambda x, dim, mask=True: np.cumsum(np.where(mask, x, 0.0), dim)),
    _along("cumprod", (), lambda x, dim, mask=True: np.cumprod(np.where(mask, x, 1.0), dim)),
    _along("softmax", (), _softmax(1)), _along("softmin", (), _softmax(-1)),
    _along("log_softmax", (), lambda *args, **kwargs: np.log(_softmax(1)(*args, **kwargs)),
           whole=True),  # what is left out is -inf, of which there are no differences
    _along("normalize", (2.0,), _normalized),
    Op("masked.logaddexp", _pairs, _logaddexp, composite=True),
]
