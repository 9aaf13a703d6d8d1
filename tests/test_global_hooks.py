import pytest

import rushlight as torch
from rushlight import nn
from rushlight.nn.modules import module as module_hooks


def test_hooks_of_all_modules():
    net = nn.Sequential(nn.Linear(1, 1), nn.Tanh())
    seen = []
    handles = [
        module_hooks.register_module_forward_pre_hook(lambda m, args: seen.append(("before", m))),
        module_hooks.register_module_forward_hook(lambda m, args, out: seen.append(("after", m))),
        module_hooks.register_module_full_backward_hook(lambda m, *_: seen.append(("back", m))),
    ]
    net[0].register_forward_hook(lambda m, args, output: seen.append("own"))
    net(torch.ones(1, 1, requires_grad=True)).sum().backward()
    linear, tanh = net
    assert seen == [
        ("before", net), ("before", linear), ("after", linear), "own", ("before", tanh),
        ("after", tanh), ("after", net), ("back", tanh), ("back", linear), ("back", net),
    ]  # fmt: skip
    for handle in handles:
        handle.remove()
    seen.clear()
    net(torch.ones(1, 1)).sum().backward()
    assert seen == ["own"]


def test_hooks_of_all_modules_are_seen_by_compiled_functions():
    layer = nn.Linear(1, 1)
    compiled = torch.compile(layer)
    x = torch.ones(1, 1)
    plain = compiled(x).item()
    for _ in range(3):
        compiled(x)
    with module_hooks.register_module_forward_hook(lambda m, args, output: output * 2):
        for _ in range(3):
            doubled = compiled(x).item()
    assert doubled == pytest.approx(4 * plain)  # the compiled module's own call, and the layer's
    assert compiled(x).item() == plain


def test_registration_hooks():
    seen = []
    with (
        module_hooks.register_module_parameter_registration_hook(
            lambda m, name, p: nn.Parameter(p, requires_grad=name != "bias")
        ),
        module_hooks.register_module_buffer_registration_hook(
            lambda m, name, buffer: seen.append(name)
        ),
        module_hooks.register_module_module_registration_hook(
            lambda m, name, part: nn.Identity() if isinstance(part, nn.Dropout) else None
        ),
    ):
        net = nn.Sequential(nn.Linear(1, 1), nn.Dropout(), nn.BatchNorm1d(1, affine=False))
    assert not net[0].bias.requires_grad and net[0].weight.requires_grad
    assert isinstance(net[1], nn.Identity)
    assert seen == ["running_mean", "running_var", "num_batches_tracked"]
    assert nn.Linear(1, 1).bias.requires_grad
