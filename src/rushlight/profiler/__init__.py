"""Which kernels a program runs, and how long they take: PyTorch's profiler over Rushlight's trace.

Events are runs of kernels, forward, backward and optimizer alike, under the kernels' own names
(`linear`, `linear_backward_weight`), and the parts that `record_function` names. The time of a
part that is not in a kernel is Python's.

>>> import rushlight as torch
>>> net = torch.nn.Linear(4, 2)
>>> with torch.profiler.profile(record_shapes=True) as profiler:
...     net(torch.ones(3, 4)).sum().backward()
>>> [event.count for event in profiler.key_averages() if event.key == "linear"]
[1]
>>> print(profiler.key_averages().table(sort_by="cpu_time_total").splitlines()[1].split()[:3])
['Name', 'Self', 'CPU']
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any, Self

from .events import EventList, FunctionEventAvg
from .recording import Recording, record_function

__all__ = [
    "ProfilerAction", "ProfilerActivity", "profile", "record_function", "schedule",
    "supported_activities", "tensorboard_trace_handler",
]  # fmt: skip


class ProfilerActivity(Enum):
    """What may be recorded. Here it is kernels of all devices, as the CPU starts them.

    >>> import rushlight as torch
    >>> torch.profiler.ProfilerActivity.CPU
    <ProfilerActivity.CPU: 0>
    """

    CPU = 0
    XPU = 1
    CUDA = 2
    HPU = 3
    MTIA = 4
    PrivateUse1 = 5


class ProfilerAction(Enum):
    """What is done in a step.

    >>> import rushlight as torch
    >>> [action.name for action in torch.profiler.ProfilerAction]
    ['NONE', 'WARMUP', 'RECORD', 'RECORD_AND_SAVE']
    """

    NONE = 0
    WARMUP = 1
    RECORD = 2
    RECORD_AND_SAVE = 3


_RECORDS = (ProfilerAction.RECORD, ProfilerAction.RECORD_AND_SAVE)


def supported_activities() -> set[ProfilerActivity]:
    """What can be recorded.

    >>> import rushlight as torch
    >>> torch.profiler.supported_activities()
    {<ProfilerActivity.CPU: 0>}
    """
    return {ProfilerActivity.CPU}


def schedule(
    *, wait: int, warmup: int, active: int, repeat: int = 0, skip_first: int = 0,
    skip_first_wait: int = 0,
) -> Callable[[int], ProfilerAction]:  # fmt: skip
    """What to do in each step: after `skip_first` steps wait, warm up and record so many, again and
    again, or `repeat` times. `skip_first_wait` leaves the first waiting away.

    >>> import rushlight as torch
    >>> plan = torch.profiler.schedule(wait=1, warmup=1, active=2, repeat=1)
    >>> [plan(step).name for step in range(5)]
    ['NONE', 'WARMUP', 'RECORD', 'RECORD_AND_SAVE', 'NONE']
    """
    if min(wait, warmup, repeat, skip_first) < 0 or active <= 0:
        raise AssertionError(
            f"Invalid profiler schedule arguments. Got wait={wait} (need >= 0), warmup={warmup} "
            f"(need >= 0), active={active} (need > 0), repeat={repeat} (need >= 0), "
            f"skip_first={skip_first} (need >= 0)."
        )

    def plan(step: int) -> ProfilerAction:
        step -= skip_first
        if step < 0:
            return ProfilerAction.NONE
        if skip_first_wait:
            step += wait
        cycle, place = divmod(step, wait + warmup + active)
        if (repeat and cycle >= repeat) or place < wait:
            return ProfilerAction.NONE
        if place < wait + warmup:
            return ProfilerAction.WARMUP
        is_last = place == wait + warmup + active - 1
        return ProfilerAction.RECORD_AND_SAVE if is_last else ProfilerAction.RECORD

    return plan


def tensorboard_trace_handler(
    dir_name: str, worker_name: str | None = None, use_gzip: bool = False,
    use_python_export: bool = False,
) -> Callable[[Any], None]:  # fmt: skip
    """For `on_trace_ready`: writes each trace to a file of its own in a folder.

    >>> import os
    >>> import rushlight as torch
    >>> with torch.profiler.profile(
    ...     on_trace_ready=torch.profiler.tensorboard_trace_handler("traces", "worker")
    ... ):
    ...     _ = torch.ones(2) + 1
    >>> [name.endswith(".pt.trace.json") for name in os.listdir("traces")]
    [True]
    """

    def write(profiler: profile) -> None:
        try:
            os.makedirs(dir_name, exist_ok=True)
        except OSError as error:
            raise RuntimeError(f"Can't create directory: {dir_name}") from error
        worker = worker_name or f"{socket.gethostname()}_{os.getpid()}"
        name = f"{worker}.{time.time_ns()}.pt.trace.json" + (".gz" if use_gzip else "")
        profiler.export_chrome_trace(os.path.join(dir_name, name))

    return write


class profile:
    """Records the kernels that run inside a `with`, or from `start()` to `stop()`.

    `schedule` says what to do in each step, and `step()` tells of the next one; `on_trace_ready`
    is called with the profiler whenever a recording is complete. `record_shapes` notes the shapes
    of kernels' inputs, `profile_memory` the memory of their results, `with_flops` twice their
    multiply-adds, `with_stack` the lines of the program. Without `acc_events` each recording of a
    schedule takes the place of the one before.

    >>> import rushlight as torch
    >>> def ready(profiler):
    ...     print(profiler.step_num, [event.key for event in profiler.key_averages()])
    >>> plan = torch.profiler.schedule(wait=1, warmup=0, active=1, repeat=1)
    >>> with torch.profiler.profile(schedule=plan, on_trace_ready=ready) as profiler:
    ...     for _ in range(3):
    ...         _ = torch.ones(2) + 1
    ...         profiler.step()
    2 ['ProfilerStep#1', 'full', 'add']
    """

    def __init__(
        self, *, activities: Iterable[Any] | None = None,
        schedule: Callable[[int], ProfilerAction] | None = None,
        on_trace_ready: Callable[..., Any] | None = None, record_shapes: bool = False,
        profile_memory: bool = False, with_stack: bool = False, with_flops: bool = False,
        with_modules: bool = False, experimental_config: Any = None,
        execution_trace_observer: Any = None, acc_events: bool = False,
        use_cuda: bool | None = None, custom_trace_id_callback: Callable[[], str] | None = None,
        post_processing_timeout_s: float | None = None,
    ) -> None:  # fmt: skip
        self.activities = supported_activities() if activities is None else set(activities)
        if not any(isinstance(activity, ProfilerActivity) for activity in self.activities):
            raise AssertionError("No valid profiler activities found")
        self.schedule = schedule
        self.on_trace_ready = on_trace_ready
        self.record_shapes, self.profile_memory = record_shapes, profile_memory
        self.with_stack, self.with_flops = with_stack, with_flops
        self.acc_events = acc_events
        self.step_num = 0
        self._is_started = False
        self.current_action = self._planned()
        self._metadata: dict[str, Any] = {}
        self._recording: Recording | None = None
        self._step: record_function | None = None
        self._events: EventList | None = None

    def _planned(self) -> ProfilerAction:
        return ProfilerAction.RECORD if self.schedule is None else self.schedule(self.step_num)

    def start(self) -> None:
        self._is_started = True
        self._begin()

    def stop(self) -> None:
        self._is_started = False
        if self._recording is not None:
            self._end()
            if self.on_trace_ready is not None:
                self.on_trace_ready(self)

    def step(self) -> None:
        """Says that the next step of the program begins."""
        before = self.current_action
        if self._step is not None:
            self._step.__exit__()
            self._step = None
        self.step_num += 1
        self.current_action = self._planned()
        if self._recording is not None and (
            before is ProfilerAction.RECORD_AND_SAVE or self.current_action not in _RECORDS
        ):
            self._end()
            if before is ProfilerAction.RECORD_AND_SAVE and self.on_trace_ready is not None:
                self.on_trace_ready(self)
        if self._is_started:
            self._begin()

    def _begin(self) -> None:
        """Records, where the step asks for it."""
        if self.current_action not in _RECORDS:
            return
        if self._recording is None:
            recording = Recording(
                self.record_shapes, self.profile_memory, self.with_stack, self.with_flops
            )
            recording.start()
            self._recording = recording
        if self.schedule is not None:
            self._step = record_function(f"ProfilerStep#{self.step_num}").__enter__()

    def _end(self) -> None:
        assert self._recording is not None
        self._recording.stop()
        events, self._recording = self._recording.events, None
        if self.acc_events and self._events is not None:
            self._events.extend(events)
        else:
            self._events = events

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def events(self) -> EventList:
        """What has run, in its order."""
        return self._seen("accessing events")

    def key_averages(
        self, group_by_input_shape: bool = False, group_by_stack_n: int = 0
    ) -> EventList:
        """What has run, by names; see `EventList.key_averages` and its `table`."""
        return self._seen("getting key averages").key_averages(
            group_by_input_shape, group_by_stack_n
        )

    def total_average(self) -> FunctionEventAvg:
        """All that has run together."""
        return self._seen("getting averages").total_average()

    def export_chrome_trace(self, path: str) -> None:
        """Writes a file for chrome://tracing and Perfetto."""
        self._seen("exporting chrome trace").export_chrome_trace(path, self._metadata)

    def add_metadata(self, key: str, value: str) -> None:
        """Puts a string into the file that is exported."""
        self._metadata[key] = value

    def add_metadata_json(self, key: str, value: str) -> None:
        """Puts a value, as JSON, into the file that is exported."""
        import json

        self._metadata[key] = json.loads(value)

    def _seen(self, purpose: str) -> EventList:
        if self._recording is not None:
            return self._recording.events
        if self._events is None:
            raise AssertionError(f"Profiler must be initialized before {purpose}")
        return self._events
