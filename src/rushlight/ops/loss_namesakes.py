"""Losses that torch has beside those of nn.functional, with arguments in another order.

They are what PyTorch's functionals call. `reduction` is a number here: 0 for none, 1 for the mean,
2 for the sum. Where it is left away it is 0, unlike theirs.
"""

from __future__ import annotations

from typing import Any

from ..errors import OperationError
from ..tensor import Tensor
from . import ctc, loss, margin_loss
from . import regression_loss as regression
from .declare import operation


def _words(name: str, reduction: int) -> str:
    if not isinstance(reduction, int):
        raise TypeError(
            f"{name}(): argument 'reduction' must be int, not {type(reduction).__name__}: 0 for "
            "none, 1 for the mean, 2 for the sum"
        )
    if reduction not in (0, 1, 2):
        raise OperationError(f"{name}: reduction is 0 (none), 1 (mean) or 2 (sum), got {reduction}")
    return ("none", "mean", "sum")[reduction]


@operation(name="ctc_loss", method=False)
def _ctc_loss(
    log_probs: Tensor, targets: Tensor, input_lengths: Any, target_lengths: Any, blank: int = 0,
    reduction: int = 0, zero_infinity: bool = False,
) -> Tensor:  # fmt: skip
    """`nn.functional.ctc_loss`.

    >>> import rushlight as torch
    >>> log_probs = torch.full((2, 1, 2), 0.5).log()  # of blank and 1; three of four paths spell 1
    >>> torch.ctc_loss(log_probs, torch.tensor([[1]]), [2], [1], 0, 2).exp()
    tensor(1.3333)
    """
    lengths = input_lengths, target_lengths
    words = _words("ctc_loss", reduction)
    return ctc.ctc_loss(log_probs, targets, *lengths, blank, words, zero_infinity)


@operation(name="kl_div", method=False, autocast="float32")
def _kl_div(
    input: Tensor, target: Tensor, reduction: int = 0, *, log_target: bool = False
) -> Tensor:
    """`nn.functional.kl_div`.

    >>> import rushlight as torch
    >>> p = torch.tensor([0.5, 0.5])
    >>> torch.kl_div(torch.tensor([0.25, 0.75]).log(), p, 2)  # (log(2) + log(2 / 3)) / 2
    tensor(0.1438)
    """
    words = _words("kl_div", reduction)
    return regression.divergence(input, target, words, log_target)


@operation(name="poisson_nll_loss", method=False)
def _poisson_nll_loss(
    input: Tensor, target: Tensor, log_input: bool, full: bool, eps: float, reduction: int
) -> Tensor:
    """`nn.functional.poisson_nll_loss`.

    >>> import rushlight as torch
    >>> torch.poisson_nll_loss(torch.tensor([0.0]), torch.tensor([2.0]), True, False, 1e-8, 1)
    tensor(1.)
    """
    words = _words("poisson_nll_loss", reduction)
    return regression.poisson_nll_loss(input, target, log_input, full, eps=eps, reduction=words)


@operation(name="binary_cross_entropy_with_logits", method=False)
def _binary_cross_entropy_with_logits(
    input: Tensor, target: Tensor, weight: Tensor | None = None, pos_weight: Tensor | None = None,
    reduction: int = 0,
) -> Tensor:  # fmt: skip
    """`nn.functional.binary_cross_entropy_with_logits`.

    >>> import rushlight as torch
    >>> x, target = torch.tensor([0.0]), torch.tensor([1.0])
    >>> torch.binary_cross_entropy_with_logits(x, target, reduction=1)  # log(2)
    tensor(0.6931)
    """
    words = _words("binary_cross_entropy_with_logits", reduction)
    return loss.binary_cross_entropy_with_logits(
        input, target, weight, reduction=words, pos_weight=pos_weight
    )


@operation(name="hinge_embedding_loss", method=False)
def _hinge_embedding_loss(
    input: Tensor, target: Tensor, margin: float = 1.0, reduction: int = 0
) -> Tensor:
    """`nn.functional.hinge_embedding_loss`.

    >>> import rushlight as torch
    >>> torch.hinge_embedding_loss(torch.tensor([2.0, 0.25]), torch.tensor([1, -1]), reduction=2)
    tensor(2.7500)
    """
    words = _words("hinge_embedding_loss", reduction)
    return margin_loss.hinge_embedding_loss(input, target, margin, reduction=words)


@operation(name="margin_ranking_loss", method=False)
def _margin_ranking_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0.0, reduction: int = 0
) -> Tensor:
    """`nn.functional.margin_ranking_loss`.

    >>> import rushlight as torch
    >>> x1, x2 = torch.tensor([3.0, 1.0]), torch.tensor([1.0, 3.0])
    >>> torch.margin_ranking_loss(x1, x2, torch.tensor([1, 1]), reduction=2)
    tensor(2.)
    """
    words = _words("margin_ranking_loss", reduction)
    return margin_loss.margin_ranking_loss(input1, input2, target, margin, reduction=words)


@operation(name="cosine_embedding_loss", method=False)
def _cosine_embedding_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0.0, reduction: int = 0
) -> Tensor:
    """`nn.functional.cosine_embedding_loss`.

    >>> import rushlight as torch
    >>> x1, x2 = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]])
    >>> torch.cosine_embedding_loss(x1, x2, torch.tensor([1]), reduction=1)
    tensor(1.)
    """
    words = _words("cosine_embedding_loss", reduction)
    return margin_loss.cosine_embedding_loss(input1, input2, target, margin, reduction=words)


@operation(name="triplet_margin_loss", method=False)
def _triplet_margin_loss(
    anchor: Tensor, positive: Tensor, negative: Tensor, margin: float = 1.0, p: float = 2.0,
    eps: float = 1e-6, swap: bool = False, reduction: int = 0,
) -> Tensor:  # fmt: skip
    """`nn.functional.triplet_margin_loss`.

    >>> import rushlight as torch
    >>> torch.triplet_margin_loss(*torch.tensor([[0.0], [2.0], [2.5]]))  # 2 - 2.5 + 1
    tensor(0.5000)
    """
    words = _words("triplet_margin_loss", reduction)
    return margin_loss.triplet_margin_loss(
        anchor, positive, negative, margin, p, eps, swap, reduction=words
    )
