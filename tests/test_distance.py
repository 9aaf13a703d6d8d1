"""Distances between points that lie far from the origin."""

from __future__ import annotations

import pytest

import rushlight as torch


def test_gradient_of_near_points_far_away() -> None:
    """A difference of products would lose all of its digits here."""
    x = torch.tensor([[10000.0, 20000.0]], requires_grad=True)
    torch.cdist(x, torch.tensor([[10000.25, 20000.5]])).sum().backward()
    assert x.grad.tolist()[0] == pytest.approx([-(0.2**0.5), -(0.8**0.5)], rel=1e-6)
