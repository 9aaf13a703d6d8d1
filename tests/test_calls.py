"""Functions called for each element."""

from __future__ import annotations

import pytest

import rushlight as torch


def test_tensors_that_require_gradients_are_refused() -> None:
    x, plain = torch.ones(2, requires_grad=True), torch.ones(2)
    with pytest.raises(RuntimeError, match=r"Can't call apply_\(\) on Variable that requires grad"):
        x.apply_(lambda a: a)
    with pytest.raises(RuntimeError, match=r"Use var.detach\(\).map_\(\) instead"):
        plain.map_(x, lambda a, b: a)
    with pytest.raises(RuntimeError, match=r"Use var.detach\(\).map2_\(\) instead"):
        plain.map2_(plain, x, lambda a, b, c: a)
    assert x.detach().apply_(lambda a: 3 * a).tolist() == x.tolist() == [3, 3]


def test_numbers_arrive_as_pythons_and_in_order() -> None:
    seen = []
    x = torch.arange(6).reshape(2, 3).t()
    x.apply_(lambda a: seen.append(a) or a)
    assert seen == [0, 3, 1, 4, 2, 5] and all(type(a) is int for a in seen)
    torch.ones(1, dtype=torch.bfloat16).apply_(lambda a: seen.append(type(a)) or a)
    assert seen[-1] is float
