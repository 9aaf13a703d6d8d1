import copy
import pickle

import pytest

import rushlight as torch
from rushlight import nn
from rushlight.nn.utils import parametrize


class Symmetric(nn.Module):
    def forward(self, x):
        return x.triu() + x.triu(1).mT

    def right_inverse(self, x):
        return x.triu()


class Doubled(nn.Module):
    def forward(self, x):
        return 2 * x


class Halves(nn.Module):
    """A vector as its two halves."""

    def forward(self, low, high):
        return torch.cat([low, high])

    def right_inverse(self, x):
        return x[: len(x) // 2], x[len(x) // 2 :]


def test_a_parametrized_tensor_is_computed_and_trained():
    layer = nn.Linear(2, 2)
    before = layer.weight
    assert parametrize.register_parametrization(layer, "weight", Symmetric()) is layer
    assert layer.parametrizations.weight.original is before
    assert [name for name, _ in layer.named_parameters()] == [
        "bias", "parametrizations.weight.original",
    ]  # fmt: skip
    layer.weight = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    assert layer.weight.tolist() == [[1.0, 2.0], [2.0, 4.0]]
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
    layer(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    assert before.grad.tolist() == [[1.0, 2.0], [0.0, 1.0]]
    weight = layer.weight
    assert torch.equal(weight, weight.T) and weight[0, 1].item() == pytest.approx(1.8)


def test_parametrizations_in_a_row():
    layer = nn.Linear(2, 2)
    layer.weight.data = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    parametrize.register_parametrization(layer, "weight", Symmetric())
    parametrize.register_parametrization(layer, "weight", Doubled())
    assert layer.weight.tolist() == [[2.0, 4.0], [4.0, 8.0]]
    with pytest.raises(RuntimeError, match="Doubled does not implement right_inverse"):
        layer.weight = torch.ones(2, 2)


def test_several_originals():
    layer = nn.Linear(1, 4)
    layer.bias.data = torch.arange(4.0)
    parametrize.register_parametrization(layer, "bias", Halves())
    kept = layer.parametrizations.bias
    assert kept.ntensors == 2 and not kept.is_tensor
    assert kept.original1.tolist() == [2.0, 3.0] and isinstance(kept.original1, nn.Parameter)
    layer.bias = torch.ones(4)
    assert kept.original0.tolist() == [1.0, 1.0] and layer.bias.tolist() == [1.0] * 4
    with pytest.raises(ValueError, match="Cannot leave unparametrized"):
        parametrize.remove_parametrizations(layer, "bias", leave_parametrized=False)
    parametrize.remove_parametrizations(layer, "bias")
    assert layer.bias.tolist() == [1.0] * 4 and isinstance(layer.bias, nn.Parameter)


def test_removing():
    layer = nn.Linear(2, 2)
    before = layer.weight
    expected = 2 * before.detach()
    parametrize.register_parametrization(layer, "weight", Doubled())
    assert parametrize.is_parametrized(layer, "weight") and type(layer) is not nn.Linear
    assert parametrize.type_before_parametrizations(layer) is nn.Linear
    parametrize.remove_parametrizations(layer, "weight")
    assert type(layer) is nn.Linear and layer.weight is before
    assert torch.equal(layer.weight, expected) and not hasattr(layer, "parametrizations")
    with pytest.raises(ValueError, match="does not have a parametrization on weight"):
        parametrize.remove_parametrizations(layer, "weight")


def test_buffers_can_be_parametrized():
    norm = nn.BatchNorm1d(2)
    parametrize.register_parametrization(norm, "running_var", Doubled())
    assert norm.running_var.tolist() == [2.0, 2.0]
    assert "parametrizations.running_var.original" in norm.state_dict()
    parametrize.remove_parametrizations(norm, "running_var", leave_parametrized=False)
    assert dict(norm.named_buffers())["running_var"].tolist() == [1.0, 1.0]


def test_cached():
    layer = parametrize.register_parametrization(nn.Linear(2, 2), "weight", Doubled())
    with parametrize.cached():
        with parametrize.cached():
            first = layer.weight
        assert layer.weight is first
    assert layer.weight is not first


def test_copies_do_not_share_what_is_registered_later():
    layer = parametrize.register_parametrization(nn.Linear(2, 2), "weight", Doubled())
    other = copy.deepcopy(layer)
    parametrize.register_parametrization(other, "bias", Doubled())
    assert not torch.equal(other.bias, layer.bias)
    assert parametrize.is_parametrized(other, "bias")
    assert not parametrize.is_parametrized(layer, "bias")
    parametrize.remove_parametrizations(other, "weight")
    assert parametrize.is_parametrized(layer, "weight")
    with pytest.raises(RuntimeError, match=r"only supported through state_dict\(\)"):
        pickle.dumps(layer)


def test_transfer():
    layer = parametrize.register_parametrization(nn.Linear(4, 4), "weight", Symmetric())
    parametrize.register_parametrization(layer, "bias", Halves())
    other = parametrize.transfer_parametrizations_and_params(layer, nn.Linear(4, 4))
    assert torch.equal(other.weight, layer.weight) and torch.equal(other.bias, layer.bias)
    third = parametrize.transfer_parametrizations_and_params(layer, nn.Module(), "weight")
    assert torch.equal(third.weight, layer.weight) and not hasattr(third, "bias")


def test_compiled_modules_compute_them_anew():
    layer = parametrize.register_parametrization(nn.Linear(2, 2, bias=False), "weight", Doubled())
    compiled = torch.compile(layer, fullgraph=True)
    x = torch.ones(1, 2)
    for _ in range(3):
        compiled(x)
    layer.parametrizations.weight.original.data.fill_(1.0)
    assert compiled(x).tolist() == [[4.0, 4.0]]


def make(forward, inverse=None):
    class Made(nn.Module):
        def forward(self, *x):
            return forward(*x)

    if inverse is not None:
        Made.right_inverse = lambda self, x: inverse(x)
    return Made()


@pytest.mark.parametrize(
    "parametrization, message",
    [
        (make(lambda x: x.double()), "may not change the dtype of the tensor"),
        (make(lambda x: x[:1]), "may not change the shape of the tensor"),
        (make(lambda x: 3), "must return a tensor. Got int"),
        (make(lambda x: x, lambda x: x.double()), "it may not change the dtype"),
        (make(lambda x: x, lambda x: 3), "must return a Tensor or a Sequence"),
        (make(lambda x, y: x, lambda x: (x, 3)), "element 1 of the sequence with type int"),
    ],
)
def test_what_a_parametrization_must_not_change(parametrization, message):
    layer = nn.Linear(2, 2)
    with pytest.raises(ValueError, match=message):
        parametrize.register_parametrization(layer, "weight", parametrization)
    assert isinstance(layer.weight, nn.Parameter) and type(layer) is nn.Linear
    with pytest.raises(ValueError, match="does not have a parameter, a buffer, or a parametrized"):
        parametrize.register_parametrization(layer, "none", parametrization)


def test_unsafe_ones_may():
    layer = nn.Linear(2, 2)
    parametrize.register_parametrization(layer, "weight", make(lambda x: x[:1]), unsafe=True)
    assert layer.weight.shape == (1, 2)
