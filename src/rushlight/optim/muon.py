"""Muon (Jordan et al. 2024): momentum whose matrices are made orthogonal."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from ..dtype import bfloat16
from ..errors import OperationError
from ..grad_mode import no_grad
from ..layout import strided
from ..ops.creation import zeros_like
from ..ops.products import addmm
from ..tensor import Tensor
from .optimizer import Optimizer
from .options import Check, at_least, checked
from .rule import as_number

__all__ = ["Muon"]


def _check_adjustment(name: Any) -> None:
    if name not in (None, "original", "match_rms_adamw"):
        raise ValueError(f"Adjust learning rate function {name} is not supported")


class Muon(Optimizer):
    """Steps along the momentum with all of its singular values nearly 1; for matrices alone.

    b = b + (1 - momentum) (g - b), u = b or, with `nesterov`, g + momentum (b - g), and
    w = (1 - lr * weight_decay) w - lr * s * orthogonal(u). The orthogonal matrix is found by
    `ns_steps` of Newton and Schulz in bfloat16, x = a x + (b x x^T + c (x x^T)^2) x with the
    `ns_coefficients` a, b, c. The scale s is sqrt(max(1, rows / columns)) where `adjust_lr_fn` is
    None or "original", and 0.2 sqrt(max(rows, columns)) where it is "match_rms_adamw".

    >>> import rushlight as torch
    >>> w = torch.nn.Parameter(torch.eye(2))
    >>> optimizer = torch.optim.Muon([w], lr=0.1, weight_decay=0)
    >>> (3 * w).sum().backward()
    >>> optimizer.step()
    >>> (w.data - torch.eye(2)).sum() < 0
    tensor(True)
    """

    checks: ClassVar[Mapping[str, Check]] = {
        "lr": at_least(0, "Learning rate should be >= 0 but is: {}"),
        "momentum": at_least(0, "momentum should be >= 0 but is: {}"),
        "weight_decay": at_least(0, "weight decay should be >= 0 but is: {}"),
        "eps": lambda eps: None,
        "adjust_lr_fn": _check_adjustment,
    }

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = (3.4445, -4.7750, 2.0315),
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: str | None = None,
    ) -> None:
        super().__init__(params, checked(locals(), self.checks))
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.dim() != 2:
                    raise ValueError(
                        "Muon only supports 2D parameters whereas we found a parameter with size: "
                        f"{parameter.shape}; give the others to AdamW, say"
                    )

    @no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        loss = self._evaluate(closure)
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._update(group, parameter, parameter.grad)
        return loss

    def _update(self, group: dict[str, Any], parameter: Tensor, gradient: Tensor) -> None:
        if parameter.is_complex():
            raise OperationError("Muon does not support complex parameters")
        if gradient.layout is not strided:
            raise OperationError("Muon does not support sparse gradients")
        state = self.state[parameter]
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = zeros_like(gradient)
        buffer, momentum = state["momentum_buffer"], as_number(group["momentum"])
        buffer.lerp_(gradient, 1 - momentum)
        update = gradient.lerp(buffer, momentum) if group["nesterov"] else buffer
        update = orthogonal(update, group["ns_coefficients"], group["ns_steps"], group["eps"])
        lr = as_number(group["lr"])
        parameter.mul_(1 - lr * as_number(group["weight_decay"]))
        parameter.add_(update, alpha=-lr * _scale(group["adjust_lr_fn"], parameter.shape))


def orthogonal(
    matrix: Tensor, coefficients: tuple[float, float, float], steps: int, eps: float
) -> Tensor:
    """A matrix of nearly the same singular vectors, whose singular values are nearly 1."""
    if steps >= 100:
        raise ValueError("Number of steps must be less than 100 for computational efficiency")
    if len(coefficients) != 3:
        raise ValueError("Coefficients must be a tuple of exactly 3 values")
    a, b, c = coefficients
    is_tall = matrix.size(0) > matrix.size(1)
    x = matrix.to(bfloat16)
    x = x.T if is_tall else x  # the products below are those of the shorter side
    x = x / x.norm().clamp(min=eps)
    for _ in range(steps):
        square = x @ x.T
        x = addmm(x, addmm(square, square, square, beta=b, alpha=c), x, beta=a)
    return x.T if is_tall else x


def _scale(name: str | None, shape: Any) -> float:
    rows, columns = shape
    if name == "match_rms_adamw":
        return 0.2 * math.sqrt(max(rows, columns))
    return math.sqrt(max(1, rows / columns))
