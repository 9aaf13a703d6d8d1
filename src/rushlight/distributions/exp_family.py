"""Distributions of densities exp(<t(x), theta> - F(theta) + k(x))."""

from __future__ import annotations

from typing import Any

import rushlight as torch
from rushlight import Tensor

from .distribution import Distribution
from .utils import _sum_rightmost

__all__ = ["ExponentialFamily"]


class ExponentialFamily(Distribution):
    """A subclass says its natural parameters theta, its log normaliser F, and E[k(x)] as
    `_mean_carrier_measure`; entropy and divergence follow from the gradient of F.

    >>> import rushlight as torch
    >>> torch.distributions.ExponentialFamily.entropy(torch.distributions.Exponential(1.0)).item()
    1.0
    """

    @property
    def _mean_carrier_measure(self) -> Any:
        raise NotImplementedError(f"{type(self).__name__}: E[k(x)], for the entropy, is not known")

    @property
    def _natural_params(self) -> tuple[Tensor, ...]:
        raise NotImplementedError

    def _log_normalizer(self, *natural_params: Tensor) -> Tensor:
        raise NotImplementedError

    def entropy(self) -> Tensor:
        """F - <theta, dF / dtheta> - E[k(x)]."""
        natural = [p.detach().requires_grad_() for p in self._natural_params]
        normalizer = self._log_normalizer(*natural)
        slopes = torch.autograd.grad(normalizer.sum(), natural, create_graph=True)
        result = normalizer - self._mean_carrier_measure
        for parameter, slope in zip(natural, slopes, strict=True):
            result = result - _sum_rightmost(parameter * slope, len(self.event_shape))
        return result
