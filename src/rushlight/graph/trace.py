"""`trace`: which kernels a piece of a program runs, on what, and how long each takes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any, NamedTuple

from ..kernels import launch
from ..kernels.declaration import kernels_of


class ArrayType(NamedTuple):
    """What is told of an array."""

    dtype: str
    shape: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.dtype}{list(self.shape)}"


@dataclass(slots=True)
class TracedCall:
    """One call of a kernel: the arrays that it was given and has returned, and its time."""

    name: str
    phase: str  # forward, backward or update
    device: str
    inputs: tuple[ArrayType, ...]
    results: tuple[ArrayType, ...]
    seconds: float


class Trace(list[TracedCall]):
    """The calls in their order. Printed it is a table."""

    @property
    def seconds(self) -> float:
        """The time in all kernels together."""
        return sum(call.seconds for call in self)

    def __repr__(self) -> str:
        return f"<Trace of {len(self)} kernels, {self.seconds * 1e6:.0f} us>"

    def __str__(self) -> str:
        rows = [("", "phase", "kernel", "inputs", "results", "us")]
        for number, call in enumerate(self):
            rows.append((str(number), call.phase, call.name, _listed(call.inputs),
                         _listed(call.results), f"{call.seconds * 1e6:.1f}"))  # fmt: skip
        rows.append(("", "", f"{len(self)} in all", "", "", f"{self.seconds * 1e6:.1f}"))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = []
        for row in rows:
            cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
            cells[0], cells[-1] = row[0].rjust(widths[0]), row[-1].rjust(widths[-1])
            lines.append("  ".join(cells))
        return "\n".join(lines)


@contextmanager
def trace() -> Iterator[Trace]:
    """Lists the kernels that run inside, with the shapes of their arrays and their times.

    Forward, backward and optimizer alike, of all threads; what a compiled function runs is seen
    too, as it runs without its record inside. A time is the kernel's alone, without what happens
    in Python between kernels, and on a GPU that of starting it.

    >>> import rushlight as torch
    >>> from rushlight.graph import trace
    >>> net = torch.nn.Sequential(torch.nn.Linear(4, 2), torch.nn.ReLU())
    >>> with trace() as calls:
    ...     _ = net(torch.ones(3, 4))
    >>> [call.name for call in calls]
    ['full', 'linear', 'relu']
    >>> print(calls[2].inputs[0], calls[2].results[0])
    float32[3, 2] float32[3, 2]

    `print(calls)` prints a table of them, and `calls.seconds` is their time together.
    """
    calls = Trace()
    with launch.intercepted(lambda table: _TracingTable(table, calls)):
        yield calls


class _TracingTable:
    """Stands in a kernel table's place and writes every call down."""

    def __init__(self, table: Any, calls: Trace) -> None:
        self._table = table
        self._calls = calls
        self._names = kernels_of(type(launch.plain_tables[table.array_type]))

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._table, name)
        if name not in self._names:
            return value
        traced = partial(self._call, name, value)
        setattr(self, name, traced)
        return traced

    def _call(self, name: str, function: Any, *arguments: Any) -> Any:
        phase = launch.phase
        start = perf_counter()
        result = function(*arguments)
        seconds = perf_counter() - start
        self._calls.append(
            TracedCall(name, phase, self._table.device_name, tuple(_arrays_in(arguments)),
                       tuple(_arrays_in(result)), seconds)
        )  # fmt: skip
        return result


def _arrays_in(value: Any) -> Iterator[ArrayType]:
    if type(value) in launch.kernels:
        yield ArrayType(str(value.dtype), tuple(value.shape))
    elif type(value) in (tuple, list):
        for part in value:
            yield from _arrays_in(part)


def _listed(arrays: tuple[ArrayType, ...]) -> str:
    told = ", ".join(map(str, arrays[:3]))
    return told if len(arrays) <= 3 else f"{told}, ... ({len(arrays)})"
