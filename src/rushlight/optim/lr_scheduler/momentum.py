"""The momentum that a schedule moves along with the rate: SGD's, or Adam's first beta."""

from __future__ import annotations

from typing import Any

from ..optimizer import Optimizer


def momentum_option(optimizer: Optimizer) -> str:
    """The option that is or has the momentum; ValueError where there is none."""
    for name in ("betas", "momentum"):
        if name in optimizer.defaults:
            return name
    raise ValueError(
        "optimizer must support momentum or beta1 with `cycle_momentum` option enabled"
    )


def set_momentum(group: dict[str, Any], value: float, is_beta: bool) -> None:
    if is_beta:
        group["betas"] = (value, *group["betas"][1:])
    else:
        group["momentum"] = value
