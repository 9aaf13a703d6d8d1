"""Attention: memory, tiles, dropout, and the causal hint of heads."""

from __future__ import annotations

import numpy as np
import pytest

import rushlight as torch
import rushlight.nn.functional as F
from rushlight.kernels.base import attention


@pytest.mark.parametrize("is_causal", [False, True])
def test_many_small_tiles_give_the_same(monkeypatch: pytest.MonkeyPatch, is_causal: bool) -> None:
    torch.manual_seed(0)
    inputs = [torch.randn(2, 4, 9, 3, dtype=torch.float64, requires_grad=True) for _ in range(3)]

    def run() -> list[torch.Tensor]:
        result = F.scaled_dot_product_attention(*inputs, is_causal=is_causal)
        return [result, *torch.autograd.grad(result.square().sum(), inputs)]

    expected = run()
    monkeypatch.setattr(attention, "TILE", 20)
    for found, known in zip(run(), expected, strict=True):
        assert torch.allclose(found, known, rtol=1e-12, atol=1e-12)


def test_dropout_scales_what_it_keeps_and_draws_like_dropout() -> None:
    torch.manual_seed(0)
    query, key = torch.randn(2, 3, 4, 5), torch.randn(2, 3, 6, 5)
    value = torch.randn(2, 3, 6, 2, requires_grad=True)
    torch.manual_seed(1)
    found = F.scaled_dot_product_attention(query, key, value, dropout_p=0.4)
    torch.manual_seed(1)
    weights = F.dropout((query @ key.transpose(-1, -2) / 5**0.5).softmax(-1), 0.4)
    expected = weights @ value
    assert torch.allclose(found, expected, atol=1e-6)
    gradients = [torch.autograd.grad(y.square().sum(), value)[0] for y in (found, expected)]
    assert torch.allclose(*gradients, atol=1e-5)
    assert not F.scaled_dot_product_attention(query, key, value, dropout_p=1.0).any()


def test_the_causal_hint_stands_for_the_mask() -> None:
    torch.manual_seed(0)
    x, weight = torch.randn(5, 2, 4), torch.randn(12, 4)
    mask = torch.ones(5, 5).triu(1).bool()
    options = dict(need_weights=False, attn_mask=mask)
    arguments = (x, x, x, 4, 2, weight, None, None, None, False, 0.0, torch.eye(4), None)
    with_mask, _ = F.multi_head_attention_forward(*arguments, **options)
    with_hint, nothing = F.multi_head_attention_forward(*arguments, **options, is_causal=True)
    assert nothing is None
    np.testing.assert_allclose(with_hint.numpy(), with_mask.numpy(), atol=1e-6)
