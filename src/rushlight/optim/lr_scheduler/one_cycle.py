"""The 1cycle policy (Smith and Topin, arXiv 1708.07120)."""

from __future__ import annotations

import math
from typing import Any

from ..optimizer import Optimizer
from .base import LRScheduler, Rates, per_group
from .momentum import momentum_option, set_momentum


class OneCycleLR(LRScheduler):
    """Up from max_lr / div_factor to max_lr, then down to a `final_div_factor`-th of the start.

    The way up takes `pct_start` of the steps; with `three_phase` the way back to the start takes as
    long, and the rest goes below. `anneal_strategy` is "cos" or "linear". With `cycle_momentum` the
    momentum (or beta1) goes the opposite way between `max_momentum` and `base_momentum`. Call
    `step()` after every batch.

    >>> import rushlight as torch
    >>> optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0, momentum=0.9)
    >>> schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=1.0, total_steps=10)
    >>> rates = []
    >>> for batch in range(10):
    ...     rates += schedule.get_last_lr()
    ...     optimizer.step()
    ...     schedule.step()
    >>> [round(rate, 2) for rate in rates]
    [0.04, 0.52, 1.0, 0.95, 0.81, 0.61, 0.39, 0.19, 0.05, 0.0]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | list[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.85,
        max_momentum: float | list[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        self._attach(optimizer)
        self.total_steps = _total_steps(total_steps, epochs, steps_per_epoch)
        if not isinstance(pct_start, float) or not 0 <= pct_start <= 1:
            raise ValueError(f"Expected float between 0 and 1 pct_start, but got {pct_start}")
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                "anneal_strategy must be one of 'cos' or 'linear', instead got " + anneal_strategy
            )
        self._anneal_func_type = anneal_strategy
        self._schedule_phases = _phases(self.total_steps, pct_start, three_phase)
        self.cycle_momentum = cycle_momentum
        self.use_beta1 = cycle_momentum and momentum_option(optimizer) == "betas"
        max_lrs = per_group("max_lr", max_lr, optimizer)
        highest = per_group("max_momentum", max_momentum, optimizer)
        lowest = per_group("base_momentum", base_momentum, optimizer)
        if last_epoch == -1:
            for i, group in enumerate(optimizer.param_groups):
                group["initial_lr"] = max_lrs[i] / div_factor
                group["max_lr"] = max_lrs[i]
                group["min_lr"] = group["initial_lr"] / final_div_factor
                if cycle_momentum:
                    set_momentum(group, highest[i], self.use_beta1)
                    group["max_momentum"] = highest[i]
                    group["base_momentum"] = lowest[i]
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> Rates:
        step = self.last_epoch
        if step > self.total_steps:
            raise ValueError(
                f"Tried to step {step} times. The specified number of total steps is "
                f"{self.total_steps}"
            )
        start = 0.0
        for phase in self._schedule_phases:
            end = phase["end_step"]
            if step <= end or phase is self._schedule_phases[-1]:
                break
            start = end
        part = (step - start) / (end - start)
        rates = []
        for group in self.optimizer.param_groups:
            rates.append(self._between(group[phase["start_lr"]], group[phase["end_lr"]], part))
            if self.cycle_momentum:
                first, last = group[phase["start_momentum"]], group[phase["end_momentum"]]
                momentum = self._between(first, last, part)
                set_momentum(group, momentum, self.use_beta1)
        return rates

    def _between(self, start: float, end: float, part: float) -> float:
        if self._anneal_func_type == "cos":
            return end + (start - end) / 2.0 * (math.cos(math.pi * part) + 1)
        return (end - start) * part + start


def _total_steps(total: Any, epochs: Any, steps_per_epoch: Any) -> int:
    if total is not None:
        numbers = {"total_steps": total}
    elif epochs is not None and steps_per_epoch is not None:
        numbers = {"epochs": epochs, "steps_per_epoch": steps_per_epoch}
    else:
        raise ValueError("You must define either total_steps OR (epochs AND steps_per_epoch)")
    for name, number in numbers.items():
        if not isinstance(number, int) or number <= 0:
            raise ValueError(f"Expected positive integer {name}, but got {number}")
    return math.prod(numbers.values())


def _phases(total: int, pct_start: float, three_phase: bool) -> list[dict[str, Any]]:
    """The phases by the names of the group's entries that they go between."""

    def phase(end: float, start_lr: str, end_lr: str, start: str, last: str) -> dict[str, Any]:
        return {
            "end_step": end,
            "start_lr": start_lr,
            "end_lr": end_lr,
            "start_momentum": start + "_momentum",
            "end_momentum": last + "_momentum",
        }

    way = float(pct_start * total)
    up = phase(way - 1, "initial_lr", "max_lr", "max", "base")
    if not three_phase:
        return [up, phase(total - 1, "max_lr", "min_lr", "base", "max")]
    down = phase(float(2 * pct_start * total) - 2, "max_lr", "initial_lr", "base", "max")
    return [up, down, phase(total - 1, "initial_lr", "min_lr", "max", "max")]
