"""Rows of rushlight/ops/loss.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .core import Array, Fixed, Invalid, Op, Sample, Values

REDUCTIONS = ("mean", "sum", "none")


def _reduced(losses: Array, reduction: str, total: Any = None) -> Any:
    if reduction == "none":
        return losses
    return losses.sum() / ((losses.size if total is None else total) if reduction == "mean" else 1)


def _classes(v: Values) -> Iterator[Sample]:
    """Scores and class numbers, as nll_loss and cross_entropy take them."""
    for reduction in REDUCTIONS:
        yield Sample(v.normal(6, 4), v.integers(0, 4, 6), reduction=reduction)
        yield Sample(v.normal(2, 4, 3, 2), v.integers(0, 4, 2, 3, 2), reduction=reduction)
        yield Sample(v.normal(6, 4), v.integers(0, 4, 6), Fixed(v.positive(4)), reduction=reduction)
        yield Sample(v.normal(6, 4), np.array([0, 1, 2, -100, 3, -100]), reduction=reduction)
        yield Sample(v.normal(6, 4), np.array([0, 1, 2, 1, 3, 0]), Fixed(v.positive(4)),
                     ignore_index=1, reduction=reduction)  # fmt: skip
    yield Sample(v.normal(4), np.array(2))
    yield Sample(v.normal(64, 10), v.integers(0, 10, 64))
    yield Sample(v.normal(6, 4), v.integers(0, 4, 6), size_average=False)
    scores, labels = v.normal(6, 4), v.integers(0, 4, 6)
    yield Invalid(scores, np.array([0, 1, 2, 3, 4, 0]), raises=IndexError,
                  match="Target 4 is out of bounds", reads_values=True)
    yield Invalid(scores, np.array([0, 1, 2, 3, -1, 0]), raises=IndexError,
                  match="Target -1 is out of bounds", reads_values=True)
    yield Invalid(scores, v.integers(0, 4, 5), raises=ValueError, match=(
        r"Expected input batch_size \(6\) to match target batch_size \(5\)"))
    yield Invalid(scores, labels, Fixed(v.positive(3)), raises=RuntimeError,
                  match="weight tensor should be defined either for all")
    yield Invalid(scores, labels, reduction="median", raises=ValueError,
                  match="median is not a valid value for reduction")
    yield Invalid(v.normal(2, 4, 3), v.integers(0, 4, 2, 2), raises=RuntimeError,
                  match="xpected target size")


def _nll(v: Values) -> Iterator[Sample]:
    yield from _classes(v)
    yield Invalid(v.normal(6, 4), v.integers(0, 4, 6).astype("float32"), raises=RuntimeError,
                  match="expected target dtype to be Long or Byte, but got")
    yield Invalid(v.normal(6, 4), v.integers(0, 4, 6), Fixed(v.positive(4).astype("float32")),
                  raises=RuntimeError, match="expected scalar type .* but found")
    yield Sample(v.normal(6, 4), v.integers(0, 4, 6).astype("uint8"))


def _nll_reference(
    x: Array, target: Array, weight: Any = None, size_average: Any = None,
    ignore_index: int = -100, reduction: str = "mean",
) -> Any:  # fmt: skip
    if x.ndim == 1:
        return -x[target]
    reduction = "sum" if size_average is False else reduction
    counted = target != ignore_index
    safe = np.where(counted, target, 0)
    weights = counted * (1.0 if weight is None else weight[safe])
    picked = np.take_along_axis(x, safe[:, None], 1)[:, 0]
    return _reduced(-picked * weights, reduction, weights.sum())


def _log_softmax(x: Array) -> Array:
    axis = 0 if x.ndim == 1 else 1
    return x - np.log(np.exp(x).sum(axis, keepdims=True))


def _cross_entropy(v: Values) -> Iterator[Sample]:
    yield from _classes(v)
    for reduction in REDUCTIONS:
        p = v.positive(6, 4)
        p /= p.sum(1, keepdims=True)
        yield Sample(v.normal(6, 4), p, reduction=reduction)
        yield Sample(v.normal(6, 4), p, Fixed(v.positive(4)), reduction=reduction,
                     label_smoothing=0.2)  # fmt: skip
        yield Sample(v.normal(6, 4), v.integers(0, 4, 6), reduction=reduction, label_smoothing=0.1)
        yield Sample(v.normal(6, 4), np.array([0, 1, -100, 1, 3, 0]), Fixed(v.positive(4)),
                     reduction=reduction, label_smoothing=0.3)  # fmt: skip
    yield Sample(v.normal(2, 4, 3, 2), v.integers(0, 4, 2, 3, 2), label_smoothing=0.1)
    yield Invalid(v.normal(6, 4), v.integers(0, 4, 6), label_smoothing=1.5, raises=RuntimeError,
                  match="label_smoothing must be between 0.0 and 1.0")


def _cross_entropy_reference(
    x: Array, target: Array, weight: Any = None, size_average: Any = None,
    ignore_index: int = -100, reduction: str = "mean", label_smoothing: float = 0.0,
) -> Any:  # fmt: skip
    reduction = "sum" if size_average is False else reduction
    log_p = _log_softmax(x)
    classes = x.shape[min(x.ndim - 1, 1)]
    spread = (-1,) + (1,) * (x.ndim - 2) if x.ndim > 1 else (-1,)
    weights = np.ones(classes) if weight is None else weight
    if target.dtype.kind == "f":
        p = target * (1 - label_smoothing) + label_smoothing / classes
        losses = -(log_p * p * weights.reshape(spread)).sum(1)
        return _reduced(losses, reduction, len(x))
    counted = target != ignore_index
    safe = np.where(counted, target, 0)
    hot = np.moveaxis(np.eye(classes)[safe], -1, min(x.ndim - 1, 1))
    p = hot * (1 - label_smoothing) + label_smoothing / classes
    losses = -(log_p * p * weights.reshape(spread)).sum(min(x.ndim - 1, 1)) * counted
    return _reduced(losses, reduction, (weights[safe] * counted).sum())


def _linear(v: Values) -> Iterator[Sample]:
    labels = v.integers(0, 4, 6)
    for reduction in REDUCTIONS:
        yield Sample(v.normal(6, 3), v.normal(4, 3), labels, reduction=reduction)
    yield Sample(v.normal(6, 3), v.normal(4, 3), labels, linear_bias=v.normal(4), ignore_index=1)
    yield Sample(v.normal(6, 3), v.normal(4, 2, 3), v.integers(0, 4, 6, 2), label_smoothing=0.1)
    yield Sample(v.normal(3), v.normal(4, 3), np.array(2))
    yield Invalid(v.normal(6, 2), v.normal(4, 3), labels, raises=RuntimeError,
                  match="expected equal input and linear_weight last dimensions")
    yield Invalid(v.normal(6, 3), v.normal(4, 3), labels, linear_bias=v.normal(3),
                  raises=RuntimeError, match=r"expected linear_bias shape \(4,\), got \(3,\)")


def _linear_reference(
    x: Array, weight: Array, target: Array, linear_bias: Any = 0.0, **options: Any
) -> Any:
    logits = x @ weight.T if weight.ndim == 2 else np.einsum("nd,ckd->nck", x, weight)
    return _cross_entropy_reference(logits + linear_bias, target, **options)


def _pairs(v: Values) -> Iterator[Sample]:
    for reduction in REDUCTIONS:
        yield Sample(v.distinct(3, 4), v.normal(3, 4) / 50, reduction=reduction)
    yield Sample(v.distinct(5), v.normal(5) / 50)
    yield Sample(v.distinct(2, 3, 4, 5), v.normal(2, 3, 4, 5) / 50)
    yield Sample(v.distinct(), v.normal() / 50)
    yield Sample(v.distinct(3, 4), v.normal(3, 4) / 50, reduce=False)
    yield Invalid(v.normal(3), v.normal(3), reduction="all", raises=ValueError,
                  match="all is not a valid value for reduction")


def _weighed(v: Values) -> Iterator[Sample]:
    yield from _pairs(v)
    for reduction in REDUCTIONS:
        yield Sample(v.distinct(3, 4), v.normal(3, 4) / 50, weight=Fixed(v.positive(3, 4)),
                     reduction=reduction)  # fmt: skip
    yield Invalid(v.normal(3), v.normal(3), weight=v.positive(1), raises=ValueError,
                  match="Weights and input must have the same size")


def _weighed_reference(distance: Any) -> Any:
    def reference(x: Array, y: Array, reduction: str = "mean", reduce: Any = None,
                  weight: Any = None) -> Any:  # fmt: skip
        losses, total = distance(x - y), None
        if weight is not None:
            losses, total = losses * weight, weight.sum()
        return _reduced(losses, "none" if reduce is False else reduction, total)

    return reference


def _probabilities(v: Values) -> Iterator[Sample]:
    for reduction in REDUCTIONS:
        yield Sample(v.between(0.1, 0.9, 3, 4), v.between(0.0, 1.0, 3, 4), reduction=reduction)
    yield Sample(v.between(0.1, 0.9, 5), v.between(0.0, 1.0, 5), Fixed(v.positive(5)))
    yield Invalid(v.between(0.1, 0.9, 3), v.between(0.0, 1.0, 4), raises=ValueError,
                  match="Using a target size .* that is different to the input size")
    yield Invalid(v.between(0.1, 0.9, 3), np.array([0, 1, 1]), raises=RuntimeError,
                  match="Found dtype Long but expected")
    yield Invalid(np.array([0.5, 1.5]), v.between(0.0, 1.0, 2), raises=RuntimeError,
                  match="all elements of input should be between 0 and 1", reads_values=True)


def _bce_reference(x: Array, t: Array, weight: Any = 1, reduction: str = "mean") -> Any:
    return _reduced(-weight * (t * np.log(x) + (1 - t) * np.log(1 - x)), reduction)


def _logits(v: Values) -> Iterator[Sample]:
    for reduction in REDUCTIONS:
        yield Sample(v.nonzero(3, 4), v.between(0.0, 1.0, 3, 4), reduction=reduction)
    yield Sample(v.nonzero(3, 4), v.between(0.0, 1.0, 3, 4), pos_weight=Fixed(v.positive(4)))
    yield Sample(v.nonzero(5), v.between(0.0, 1.0, 5), Fixed(v.positive(5)))
    yield Sample(300 * v.nonzero(5), v.between(0.0, 1.0, 5))
    yield Invalid(v.normal(3), v.normal(4), raises=ValueError,
                  match="Target size .* must be the same as input size")
    yield Invalid(v.normal(3), np.array([0, 1, 1]), raises=RuntimeError,
                  match="can't be cast to the desired output type Long")


def _logits_reference(x: Array, t: Array, weight: Any = 1, pos_weight: Any = 1,
                      reduction: str = "mean") -> Any:  # fmt: skip
    positive, negative = np.logaddexp(0, -x), np.logaddexp(0, x)
    return _reduced(weight * (pos_weight * t * positive + (1 - t) * negative), reduction)


ops = [
    Op("nn.functional.nll_loss", _nll, _nll_reference, composite=True),
    Op("nn.functional.linear_cross_entropy", _linear, _linear_reference, composite=True),
    Op("nn.functional.cross_entropy", _cross_entropy, _cross_entropy_reference, composite=True),
    Op("nn.functional.mse_loss", _weighed, _weighed_reference(np.square), composite=True),
    Op("nn.functional.l1_loss", _weighed, _weighed_reference(np.abs)),
    Op("nn.functional.binary_cross_entropy", _probabilities, _bce_reference, composite=True),
    Op("nn.functional.binary_cross_entropy_with_logits", _logits, _logits_reference,
       composite=True),
]  # fmt: skip
