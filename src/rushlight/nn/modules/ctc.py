"""The loss of sequences that are not aligned with their labels (Graves et al. 2006)."""

from __future__ import annotations

from typing import Any

from ...tensor import Tensor
from .. import functional as F
from .loss import _Loss


class CTCLoss(_Loss):
    """-log of the probability of all alignments that lead to the labels.

    Shapes: log_probs (T, N, C) or (T, C); targets (N, S), or all of them in one of
    (sum(target_lengths)); both lengths (N). `blank` is the class of no label. `reduction="mean"`
    divides by the targets' lengths first; `zero_infinity` sets infinite losses (too short inputs)
    and their gradients to zero.

    >>> import rushlight as torch
    >>> log_probs = torch.full((4, 1, 3), 1 / 3).log()
    >>> torch.nn.CTCLoss()(log_probs, torch.tensor([[1, 2]]), (4,), (2,))
    tensor(0.8432)
    """

    def __init__(
        self, blank: int = 0, reduction: str = "mean", zero_infinity: bool = False
    ) -> None:
        super().__init__(reduction=reduction)
        self.blank = blank
        self.zero_infinity = zero_infinity

    def forward(
        self, log_probs: Tensor, targets: Tensor, input_lengths: Any, target_lengths: Any
    ) -> Tensor:
        return F.ctc_loss(
            log_probs,
            targets,
            input_lengths,
            target_lengths,
            self.blank,
            self.reduction,
            self.zero_infinity,
        )
