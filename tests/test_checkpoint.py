"""Checkpoints: the same gradients, less kept, and what may not be done with them."""

from __future__ import annotations

from typing import Any

import pytest

import rushlight as torch
from rushlight import nn
from rushlight.utils.checkpoint import (
    CheckpointError,
    checkpoint,
    checkpoint_sequential,
    set_checkpoint_early_stop,
)


def gradients(run: Any) -> list[torch.Tensor]:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.Dropout(), nn.ReLU(), nn.Linear(4, 2))
    x = torch.randn(5, 3, requires_grad=True)
    run(model, x).square().sum().backward()
    return [x.grad, *(p.grad for p in model.parameters())]


@pytest.mark.parametrize("reentrant", [True, False])
def test_gradients_are_those_without(reentrant: bool) -> None:
    expected = gradients(lambda model, x: model(x))
    whole = gradients(lambda model, x: checkpoint(model, x, use_reentrant=reentrant))
    parts = gradients(
        lambda model, x: checkpoint_sequential(model, 2, x, use_reentrant=reentrant)
    )
    for found in (whole, parts):
        assert all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))


def test_other_numbers_without_the_random_state() -> None:
    expected = gradients(lambda model, x: model(x))
    found = gradients(
        lambda model, x: checkpoint(model, x, use_reentrant=False, preserve_rng_state=False)
    )
    assert not all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))


def test_the_second_call_ends_when_all_is_there() -> None:
    reached: list[int] = []

    def function(x: torch.Tensor) -> torch.Tensor:
        y = x.exp()
        reached.append(1)
        return y + 1

    for stops, count in ((True, 1), (False, 2)):
        reached.clear()
        x = torch.ones(2, requires_grad=True)
        with set_checkpoint_early_stop(stops):
            y = checkpoint(function, x, use_reentrant=False)
        y.sum().backward()
        assert len(reached) == count


def test_what_is_kept_goes_with_the_graph() -> None:
    x = torch.ones(2, requires_grad=True)
    y = checkpoint(lambda x: x.exp().sin(), x, use_reentrant=False)
    y.sum().backward(retain_graph=True)
    y.sum().backward()
    assert torch.allclose(x.grad, 2 * x.exp().cos() * x.exp())
    with pytest.raises(RuntimeError, match="second time"):
        y.sum().backward()


def test_arguments_of_all_kinds() -> None:
    x = torch.ones(2, requires_grad=True)
    y = checkpoint(lambda x, n, *, m: (x * n, m), x, 3, m="text", use_reentrant=False)
    assert y[1] == "text"
    y[0].sum().backward()
    assert x.grad.tolist() == [3, 3]


def test_a_function_that_changes() -> None:
    def program(shape: Any, **options: Any) -> None:
        x, calls = torch.ones(3, requires_grad=True), []

        def function(x: torch.Tensor) -> torch.Tensor:
            calls.append(1)
            return x.exp() if len(calls) == 1 else shape(x)

        checkpoint(function, x, use_reentrant=False, **options).sum().backward()

    with pytest.raises(CheckpointError, match="different metadata"):
        program(lambda x: x[:2].exp())
    with pytest.raises(CheckpointError, match="different number of tensors"):
        program(lambda x: x + 1)


def test_an_input_that_has_changed() -> None:
    x = torch.ones(2, requires_grad=True)
    y = x * 2
    out = checkpoint(torch.exp, y, use_reentrant=False)
    y.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation.*of a checkpoint"):
        out.sum().backward()


def test_what_is_refused() -> None:
    x = torch.ones(2, requires_grad=True)
    with pytest.raises(ValueError, match="Unexpected keyword arguments: speed"):
        checkpoint(torch.exp, x, use_reentrant=True, speed=3)
    with pytest.raises(ValueError, match="determinism_check should be one of"):
        checkpoint(torch.exp, x, use_reentrant=False, determinism_check="loud")
    with pytest.raises(RuntimeError, match="incompatible with .grad\\(\\)"):
        torch.autograd.grad(checkpoint(torch.exp, x, use_reentrant=True).sum(), x)
    with pytest.warns(UserWarning, match="use_reentrant parameter should be passed explicitly"):
        checkpoint(torch.exp, x)
    with pytest.warns(UserWarning, match="None of the inputs have requires_grad=True"):
        checkpoint(torch.exp, x.detach(), use_reentrant=True)
