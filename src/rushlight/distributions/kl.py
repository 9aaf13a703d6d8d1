"""Kullback-Leibler divergences of pairs of distributions.

Between families KL(p || q) is -H(p) - E_p[log q]. The expectation needs a few of p's moments
(`moments.py`), so each q is said once, and each p.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from math import inf
from typing import Any

import rushlight as torch
from rushlight import Tensor
from rushlight.nn import functional as F

from .bernoulli import Bernoulli
from .beta import Beta
from .binomial import Binomial
from .categorical import Categorical
from .cauchy import Cauchy
from .continuous_bernoulli import ContinuousBernoulli
from .dirichlet import Dirichlet
from .distribution import Distribution
from .exp_family import ExponentialFamily
from .exponential import Exponential
from .gamma import Gamma
from .geometric import Geometric
from .gumbel import Gumbel
from .half_normal import HalfNormal
from .independent import Independent
from .laplace import Laplace
from .lowrank_multivariate_normal import (
    LowRankMultivariateNormal,
    _batch_lowrank_logdet,
    _batch_lowrank_mahalanobis,
)
from .moments import expected_log_prob, mean_distance
from .multivariate_normal import MultivariateNormal, _batch_mahalanobis, _half_log_det
from .normal import Normal
from .one_hot_categorical import OneHotCategorical
from .pareto import Pareto
from .poisson import Poisson
from .transformed_distribution import TransformedDistribution
from .uniform import Uniform
from .utils import _sum_rightmost, euler_constant

__all__ = ["kl_divergence", "register_kl"]

_KL_REGISTRY: dict[tuple[type, type], Callable[[Any, Any], Tensor]] = {}
_found: dict[tuple[type, type], Any] = {}


def register_kl(type_p: type, type_q: type) -> Callable[[Any], Any]:
    """Decorates the function that computes KL(p || q) for a pair of classes and their subclasses.

    Of several pairs that fit, the most special one counts, p's class first.

    >>> import rushlight as torch
    >>> from rushlight.distributions import Normal, kl_divergence, register_kl
    >>> class Fixed(Normal):
    ...     pass
    >>> @register_kl(Fixed, Fixed)
    ... def kl_of_fixed(p, q):
    ...     return torch.tensor(7.0)
    >>> kl_divergence(Fixed(0.0, 1.0), Fixed(0.0, 1.0))
    tensor(7.)
    """
    for kind in (type_p, type_q):
        if not (isinstance(kind, type) and issubclass(kind, Distribution)):
            raise TypeError(f"Expected type_p and type_q to be Distribution subclasses, got {kind}")

    def register(function: Any) -> Any:
        _KL_REGISTRY[type_p, type_q] = function
        _found.clear()
        return function

    return register


def _find(p: type, q: type) -> Any:
    fits = [pair for pair in _KL_REGISTRY if issubclass(p, pair[0]) and issubclass(q, pair[1])]
    if not fits:
        return None
    rank_p, rank_q = p.__mro__.index, q.__mro__.index
    left = min(fits, key=lambda pair: (rank_p(pair[0]), rank_q(pair[1])))
    right = min(fits, key=lambda pair: (rank_q(pair[1]), rank_p(pair[0])))
    if _KL_REGISTRY[left] is not _KL_REGISTRY[right]:
        warnings.warn(
            f"Ambiguous kl_divergence({p.__name__}, {q.__name__}). Please register_kl("
            f"{left[0].__name__}, {right[1].__name__})",
            RuntimeWarning, stacklevel=3,
        )  # fmt: skip
    return _KL_REGISTRY[left]


def kl_divergence(p: Distribution, q: Distribution) -> Tensor:
    """KL(p || q), of each pair in the batch.

    >>> import rushlight as torch
    >>> d = torch.distributions
    >>> d.kl_divergence(d.Normal(0.0, 1.0), d.Normal(1.0, 1.0))
    tensor(0.5000)
    """
    pair = type(p), type(q)
    if pair not in _found:
        _found[pair] = _find(*pair)
    function = _found[pair]
    if function is None:
        raise NotImplementedError(
            f"No KL(p || q) is implemented for p type {pair[0].__name__} and q type "
            f"{pair[1].__name__}"
        )
    return function(p, q)


# ---- two of one family


@register_kl(Bernoulli, Bernoulli)
def _bernoulli(p: Any, q: Any) -> Tensor:
    ones = p.probs * (F.softplus(-q.logits) - F.softplus(-p.logits))
    zeros = (1 - p.probs) * (F.softplus(q.logits) - F.softplus(p.logits))
    ones = torch.where(p.probs == 0, 0.0, torch.where(q.probs == 0, inf, ones))
    return ones + torch.where(p.probs == 1, 0.0, torch.where(q.probs == 1, inf, zeros))


@register_kl(Binomial, Binomial)
def _binomial(p: Any, q: Any) -> Tensor:
    if (p.total_count < q.total_count).any():
        raise NotImplementedError(
            "KL between Binomials where q.total_count > p.total_count is not implemented"
        )
    each = p.probs * (p.logits - q.logits) + (-p.probs).log1p() - (-q.probs).log1p()
    return torch.where(p.total_count > q.total_count, inf, p.total_count * each)


@register_kl(Categorical, Categorical)
def _categorical(p: Any, q: Any) -> Tensor:
    terms = p.probs * (p.logits - q.logits)
    return torch.where(p.probs == 0, 0.0, torch.where(q.probs == 0, inf, terms)).sum(-1)


@register_kl(OneHotCategorical, OneHotCategorical)
def _one_hot_categorical(p: Any, q: Any) -> Tensor:
    return _categorical(p._categorical, q._categorical)


@register_kl(Beta, Beta)
def _beta(p: Any, q: Any) -> Tensor:
    return _dirichlet(p._dirichlet, q._dirichlet)


@register_kl(Dirichlet, Dirichlet)
def _dirichlet(p: Any, q: Any) -> Tensor:
    a, b = p.concentration, q.concentration
    log_shares = a.digamma() - a.sum(-1, True).digamma()
    normalizers = a.sum(-1).lgamma() - b.sum(-1).lgamma() - (a.lgamma() - b.lgamma()).sum(-1)
    return normalizers + ((a - b) * log_shares).sum(-1)


@register_kl(Exponential, Exponential)
def _exponential(p: Any, q: Any) -> Tensor:
    ratio = q.rate / p.rate
    return ratio - 1 - ratio.log()


@register_kl(Gamma, Gamma)
def _gamma(p: Any, q: Any) -> Tensor:
    a, b = p.concentration, q.concentration
    shapes = b.lgamma() - a.lgamma() + (a - b) * a.digamma()
    return b * (p.rate / q.rate).log() + shapes + (q.rate - p.rate) * (a / p.rate)


@register_kl(Gumbel, Gumbel)
def _gumbel(p: Any, q: Any) -> Tensor:
    ratio, away = p.scale / q.scale, (p.loc - q.loc) / q.scale
    moment = ((1 + ratio).lgamma() - away).exp()
    return away - ratio.log() + ratio * euler_constant + moment - (1 + euler_constant)


@register_kl(Geometric, Geometric)
def _geometric(p: Any, q: Any) -> Tensor:
    return -p.entropy() - (-q.probs).log1p() / p.probs - q.logits


@register_kl(HalfNormal, HalfNormal)
def _half_normal(p: Any, q: Any) -> Tensor:
    return _normal(p.base_dist, q.base_dist)


@register_kl(Laplace, Laplace)
def _laplace(p: Any, q: Any) -> Tensor:
    ratio, away = p.scale / q.scale, (p.loc - q.loc).abs()
    return away / q.scale + ratio * (-away / p.scale).exp() - 1 - ratio.log()


@register_kl(Normal, Normal)
def _normal(p: Any, q: Any) -> Tensor:
    ratio = (p.scale / q.scale) ** 2
    return 0.5 * (ratio + ((p.loc - q.loc) / q.scale) ** 2 - 1 - ratio.log())


@register_kl(Pareto, Pareto)
def _pareto(p: Any, q: Any) -> Tensor:
    ratio = q.alpha / p.alpha
    result = q.alpha * (p.scale / q.scale).log() - ratio.log() + ratio - 1
    return torch.where(p.scale < q.scale, inf, result)


@register_kl(Poisson, Poisson)
def _poisson(p: Any, q: Any) -> Tensor:
    return p.rate * (p.rate.log() - q.rate.log()) - (p.rate - q.rate)


@register_kl(Cauchy, Cauchy)
def _cauchy(p: Any, q: Any) -> Tensor:
    """Chyzak and Nielsen 2019."""
    around = (p.scale + q.scale) ** 2 + (p.loc - q.loc) ** 2
    return around.log() - (4 * p.scale * q.scale).log()


@register_kl(Uniform, Uniform)
def _uniform(p: Any, q: Any) -> Tensor:
    result = ((q.high - q.low) / (p.high - p.low)).log()
    return torch.where((q.low > p.low) | (q.high < p.high), inf, result)


@register_kl(ExponentialFamily, ExponentialFamily)
def _exponential_family(p: Any, q: Any) -> Tensor:
    """A Bregman divergence of the log normaliser."""
    if type(p) is not type(q):
        raise NotImplementedError(
            "The cross KL-divergence between different exponential families cannot be computed "
            "using Bregman divergences"
        )
    natural = [x.detach().requires_grad_() for x in p._natural_params]
    normalizer = p._log_normalizer(*natural)
    slopes = torch.autograd.grad(normalizer.sum(), natural, create_graph=True)
    result = q._log_normalizer(*q._natural_params) - normalizer
    for mine, other, slope in zip(natural, q._natural_params, slopes, strict=True):
        result = result - _sum_rightmost((other - mine) * slope, len(q.event_shape))
    return result


@register_kl(Independent, Independent)
def _independent(p: Any, q: Any) -> Tensor:
    if p.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims:
        raise NotImplementedError(
            "kl_divergence: two Independent must reinterpret the same number of dimensions"
        )
    return _sum_rightmost(kl_divergence(p.base_dist, q.base_dist), p.reinterpreted_batch_ndims)


@register_kl(TransformedDistribution, TransformedDistribution)
def _transformed(p: Any, q: Any) -> Tensor:
    if p.transforms != q.transforms or p.event_shape != q.event_shape:
        raise NotImplementedError(
            "kl_divergence: two TransformedDistributions must have equal transforms and events"
        )
    return kl_divergence(p.base_dist, q.base_dist)


# ---- normal vectors


def _check_events(p: Any, q: Any) -> None:
    if p.event_shape != q.event_shape:
        raise ValueError(
            f"KL-divergence between two {type(q).__name__} and {type(p).__name__} with different "
            f"event shapes cannot be computed: {p.event_shape} and {q.event_shape}"
        )


def _squares(matrix: Tensor) -> Tensor:
    """The trace of X X^T."""
    return matrix.pow(2).sum((-2, -1))


def _solved(tril: Tensor, matrix: Tensor) -> Tensor:
    """L^-1 X, of batches that broadcast."""
    batch = torch.broadcast_shapes(tril.shape[:-2], matrix.shape[:-2])
    tril, matrix = (x.expand((*batch, *x.shape[-2:])) for x in (tril, matrix))
    return torch.linalg.solve_triangular(tril, matrix, upper=False)


def _normal_vectors(log_dets: Tensor, trace: Tensor, distance: Tensor, n: int) -> Tensor:
    return 0.5 * (log_dets + trace + distance - n)


def _log_det(d: Any) -> Tensor:
    if isinstance(d, MultivariateNormal):
        return 2 * _half_log_det(d._unbroadcasted_scale_tril)
    return _batch_lowrank_logdet(d._unbroadcasted_cov_diag, d._capacitance_tril)


@register_kl(MultivariateNormal, MultivariateNormal)
@register_kl(LowRankMultivariateNormal, MultivariateNormal)
def _to_multivariate_normal(p: Any, q: Any) -> Tensor:
    _check_events(p, q)
    tril = q._unbroadcasted_scale_tril
    if isinstance(p, MultivariateNormal):
        trace = _squares(_solved(tril, p._unbroadcasted_scale_tril))
    else:
        diagonal = p._unbroadcasted_cov_diag.sqrt().diag_embed()
        factor = p._unbroadcasted_cov_factor
        trace = _squares(_solved(tril, factor)) + _squares(_solved(tril, diagonal))
    distance = _batch_mahalanobis(tril, q.loc - p.loc)
    return _normal_vectors(_log_det(q) - _log_det(p), trace, distance, p.event_shape[0])


@register_kl(MultivariateNormal, LowRankMultivariateNormal)
@register_kl(LowRankMultivariateNormal, LowRankMultivariateNormal)
def _to_lowrank(p: Any, q: Any) -> Tensor:
    _check_events(p, q)
    factor, diag = q._unbroadcasted_cov_factor, q._unbroadcasted_cov_diag
    inverse = diag.reciprocal()
    scaled = _solved(q._capacitance_tril, factor.mT * inverse.unsqueeze(-2))
    if isinstance(p, MultivariateNormal):
        parts = [p._unbroadcasted_scale_tril]
    else:
        parts = [p._unbroadcasted_cov_factor, p._unbroadcasted_cov_diag.sqrt().diag_embed()]
    trace: Any = 0
    for part in parts:
        trace = trace + _squares(part * inverse.sqrt().unsqueeze(-1)) - _squares(scaled @ part)
    distance = _batch_lowrank_mahalanobis(factor, diag, q.loc - p.loc, q._capacitance_tril)
    return _normal_vectors(_log_det(q) - _log_det(p), trace, distance, p.event_shape[0])


# ---- different families


def _by_moments(p: Any, q: Any) -> Tensor:
    return -p.entropy() - expected_log_prob(p, q)


def _infinite(p: Any, q: Any) -> Tensor:
    """p reaches where q has no density."""
    return torch.full_like(p.entropy(), inf)


_BY_MOMENTS: dict[type, list[type]] = {
    Bernoulli: [Poisson],
    Beta: [ContinuousBernoulli, Exponential, Gamma, Normal, Uniform],
    ContinuousBernoulli: [Exponential, Normal, Uniform],
    Exponential: [Gamma, Gumbel, Normal],
    Gamma: [Exponential, Gumbel, Normal],
    Gumbel: [Normal],
    Laplace: [Normal],
    Normal: [Gumbel],
    Pareto: [Exponential, Gamma, Normal],
    Uniform: [Beta, ContinuousBernoulli, Exponential, Gamma, Gumbel, Normal, Pareto],
}
_INFINITE: dict[type, list[type]] = {
    Beta: [Pareto],
    ContinuousBernoulli: [Pareto],
    Exponential: [Beta, ContinuousBernoulli, Pareto, Uniform],
    Gamma: [Beta, ContinuousBernoulli, Pareto, Uniform],
    Gumbel: [Beta, ContinuousBernoulli, Exponential, Gamma, Pareto, Uniform],
    Laplace: [Beta, ContinuousBernoulli, Exponential, Gamma, Pareto, Uniform],
    Normal: [Beta, ContinuousBernoulli, Exponential, Gamma, Pareto, Uniform],
    Pareto: [Beta, ContinuousBernoulli, Uniform],
}
for _table, _function in ((_BY_MOMENTS, _by_moments), (_INFINITE, _infinite)):
    for _p in _table:
        for _q in _table[_p]:
            register_kl(_p, _q)(_function)
register_kl(ContinuousBernoulli, ContinuousBernoulli)(_by_moments)


@register_kl(Poisson, Bernoulli)
@register_kl(Poisson, Binomial)
def _poisson_infinite(p: Any, q: Any) -> Tensor:
    return torch.full_like(p.rate, inf)


@register_kl(Normal, Laplace)
def _normal_laplace(p: Any, q: Any) -> Tensor:
    return (2 * q.scale).log() + mean_distance(p, q.loc) / q.scale - 0.5 * (
        1 + math.log(2 * math.pi)
    ) - p.scale.log()
