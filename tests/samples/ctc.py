"""Rows of rushlight/ops/ctc.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .core import Fixed, Invalid, Op, Sample, Values


def _of_scores(library: Any) -> Callable[..., Any]:
    """The loss of scores: its gradient is right for logarithms of probabilities alone."""

    def loss(scores: Any, *arguments: Any, **options: Any) -> Any:
        return library.nn.functional.ctc_loss(scores.log_softmax(-1), *arguments, **options)

    return loss


def _ctc(v: Values) -> Iterator[Sample]:
    targets = np.asarray([[1, 2, 2], [3, 1, 0]])
    lengths = Fixed(np.asarray([6, 5])), Fixed(np.asarray([3, 2]))
    for reduction in ("none", "mean", "sum"):
        yield Sample(v.normal(6, 2, 4), targets, *lengths, reduction=reduction)
    yield Sample(v.normal(6, 2, 4), np.asarray([1, 2, 2, 3, 1]), (6, 5), (3, 2))
    yield Sample(v.normal(6, 2, 4), targets % 3, (6, 6), (3, 3), blank=3)
    yield Sample(v.normal(6, 4), np.asarray([1, 1]), (6,), (2,), reduction="none")
    yield Sample(v.normal(3, 2, 4), targets, (3, 3), (3, 0), zero_infinity=True)
    x = v.normal(6, 2, 4)
    yield Invalid(x, targets, (7, 5), (3, 2), raises=RuntimeError, reads_values=True,
                  match="Expected input_lengths to have value", own_words=True)
    yield Invalid(x, targets, (6, 5), (4, 2), raises=RuntimeError, match="Expected t",
                  reads_values=True, own_words=True)
    yield Invalid(x, targets, (6,), (3, 2), raises=RuntimeError, match="of size batch_size")
    yield Invalid(x, targets, (6, 5), (3, 2), blank=4, raises=RuntimeError, match="label range")
    yield Invalid(x, targets, (6, 5), (3, 2), reduction="all", raises=ValueError,
                  match="not a valid value for reduction")


ops = [
    Op("nn.functional.ctc_loss", _ctc, call=_of_scores, covers=("nn.functional.ctc_loss",),
       second=False, halves=False, composite=True),
]
