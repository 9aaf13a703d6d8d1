"""Rows of rushlight/ops/convolution.py."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from .core import Array, Invalid, Op, Sample, Values


def _images(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 3, 6, 5), v.normal(4, 3, 3, 2), v.normal(4))
    yield Sample(v.normal(2, 3, 6, 5), v.normal(4, 3, 3, 3))
    yield Sample(v.normal(2, 1, 7, 7), v.normal(2, 1, 5, 5), v.normal(2), 2, 2)
    yield Sample(v.normal(1, 2, 8, 7), v.normal(2, 2, 3, 3), None, (2, 1), (0, 1), (2, 1))
    yield Sample(v.normal(2, 4, 5, 5), v.normal(6, 2, 3, 3), v.normal(6), groups=2)
    yield Sample(v.normal(2, 3, 5, 5), v.normal(3, 1, 3, 3), v.normal(3), padding=1, groups=3)
    yield Sample(v.normal(3, 6, 5), v.normal(4, 3, 3, 2), v.normal(4))
    yield Sample(v.normal(2, 3, 4, 4), v.normal(5, 3, 1, 1), v.normal(5))
    yield Sample(v.normal(2, 3, 5, 6), v.normal(2, 3, 3, 2), padding="same")
    yield Sample(v.normal(2, 3, 5, 6), v.normal(2, 3, 3, 3), padding="same", dilation=2)
    yield Sample(v.normal(2, 3, 5, 6), v.normal(2, 3, 3, 2), padding="valid", stride=[2, 1])
    yield Sample(v.normal(0, 3, 5, 5), v.normal(2, 3, 3, 3), v.normal(2))
    yield Sample(v.normal(3, 16, 9, 9), v.normal(24, 16, 3, 3), v.normal(24), padding=1)
    yield Invalid(v.normal(2, 3, 6, 6), v.normal(4, 1, 3, 3), raises=RuntimeError,
                  match="conv2d: the input has 3 channels but weight .* takes 1", own_words=True)
    yield Invalid(v.normal(2, 3, 2, 2), v.normal(4, 3, 3, 3), raises=RuntimeError,
                  match="Kernel size can't be greater than actual input size")
    yield Invalid(v.normal(2, 3), v.normal(4, 3, 3, 3), raises=RuntimeError,
                  match="Expected 3D .* or 4D .* input")
    yield Invalid(v.normal(2, 3, 6, 6), v.normal(4, 3, 3, 3), v.normal(5), raises=RuntimeError,
                  match="expected bias to be 1-dimensional with 4 elements")
    yield Invalid(v.normal(2, 3, 6, 6), v.normal(4, 3, 3, 3), stride=0, raises=RuntimeError,
                  match="non-positive stride is not supported")
    yield Invalid(v.normal(2, 3, 6, 6), v.normal(4, 3, 3, 3), padding=-1, raises=RuntimeError,
                  match="negative padding is not supported")
    yield Invalid(v.normal(2, 3, 6, 6), v.normal(4, 3, 3, 3), padding="same", stride=2,
                  raises=RuntimeError, match="padding='same' is not supported for strided conv")
    yield Invalid(v.normal(2, 3, 6, 6), v.normal(4, 3, 3, 3), padding="full", raises=RuntimeError,
                  match="Invalid padding string")
    yield Invalid(v.normal(2, 4, 6, 6), v.normal(3, 2, 3, 3), groups=2, raises=RuntimeError,
                  own_words=True)
    yield Invalid(v.normal(2, 3, 6, 6), v.integers(0, 3, 4, 3, 3, 3), raises=RuntimeError,
                  match="should be the same", own_words=True)
    yield Invalid(v.normal(2, 3, 6, 6), v.normal(4, 3, 3, 3), v.integers(0, 3, 4),
                  raises=RuntimeError, match="and bias type .* should be the same", own_words=True)


def _signals(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 3, 8), v.normal(4, 3, 3), v.normal(4))
    yield Sample(v.normal(3, 8), v.normal(4, 3, 3))
    yield Sample(v.normal(2, 4, 9), v.normal(2, 2, 3), v.normal(2), 2, 1, 2, 2)
    yield Sample(v.complex(2, 2, 5), v.complex(3, 2, 3), v.complex(3), 2)
    yield Sample(v.normal(2, 3, 7), v.normal(2, 3, 4), padding="same")
    yield Invalid(v.normal(2, 3, 2), v.normal(4, 3, 3), raises=RuntimeError,
                  match="Kernel size can't be greater than actual input size")
    yield Invalid(v.normal(2, 3, 8), v.normal(4, 2, 3), raises=RuntimeError, match="channels")


def _reference(x: Array, weight: Array, bias: Array | None = None, stride: Any = 1,
               padding: Any = 0, dilation: Any = 1, groups: int = 1) -> Array:  # fmt: skip
    """The definition, one output place at a time."""
    rank = weight.ndim - 2
    if x.ndim == rank + 1:
        return _reference(x[None], weight, bias, stride, padding, dilation, groups)[0]
    strides, dilations = (np.broadcast_to(s, rank) for s in (stride, dilation))
    kernel = weight.shape[2:]
    if isinstance(padding, str):
        total = [d * (k - 1) if padding == "same" else 0
                 for d, k in zip(dilations, kernel, strict=True)]  # fmt: skip
        widths = [(n // 2, n - n // 2) for n in total]
    else:
        widths = [(p, p) for p in np.broadcast_to(padding, rank)]
    x = np.pad(x, [(0, 0), (0, 0), *widths])
    reach = [d * (k - 1) + 1 for d, k in zip(dilations, kernel, strict=True)]
    sizes = [(n - r) // s + 1 for n, r, s in zip(x.shape[2:], reach, strides, strict=True)]
    y = np.zeros((x.shape[0], weight.shape[0], *sizes), np.result_type(x, weight))
    inputs, filters = weight.shape[1], weight.shape[0] // groups
    for place in itertools.product(*map(range, sizes)):
        window = tuple(slice(p * s, p * s + r, d) for p, s, r, d in zip(
            place, strides, reach, dilations, strict=True))  # fmt: skip
        for g in range(groups):
            patch = x[(slice(None), slice(g * inputs, (g + 1) * inputs), *window)]
            part = slice(g * filters, (g + 1) * filters)
            axes = tuple(range(1, rank + 2))
            y[(slice(None), part, *place)] = np.tensordot(patch, weight[part], (axes, axes))
    return y if bias is None else y + bias.reshape(-1, *[1] * rank)


def _volumes(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 3, 5, 4, 4), v.normal(4, 3, 3, 2, 2), v.normal(4))
    yield Sample(v.normal(2, 4, 5, 5, 4), v.normal(2, 2, 2, 3, 2), None, (2, 1, 1), 1, (1, 1, 2), 2)
    yield Sample(v.normal(1, 3, 4, 3), v.normal(2, 1, 2, 2, 2), padding="same")
    yield Invalid(v.normal(2, 3, 8), v.normal(4, 3, 3, 3, 3), raises=RuntimeError,
                  match="Expected 4D .* or 5D .* input")


def _transposed_images(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 3, 4, 5), v.normal(3, 4, 3, 2), v.normal(4))
    yield Sample(v.normal(2, 3, 4, 4), v.normal(3, 2, 4, 4), None, 2, 1)
    yield Sample(v.normal(2, 4, 3, 4), v.normal(4, 3, 3, 3), v.normal(6), 2, 1, 1, 2)
    yield Sample(v.normal(2, 2, 3, 4), v.normal(2, 3, 3, 3), v.normal(3), (2, 1), 0, 1, 1, 2)
    yield Sample(v.normal(3, 4, 5), v.normal(3, 2, 3, 3), v.normal(2), padding=1)
    yield Sample(v.normal(2, 16, 6, 6), v.normal(16, 8, 3, 3), v.normal(8), padding=1)
    yield Sample(v.normal(0, 3, 5, 5), v.normal(3, 2, 3, 3), v.normal(2))
    yield Invalid(v.normal(2, 3, 6, 6), v.normal(4, 1, 3, 3), raises=RuntimeError,
                  match="the input has 3 channels but weight .* takes 4", own_words=True)
    yield Invalid(v.normal(2, 3, 6, 6), v.normal(3, 2, 3, 3), None, 2, 0, 2, raises=RuntimeError,
                  match="output padding must be smaller than either stride or dilation")
    yield Invalid(v.normal(2, 3, 1, 1), v.normal(3, 2, 1, 1), padding=1, raises=RuntimeError,
                  match="Output size is too small")
    yield Invalid(v.normal(2, 3, 6, 6), v.normal(3, 4, 3, 3), v.normal(5), raises=RuntimeError,
                  match="expected bias to be 1-dimensional with 4 elements")


def _transposed_signals(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 3, 8), v.normal(3, 4, 3), v.normal(4), 3, 1, 2)
    yield Sample(v.complex(2, 2, 3), v.complex(2, 3, 2), v.complex(3), 2)
    yield Sample(v.normal(3, 8), v.normal(3, 2, 3))


def _transposed_volumes(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 2, 3, 2, 3), v.normal(2, 3, 2, 2, 3), v.normal(3), 2, 1)
    yield Sample(v.normal(2, 3, 2, 2), v.normal(2, 3, 2, 2, 1), output_padding=1, stride=2)


def _transposed_reference(x: Array, weight: Array, bias: Array | None = None, stride: Any = 1,
                          padding: Any = 0, output_padding: Any = 0, groups: int = 1,
                          dilation: Any = 1) -> Array:  # fmt: skip
    """The definition: each input place adds its multiple of the kernel to the result."""
    rank = weight.ndim - 2
    if x.ndim == rank + 1:
        return _transposed_reference(x[None], weight, bias, stride, padding, output_padding,
                                     groups, dilation)[0]  # fmt: skip
    strides, paddings, rests, dilations = (
        np.broadcast_to(s, rank) for s in (stride, padding, output_padding, dilation)
    )
    reach = dilations * (np.array(weight.shape[2:]) - 1) + 1
    sizes = (np.array(x.shape[2:]) - 1) * strides + reach + rests
    outputs = weight.shape[1]
    y = np.zeros((x.shape[0], outputs * groups, *sizes), np.result_type(x, weight))
    inputs = x.shape[1] // groups
    for place in itertools.product(*map(range, x.shape[2:])):
        window = tuple(slice(p * s, p * s + r, d) for p, s, r, d in zip(
            place, strides, reach, dilations, strict=True))  # fmt: skip
        for g in range(groups):
            part = slice(g * inputs, (g + 1) * inputs)
            added = np.tensordot(x[(slice(None), part, *place)], weight[part], (1, 0))
            y[(slice(None), slice(g * outputs, (g + 1) * outputs), *window)] += added
    kept = tuple(slice(p, n - p) for p, n in zip(paddings, sizes, strict=True))
    y = y[(slice(None), slice(None), *kept)]
    return y if bias is None else y + bias.reshape(-1, *[1] * rank)


ops = [
    Op("conv2d", _images, _reference, order="channels_last"),
    Op("conv1d", _signals, _reference),
    Op("conv3d", _volumes, _reference),
    Op("conv_transpose2d", _transposed_images, _transposed_reference, order="channels_last"),
    Op("conv_transpose1d", _transposed_signals, _transposed_reference),
    Op("conv_transpose3d", _transposed_volumes, _transposed_reference),
]
