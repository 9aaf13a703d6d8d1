"""NAdam: Adam with Nesterov's momentum (Dozat 2016)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ..tensor import Tensor
from .rule import RuleOptimizer, State

__all__ = ["NAdam"]


class NAdam(RuleOptimizer):
    """Adam whose step looks ahead along its momentum.

    With mu_t = b1 (1 - 0.96^(t * momentum_decay) / 2) at step t, m and v as Adam's, and M_t the
    product of all mu up to t: w = w - lr * ((1 - mu_t) / (1 - M_t) g + mu_(t+1) / (1 - M_(t+1)) m)
    / (sqrt(v / (1 - b2^t)) + eps). `decoupled_weight_decay` shrinks the parameters by themselves,
    as AdamW does; `maximize` goes up instead of down.

    >>> import rushlight as torch
    >>> w = torch.nn.Parameter(torch.tensor([1.0]))
    >>> optimizer = torch.optim.NAdam([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.data
    tensor([0.8944])
    """

    rule = "nadam"
    states = (State("exp_avg"), State("exp_avg_sq"))
    numbers: ClassVar[Mapping[str, float | str]] = {"step": 0.0, "mu_product": 1.0}
    takes = (
        "lr", ("betas", 0), ("betas", 1), "eps", "weight_decay", "momentum_decay",
        "decoupled_weight_decay", "maximize",
    )  # fmt: skip

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        super().__init__(locals())
