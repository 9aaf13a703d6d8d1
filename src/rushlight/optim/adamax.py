"""Adamax: Adam by the largest gradient (Kingma and Ba, arXiv 1412.6980)."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor
from .rule import RuleOptimizer, State

__all__ = ["Adamax"]


class Adamax(RuleOptimizer):
    """Steps scaled by a running mean of the gradient and a fading maximum of its size.

    g = gradient + weight_decay * w, m = b1 m + (1 - b1) g, u = max(b2 u, abs(g) + eps),
    w = w - lr / (1 - b1^t) * m / u at step t. `maximize` goes up instead of down.

    >>> import rushlight as torch
    >>> w = torch.nn.Parameter(torch.tensor([1.0]))
    >>> optimizer = torch.optim.Adamax([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.data
    tensor([0.9000])
    """

    rule = "adamax"
    states = (State("exp_avg"), State("exp_inf"))
    takes = ("lr", ("betas", 0), ("betas", 1), "eps", "weight_decay", "maximize")

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        super().__init__(locals())
