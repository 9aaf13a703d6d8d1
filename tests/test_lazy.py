"""Lazy modules: what they are before and after their first call."""

from __future__ import annotations

import copy
import pickle

import pytest

import rushlight as torch
from rushlight import nn

LAYERS = [
    (lambda: nn.LazyLinear(4), lambda: nn.Linear(5, 4), (2, 5)),
    (lambda: nn.LazyConv1d(4, 3), lambda: nn.Conv1d(5, 4, 3), (2, 5, 6)),
    (lambda: nn.LazyConv2d(4, 3, 2, 1, 1, 2), lambda: nn.Conv2d(6, 4, 3, 2, 1, 1, 2), (6, 8, 8)),
    (lambda: nn.LazyConv3d(4, 2, bias=False), lambda: nn.Conv3d(5, 4, 2, bias=False),
     (1, 5, 3, 3, 3)),
    (lambda: nn.LazyConvTranspose1d(4, 3), lambda: nn.ConvTranspose1d(5, 4, 3), (2, 5, 6)),
    (lambda: nn.LazyConvTranspose2d(4, 3, 2, 1, 1, 2),
     lambda: nn.ConvTranspose2d(6, 4, 3, 2, 1, 1, 2), (2, 6, 4, 4)),
    (lambda: nn.LazyConvTranspose3d(4, 2), lambda: nn.ConvTranspose3d(5, 4, 2), (5, 2, 2, 2)),
    (lambda: nn.LazyBatchNorm1d(), lambda: nn.BatchNorm1d(5), (2, 5)),
    (lambda: nn.LazyBatchNorm2d(0.1, None), lambda: nn.BatchNorm2d(5, 0.1, None), (2, 5, 2, 2)),
    (lambda: nn.LazyBatchNorm3d(affine=False), lambda: nn.BatchNorm3d(5, affine=False),
     (2, 5, 2, 2, 2)),
    (lambda: nn.LazyInstanceNorm1d(), lambda: nn.InstanceNorm1d(5, 1e-5, 0.1, True, True),
     (2, 5, 3)),
    (lambda: nn.LazyInstanceNorm2d(track_running_stats=False),
     lambda: nn.InstanceNorm2d(5, affine=True), (5, 3, 3)),
    (lambda: nn.LazyInstanceNorm3d(affine=False, track_running_stats=False),
     lambda: nn.InstanceNorm3d(5), (2, 5, 2, 2, 2)),
]  # fmt: skip


@pytest.mark.parametrize("make, make_full, shape", LAYERS)
def test_becoming_a_layer(make, make_full, shape):
    torch.manual_seed(0)
    full, place = make_full(), torch.rand(1)
    x = torch.randn(shape)
    lazy = make()
    assert type(lazy).__name__ == "Lazy" + type(full).__name__
    torch.manual_seed(0)
    y = lazy(x)
    assert type(lazy) is type(full) and repr(lazy) == repr(full)
    state, expected = lazy.state_dict(), full.state_dict()
    assert list(state) == list(expected)
    full(x)
    for name, value in expected.items():
        assert torch.equal(state[name], value), name
    assert torch.equal(lazy(x), full(x)) and y.shape == full(x).shape
    assert torch.rand(1).shape == place.shape
    assert not lazy._forward_pre_hooks and not lazy._load_state_dict_pre_hooks


@pytest.mark.parametrize("make, make_full, shape", LAYERS)
def test_state(make, make_full, shape):
    """A state gives a lazy layer its sizes; what has none is kept as it is."""
    full, lazy = make_full(), make()
    lazy.load_state_dict(full.state_dict())
    assert type(lazy) is not type(full) and not lazy.has_uninitialized_params()
    for name, value in full.state_dict().items():
        assert torch.equal(lazy.state_dict()[name], value)
    other = make()
    empty = make()
    empty.load_state_dict(other.state_dict())
    if other.has_uninitialized_params():
        assert empty.has_uninitialized_params()
        with pytest.raises(RuntimeError, match="Can't access the shape of an uninitialized"):
            make_full().load_state_dict(other.state_dict())


@pytest.mark.parametrize("way", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies(way):
    net = nn.Sequential(nn.LazyLinear(3), nn.LazyBatchNorm1d())
    copied = way(net)
    copied(torch.ones(2, 5))
    assert repr(copied[0]) == "Linear(in_features=5, out_features=3, bias=True)"
    assert net[0].has_uninitialized_params() and net[1].has_uninitialized_params()
    net(torch.ones(2, 4))
    assert net[0].in_features == 4


def test_conversion_before_the_first_call():
    layer = nn.LazyLinear(3).double()
    assert layer.weight.dtype is torch.float64
    assert layer(torch.ones(2, 5, dtype=torch.float64)).dtype is torch.float64
    assert layer.bias.dtype is torch.float64 and layer.weight.requires_grad


def test_training_after_the_first_call():
    net = nn.Sequential(nn.LazyLinear(3), nn.ReLU(), nn.LazyLinear(1))
    net(torch.ones(1, 4))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    before = net[0].weight.clone()
    net(torch.randn(8, 4)).square().sum().backward()
    optimizer.step()
    assert not torch.equal(net[0].weight, before)


def test_what_has_no_size_cannot_be_computed_with():
    weight = torch.nn.UninitializedParameter(dtype=torch.float64)
    assert repr(weight) == "<UninitializedParameter>" and isinstance(weight, nn.Parameter)
    assert weight.dtype is torch.float64 and weight.requires_grad
    for use in (lambda: weight + 1, lambda: torch.exp(weight), lambda: weight.sum()):
        with pytest.raises(ValueError, match="Attempted to use an uninitialized parameter in"):
            use()
    with pytest.raises(RuntimeError, match="Can't access the shape"):
        _ = weight.shape
    with pytest.raises(RuntimeError, match="Can't share memory"):
        weight.share_memory_()
    weight.materialize((2, 3))
    assert type(weight) is nn.Parameter and weight.shape == (2, 3)
    assert weight.dtype is torch.float64
    buffer = torch.nn.UninitializedBuffer()
    buffer.materialize((2,), dtype=torch.int64)
    assert type(buffer) is torch.Tensor and buffer.dtype is torch.int64


def test_wrong_input():
    with pytest.raises(RuntimeError, match=r"Expected 3D .* or 4D .* to LazyConv2d, but got .*\[2"):
        nn.LazyConv2d(3, 1)(torch.ones(2, 2))
    with pytest.raises(ValueError, match="in_channels must be divisible by groups"):
        nn.LazyConv2d(4, 1, groups=2)(torch.ones(1, 3, 2, 2))
    lazy = nn.LazyLinear(3)
    lazy.load_state_dict(nn.Linear(5, 3).state_dict())
    with pytest.raises(AssertionError, match="input: 4 is not equal to in_features .*: 5"):
        lazy(torch.ones(2, 4))


def test_a_class_of_ones_own():
    class Scale(nn.modules.lazy.LazyModuleMixin, nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.UninitializedParameter()

        def initialize_parameters(self, x):
            self.weight.materialize(x.shape[1:])
            nn.init.ones_(self.weight)

        def forward(self, x):
            return self.weight * x

    layer = Scale()
    assert torch.equal(layer(torch.ones(2, 3)), torch.ones(2, 3))
    assert type(layer) is Scale and layer.weight.shape == (3,)

    class Forgetful(Scale):
        def initialize_parameters(self, x):
            pass

    with pytest.raises(RuntimeError, match="module Forgetful has not been fully initialized"):
        Forgetful()(torch.ones(2, 3))
