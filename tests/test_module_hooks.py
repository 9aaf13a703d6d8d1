import copy

import pytest

import rushlight as torch
from rushlight import nn


class Scale(nn.Module):
    """Two outputs: n * x and x + y."""

    def forward(self, x, n=2.0, y=1.0):
        return n * x, x + y


def test_forward_hooks_see_and_replace():
    module = nn.Identity()
    seen = []
    before = module.register_forward_pre_hook(lambda m, args: seen.append((m, args)))
    after = module.register_forward_hook(lambda m, args, output: seen.append((args, output)))
    assert module(3) == 3
    assert seen == [(module, (3,)), ((3,), 3)]
    before.remove()
    after.remove()
    module.register_forward_pre_hook(lambda m, args: args[0] + 1)
    module.register_forward_pre_hook(lambda m, args: (args[0] * 10,))
    module.register_forward_hook(lambda m, args, output: output + 1)
    assert module(3) == 41 and len(seen) == 2


def test_forward_hooks_with_keyword_arguments():
    module = Scale()
    module.register_forward_pre_hook(
        lambda m, args, kwargs: (args, {**kwargs, "n": 5.0}), with_kwargs=True
    )
    seen = []
    module.register_forward_hook(
        lambda m, args, kwargs, output: seen.append((args, kwargs)), with_kwargs=True
    )
    assert module(1.0, y=3.0) == (5.0, 4.0)
    assert seen == [((1.0,), {"y": 3.0, "n": 5.0})]
    module.register_forward_pre_hook(lambda m, args, kwargs: args, with_kwargs=True)
    with pytest.raises(RuntimeError, match="forward pre-hook must return None or a tuple"):
        module(1.0)


def test_prepend():
    module = nn.Identity()
    seen = []
    for name, prepend in (("a", False), ("b", True)):
        module.register_forward_pre_hook(lambda *_, n=name: seen.append(n), prepend=prepend)
        module.register_forward_hook(lambda *_, n=name: seen.append(n), prepend=prepend)
    module(1)
    assert seen == ["b", "a", "b", "a"]


def test_always_called_hooks():
    class Fails(nn.Module):
        def forward(self):
            raise ValueError("forward")

    module = Fails()
    seen = []
    module.register_forward_hook(lambda *_: seen.append("plain"))
    module.register_forward_hook(lambda *_: seen.append("always"), always_call=True)
    with pytest.raises(ValueError, match="forward"):
        module()
    assert seen == ["always"]

    def fails_too(*_):
        raise KeyError("hook")

    module.register_forward_hook(fails_too, always_call=True)
    with pytest.raises(ValueError, match="forward"), pytest.warns(UserWarning, match="silenced"):
        module()


def test_a_handle_removes_only_its_hook_and_works_as_a_context():
    module = nn.Identity()
    seen = []
    first = module.register_forward_hook(
        lambda *_: seen.append(1), with_kwargs=True, always_call=True
    )
    with module.register_forward_hook(lambda *_: seen.append(2)):
        module(0)
    first.remove()
    first.remove()
    module(0)
    assert seen == [1, 2]
    assert not module._forward_hooks_with_kwargs and not module._forward_hooks_always_called


def test_hooks_are_copied_with_the_module():
    module = nn.Identity()
    module.register_forward_hook(lambda m, args, output: output + 1)
    other = copy.deepcopy(module)
    module._forward_hooks.clear()
    assert (module(1), other(1)) == (1, 2)


def test_errors_in_hooked_modules_say_where():
    net = nn.Sequential(nn.Linear(3, 2))
    net[0].register_forward_hook(lambda *_: None)
    with pytest.raises(RuntimeError, match=r"\(in Sequential.0\)$"):
        net(torch.ones(1, 2))


def test_backward_hooks_see_all_gradients():
    module = Scale()
    seen = []
    module.register_full_backward_pre_hook(lambda m, grads: seen.append(("pre", grads)))
    module.register_full_backward_hook(lambda m, into, out: seen.append((into, out)))
    x = torch.ones(2, requires_grad=True)
    first, second = module(x, 3.0, torch.ones(2))
    (first.sum() + 5 * second.sum()).backward()
    assert x.grad.tolist() == [8.0, 8.0]
    (name, before), (grad_input, grad_output) = seen
    assert name == "pre" and [g.tolist() for g in before] == [[1.0, 1.0], [5.0, 5.0]]
    assert [g.tolist() for g in grad_output] == [[1.0, 1.0], [5.0, 5.0]]
    assert grad_input[0].tolist() == [8.0, 8.0] and grad_input[1] is None
    assert len(grad_input) == 3


def test_backward_hooks_replace_gradients():
    layer = nn.Linear(2, 1, bias=False)
    nn.init.ones_(layer.weight)
    x = torch.ones(1, 2, requires_grad=True)
    layer.register_full_backward_pre_hook(lambda m, grads: (grads[0] * 2,))
    layer.register_full_backward_hook(lambda m, into, out: (into[0] * 10,))
    layer(x).sum().backward()
    assert layer.weight.grad.tolist() == [[2.0, 2.0]]
    assert x.grad.tolist() == [[20.0, 20.0]]
    layer.register_full_backward_hook(lambda m, into, out: (into[0], into[0]))
    with pytest.raises(RuntimeError, match="invalid number of grad_input, got 2, but expected 1"):
        layer(x).sum().backward()


def test_backward_hooks_without_gradients_of_inputs():
    layer = nn.Linear(2, 1)
    seen = []
    layer.register_full_backward_hook(lambda m, into, out: seen.append((into, out[0].tolist())))
    with pytest.warns(UserWarning, match="firing when .* since no inputs require gradients"):
        layer(torch.ones(1, 2)).sum().backward()
    assert seen == [((None,), [[1.0]])]
    layer.register_full_backward_hook(lambda m, into, out: (out[0],))
    with pytest.warns(UserWarning), pytest.raises(RuntimeError, match="should always return None"):
        layer(torch.ones(1, 2)).sum().backward()
    seen.clear()
    with torch.no_grad():
        layer(torch.ones(1, 2))
    assert seen == []


def test_backward_hooks_with_an_output_that_is_unused():
    module = Scale()
    seen = []
    module.register_full_backward_hook(lambda m, into, out: seen.append(out))
    x = torch.ones(2, requires_grad=True)
    module(x)[0].sum().backward()
    assert seen[0][0].tolist() == [1.0, 1.0]
    assert x.grad.tolist() == [2.0, 2.0]


def test_backward_hooks_want_tensors():
    class Dictionary(nn.Module):
        def forward(self, x):
            return {"x": x}

    module = Dictionary()
    module.register_full_backward_hook(lambda *_: None)
    with pytest.warns(UserWarning, match="module output should be a Tensor or a tuple"):
        module(torch.ones(1, requires_grad=True))
