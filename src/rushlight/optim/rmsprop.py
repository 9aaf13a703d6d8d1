"""RMSprop (Hinton, lecture 6 of his course on neural networks, 2012)."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor
from .rule import RuleOptimizer, State

__all__ = ["RMSprop"]


class RMSprop(RuleOptimizer):
    """Steps scaled by a running mean of the gradient's square.

    g = gradient + weight_decay * w, v = alpha v + (1 - alpha) g^2, d = g / (sqrt(v) + eps),
    w = w - lr * d. `centered` takes the variance for v (arXiv 1308.0850); with momentum
    b = momentum * b + d and w = w - lr * b. `maximize` goes up instead of down.

    >>> import rushlight as torch
    >>> w = torch.nn.Parameter(torch.tensor([1.0]))
    >>> optimizer = torch.optim.RMSprop([w], lr=0.01)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.data
    tensor([0.9000])
    """

    rule = "rmsprop"
    states = (
        State("square_avg"),
        State("momentum_buffer", under="momentum"),
        State("grad_avg", under="centered"),
    )
    takes = ("lr", "alpha", "eps", "weight_decay", "momentum", "maximize")

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        super().__init__(locals())
