"""The size, the memory and the threads of the graph, and whose memory gradients are."""

from __future__ import annotations

import gc
import inspect
import sys
import threading
import weakref
from collections.abc import Callable
from typing import Any

import pytest

import rushlight as torch
from rushlight.autograd import engine
from rushlight.kernels import launch


def leaf(*values: float) -> Any:
    return torch.tensor(values, requires_grad=True)


# ---- size, memory, threads


def test_deep_graph() -> None:
    """Neither backward nor the end of a graph of 200,000 nodes recurses."""
    x = torch.ones(1, requires_grad=True)
    y = x
    for _ in range(200_000):
        y = y + 1
    y.sum().backward()
    assert x.grad.tolist() == [1.0]
    z = x
    for _ in range(200_000):
        z = z * 1.0
    del z
    assert sys.getrecursionlimit() < 100_000


CHAINS: dict[str, Callable[[Any], Any]] = {
    "operations": lambda y: y * 1.0,
    "views": lambda y: y.view(2),
    "changes in place": lambda y: y.mul_(1.0),
    "views that are changed": lambda y: y[:].mul_(1.0),
    "copies into a view": lambda y: (y[:1].mul_(1.0), y)[1],
    "functions": lambda y: Alias.apply(y),
}


class Alias(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return x.clone()

    @staticmethod
    def backward(ctx: Any, grad: Any) -> Any:
        return grad


@pytest.mark.parametrize("kind", CHAINS)
@pytest.mark.parametrize("length", [3_000, pytest.param(200_000, marks=pytest.mark.slow)])
def test_chains_of_every_kind(kind: str, length: int) -> None:
    """Neither backward nor the end of a chain recurses, nor does its time grow with the square."""
    step = CHAINS[kind]
    x = torch.ones(2, requires_grad=True)
    for goes_backward in (True, False):
        y = x * 1
        for _ in range(length):
            y = step(y)
        if goes_backward:
            y.sum().backward()
        del y
    assert x.grad.tolist() == [1.0, 1.0]


def test_saved_tensors_are_freed_by_backward(no_leak: Any) -> None:
    x = torch.ones(1000, requires_grad=True)
    y = x * 2
    memory = weakref.ref(y)
    z = (y * y).sum()
    del y
    assert memory() is not None
    z.backward()
    assert memory() is None
    assert z.grad_fn is not None


def test_graph_is_freed_with_its_last_tensor(no_leak: Any) -> None:
    x = torch.ones(1000, requires_grad=True)
    y = x.exp().sigmoid().softmax(0)
    node = weakref.ref(y.grad_fn)
    tensor = weakref.ref(y)
    del y
    assert tensor() is None and node() is None


def test_training_step_leaves_no_garbage(no_leak: Any) -> None:
    model = torch.nn.Sequential(
        torch.nn.Conv2d(1, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.ReLU(), torch.nn.MaxPool2d(2),
        torch.nn.Flatten(), torch.nn.Dropout(0.5), torch.nn.Linear(16, 3),
    )  # fmt: skip
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    images, labels = torch.ones(2, 1, 6, 6), torch.tensor([0, 2])

    def step() -> None:
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(images), labels).backward()
        optimizer.step()

    step()
    gc.collect()
    step()
    assert gc.collect() == 0


def test_grad_modes_are_per_thread() -> None:
    seen: dict[str, bool] = {}

    def look() -> None:
        seen["at start"] = torch.is_grad_enabled()
        torch.set_grad_enabled(False)
        seen["after change"] = torch.is_grad_enabled()

    with torch.no_grad():
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
        assert not torch.is_grad_enabled()
    assert torch.is_grad_enabled()
    assert seen == {"at start": True, "after change": False}


def test_backward_in_another_thread() -> None:
    x = leaf(1.0, 2.0)
    y = (x * x).sum()
    thread = threading.Thread(target=y.backward)
    thread.start()
    thread.join()
    assert x.grad.tolist() == [2.0, 4.0]


def test_backward_to_inputs_that_require_no_gradient() -> None:
    x = torch.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match="does not require grad"):
        x.sum().backward(inputs=[torch.ones(2)])


# ---- whose memory a gradient is


def test_a_leafs_gradient_is_nobody_elses() -> None:
    x, y = (torch.ones(3, requires_grad=True) for _ in range(2))
    seed = torch.full((3,), 2.0)
    (x + y).backward(seed)  # the addition hands the same gradient to both
    x.grad.mul_(5)
    assert y.grad.tolist() == [2.0] * 3 and seed.tolist() == [2.0] * 3
    z = torch.ones(3, requires_grad=True)
    z.backward(seed)
    z.grad.zero_()
    assert seed.tolist() == [2.0] * 3
    seen = []
    w = torch.ones(3, requires_grad=True)
    w.register_hook(seen.append)
    w.exp().sum().backward()
    w.grad.zero_()
    assert all(seen[0].tolist())


def test_a_functions_gradient_may_be_anybodys() -> None:
    kept = torch.full((3,), 7.0)

    class Constant(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 1

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            return kept

    x = torch.ones(3, requires_grad=True)
    Constant.apply(x).sum().backward()
    x.grad.zero_()
    assert kept.tolist() == [7.0] * 3


def test_sums_of_many_contributions() -> None:
    """The third is added in place to the engine's own sum, never to what somebody else sees."""
    x = torch.ones(3, requires_grad=True)
    y = x * 1
    seeds = [torch.full((3,), float(n)) for n in range(1, 5)]
    outputs = [y + 0, y + 0, y + 0, x + 0]
    torch.autograd.backward(outputs, seeds)
    assert x.grad.tolist() == [10.0] * 3
    assert [seed.tolist() for seed in seeds] == [[float(n)] * 3 for n in range(1, 5)]


def test_a_gradient_that_is_the_leafs_alone_is_not_copied(monkeypatch: Any) -> None:
    x = torch.ones(3, requires_grad=True)
    y = x.exp()
    cls, made = type(y.grad_fn), []
    original = cls.backward

    def noting(node: Any, grad: Any) -> Any:
        made.append(original(node, grad))
        return made[-1]

    monkeypatch.setattr(cls, "backward", noting)
    y.sum().backward()
    assert made[0].data_ptr() == x.grad.data_ptr()


def test_an_interrupted_backward_leaves_no_mode_behind() -> None:
    """Whatever line of the engine an interrupt comes at."""
    code = engine.run.__code__
    lines = inspect.getsource(code).splitlines()
    last = next(i for i, line in enumerate(lines) if "finally" in line)
    for line in range(code.co_firstlineno + 1, code.co_firstlineno + last):
        y = torch.ones(2, requires_grad=True).exp().sum()

        def trace(frame: Any, event: str, _: Any, line: int = line) -> Any:
            if event == "line" and frame.f_code is code and frame.f_lineno == line:
                raise KeyboardInterrupt
            return trace if frame.f_code is code or event == "call" else None

        previous = sys.gettrace()
        sys.settrace(trace)
        try:
            y.backward()
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(previous)
        assert torch.is_grad_enabled() and launch.phase == "forward", line
