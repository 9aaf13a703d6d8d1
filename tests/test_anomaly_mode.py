"""Where a gradient became nan, or a backward failed: the line of the forward."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

import rushlight as torch
from rushlight.autograd import detect_anomaly, set_detect_anomaly


def test_nan_shows_the_line_of_the_forward() -> None:
    x = torch.tensor([-1.0], requires_grad=True)
    with pytest.warns(UserWarning) as caught, detect_anomaly():
        y = torch.sqrt(x)  # the line
        with pytest.raises(RuntimeError, match="'SqrtBackward0' returned nan values in its 0th"):
            (y * 2).sum().backward()
    messages = [str(warning.message) for warning in caught]
    assert "Anomaly Detection has been enabled" in messages[0]
    assert "Error detected in SqrtBackward0" in messages[1]
    assert "y = torch.sqrt(x)  # the line" in messages[1] and "rushlight/ops" not in messages[1]


class Fails(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
        return x * 2

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> torch.Tensor:
        raise ValueError("not today")


def test_a_backward_that_raises() -> None:
    x = torch.ones(2, requires_grad=True)
    with set_detect_anomaly(True), pytest.warns(UserWarning, match="Fails.apply\\(x\\)"):
        y = Fails.apply(x)
        with pytest.raises(ValueError, match="not today"):
            y.sum().backward()


def test_nan_may_pass() -> None:
    x = torch.tensor([-1.0], requires_grad=True)
    with set_detect_anomaly(True, check_nan=False), warnings.catch_warnings(action="error"):
        torch.sqrt(x).backward()
    assert x.grad.isnan().all()
    torch.sqrt(x).backward()  # outside nobody looks


def test_a_forward_outside() -> None:
    y = torch.sqrt(torch.tensor([-1.0], requires_grad=True))
    with (
        set_detect_anomaly(True), pytest.warns(UserWarning, match="No forward pass information"),
        pytest.raises(RuntimeError, match="nan"),
    ):  # fmt: skip
        y.backward()


def test_switched_at_once() -> None:
    set_detect_anomaly(True)
    try:
        assert hasattr(torch.ones(1, requires_grad=True).exp().grad_fn, "_trace")
    finally:
        set_detect_anomaly(False)
    assert not hasattr(torch.ones(1, requires_grad=True).exp().grad_fn, "_trace")
