"""Hooks on tensors, on leaves after accumulation, on nodes; and `retain_grad`."""

from __future__ import annotations

from typing import Any

import pytest

import rushlight as torch


def leaf(*values: float) -> Any:
    return torch.tensor(values, requires_grad=True)


def test_hook_sees_the_gradient() -> None:
    x = leaf(1.0, 2.0)
    y = x * 2
    seen = []
    y.register_hook(lambda grad: seen.append(grad.tolist()))
    (y * y).sum().backward()
    assert seen == [[4.0, 8.0]] and x.grad.tolist() == [8.0, 16.0]


def test_hook_sees_the_sum_once() -> None:
    x = leaf(1.0)
    y = x * 2
    seen = []
    y.register_hook(lambda grad: seen.append(grad.tolist()))
    x.register_hook(lambda grad: seen.append(grad.tolist()))
    (y + y * 3 + x).sum().backward()
    assert seen == [[4.0], [9.0]]


def test_hook_changes_the_gradient() -> None:
    x = leaf(1.0, 2.0)
    y = x * 2
    y.register_hook(lambda grad: grad * 10)
    y.register_hook(lambda grad: grad + 1)  # in the order of registration
    y.sum().backward()
    assert x.grad.tolist() == [22.0, 22.0]


def test_hook_on_a_leaf() -> None:
    x = leaf(1.0, 2.0)
    handle = x.register_hook(lambda grad: grad * 10)
    (x * 2).sum().backward()
    assert x.grad.tolist() == [20.0, 20.0]
    handle.remove()
    (x * 2).sum().backward()
    assert x.grad.tolist() == [22.0, 22.0]


def test_handle_as_context() -> None:
    x = leaf(1.0)
    with x.register_hook(lambda grad: grad * 10):
        (x * 1).sum().backward()
    (x * 1).sum().backward()
    assert x.grad.tolist() == [11.0]


def test_hook_works_for_grad_too() -> None:
    x = leaf(1.0)
    y = x * 2
    y.register_hook(lambda grad: grad * 10)
    x.register_hook(lambda grad: grad + 1)
    assert torch.autograd.grad(y.sum(), x)[0].tolist() == [21.0]
    assert torch.autograd.grad((x * 2 + y * 0).sum(), y)[0].tolist() == [0.0]


def test_hook_sees_one_output_of_several() -> None:
    x = torch.arange(6.0).reshape(2, 3).requires_grad_()
    values, _ = x.sort(dim=1)
    values.register_hook(lambda grad: grad * 2)
    values.sum().backward()
    assert x.grad.tolist() == [[2.0] * 3] * 2


def test_hook_needs_a_gradient() -> None:
    with pytest.raises(RuntimeError, match="cannot register a hook on a tensor that doesn't requi"):
        torch.ones(2).register_hook(print)


def test_hook_may_raise() -> None:
    def stop(grad: Any) -> None:
        raise KeyError("stop")

    x = leaf(1.0)
    y = x * 2
    y.register_hook(stop)
    with pytest.raises(KeyError, match="stop"):
        y.sum().backward()
    assert x.grad is None and torch.is_grad_enabled()


def test_hook_with_create_graph() -> None:
    x = leaf(2.0)
    y = x * x
    y.register_hook(lambda grad: grad * x)
    (gradient,) = torch.autograd.grad(y.sum(), x, create_graph=True)  # x * 2 x
    assert gradient.tolist() == [8.0]
    assert torch.autograd.grad(gradient.sum(), x)[0].tolist() == [8.0]


def test_post_accumulate_hook() -> None:
    x = leaf(1.0, 2.0)
    seen = []

    def step(tensor: Any) -> None:
        seen.append(tensor.grad.tolist())
        tensor.grad = None

    handle = x.register_post_accumulate_grad_hook(step)
    (x * 3).sum().backward()
    assert seen == [[3.0, 3.0]] and x.grad is None
    handle.remove()
    (x * 3).sum().backward()
    assert len(seen) == 1 and x.grad.tolist() == [3.0, 3.0]


def test_post_accumulate_hook_is_for_leaves() -> None:
    with pytest.raises(RuntimeError, match="post accumulate grad hooks cannot be registered"):
        (leaf(1.0) * 2).register_post_accumulate_grad_hook(print)


def test_node_hook() -> None:
    x, y = leaf(1.0, 2.0), leaf(3.0, 4.0)
    z = x * y
    seen: list[Any] = []

    def look(grad_inputs: Any, grad_outputs: Any) -> Any:
        seen.append([g.tolist() for g in (*grad_inputs, *grad_outputs)])
        return grad_inputs[0] * 10, grad_inputs[1]

    handle = z.grad_fn.register_hook(look)
    z.sum().backward()
    assert seen == [[[3.0, 4.0], [1.0, 2.0], [1.0, 1.0]]]
    assert x.grad.tolist() == [30.0, 40.0] and y.grad.tolist() == [1.0, 2.0]
    handle.remove()


def test_retain_grad() -> None:
    x = leaf(1.0, 2.0)
    y = x * 2
    assert not y.retains_grad
    y.retain_grad()
    y.retain_grad()
    assert y.retains_grad
    (y * y).sum().backward()
    assert y.grad.tolist() == [4.0, 8.0]
    x.retain_grad()  # nothing to do for a leaf
    assert not x.retains_grad


def test_retained_grad_is_what_hooks_made_of_it() -> None:
    x = leaf(1.0)
    y = x * 2
    y.retain_grad()
    y.register_hook(lambda grad: grad * 10)
    y.sum().backward()
    assert y.grad.tolist() == [10.0] and x.grad.tolist() == [20.0]


def test_retained_grad_accumulates() -> None:
    x = leaf(1.0)
    y = x * 2
    y.retain_grad()
    y.sum().backward(retain_graph=True)
    y.sum().backward()
    assert y.grad.tolist() == [2.0]


def test_retain_grad_needs_a_gradient() -> None:
    with pytest.raises(RuntimeError, match="can't retain_grad on Tensor that has requires_grad=F"):
        torch.ones(2).retain_grad()
