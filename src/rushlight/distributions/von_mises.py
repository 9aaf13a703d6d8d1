"""The von Mises distribution."""

from __future__ import annotations

import math
from typing import Any

import rushlight as torch
from rushlight import Tensor

from . import constraints
from .distribution import Distribution
from .utils import lazy_property

__all__ = ["VonMises"]


class VonMises(Distribution):
    """Angles around `loc`, the closer the higher the `concentration`.

    Samples are drawn by rejection (Best and Fisher 1979), in float64.

    >>> import rushlight as torch
    >>> x = torch.distributions.VonMises(1.0, 4.0)
    >>> x.mean, x.sample((100,)).abs().max() <= torch.pi
    (tensor(1.), tensor(True))
    """

    arg_constraints = {"loc": constraints.real, "concentration": constraints.positive}
    support = constraints.real
    loc: Tensor
    concentration: Tensor

    def __init__(self, loc: Any, concentration: Any, validate_args: bool | None = None) -> None:
        self._set_parameters(validate_args, loc=loc, concentration=concentration)

    mean = mode = property(lambda self: self.loc)

    @lazy_property
    def variance(self) -> Tensor:  # type: ignore[override]
        """The circular variance: 1 less the length of the mean direction."""
        a = self.concentration
        return 1 - torch.special.i1e(a) / torch.special.i0e(a)

    def log_prob(self, value: Tensor) -> Tensor:
        a = self.concentration
        log_bessel = torch.special.i0e(a).log() + a
        return a * (self._checked(value) - self.loc).cos() - math.log(2 * math.pi) - log_bessel

    @lazy_property
    def _proposal_r(self) -> Tensor:
        a = self.concentration.double()
        tau = 1 + (1 + 4 * a**2).sqrt()
        rho = (tau - (2 * tau).sqrt()) / (2 * a)
        return torch.where(a < 1e-5, 1 / a + a, (1 + rho**2) / (2 * rho))

    @torch.no_grad()
    def sample(self, sample_shape: Any = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        loc, concentration, r = self.loc.double(), self.concentration.double(), self._proposal_r
        x = torch.zeros(shape, dtype=loc.dtype, device=loc.device)
        done = torch.zeros(shape, dtype=torch.bool, device=loc.device)
        while not done.all():
            u1, u2, u3 = torch.rand((3, *shape), dtype=loc.dtype, device=loc.device).unbind()
            z = (math.pi * u1).cos()
            f = (1 + r * z) / (r + z)
            c = concentration * (r - f)
            accept = (c * (2 - c) - u2 > 0) | ((c / u2).log() + 1 - c >= 0)
            x = torch.where(accept, (u3 - 0.5).sign() * f.acos(), x)
            done = done | accept
        return ((x + math.pi + loc) % (2 * math.pi) - math.pi).to(self.loc.dtype)
