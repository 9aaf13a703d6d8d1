"""Rows of rushlight/ops/margin_loss.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .core import Array, Fixed, Invalid, Op, Sample, Values
from .distance import _norm
from .loss import REDUCTIONS, _reduced


def _signs(v: Values, *shape: int) -> Fixed:
    return Fixed(np.where(v.mask(*shape), 1.0, -1.0))


def _invalid_reduction(*arguments: Any) -> Invalid:
    return Invalid(*arguments, reduction="all", raises=ValueError,
                   match="all is not a valid value for reduction")  # fmt: skip


def _signed(v: Values) -> Iterator[Sample]:
    for reduction in REDUCTIONS:
        yield Sample(v.normal(3, 4), _signs(v, 3, 4), reduction=reduction)
    yield Sample(v.normal(), _signs(v))
    yield Sample(v.normal(3, 4), _signs(v, 4), size_average=False)
    yield _invalid_reduction(v.normal(3), v.normal(3))


def _by_size(reduction: str, size_average: Any) -> str:
    return "sum" if size_average is False else reduction


def _soft(x: Array, t: Array, size_average: Any = None, reduction: str = "mean") -> Any:
    return _reduced(np.log1p(np.exp(-t * x)), _by_size(reduction, size_average))


def _hinge(x: Array, t: Array, size_average: Any = None, reduction: str = "mean") -> Any:
    losses = np.where(t == 1, x, np.maximum(0, 1 - x))
    return _reduced(losses, _by_size(reduction, size_average))


def _ranking(v: Values) -> Iterator[Sample]:
    for reduction in REDUCTIONS:
        yield Sample(v.normal(3, 4), v.normal(3, 4), _signs(v, 3, 4), 0.3, reduction=reduction)
    yield Invalid(v.normal(3, 4), v.normal(4), v.normal(3, 4), raises=RuntimeError,
                  match="All input tensors should have same dimension")


def _cosine(v: Values) -> Iterator[Sample]:
    for reduction in REDUCTIONS:
        yield Sample(v.normal(4, 3), v.normal(4, 3), np.array([1, -1, -1, 1]), 0.2,
                     reduction=reduction)  # fmt: skip
    yield Sample(v.normal(3), v.normal(3), np.array(1))
    yield Invalid(v.normal(3), v.normal(3), np.array([1, -1, 1]), raises=RuntimeError,
                  match="1D target tensor expects 2D input tensors, but found inputs with sizes")
    yield Invalid(v.normal(2, 2), v.normal(2, 2), np.ones((2, 2)), raises=RuntimeError,
                  match="0D or 1D target tensor expected, multi-target not supported")


def _cosine_reference(
    a: Array, b: Array, t: Array, margin: float = 0.0, reduction: str = "mean"
) -> Any:
    cosine = (a * b).sum(-1) / np.sqrt((a * a).sum(-1) * (b * b).sum(-1))
    return _reduced(np.where(t == 1, 1 - cosine, np.maximum(0, cosine - margin)), reduction)


def _multi(v: Values) -> Iterator[Sample]:
    labels = np.array([0, 3, 1])
    for reduction in REDUCTIONS:
        yield Sample(v.normal(3, 4), labels, reduction=reduction)
        yield Sample(v.normal(3, 4), labels, 2, 0.7, Fixed(v.positive(4)), reduction=reduction)
    yield Sample(v.normal(4), np.array(2), reduction="none")
    yield Invalid(v.normal(3, 4), np.array([0, 4, 1]), raises=RuntimeError, reads_values=True,
                  match="target out of range")
    yield Invalid(v.normal(3, 4), labels, 3, raises=ValueError, match="only p == 1 and p == 2")
    yield Invalid(v.normal(3, 4), labels[:2], raises=RuntimeError, match=(
        r"Expected target size \[3\], but got \[2\]"))
    yield Invalid(v.normal(3, 4), labels, weight=Fixed(v.normal(3)), raises=RuntimeError,
                  match="inconsistent weight size, expected 4 but got")
    yield Invalid(v.normal(3, 0), labels, raises=RuntimeError, match="Expected non-empty vector")
    yield Invalid(v.normal(3, 4), labels.astype("int32"), raises=RuntimeError,
                  match="expected scalar type Long but found", own_words=True)


def _multi_reference(
    x: Array, t: Array, p: int = 1, margin: float = 1.0, weight: Any = None,
    reduction: str = "mean",
) -> Any:  # fmt: skip
    rows, labels = np.atleast_2d(x), np.atleast_1d(t)
    short = np.maximum(0, margin - np.take_along_axis(rows, labels[:, None], 1) + rows) ** p
    np.put_along_axis(short, labels[:, None], 0, 1)
    losses = short.sum(1) / rows.shape[1] * (1 if weight is None else weight[labels])
    return _reduced(losses.reshape(t.shape), reduction)


LABELS = ((0, 1, -1, 2), (3, -1, 0, 0), (-1, 0, 0, 0), (1, 1, 0, 2))


def _multilabel(v: Values) -> Iterator[Sample]:
    labels = np.array(LABELS)
    for reduction in REDUCTIONS:
        yield Sample(v.normal(4, 4), labels, reduction=reduction)
    yield Sample(v.normal(4), labels[0])
    yield Invalid(v.normal(4, 4), labels + 2, raises=RuntimeError, reads_values=True,
                  match="'target' is out of range")
    yield Invalid(v.normal(3, 4), labels, raises=RuntimeError, match="inconsistent target size")


def _multilabel_reference(x: Array, target: Array, reduction: str = "mean") -> Any:
    losses = []
    for row, labels in zip(np.atleast_2d(x), np.atleast_2d(target), strict=True):
        given = labels[: np.argmax(labels < 0) if (labels < 0).any() else None]
        others = np.delete(row, given)
        losses.append(np.maximum(0, 1 - row[given][:, None] + others).sum() / len(row))
    return _reduced(np.array(losses).reshape(x.shape[:-1]), reduction)


def _multilabel_soft(v: Values) -> Iterator[Sample]:
    for reduction in REDUCTIONS:
        yield Sample(v.normal(3, 4), Fixed(v.mask(3, 4) * 1.0), reduction=reduction)
    yield Sample(v.normal(3, 4), Fixed(v.mask(3, 4) * 1.0), Fixed(v.positive(4)))
    yield Invalid(v.normal(), v.normal(), raises=IndexError, match="tensor has no dimensions")


def _multilabel_soft_reference(
    x: Array, t: Array, weight: Any = 1.0, reduction: str = "mean"
) -> Any:
    losses = t * np.log1p(np.exp(-x)) + (1 - t) * np.log1p(np.exp(x))
    return _reduced((losses * weight).mean(-1), reduction)


def _triplets(**options: Any) -> Any:
    def samples(v: Values) -> Iterator[Sample]:
        for reduction in REDUCTIONS:
            yield Sample(*(v.normal(3, 4) for _ in range(3)), reduction=reduction)
        yield Sample(*(v.normal(3, 4) for _ in range(3)), margin=2.5, swap=True)
        yield Sample(*(v.normal(4) for _ in range(3)))
        if options:
            yield Sample(*(v.normal(3, 4) for _ in range(3)), **options)
        yield Invalid(*(v.normal(3, 4) for _ in range(3)), margin=0.0, raises=ValueError,
                      match="margin must be greater than 0, got 0")
        yield Invalid(v.normal(3, 4), v.normal(4), v.normal(3, 4), raises=RuntimeError,
                      match="expected to have the same number of dimensions, but got: anchor 2D")

    return samples


def _triplet(
    anchor: Array, positive: Array, negative: Array, margin: float = 1.0, p: float = 2.0,
    eps: float = 1e-6, swap: bool = False, reduction: str = "mean",
) -> Any:  # fmt: skip
    far = _norm(anchor - negative + eps, p, -1)
    if swap:
        far = np.minimum(far, _norm(positive - negative + eps, p, -1))
    near = _norm(anchor - positive + eps, p, -1)
    return _reduced(np.maximum(0, margin + near - far), reduction)


def _loss(name: str, samples: Any, reference: Any, halves: bool = True) -> Op:
    return Op(f"nn.functional.{name}", samples, reference, composite=True, halves=halves)


ops = [
    _loss("soft_margin_loss", _signed, _soft),
    _loss("hinge_embedding_loss", _signed, _hinge),
    _loss("margin_ranking_loss", _ranking, lambda a, b, t, margin=0.0, reduction="mean": _reduced(
        np.maximum(0, margin - t * (a - b)), reduction)),
    _loss("cosine_embedding_loss", _cosine, _cosine_reference),
    _loss("multi_margin_loss", _multi, _multi_reference, halves=False),
    _loss("multilabel_margin_loss", _multilabel, _multilabel_reference, halves=False),
    _loss("multilabel_soft_margin_loss", _multilabel_soft, _multilabel_soft_reference),
    _loss("triplet_margin_loss", _triplets(p=1.0, eps=0.1, margin=5.0), _triplet),
    _loss("triplet_margin_with_distance_loss", _triplets(), _triplet),
]  # fmt: skip
