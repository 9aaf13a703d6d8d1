"""Pools at the edge of their sizes."""

from __future__ import annotations

import pytest

import rushlight as torch

F = torch.nn.functional


def test_a_window_that_steps_over_the_image() -> None:
    """Its places lie to the left and to the right: PyTorch's maximum of nothing, no gradient."""
    x = torch.ones(1, 1, 1, 1, requires_grad=True)
    y = F.max_pool2d(x, 2, padding=1, dilation=2)
    assert y.tolist() == [[[[float("-inf")]]]]
    y.sum().backward()
    assert x.grad.tolist() == [[[[0.0]]]]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("values, place", [([9, 1, 9, 2], 2), ([9, 9, 9, 9], 3), ([1, 9, 3, 2], 1)])
def test_of_several_nans_the_last_is_the_maximum(
    values: list[int], place: int, dtype: torch.dtype
) -> None:
    numbers = [float("nan") if v == 9 else float(v) for v in values]
    x = torch.tensor(numbers, dtype=dtype).reshape(1, 1, 2, 2).repeat(1, 20, 1, 1).requires_grad_()
    y, indices = F.max_pool2d(x, 2, return_indices=True)
    assert y.isnan().all() and (indices == place).all()
    y.sum().backward()
    assert x.grad[0, 7].flatten().tolist() == [float(i == place) for i in range(4)]
