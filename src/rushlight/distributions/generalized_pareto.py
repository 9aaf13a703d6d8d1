"""The generalised Pareto distribution."""

from __future__ import annotations

from math import inf, nan
from typing import Any

import rushlight as torch
from rushlight import Tensor

from . import constraints
from .distribution import Distribution

__all__ = ["GeneralizedPareto"]


class GeneralizedPareto(Distribution):
    """Excesses over a threshold `loc`; exponential where `concentration` is 0, bounded below.

    >>> import rushlight as torch
    >>> torch.distributions.GeneralizedPareto(0.0, 1.0, 0.5).cdf(torch.tensor(2.0))  # 1 - 2 ** -2
    tensor(0.7500)
    """

    arg_constraints = {
        "loc": constraints.real, "scale": constraints.positive, "concentration": constraints.real,
    }  # fmt: skip
    has_rsample = True
    loc: Tensor
    scale: Tensor
    concentration: Tensor

    def __init__(self, loc: Any, scale: Any, concentration: Any,
                 validate_args: bool | None = None) -> None:  # fmt: skip
        self._set_parameters(validate_args, loc=loc, scale=scale, concentration=concentration)

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self) -> Any:  # type: ignore[override]
        a = self.concentration
        return constraints.interval(
            self.loc, torch.where(a < 0, self.loc - self.scale / a, inf)
        )

    def _shape(self) -> tuple[Tensor, Tensor]:
        """Where the concentration is 0, and what may be divided by."""
        is_zero = torch.isclose(self.concentration, torch.zeros_like(self.concentration))
        return is_zero, torch.where(is_zero, 1.0, self.concentration)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        return self.icdf(torch.rand(shape, dtype=self.loc.dtype, device=self.loc.device))

    def log_prob(self, value: Tensor) -> Tensor:
        z = (self._checked(value) - self.loc) / self.scale
        is_zero, a = self._shape()
        power = 1 / a + torch.ones_like(z)
        term = torch.where(power == 0, power, power * (a * z).log1p())
        return -self.scale.log() - torch.where(is_zero, z, term)

    def log_survival_function(self, value: Tensor) -> Tensor:
        z = (self._checked(value) - self.loc) / self.scale
        is_zero, a = self._shape()
        return torch.where(is_zero, -z, -(a * z).log1p() / a)

    def log_cdf(self, value: Tensor) -> Tensor:
        return (-self.log_survival_function(value).exp()).log1p()

    def cdf(self, value: Tensor) -> Tensor:
        return self.log_cdf(value).exp()

    def icdf(self, value: Tensor) -> Tensor:
        is_zero, a = self._shape()
        log_tail = (-value).log1p()
        above = torch.where(is_zero, -log_tail, (-a * log_tail).expm1() / a)
        return self.loc + self.scale * above

    @property
    def mean(self) -> Tensor:
        a = self.concentration
        return torch.where(a < 1, self.loc + self.scale / (1 - a), nan)

    mode = property(lambda self: self.loc)

    @property
    def variance(self) -> Tensor:
        a = self.concentration
        return torch.where(a < 0.5, self.scale**2 / ((1 - a) ** 2 * (1 - 2 * a)), nan)

    def entropy(self) -> Tensor:
        return self.scale.log() + self.concentration + 1
