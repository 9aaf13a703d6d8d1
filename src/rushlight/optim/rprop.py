"""Rprop: resilient backpropagation (Riedmiller and Braun 1993)."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor
from .rule import RuleOptimizer, State

__all__ = ["Rprop"]


class Rprop(RuleOptimizer):
    """Steps by the signs of the gradient alone, for whole batches.

    Each element has a step size, `lr` at first. It grows by etas[1] while the gradient keeps its
    sign and shrinks by etas[0] where it does not, within `step_sizes`; w = w - sign(g) * step size,
    but for elements whose gradient has turned. `maximize` goes up instead of down.

    >>> import rushlight as torch
    >>> w = torch.nn.Parameter(torch.tensor([1.0]))
    >>> optimizer = torch.optim.Rprop([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.data
    tensor([0.9000])
    """

    rule = "rprop"
    states = (State("prev"), State("step_size", begins="lr"))
    takes = (("etas", 0), ("etas", 1), ("step_sizes", 0), ("step_sizes", 1), "maximize")

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        super().__init__(locals())
