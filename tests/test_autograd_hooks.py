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


def test_retained_gradient_is_a_copy() -> None:
    y = leaf(1.0, 2.0) * 2
    seen = []
    y.retain_grad()
    y.register_hook(seen.append)
    y.exp().sum().backward()
    y.grad.zero_()
    assert all(seen[0].tolist())


def test_retained_gradient_after_a_change_in_place() -> None:
    """As in PyTorch, it is that of the values as they are last; a hook's is that of its time."""
    y = leaf(1.0, 2.0) * 3
    y.retain_grad()
    seen = []
    y.register_hook(lambda grad: seen.append(grad.tolist()))
    y.mul_(2)
    (y * 5).sum().backward()
    assert y.grad.tolist() == [5.0, 5.0] and seen == [[10.0, 10.0]]
    z = leaf(1.0, 2.0) * 3
    z.retain_grad()
    z[:1].mul_(2)
    (z * 5).sum().backward()
    assert z.grad.tolist() == [5.0, 5.0]


def test_backward_to_an_input_that_is_no_leaf() -> None:
    y = leaf(1.0, 2.0) * 3
    (y * 5).sum().backward(inputs=[y])
    assert y.retains_grad and y.grad.tolist() == [5.0, 5.0]
    z = leaf(1.0, 2.0) * 3
    z.retain_grad()
    (z * 5).sum().backward(inputs=[z])
    assert z.grad.tolist() == [5.0, 5.0]  # once


# ---- leaves are done with while the backward goes on


class Watched(torch.autograd.Function):
    """x, and a note when its backward runs."""

    @staticmethod
    def forward(ctx: Any, x: Any, log: list[str], name: str) -> Any:
        ctx.log, ctx.name = log, name
        return x.clone()

    @staticmethod
    def backward(ctx: Any, grad: Any) -> Any:
        ctx.log.append(f"backward of {ctx.name}")
        return grad, None, None


@pytest.mark.parametrize("restricted", [False, True])
def test_a_late_layers_hook_comes_before_an_early_layers_backward(restricted: bool) -> None:
    first, second, log = leaf(1.0), leaf(2.0), []
    x = Watched.apply(first * 3, log, "first")
    second.register_hook(lambda grad: log.append("hook of second"))
    second.register_post_accumulate_grad_hook(lambda t: log.append(f"second.grad {t.grad.item()}"))
    first.register_post_accumulate_grad_hook(lambda t: log.append(f"first.grad {t.grad.item()}"))
    inputs = [first, second] if restricted else None
    (x * second).sum().backward(inputs=inputs)
    assert log == ["hook of second", "second.grad 3.0", "backward of first", "first.grad 6.0"]


def test_a_shared_leaf_waits_for_its_last_contribution() -> None:
    w, log = leaf(2.0), []
    w.register_hook(lambda grad: log.append(grad.item()))
    x = Watched.apply(w * 3, log, "first")
    (x * w * w).sum().backward()
    assert log == ["backward of first", 36.0] and w.grad.item() == 36.0


def test_optimizer_in_backward() -> None:
    """A parameter changes, and gives its gradient up, before earlier layers' backwards run."""
    model = torch.nn.Sequential(*[torch.nn.Linear(4, 4) for _ in range(3)])
    plain = torch.nn.Sequential(*[torch.nn.Linear(4, 4) for _ in range(3)])
    plain.load_state_dict(model.state_dict())
    alive = []
    for parameter in model.parameters():
        optimizer = torch.optim.SGD([parameter], lr=0.1)

        def step(p: Any, optimizer: Any = optimizer) -> None:
            alive.append(sum(q.grad is not None for q in model.parameters()))
            optimizer.step()
            optimizer.zero_grad()

        parameter.register_post_accumulate_grad_hook(step)
    model(torch.ones(2, 4)).square().sum().backward()
    assert alive == [1] * 6
    together = torch.optim.SGD(plain.parameters(), lr=0.1)
    plain(torch.ones(2, 4)).square().sum().backward()
    together.step()
    for a, b in zip(model.parameters(), plain.parameters(), strict=True):
        assert torch.equal(a, b)


def test_hooks_of_a_leaf_that_no_gradient_reaches() -> None:
    class Nothing(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 1

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            return None

    x, seen = leaf(1.0), []
    x.register_hook(seen.append)
    x.register_post_accumulate_grad_hook(lambda t: seen.append(t.grad))
    Nothing.apply(x).sum().backward()
    assert seen == [None, None] and x.grad is None
    y = leaf(1.0)
    y.register_hook(seen.append)
    (Nothing.apply(y) + y * 2).sum().backward()  # one of two contributions
    assert seen[2].item() == 2.0 and y.grad.item() == 2.0


@pytest.mark.parametrize(
    ("hook", "error", "words"),
    [(lambda g: g[:1], RuntimeError, r"changed the size of value \(was \(2, 3\), is \(1, 3\)\)"),
     (lambda g: g.double(), RuntimeError, r"changed the type of value \(was torch\.float32"),
     (lambda g: 3, TypeError, "expected Variable, but hook returned 'int'")],
)  # fmt: skip
@pytest.mark.parametrize("is_leaf", [True, False])
def test_what_a_hook_may_not_make_of_a_gradient(hook, error, words, is_leaf):
    leaf = torch.ones(2, 3, requires_grad=True)
    hooked = leaf if is_leaf else leaf * 1
    hooked.register_hook(hook)
    with pytest.raises(error, match=words):
        hooked.sum().backward()
    assert leaf.grad is None
