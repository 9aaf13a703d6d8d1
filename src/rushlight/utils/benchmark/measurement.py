"""What `Timer` has found."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import mean, median, quantiles
from typing import Any

_UNITS = {"s": ("second", 1.0), "ms": ("millisecond", 1e-3), "us": ("microsecond", 1e-6),
          "ns": ("nanosecond", 1e-9)}  # fmt: skip
# From this part of the median on, the middle half of the times says that something disturbed them.
_DISTURBED = 0.1
_FEWEST = 4  # times that quarters can be made of


def unit_to_english(u: str) -> str:
    """The name of a unit: "microsecond" for "us"."""
    return _UNITS[u][0]


def select_unit(t: float) -> tuple[str, float]:
    """The unit in which seconds are told, and its length in seconds.

    >>> from rushlight.utils.benchmark import select_unit
    >>> select_unit(2e-5)
    ('us', 1e-06)
    """
    unit = next((name for name, (_, length) in _UNITS.items() if t >= length), "ns")
    return unit, _UNITS[unit][1]


def trim_sigfig(x: float, n: int) -> float:
    """A number with `n` digits that count.

    >>> from rushlight.utils.benchmark import trim_sigfig
    >>> trim_sigfig(12345.0, 2)
    12000.0
    """
    if x == 0 or not math.isfinite(x):
        return x
    scale = 10.0 ** (math.floor(math.log10(abs(x))) - n + 1)
    return float(round(x / scale) * scale)


@dataclass(frozen=True)
class TaskSpec:
    """What was measured."""

    stmt: str
    setup: str = ""
    global_setup: str = ""
    label: str | None = None
    sub_label: str | None = None
    description: str | None = None
    env: str | None = None
    num_threads: int = 1

    @property
    def title(self) -> str:
        if self.label is None:
            return self.stmt
        return f"{self.label}: {self.sub_label}" if self.sub_label else self.label

    def setup_str(self) -> str:
        if not self.setup or self.setup == "pass":
            return ""
        if "\n" not in self.setup:
            return f"setup: {self.setup}"
        return "setup:\n" + textwrap.indent(self.setup, "  ")


@dataclass
class Measurement:
    """Times of one piece of code: `times` in seconds, of one run each.

    `raw_times` are those of `number_per_run` runs.
    """

    number_per_run: int
    raw_times: list[float]
    task_spec: TaskSpec
    metadata: dict[Any, Any] | None = field(default=None, compare=False)

    @property
    def times(self) -> list[float]:
        return [time / self.number_per_run for time in self.raw_times]

    @property
    def median(self) -> float:
        return median(self.times)

    @property
    def mean(self) -> float:
        return mean(self.times)

    @property
    def iqr(self) -> float:
        """How far the middle half of the times reaches."""
        low, high = self._quarters()
        return high - low

    def _quarters(self) -> tuple[float, float]:
        times = self.times
        if len(times) < 2:
            return times[0], times[0]
        first, _, third = quantiles(times, n=4, method="inclusive")
        return first, third

    @property
    def significant_figures(self) -> int:
        """How many digits of the median are worth printing, by how far the times lie apart."""
        low, high = self._quarters()
        spread = (high - low) / self.median if self.median else 0.0
        if len(self.times) < _FEWEST or spread <= 0:
            return 2
        return max(1, min(5, math.ceil(-math.log10(spread)) + 1))

    @property
    def has_warnings(self) -> bool:
        return len(self.times) >= _FEWEST and self.iqr > _DISTURBED * self.median

    @property
    def title(self) -> str:
        return self.task_spec.title

    @property
    def as_row_name(self) -> str:
        return self.task_spec.sub_label or self.task_spec.stmt

    def __getattr__(self, name: str) -> Any:
        """What was measured: `stmt`, `label`, `num_threads`, `env`..."""
        if name in TaskSpec.__dataclass_fields__:
            return getattr(self.task_spec, name)
        raise AttributeError(f"'Measurement' object has no attribute '{name}'")

    @staticmethod
    def merge(measurements: Iterable[Measurement]) -> list[Measurement]:
        """Those of the same code together; times are then of one run."""
        groups: dict[TaskSpec, list[float]] = {}
        for measurement in measurements:
            groups.setdefault(measurement.task_spec, []).extend(measurement.times)
        return [Measurement(1, times, spec) for spec, times in groups.items()]

    def __repr__(self) -> str:
        spec = self.task_spec
        unit, length = select_unit(self.median)
        count = len(self.times)
        lines = [f"<torch.utils.benchmark.Measurement object at {id(self):#x}>", self.title]
        lines += [line for line in (spec.description, spec.setup_str()) if line]
        told = f"{self.median / length:.2f} {unit}"
        if count >= _FEWEST:
            low, high = self._quarters()
            lines += [
                f"  Median: {told}",
                f"  IQR:    {self.iqr / length:.2f} {unit} "
                f"({low / length:.2f} to {high / length:.2f})",
            ]
        else:
            lines.append(f"  Median: {told}" if count > 1 else f"  {told}")
        lines.append(
            f"  {count} measurement{'s' if count > 1 else ''}, {self.number_per_run} runs "
            f"{'per measurement' if count > 1 else ''}, "
            f"{spec.num_threads} thread{'s' if spec.num_threads > 1 else ''}"
        )
        if self.has_warnings:
            lines += [
                f"  WARNING: Interquartile range is {self.iqr / self.median:.1%} of the median "
                "measurement.",
                "           This suggests significant environmental influence.",
            ]
        return "\n".join(lines)
