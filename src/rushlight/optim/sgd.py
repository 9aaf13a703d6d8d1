"""Stochastic gradient descent, with momentum and Nesterov's variant of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ..errors import OperationError
from ..grad_mode import no_grad
from ..ops.creation import empty_like
from ..tensor import Tensor
from .rule import RuleOptimizer, State, as_number

__all__ = ["SGD"]


class SGD(RuleOptimizer):
    """Stochastic gradient descent.

    g = gradient + weight_decay * w; with momentum b = momentum * b + (1 - dampening) * g (at the
    first step b = g) and then g = b, or g + momentum * b with `nesterov` (Sutskever et al. 2013);
    w = w - lr * g. `maximize` goes up instead of down.

    >>> import rushlight as torch
    >>> w = torch.nn.Parameter(torch.tensor([1.0]))
    >>> optimizer = torch.optim.SGD([w], lr=0.1, momentum=0.9)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.data
    tensor([0.8000])
    """

    rule = "sgd"
    states = (State("momentum_buffer", under="momentum"),)
    numbers: ClassVar[Mapping[str, float | str]] = {}
    takes = ("lr", "momentum", "dampening", "weight_decay", "nesterov", "maximize")

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(locals())
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for known in self.state.values():  # PyTorch has saved buffers that were none yet
            if known.get("momentum_buffer", known) is None:
                del known["momentum_buffer"]

    def _update(self, group: dict[str, Any]) -> None:
        options = self._options(group)
        momentum = options[1]
        nothing: dict[str, Any] = {}

        def state_of(parameter: Tensor) -> dict[str, Tensor]:
            return self.state[parameter] if momentum != 0 else nothing

        for parameters, gradients, states in self._batches(group, state_of):
            initialized = "momentum_buffer" in states[0]
            buffers = None
            if initialized:
                buffers = [state["momentum_buffer"] for state in states]
            elif momentum != 0:  # the rule fills them with the gradient
                buffers = [empty_like(p, requires_grad=False) for p in parameters]
            self._run_kernel(
                "sgd",
                parameters,
                gradients,
                [buffers],
                initialized,
                *options,
            )
            if buffers is not None and not initialized:
                for parameter, buffer in zip(parameters, buffers, strict=True):
                    self.state[parameter]["momentum_buffer"] = buffer

    def _record_step(self, group: dict[str, Any], parameter: Tensor, gradient: Tensor) -> None:
        options = self._recorded_options(group)
        if options[1] == 0:
            self._follow_rule([parameter, None], gradient, [False, *options])
            return
        known = self.state[parameter].get("momentum_buffer")
        buffer = empty_like(parameter, requires_grad=False) if known is None else known
        self._follow_rule([parameter, buffer], gradient, [known is not None, *options])
        self.state[parameter]["momentum_buffer"] = buffer

    @no_grad()
    def _update_sparse(self, group: dict[str, Any], parameter: Tensor, gradient: Tensor) -> None:
        """The rows that the gradient has; the momentum of a sparse gradient is sparse."""
        if group["weight_decay"] != 0:
            raise OperationError(
                "SGD: weight_decay does not go with sparse gradients, as it changes every element: "
                "add(sparse, dense) is not supported; set weight_decay=0"
            )
        step = -gradient if group["maximize"] else gradient
        momentum = as_number(group["momentum"])
        if momentum != 0:
            buffer = self.state[parameter].get("momentum_buffer")
            if buffer is None:
                buffer = self.state[parameter]["momentum_buffer"] = step.clone()
            else:
                buffer.mul_(momentum).add_(step, alpha=1 - as_number(group["dampening"]))
            step = step.add(buffer, alpha=momentum) if group["nesterov"] else buffer
        parameter.add_(step, alpha=-as_number(group["lr"]))
