"""`utils.flop_counter`: what is counted, and where."""

from __future__ import annotations

import pytest

import rushlight as torch
from rushlight import nn
from rushlight.utils.flop_counter import FlopCounterMode


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten())
        self.head = nn.Linear(32, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.body(x))


CONVOLUTION = 2 * 5 * 2 * 16 * 9  # batch, channels, places, taps
LINEAR = 2 * 5 * 32 * 3


def test_modules_and_backward() -> None:
    net = Net()
    with FlopCounterMode(display=False) as counter:
        loss = net(torch.ones(5, 1, 6, 6)).sum()
        assert counter.get_total_flops() == CONVOLUTION + LINEAR
        loss.backward()
    counts = counter.get_flop_counts()
    assert counts["Net"] == {"convolution": CONVOLUTION, "linear": LINEAR}
    assert counts["Net.body"] == counts["Net.body.0"] == {"convolution": CONVOLUTION}
    assert counts["Net.head"] == {"linear": LINEAR}
    # Backward: the gradients of both weights, and of the linear layer's input.
    assert counter.get_total_flops() == 2 * CONVOLUTION + 3 * LINEAR


def test_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    with FlopCounterMode(depth=2) as counter:
        Net()(torch.ones(5, 1, 6, 6))
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines if "-" not in line] == [
        "Module", "Global", "Net", "Net.body", "Net.head"
    ]
    assert lines[2].split() == ["Global", f"{CONVOLUTION + LINEAR:,}", "100.00%"]
    assert "Net.body.0" in counter.get_table(3)
    with counter:
        pass
    assert counter.get_total_flops() == 0
    assert counter.get_table().splitlines()[-1].split() == ["Global", "0", "0.00%"]


def test_an_error_inside() -> None:
    with pytest.raises(RuntimeError), FlopCounterMode(display=False) as counter:
        Net()(torch.ones(5, 1, 6, 7, 8))
    with counter:
        Net()(torch.ones(1, 1, 6, 6))
    assert "Net.head" in counter.get_flop_counts()
