"""`torch.cond` and `torch.while_loop`: what they compute, and what they refuse."""

from __future__ import annotations

import pytest

import rushlight as torch
from rushlight._higher_order_ops import associative_scan, map, scan


def test_a_branch_and_its_gradient() -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    torch.cond(x.sum() > 1, lambda x: (x * x).sum(), lambda x: x.sum(), (x,)).backward()
    assert x.grad is not None and x.grad.tolist() == [2, 4]
    assert torch.cond(False, lambda x: x + 1, lambda x: x - 1, (torch.ones(2),)).tolist() == [0, 0]


def test_what_a_condition_and_a_loop_refuse() -> None:
    with pytest.raises(RuntimeError, match="Expected pred to be bool or tensor, but got a"):
        torch.cond("a", lambda x: x, lambda x: x, (torch.ones(2),))
    with pytest.raises(RuntimeError, match="list of tensors, .* got tuple of Tensor, int"):
        torch.cond(torch.tensor(True), lambda x, n: x, lambda x, n: x, (torch.ones(2), 3))
    with pytest.raises(RuntimeError, match="same shape and dtype, got .*float32"):
        torch.while_loop(lambda i: i < 5, lambda i: (i.float() + 1,), (torch.tensor(0),))


def test_numbers_of_python_choose_a_branch() -> None:
    assert torch.cond(1, lambda n: n + 1, lambda n: n - 1, (3,)) == 4
    assert torch.cond(0.0, lambda n: n + 1, lambda n: n - 1, (3,)) == 2


def test_the_modules_that_programs_import() -> None:
    from rushlight._higher_order_ops.associative_scan import associative_scan as a
    from rushlight._higher_order_ops.cond import cond
    from rushlight._higher_order_ops.while_loop import while_loop

    assert (cond, while_loop, a) == (torch.cond, torch.while_loop, associative_scan)


@pytest.mark.parametrize("dim", [0, 1, -1])
@pytest.mark.parametrize("reverse", [False, True])
def test_scans(dim: int, reverse: bool) -> None:
    x = torch.arange(6.0).reshape(2, 3).requires_grad_()
    expected = x.flip(dim).cumsum(dim).flip(dim) if reverse else x.cumsum(dim)
    found = associative_scan(
        lambda a, b: {"x": a["x"] + b["x"]}, {"x": x}, dim, reverse, combine_mode="generic"
    )["x"]
    assert torch.equal(found, expected)
    found.sum().backward()
    assert x.grad is not None and x.grad.sum() > 6
    start = torch.zeros_like(x.select(dim, 0))
    last, sums = scan(lambda c, x: (c + x, c + x), start, x, dim=dim, reverse=reverse)
    assert torch.equal(sums, expected) and torch.equal(last, x.sum(dim))


def test_what_is_mapped() -> None:
    pair = [torch.arange(4.0).reshape(2, 2), torch.ones(2)]
    assert map(lambda xs, y: xs[0] * y + xs[1], pair, 10).tolist() == [[1, 11], [21, 31]]


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda: associative_scan(torch.add, torch.ones(2), 0), ValueError, "on CUDA"),
        (
            lambda: associative_scan(torch.add, torch.ones(0), 0, False, "generic"),
            ValueError, "> 0",
        ),
        (lambda: associative_scan(3, torch.ones(2), 0), ValueError, "must be a callable"),  # type: ignore[arg-type]
        (lambda: associative_scan(torch.add, [1], 0, False, "generic"), ValueError, "be tensors"),
        (lambda: associative_scan(torch.add, torch.ones(2), 0, False, "x"), ValueError, "got x"),
        (lambda: scan(lambda c, x: (c, x), 1, torch.ones(2)), RuntimeError, "must be tensors"),
        (lambda: scan(lambda c, x: (c, x), [], torch.ones(2)), RuntimeError, "to carry"),
        (lambda: map(torch.abs, torch.ones(0, 2)), RuntimeError, "not 0"),
        (lambda: map(torch.abs, [torch.ones(1), torch.ones(2)]), RuntimeError, "consistent"),
        (lambda: map(torch.abs, torch.tensor(1.0)), RuntimeError, "a dimension to be mapped over"),
    ],
)  # fmt: skip
def test_what_scans_refuse(call, error, message) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(error, match=message):
        call()
