"""Transformers: masks, hints, padding and what they are made of."""

from __future__ import annotations

import copy
import math
import pickle

import pytest

import rushlight as torch
from rushlight import nn


def assert_close(a, b):
    assert torch.allclose(a, b, rtol=1e-4, atol=1e-6)


def encoder(**options):
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(8, 2, 16, 0.0, batch_first=True, **options)
    return nn.TransformerEncoder(layer, 2)


def causal(size):
    return nn.Transformer.generate_square_subsequent_mask(size)


def test_causal_mask():
    assert causal(3).tolist() == [[0.0, -math.inf, -math.inf], [0.0, 0.0, -math.inf], [0.0] * 3]
    mask = nn.Transformer.generate_square_subsequent_mask(2, dtype=torch.float64)
    assert mask.dtype is torch.float64


@pytest.mark.parametrize("norm_first", [False, True])
def test_later_places_are_not_seen(norm_first):
    net, x = encoder(norm_first=norm_first), torch.randn(3, 5, 8)
    changed = x.clone()
    changed[:, 3:] = 7
    masks = causal(5), causal(5) < 0, causal(5).expand(6, 5, 5)
    for options in ({}, {"is_causal": True}, {"is_causal": False}):
        for mask in masks:
            a, b = net(x, mask, **options), net(changed, mask, **options)
            assert_close(a[:, :3], b[:, :3])
            assert not torch.allclose(a[:, 3:], b[:, 3:])


def test_padding_is_not_seen():
    net, x = encoder(), torch.randn(3, 5, 8)
    padding = torch.zeros(3, 5, dtype=torch.bool)
    padding[1, 3:] = True
    changed = x.clone()
    changed[1, 3:] = 7
    a, b = (net(v, src_key_padding_mask=padding) for v in (x, changed))
    assert_close(a[~padding], b[~padding])


def test_padding_in_evaluation_is_zero():
    """As with PyTorch's nested tensors: without gradients, where the padding is at the end."""
    net, x = encoder().eval(), torch.randn(2, 4, 8)
    padding = torch.tensor([[False, False, True, True], [False] * 4])
    with torch.no_grad():
        y = net(x, src_key_padding_mask=padding)
        assert not y[0, 2:].any() and y[0, :2].all() and y[1].all()
        at_start = padding.flip(1)
        assert net(x, src_key_padding_mask=at_start).all()
        assert net(x, torch.zeros(4, 4, dtype=torch.bool), src_key_padding_mask=padding).all()
        plain = nn.TransformerEncoder(net.layers[0], 2, enable_nested_tensor=False).eval()
        assert plain(x, src_key_padding_mask=padding).all()
        torch.backends.mha.set_fastpath_enabled(False)
        try:
            assert net(x, src_key_padding_mask=padding).all()
        finally:
            torch.backends.mha.set_fastpath_enabled(True)
        with torch.autocast("cpu"):
            assert net(x, src_key_padding_mask=padding).all()
    assert net(x, src_key_padding_mask=padding).all()
    net.norm = nn.LayerNorm(8)
    nn.init.ones_(net.norm.bias)
    with torch.no_grad():
        assert net(x, src_key_padding_mask=padding)[0, 2:].eq(1).all()


def test_hints_need_a_mask():
    with pytest.raises(RuntimeError, match="Need attn_mask if specifying the is_causal hint"):
        encoder()(torch.randn(3, 5, 8), is_causal=True)


def test_masks_of_two_kinds():
    padding = torch.zeros(3, 5, dtype=torch.bool)
    words = "Support for mismatched src_key_padding_mask and mask is deprecated"
    with pytest.warns(UserWarning, match=words):
        encoder()(torch.randn(3, 5, 8), causal(5), padding)
    with pytest.raises(AssertionError, match="only bool and floating types of mask"):
        encoder()(torch.randn(3, 5, 8), torch.zeros(5, 5, dtype=torch.int64))


def test_decoder_sees_memory():
    torch.manual_seed(0)
    layer = nn.TransformerDecoderLayer(8, 2, 16, 0.0, "gelu", batch_first=True)
    net = nn.TransformerDecoder(layer, 2, nn.LayerNorm(8))
    tgt, memory = torch.randn(3, 4, 8), torch.randn(3, 5, 8)
    unseen = torch.zeros(4, 5, dtype=torch.bool)
    unseen[:, 2:] = True
    other = memory.clone()
    other[:, 2:] = 7
    assert_close(
        net(tgt, memory, memory_mask=unseen), net(tgt, other, memory_mask=unseen)
    )
    padding = unseen[:1].expand(3, 5)
    assert_close(
        net(tgt, memory, memory_key_padding_mask=padding),
        net(tgt, memory, memory_mask=unseen),
    )
    changed = tgt.clone()
    changed[:, -1] = 7
    a, b = (net(t, memory, causal(4)) for t in (tgt, changed))
    assert_close(a[:, :-1], b[:, :-1])


def test_copies_of_a_layer_start_alike_and_differ_later():
    net = encoder()
    assert torch.equal(net.layers[0].linear1.weight, net.layers[1].linear1.weight)
    net(torch.randn(3, 5, 8)).square().sum().backward()
    assert not torch.equal(net.layers[0].linear1.weight.grad, net.layers[1].linear1.weight.grad)


@pytest.mark.parametrize("activation", ["relu", nn.GELU(), nn.functional.silu])
def test_activations(activation):
    layer = nn.TransformerEncoderLayer(8, 2, 16, 0.0, activation)
    x = torch.randn(5, 8)
    for way in (copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))):
        assert torch.equal(way(layer)(x), layer(x))
    assert ("activation" in dict(layer.named_children())) == isinstance(activation, nn.Module)


def test_transformer_with_parts_of_ones_own():
    class Passing(nn.Module):
        def forward(self, x, memory=None, **masks):
            return x if memory is None else x + memory.mean()

    net = nn.Transformer(8, 2, custom_encoder=Passing(), custom_decoder=Passing())
    assert net(torch.ones(5, 3, 8), torch.ones(4, 3, 8)).eq(2).all()
    assert not list(net.parameters())


def test_what_does_not_fit():
    net = nn.Transformer(8, 2, 1, 1, 16, batch_first=True)
    with pytest.raises(RuntimeError, match=r"batch number of src and tgt must be equal, got src"):
        net(torch.ones(2, 3, 8), torch.ones(3, 3, 8))
    with pytest.raises(RuntimeError, match=r"must be equal to d_model \(8\), got .*\(in Transfor"):
        net(torch.ones(2, 3, 7), torch.ones(2, 3, 8))
    with pytest.raises(RuntimeError, match="activation should be relu/gelu, not tanh"):
        nn.TransformerEncoderLayer(8, 2, activation="tanh")


def test_recorded_and_replayed():
    net = encoder().eval()
    compiled = torch.compile(net, fullgraph=True)
    padding = torch.tensor([[False, False, True, True], [False] * 4])
    with torch.no_grad():
        for _ in range(4):
            x = torch.randn(2, 4, 8)
            assert_close(compiled(x, causal(4)), net(x, causal(4)))
            a, b = (f(x, src_key_padding_mask=padding) for f in (compiled, net))
            assert_close(a[~padding], b[~padding])


def test_recorded_with_gradients():
    """Of several layers, whose backward saves views of what the layers before them give."""
    net = encoder()
    compiled = torch.compile(lambda x: net(x).square().sum(), fullgraph=True)
    for _ in range(4):
        x = torch.randn(2, 4, 8)
        found = torch.autograd.grad(compiled(x), list(net.parameters()))
        expected = torch.autograd.grad(net(x).square().sum(), list(net.parameters()))
        for a, b in zip(found, expected, strict=True):
            assert_close(a, b)
