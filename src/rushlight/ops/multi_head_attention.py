"""Attention of several heads, with the projections before and after it."""

from __future__ import annotations

import math
from typing import Any

from ..categories import INEXACT, check_taken
from ..dtype import BOOL, FLOATING
from ..tensor import Tensor
from .attention import scaled_dot_product_attention
from .declare import operation
from .dropout import dropout
from .joining import cat
from .matmul import linear
from .padding import pad
from .softmax import softmax

_NAME = "multi_head_attention_forward"


@operation("nn.functional")
def multi_head_attention_forward(
    query: Tensor, key: Tensor, value: Tensor, embed_dim_to_check: int, num_heads: int,
    in_proj_weight: Tensor | None, in_proj_bias: Tensor | None, bias_k: Tensor | None,
    bias_v: Tensor | None, add_zero_attn: bool, dropout_p: float, out_proj_weight: Tensor,
    out_proj_bias: Tensor | None, training: bool = True, key_padding_mask: Tensor | None = None,
    need_weights: bool = True, attn_mask: Tensor | None = None,
    use_separate_proj_weight: bool = False, q_proj_weight: Tensor | None = None,
    k_proj_weight: Tensor | None = None, v_proj_weight: Tensor | None = None,
    static_k: Tensor | None = None, static_v: Tensor | None = None,
    average_attn_weights: bool = True, is_causal: bool = False,
) -> tuple[Tensor, Tensor | None]:  # fmt: skip
    """Projects, attends with `num_heads` heads, and projects back: the result, and the weights.

    `query` is (L, N, E) or (L, E), `key` and `value` (S, N, ...) or (S, ...); the result is like
    `query`. The weights (N, L, S), means over the heads, or (N, heads, L, S) without
    `average_attn_weights`, are None unless `need_weights`; without them the scores are never all in
    memory. `in_proj_weight` (3 E, E) projects all three, or `q_proj_weight`, `k_proj_weight` and
    `v_proj_weight` do with `use_separate_proj_weight`. `bias_k`, `bias_v` (1, 1, E) and, with
    `add_zero_attn`, zeros are more keys and values. `static_k`, `static_v` (N heads, S, E / heads)
    stand for projected ones. `key_padding_mask` (N, S) and `attn_mask` (L, S) or (N heads, L, S)
    are true where nothing may be seen, or numbers that are added to the scores; `is_causal` says
    that `attn_mask` is the causal one.

    >>> import rushlight as torch
    >>> x, eye = torch.randn(3, 1, 4), torch.eye(4)
    >>> result, weights = torch.nn.functional.multi_head_attention_forward(
    ...     x, x, x, 4, 2, torch.cat([eye, eye, eye]), None, None, None, False, 0.0, eye, None)
    >>> result.shape, weights.shape
    (torch.Size([3, 1, 4]), torch.Size([1, 3, 3]))
    """
    check_taken(_NAME, query, INEXACT)
    is_batched = _check_dimensions(query, key, value, key_padding_mask, attn_mask, num_heads)
    if not is_batched:
        query, key, value = query.unsqueeze(1), key.unsqueeze(1), value.unsqueeze(1)
        if key_padding_mask is not None:
            key_padding_mask = key_padding_mask.unsqueeze(0)
    _check_sizes(query, key, value, embed_dim_to_check, num_heads, use_separate_proj_weight)
    rows, batch, width = query.array.shape
    if is_causal and attn_mask is None:
        raise RuntimeError(f"{_NAME}: Need attn_mask if specifying the is_causal hint.")
    is_causal = is_causal and key_padding_mask is None and not need_weights
    mask = None if is_causal or attn_mask is None else _added("attn_mask", attn_mask, query)
    padding = None if key_padding_mask is None else _added("key_padding_mask", key_padding_mask,
                                                           query)  # fmt: skip
    if mask is not None:
        mask = _mask_by_heads(mask, batch, num_heads, rows, key.array.shape[0])
    if use_separate_proj_weight:
        weights = (q_proj_weight, k_proj_weight, v_proj_weight)
        _require(not any(w is None for w in weights),
                 "use_separate_proj_weight is True but one of the weights is None")  # fmt: skip
    else:
        _require(in_proj_weight is not None,
                 "use_separate_proj_weight is False but in_proj_weight is None")  # fmt: skip
        weights = None
    q, k, v = _projected(query, key, value, in_proj_weight, weights, in_proj_bias)
    added = 0  # keys that no mask has
    if bias_k is not None and bias_v is not None:
        _require(static_k is None and static_v is None, "bias cannot be added to static key.")
        k = cat([k, bias_k.expand(1, batch, width)])
        v = cat([v, bias_v.expand(1, batch, width)])
        added += 1
    else:
        _require(bias_k is None and bias_v is None, "bias_k and bias_v must be given together")
    q, k, v = (_by_heads(t, num_heads) for t in (q, k, v))
    if static_k is not None:
        k = _static("static_k", static_k, batch, num_heads, width)
    if static_v is not None:
        v = _static("static_v", static_v, batch, num_heads, width)
    if add_zero_attn:
        zeros = k.new_zeros(batch, num_heads, 1, width // num_heads)
        k, v = cat([k, zeros], 2), cat([v, zeros], 2)
        added += 1
    mask = _merged(mask, padding, added, batch, k.array.shape[2])
    dropout_p = dropout_p if training else 0.0
    if need_weights:
        scores = (q * math.sqrt(1 / (width // num_heads))) @ k.transpose(-1, -2)
        if mask is not None:
            scores = scores + mask.to(scores.dtype)
        attention = dropout(softmax(scores, -1), dropout_p)
        heads = attention @ v
    else:
        attention = None
        heads = scaled_dot_product_attention(q, k, v, mask, dropout_p, is_causal)
    result = linear(heads.permute(2, 0, 1, 3).reshape(rows, batch, width), out_proj_weight,
                    out_proj_bias)  # fmt: skip
    if attention is not None and average_attn_weights:
        attention = attention.mean(1)
    if is_batched:
        return result, attention
    return result.squeeze(1), attention if attention is None else attention.squeeze(0)


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise AssertionError(f"{_NAME}: {message}")


def _check_dimensions(
    query: Tensor, key: Tensor, value: Tensor, padding: Tensor | None, mask: Tensor | None,
    num_heads: int,
) -> bool:  # fmt: skip
    """Whether there is a batch."""
    ndim = query.array.ndim
    _require(
        ndim in (2, 3),
        f"query should be unbatched 2D or batched 3D tensor but received {ndim}-D query tensor",
    )
    told = "batched (3-D)" if ndim == 3 else "unbatched (2-D)"
    _require(
        key.array.ndim == ndim == value.array.ndim,
        f"For {told} `query`, expected `key` and `value` to be {ndim}-D but found "
        f"{key.array.ndim}-D and {value.array.ndim}-D tensors respectively",
    )
    _require(
        padding is None or padding.array.ndim == ndim - 1,
        f"For {told} `query`, expected `key_padding_mask` to be `None` or {ndim - 1}-D",
    )
    _require(
        mask is None or mask.array.ndim in (2, 3),
        f"For {told} `query`, expected `attn_mask` to be `None`, 2-D or 3-D",
    )
    if mask is not None and mask.array.ndim == 3 and ndim == 2:
        expected = (num_heads, query.array.shape[0], key.array.shape[0])
        _require(
            mask.array.shape == expected,
            f"Expected `attn_mask` shape to be {expected} but got {mask.array.shape}",
        )
    return ndim == 3


def _check_sizes(
    query: Tensor, key: Tensor, value: Tensor, width: int, num_heads: int, is_separate: bool
) -> None:
    given = query.array.shape[2]
    _require(given == width, f"was expecting embedding dimension of {width}, but got {given}")
    _require(
        num_heads > 0 and given % num_heads == 0,
        f"embed_dim {given} not divisible by num_heads {num_heads}",
    )
    k, v = key.array.shape, value.array.shape
    if is_separate:
        k, v = k[:2], v[:2]
    _require(k == v, f"key shape {k} does not match value shape {v}")


def _added(name: str, mask: Tensor, query: Tensor) -> Tensor:
    """A mask as what is added to the scores."""
    if mask.dtype.category == BOOL:
        zeros = query.new_zeros(mask.array.shape)
        return zeros.masked_fill(mask, -math.inf)
    _require(
        mask.dtype.category == FLOATING, f"only bool and floating types of {name} are supported"
    )
    return mask


def _mask_by_heads(mask: Tensor, batch: int, num_heads: int, rows: int, keys: int) -> Tensor:
    expected = (rows, keys) if mask.array.ndim == 2 else (batch * num_heads, rows, keys)
    if mask.array.shape != expected:
        raise RuntimeError(
            f"{_NAME}: The shape of the {mask.array.ndim}D attn_mask is {mask.array.shape}, but "
            f"should be {expected}."
        )
    lead = (1, 1) if mask.array.ndim == 2 else (batch, num_heads)
    return mask.reshape(*lead, rows, keys)


def _projected(
    query: Tensor, key: Tensor, value: Tensor, packed: Tensor | None,
    separate: tuple[Tensor | None, ...] | None, bias: Tensor | None,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    width = query.array.shape[2]
    if packed is not None and separate is None and query is key is value:
        q, k, v = linear(query, packed, bias).split(width, -1)  # one product
        return q, k, v
    weights: Any = separate if packed is None or separate is not None else packed.split(width)
    biases = (None,) * 3 if bias is None else bias.split(width)
    q, k, v = (
        linear(x, w, b) for x, w, b in zip((query, key, value), weights, biases, strict=True)
    )
    return q, k, v


def _by_heads(x: Tensor, num_heads: int) -> Tensor:
    """(L, N, E) as (N, heads, L, E / heads)."""
    rows, batch, width = x.array.shape
    return x.reshape(rows, batch, num_heads, width // num_heads).permute(1, 2, 0, 3)


def _static(name: str, x: Tensor, batch: int, num_heads: int, width: int) -> Tensor:
    size = width // num_heads
    _require(
        x.array.ndim == 3 and x.array.shape[0] == batch * num_heads and x.array.shape[2] == size,
        f"expecting {name} of sizes ({batch * num_heads}, *, {size}), but got {x.array.shape}",
    )
    return x.reshape(batch, num_heads, *x.array.shape[1:])


def _merged(
    mask: Tensor | None, padding: Tensor | None, added: int, batch: int, keys: int
) -> Tensor | None:
    """Both masks as one, (N or 1, heads or 1, L or 1, keys)."""
    if added:
        mask = mask if mask is None else pad(mask, (0, added))
        padding = padding if padding is None else pad(padding, (0, added))
    if padding is None:
        return mask
    _require(
        padding.array.shape == (batch, keys),
        f"expecting key_padding_mask of sizes {(batch, keys)}, but got {padding.array.shape}",
    )
    padding = padding.reshape(batch, 1, 1, keys)
    return padding if mask is None else mask + padding
