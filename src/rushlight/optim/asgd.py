"""Averaged stochastic gradient descent (Polyak and Juditsky 1992)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ..tensor import Tensor
from .options import Check
from .rule import RuleOptimizer, State

__all__ = ["ASGD"]


class ASGD(RuleOptimizer):
    """Gradient descent with falling rates that also keeps the mean of the parameters.

    g = gradient + weight_decay * w, w = (1 - lambd * eta) w - eta * g, where
    eta = lr / (1 + lambd * lr * t)^alpha after step t; `state[w]["ax"]` is the mean of w over the
    steps from `t0` on, and w before. `maximize` goes up instead of down.

    >>> import rushlight as torch
    >>> w = torch.nn.Parameter(torch.tensor([1.0]))
    >>> optimizer = torch.optim.ASGD([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.data
    tensor([0.8000])
    """

    rule = "asgd"
    states = (State("ax"),)
    numbers: ClassVar[Mapping[str, float | str]] = {"step": 0.0, "eta": "lr", "mu": 1.0}
    # PyTorch takes any exponent.
    checks: ClassVar[Mapping[str, Check]] = {"alpha": lambda alpha: None}
    takes = ("lr", "lambd", "alpha", "t0", "weight_decay", "maximize")

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        super().__init__(locals())
