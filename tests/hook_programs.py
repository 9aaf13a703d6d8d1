"""Little programs about hooks, see `module_programs.py`."""

from __future__ import annotations

import copy
import importlib
import pickle
from collections.abc import Callable, Iterator
from typing import Any

from module_programs import attempt, program


@program
def forward_hooks(torch: Any) -> Iterator[Any]:
    nn = torch.nn
    hooks = importlib.import_module(f"{torch.__name__}.nn.modules.module")
    seen: list[Any] = []
    layer = nn.Identity()

    def note(label: str) -> Callable[..., None]:
        return lambda module, *rest: seen.append((label, type(module).__name__, len(rest)))

    handles = [
        hooks.register_module_forward_pre_hook(note("all before")),
        hooks.register_module_forward_hook(note("all after")),
        hooks.register_module_forward_hook(note("all kwargs"), with_kwargs=True),
        layer.register_forward_pre_hook(note("before")),
        layer.register_forward_pre_hook(note("first"), prepend=True),
        layer.register_forward_hook(note("after")),
        layer.register_forward_hook(note("earlier"), prepend=True, with_kwargs=True),
    ]
    yield nn.Sequential(layer)(3), seen
    handles += [
        hooks.register_module_forward_pre_hook(lambda m, args: (args[0] + 1,)),
        hooks.register_module_forward_hook(lambda m, args, out: out * 2),
    ]
    yield layer(3), nn.Sequential(layer)(3)
    for handle in handles:
        handle.remove()
    seen.clear()
    yield layer(3), seen

    class Fails(nn.Module):
        def forward(self, x: Any) -> Any:
            raise ValueError("no")

    fails = Fails()
    with hooks.register_module_forward_hook(note("always"), always_call=True):
        fails.register_forward_hook(note("always of its own"), always_call=True)
        fails.register_forward_hook(note("not"))
        yield attempt(lambda: fails(3)), seen
    fails.register_forward_hook(lambda *args: 1 / 0, always_call=True)
    yield attempt(lambda: fails(3))


@program
def hooks_that_come_and_go_in_a_call(torch: Any) -> Iterator[Any]:
    nn = torch.nn
    seen: list[str] = []

    class Registers(nn.Module):
        def forward(self, x: Any) -> Any:
            self.register_forward_hook(lambda *_: seen.append("from forward"))
            return x

    net = Registers()

    def once(module: Any, args: Any) -> None:
        seen.append("once")
        handle.remove()
        module.register_forward_hook(lambda *_: seen.append("from pre-hook"))
        module.register_forward_pre_hook(lambda *_: seen.append("next time"))

    handle = net.register_forward_pre_hook(once)
    gone = net.register_forward_hook(lambda *_: seen.append("gone"))
    net.register_forward_pre_hook(lambda *_: gone.remove())
    yield net(1), seen
    seen.clear()
    yield net(1), seen


@program
def registration_hooks(torch: Any) -> Iterator[Any]:
    nn = torch.nn
    hooks = importlib.import_module(f"{torch.__name__}.nn.modules.module")
    seen: list[Any] = []
    handles = [
        hooks.register_module_buffer_registration_hook(lambda m, n, b: seen.append(("buffer", n))),
        hooks.register_module_module_registration_hook(lambda m, n, b: seen.append(("module", n))),
        hooks.register_module_parameter_registration_hook(lambda m, n, p: seen.append(("p", n))),
        hooks.register_module_parameter_registration_hook(
            lambda m, n, p: nn.Parameter(p.detach() * 0 + 7) if n == "bias" else None
        ),
    ]
    net = nn.Sequential(nn.Linear(1, 1), nn.BatchNorm1d(1))
    net.one = nn.ReLU()
    net.buffer = nn.Buffer(torch.ones(1))
    net.register_module("two", nn.ReLU())
    net[0].weight = nn.Parameter(torch.ones(1, 1))
    net.one = None
    net.buffer = torch.zeros(1)
    for handle in handles:
        handle.remove()
    nn.Linear(1, 1)
    yield seen, net[0].bias


@program
def backward_hooks(torch: Any) -> Iterator[Any]:
    nn = torch.nn
    hooks = importlib.import_module(f"{torch.__name__}.nn.modules.module")
    seen: list[Any] = []

    def note(label: str) -> Callable[..., None]:
        return lambda module, *rest: seen.append((label, type(module).__name__, rest))

    net = nn.Sequential(nn.Linear(2, 2), nn.Tanh())
    x = torch.ones(1, 2, requires_grad=True)
    handles = [
        hooks.register_module_full_backward_pre_hook(note("all before")),
        hooks.register_module_full_backward_hook(note("all after")),
        net[1].register_full_backward_pre_hook(note("before")),
        net[1].register_full_backward_hook(note("after")),
        net[1].register_full_backward_hook(note("first"), prepend=True),
    ]
    net(x).sum().backward()
    yield x.grad, seen
    yield attempt(lambda: net[1].register_backward_hook(note("old")))
    yield attempt(lambda: hooks.register_module_backward_hook(note("old")))
    for handle in handles:
        handle.remove()
    seen.clear()
    net[1].register_full_backward_pre_hook(lambda m, grads: (grads[0] * 2,))
    net[1].register_full_backward_hook(lambda m, into, out: (into[0] * 3,))
    x.grad = None
    net(x).sum().backward()
    yield x.grad
    net[1].register_full_backward_pre_hook(lambda m, grads: (grads[0], grads[0]))
    yield attempt(lambda: net(x).sum().backward())
    old = nn.Tanh()
    old.register_backward_hook(note("old"))
    y = x * 2
    old(y).sum().backward()
    yield seen, attempt(lambda: old.register_full_backward_hook(note("full")))
    old = nn.Tanh()
    old.register_backward_hook(lambda m, into, out: (into[0] * 5,))
    x.grad = None
    old(x * 2).sum().backward()
    yield x.grad


@program
def backward_hooks_and_ways_around_them(torch: Any) -> Iterator[Any]:
    nn = torch.nn
    seen: list[Any] = []

    class Two(nn.Module):
        def forward(self, x: Any, y: Any = None) -> Any:
            return x * 2, x.exp()

    layer = Two()
    layer.register_full_backward_hook(lambda m, into, out: seen.append((into, out)))
    layer.register_full_backward_pre_hook(lambda m, out: seen.append(out))
    x = torch.ones(2, requires_grad=True)
    first, second = layer(x, 3)
    second.sum().backward()
    yield seen, x.grad
    seen.clear()
    first, second = layer(torch.ones(2))
    yield first.requires_grad, seen
    with torch.no_grad():
        yield [part.requires_grad for part in layer(x)]
    linear = nn.Linear(2, 1)
    linear.register_full_backward_hook(lambda m, into, out: seen.append((into, out)))
    linear(torch.ones(1, 2)).sum().backward()
    yield seen
    linear.register_full_backward_hook(lambda m, into, out: (torch.ones(1, 2),))
    yield attempt(lambda: linear(torch.ones(1, 2)).sum().backward())
    # The gradient of a gradient comes to the module's input without passing its output.
    squared = nn.Module()
    squared.forward = lambda value: value**3
    seen.clear()
    squared.register_full_backward_hook(lambda m, into, out: seen.append((into, out)))
    x = torch.ones(1, requires_grad=True)
    (gradient,) = torch.autograd.grad(squared(x).sum(), x, create_graph=True)
    gradient.sum().backward()
    yield x.grad, len(seen)


@program
def handles(torch: Any) -> Iterator[Any]:
    nn = torch.nn
    net = nn.Identity()
    net.handle = net.register_forward_hook(add_one, with_kwargs=False, always_call=True)
    other = copy.deepcopy(net)
    loaded = pickle.loads(pickle.dumps(net))
    yield net(1), other(1), loaded(1), len(net._forward_hooks_always_called)
    other.handle.remove()
    yield net(1), other(1), loaded(1), len(other._forward_hooks_always_called)
    loaded.handle.remove()
    yield net(1), loaded(1)
    net.handle.remove()
    net.handle.remove()
    yield net(1), net.register_forward_hook(add_one).id in net._forward_hooks
    hooks = importlib.import_module(f"{torch.__name__}.utils.hooks")
    yield isinstance(net.handle, hooks.RemovableHandle)


def add_one(module: Any, args: Any, output: Any) -> Any:
    return output + 1
