"""Rows of rushlight/ops/layer_norm.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .core import Array, Fixed, Invalid, Op, Sample, Values


def _rows(v: Values) -> Iterator[Sample]:
    for shape, sizes in (((5,), (5,)), ((4, 3), (3,)), ((2, 3, 4), (3, 4)), ((2, 3, 4, 5), (5,)),
                         ((70, 33), (33,))):  # fmt: skip
        yield Sample(v.normal(*shape), sizes, v.normal(*sizes), v.normal(*sizes))
        yield Sample(v.normal(*shape), sizes, eps=0.1)
    yield Sample(v.normal(4, 3), (3,), v.normal(3))
    yield Sample(v.normal(2, 3, 4), (3, 4), None, v.normal(3, 4))
    yield Sample(v.normal(0, 3), (3,), v.normal(3), v.normal(3))
    yield Sample(Fixed(v.normal(3, 0)), (0,))
    yield Sample(Fixed(v.normal(2, 3) + 3), (3,))
    yield Invalid(v.normal(2, 3), (3,), v.normal(3), v.normal(2), raises=RuntimeError,
                  match="Expected bias to be of same shape as normalized_shape, but got bias")
    yield from _bad_rows(v)


def _bad_rows(v: Values) -> Iterator[Sample]:
    yield Invalid(v.normal(2, 3), (2,), raises=RuntimeError, own_words=True,
                  match=r"Given normalized_shape=\[2\], expected input with shape")
    yield Invalid(v.normal(2, 3), (3,), v.normal(2), raises=RuntimeError,
                  match="Expected weight to be of same shape as normalized_shape, but got weight")
    yield Invalid(v.normal(2, 3), (), raises=RuntimeError, match="at least 1-dimensional")
    yield Invalid(v.normal(2, 3), 3, raises=TypeError, match="must be tuple of ints, not int")
    yield Invalid(v.integers(0, 3, 2, 3), (3,), raises=NotImplementedError,
                  match="not implemented for")


def _layer_norm(
    x: Array, sizes: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Any:
    axes = tuple(range(x.ndim - len(sizes), x.ndim))
    if x.size == 0:
        return x
    y = (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + eps)
    return y * (1 if weight is None else weight) + (0 if bias is None else bias)


def _rms(v: Values) -> Iterator[Sample]:
    for shape, sizes in (((5,), (5,)), ((4, 3), (3,)), ((2, 3, 4), (3, 4)), ((70, 33), (33,))):
        yield Sample(v.normal(*shape), sizes, v.normal(*sizes), 1e-3)
        yield Sample(v.normal(*shape), sizes, eps=0.1)
    yield Sample(Fixed(v.normal(3, 0)), (0,), eps=0.1)
    yield from _bad_rows(v)


def _rms_norm(x: Array, sizes: Any, weight: Any = 1.0, eps: float = 0.0) -> Any:
    if x.size == 0:
        return x
    axes = tuple(range(x.ndim - len(sizes), x.ndim))
    return x / np.sqrt((x * x).mean(axes, keepdims=True) + eps) * weight


def _groups(v: Values) -> Iterator[Sample]:
    for shape, groups in (((4, 6), 2), ((2, 6, 5), 3), ((2, 4, 3, 5), 1), ((1, 4, 2, 2, 3), 4)):
        yield Sample(v.normal(*shape), groups, v.normal(shape[1]), v.normal(shape[1]))
        yield Sample(v.normal(*shape), groups, eps=0.1)
    yield Sample(v.normal(0, 6, 5), 2, v.normal(6))
    yield Invalid(v.normal(2, 6), 4, raises=RuntimeError,
                  match="number of channels in input to be divisible by num_groups")
    yield Invalid(v.normal(2, 6), 2, v.normal(5), raises=RuntimeError,
                  match="Expected weight to be a vector of size equal to the number of channels")
    yield Invalid(v.normal(3), 1, raises=RuntimeError, match="Expected at least 2 dimensions")
    yield Invalid(v.normal(1, 6), 6, raises=ValueError, match="Expected more than 1 value per chan")


def _group_norm(
    x: Array, groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Any:
    if x.size == 0:
        return x
    parted = x.reshape(len(x), groups, -1)
    y = (parted - parted.mean(2, keepdims=True)) / np.sqrt(parted.var(2, keepdims=True) + eps)
    spread = (-1,) + (1,) * (x.ndim - 2)
    y = y.reshape(x.shape) * (1 if weight is None else weight.reshape(spread))
    return y + (0 if bias is None else bias.reshape(spread))


def _instances(v: Values) -> Iterator[Sample]:
    for shape in ((2, 3, 5), (2, 4, 3, 5)):
        weight, bias = v.normal(shape[1]), v.normal(shape[1])
        mean, var = Fixed(v.normal(shape[1])), Fixed(v.positive(shape[1]))
        yield Sample(v.normal(*shape), weight=weight, bias=bias)
        yield Sample(v.normal(*shape), eps=0.1)
        yield Sample(v.normal(*shape), mean, var, weight, bias, False)
    three = Fixed(v.positive(3))
    yield Invalid(v.normal(2, 3, 1), raises=ValueError, match="Expected more than 1 spatial elem")
    yield Invalid(v.normal(2, 3, 4), three, None, use_input_stats=False, raises=RuntimeError,
                  match="Expected running_mean and running_var to be defined")
    yield Invalid(v.normal(2, 4, 4), three, three, raises=RuntimeError, own_words=True,
                  match="running_mean should contain 4 elements not 3")


def _instance_norm(
    x: Array, mean: Any = None, var: Any = None, weight: Any = None, bias: Any = None,
    use_input_stats: bool = True, eps: float = 1e-5,
) -> Any:  # fmt: skip
    if use_input_stats:
        return _group_norm(x, x.shape[1], weight, bias, eps)
    spread = (-1,) + (1,) * (x.ndim - 2)
    y = (x - mean.reshape(spread)) / np.sqrt(var.reshape(spread) + eps)
    return y * weight.reshape(spread) + bias.reshape(spread)


def _responses(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 5, 4), 2)
    yield Sample(v.normal(2, 5, 3, 4), 3, 0.5, 0.6, 2.0)
    yield Sample(v.normal(1, 2, 2, 2, 2), 5, alpha=1.0)
    yield Invalid(v.normal(2, 3), 2, raises=ValueError, match="Expected 3D or higher dimensional")
    yield Invalid(v.normal(2, 3, 4), 0, raises=RuntimeError, match="greater than zero")


def _local_response(
    x: Array, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Any:
    border = [(0, 0)] * x.ndim
    border[1] = (size // 2, (size - 1) // 2)
    squares = np.pad(x * x, border)
    total = sum(squares[:, i : i + x.shape[1]] for i in range(size))
    return x / (k + alpha / size * total) ** beta


def _native_rows(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(4, 3), (3,), v.normal(3), v.normal(3), 1e-3)
    yield Sample(v.normal(2, 3, 4), (3, 4), None, None, 0.1)


def _native_layer_norm(x: Array, sizes: Any, weight: Any, bias: Any, eps: float) -> Any:
    axes = tuple(range(x.ndim - len(sizes), x.ndim))
    spread = 1 / np.sqrt(x.var(axes, keepdims=True) + eps)
    return _layer_norm(x, sizes, weight, bias, eps), x.mean(axes, keepdims=True), spread


def _native_groups(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 6, 5), v.normal(6), v.normal(6), 2, 6, 5, 3, 1e-3)
    yield Sample(v.normal(2, 4, 3, 2), None, None, 2, 4, 6, 2, 0.1)


def _native_group_norm(x: Array, weight: Any, bias: Any, n: int, c: int, hw: int, groups: int,
                       eps: float) -> Any:  # fmt: skip
    parted = x.reshape(n, groups, -1)
    return (_group_norm(x, groups, weight, bias, eps), parted.mean(2),
            1 / np.sqrt(parted.var(2) + eps))  # fmt: skip


ops = [
    Op("native_layer_norm", _native_rows, _native_layer_norm, tolerance=1e-4, halves=False),
    Op("native_group_norm", _native_groups, _native_group_norm, tolerance=1e-4, halves=False),
    Op("nn.functional.layer_norm", _rows, _layer_norm, covers=("layer_norm",), tolerance=1e-4),
    Op("nn.functional.rms_norm", _rms, _rms_norm, tolerance=1e-4, composite=True),
    Op("nn.functional.group_norm", _groups, _group_norm, covers=("group_norm",), tolerance=1e-4),
    Op("nn.functional.instance_norm", _instances, _instance_norm, tolerance=1e-4, composite=True),
    Op("nn.functional.local_response_norm", _responses, _local_response, composite=True,
       halves=False),
]
