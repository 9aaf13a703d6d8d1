"""The continuous Bernoulli distribution."""

from __future__ import annotations

import math
from typing import Any

import rushlight as torch
from rushlight import Tensor
from rushlight.nn import functional as F

from . import constraints
from .distribution import Distribution, ProbsOrLogits
from .exp_family import ExponentialFamily
from .utils import broadcast_all, clamp_probs, lazy_property, logits_to_probs

__all__ = ["ContinuousBernoulli"]


class ContinuousBernoulli(ProbsOrLogits, ExponentialFamily):
    """Density proportional to probs ** x * (1 - probs) ** (1 - x) on [0, 1].

    Loaiza-Ganem and Cunningham 2019. Where `probs` is within `lims`, quotients of small numbers
    give way to Taylor series.

    >>> import rushlight as torch
    >>> x = torch.distributions.ContinuousBernoulli(torch.tensor([0.25, 0.5]))
    >>> x.log_prob(torch.tensor(1.0)).exp()  # log(3) / 2, and uniform
    tensor([0.5493, 1.0000])
    """

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.unit_interval
    has_rsample = True
    _mean_carrier_measure = 0

    def __init__(self, probs: Any = None, logits: Any = None,
                 lims: tuple[float, float] = (0.499, 0.501),
                 validate_args: bool | None = None) -> None:  # fmt: skip
        self._set_probs_or_logits(probs, logits)
        if probs is not None:
            given = self.__dict__["probs"]
            if validate_args and not self.arg_constraints["probs"].check(given).all():
                raise ValueError("The parameter probs has invalid values")
            self.__dict__["probs"] = clamp_probs(given)
        self._lims = lims
        Distribution.__init__(self, self._param.shape, validate_args=validate_args)

    @lazy_property
    def probs(self) -> Tensor:
        return clamp_probs(logits_to_probs(self.logits, is_binary=True))

    def _cut(self) -> tuple[Tensor, Tensor]:
        """Where `probs` is outside of the limits, and `probs` moved there."""
        low, high = self._lims
        outside = (self.probs <= low) | (self.probs > high)
        return outside, torch.where(outside, self.probs, low)

    def _cont_bern_log_norm(self) -> Tensor:
        outside, p = self._cut()
        width = (1 - 2 * p).abs()
        exact = ((-p).log1p() - p.log()).abs().log() - width.log()
        x = (self.probs - 0.5) ** 2
        return torch.where(outside, exact, math.log(2.0) + (4.0 / 3.0 + 104.0 / 45.0 * x) * x)

    @property
    def mean(self) -> Tensor:
        outside, p = self._cut()
        exact = p / (2.0 * p - 1.0) + 1.0 / ((-p).log1p() - p.log())
        x = self.probs - 0.5
        return torch.where(outside, exact, 0.5 + (1.0 / 3.0 + 16.0 / 45.0 * x**2) * x)

    @property
    def variance(self) -> Tensor:
        outside, p = self._cut()
        exact = p * (p - 1.0) / (1.0 - 2.0 * p) ** 2 + 1.0 / ((-p).log1p() - p.log()) ** 2
        x = (self.probs - 0.5) ** 2
        return torch.where(outside, exact, 1.0 / 12.0 - (1.0 / 15.0 - 128.0 / 945.0 * x) * x)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        return self.icdf(torch.rand(shape, dtype=self.probs.dtype, device=self.probs.device))

    def log_prob(self, value: Tensor) -> Tensor:
        logits, value = broadcast_all(self.logits, self._checked(value))
        cross = F.binary_cross_entropy_with_logits(logits, value, reduction="none")
        return self._cont_bern_log_norm() - cross

    def cdf(self, value: Tensor) -> Tensor:
        value = self._checked(value)
        outside, p = self._cut()
        exact = (p**value * (1.0 - p) ** (1.0 - value) + p - 1.0) / (2.0 * p - 1.0)
        inside = torch.where(outside, exact, value)
        return torch.where(value <= 0.0, 0.0, torch.where(value >= 1.0, 1.0, inside))

    def icdf(self, value: Tensor) -> Tensor:
        outside, p = self._cut()
        above = (-p + value * (2.0 * p - 1.0)).log1p() - (-p).log1p()
        return torch.where(outside, above / (p.log() - (-p).log1p()), value)

    def entropy(self) -> Tensor:
        log_odds = (-self.probs).log1p() - self.probs.log()
        return self.mean * log_odds - self._cont_bern_log_norm() - (-self.probs).log1p()

    @property
    def _natural_params(self) -> tuple[Tensor, ...]:
        return (self.logits,)

    def _log_normalizer(self, x: Tensor) -> Tensor:  # type: ignore[override]
        low, high = self._lims
        outside = (x <= low - 0.5) | (x > high - 0.5)
        cut = torch.where(outside, x, low - 0.5)
        exact = cut.expm1().abs().log() - cut.abs().log()
        return torch.where(outside, exact, 0.5 * x + x**2 / 24.0 - x**4 / 2880.0)
