"""Rows of rushlight/ops/regression_loss.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .core import Array, Fixed, Invalid, Op, Sample, Values
from .loss import REDUCTIONS, _reduced


def _pairs(option: str, value: float, bad: float) -> Any:
    def samples(v: Values) -> Iterator[Sample]:
        for reduction in REDUCTIONS:
            yield Sample(v.distinct(3, 4), v.normal(3, 4) / 50, reduction=reduction,
                         **{option: value})  # fmt: skip
        for shape in ((5,), (2, 3, 4, 5), ()):
            yield Sample(3 * v.distinct(*shape), v.normal(*shape) / 50)
        yield Sample(Fixed(np.array([np.inf, np.nan])), Fixed(np.zeros(2)), reduction="none")
        yield Invalid(v.normal(3), v.normal(3), reduction="all", raises=ValueError,
                      match="all is not a valid value for reduction")
        yield Invalid(v.normal(3), v.normal(3), **{option: bad}, raises=RuntimeError,
                      match="does not support")
        yield Invalid(v.integers(0, 3, 2), v.integers(0, 3, 2), raises=NotImplementedError,
                      match="not implemented for")

    return samples


def _huber_samples(v: Values) -> Iterator[Sample]:
    yield from _pairs("delta", 0.73, 0.0)(v)
    for reduction in REDUCTIONS:
        yield Sample(3 * v.distinct(3), v.normal(3) / 50, weight=Fixed(v.positive(3)),
                     reduction=reduction)  # fmt: skip
    yield Invalid(v.normal(3), v.normal(3), weight=v.positive(1), raises=ValueError,
                  match="Weights and input must have the same size")


def _huber(
    x: Array, target: Array, reduction: str = "mean", delta: float = 1.0, weight: Any = 1.0
) -> Any:
    d = np.abs(x - target)
    losses = np.where(d <= delta, d * d / 2, delta * (d - delta / 2)) * weight
    return _reduced(losses, reduction)


def _smooth_l1(v: Values) -> Iterator[Sample]:
    yield from _pairs("beta", 0.73, -1.0)(v)
    yield Sample(v.distinct(3, 4), v.normal(3, 4) / 50, beta=0.0)
    yield Sample(v.distinct(3, 4), v.normal(3, 4) / 50, size_average=False)


def _smooth_l1_reference(
    x: Array, target: Array, size_average: Any = None, reduction: str = "mean", beta: float = 1.0
) -> Any:
    reduction = "sum" if size_average is False else reduction
    if beta == 0:
        return _reduced(np.abs(x - target), reduction)
    losses = _huber(x, target, "none", beta) / beta
    return _reduced(losses, reduction)


def _gaussian(v: Values) -> Iterator[Sample]:
    for reduction in REDUCTIONS:
        yield Sample(v.normal(3, 4), v.normal(3, 4), v.positive(3, 4), reduction=reduction)
    yield Sample(v.normal(3, 4), v.normal(3, 4), v.positive(3), full=True)
    yield Sample(v.normal(3, 4), v.normal(3, 4), v.positive(3, 1), eps=0.01)
    yield Sample(v.normal(3), v.normal(3), 0.5)
    yield Invalid(v.normal(3), v.normal(3), -v.positive(3), raises=ValueError, reads_values=True,
                  match="var has negative entry/entries")
    yield Invalid(v.normal(3, 4), v.normal(3, 4), v.positive(2), raises=ValueError,
                  match="var is of incorrect size")


def _gaussian_reference(
    x: Array, target: Array, var: Any, full: bool = False, eps: float = 1e-6,
    reduction: str = "mean",
) -> Any:  # fmt: skip
    var = np.maximum(var, eps)
    if var.ndim and var.ndim < x.ndim:
        var = var[..., None]
    losses = (np.log(var) + (x - target) ** 2 / var) / 2
    return _reduced(losses + (np.log(2 * np.pi) / 2 if full else 0), reduction)


def _poisson(v: Values) -> Iterator[Sample]:
    for reduction in REDUCTIONS:
        yield Sample(v.normal(3, 4), v.positive(3, 4), reduction=reduction)
    yield Sample(v.positive(3, 4), v.positive(3, 4), log_input=False, eps=1e-3)
    yield Sample(v.normal(3, 4), 3 * v.positive(3, 4), full=True, reduce=False)
    yield Invalid(v.normal(3), v.normal(3), reduction="all", raises=ValueError,
                  match="all is not a valid value for reduction")


def _poisson_reference(
    x: Array, t: Array, log_input: bool = True, full: bool = False, eps: float = 1e-8,
    reduce: Any = None, reduction: str = "mean",
) -> Any:  # fmt: skip
    losses = np.exp(x) - t * x if log_input else x - t * np.log(x + eps)
    if full:
        large = np.maximum(t, 1)
        stirling = large * np.log(large) - large + np.log(2 * np.pi * large) / 2
        losses = losses + np.where(t > 1, stirling, 0)
    return _reduced(losses, "none" if reduce is False else reduction)


def _kl(v: Values) -> Iterator[Sample]:
    for reduction in (*REDUCTIONS, "batchmean"):
        yield Sample(v.normal(3, 4), v.positive(3, 4), reduction=reduction)
        yield Sample(v.normal(3, 4), v.normal(3, 4), reduction=reduction, log_target=True)
    yield Sample(v.normal(3), Fixed(np.array([0.0, 1.0, 0.5])), reduction="sum")
    yield Sample(v.normal(3, 4), v.positive(4), size_average=False)
    yield Invalid(v.normal(3), v.normal(3), reduction="all", raises=ValueError,
                  match="all is not a valid value for reduction")
    yield Invalid(v.normal(3), v.integers(0, 3, 3), reduction="sum", raises=RuntimeError,
                  match="Integral inputs not supported")


def _kl_reference(
    x: Array, t: Array, size_average: Any = None, reduction: str = "mean", log_target: bool = False
) -> Any:
    losses = np.exp(t) * (t - x) if log_target else t * (np.log(np.where(t == 0, 1, t)) - x)
    if reduction == "batchmean":
        return losses.sum() / len(x)
    return _reduced(losses, "sum" if size_average is False else reduction)


ops = [
    Op("nn.functional.huber_loss", _huber_samples, _huber, composite=True),
    Op("nn.functional.smooth_l1_loss", _smooth_l1, _smooth_l1_reference, composite=True),
    Op("nn.functional.gaussian_nll_loss", _gaussian, _gaussian_reference, composite=True),
    Op("nn.functional.poisson_nll_loss", _poisson, _poisson_reference, composite=True),
    Op("nn.functional.kl_div", _kl, _kl_reference, composite=True),
]
