"""Views of what operations lay out otherwise than PyTorch: in the memory order of an input."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import rushlight as torch
from rushlight.nn import functional as F

A = torch.arange(20.0).reshape(4, 5)
B = torch.arange(30.0).reshape(2, 5, 3)
RESULTS: dict[str, Callable[[], torch.Tensor]] = {
    "softmax": lambda: F.softmax(B.transpose(1, 2), -1), "cat": lambda: torch.cat([A.t(), A.t()]),
    "sum": lambda: B.transpose(1, 2).sum(0), "cumsum": lambda: A.t().cumsum(0),
    "masked_fill": lambda: A.t().masked_fill(A.t() > 5, 0), "pad": lambda: F.pad(A.t(), (1, 1)),
}  # fmt: skip


@pytest.mark.parametrize("make", RESULTS.values(), ids=RESULTS)
def test_a_result_may_be_viewed_and_written_through_it(make: Callable[[], torch.Tensor]) -> None:
    x = make()
    view = x.view(-1)
    assert view.tolist() == x.contiguous().flatten().tolist()
    view[1] = 100
    assert x[(0,) * (x.ndim - 1)][1] == 100
    x.zero_()
    assert not view.any()


def test_views_of_tensors_that_do_not_fit_are_refused() -> None:
    for x in (A.t(), A[:, 1:]):
        with pytest.raises(RuntimeError, match=r"Use .reshape\(...\) instead"):
            x.view(-1)


def test_gradients_pass_such_views() -> None:
    x = A.clone().requires_grad_()
    (torch.cat([x.t(), x.t()]).view(-1) * torch.arange(40.0)).sum().backward()
    assert x.grad is not None and x.grad[0].tolist() == [20 + 8 * i for i in range(5)]


def test_ravel_reaches_the_result_of_a_convolution() -> None:
    y = torch.nn.Conv2d(1, 2, 1)(torch.ones(1, 1, 3, 3)).detach()
    y.ravel().zero_()
    assert not y.any()
