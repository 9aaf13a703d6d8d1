"""`torch.cond` and `torch.while_loop`: what they compute, and what they refuse."""

from __future__ import annotations

import pytest

import rushlight as torch


def test_a_branch_and_its_gradient() -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    torch.cond(x.sum() > 1, lambda x: (x * x).sum(), lambda x: x.sum(), (x,)).backward()
    assert x.grad is not None and x.grad.tolist() == [2, 4]
    assert torch.cond(False, lambda x: x + 1, lambda x: x - 1, (torch.ones(2),)).tolist() == [0, 0]


def test_what_a_condition_and_a_loop_refuse() -> None:
    with pytest.raises(RuntimeError, match="Expected pred to be bool or tensor, but got a"):
        torch.cond("a", lambda x: x, lambda x: x, (torch.ones(2),))
    with pytest.raises(RuntimeError, match="same shape and dtype, got .*float32"):
        torch.while_loop(lambda i: i < 5, lambda i: (i.float() + 1,), (torch.tensor(0),))
