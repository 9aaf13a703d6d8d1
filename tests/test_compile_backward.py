"""Backward through compiled functions, and what a call leaves behind: each once went wrong."""

from __future__ import annotations

import copy
from threading import Thread
from typing import Any

import pytest

import rushlight as torch
from compile_support import Case, Cases
from rushlight import nn, optim

cases = Cases()

# ---- backward outside


@cases.add
def gradients_of_arguments(compiled: Any) -> Any:
    f = compiled(lambda x: (x * x).sum().backward())
    found = []
    for i in range(3):
        x = torch.full((2,), float(i), requires_grad=True)
        f(x)
        found.append(x.grad.tolist())
    return found


@cases.add
def gradients_that_arguments_have_already(compiled: Any) -> Any:
    f = compiled(lambda x: (x * x).sum().backward())
    tensors = []
    for i in range(3):
        x = torch.full((1,), float(i), requires_grad=True)
        x.grad = torch.ones(1)
        f(x)
        tensors.append(x)
    return [x.grad.tolist() for x in tensors]


@cases.add
def gradients_that_are_given(compiled: Any) -> Any:
    w = nn.Parameter(torch.ones(1))

    def f(g: Any) -> None:
        w.grad = g

    f = compiled(f)
    found = []
    for i in range(4):
        f(torch.full((1,), float(i)))
        found.append(w.grad.tolist())
    return found


@cases.add
def hooks_on_arguments_with_the_backward_inside(compiled: Any) -> Any:
    f = compiled(lambda x: (x * x).sum().backward())
    found = []
    for factor in (1.0, 1.0, 10.0):
        x = torch.ones(1, requires_grad=True)
        if factor > 1:
            x.register_hook(lambda g: g * 10)
        f(x)
        found.append(x.grad.tolist())
    return found


@cases.add_refused("a hook on a parameter")
def hooks_on_leaves(compiled: Any) -> Any:
    net = nn.Linear(2, 2)
    net.weight.register_hook(lambda g: g * 2)
    f = compiled(net)
    for _ in range(4):
        f(torch.ones(1, 2)).sum().backward()
    return net.weight.grad.tolist()


@cases.add
def hooks_that_concern_others(compiled: Any) -> Any:
    net = nn.Linear(2, 2)
    f = compiled(net)
    for _ in range(4):
        y = f(torch.ones(1, 2))
        y.register_hook(lambda g: g * 2)
        y.sum().backward()
    if hasattr(f, "_compiled"):
        assert sum(map(len, f._compiled.entries.values())) == 1
    return net.weight.grad.tolist()


@cases.add_refused("an autograd.Function may do anything")
def custom_functions(compiled: Any) -> Any:
    seen = torch.zeros(2)

    class Double(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 2

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            seen.add_(grad)
            return grad * 2 if grad.sum().item() > 0 else grad * torch.rand(2)

    f = compiled(Double.apply)
    x = torch.ones(2, requires_grad=True)
    for factor in (1, -1, 1, -1):
        (factor * f(x)).sum().backward()
    return x.grad.tolist(), seen.tolist(), torch.rand(1).item()


@cases.add
def arguments_changed_before_the_backward(compiled: Any) -> Any:
    w = torch.ones(2, requires_grad=True)
    f = compiled(lambda x: x * w)
    x = torch.ones(2)
    y = f(x)
    x.add_(5)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


@cases.add
def results_changed_before_the_backward(compiled: Any) -> Any:
    w = torch.ones(2, requires_grad=True)
    y = compiled(lambda x: (x * w).exp())(torch.ones(2))
    y.add_(5)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


@cases.add
def views_changed_before_the_backward(compiled: Any) -> Any:
    net = nn.Sequential(nn.Flatten(), nn.Linear(4, 2))
    w = nn.Parameter(torch.ones(2))
    x = torch.ones(2, requires_grad=True)
    buffer = torch.ones(3, 2, 2)
    layer = nn.Linear(3, 4)

    def again(x: Any) -> Any:
        return layer(x).exp()[0]

    for f, argument, change in (
        (compiled(net), buffer, lambda y: buffer.fill_(9.0)),
        (compiled(lambda x: x * w[0]), x, lambda y: w.detach().mul_(3)),
        (compiled(again), torch.ones(2, 3), lambda y: y.zero_()),
    ):
        y = f(argument)
        change(y)
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            y.sum().backward()


@cases.add
def results_that_must_not_reach_a_gradient(compiled: Any) -> Any:
    f = compiled(lambda x: (x.sqrt(), x * 2))
    found = []
    for _ in range(3):
        x = torch.tensor([0.0, 4.0], requires_grad=True)
        f(x)[1].sum().backward()
        found.append(x.grad.tolist())
        f(x)[0][1].backward()
        (f(x)[0][1:] + f(x)[1][1:]).sum().backward()
        found.append(x.grad[1].item())
    return found


@cases.add
def results_without_a_gradient(compiled: Any) -> Any:
    a, b = nn.Linear(2, 2), nn.Linear(2, 2)
    f = compiled(lambda x: (a(x), b(x)))
    for _ in range(3):
        f(torch.ones(1, 2))[0].sum().backward()
    return a.weight.grad.tolist(), b.weight.grad


# ---- what is left behind


@cases.add
def versions(compiled: Any) -> Any:
    net = nn.Linear(2, 2)
    optimizer = optim.SGD(net.parameters(), 0.1)
    average = torch.zeros(2, 2)

    def f(x: Any) -> None:
        net(x).sum().backward()
        optimizer.step()
        with torch.no_grad():
            average.mul_(0.9).add_(net.weight, alpha=0.1)

    f = compiled(f)
    for _ in range(4):
        f(torch.ones(1, 2))
    return average.tolist(), average._version, net.weight._version, net.weight.grad._version


@cases.add_refused("what is in an element of 'state' (a dict) changes with each call")
def optimizers_with_numbers_as_states(compiled: Any) -> Any:
    class Counting(optim.Optimizer):
        def __init__(self, params: Any) -> None:
            super().__init__(params, {"lr": 0.1})

        @torch.no_grad()
        def step(self) -> None:
            for group in self.param_groups:
                for p in group["params"]:
                    state = self.state[p]
                    state["step"] = state.get("step", 0) + 1
                    p.add_(p.grad, alpha=-group["lr"] / state["step"])

    w = nn.Parameter(torch.ones(2))
    optimizer = Counting([w])

    def f() -> None:
        optimizer.zero_grad()
        w.pow(2).sum().backward()
        optimizer.step()

    f = compiled(f)
    for _ in range(6):
        f()
    return w.tolist(), optimizer.state[w]["step"]


@cases.add
def learning_rates_that_the_program_reads(compiled: Any) -> Any:
    w = nn.Parameter(torch.ones(2))
    optimizer = optim.SGD([w], lr=0.1)

    def f() -> Any:
        optimizer.zero_grad()
        loss = w.pow(2).sum() * optimizer.param_groups[0]["lr"]
        loss.backward()
        optimizer.step()
        return loss

    f = compiled(f)
    found = []
    for i in range(4):
        optimizer.param_groups[0]["lr"] = 0.1 * (i + 1)
        found.append(f().item())
    return found, w.tolist()


@cases.add
def updates_written_by_hand(compiled: Any) -> Any:
    w = nn.Parameter(torch.ones(2))
    optimizer = optim.SGD([w], lr=0.1)

    def f() -> None:
        optimizer.zero_grad()
        w.pow(2).sum().backward()
        with torch.no_grad():
            w.add_(w.grad, alpha=-optimizer.param_groups[0]["lr"])

    f = compiled(f)
    for _ in range(4):
        f()
        optimizer.param_groups[0]["lr"] *= 0.5
    return w.tolist()


@cases.add
def groups_that_are_loaded(compiled: Any) -> Any:
    w = nn.Parameter(torch.ones(1))
    optimizer = optim.SGD([w], lr=0.1)

    def f() -> None:
        optimizer.zero_grad()
        w.sum().backward()
        optimizer.step()

    f = compiled(f)
    for lr in (0.1, 0.1, 1.0, 0.5):
        state = optimizer.state_dict()
        state["param_groups"][0]["lr"] = lr
        optimizer.load_state_dict(state)
        f()
    return w.tolist()


@cases.add
def training_mode_that_is_set_inside(compiled: Any) -> Any:
    net = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    optimizer = optim.SGD(net.parameters(), lr=0.1)

    def f(x: Any) -> Any:
        net.train()
        optimizer.zero_grad()
        net(x).pow(2).sum().backward()
        optimizer.step()

    f = compiled(f)
    x = torch.tensor([[1.0, 2.0], [3.0, 5.0], [0.0, 1.0]])
    found = []
    for _ in range(6):  # epochs
        for _ in range(3):
            f(x)
        net.eval()
        found.append(net(x).tolist())
    assert not getattr(f, "runs_eagerly", False)
    return found


@cases.add
def first_steps_of_several_models(compiled: Any) -> Any:
    def f(net: Any, optimizer: Any, x: Any) -> None:
        optimizer.zero_grad()
        net(x).pow(2).sum().backward()
        optimizer.step()

    f = compiled(f)
    nets = [nn.Linear(2, 2) for _ in range(4)]
    for net in nets:
        optimizer = optim.Adam(net.parameters())
        for _ in range(3):
            f(net, optimizer, torch.ones(1, 2))
    assert not getattr(f, "runs_eagerly", False)
    return [net.weight.tolist() for net in nets]


@cases.add
def other_threads(compiled: Any) -> Any:
    a, b = nn.Linear(2, 2), nn.Linear(2, 2)
    b(torch.ones(1, 2)).sum().backward()
    go: list[bool] = []
    done: list[bool] = []

    def f(x: Any) -> Any:
        if not go:
            go.append(True)
            while not done:
                pass
        return a(x).sum()

    def other() -> None:
        while not go:
            pass
        b.zero_grad()
        done.append(True)

    f = compiled(f)
    thread = Thread(target=other)
    thread.start()
    f(torch.ones(1, 2))
    thread.join()
    b(torch.ones(1, 2)).sum().backward()
    f(torch.ones(1, 2))
    return b.weight.grad.tolist()


@cases.add
def copies_of_a_compiled_module(compiled: Any) -> Any:
    net = compiled(nn.Linear(1, 1))
    net(torch.ones(1, 1))
    other = copy.deepcopy(net)
    nn.init.ones_(other.weight)
    return net(torch.ones(1, 1)).tolist(), other(torch.ones(1, 1)).tolist()


@cases.add
def attributes_set_on_a_compiled_module(compiled: Any) -> Any:
    class Net(nn.Module):
        scale = 1.0

        def forward(self, x: Any) -> Any:
            return x * self.scale

    net = compiled(Net())
    found = [net(torch.ones(1)).tolist()]
    net.scale = 3.0
    return found + [net(torch.ones(1)).tolist()]


@pytest.mark.parametrize("function", cases.all, ids=lambda function: function.__name__)
def test_same_as_eager(function: Case) -> None:
    cases.check(function)


@pytest.mark.parametrize("returned", [
    lambda y, z: z, lambda y, z: y, lambda y, z: z * 1, lambda y, z: z.view(4) * y,
    lambda y, z: z.t().exp(),
])  # fmt: skip
def test_views_of_what_is_changed_in_place(returned: Any) -> None:
    def f(x: Any, w: Any) -> Any:
        y = x * w
        z = y.view(2, 2)
        y.relu_()
        return returned(y, z)

    def gradients(function: Any) -> list[float]:
        x, w = torch.tensor([1.0, -2.0, 3.0, -4.0]), torch.ones(4, requires_grad=True)
        function(x, w).sum().backward()
        return w.grad.tolist()

    compiled = torch.compile(f)
    for _ in range(4):
        assert gradients(compiled) == gradients(f)


def test_gradients_of_a_view_after_a_change_of_its_base() -> None:
    @torch.compile
    def f(x: Any, w: Any) -> Any:
        y = x * w
        z = y.view(2, 2)
        y.relu_()
        return z

    for _ in range(4):
        w = torch.ones(4, requires_grad=True)
        f(torch.tensor([1.0, -2.0, 3.0, -4.0]), w).sum().backward()
        assert w.grad.tolist() == [1.0, 0.0, 3.0, 0.0]
    assert not f.runs_eagerly


@pytest.mark.parametrize("given", ["xxx", "xxy", "xyx", "yxx", "xyz"])
def test_one_tensor_as_several_arguments(given: str) -> None:
    def attention(q: Any, k: Any, v: Any) -> Any:
        return (q @ k.t()).softmax(-1) @ v

    def gradients(function: Any) -> list[Any]:
        named = {
            name: torch.arange(4.0).reshape(2, 2).mul(i + 1).requires_grad_()
            for i, name in enumerate("xyz")
        }
        function(*[named[name] for name in given]).pow(2).sum().backward()
        return [named[name].grad.tolist() for name in dict.fromkeys(given)]

    compiled = torch.compile(attention, fullgraph=True)
    for _ in range(4):
        assert gradients(compiled) == gradients(attention)
