"""Adagrad (Duchi et al. 2011)."""

from __future__ import annotations

from typing import Any

from ..errors import OperationError
from ..grad_mode import no_grad
from ..tensor import Tensor
from .optimizer import named_elements
from .rule import RuleOptimizer, State, as_number

__all__ = ["Adagrad"]


class Adagrad(RuleOptimizer):
    """Steps scaled by all of the past gradients' squares.

    g = gradient + weight_decay * w, s = s + g^2, w = w - lr / (1 + (t - 1) lr_decay) * g /
    (sqrt(s) + eps) at step t, with s = `initial_accumulator_value` at first. Of a sparse gradient
    the elements that it names take part. `maximize` goes up instead of down.

    >>> import rushlight as torch
    >>> w = torch.nn.Parameter(torch.tensor([1.0]))
    >>> optimizer = torch.optim.Adagrad([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.data
    tensor([0.9000])
    """

    rule = "adagrad"
    states = (State("sum", begins="initial_accumulator_value"),)
    takes = ("lr", "lr_decay", "weight_decay", "eps", "maximize")

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(locals())
        for group in self.param_groups:
            for parameter in group["params"]:
                self._begin(parameter, group)

    def share_memory(self) -> None:
        """Moves the sums into memory that several processes can share."""
        for group in self.param_groups:
            for parameter in group["params"]:
                self.state[parameter]["sum"].share_memory_()

    @no_grad()
    def _update_sparse(self, group: dict[str, Any], parameter: Tensor, gradient: Tensor) -> None:
        """The elements that the gradient names."""
        if group["weight_decay"] != 0:
            raise OperationError("weight_decay option is not compatible with sparse gradients")
        state = self.state[parameter] or self._begin(parameter, group)
        rate = as_number(group["lr"]) / (1 + state["step"].item() * as_number(group["lr_decay"]))
        state["step"] += 1
        places, g = named_elements(gradient, group["maximize"])
        total = state["sum"][places] + g * g
        state["sum"][places] = total
        parameter[places] -= rate * (g / (total.sqrt() + group["eps"]))
