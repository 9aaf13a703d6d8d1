"""Stochastic gradient descent, with momentum and Nesterov's variant of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import OperationError
from ..grad_mode import no_grad
from ..ops.creation import empty_like
from ..tensor import Tensor
from .optimizer import Optimizer, as_number, batches, check_implementation, option

__all__ = ["SGD"]


class SGD(Optimizer):
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
        if isinstance(lr, Tensor) and lr.numel() != 1:
            raise ValueError("Tensor lr must be 1-element")
        if lr < 0.0:
            raise ValueError(f"Invalid learning rate: {lr}")
        if momentum < 0.0:
            raise ValueError(f"Invalid momentum value: {momentum}")
        if weight_decay < 0.0:
            raise ValueError(f"Invalid weight_decay value: {weight_decay}")
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        check_implementation("SGD", foreach, fused, differentiable)
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
            "foreach": foreach,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for group in self.param_groups:
            group.setdefault("nesterov", False)
            group.setdefault("maximize", False)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        loss = self._evaluate(closure)
        for group in self.param_groups:
            self._update(group)
        return loss

    def _update(self, group: dict[str, Any]) -> None:
        momentum = option(group, "momentum")

        def buffer_of(parameter: Tensor) -> Tensor | None:
            return self.state[parameter].get("momentum_buffer") if momentum != 0 else None

        def update_sparse(parameter: Tensor, gradient: Tensor) -> None:
            self._update_sparse(group, parameter, gradient)

        for parameters, gradients, buffers in batches(group, buffer_of, update_sparse):
            initialized = buffers[0] is not None
            if momentum != 0 and not initialized:
                buffers = [empty_like(parameter) for parameter in parameters]
            self._run_kernel(
                "sgd",
                parameters,
                gradients,
                [buffer.array for buffer in buffers] if momentum != 0 else None,
                initialized,
                option(group, "lr"),
                momentum,
                option(group, "dampening"),
                option(group, "weight_decay"),
                group["nesterov"],
                group["maximize"],
            )
            if momentum != 0 and not initialized:
                for parameter, buffer in zip(parameters, buffers, strict=True):
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
