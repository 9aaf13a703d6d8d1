import pytest

import rushlight as torch
from rushlight import nn


def test_backward_hooks_of_old():
    layer = nn.Tanh()
    seen = []
    handle = layer.register_backward_hook(lambda m, into, out: seen.append((m, out[0].tolist())))
    x = torch.zeros(1, requires_grad=True)
    layer(x * 2).sum().backward()
    assert seen == [(layer, [1.0])]
    with pytest.raises(RuntimeError, match="Cannot use both regular backward hooks and full"):
        layer.register_full_backward_hook(lambda *_: None)
    handle.remove()
    layer.register_backward_hook(lambda m, into, out: (into[0] * 5,))
    x.grad = None
    layer(x * 2).sum().backward()
    assert x.grad.tolist() == [10.0]
    net = nn.Sequential(nn.Linear(1, 1), nn.Tanh())
    net.register_backward_hook(lambda *_: None)
    with pytest.warns(FutureWarning, match="forward contains multiple autograd Nodes"):
        net(x)


def test_a_gradient_around_the_outputs_calls_no_hook():
    module = nn.Module()
    module.forward = lambda x: x**3
    seen = []
    module.register_full_backward_hook(lambda *_: seen.append(1))
    x = torch.ones(1, requires_grad=True)
    (gradient,) = torch.autograd.grad(module(x).sum(), x, create_graph=True)
    gradient.sum().backward()
    assert x.grad.tolist() == [6.0] and len(seen) == 1
