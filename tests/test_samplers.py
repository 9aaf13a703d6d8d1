"""Variates by rejection: their gradients against SciPy's quantiles, what they refuse, devices."""

from __future__ import annotations

import numpy as np
import pytest

import rushlight as torch
from rushlight.testing import register_strict_device

special = pytest.importorskip("scipy.special")
register_strict_device()
PLACES = [0.01, 0.3, 0.5, 0.9, 0.999]


@pytest.mark.parametrize("place", PLACES)
def test_gamma_gradient_is_that_of_the_quantile(place: float) -> None:
    a = np.array([0.2, 0.9, 1.0, 1.7, 5.0, 30.0, 200.0, 1e4])
    x, step = special.gammaincinv(a, place), 1e-5 * a
    slope = special.gammaincinv(a + step, place) - special.gammaincinv(a - step, place)
    found = torch._standard_gamma_grad(torch.tensor(a), torch.tensor(x))
    np.testing.assert_allclose(found.numpy(), slope / (2 * step), rtol=1e-6)


@pytest.mark.parametrize("place", PLACES)
def test_dirichlet_gradient_is_that_of_the_quantile(place: float) -> None:
    a, b = np.meshgrid([0.4, 1.0, 5.0, 80.0], [0.6, 1.0, 3.0, 200.0])
    x, step = special.betaincinv(a, b, place), 1e-5 * a
    slope = special.betaincinv(a + step, b, place) - special.betaincinv(a - step, b, place)
    found = torch._dirichlet_grad(torch.tensor(x), torch.tensor(a), torch.tensor(a + b))
    expected = slope / (2 * step) / (1 - x)
    kept = (x > 1e-12) & (1 - x > 1e-6)  # elsewhere SciPy's quantile has too few digits
    np.testing.assert_allclose(found.numpy()[kept], expected[kept], rtol=1e-5)


def test_shares_move_together() -> None:
    """Shares sum to 1, whatever their concentrations: the sum has no gradient."""
    torch.manual_seed(0)
    a = torch.tensor([0.5, 2.0, 3.0], dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(torch._sample_dirichlet(a).sum(), a)
    np.testing.assert_allclose(slope.numpy(), 0.0, atol=1e-12)


def test_a_second_derivative_is_refused() -> None:
    a = torch.ones(2, requires_grad=True)
    (slope,) = torch.autograd.grad(torch._standard_gamma(a).sum(), a, create_graph=True)
    with pytest.raises((NotImplementedError, RuntimeError)):
        slope.sum().backward()


def test_rates_below_zero_are_refused() -> None:
    with pytest.raises(RuntimeError, match="invalid Poisson rate, expected rate to be non-neg"):
        torch.poisson(torch.tensor([1.0, -1.0]))


def test_dtypes() -> None:
    torch.manual_seed(0)
    for dtype in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
        x = torch.full((50,), 4.0, dtype=dtype)
        for drawn in (torch.poisson(x), torch._standard_gamma(x)):
            assert drawn.dtype is dtype and (drawn >= 0).all()
        assert abs(float(torch._standard_gamma(x).float().mean()) - 4) < 1.5
    with pytest.raises(NotImplementedError, match="binomial: not implemented for torch.float16"):
        torch.binomial(torch.ones(2).half(), torch.ones(2).half())


def test_the_state_is_left_behind_the_last_number() -> None:
    """However many numbers a call has drawn ahead, the next one goes on where it stopped."""
    torch.manual_seed(5)
    rates = torch.linspace(0, 30, 700)
    together = torch.poisson(rates)
    after = torch.rand(3)
    torch.manual_seed(5)
    parts = torch.cat([torch.poisson(part) for part in rates.split([1, 300, 399])])
    assert torch.equal(parts, together) and torch.equal(torch.rand(3), after)


def test_another_device_draws_from_its_own_generator() -> None:
    torch.manual_seed(1)
    a = torch.full((300,), 3.0, device="strict", requires_grad=True)
    drawn = torch._standard_gamma(a)
    assert drawn.device.type == "strict" and abs(float(drawn.detach().cpu().mean()) - 3) < 0.5
    drawn.sum().backward()
    assert a.grad is not None and bool((a.grad.cpu() > 0).all())
    assert abs(float(torch.poisson(a.detach()).cpu().mean()) - 3) < 0.5
