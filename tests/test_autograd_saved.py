"""What the graph saves: `saved_tensors_hooks` and what is built on them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import rushlight as torch
import rushlight.nn.functional as F
from rushlight.autograd.graph import (
    disable_saved_tensors_hooks,
    save_on_cpu,
    saved_tensors_hooks,
)


def leaf(*values: float) -> Any:
    return torch.tensor(values, requires_grad=True)


def images(*shape: int) -> Any:
    size = torch.Size(shape).numel()
    return torch.linspace(-1, 2, size).reshape(shape).detach().requires_grad_()


CALLS: dict[str, tuple[Callable[..., Any], tuple[Any, ...], int]] = {
    "exp": (lambda x: x.exp(), (leaf(1.0, 2.0),), 1),
    "mul": (lambda x: x * x, (leaf(1.0, 2.0),), 2),
    "linear": (F.linear, (images(3, 2), images(4, 2), images(4)), 2),
    "conv2d": (F.conv2d, (images(1, 1, 4, 4), images(1, 1, 3, 3)), 2),
    "nll_loss": (lambda x: F.nll_loss(x, torch.tensor([0, 2])), (images(2, 3),), 2),
    "max_pool2d": (lambda x: F.max_pool2d(x, 2), (images(1, 1, 4, 4),), 1),
    "batch_norm": (
        lambda x, w, b: F.batch_norm(x, None, None, w, b, True),
        (images(3, 2), images(2), images(2)), 4,
    ),
    "softmax": (lambda x: x.softmax(0), (leaf(1.0, 2.0),), 1),
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_hooks_see_all_that_is_saved(name: str) -> None:
    function, inputs, saved = CALLS[name]
    expected = torch.autograd.grad(function(*inputs).exp().sum(), inputs)
    packed, unpacked = [], []

    def pack(tensor: Any) -> Any:
        assert isinstance(tensor, torch.Tensor) and not torch.is_grad_enabled()
        packed.append(tensor.shape)
        return tensor.dtype, tensor.tolist()

    def unpack(content: Any) -> Any:
        dtype, values = content
        unpacked.append(1)
        return torch.tensor(values, dtype=dtype)

    with saved_tensors_hooks(pack, unpack):
        y = function(*inputs)
    assert len(packed) >= saved and not unpacked
    for a, b in zip(torch.autograd.grad(y.exp().sum(), inputs), expected, strict=True):
        assert torch.allclose(a, b)
    assert len(unpacked) >= saved


def test_what_is_unpacked_is_used() -> None:
    x = leaf(1.0, 2.0)
    with saved_tensors_hooks(lambda t: t, lambda t: t * 10):
        y = x.square()
    y.sum().backward()
    assert x.grad.tolist() == [20.0, 40.0]


def test_tensors_on_disk(tmp_path: Path) -> None:
    class OnDisk:
        def __init__(self) -> None:
            self.path = tmp_path / f"{len(list(tmp_path.iterdir()))}.pt"

    def pack(tensor: Any) -> Any:
        stored = OnDisk()
        torch.save(tensor, stored.path)
        return stored

    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1))
    x = torch.ones(2, 3)
    model(x).sum().backward()
    expected = [p.grad.clone() for p in model.parameters()]
    model.zero_grad()
    with saved_tensors_hooks(pack, lambda stored: torch.load(stored.path)):
        y = model(x)
    assert len(list(tmp_path.iterdir())) >= 4
    y.sum().backward()
    for parameter, gradient in zip(model.parameters(), expected, strict=True):
        assert torch.equal(parameter.grad, gradient)


def test_save_on_cpu() -> None:
    x = leaf(1.0, 2.0)
    with save_on_cpu():
        y = (x * x).exp().sum()
    y.backward()
    assert torch.allclose(x.grad, 2 * x * (x * x).exp())


@pytest.mark.parametrize("pack", [lambda t: t, lambda t: t.clone()])
def test_gradient_of_a_gradient(pack: Any) -> None:
    """An unpacked tensor has its place in the graph, a leaf's and a result's."""
    x = leaf(1.0, 2.0)
    with saved_tensors_hooks(pack, lambda t: t):
        y = (x * x * x).exp().sum()
        (first,) = torch.autograd.grad(y, x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x)
    e = (x**3).exp()
    assert torch.allclose(second, (6 * x + 9 * x**4) * e)


def test_hooks_of_a_function() -> None:
    class Exp(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            y = x.exp()
            ctx.save_for_backward(x, y, None)
            return y

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            x, y, nothing = ctx.saved_tensors
            assert nothing is None and x.requires_grad and type(y.grad_fn).__name__ == "ExpBackward"
            return grad * y

    x = leaf(1.0, 2.0)
    packed = []
    with saved_tensors_hooks(lambda t: packed.append(t.tolist()) or t, lambda t: t.clone()):
        y = Exp.apply(x)
    y.sum().backward()
    assert len(packed) == 2 and torch.allclose(x.grad, x.exp())


def test_the_innermost_hooks_hold() -> None:
    x, seen = leaf(1.0), []
    with saved_tensors_hooks(lambda t: seen.append("outer") or t, lambda t: t):
        with saved_tensors_hooks(lambda t: seen.append("inner") or t, lambda t: t):
            x.exp()
        x.exp()
    x.exp()
    assert seen == ["inner", "outer"]


def test_hooks_are_per_thread() -> None:
    x, seen = leaf(1.0), []
    with saved_tensors_hooks(lambda t: seen.append(1) or t, lambda t: t):
        thread = threading.Thread(target=x.exp)
        thread.start()
        thread.join()
    assert not seen


def test_packed_tensors_are_freed_by_backward() -> None:
    x = leaf(1.0)
    with saved_tensors_hooks(lambda t: t, lambda t: t):
        y = x.exp()
    y.backward()
    with pytest.raises(RuntimeError, match="a second time"):
        y.backward()


def test_a_change_after_packing_is_not_seen() -> None:
    """The hooks alone know whether what they keep is still the same."""
    x = leaf(1.0, 1.0)
    b = x * 1
    with saved_tensors_hooks(lambda t: t, lambda t: t):
        y = b * b
    b.mul_(3)
    y.sum().backward()
    assert x.grad.tolist() == [6.0, 6.0]


def test_errors() -> None:
    x = leaf(1.0, 2.0)
    with saved_tensors_hooks(lambda t: t, lambda t: 5):  # type: ignore[arg-type, return-value]
        y = x.exp()
    with pytest.raises(TypeError, match="unpack_hook expected to be a Tensor but got"):
        y.sum().backward()
    with saved_tensors_hooks(lambda t: t.mul_(2), lambda t: t):
        with pytest.raises(RuntimeError, match="pack hook is modifying its input in place"):
            (x * 1).square()
    with saved_tensors_hooks(lambda t: 1 / 0, lambda t: t):
        with pytest.raises(ZeroDivisionError):
            x.exp()
    with pytest.raises(TypeError, match="must be callable"):
        with saved_tensors_hooks(1, 2):  # type: ignore[arg-type]
            pass
    assert x.exp().grad_fn is not None


def test_disabled_hooks() -> None:
    with disable_saved_tensors_hooks("no hooks here"):
        with pytest.raises(RuntimeError, match="no hooks here"):
            with saved_tensors_hooks(lambda t: t, lambda t: t):
                pass
    with saved_tensors_hooks(lambda t: t, lambda t: t):
        with pytest.raises(RuntimeError, match="not now"):
            with disable_saved_tensors_hooks("not now"):
                pass
    with save_on_cpu():
        leaf(1.0).exp()
