"""Scaled dot-product attention."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..autograd.operation import Operation
from ..categories import FLOATS, check_taken
from ..dtype import BOOL
from ..errors import OperationError
from ..grad_mode import state
from ..random import default_state
from ..tensor import Tensor, wrap
from .common import gradients_by_formula, table_of
from .declare import operation
from .random import drawing
from .softmax import softmax


class Attention(Operation):
    """The weighted means of values; of the scores only maxima and sums are kept."""

    node_name = "ScaledDotProductFlashAttentionForCpuBackward0"
    keeps = 1
    scale: float
    is_causal: bool
    kept_scale: float

    def setup_context(self, inputs: Any, output: Any) -> None:
        self.save(*inputs[:5], output[1])

    def backward(self, grad: Tensor) -> Any:
        *inputs, sums = self.saved_tensors
        return AttentionGradient.apply(grad, *inputs, wrap(sums), *self.given())


class AttentionGradient(Operation):
    """The gradients of query, key and value, from scores that are computed again."""

    kernel = "attention_backward"
    saves = (0, 1, 2, 3, 4, 5)
    scale: float
    is_causal: bool
    kept_scale: float

    def backward(self, *seeds: Any) -> Any:
        first, query, key, value, mask, kept = self.saved_tensors

        def attend(query: Tensor, key: Tensor, value: Tensor) -> Any:
            return (_composed(query, key, value, mask, kept, *self.given()),)

        def gradients(first: Tensor, *sources: Tensor) -> Any:
            return gradients_by_formula(attend, sources, (first,))

        return gradients_by_formula(gradients, (first, query, key, value), seeds)


@operation("nn.functional", autocast="lower")
def scaled_dot_product_attention(
    query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor | None = None,
    dropout_p: float = 0.0, is_causal: bool = False, scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:  # fmt: skip
    """softmax(query @ key.T * scale + attn_mask) @ value (Vaswani et al. 2017), tile by tile.

    `query` is (..., L, E), `key` (..., S, E), `value` (..., S, V), the result (..., L, V); `scale`
    is 1 / sqrt(E) unless told. A mask of booleans says what may be seen, one of numbers is added to
    the scores; it broadcasts to (..., L, S). With `is_causal` query i sees the keys up to i, of
    those that a mask lets it see; unlike some of PyTorch's kernels this one takes both. With
    `enable_gqa` keys and values may have fewer heads (dimension -3), which groups of queries share.
    `dropout_p` of the weights are set to zero. The scores are never all in memory, unless the mask
    requires a gradient.

    >>> import rushlight as torch
    >>> x = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    >>> torch.nn.functional.scaled_dot_product_attention(x, x, x, is_causal=True)
    tensor([[1.0000, 0.0000],
            [0.3302, 0.6698]])
    """
    mask = attn_mask
    _check(query, key, value, mask, enable_gqa)
    if not 0 <= dropout_p <= 1:
        raise OperationError(f"dropout probability has to be between 0 and 1, but got {dropout_p}")
    rows, width = query.array.shape[-2:]
    scale = 1 / math.sqrt(width or 1) if scale is None else float(scale)
    lead = _lead(query, key, value, enable_gqa)
    if mask is not None:
        if is_causal:
            mask, is_causal = _until_itself(mask, rows, key.array.shape[-2]), False
        lead = _broadcast(lead, mask.array.shape[:-2])
        mask = _four(mask.expand(*lead, rows, key.array.shape[-2]))
    shapes = query.array.shape[:-2], key.array.shape[:-2], value.array.shape[:-2]
    if len(lead) != 2 or shapes != (lead, lead, lead):
        query, key, value = [_four(_expanded(t, lead, enable_gqa)) for t in (query, key, value)]
    kept, kept_scale = None, 1.0
    if dropout_p > 0:
        shape = (*query.array.shape[:3], key.array.shape[2])
        table = drawing(table_of(query))
        kept = wrap(table.random_bernoulli(default_state(query.array), shape, 1 - dropout_p))
        kept_scale = 1 / (1 - dropout_p) if dropout_p < 1 else 0.0
    wants = mask is not None and state.enabled and mask.requires_grad
    attend = _composed if wants else Attention.apply
    result = attend(query, key, value, mask, kept, scale, bool(is_causal), kept_scale)
    return result if len(lead) == 2 else result.reshape(*lead, rows, value.array.shape[-1])


def _until_itself(mask: Tensor, rows: int, keys: int) -> Tensor:
    """A mask that also hides the keys after the query's own place."""
    earlier = mask.new_ones(rows, keys).tril().bool()
    return mask & earlier if mask.dtype.category == BOOL else mask.masked_fill(~earlier, -math.inf)


def _composed(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, kept: Tensor | None,
    scale: float, is_causal: bool, kept_scale: float,
) -> Tensor:  # fmt: skip
    """The same with all scores in memory, in operations that can be differentiated again."""
    batch, groups, keys = key.array.shape[:3]
    size = query.array.shape[1] // max(groups, 1)
    key, value = (
        t.unsqueeze(2).expand(batch, groups, size, *t.array.shape[2:]).flatten(1, 2)
        for t in (key, value)
    )
    scores = (query * scale) @ key.transpose(-1, -2)
    seen = mask
    if is_causal:
        seen = query.new_ones(query.array.shape[2], keys).tril().bool()
    if seen is not None and seen.dtype.category == BOOL:
        scores = scores.masked_fill(~seen, -math.inf)
    elif seen is not None:
        scores = scores + seen
    sees_nothing = (scores == -math.inf).all(-1, keepdim=True)
    weights = softmax(scores.masked_fill(sees_nothing, 0), -1).masked_fill(sees_nothing, 0)
    if kept is not None:
        weights = weights * kept * kept_scale
    return weights @ value


def _lead(query: Tensor, key: Tensor, value: Tensor, grouped: bool) -> tuple[int, ...]:
    """The dimensions before the last two, the heads being those of the queries."""
    q, k, v = query.array.shape[:-2], key.array.shape[:-2], value.array.shape[:-2]
    if not grouped:
        return q if q == k == v else _broadcast(q, k, v)
    return (*_broadcast(q[:-1], k[:-1], v[:-1]), q[-1])


def _broadcast(*shapes: tuple[int, ...]) -> tuple[int, ...]:
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        raise OperationError(
            "scaled_dot_product_attention: the leading dimensions "
            f"{' and '.join(map(str, shapes))} do not broadcast"
        ) from None


def _expanded(x: Tensor, lead: tuple[int, ...], grouped: bool) -> Tensor:
    shape = x.array.shape
    whole = (*lead[:-1], shape[-3], *shape[-2:]) if grouped else (*lead, *shape[-2:])
    return x if whole == shape else x.expand(whole)


def _four(x: Tensor) -> Tensor:
    """x (..., rows, columns) with two dimensions before the last two."""
    ndim = x.array.ndim
    if ndim < 4:
        return x.reshape((1,) * (4 - ndim) + x.array.shape)
    return x.flatten(0, ndim - 4) if ndim > 4 else x


def _told(query: tuple[int, ...], key: tuple[int, ...], value: tuple[int, ...]) -> str:
    return f"query {query}, key {key}, value {value}"


def _check(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, grouped: bool) -> None:
    name = "scaled_dot_product_attention"
    q, k, v = query.array.shape, key.array.shape, value.array.shape
    if min(len(q), len(k), len(v)) < 2:
        raise OperationError(
            f"{name}: Expected query, key, and value to all be at least 2 dimensional, got "
            f"{_told(q, k, v)}"
        )
    kind = query.array.dtype
    if not kind == key.array.dtype == value.array.dtype:
        raise OperationError(
            f"{name}: Expected query, key, and value to have the same dtype, but got "
            f"{query.dtype}, {key.dtype} and {value.dtype}"
        )
    check_taken(name, query.array, FLOATS)
    if q[-1] != k[-1] or k[-2] != v[-2]:
        raise OperationError(
            f"{name}: query and key must have the same last dimension, key and value the same "
            f"number of rows, got {_told(q, k, v)}"
        )
    if grouped and not (len(q) == len(k) == len(v) >= 3 and k[-3] == v[-3] and k[-3] > 0
                        and q[-3] % k[-3] == 0):  # fmt: skip
        raise OperationError(
            f"{name}: with enable_gqa the number of heads (dimension -3) in key and value must be "
            f"equal and divide that in query, got {_told(q, k, v)}"
        )
    if mask is None:
        return
    if mask.dtype.category != BOOL and mask.array.dtype not in (query.array.dtype, "float32"):
        raise OperationError(
            f"{name}: Expected attn_mask dtype to be bool or float or to match query dtype, but "
            f"got attn_mask.dtype: {mask.dtype} and query.dtype: {query.dtype} instead"
        )
