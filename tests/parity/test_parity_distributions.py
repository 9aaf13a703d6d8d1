"""Distributions beside PyTorch's: the same numbers from the same parameters and the same seed."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import rushlight
from distribution_rows import ATTRIBUTES, BY_NAME, KL_ROWS, ROWS

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.filterwarnings("ignore")
BOTH = (rushlight, torch)
every = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
MANY = [*ROWS, *KL_ROWS]


def samples(row, shape=(4,), dtype="", method="sample"):
    drawn = []
    for library in BOTH:
        made, _ = row(library, dtype)
        library.manual_seed(5)
        drawn.append(getattr(made, method)(shape).detach().numpy())
    return drawn


def outcome(function):
    """What it gives, or the class of what it raises."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return function()
    except (NotImplementedError, ValueError, RuntimeError) as error:
        return type(error)


def check(results, tolerance):
    mine, theirs = results
    if isinstance(theirs, type):
        assert mine is theirs
        return
    assert tuple(mine.shape) == tuple(theirs.shape)
    assert str(mine.dtype).split(".")[-1] == str(theirs.dtype).split(".")[-1]
    np.testing.assert_allclose(
        mine.detach().numpy(), theirs.detach().numpy(), rtol=tolerance, atol=tolerance
    )


@every
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(), (20,), (2, 3)], ids=str)
def test_samples_of_a_seed(row, dtype, shape):
    mine, theirs = samples(row, shape, dtype)
    assert mine.shape == theirs.shape and mine.dtype == theirs.dtype
    tolerance = 2e-6 if dtype == "float32" else 1e-13
    np.testing.assert_allclose(mine, theirs, rtol=tolerance * 20, atol=tolerance)


@every
def test_attributes(row):
    for name in ("batch_shape", "event_shape", "has_rsample", "has_enumerate_support"):
        mine, theirs = [getattr(row(library)[0], name) for library in BOTH]
        assert mine == theirs, name
    for name in ATTRIBUTES:
        if name not in row.without:
            check([outcome(lambda t=t: getattr(row(t)[0], name)) for t in BOTH],  # noqa: B023
                  row.tolerance)
    assert repr(row(rushlight)[0]) == repr(row(torch)[0])
    assert repr(row(rushlight)[0].support) == repr(row(torch)[0].support)


@every
@pytest.mark.parametrize("name", ["log_prob", "cdf"])
def test_functions_of_values(row, name):
    _, values = samples(row)

    def run(library):
        made, given = row(library, grad=True)
        value = library.tensor(values.copy())
        result = getattr(made, name)(value)
        slopes = library.autograd.grad(
            result.nan_to_num(0, 0, 0).sum(), given, allow_unused=True
        ) if result.requires_grad else ()  # fmt: skip
        # PyTorch gives triangular matrices gradients in elements that are not read, too.
        there = [slope for slope in slopes if slope is not None]
        lower = [s.tril() if "tril" in row.name and s.dim() > 2 else s for s in there]
        return [result, *lower]

    results = [outcome(lambda t=t: run(t)) for t in BOTH]
    if isinstance(results[1], type):
        assert results[0] is results[1]
        return
    assert len(results[0]) == len(results[1])
    for mine, theirs in zip(*results, strict=True):
        check((mine, theirs), max(row.tolerance, 1e-7))


@every
def test_quantiles(row):
    values = np.array([[0.1], [0.5], [0.8]], row.dtype)
    check([outcome(lambda t=t: row(t)[0].icdf(t.tensor(values))) for t in BOTH], row.tolerance)


@every
def test_entropy_and_support(row):
    check([outcome(lambda t=t: row(t)[0].entropy()) for t in BOTH], row.tolerance)
    check([outcome(lambda t=t: row(t)[0].perplexity()) for t in BOTH], max(row.tolerance, 1e-7))
    for expand in (True, False):
        results = [outcome(lambda t=t: row(t)[0].enumerate_support(expand)) for t in BOTH]  # noqa: B023
        check(results, 1e-12)


@every
def test_gradients_of_samples(row):
    """PyTorch's gradients of gamma and beta variates are good to three digits."""
    results = []
    for library in BOTH:
        made, given = row(library, grad=True)
        if not made.has_rsample or row.name.startswith("Wishart"):
            pytest.skip("PyTorch has no rsample, or cannot differentiate its own")
        library.manual_seed(11)
        drawn = made.rsample((5,))
        weights = library.tensor(np.linspace(1, 2, 5)).reshape(-1, *[1] * (drawn.dim() - 1))
        total = (drawn * weights).sum()
        slopes = library.autograd.grad(total, given, allow_unused=True)
        results.append([s.numpy() for s in slopes if s is not None])
    for mine, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=3e-3, atol=1e-6)


@every
def test_expand(row):
    def run(library):
        made = row(library)[0]
        wide = made.expand((4, *made.batch_shape))
        library.manual_seed(1)
        drawn = wide.sample((2,))
        wider = wide.expand((2, 4, *made.batch_shape))
        return [drawn, wide.log_prob(drawn), wider.log_prob(drawn[0])]

    for mine, theirs in zip(run(rushlight), run(torch), strict=True):
        check((mine, theirs), max(row.tolerance, 1e-6))


@pytest.mark.parametrize("p", MANY, ids=lambda row: row.name)
def test_divergences(p):
    for q in MANY:
        results = [
            outcome(lambda t=t: t.distributions.kl_divergence(p(t)[0], q(t)[0]))  # noqa: B023
            for t in BOTH
        ]
        if "ContinuousBernoulli" in q.name and "Uniform" in p.name:
            continue  # PyTorch compares the supports the wrong way round
        if "Uniform" in q.name and "ContinuousBernoulli" in p.name:
            continue
        try:
            check(results, 1e-6)
        except AssertionError as error:
            raise AssertionError(f"KL({p.name} || {q.name}): {error}") from error


BAD = {
    "negative scale": lambda t: t.distributions.Normal(t.zeros(2), t.tensor([1.0, -1.0])),
    "probs above 1": lambda t: t.distributions.Bernoulli(t.tensor([0.5, 1.5])),
    "both": lambda t: t.distributions.Bernoulli(t.tensor(0.5), t.tensor(0.5)),
    "neither": lambda t: t.distributions.Categorical(),
    "no row": lambda t: t.distributions.Categorical(t.tensor(0.5)),
    "value outside": lambda t: t.distributions.Exponential(t.ones(2)).log_prob(-t.ones(2)),
    "value's shape": lambda t: t.distributions.Normal(t.zeros(3), 1.0).log_prob(t.zeros(2)),
    "event's shape": lambda t: t.distributions.Dirichlet(t.ones(3)).log_prob(t.ones(2) / 2),
    "no tensor": lambda t: t.distributions.Normal(0.0, 1.0).log_prob(0.5),
    "low above high": lambda t: t.distributions.Uniform(1.0, 0.0),
    "not positive definite": lambda t: t.distributions.MultivariateNormal(t.zeros(2), -t.eye(2)),
    "two matrices": lambda t: t.distributions.MultivariateNormal(t.zeros(2), t.eye(2), t.eye(2)),
    "no batch": lambda t: t.distributions.Independent(t.distributions.Normal(0.0, 1.0), 1),
    "no divergence": lambda t: t.distributions.kl_divergence(
        t.distributions.Normal(0.0, 1.0), t.distributions.Poisson(1.0)),
    "no parameter": lambda t: t.distributions.Normal("0", 1.0),
    "dim of LKJ": lambda t: t.distributions.LKJCholesky(1),
    "default": lambda t: t.distributions.Distribution.set_default_validate_args("no"),
    "uneven counts": lambda t: t.distributions.Binomial(t.tensor([1.0, 2.0]), 0.5).entropy(),
    "no transform": lambda t: t.distributions.TransformedDistribution(
        t.distributions.Normal(0.0, 1.0), "exp"),
}  # fmt: skip


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_errors(bad):
    kinds, texts = [], []
    for library in BOTH:
        with pytest.raises(Exception) as raised:  # noqa: PT011
            bad(library)
        kinds.append(raised.type)
        texts.append(str(raised.value).split("(")[0][:25])
    assert kinds[0] is kinds[1]
    if texts[1] and kinds[1] is ValueError:
        assert texts[0] == texts[1]


TRANSFORMS = {
    "exp": (lambda d: d.ExpTransform(), (4,)),
    "power": (lambda d: d.PowerTransform(2.0), (4,)),
    "sigmoid": (lambda d: d.SigmoidTransform(), (4,)),
    "softplus": (lambda d: d.SoftplusTransform(), (4,)),
    "tanh": (lambda d: d.TanhTransform(), (4,)),
    "affine": (lambda d: d.AffineTransform(1.0, -3.0), (4,)),
    "affine event": (lambda d: d.AffineTransform(1.0, 2.0, event_dim=1), (2, 4)),
    "inverse": (lambda d: d.ExpTransform().inv, (4,)),
    "compose": (
        lambda d: d.ComposeTransform([d.ExpTransform(), d.AffineTransform(0.0, 2.0)]), (4,)),
    "independent": (lambda d: d.IndependentTransform(d.ExpTransform(), 1), (2, 4)),
    "reshape": (lambda d: d.ReshapeTransform((4,), (2, 2)), (3, 4)),
    "stick": (lambda d: d.StickBreakingTransform(), (2, 4)),
    "softmax": (lambda d: d.SoftmaxTransform(), (2, 4)),
    "correlation": (lambda d: d.CorrCholeskyTransform(), (2, 6)),
    "cholesky": (lambda d: d.LowerCholeskyTransform(), (2, 3, 3)),
    "definite": (lambda d: d.PositiveDefiniteTransform(), (2, 3, 3)),
    "cat": (lambda d: d.CatTransform([d.ExpTransform(), d.SigmoidTransform()], 0, [1, 3]), (4, 2)),
    "stack": (lambda d: d.StackTransform([d.ExpTransform(), d.SigmoidTransform()], 1), (3, 2)),
    "abs": (lambda d: d.AbsTransform(), (4,)),
    "cdf": (lambda d: d.CumulativeDistributionTransform(d.Normal(0.0, 2.0)), (4,)),
    "positive": (lambda d: d.biject_to(d.constraints.positive), (4,)),
    "below": (lambda d: d.biject_to(d.constraints.less_than(3.0)), (4,)),
    "interval": (lambda d: d.transform_to(d.constraints.interval(-1.0, 3.0)), (4,)),
    "simplex": (lambda d: d.transform_to(d.constraints.simplex), (2, 4)),
    "real vector": (lambda d: d.biject_to(d.constraints.real_vector), (2, 4)),
}  # fmt: skip


@pytest.mark.parametrize(("make", "shape"), TRANSFORMS.values(), ids=TRANSFORMS)
def test_transforms(make, shape):
    x = np.abs(np.random.RandomState(0).randn(*shape)) + 0.1
    results = []
    for library in BOTH:
        transform = make(library.distributions)
        value = library.tensor(x)
        y = transform(value)
        results.append([
            y, transform.inv(y), outcome(lambda: transform.log_abs_det_jacobian(value, y)),  # noqa: B023
            library.tensor(transform.forward_shape(value.shape)),
            library.tensor(transform.inverse_shape(y.shape)),
        ])  # fmt: skip
    for pair in zip(*results, strict=True):
        check(pair, 1e-6)
    mine, theirs = (make(library.distributions) for library in BOTH)
    assert repr(mine) == repr(theirs)
    assert repr(mine.domain) == repr(theirs.domain)
    assert repr(mine.codomain) == repr(theirs.codomain)
    assert mine.bijective == theirs.bijective
    signs = [outcome(lambda: t.sign) for t in (mine, theirs)]  # noqa: B023
    if isinstance(signs[1], type):
        assert signs[0] is signs[1]
    else:
        assert float(signs[0]) == float(signs[1])
    if theirs == make(torch.distributions):
        assert mine == make(rushlight.distributions)


def test_names():
    assert set(torch.distributions.__all__) <= set(dir(rushlight.distributions))
    for module in ("constraints", "transforms", "utils", "kl", "constraint_registry"):
        names = getattr(torch.distributions, module).__all__
        assert set(names) <= set(dir(getattr(rushlight.distributions, module))), module


def test_rows_have_every_distribution():
    base = torch.distributions.Distribution
    values = vars(torch.distributions).items()
    classes = {name for name, v in values if isinstance(v, type) and issubclass(v, base)}
    assert classes - {"Distribution", "ExponentialFamily"} <= set(BY_NAME)


