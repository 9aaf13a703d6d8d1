"""Adadelta (Zeiler, arXiv 1212.5701)."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor
from .rule import RuleOptimizer, State

__all__ = ["Adadelta"]


class Adadelta(RuleOptimizer):
    """Steps as large as past steps were, for gradients as large as past ones were.

    g = gradient + weight_decay * w, v = rho v + (1 - rho) g^2, d = sqrt(u + eps) / sqrt(v + eps) g,
    u = rho u + (1 - rho) d^2, w = w - lr * d. `maximize` goes up instead of down.

    >>> import rushlight as torch
    >>> w = torch.nn.Parameter(torch.tensor([1.0]))
    >>> optimizer = torch.optim.Adadelta([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.data
    tensor([0.9997])
    """

    rule = "adadelta"
    states = (State("square_avg"), State("acc_delta"))
    takes = ("lr", "rho", "eps", "weight_decay", "maximize")

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        super().__init__(locals())
