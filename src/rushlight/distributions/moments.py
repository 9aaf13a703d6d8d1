"""Expectations under one distribution of another's log density, by the moments that it asks for."""

from __future__ import annotations

import math
from math import inf
from typing import Any

import rushlight as torch
from rushlight import Tensor

from .bernoulli import Bernoulli
from .beta import Beta
from .continuous_bernoulli import ContinuousBernoulli
from .exponential import Exponential
from .gamma import Gamma
from .gumbel import Gumbel
from .normal import Normal
from .pareto import Pareto
from .poisson import Poisson
from .uniform import Uniform
from .utils import euler_constant


def mean_log(p: Any) -> Tensor:
    """E[log x]."""
    if isinstance(p, Uniform):
        return (p.high.xlogy(p.high) - p.low.xlogy(p.low)) / (p.high - p.low) - 1
    if isinstance(p, Beta):
        return p.concentration1.digamma() - (p.concentration1 + p.concentration0).digamma()
    if isinstance(p, Exponential):
        return -euler_constant - p.rate.log()
    if isinstance(p, Gamma):
        return p.concentration.digamma() - p.rate.log()
    return p.scale.log() + p.alpha.reciprocal()  # Pareto


def mean_log_rest(p: Uniform) -> Tensor:
    """E[log(1 - x)]."""
    low, high = 1 - p.high, 1 - p.low
    return (high.xlogy(high) - low.xlogy(low)) / (high - low) - 1


def mean_exp(p: Any, t: Tensor) -> Tensor:
    """E[exp(-t * x)]."""
    if isinstance(p, Uniform):
        return ((-t * p.low).exp() - (-t * p.high).exp()) / (t * (p.high - p.low))
    if isinstance(p, Exponential):
        return p.rate / (p.rate + t)
    if isinstance(p, Gamma):
        return (1 + t / p.rate) ** -p.concentration
    return (-t * p.loc + 0.5 * (t * p.scale) ** 2).exp()  # Normal


def mean_distance(p: Normal, place: Tensor) -> Tensor:
    """E|x - place| (folded normal)."""
    away = p.loc - place
    z = away / p.scale
    return p.scale * math.sqrt(2 / math.pi) * (-0.5 * z**2).exp() + away * (z / 2**0.5).erf()


def _normal(p: Any, q: Any) -> Tensor:
    spread = (p.variance + (p.mean - q.loc) ** 2) / (2 * q.scale**2)
    return -q.scale.log() - 0.5 * math.log(2 * math.pi) - spread


def _exponential(p: Any, q: Any) -> Tensor:
    return q.rate.log() - q.rate * p.mean


def _gamma(p: Any, q: Any) -> Tensor:
    a = q.concentration
    return a * q.rate.log() - a.lgamma() + (a - 1) * mean_log(p) - q.rate * p.mean


def _gumbel(p: Any, q: Any) -> Tensor:
    away = (p.mean - q.loc) / q.scale
    return -q.scale.log() - away - (q.loc / q.scale).exp() * mean_exp(p, q.scale.reciprocal())


def _beta(p: Any, q: Any) -> Tensor:
    a, b = q.concentration1, q.concentration0
    powers = (a - 1) * mean_log(p) + (b - 1) * mean_log_rest(p)
    return powers + (a + b).lgamma() - a.lgamma() - b.lgamma()


def _pareto(p: Any, q: Any) -> Tensor:
    return q.alpha.log() + q.alpha * q.scale.log() - (q.alpha + 1) * mean_log(p)


def _uniform(p: Any, q: Any) -> Tensor:
    return -(q.high - q.low).log()


def _continuous_bernoulli(p: Any, q: Any) -> Tensor:
    return p.mean * q.logits + (-q.probs).log1p() + q._cont_bern_log_norm()


def _poisson(p: Bernoulli, q: Any) -> Tensor:
    return p.probs * q.rate.log() - q.rate  # log 0! and log 1! are 0


_EXPECTED = {
    Beta: _beta, ContinuousBernoulli: _continuous_bernoulli, Exponential: _exponential,
    Gamma: _gamma, Gumbel: _gumbel, Normal: _normal, Pareto: _pareto, Poisson: _poisson,
    Uniform: _uniform,
}  # fmt: skip


def expected_log_prob(p: Any, q: Any) -> Tensor:
    """E_p[log q(x)], -inf where p reaches outside of q's support."""
    expected = next(_EXPECTED[kind] for kind in type(q).__mro__ if kind in _EXPECTED)(p, q)
    outside: Any = False
    for side in ("lower_bound", "upper_bound"):
        limit = getattr(q.support, side, None)
        reached = getattr(p.support, side, None)
        if limit is None or reached is None:
            continue
        outside = outside | (reached < limit if side == "lower_bound" else reached > limit)
    if isinstance(outside, Tensor):
        return torch.where(outside, -inf, expected)
    return expected
