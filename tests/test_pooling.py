"""Pools at the edge of their sizes."""

from __future__ import annotations

import rushlight as torch

F = torch.nn.functional


def test_a_window_that_steps_over_the_image() -> None:
    """Its places lie to the left and to the right: PyTorch's maximum of nothing, no gradient."""
    x = torch.ones(1, 1, 1, 1, requires_grad=True)
    y = F.max_pool2d(x, 2, padding=1, dilation=2)
    assert y.tolist() == [[[[float("-inf")]]]]
    y.sum().backward()
    assert x.grad.tolist() == [[[[0.0]]]]
