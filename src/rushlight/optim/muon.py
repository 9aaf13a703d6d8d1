"""Muon (Jordan et al. 2024): momentum whose matrices are made orthogonal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ..errors import OperationError
from ..tensor import Tensor
from .options import Check, at_least
from .rule import RuleOptimizer, State

__all__ = ["Muon"]


def _check_adjustment(name: Any) -> None:
    if name not in (None, "original", "match_rms_adamw"):
        raise ValueError(f"Adjust learning rate function {name} is not supported")


class Muon(RuleOptimizer):
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

    rule = "muon"
    states = (State("momentum_buffer"),)
    numbers: ClassVar[Mapping[str, float | str]] = {}
    takes = (
        "lr", "weight_decay", "momentum", "nesterov", ("ns_coefficients", 0),
        ("ns_coefficients", 1), ("ns_coefficients", 2), "eps",
    )  # fmt: skip
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
        super().__init__(locals())
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.dim() != 2:
                    raise ValueError(
                        "Muon only supports 2D parameters whereas we found a parameter with size: "
                        f"{parameter.shape}; give the others to AdamW, say"
                    )

    def _begin(self, parameter: Tensor, group: dict[str, Any]) -> dict[str, Tensor]:
        if parameter.is_complex():
            raise OperationError("Muon does not support complex parameters")
        return super()._begin(parameter, group)

    def _options(self, group: dict[str, Any]) -> list[float]:
        if group["ns_steps"] >= 100:
            raise ValueError("Number of steps must be less than 100 for computational efficiency")
        if len(group["ns_coefficients"]) != 3:
            raise ValueError("Coefficients must be a tuple of exactly 3 values")
        adjusted = group["adjust_lr_fn"] == "match_rms_adamw"
        return [*super()._options(group), group["ns_steps"], adjusted]
