import pytest

import rushlight as torch
from rushlight import nn
from rushlight.nn.utils import remove_weight_norm, weight_norm

pytestmark = pytest.mark.filterwarnings("ignore:.*parametrizations.weight_norm:FutureWarning")


def test_weight_norm():
    layer = nn.Linear(2, 1)
    layer.weight.data = torch.tensor([[3.0, 4.0]])
    weight_norm(layer)
    assert list(layer.state_dict()) == ["bias", "weight_g", "weight_v"]
    assert layer.weight_g.tolist() == [[5.0]] and layer.weight_v.tolist() == [[3.0, 4.0]]
    layer(torch.ones(1, 2)).sum().backward()
    assert layer.weight_g.grad.item() == pytest.approx(1.4)
    layer.weight_g.data = torch.tensor([[10.0]])
    x = torch.ones(1, 2)
    assert layer(x).item() == pytest.approx(14 + layer.bias.item())
    remove_weight_norm(layer)
    assert layer.weight.tolist() == [[6.0, 8.0]] and isinstance(layer.weight, nn.Parameter)
    assert list(layer.state_dict()) == ["bias", "weight"] and not layer._forward_pre_hooks


def test_errors():
    layer = weight_norm(nn.Linear(2, 1))
    with pytest.raises(RuntimeError, match="Cannot register two weight_norm hooks"):
        weight_norm(layer)
    with pytest.raises(ValueError, match="weight_norm of 'bias' not found"):
        remove_weight_norm(layer, "bias")


def test_it_says_what_is_newer():
    with pytest.warns(FutureWarning, match=r"in favor of `torch.nn.utils.parametrizations"):
        weight_norm(nn.Linear(1, 1))
