"""Recording what runs: kernels, and the parts of a program that it names."""

from __future__ import annotations

import functools
import itertools
import os
import sys
import threading
from collections.abc import Callable
from time import perf_counter_ns
from typing import Any

from ..kernels import launch
from ..kernels.intercept import Call, arrays_in, each_call
from .events import EventList, FunctionEvent

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_DEEPEST_STACK = 64

# The recording that is on, and None at other times: there is one at once.
current: Recording | None = None


class Recording:
    """What has run from `start` to `stop`."""

    def __init__(
        self, record_shapes: bool = False, profile_memory: bool = False, with_stack: bool = False,
        with_flops: bool = False,
    ) -> None:  # fmt: skip
        self.record_shapes, self.profile_memory = record_shapes, profile_memory
        self.with_stack, self.with_flops = with_stack, with_flops
        self.events = EventList(profile_memory=profile_memory, with_flops=with_flops)
        self._numbers = itertools.count()
        self._open = threading.local()  # a thread's ranges that have not ended
        self._intercepting: Any = None

    def start(self) -> None:
        global current
        if current is not None:
            raise RuntimeError("Profiler is already enabled on this thread")
        self._began = perf_counter_ns()
        self._intercepting = each_call(self._note)
        self._intercepting.__enter__()
        current = self

    def stop(self) -> None:
        global current
        self._intercepting.__exit__(None, None, None)
        current = None
        now = self._now()
        for event in self.events:
            if event.time_range.end < event.time_range.start:  # a range that is still open
                event.end_at(now)

    def _now(self) -> float:
        """Microseconds since the beginning."""
        return (perf_counter_ns() - self._began) / 1e3

    def _note(self, call: Call) -> Any:
        event = self.begin(call.name, is_kernel=True)
        try:
            result = call.run()
        finally:
            self.end(event)
        event.phase = launch.phase
        if self.record_shapes:
            arrays = list(arrays_in(call.arguments))
            event.input_shapes = [list(array.shape) for array in arrays]
            event.input_dtypes = [str(array.dtype) for array in arrays]
        if self.with_flops:
            event.flops = 2 * call.multiply_adds(result)
        if self.profile_memory:
            given = {id(array) for array in arrays_in(call.arguments)}
            event.add_memory(
                sum(a.nbytes for a in arrays_in(result) if id(a) not in given and a.base is None)
            )
        return result

    def begin(self, name: str, is_kernel: bool = False) -> FunctionEvent:
        """The event of something that begins now, within what is going on in this thread."""
        ranges = self._ranges()
        event = FunctionEvent(
            next(self._numbers), name, threading.get_native_id(), self._now(),
            ranges[-1] if ranges else None, not is_kernel,
        )  # fmt: skip
        if self.with_stack:
            event.stack = _stack()
        self.events.append(event)
        ranges.append(event)
        return event

    def end(self, event: FunctionEvent) -> None:
        event.end_at(self._now())
        ranges = self._ranges()
        while event in ranges:  # and whatever was opened within and is left open
            ranges.pop()

    def _ranges(self) -> list[FunctionEvent]:
        if not hasattr(self._open, "ranges"):
            self._open.ranges = []
        ranges: list[FunctionEvent] = self._open.ranges
        return ranges


def _stack() -> list[str]:
    """The lines of the program that are being run, the innermost first, without this package's."""
    lines: list[str] = []
    frame: Any = sys._getframe(1)
    while frame is not None and len(lines) < _DEEPEST_STACK:
        code = frame.f_code
        if not code.co_filename.startswith((_PACKAGE, "<")):
            lines.append(f"{code.co_filename}({frame.f_lineno}): {code.co_name}")
        frame = frame.f_back
    return lines


class record_function:
    """Names a part of a program in what a profiler shows: as `with record_function("name"):`, or
    above a function as `@record_function("name")`. Costs nothing to speak of when none is on.

    >>> import rushlight as torch
    >>> with torch.profiler.profile() as profiler:
    ...     with torch.profiler.record_function("doubling"):
    ...         _ = 2 * torch.ones(3)
    >>> [event.key for event in profiler.events()]
    ['doubling', 'full', 'mul']
    """

    def __init__(self, name: str, args: str | None = None) -> None:
        self.name, self.args = name, args
        self._recording: Recording | None = None

    def __enter__(self) -> record_function:
        self._recording = current
        if current is not None:
            self._event = current.begin(self.name)
        return self

    def __exit__(self, *error: object) -> None:
        if self._recording is not None and self._recording is current:
            self._recording.end(self._event)

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def named(*args: Any, **kwargs: Any) -> Any:
            with record_function(self.name, self.args):
                return function(*args, **kwargs)

        return named
