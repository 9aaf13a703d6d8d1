"""What a profiler has seen: events, their averages, and the table and the file made of them."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterable
from typing import Any, NamedTuple


class Interval:
    """From when to when, in microseconds since the recording began."""

    def __init__(self, start: float, end: float) -> None:
        self.start, self.end = start, end

    def elapsed_us(self) -> float:
        return self.end - self.start


class _Times:
    """What events and their averages tell in other words. Times are in microseconds."""

    key: str
    count: int
    cpu_time_total: float
    self_cpu_time_total: float
    # Kernels of a GPU are timed as they are started, on the CPU.
    device_time = device_time_total = self_device_time_total = 0.0
    cuda_time = cuda_time_total = self_cuda_time_total = 0.0
    device_memory_usage = self_device_memory_usage = 0

    @property
    def cpu_time(self) -> float:
        return self.cpu_time_total / self.count if self.count else 0.0

    @property
    def cpu_time_str(self) -> str:
        return format_time(self.cpu_time)

    @property
    def cpu_time_total_str(self) -> str:
        return format_time(self.cpu_time_total)

    @property
    def self_cpu_time_total_str(self) -> str:
        return format_time(self.self_cpu_time_total)


class FunctionEvent(_Times):
    """One run of a kernel, or of a part of the program that it has named."""

    count = 1

    def __init__(
        self, id: int, name: str, thread: int, start: float, parent: FunctionEvent | None,
        is_user_annotation: bool,
    ) -> None:  # fmt: skip
        self.id, self.key, self.name, self.thread = id, name, name, thread
        self.time_range = Interval(start, start - 1.0)  # until it has ended
        self.is_user_annotation = is_user_annotation
        self.phase = "forward"
        self.cpu_parent = parent
        self.cpu_children: list[FunctionEvent] = []
        self.input_shapes: list[list[int]] = []
        self.input_dtypes: list[str] = []
        self.stack: list[str] = []
        self.flops = 0
        self.cpu_memory_usage = self.self_cpu_memory_usage = 0
        if parent is not None:
            parent.cpu_children.append(self)

    def end_at(self, now: float) -> None:
        self.time_range.end = now

    def add_memory(self, size: int) -> None:
        self.self_cpu_memory_usage += size
        event: FunctionEvent | None = self
        while event is not None:
            event.cpu_memory_usage += size
            event = event.cpu_parent

    @property
    def cpu_time_total(self) -> float:  # type: ignore[override]
        return max(self.time_range.elapsed_us(), 0.0)

    @property
    def self_cpu_time_total(self) -> float:  # type: ignore[override]
        within = sum(child.cpu_time_total for child in self.cpu_children)
        return max(self.cpu_time_total - within, 0.0)

    def __repr__(self) -> str:
        return (
            f"<FunctionEvent id={self.id} name={self.name} cpu_time={self.cpu_time_str} "
            f"thread={self.thread} input_shapes={self.input_shapes}>"
        )


class FunctionEventAvg(_Times):
    """All events of one name, and of one list of shapes where that is asked for."""

    def __init__(self, key: str = "Total") -> None:
        self.key = key
        self.count = 0
        self.cpu_time_total = self.self_cpu_time_total = 0.0
        self.cpu_memory_usage = self.self_cpu_memory_usage = self.flops = 0
        self.input_shapes: list[list[int]] = []
        self.stack: list[str] = []
        self.is_user_annotation = False

    def add(self, event: Any) -> FunctionEventAvg:
        self.count += event.count
        for name in ("cpu_time_total", "self_cpu_time_total", "cpu_memory_usage",
                     "self_cpu_memory_usage", "flops"):  # fmt: skip
            setattr(self, name, getattr(self, name) + getattr(event, name))
        return self

    __iadd__ = add

    def __repr__(self) -> str:
        return (
            f"<FunctionEventAvg key={self.key} self_cpu_time={self.self_cpu_time_total_str} "
            f"cpu_time={self.cpu_time_str} count={self.count}>"
        )


class EventList(list[Any]):
    """Events, or their averages; printed a table."""

    def __init__(
        self, events: Iterable[Any] = (), profile_memory: bool = False, with_flops: bool = False
    ) -> None:
        super().__init__(events)
        self._profile_memory, self._with_flops = profile_memory, with_flops

    @property
    def self_cpu_time_total(self) -> float:
        return sum(event.self_cpu_time_total for event in self)

    def key_averages(
        self, group_by_input_shape: bool = False, group_by_stack_n: int = 0
    ) -> EventList:
        """The events of each name together; of each name and shapes, or lines of the program."""
        groups: dict[Any, FunctionEventAvg] = {}
        for event in self:
            shapes = tuple(map(tuple, event.input_shapes)) if group_by_input_shape else ()
            lines = tuple(event.stack[:group_by_stack_n])
            key = event.key, event.is_user_annotation, shapes, lines
            if key not in groups:
                groups[key] = FunctionEventAvg(event.key)
                groups[key].is_user_annotation = event.is_user_annotation
                groups[key].input_shapes = [list(shape) for shape in shapes]
                groups[key].stack = list(lines)
            groups[key].add(event)
        return EventList(groups.values(), self._profile_memory, self._with_flops)

    def total_average(self) -> FunctionEventAvg:
        """All events together."""
        total = FunctionEventAvg()
        for event in self:
            total.add(event)
        return total

    def table(
        self, sort_by: str | None = None, row_limit: int = 100, max_src_column_width: int = 75,
        max_name_column_width: int = 55, max_shapes_column_width: int = 80,
        header: str | None = None, top_level_events_only: bool = False,
        time_unit: str | None = None,
    ) -> str:  # fmt: skip
        """A table of `row_limit` rows, those with the most of `sort_by` ("cpu_time_total") first.

        `time_unit` is "s", "ms" or "us" for all times.
        """
        events = list(self)
        if sort_by is not None:
            events.sort(key=lambda event: getattr(event, sort_by), reverse=True)
        if top_level_events_only:
            events = [e for e in events if getattr(e, "cpu_parent", None) is None]
        widths = _Widths(max_name_column_width, max_shapes_column_width, max_src_column_width)
        rows = self._rows(events[: row_limit if row_limit >= 0 else None], widths, time_unit)
        total = format_time(self.self_cpu_time_total, time_unit)
        return f"{_aligned(rows, header)}Self CPU time total: {total}\n"

    def _rows(
        self, events: list[Any], widths: _Widths, time_unit: str | None
    ) -> list[list[str]]:
        total = self.self_cpu_time_total
        has_shapes = any(event.input_shapes for event in self)
        has_stack = any(event.stack for event in self)
        rows = [[
            "Name", "Self CPU %", "Self CPU", "CPU total %", "CPU total", "CPU time avg",
            *(["CPU Mem", "Self CPU Mem"] if self._profile_memory else []), "# of Calls",
            *(["Input Shapes"] if has_shapes else []),
            *(["Source Location"] if has_stack else []),
            *(["Total FLOPs"] if self._with_flops else []),
        ]]  # fmt: skip
        for event in events:
            own, whole = event.self_cpu_time_total, event.cpu_time_total
            rows.append([
                shortened(event.key, widths.name),
                _share(own, total), format_time(own, time_unit),
                _share(whole, total), format_time(whole, time_unit),
                format_time(event.cpu_time, time_unit),
                *([format_memory(event.cpu_memory_usage),
                   format_memory(event.self_cpu_memory_usage)] if self._profile_memory else []),
                str(event.count),
                *([shortened(str(event.input_shapes), widths.shapes)] if has_shapes else []),
                *([shortened((event.stack or [""])[0], widths.source)] if has_stack else []),
                *([f"{event.flops:,}" if event.flops else "--"] if self._with_flops else []),
            ])  # fmt: skip
        return rows

    def __str__(self) -> str:
        return self.table()

    def export_chrome_trace(self, path: str, metadata: dict[str, Any] | None = None) -> None:
        """Writes a file for chrome://tracing and Perfetto; packed where it ends in ".gz"."""
        process = os.getpid()
        traced = [
            {
                "ph": "X", "cat": "user_annotation" if event.is_user_annotation else "cpu_op",
                "name": event.name, "pid": process, "tid": event.thread,
                "ts": event.time_range.start, "dur": event.cpu_time_total,
                "args": {
                    "External id": event.id, "Phase": event.phase,
                    **({"Input Dims": event.input_shapes, "Input type": event.input_dtypes}
                       if event.input_shapes else {}),
                    **({"Call stack": ";".join(event.stack)} if event.stack else {}),
                },
            }
            for event in self
        ]  # fmt: skip
        content = {
            "schemaVersion": 1, "displayTimeUnit": "ms", **(metadata or {}),
            "traceEvents": [
                {"ph": "M", "name": "process_name", "pid": process, "tid": 0,
                 "args": {"name": "python"}},
                *traced,
            ],
        }  # fmt: skip
        opened: Any = gzip.open if os.fspath(path).endswith(".gz") else open
        with opened(path, "wt", encoding="utf-8") as file:
            json.dump(content, file)


class _Widths(NamedTuple):
    """How much of a name, of shapes and of a line of source a table shows."""

    name: int
    shapes: int
    source: int


def _aligned(rows: list[list[str]], header: str | None) -> str:
    widths = [max(12, *map(len, column)) for column in zip(*rows, strict=True)]
    line = "  ".join("-" * width for width in widths) + "\n"
    told = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) + "\n"
            for row in rows]  # fmt: skip
    title = f"{header}\n" if header is not None else ""
    return f"{title}{line}{told[0]}{line}{''.join(told[1:])}{line}"


def shortened(text: str, width: int) -> str:
    return text if len(text) <= width or width < 4 else text[: width - 3] + "..."


def format_time(microseconds: float, unit: str | None = None) -> str:
    """With its unit, which is chosen by its size unless given."""
    if unit is None:
        unit = "s" if microseconds >= 1e6 else "ms" if microseconds >= 1e3 else "us"
    if unit not in ("s", "ms", "us"):
        raise ValueError(f"time_unit must be 's', 'ms' or 'us', not {unit!r}")
    return f"{microseconds / {'s': 1e6, 'ms': 1e3, 'us': 1.0}[unit]:.3f}{unit}"


def format_memory(size: int) -> str:
    for unit, least in (("GB", 1 << 30), ("MB", 1 << 20), ("KB", 1 << 10)):
        if abs(size) >= least:
            return f"{size / least:.2f} {unit}"
    return f"{size} B"


def _share(part: float, whole: float) -> str:
    return f"{100 * part / whole:.2f}%" if whole else "NaN"
