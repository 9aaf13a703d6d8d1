"""`trace`: which kernels a piece of a program runs, on what, and how long each takes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any, NamedTuple

from ..kernels import launch
from ..kernels.intercept import Call, arrays_in, each_call


class ArrayType(NamedTuple):
    """What is told of an array."""

    dtype: str
    shape: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.dtype}{list(self.shape)}"


@dataclass(slots=True)
class TracedCall:
    """One call of a kernel: the arrays that it was given and has returned, time and work."""

    name: str
    phase: str  # forward, backward or update
    device: str
    inputs: tuple[ArrayType, ...]
    results: tuple[ArrayType, ...]
    seconds: float
    multiply_adds: int  # of matrix products, convolutions and attention; else 0


class Trace(list[TracedCall]):
    """The calls in their order. Printed it is a table."""

    @property
    def seconds(self) -> float:
        """The time in all kernels together."""
        return sum(call.seconds for call in self)

    @property
    def multiply_adds(self) -> int:
        """How many products were added up, in matrix products, convolutions and attention."""
        return sum(call.multiply_adds for call in self)

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

    `print(calls)` prints a table of them, and `calls.seconds` is their time together,
    `calls.multiply_adds` what their matrix products and convolutions add up.

    >>> calls.multiply_adds
    24
    """
    calls = Trace()

    def note(call: Call) -> Any:
        phase = launch.phase
        start = perf_counter()
        result = call.run()
        seconds = perf_counter() - start
        calls.append(
            TracedCall(call.name, phase, call.device, _types_in(call.arguments), _types_in(result),
                       seconds, call.multiply_adds(result))
        )  # fmt: skip
        return result

    with each_call(note):
        yield calls


def _types_in(value: Any) -> tuple[ArrayType, ...]:
    return tuple([ArrayType(str(a.dtype), tuple(a.shape)) for a in arrays_in(value)])


def _listed(arrays: tuple[ArrayType, ...]) -> str:
    told = ", ".join(map(str, arrays[:3]))
    return told if len(arrays) <= 3 else f"{told}, ... ({len(arrays)})"
