"""Tensors that change places, and what `torch.__future__` says of conversions."""

from __future__ import annotations

import weakref
from collections.abc import Iterator

import pytest

import rushlight as torch


@pytest.fixture
def settings() -> Iterator[None]:
    yield
    torch.__future__.set_overwrite_module_params_on_conversion(False)
    torch.__future__.set_swap_module_params_on_conversion(False)


def test_all_changes_places() -> None:
    first, second = torch.nn.Parameter(torch.ones(2)), torch.zeros(3)
    first.grad, first.note = torch.full((2,), 5.0), "first"  # type: ignore[attr-defined]
    torch.utils.swap_tensors(first, second)
    assert type(first) is torch.Tensor and first.tolist() == [0, 0, 0] and first.grad is None
    assert isinstance(second, torch.nn.Parameter) and second.note == "first"  # type: ignore
    assert second.grad is not None and second.grad.tolist() == [5, 5] and second.requires_grad


def test_history_goes_along() -> None:
    x = torch.ones(2, requires_grad=True)
    y, z = x.exp(), torch.zeros(2)
    torch.utils.swap_tensors(y, z)
    assert not y.requires_grad
    z.sum().backward()
    assert x.grad is not None


def test_refuses_what_is_watched() -> None:
    x = torch.ones(2)
    reference = weakref.ref(x)
    with pytest.raises(RuntimeError, match="Cannot swap t2 because it has weakref"):
        torch.utils.swap_tensors(torch.zeros(2), x)
    assert reference() is x
    with pytest.raises(TypeError, match="t1 must be a Tensor"):
        torch.utils.swap_tensors(3, x)  # type: ignore[arg-type]


def test_conversions_that_make_new_parameters(settings: None) -> None:
    layer = torch.nn.Linear(2, 2)
    weight = layer.weight
    weight.grad = torch.ones(2, 2)
    torch.__future__.set_overwrite_module_params_on_conversion(True)
    layer.double()
    assert layer.weight is not weight and weight.dtype is torch.float32
    assert layer.weight.grad is not None and layer.weight.grad.dtype is torch.float64
    torch.__future__.set_swap_module_params_on_conversion(True)
    assert torch.__future__.get_swap_module_params_on_conversion()
    weight = layer.weight
    assert layer.float().weight is weight and weight.dtype is torch.float32
