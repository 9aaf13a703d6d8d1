"""GradScaler: scaling, steps that are left out, growth, state, mistakes."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

import rushlight as torch
from rushlight import nn

inf = float("inf")


def scaled(optimizer: Any = None, **options: Any) -> tuple[Any, Any, Any]:
    """A scaler of scale 4 that has scaled a loss, a parameter with that gradient, its optimizer."""
    w = nn.Parameter(torch.ones(2))
    scaler = torch.amp.GradScaler("cpu", init_scale=4.0, **options)
    scaler.scale(w.sum()).backward()
    return scaler, w, (optimizer or torch.optim.SGD)([w], lr=0.5)


@pytest.mark.parametrize("optimizer", [torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW])
def test_steps_are_those_of_the_loss(optimizer: Any) -> None:
    scaler, w, stepped = scaled(optimizer)
    scaler.step(stepped)
    scaler.update()
    other = nn.Parameter(torch.ones(2))
    other.sum().backward()
    optimizer([other], lr=0.5).step()
    assert w.equal(other)
    assert scaler.get_scale() == 4.0


@pytest.mark.parametrize("bad", [inf, -inf, float("nan")])
def test_a_gradient_that_is_not_finite_leaves_the_step_out(bad: float) -> None:
    scaler, w, optimizer = scaled()
    w.grad[1] = bad
    scaler.step(optimizer)
    assert w.tolist() == [1, 1]
    scaler.update()
    assert scaler.get_scale() == 2.0
    w.grad = torch.full((2,), 2.0)
    scaler.step(optimizer)
    assert w.tolist() == [0.5, 0.5]


def test_unscaled_gradients_can_be_clipped() -> None:
    scaler, w, optimizer = scaled()
    scaler.unscale_(optimizer)
    assert w.grad.tolist() == [1, 1]
    nn.utils.clip_grad_value_(w, 0.5)
    scaler.step(optimizer)
    assert w.tolist() == [0.75, 0.75]


def test_growth() -> None:
    scaler, w, optimizer = scaled(growth_interval=2, growth_factor=3.0)
    found = []
    for _ in range(4):
        w.grad = torch.zeros(2)
        scaler.step(optimizer)
        scaler.update()
        found.append(scaler.get_scale())
    assert found == [4, 12, 12, 36]
    scaler.update(5.0)
    assert scaler.get_scale() == 5
    scaler.update(torch.tensor(7.0))
    assert scaler.get_scale() == 7


def test_containers_of_losses() -> None:
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0)
    one = torch.ones(())
    assert scaler.scale([one, (one, one)]) == [2, (2, 2)]
    with pytest.raises(ValueError, match="an iterable of tensors, not float"):
        scaler.scale(1.0)


def test_state() -> None:
    scaler, w, optimizer = scaled(growth_interval=3)
    w.grad = torch.zeros(2)
    scaler.step(optimizer)
    with pytest.raises(AssertionError, match="beginning of an iteration"):
        pickle.dumps(scaler)
    scaler.update()
    state = {"scale": 4.0, "growth_factor": 2.0, "backoff_factor": 0.5, "growth_interval": 3,
             "_growth_tracker": 1}  # fmt: skip
    assert scaler.state_dict() == state
    for other in (torch.amp.GradScaler("cpu"), pickle.loads(pickle.dumps(scaler))):
        other.load_state_dict(state)
        assert other.state_dict() == state
        other.scale(torch.ones(()))
        assert other.state_dict() == state
    with pytest.raises(RuntimeError, match="source state dict is empty"):
        scaler.load_state_dict({})


def test_order_of_calls() -> None:
    scaler, w, optimizer = scaled()
    with pytest.raises(AssertionError, match="No inf checks were recorded prior to update"):
        scaler.update()
    scaler.unscale_(optimizer)
    with pytest.raises(RuntimeError, match="already been called on this optimizer"):
        scaler.unscale_(optimizer)
    scaler.step(optimizer)
    with pytest.raises(RuntimeError, match="already been called since the last update"):
        scaler.step(optimizer)
    with pytest.raises(RuntimeError, match="called after step"):
        scaler.unscale_(optimizer)
    scaler.update()
    w.grad = None
    with pytest.raises(AssertionError, match="No inf checks were recorded for this optimizer"):
        scaler.step(optimizer)
    with pytest.raises(RuntimeError, match="Closure use"):
        scaler.step(optimizer, closure=lambda: 1.0)
    with pytest.raises(AssertionError, match="scale a loss first"):
        torch.amp.GradScaler("cpu").step(optimizer)


def test_float16_gradients_are_not_unscaled_by_hand() -> None:
    scaler, _, _ = scaled()
    h = nn.Parameter(torch.ones(2, dtype=torch.float16))
    h.grad = torch.ones(2, dtype=torch.float16)
    with pytest.raises(ValueError, match="FP16"):
        scaler.unscale_(torch.optim.SGD([h], lr=0.1))


def test_disabled() -> None:
    scaler = torch.amp.GradScaler("cpu", enabled=False)
    w = nn.Parameter(torch.ones(1))
    optimizer = torch.optim.SGD([w], lr=0.5)
    loss = w.sum()
    assert scaler.scale(loss) is loss and scaler.get_scale() == 1.0 and scaler.state_dict() == {}
    loss.backward()
    scaler.unscale_(optimizer)
    scaler.step(optimizer)
    scaler.update()
    assert w.item() == 0.5


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu() -> None:
    with pytest.warns(UserWarning, match="no CUDA device"):
        assert not torch.cuda.amp.GradScaler().is_enabled()


def test_options_are_checked() -> None:
    with pytest.raises(AssertionError, match=r"must be > 1\.0"):
        torch.amp.GradScaler("cpu", growth_factor=1.0)
    with pytest.raises(AssertionError, match=r"must be < 1\.0"):
        torch.amp.GradScaler("cpu", backoff_factor=1.0)
    with pytest.raises(RuntimeError, match="unsupported device 'tpu'"):
        torch.amp.GradScaler("tpu")


def test_texts_are_no_containers_of_losses() -> None:
    with pytest.raises(ValueError, match="an iterable of tensors, not str"):
        torch.amp.GradScaler("cpu").scale("loss")
