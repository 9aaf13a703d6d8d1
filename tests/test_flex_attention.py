"""Attention whose scores and masks are functions, beside scaled_dot_product_attention."""

from __future__ import annotations

from typing import Any

import pytest

import rushlight as torch
from rushlight.nn.attention.flex_attention import (
    AuxRequest,
    and_masks,
    create_block_mask,
    create_mask,
    flex_attention,
    or_masks,
)
from rushlight.nn.functional import scaled_dot_product_attention


def _inputs(heads: int = 4, others: int = 4) -> Any:
    query = torch.randn(2, heads, 6, 8, requires_grad=True)
    key, value = (torch.randn(2, others, 6, 8, requires_grad=True) for _ in range(2))
    return query, key, value


def causal(b: Any, h: Any, q_idx: Any, kv_idx: Any) -> Any:
    return q_idx >= kv_idx


def near(b: Any, h: Any, q_idx: Any, kv_idx: Any) -> Any:
    return (q_idx - kv_idx).abs() < 3


def _same(ours: Any, theirs: Any, inputs: Any) -> None:
    assert torch.allclose(ours, theirs, atol=1e-5)
    for ours, theirs in zip(  # noqa: B020
        torch.autograd.grad(ours.pow(2).sum(), inputs),
        torch.autograd.grad(theirs.pow(2).sum(), inputs),
        strict=True,
    ):
        assert torch.allclose(ours, theirs, atol=1e-4)


def test_is_attention() -> None:
    inputs = _inputs()
    _same(flex_attention(*inputs), scaled_dot_product_attention(*inputs), inputs)
    _same(
        flex_attention(*inputs, scale=0.1),
        scaled_dot_product_attention(*inputs, scale=0.1),
        inputs,
    )


def test_takes_masks() -> None:
    inputs = _inputs()
    for mask in (causal, and_masks(causal, near), or_masks(causal, near)):
        blocks = create_block_mask(mask, None, None, 6, 6, BLOCK_SIZE=2)
        dense = create_mask(mask, None, None, 6, 6)
        expected = scaled_dot_product_attention(*inputs, attn_mask=dense)
        _same(flex_attention(*inputs, block_mask=blocks), expected, inputs)


def test_changes_scores() -> None:
    inputs = _inputs()
    bias = torch.randn(4, 6, requires_grad=True)
    ours = flex_attention(*inputs, score_mod=lambda score, b, h, q, kv: score + bias[h, kv])
    theirs = scaled_dot_product_attention(*inputs, attn_mask=bias[:, None])
    _same(ours, theirs, (*inputs, bias))


def test_shares_keys_between_heads() -> None:
    inputs = _inputs(4, 2)
    expected = scaled_dot_product_attention(*inputs, enable_gqa=True)
    _same(flex_attention(*inputs, enable_gqa=True), expected, inputs)


def test_a_query_that_sees_nothing_gives_zeros() -> None:
    inputs = _inputs()
    blocks = create_block_mask(lambda b, h, q, kv: q > kv, None, None, 6, 6)
    result, lse = flex_attention(*inputs, block_mask=blocks, return_lse=True)
    assert result[:, :, 0].abs().sum() == 0 and (lse[:, :, 0] == -torch.inf).all()
    result.sum().backward()
    assert not any(x.grad.isnan().any() for x in inputs)
    _, aux = flex_attention(*inputs, block_mask=blocks, return_aux=AuxRequest(max_scores=True))
    assert aux.lse is None and aux.max_scores.shape == (2, 4, 6)


def test_tells_blocks() -> None:
    blocks = create_block_mask(and_masks(causal, near), None, None, 6, 6, BLOCK_SIZE=2)
    assert blocks.shape == (1, 1, 6, 6)
    assert blocks.to_dense().tolist() == [[[[1, 0, 0], [1, 1, 0], [0, 1, 1]]]]
    assert blocks.kv_num_blocks.tolist() == [[[1, 2, 2]]]
    assert blocks.kv_indices.tolist() == [[[[0, 1, 2], [0, 1, 2], [1, 2, 0]]]]
    assert blocks.sparsity() == pytest.approx(100 * 4 / 9)


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda: flex_attention(*[torch.ones(2, 3, 4)] * 3), NotImplementedError, "must be 4D"),
        (lambda: flex_attention(*_inputs(4, 2)), ValueError, "got 4 and 2; set enable_gqa=True"),
        (
            lambda: flex_attention(*_inputs(3, 2), enable_gqa=True),
            ValueError, "got 3 and 2; query's must be a multiple",
        ),
        (
            lambda: flex_attention(
                *_inputs(), block_mask=create_block_mask(causal, 1, 1, 4, 6)
            ),
            ValueError, "created for 4 queries and 6 keys, got 6 and 6",
        ),
        (lambda: and_masks(causal, 1), RuntimeError, "should be callable"),
    ],
)  # fmt: skip
def test_refuses(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()
