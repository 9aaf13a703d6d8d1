"""What optimizers' options may be: said once, by their names."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from typing import Any

from ..tensor import Tensor

# Raises ValueError for a value that an option cannot have.
Check = Callable[[Any], None]


def at_least(low: float, message: str, most: float = math.inf, is_open: bool = False) -> Check:
    """A number from `low` to `most`, without `low` itself where that is open. NaN is none."""

    def check(value: Any) -> None:
        if not low <= value <= most or (is_open and value == low):
            raise ValueError(message.format(value))

    return check


def _check_betas(betas: Any) -> None:
    for index, beta in enumerate(betas):
        if not 0.0 <= beta < 1.0:
            raise ValueError(f"Invalid beta parameter at index {index}: {beta}")


def _check_etas(etas: Any) -> None:
    if not 0.0 < etas[0] < 1.0 < etas[1]:
        raise ValueError(f"Invalid eta values: {etas[0]}, {etas[1]}")


CHECKS: dict[str, Check] = {
    "lr": at_least(0, "Invalid learning rate: {}"),
    "eps": at_least(0, "Invalid epsilon value: {}"),
    "betas": _check_betas,
    "etas": _check_etas,
    "rho": at_least(0, "Invalid rho value: {}", most=1),
    "alpha": at_least(0, "Invalid alpha value: {}"),
    "momentum": at_least(0, "Invalid momentum value: {}"),
    "lr_decay": at_least(0, "Invalid lr_decay value: {}"),
    "weight_decay": at_least(0, "Invalid weight_decay value: {}"),
    "momentum_decay": at_least(0, "Invalid momentum_decay value: {}"),
    "initial_accumulator_value": at_least(0, "Invalid initial_accumulator_value value: {}"),
}


def checked(arguments: Mapping[str, Any], checks: Mapping[str, Check]) -> dict[str, Any]:
    """An optimizer's defaults: the arguments of its `__init__` (its `locals()`) that are options.

    `checks` are those of the optimizer itself, which come before those of the names.
    """
    options = {
        name: value for name, value in arguments.items()
        if name not in ("self", "params", "__class__")
    }  # fmt: skip
    lr = options["lr"]
    if isinstance(lr, Tensor) and lr.numel() != 1:
        raise ValueError("Tensor lr must be 1-element")
    for name, value in options.items():
        check = checks.get(name) or CHECKS.get(name)
        if check is not None:
            check(value)
    # `foreach` and `fused` choose between implementations in PyTorch. Here a step is one kernel.
    if options.get("fused") and options.get("differentiable"):
        raise RuntimeError("`fused` does not support `differentiable`")
    if options.get("fused") and options.get("foreach"):
        raise RuntimeError("`fused` and `foreach` cannot be `True` together.")
    return options


def complete(group: dict[str, Any], kind: type, defaults: Mapping[str, Any]) -> None:
    """Gives a group the options that it lacks, as one from an older version may: what `__init__`
    has for them where nobody says otherwise."""
    known = inspect.signature(kind.__init__).parameters  # type: ignore[misc]
    for name, value in defaults.items():
        default = known[name].default if name in known else value
        group.setdefault(name, value if default is inspect.Parameter.empty else default)
