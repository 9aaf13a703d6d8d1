"""Rows of rushlight/ops/attention.py and multi_head_attention.py."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from .core import Array, Fixed, Invalid, Op, Sample, Values


def _attention(v: Values) -> Iterator[Sample]:
    def three(*lead: int, rows: int = 4, keys: int = 5, width: int = 3) -> list[Array]:
        return [v.normal(*lead, rows, 2), v.normal(*lead, keys, 2), v.normal(*lead, keys, width)]

    yield Sample(*three(2, 3))
    yield Sample(*three())
    yield Sample(*three(2, 1, 3), scale=0.7)
    yield Sample(*three(2, 3), is_causal=True)
    yield Sample(*three(2, rows=6, keys=3), is_causal=True)
    yield Sample(*three(2, 3), v.normal(4, 5))
    mask = v.mask(2, 1, 4, 5)
    mask[0, 0, 1] = False  # a query that sees nothing
    yield Sample(*three(2, 3), Fixed(mask))
    yield Sample(v.normal(2, 4, 3, 2), v.normal(2, 2, 5, 2), v.normal(2, 2, 5, 3), enable_gqa=True)
    yield Sample(v.normal(2, 3, 4, 2), v.normal(3, 5, 2), v.normal(1, 1, 5, 3))
    yield Sample(*three(2, keys=0))
    # More queries than are taken one by one.
    yield Sample(*three(2, rows=7, keys=3))
    yield Sample(*three(2, rows=6), v.normal(6, 1), scale=-0.4)
    yield Sample(*three(2, 1, rows=6), Fixed(v.mask(2, 1, 1, 5)))
    mask = v.mask(6, 5)
    mask[2] = False
    yield Sample(v.normal(2, 4, 6, 2), v.normal(2, 2, 5, 2), v.normal(2, 2, 5, 3), Fixed(mask),
                 enable_gqa=True)  # fmt: skip
    for hidden in (v.mask(4, 5), v.normal(4, 1)):
        yield Sample(*three(1, 2, width=2), Fixed(hidden), is_causal=True, scale=0.3)
    q, k, value = three(2, 3)
    yield Invalid(q[0, 0, 0], k, value, raises=RuntimeError, match="at least 2 dimensional")
    yield Invalid(q, k[..., :1], value, raises=RuntimeError, match="same last dimension",
                  own_words=True)
    yield Invalid(q, k, value, v.integers(0, 2, 4, 5), raises=RuntimeError,
                  match="attn_mask dtype to be bool or float")
    yield Invalid(q, k, value.astype("float32"), raises=RuntimeError, match="same dtype")


def _attention_reference(
    q: Array, k: Array, v: Array, mask: Any = None, is_causal: bool = False,
    scale: float | None = None, enable_gqa: bool = False,
) -> Array:  # fmt: skip
    if enable_gqa:
        size = q.shape[-3] // k.shape[-3]
        k, v = np.repeat(k, size, -3), np.repeat(v, size, -3)
    scores = q @ np.swapaxes(k, -1, -2) * (scale or 1 / math.sqrt(q.shape[-1]))
    if is_causal:
        scores = np.where(np.tril(np.ones(scores.shape[-2:], bool)), scores, -np.inf)
    if mask is not None:
        scores = np.where(mask, scores, -np.inf) if mask.dtype == bool else scores + mask
    largest = scores.max(-1, keepdims=True, initial=-1e9)
    weights = np.exp(scores - largest)
    total = weights.sum(-1, keepdims=True)
    return np.asarray(weights / np.where(total == 0, 1, total) @ v)


def _heads(v: Values) -> Iterator[Sample]:
    def weights(width: int = 4) -> dict[str, Any]:
        return {
            "in_proj_weight": v.normal(3 * width, width), "in_proj_bias": v.normal(3 * width),
            "bias_k": None, "bias_v": None, "add_zero_attn": False, "dropout_p": 0.0,
            "out_proj_weight": v.normal(width, width), "out_proj_bias": v.normal(width),
            "embed_dim_to_check": width, "num_heads": 2,
        }  # fmt: skip

    q, k, value = v.normal(3, 2, 4), v.normal(5, 2, 4), v.normal(5, 2, 4)
    padding = np.asarray([[False] * 5, [False, False, True, False, True]])
    yield Sample(q, k, value, **weights())
    yield Sample(q[:, 0], k[:, 0], value[:, 0], **weights(), average_attn_weights=False)
    yield Sample(q, k, value, **weights(), need_weights=False, attn_mask=v.normal(4, 3, 5),
                 key_padding_mask=Fixed(padding))  # fmt: skip
    more = {"bias_k": v.normal(1, 1, 4), "bias_v": v.normal(1, 1, 4), "add_zero_attn": True}
    yield Sample(q, k, value, **{**weights(), **more}, key_padding_mask=Fixed(padding))
    separate = {"q_proj_weight": v.normal(4, 4), "k_proj_weight": v.normal(4, 3),
                "v_proj_weight": v.normal(4, 2), "use_separate_proj_weight": True}  # fmt: skip
    yield Sample(q, v.normal(5, 2, 3), v.normal(5, 2, 2),
                 **{**weights(), "in_proj_weight": None, **separate})
    yield Sample(q, k, value, **weights(), static_k=v.normal(4, 6, 2), static_v=v.normal(4, 6, 2))
    yield Invalid(q, k, value, **{**weights(), "num_heads": 3}, raises=AssertionError,
                  match="not divisible by num_heads")
    yield Invalid(q, k, value, **weights(), attn_mask=v.normal(2, 5), raises=RuntimeError,
                  match="The shape of the 2D attn_mask is")
    yield Invalid(q, k, value, **weights(), is_causal=True, raises=RuntimeError,
                  match="Need attn_mask if specifying the is_causal hint")
    yield Invalid(q[0, 0], k, value, **weights(), raises=AssertionError,
                  match="query should be unbatched 2D or batched 3D")


ops = [
    Op("nn.functional.scaled_dot_product_attention", _attention, _attention_reference,
       composite=True, tolerance=2e-5),
    Op("nn.functional.multi_head_attention_forward", _heads, composite=True, halves=False,
       tolerance=2e-5),
]
