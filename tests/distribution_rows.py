"""One row per distribution: how it is made, from a module that is rushlight or torch.

A row's parameters are a batch of three, or of two vectors or matrices, in a dtype.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

MATRICES = [[[2.0, 0.4, 0.1], [0.4, 1.0, 0.2], [0.1, 0.2, 1.5]],
            [[1.0, -0.3, 0.0], [-0.3, 0.8, 0.1], [0.0, 0.1, 0.5]]]  # fmt: skip
TRILS = np.linalg.cholesky(np.array(MATRICES)).tolist()
SHARES = [[0.2, 0.5, 0.3], [0.1, 0.1, 0.8]]
LOGITS = [[0.3, -1.0, 2.0], [0.0, 0.5, -0.5]]


@dataclass
class Row:
    """`make(d, t)` gets the module of distributions and a function from lists to tensors."""

    name: str
    make: Callable[..., Any]
    parameters: dict[str, Any]
    scipy: Callable[[Any], Any] | None = None  # of the parameters, a frozen distribution of SciPy's
    without: tuple[str, ...] = ()  # what PyTorch does not define, or defines wrongly
    fixed: dict[str, Any] = field(default_factory=dict)
    tolerance: float = 1e-9
    dtype: str = "float64"

    def __call__(self, torch: Any, dtype: str = "", grad: bool = False,
                 **options: Any) -> tuple[Any, list[Any]]:  # fmt: skip
        kind = getattr(torch, dtype or self.dtype)
        given = {k: torch.tensor(v, dtype=kind) for k, v in self.parameters.items()}
        if grad:
            given = {k: v.requires_grad_() for k, v in given.items()}
        made = self.make(torch.distributions, **given, **self.fixed, **options)
        return made, list(given.values())


def named(name: str) -> Callable[..., Any]:
    return lambda d, **given: getattr(d, name)(**given)


def row(name: str, parameters: dict[str, Any], scipy: Any = None, label: str = "",
        **more: Any) -> Row:  # fmt: skip
    return Row(label or name, named(name), parameters, scipy, **more)


def _independent(d: Any, loc: Any, scale: Any) -> Any:
    return d.Independent(d.Normal(loc, scale), 1)


def _transformed(d: Any, loc: Any, scale: Any, **options: Any) -> Any:
    steps = [d.AffineTransform(1.0, -2.0), d.SigmoidTransform()]
    return d.TransformedDistribution(d.Normal(loc, scale), steps, **options)


def _mixture(d: Any, probs: Any, loc: Any, scale: Any, **options: Any) -> Any:
    return d.MixtureSameFamily(d.Categorical(probs), d.Normal(loc, scale), **options)


def _vector_mixture(d: Any, probs: Any, loc: Any, scale: Any, **options: Any) -> Any:
    parts = d.Independent(d.Normal(loc, scale), 1)
    return d.MixtureSameFamily(d.Categorical(probs), parts, **options)


LOC, SCALE = [-1.0, 0.5, 2.0], [0.5, 1.0, 3.0]
POSITIVE, OTHER = [0.5, 1.5, 4.0], [2.0, 0.7, 5.0]
PROBS = [0.2, 0.5, 0.9]


def _stats() -> Any:
    return __import__("scipy.stats").stats


def scipy(name: str, *arguments: Callable[[Any], Any], **named: Callable[[Any], Any]) -> Any:
    """A distribution of SciPy's, its arguments computed from the row's parameters."""
    return lambda p: getattr(_stats(), name)(
        *[f(p) for f in arguments], **{k: f(p) for k, f in named.items()}
    )


def of(key: str) -> Callable[[Any], npt.NDArray[np.float64]]:
    return lambda p: np.asarray(p[key])


LOC_SCALE = {"loc": of("loc"), "scale": of("scale")}
ROWS = [
    row("Bernoulli", {"probs": PROBS}, scipy("bernoulli", of("probs"))),
    row("Bernoulli", {"logits": LOC}, label="Bernoulli logits"),
    row("Beta", {"concentration1": POSITIVE, "concentration0": OTHER},
        scipy("beta", of("concentration1"), of("concentration0"))),
    row("Binomial", {"probs": PROBS}, scipy("binom", lambda p: 30, of("probs")),
        fixed={"total_count": 30}),
    row("Binomial", {"total_count": [3.0, 200.0, 40.0], "logits": LOC}, label="Binomial logits"),
    row("Categorical", {"probs": SHARES}),
    row("Categorical", {"logits": LOGITS}, label="Categorical logits"),
    row("Cauchy", {"loc": LOC, "scale": SCALE}, scipy("cauchy", **LOC_SCALE)),
    row("Chi2", {"df": POSITIVE}, scipy("chi2", of("df"))),
    row("ContinuousBernoulli", {"probs": [0.2, 0.5, 0.9]}, tolerance=1e-7),
    row("ContinuousBernoulli", {"logits": LOC}, label="ContinuousBernoulli logits"),
    row("Dirichlet", {"concentration": [[0.5, 2.0, 3.0], [1.0, 1.0, 5.0]]}, tolerance=1e-9),
    row("Exponential", {"rate": POSITIVE}, scipy("expon", scale=lambda p: 1 / of("rate")(p))),
    row("FisherSnedecor", {"df1": POSITIVE, "df2": [5.0, 3.0, 9.0]},
        scipy("f", of("df1"), of("df2"))),
    row("Gamma", {"concentration": POSITIVE, "rate": OTHER},
        scipy("gamma", of("concentration"), scale=lambda p: 1 / of("rate")(p))),
    row("GeneralizedPareto",
        {"loc": LOC, "scale": SCALE, "concentration": [0.2, -0.5, 0.0]},
        scipy("genpareto", of("concentration"), **LOC_SCALE), dtype="float32", tolerance=2e-5),
    row("Geometric", {"probs": PROBS}, scipy("geom", of("probs"), loc=lambda p: -1)),
    row("Geometric", {"logits": LOC}, label="Geometric logits"),
    row("Gumbel", {"loc": LOC, "scale": SCALE}, scipy("gumbel_r", **LOC_SCALE)),
    row("HalfCauchy", {"scale": SCALE}, scipy("halfcauchy", scale=of("scale"))),
    row("HalfNormal", {"scale": SCALE}, scipy("halfnorm", scale=of("scale"))),
    Row("Independent", _independent, {"loc": [LOC, LOC], "scale": [SCALE, SCALE]}),
    row("InverseGamma", {"concentration": [0.5, 1.5, 4.0], "rate": OTHER},
        scipy("invgamma", of("concentration"), scale=of("rate"))),
    row("Kumaraswamy", {"concentration1": [1.5, 2.0, 3.0], "concentration0": [2.0, 1.7, 5.0]},
        without=("mode",)),
    row("LKJCholesky", {"concentration": POSITIVE}, fixed={"dim": 3}),
    row("Laplace", {"loc": LOC, "scale": SCALE}, scipy("laplace", **LOC_SCALE)),
    row("LogNormal", {"loc": LOC, "scale": SCALE},
        scipy("lognorm", of("scale"), scale=lambda p: np.exp(of("loc")(p)))),
    row("LogisticNormal", {"loc": [LOC, LOC], "scale": [SCALE, SCALE]}),
    row("LowRankMultivariateNormal",
        {"loc": [LOC, SCALE], "cov_factor": [[[1.0], [0.5], [-1.0]]] * 2,
         "cov_diag": [SCALE, OTHER]}),
    Row("MixtureSameFamily", _mixture,
        {"probs": SHARES, "loc": [LOC, OTHER], "scale": [SCALE, SCALE]}),
    Row("MixtureSameFamily of vectors", _vector_mixture,
        {"probs": SHARES[0], "loc": [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]],
         "scale": [[1.0, 1.0]] * 3}),
    row("Multinomial", {"probs": SHARES}, fixed={"total_count": 7}, tolerance=1e-6),
    row("Multinomial", {"logits": LOGITS}, fixed={"total_count": 7}, tolerance=1e-6,
        label="Multinomial logits"),
    row("MultivariateNormal", {"loc": [LOC, SCALE], "covariance_matrix": MATRICES}),
    row("MultivariateNormal", {"loc": [LOC, SCALE], "precision_matrix": MATRICES},
        label="MultivariateNormal precision"),
    row("MultivariateNormal", {"loc": LOC, "scale_tril": TRILS}, label="MultivariateNormal tril"),
    row("NegativeBinomial", {"total_count": [3.0, 5.5, 10.0], "probs": PROBS},
        scipy("nbinom", of("total_count"), lambda p: 1 - of("probs")(p))),
    row("NegativeBinomial", {"total_count": [3.0, 5.5, 10.0], "logits": LOC},
        label="NegativeBinomial logits"),
    row("Normal", {"loc": LOC, "scale": SCALE}, scipy("norm", **LOC_SCALE)),
    row("OneHotCategorical", {"probs": SHARES}),
    row("OneHotCategoricalStraightThrough", {"logits": LOGITS}),
    row("Pareto", {"scale": SCALE, "alpha": POSITIVE}, scipy("pareto", of("alpha"),
                                                            scale=of("scale"))),
    row("Poisson", {"rate": [0.5, 4.0, 50.0]}, scipy("poisson", of("rate"))),
    row("RelaxedBernoulli", {"temperature": 0.7, "probs": PROBS}),
    row("RelaxedBernoulli", {"temperature": 0.7, "logits": LOC}, label="RelaxedBernoulli logits"),
    row("RelaxedOneHotCategorical", {"temperature": 0.7, "probs": SHARES}),
    row("StudentT", {"df": POSITIVE, "loc": LOC, "scale": SCALE},
        scipy("t", of("df"), **LOC_SCALE)),
    Row("TransformedDistribution", _transformed, {"loc": LOC, "scale": SCALE}),
    row("Uniform", {"low": LOC, "high": [0.0, 1.0, 9.0]},
        scipy("uniform", of("low"), lambda p: of("high")(p) - of("low")(p))),
    row("VonMises", {"loc": LOC, "concentration": POSITIVE},
        scipy("vonmises", of("concentration"), of("loc")), tolerance=1e-6),
    row("Weibull", {"scale": SCALE, "concentration": [1.5, 1.0, 4.0]},
        scipy("weibull_min", of("concentration"), scale=of("scale"))),
    row("Wishart", {"df": [4.0, 6.0], "covariance_matrix": MATRICES}),
    row("Wishart", {"df": [4.0, 6.0], "scale_tril": TRILS}, label="Wishart tril"),
    row("Wishart", {"df": [4.0, 6.0], "precision_matrix": MATRICES}, label="Wishart precision"),
]  # fmt: skip
BY_NAME = {row.name: row for row in ROWS}
# What families KL(p || q) is asked of, with parameters under which most of them are finite.
KL_ROWS = [
    row("Uniform", {"low": [0.2, -1.0, 0.0], "high": [0.7, 3.0, 1.0]}, label="Uniform inside"),
    row("Beta", {"concentration1": OTHER, "concentration0": POSITIVE}, label="another Beta"),
    row("Normal", {"loc": SCALE, "scale": OTHER}, label="another Normal"),
    row("Pareto", {"scale": [0.1, 1.0, 5.0], "alpha": [3.0, 1.5, 0.5]}, label="another Pareto"),
    row("Gumbel", {"loc": SCALE, "scale": OTHER}, label="another Gumbel"),
    row("Gamma", {"concentration": OTHER, "rate": [1.0, 3.0, 0.5]}, label="another Gamma"),
    row("Laplace", {"loc": SCALE, "scale": OTHER}, label="another Laplace"),
    row("Categorical", {"probs": [[0.1, 0.8, 0.1], [0.0, 0.5, 0.5]]}, label="another Categorical"),
    row("Dirichlet", {"concentration": [[1.5, 2.5, 1.0], [2.0, 1.0, 4.0]]},
        label="another Dirichlet"),
    row("MultivariateNormal", {"loc": [SCALE, LOC], "scale_tril": TRILS[::-1]},
        label="other vectors"),
    row("LowRankMultivariateNormal",
        {"loc": [SCALE, LOC], "cov_factor": [[[0.3, 1.0], [0.5, 0.1], [1.0, 0.0]]] * 2,
         "cov_diag": [OTHER, SCALE]}, label="other low rank"),
]  # fmt: skip
ATTRIBUTES = ("mean", "mode", "variance", "stddev")
