"""Views and in-place operations: shared memory, versions and history, as PyTorch keeps them."""

from __future__ import annotations

from typing import Any

import pytest

import rushlight as torch


def leaf(*values: float) -> Any:
    return torch.tensor(values, requires_grad=True)


def grid() -> Any:
    return torch.arange(6.0).reshape(2, 3).requires_grad_()


# ---- in place


def test_in_place_changes_history() -> None:
    x = leaf(1.0, 2.0)
    y = x * 1
    assert y.mul_(3) is y
    assert type(y.grad_fn).__name__ == "MulBackward0" and y._version == 1
    y.sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]


def test_chain_of_in_place_operations() -> None:
    x = leaf(1.0, 2.0)
    y = x * 1
    y.mul_(3).add_(x).clamp_(max=5.0).exp_()
    expected = (x * 3 + x).clamp(max=5.0).exp()
    assert y.tolist() == expected.tolist()
    (a,) = torch.autograd.grad(y.sum(), x)
    (b,) = torch.autograd.grad(expected.sum(), x)
    assert a.tolist() == b.tolist()


def test_in_place_operators() -> None:
    x, w = leaf(2.0, 4.0), leaf(3.0, 5.0)
    y = x * 1
    before = y
    y += w
    y -= 1
    y *= 2
    y /= 4
    assert y is before and y.tolist() == [2.0, 4.0]
    y.sum().backward()
    assert x.grad.tolist() == w.grad.tolist() == [0.5, 0.5]


def test_in_place_on_a_leaf() -> None:
    message = "a leaf Variable that requires grad is being used in an in-place operation"
    for change in (
        lambda x: x.add_(1), lambda x: x.zero_(), lambda x: x.copy_(torch.ones(2)),
        lambda x: x.__setitem__(slice(0, 1), 3.0), lambda x: x.uniform_(), lambda x: x.relu_(),
    ):  # fmt: skip
        x = leaf(1.0, 2.0)
        with pytest.raises(RuntimeError, match=message.replace("a leaf", "leaf")):
            change(x)
        assert x.tolist() == [1.0, 2.0] and x._version == 0


def test_in_place_on_a_plain_tensor_starts_its_history() -> None:
    x, y = leaf(1.0, 2.0), torch.zeros(2)
    y.add_(x * 3)
    assert y.requires_grad and not y.is_leaf
    y.sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]


def test_versions() -> None:
    x = torch.zeros(4)
    view, detached, copy = x[1:], x.detach(), x.clone()
    x.add_(1)
    view.mul_(2)
    detached[0] = 7.0
    assert x._version == view._version == detached._version == 3 and copy._version == 0
    x.data.zero_()
    assert x._version == 3 and x.tolist() == [0.0] * 4


# ---- views of what has a history


def test_in_place_on_a_view_reaches_its_base() -> None:
    x = grid()
    base = x * 1
    base[0].mul_(10)
    assert base[0].tolist() == [0.0, 10.0, 20.0]
    assert type(base.grad_fn).__name__ == "CopySlices"
    base.sum().backward()
    assert x.grad.tolist() == [[10.0] * 3, [1.0] * 3]


def test_in_place_on_a_base_reaches_its_view() -> None:
    x = grid()
    base = x * 1
    view = base[0]
    base.mul_(10)
    assert view.tolist() == [0.0, 10.0, 20.0]
    view.sum().backward()
    assert x.grad.tolist() == [[10.0] * 3, [0.0] * 3]


def test_in_place_on_one_view_reaches_another() -> None:
    x = grid()
    base = x * 1
    first, second = base[:, 0], base[0]
    first.mul_(10)
    second.sum().backward()
    assert x.grad.tolist() == [[10.0, 1.0, 1.0], [0.0] * 3]


def test_view_of_a_view() -> None:
    x = grid()
    base = x * 1
    inner = base[1].view(3)[1:]
    assert inner._base is base
    inner.mul_(10)
    base.sum().backward()
    assert x.grad.tolist() == [[1.0] * 3, [1.0, 10.0, 10.0]]


def test_views_of_every_kind_reach_their_base() -> None:
    views = (
        lambda t: t.t(), lambda t: t.reshape(6), lambda t: t.unsqueeze(0), lambda t: t.T,
        lambda t: t.permute(1, 0), lambda t: t[:, ::2], lambda t: t[..., None], lambda t: t[1, 2],
        lambda t: t.narrow(1, 1, 2), lambda t: t.select(0, 1), lambda t: t.flatten(),
        lambda t: t.view_as(t), lambda t: t.swapaxes(0, 1), lambda t: t.movedim(0, 1),
    )  # fmt: skip
    for make in views:
        x = grid()
        base = x * 1
        view = make(base)
        count = view.numel()
        view.mul_(10)
        (gradient,) = torch.autograd.grad(base.sum(), x)
        assert sorted(gradient.flatten().tolist()) == [1.0] * (6 - count) + [10.0] * count
        again = make(x * 1)
        again.mul_(10)
        (gradient,) = torch.autograd.grad(again.sum(), x)
        assert sorted(gradient.flatten().tolist()) == [0.0] * (6 - count) + [10.0] * count


def test_assignment_to_an_index() -> None:
    x, value = grid(), leaf(7.0)
    y = x * 1
    y[0, 1] = 5.0
    y[1] = value * 2
    y[:, 0] = torch.zeros(2)
    assert y.tolist() == [[0.0, 5.0, 2.0], [0.0, 14.0, 14.0]]
    y.sum().backward()
    assert x.grad.tolist() == [[0.0, 0.0, 1.0], [0.0, 0.0, 0.0]]
    assert value.grad.tolist() == [4.0]


def test_assignment_by_a_mask_and_by_numbers() -> None:
    x, value = grid(), leaf(7.0)
    y = x * 1
    y[y > 3] = 0.0
    y[torch.tensor([0, 0]), torch.tensor([0, 1])] = value.expand(2)
    assert y.tolist() == [[7.0, 7.0, 2.0], [3.0, 0.0, 0.0]]
    y.sum().backward()
    assert x.grad.tolist() == [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    assert value.grad.tolist() == [2.0]


def test_assignment_to_a_plain_tensor() -> None:
    """The idiom of results collected into a buffer."""
    x = leaf(1.0, 2.0, 3.0)
    out = torch.zeros(2, 3)
    for row in range(2):
        out[row] = x * (row + 1)
    out.sum().backward()
    assert x.grad.tolist() == [3.0, 3.0, 3.0]


def test_copy_into_a_view() -> None:
    x = leaf(1.0, 2.0)
    out = torch.zeros(4)
    out[1:3].copy_(x * 2)
    assert out.requires_grad
    (out * torch.arange(4.0)).sum().backward()
    assert x.grad.tolist() == [2.0, 4.0]


def test_in_place_with_the_base_as_operand() -> None:
    x = grid()
    base = x * 1
    base[0].add_(base[1])
    base.sum().backward()
    assert x.grad.tolist() == [[1.0] * 3, [2.0] * 3]


# ---- views of leaves


def test_in_place_on_a_view_of_a_leaf() -> None:
    x = grid()
    for view in (x[0], x.view(6), x.t()):
        message = "a view of a leaf Variable that requires grad is being used in an in-place"
        with pytest.raises(RuntimeError, match=message):
            view.add_(1)
    with torch.no_grad():
        x[0].add_(1)
    assert x[0].tolist() == [1.0, 2.0, 3.0] and x.is_leaf


def test_in_place_on_one_of_several_views() -> None:
    """PyTorch refuses this; here the base's history takes it up like that of any view."""
    for split in (lambda b: b.unbind(0), lambda b: b.split(1), lambda b: b.chunk(2)):
        x = grid()
        base = x * 1
        first, second = split(base)[:2]
        first.mul_(3)
        assert (base * base).sum().item() == (9 * (0 + 1 + 4) + 9 + 16 + 25)
        (base * second.sum()).sum().backward()
        total, others = 3 * (0 + 1 + 2) + 3 + 4 + 5, 3 + 4 + 5
        assert x.grad.tolist() == [[3.0 * others] * 3, [1.0 * others + total] * 3]



def test_detached_views() -> None:
    x = grid()
    base = x * 1
    part = base.detach()[0]
    part.zero_()
    assert base[0].tolist() == [0.0] * 3
    base.sum().backward()
    assert x.grad.tolist() == [[1.0] * 3] * 2
    with pytest.raises(RuntimeError, match="Can't detach views in-place. Use detach"):
        (grid() * 1)[0].detach_()


def test_view_made_before_requires_grad() -> None:
    x = torch.zeros(4)
    view = x[:2]
    x.requires_grad_()
    with pytest.raises(RuntimeError, match="a view of a leaf Variable"):
        view.add_(1)
    assert x.tolist() == [0.0] * 4


def test_expanded_tensors_cannot_be_written() -> None:
    x = torch.zeros(1).expand(3)
    with pytest.raises(RuntimeError, match="more than one element of the written-to tensor refers"):
        x.add_(1)
    assert x.tolist() == [0.0] * 3
    with pytest.raises(RuntimeError, match="more than one element of the written-to tensor refers"):
        x.fill_(torch.tensor(2.0))
    assert x.fill_(2).tolist() == [2.0] * 3 and x.zero_().tolist() == [0.0] * 3  # one value


def test_gradients_of_gradients_through_in_place() -> None:
    x = leaf(1.0, 2.0)
    y = x * x
    y[0].mul_(3)
    (first,) = torch.autograd.grad((y * y).sum(), x, create_graph=True)  # 9 x^4, x^4
    assert first.tolist() == [36.0, 32.0]
    (second,) = torch.autograd.grad(first.sum(), x)
    assert second.tolist() == [108.0, 48.0]


def test_operands_that_share_the_changed_memory() -> None:
    for change in (lambda y: y.mul_(y), lambda y: y.mul_(y[:]), lambda y: y.div_(y.detach())):
        y = grid() * 2
        change(y)
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            y.sum().backward()


def test_views_made_without_grad_are_not_changed_with_it() -> None:
    base = grid() * 1
    with torch.no_grad():
        view = base[0]
    with pytest.raises(RuntimeError, match="created in no_grad mode"):
        view.mul_(3)


def test_gradients_beside_infinite_ones() -> None:
    """Flat places give 0, whatever comes back to them."""
    x = torch.tensor([-1.0, 4.0], requires_grad=True)
    for flat in (lambda: x.clamp(min=0).sqrt(), lambda: torch.maximum(x, torch.zeros(2)).sqrt()):
        x.grad = None
        flat().sum().backward()
        assert x.grad.tolist() == [0.0, 0.25]
    y = torch.ones(3, requires_grad=True)
    y.std().backward()
    assert y.grad.tolist() == [0.0, 0.0, 0.0]


class _Double(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return x * 2

    @staticmethod
    def backward(ctx: Any, grad: Any) -> Any:
        return grad * 2


USES = {
    "unary": lambda z: z.exp(), "binary": lambda z: z * 3, "second operand": lambda z: 3 * z,
    "both operands": lambda z: z * z, "other operand": lambda z: torch.ones(2, 2) * z,
    "view": lambda z: z.t(), "reduction": lambda z: z.sum(0), "matrix product": lambda z: z @ z,
    "function": _Double.apply, "compiled": torch.compile(torch.exp),
}  # fmt: skip


@pytest.mark.parametrize("name", USES)
def test_views_are_used_after_a_change_of_their_base(name: str) -> None:
    """The view's history is derived anew as it is used, and comes before what uses it."""

    def gradient(is_asked: bool) -> Any:
        w = torch.ones(4, requires_grad=True)
        y = torch.tensor([1.0, -2.0, 3.0, -4.0]) * w
        z = y.view(2, 2)
        y.relu_()
        if is_asked:
            assert z.requires_grad
        USES[name](z).sum().backward()
        return w.grad.tolist()

    expected = gradient(is_asked=True)
    assert expected[0] > 0 and expected[1] == 0
    assert gradient(is_asked=False) == expected
