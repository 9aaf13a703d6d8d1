"""Distributions: against SciPy, against their own samples, and what they check."""

from __future__ import annotations

import pickle
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import rushlight as torch
from distribution_rows import BY_NAME, ROWS, Row
from rushlight import distributions as d
from rushlight.distributions import constraints

every = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
with_scipy = pytest.mark.parametrize("row", [r for r in ROWS if r.scipy], ids=lambda row: row.name)


@with_scipy
def test_like_scipy(row: Row) -> None:
    """Densities, distribution functions, quantiles, moments and entropies."""
    pytest.importorskip("scipy")
    made, given = row(torch, "float64")
    assert row.scipy is not None
    known: Any = row.scipy(dict(zip(row.parameters, [g.numpy() for g in given], strict=True)))
    torch.manual_seed(0)
    values = made.sample((5,))
    density = known.logpmf if hasattr(known.dist, "pmf") else known.logpdf
    np.testing.assert_allclose(made.log_prob(values).numpy(), density(values.numpy()), rtol=1e-6)
    for name, argument in (("cdf", values), ("icdf", torch.full((1,), 0.3, dtype=torch.float64))):
        try:
            found = getattr(made, name)(argument)
        except NotImplementedError:
            continue
        expected = getattr(known, "ppf" if name == "icdf" else name)(argument.numpy())
        np.testing.assert_allclose(found.numpy(), expected, rtol=1e-7, atol=1e-12)
    if row.name == "VonMises":
        return  # whose mean is an angle, and whose variance is circular
    for name, known_as in (("mean", "mean"), ("variance", "var"), ("entropy", "entropy")):
        try:
            found = getattr(made, name)
            found = found() if callable(found) else found
        except NotImplementedError:
            continue
        # SciPy gives inf where no moment is defined, or nan.
        expected, found = getattr(known, known_as)(), found.numpy()
        both = np.isfinite(expected) & np.isfinite(found)
        assert (np.isfinite(expected) == np.isfinite(found)).all(), name
        np.testing.assert_allclose(found[both], expected[both], rtol=1e-6, err_msg=name)


@every
def test_samples_lie_in_the_support(row: Row) -> None:
    for dtype in ("float32", "float64"):
        made, _ = row(torch, dtype)
        torch.manual_seed(1)
        for shape in ((), (3,), (2, 3)):
            drawn = made.sample(shape)
            assert drawn.shape == shape + made.batch_shape + made.event_shape
            assert not drawn.requires_grad
            if "Relaxed" not in row.name:  # whose sum is 1 but for rounding
                assert made.support.check(drawn).all()


# Whose variance samples do not show, or which have another one.
HEAVY = {
    "Cauchy", "FisherSnedecor", "GeneralizedPareto", "HalfCauchy", "InverseGamma", "LogNormal",
    "Pareto", "StudentT",
}  # fmt: skip
WITHOUT = {"Categorical", "Categorical logits", "VonMises"}


@pytest.mark.parametrize(
    "row", [r for r in ROWS if r.name not in HEAVY | WITHOUT], ids=lambda row: row.name
)
def test_moments_are_those_of_samples(row: Row) -> None:
    made, _ = row(torch)
    torch.manual_seed(2)
    count = 2000
    drawn = made.sample((count,))
    try:
        mean, variance = made.mean, made.variance
    except NotImplementedError:
        pytest.skip("has no moments")
    away = (drawn.mean(0) - mean).abs() / (variance / count).sqrt()
    assert (away < 5).all()
    assert ((drawn.var(0) / variance - 1).abs() < 0.3).all()


@pytest.mark.parametrize("name", [
    "Beta", "Binomial", "Cauchy", "Gamma", "Geometric", "Gumbel", "InverseGamma", "Kumaraswamy",
    "Laplace", "LogNormal", "MultivariateNormal", "NegativeBinomial", "Normal", "Poisson",
    "StudentT", "VonMises", "Wishart",
])  # fmt: skip
def test_no_sample_is_likelier_than_the_mode(name: str) -> None:
    made, _ = BY_NAME[name](torch, validate_args=False)
    torch.manual_seed(6)
    most = made.log_prob(made.sample((200,))).amax(0)
    at_mode = made.log_prob(made.mode)
    kept = at_mode.isfinite()  # at an end of the support a density may be infinite
    assert kept.any() and (at_mode >= most - 1e-9)[kept].all()


@every
def test_density_integrates_over_what_is_enumerated(row: Row) -> None:
    made, _ = row(torch)
    if not made.has_enumerate_support or row.name == "Binomial logits":
        pytest.skip("has no list of values")
    total = made.log_prob(made.enumerate_support()).exp().sum(0)
    np.testing.assert_allclose(total.numpy(), 1.0, rtol=1e-9)


@every
def test_expand_keeps_densities(row: Row) -> None:
    made, _ = row(torch)
    wide = made.expand((4, *made.batch_shape))
    assert wide.batch_shape == (4, *made.batch_shape) and type(wide) is type(made)
    torch.manual_seed(3)
    value = made.sample()
    found = wide.log_prob(value)
    assert found.shape == wide.batch_shape
    np.testing.assert_allclose(found[2].numpy(), made.log_prob(value).numpy(), rtol=1e-6)


@every
def test_pickles(row: Row) -> None:
    made, _ = row(torch)
    copy = pickle.loads(pickle.dumps(made))
    assert repr(copy) == repr(made) and copy.batch_shape == made.batch_shape


@pytest.mark.parametrize("name", [
    "Normal", "Laplace", "Gumbel", "Exponential", "Weibull", "Cauchy", "Uniform", "LogNormal",
    "Gamma", "Kumaraswamy",
])  # fmt: skip
def test_gradients_of_samples_are_those_at_a_fixed_place(name: str) -> None:
    """dx/dp = -(dF/dp) / f, F and f the distribution function and the density (SciPy's for F)."""
    made, given = BY_NAME[name](torch, grad=True)
    torch.manual_seed(4)
    x = made.rsample()
    slopes = torch.autograd.grad(x.sum(), given, allow_unused=True, retain_graph=True)
    value = x.detach()
    if name == "Gamma":
        special = pytest.importorskip("scipy.special")
        a, rate = (g.detach().numpy() for g in given)
        place, step = special.gammainc(a, rate * value.numpy()), 1e-6
        moved = [special.gammaincinv(a + s, place) / rate for s in (step, -step)]
        found = slopes[0]
        assert found is not None
        np.testing.assert_allclose(found.numpy(), (moved[0] - moved[1]) / (2 * step), rtol=1e-5)
        return
    place = made.cdf(value)
    expected = torch.autograd.grad(-place.sum(), given, allow_unused=True)
    for mine, other in zip(slopes, expected, strict=True):
        if mine is not None and other is not None:
            np.testing.assert_allclose(
                mine.numpy(), (other / made.log_prob(value).exp()).detach().numpy(), rtol=1e-6,
                atol=1e-9,
            )  # fmt: skip


def test_import_is_on_demand() -> None:
    program = (
        "import sys, rushlight; assert 'rushlight.distributions' not in sys.modules; "
        "rushlight.distributions.Normal(0.0, 1.0)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_default_validation_can_be_turned_off() -> None:
    d.Distribution.set_default_validate_args(False)
    try:
        d.Normal(0.0, -1.0)
    finally:
        d.Distribution.set_default_validate_args(True)
    with pytest.raises(ValueError, match="Expected parameter scale"):
        d.Normal(0.0, -1.0)


def test_own_distribution_and_divergence() -> None:
    class Point(d.Distribution):
        arg_constraints = {"place": constraints.real}
        support = constraints.real

        def __init__(self, place: torch.Tensor) -> None:
            self.place = place
            super().__init__(place.shape)

        def log_prob(self, value: torch.Tensor) -> torch.Tensor:
            return (self._checked(value) == self.place).double().log()

    @d.register_kl(Point, d.Normal)
    def to_normal(p: Point, q: d.Normal) -> torch.Tensor:
        return -q.log_prob(p.place)

    point = Point(torch.zeros(2))
    assert repr(point) == "Point(place: torch.Size([2]))"
    assert point.expand((3, 2)).place.shape == (3, 2)
    found = d.kl_divergence(point, d.Normal(0.0, 1.0))
    np.testing.assert_allclose(found.numpy(), [0.9189385] * 2, rtol=1e-6)


def test_transform_cache_gives_the_same_tensor() -> None:
    transform = d.TanhTransform(cache_size=1)
    x = torch.tensor([20.0])
    assert transform.inv(transform(x)) is x
    assert d.TanhTransform().inv(transform(x)).isinf().all()
    part = d.ComposeTransform([d.ExpTransform(), d.TanhTransform()]).with_cache()
    assert part.inv(part(x)) is x
    with pytest.raises(ValueError, match="cache_size must be 0 or 1"):
        d.ExpTransform(cache_size=2)
