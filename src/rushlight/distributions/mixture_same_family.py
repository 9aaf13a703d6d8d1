"""Mixtures of distributions of one family."""

from __future__ import annotations

from typing import Any

import rushlight as torch
from rushlight import Tensor

from . import constraints
from .categorical import Categorical
from .constraints import MixtureSameFamilyConstraint
from .distribution import Distribution

__all__ = ["MixtureSameFamily"]


class MixtureSameFamily(Distribution):
    """One of the components along the last batch dimension of `component_distribution`, as
    `mixture_distribution`, a `Categorical`, chooses.

    >>> import rushlight as torch
    >>> d = torch.distributions
    >>> parts = d.Normal(torch.tensor([-1.0, 1.0]), 1.0)
    >>> d.MixtureSameFamily(d.Categorical(torch.ones(2)), parts).mean
    tensor(0.)
    """

    arg_constraints: dict[str, Any] = {}

    def __init__(self, mixture_distribution: Categorical, component_distribution: Distribution,
                 validate_args: bool | None = None) -> None:  # fmt: skip
        if not isinstance(mixture_distribution, Categorical):
            raise ValueError(
                " The Mixture distribution needs to be an  instance of "
                "torch.distributions.Categorical"
            )
        if not isinstance(component_distribution, Distribution):
            raise ValueError(
                "The Component distribution needs to be an instance of "
                "torch.distributions.Distribution"
            )
        self._mixture_distribution = mixture_distribution
        self._component_distribution = component_distribution
        mixed, batch = mixture_distribution.batch_shape, component_distribution.batch_shape[:-1]
        for i, j in zip(reversed(mixed), reversed(batch), strict=False):
            if i != j and 1 not in (i, j):
                raise ValueError(
                    f"`mixture_distribution.batch_shape` ({mixed}) is not compatible with "
                    f"`component_distribution.batch_shape`({batch})"
                )
        given, there = mixture_distribution.logits.shape[-1], component_distribution.batch_shape[-1]
        if given != there:
            raise ValueError(
                f"`mixture_distribution component` ({given}) does not equal "
                f"`component_distribution.batch_shape[-1]` ({there})"
            )
        self._num_component = given
        event_shape = component_distribution.event_shape
        self._event_ndims = len(event_shape)
        super().__init__(batch, event_shape, validate_args)

    mixture_distribution = property(lambda self: self._mixture_distribution)
    component_distribution = property(lambda self: self._component_distribution)

    @constraints.dependent_property
    def support(self) -> Any:  # type: ignore[override]
        return MixtureSameFamilyConstraint(self._component_distribution.support)

    def _averaged(self, values: Tensor) -> Tensor:
        """The mean of what components have, by their probabilities."""
        probs = self._mixture_distribution.probs
        probs = probs.reshape((*probs.shape, *[1] * self._event_ndims))
        return (probs * values).sum(-1 - self._event_ndims)

    def _pad(self, x: Tensor) -> Tensor:
        return x.unsqueeze(-1 - self._event_ndims)

    mean = property(lambda self: self._averaged(self._component_distribution.mean))

    @property
    def variance(self) -> Tensor:
        within = self._averaged(self._component_distribution.variance)
        away = self._component_distribution.mean - self._pad(self.mean)
        return within + self._averaged(away**2)

    def cdf(self, x: Tensor) -> Tensor:
        probs = self._mixture_distribution.probs
        return (self._component_distribution.cdf(self._pad(x)) * probs).sum(-1)

    def log_prob(self, x: Tensor) -> Tensor:
        log_prob = self._component_distribution.log_prob(self._pad(self._checked(x)))
        return (log_prob + self._mixture_distribution.logits).logsumexp(-1)

    @torch.no_grad()
    def sample(self, sample_shape: Any = ()) -> Tensor:
        chosen = self._mixture_distribution.sample(sample_shape)
        values = self._component_distribution.sample(sample_shape)
        dim = len(sample_shape) + len(self._batch_shape)
        index = chosen.reshape((*chosen.shape, *[1] * (self._event_ndims + 1)))
        shape = (*values.shape[:dim], 1, *self._event_shape)
        return values.gather(dim, index.expand(shape)).squeeze(dim)

    def __repr__(self) -> str:
        return (
            f"MixtureSameFamily(\n  {self.mixture_distribution},\n  {self.component_distribution})"
        )
