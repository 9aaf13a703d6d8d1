import pytest

import rushlight as torch
from rushlight import nn
from rushlight.nn.utils import remove_spectral_norm, spectral_norm


def largest(weight):
    return torch.linalg.svdvals(weight.detach())[0].item()


def test_spectral_norm():
    layer = spectral_norm(nn.Linear(4, 3), n_power_iterations=30)
    assert list(layer.state_dict()) == ["bias", "weight_orig", "weight_u", "weight_v"]
    layer(torch.ones(1, 4)).sum().backward()
    assert largest(layer.weight) == pytest.approx(1.0, abs=1e-3)
    assert layer.weight_orig.grad is not None
    layer.eval()
    before = layer.weight_u.clone()
    layer(torch.ones(1, 4))
    assert torch.equal(layer.weight_u, before)
    remove_spectral_norm(layer)
    assert list(layer.state_dict()) == ["bias", "weight"]
    assert largest(layer.weight) == pytest.approx(1.0, abs=1e-3)
    assert not layer._forward_pre_hooks and not layer._state_dict_hooks


def test_states_go_from_one_to_another():
    layer = spectral_norm(nn.Linear(4, 3))
    layer(torch.ones(1, 4))
    state = layer.state_dict()
    assert state._metadata[""]["spectral_norm"] == {"weight.version": 1}
    other = spectral_norm(nn.Linear(4, 3))
    other.load_state_dict(state)
    assert torch.equal(other.eval()(torch.ones(1, 4)), layer.eval()(torch.ones(1, 4)))


def test_a_state_without_the_right_vector():
    layer = spectral_norm(nn.Linear(4, 3), n_power_iterations=5)
    layer(torch.ones(1, 4))
    old = dict(layer.state_dict())
    expected = old.pop("weight_v").clone()
    old["weight"] = layer.weight.detach()
    layer.load_state_dict(old)
    u, v = layer.weight_u, layer.weight_v
    assert torch.allclose(u @ (layer.weight_orig @ v), u @ (layer.weight_orig @ expected))
    del old["weight_u"]
    with pytest.raises(RuntimeError, match='Missing key.*"weight_u"'):
        layer.load_state_dict(old)


def test_errors():
    layer = spectral_norm(nn.Linear(2, 1))
    with pytest.raises(RuntimeError, match="Cannot register two spectral_norm hooks"):
        spectral_norm(layer)
    with pytest.raises(ValueError, match="spectral_norm of 'bias' not found"):
        remove_spectral_norm(layer, "bias")
    with pytest.raises(ValueError, match="Expected n_power_iterations to be positive"):
        spectral_norm(nn.Linear(2, 1), n_power_iterations=0)
    with pytest.raises(ValueError, match="cannot be applied as parameter `bias` is None"):
        spectral_norm(nn.Linear(2, 1, bias=False), "bias")
