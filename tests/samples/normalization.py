"""Rows of rushlight/ops/normalization.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .core import Array, Fixed, Invalid, Op, Sample, Values


def _batch_norm(v: Values) -> Iterator[Sample]:
    for shape in ((4, 3), (4, 3, 5), (2, 3, 4, 5), (3, 20, 2, 2)):
        mean, var = Fixed(v.normal(shape[1])), Fixed(v.positive(shape[1]))
        weight, bias = v.normal(shape[1]), v.normal(shape[1])
        yield Sample(v.normal(*shape), mean, var, weight, bias, True)
        yield Sample(v.normal(*shape), mean, var, weight, bias)
        yield Sample(v.normal(*shape), mean, var, training=True, momentum=0.3, eps=1e-2)
        yield Sample(v.normal(*shape), mean, var, training=False)
        yield Sample(v.normal(*shape), None, None, weight, bias, training=True)
    x, three = v.normal(2, 3, 4, 5), Fixed(v.positive(3))
    yield Invalid(v.normal(1, 3, 1, 1), three, three, training=True, raises=ValueError,
                  match="Expected more than 1 value per channel when training")
    yield Invalid(x, Fixed(v.normal(4)), three, raises=RuntimeError,
                  match="running_mean should contain 3 elements not 4")
    yield Invalid(x, three, three, v.normal(4), raises=RuntimeError,
                  match="weight should contain 3 elements not 4", own_words=True)
    yield Invalid(x, None, None, raises=RuntimeError,
                  match="running_mean must be defined in evaluation mode")


def _reference(
    x: Array, mean: Any, var: Any, weight: Any = None, bias: Any = None, training: bool = False,
    momentum: float = 0.1, eps: float = 1e-5,
) -> Any:  # fmt: skip
    """The result, and the running statistics that it leaves."""
    axes = (0, *range(2, x.ndim))
    count = x.size // x.shape[1]
    moved = []
    if training:
        batch = x.mean(axes), x.var(axes)
        unbiased = batch[0], batch[1] * count / (count - 1)
        if mean is not None:
            moved = [(1 - momentum) * old + momentum * new
                     for old, new in zip((mean, var), unbiased, strict=True)]  # fmt: skip
        mean, var = batch
    else:
        moved = [mean, var]
    spread = (-1,) + (1,) * (x.ndim - 2)
    y = (x - mean.reshape(spread)) / np.sqrt(var.reshape(spread) + eps)
    y = y if weight is None else y * weight.reshape(spread)
    return [y if bias is None else y + bias.reshape(spread), *moved]


def _with_statistics(torch: Any) -> Callable[..., Any]:
    def call(x: Any, mean: Any, var: Any, *args: Any, **kwargs: Any) -> Any:
        statistics = [None if s is None else s.clone() for s in (mean, var)]
        result = torch.nn.functional.batch_norm(x, *statistics, *args, **kwargs)
        return [result, *(s for s in statistics if s is not None)]

    return call


def _native(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(4, 3), v.normal(3), v.normal(3), None, None, True, 0.1, 1e-3)
    yield Sample(v.normal(2, 3, 4, 5), None, None, None, None, True, 0.1, 0.1)


def _native_batch_norm(
    x: Array, weight: Any, bias: Any, mean: Any, var: Any, training: bool, momentum: float,
    eps: float,
) -> Any:  # fmt: skip
    axes = (0, *range(2, x.ndim))
    spread = (-1,) + (1,) * (x.ndim - 2)
    center, scale = x.mean(axes), 1 / np.sqrt(x.var(axes) + eps)
    y = (x - center.reshape(spread)) * scale.reshape(spread)
    y = y * (1 if weight is None else weight.reshape(spread))
    return y + (0 if bias is None else bias.reshape(spread)), center, scale


ops = [
    Op("nn.functional.batch_norm", _batch_norm, _reference, call=_with_statistics, order="kept",
       tolerance=1e-4),
    Op("native_batch_norm", _native, _native_batch_norm, tolerance=1e-4, halves=False),
]  # fmt: skip
