"""RAdam: Adam that waits for its variance (Liu et al., arXiv 1908.03265)."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor
from .rule import RuleOptimizer, State

__all__ = ["RAdam"]


class RAdam(RuleOptimizer):
    """Adam that takes steps along the mean gradient until its variance can be told.

    With m and v as Adam's, r = 2 / (1 - b2) - 1 and r_t = r - 2 t b2^t / (1 - b2^t) at step t:
    w = w - lr * m / (1 - b1^t), from r_t > 5 on times sqrt((r_t - 4) (r_t - 2) r / ((r - 4) (r - 2)
    r_t)) * sqrt(1 - b2^t) / (sqrt(v) + eps). `decoupled_weight_decay` shrinks the parameters by
    themselves, as AdamW does; `maximize` goes up instead of down.

    >>> import rushlight as torch
    >>> w = torch.nn.Parameter(torch.tensor([1.0]))
    >>> optimizer = torch.optim.RAdam([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.data
    tensor([0.8000])
    """

    rule = "radam"
    states = (State("exp_avg"), State("exp_avg_sq"))
    takes = (
        "lr", ("betas", 0), ("betas", 1), "eps", "weight_decay", "decoupled_weight_decay",
        "maximize",
    )  # fmt: skip

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        super().__init__(locals())
