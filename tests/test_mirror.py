"""Images lie channels-last: what is written through their views in PyTorch's order reaches them."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import pytest

import rushlight as torch


def image(requires_grad: bool = False) -> Any:
    """A convolution's result, all threes, and the weight that it depends on."""
    weight = torch.full((3, 1, 1, 1), 2.0, requires_grad=requires_grad)
    result = torch.nn.functional.conv2d(torch.ones(2, 1, 2, 2), weight, torch.ones(3))
    assert not result.is_contiguous(), "there is nothing to test"
    return result, weight


WRITES: dict[str, Callable[[Any], Any]] = {
    "view": lambda y: y.view(y.size(0), -1).__setitem__(slice(None), 0),
    "view_as": lambda y: y.view_as(torch.empty(2, 12)).zero_(),
    "flatten": lambda y: y.flatten(1).zero_(),
    "reshape": lambda y: y.reshape(2, -1).mul_(0),
    "view of a view": lambda y: y.view(2, -1)[:, 0:].zero_(),
    "view of a part": lambda y: (y[:1].view(1, -1).zero_(), y[1:].view(1, -1).zero_()),
    "detached view": lambda y: y.view(2, -1).detach().zero_(),
    "view of the detached": lambda y: y.detach().view(2, -1).zero_(),
    "out=": lambda y: torch.mul(y.view(2, -1), 0, out=y.view(2, -1)),
    "plain change": lambda y: y.view(2, -1).__isub__(y.detach().clone().view(2, -1)),
    "clamp_": lambda y: y.view(2, -1).clamp_(max=0),
    "fill by a rule": lambda y: y.view(2, -1).uniform_(0, 1e-38),
}  # fmt: skip


@pytest.mark.parametrize("name", WRITES)
def test_a_write_reaches_the_image(name: str) -> None:
    y, _ = image()
    WRITES[name](y)
    assert y.abs().max() < 1e-30


def test_one_element() -> None:
    y, _ = image()
    y.view(-1)[4] = 7
    assert y[0, 1, 0, 0] == 7 and y.sum() == 23 * 3 + 7


def test_a_change_of_the_image_reaches_its_views() -> None:
    y, _ = image()
    rows, line = y.view(2, -1), y.view(-1)
    y[0] = 5
    assert rows[0].tolist() == [5.0] * 12 and line[:12].tolist() == [5.0] * 12
    line[12:] = 6
    assert rows[1].tolist() == [6.0] * 12 and y[1].min() == 6


def test_gradients_follow_a_write_through_a_view() -> None:
    y, weight = image(requires_grad=True)
    y.view(2, -1).mul_(3)
    (y * y).sum().backward()
    assert weight.grad.flatten().tolist() == [432.0] * 3


def test_gradients_follow_a_change_of_the_image() -> None:
    y, weight = image(requires_grad=True)
    rows = y.view(2, -1)
    y.mul_(3)
    (rows * rows).sum().backward()
    assert weight.grad.flatten().tolist() == [432.0] * 3


def test_what_is_overwritten_has_no_gradient() -> None:
    y, weight = image(requires_grad=True)
    y.view(2, -1)[0] = 0
    y.sum().backward()
    assert weight.grad.flatten().tolist() == [4.0] * 3


def test_saved_images_are_stale_after_a_write() -> None:
    y, _ = image(requires_grad=True)
    z = y.exp()
    z.view(2, -1).mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.sum().backward()


def test_copies_of_users_stay_copies() -> None:
    """Where PyTorch copies, too: the order of the memory is the program's own."""
    x = torch.arange(24.0).reshape(2, 2, 2, 3).permute(0, 3, 1, 2)
    x.reshape(2, -1).zero_()
    assert x.sum() == 276


def test_views_keep_no_image_alive(no_leak: Any) -> None:
    y, _ = image()
    rows = y.view(2, -1)
    gone = weakref.ref(y)
    del y
    assert gone() is None
    rows.mul_(2)
    assert rows.max() == 6


def test_compiled() -> None:
    def program(x: Any, weight: Any) -> Any:
        y = torch.nn.functional.conv2d(x, weight)
        y.view(2, -1)[:, 1] = 0
        return y

    compiled = torch.compile(program)
    for value in (1.0, 2.0):
        x, weight = torch.full((2, 1, 2, 2), value), torch.ones(3, 1, 1, 1)
        for _ in range(3):
            assert compiled(x, weight).equal(program(x, weight))
        assert program(x, weight).sum() == 22 * value


def test_views_of_what_has_changed_come_before_what_uses_them() -> None:
    """A view's history is derived anew when it is used: its node is older than the user's."""
    for call in (lambda v: v * v, lambda v: (v * v).exp().log(), lambda v: v.square()):
        x = torch.ones(2, 2, requires_grad=True)
        y = x * 1
        v = y[0]
        y.mul_(3)
        call(v).sum().backward()
        assert x.grad is not None
        assert [round(g, 3) for g in x.grad[0].tolist()] == [18.0, 18.0]
        assert x.grad[1].tolist() == [0.0, 0.0]


def test_further_gradients_reach_the_views_of_the_first() -> None:
    x, weight = torch.ones(2, 3, 2, 2, requires_grad=True), torch.ones(4, 3, 1, 1)
    torch.nn.functional.conv2d(x, weight).sum().backward()
    assert x.grad is not None
    line = x.grad.view(-1)
    torch.nn.functional.conv2d(x, weight).sum().backward()
    assert x.grad.eq(8).all() and line.eq(8).all()


OPTIMIZERS: dict[str, Callable[[Any], Any]] = {
    "SGD": lambda p: torch.optim.SGD(p, lr=0.25),
    "SGD with momentum": lambda p: torch.optim.SGD(p, lr=0.25, momentum=0.9),
    "Adam": lambda p: torch.optim.Adam(p, lr=0.25),
    "Adafactor": lambda p: torch.optim.Adafactor(p, lr=0.25),
    "Rprop": lambda p: torch.optim.Rprop(p, lr=0.25),
}


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_steps_reach_the_views_of_parameters_and_states(name: str, compiled: bool) -> None:
    parameter = image()[0].detach().requires_grad_()
    optimizer = OPTIMIZERS[name]([parameter])

    def step() -> None:
        optimizer.zero_grad()
        (parameter * parameter).sum().backward()
        optimizer.step()

    run = torch.compile(step) if compiled else step
    for _ in range(4 if compiled else 1):  # until it is a replay that runs
        run()
    changed = [parameter.detach(), *optimizer.state[parameter].values()]
    lines = [tensor.view(-1) for tensor in changed]
    before = [line.clone() for line in lines]
    versions = [tensor._version for tensor in changed]
    run()
    for tensor, line, old, version in zip(changed, lines, before, versions, strict=True):
        assert line.equal(tensor.reshape(-1)) and tensor._version > version
        assert name == "Rprop" or not line.equal(old)
    assert not lines[0].equal(before[0])


def test_what_is_said_to_have_changed_reaches_its_views() -> None:
    y, _ = image()
    line = y.view(-1)
    y.array[...] = 8
    torch.autograd.graph.increment_version(y)
    assert line.eq(8).all()


@pytest.mark.parametrize("name", ["batch_norm", "native_batch_norm"])
def test_running_statistics_that_are_part_of_a_view(name: str) -> None:
    x = torch.arange(12.0).reshape(2, 3, 2)
    y, _ = image()
    line = y.view(-1)
    mean, var = line[:3], line[3:6]
    if name == "batch_norm":
        torch.nn.functional.batch_norm(x, mean, var, training=True)
    else:
        torch.native_batch_norm(x, None, None, mean, var, True, 0.1, 1e-5)
    assert not mean.eq(3).any() and not var.eq(3).any()
    assert y.reshape(-1).equal(line)
