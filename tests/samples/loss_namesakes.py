"""Rows of rushlight/ops/loss_namesakes.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .core import Fixed, Invalid, Sample, Values
from .namesakes import Make, row


def _of_scores(torch: Any) -> Callable[..., Any]:
    """The loss of scores: its gradient is right for logarithms of probabilities alone."""

    def loss(scores: Any, *arguments: Any) -> Any:
        return torch.ctc_loss(scores.log_softmax(-1), *arguments)

    return loss


def _scores(v: Values) -> Iterator[Sample]:
    for reduction in ((), (0,), (1,), (2,)):
        yield Sample(v.normal(6, 2, 4), v.integers(1, 4, 2, 2), (6, 5), (2, 1), 0, *reduction)
    yield Invalid(v.normal(6, 2, 4), v.integers(1, 4, 2, 2), (6, 5), (2, 1), 0, "sum",
                  raises=TypeError, match="ctc_loss", own_words=True)  # fmt: skip


def _loss(*more: Any, required: bool = False) -> Make:
    """Samples of a loss of two tensors: more arguments, then the reduction, without it none."""

    def samples(v: Values) -> Iterator[Sample]:
        for reduction in ((0,), (1,), (2,)) if required else ((), (0,), (1,), (2,)):
            values = v.normal(3, 4), Fixed(v.unit(3, 4))
            yield Sample(*values, *more, *reduction)
        yield Invalid(*values, *more, "mean", raises=TypeError, match="must be int, not str",
                      own_words=True)  # fmt: skip

    return samples


def _of_three(v: Values) -> Iterator[Sample]:
    signs = Fixed(np.where(v.mask(3), 1.0, -1.0))
    for reduction in ((), (0,), (1,), (2,)):
        yield Sample(v.normal(3), v.normal(3), signs, 0.2, *reduction)


def _cosine(v: Values) -> Iterator[Sample]:
    signs = Fixed(np.where(v.mask(3), 1.0, -1.0))
    for reduction in ((), (0,), (1,), (2,)):
        yield Sample(v.normal(3, 4), v.normal(3, 4), signs, 0.2, *reduction)


def _triplet(v: Values) -> Iterator[Sample]:
    for reduction in ((), (0,), (1,), (2,)):
        yield Sample(
            v.normal(3, 4), v.normal(3, 4), v.normal(3, 4), 1.0, 2.0, 1e-6, True, *reduction
        )


ops = [
    row("ctc_loss", _scores, call=_of_scores, covers=("ctc_loss",), second=False, halves=False),
    row("kl_div", _loss()),
    row("poisson_nll_loss", _loss(True, False, 1e-8, required=True)),
    row("binary_cross_entropy_with_logits", _loss(None, None)),
    row("hinge_embedding_loss", _loss(1.0)),
    row("margin_ranking_loss", _of_three),
    row("cosine_embedding_loss", _cosine),
    row("triplet_margin_loss", _triplet),
]
