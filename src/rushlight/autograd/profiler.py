"""The profiler by its older name: `torch.autograd.profiler`."""

from __future__ import annotations

from typing import Any, Self

from ..profiler.events import EventList, FunctionEvent, FunctionEventAvg
from ..profiler.recording import Recording, record_function

__all__ = ["EventList", "FunctionEvent", "FunctionEventAvg", "profile", "record_function"]


class profile:
    """Records the kernels that run inside a `with`; see `torch.profiler.profile`.

    >>> import rushlight as torch
    >>> with torch.autograd.profiler.profile() as profiler:
    ...     _ = torch.ones(3) + 1
    >>> [event.key for event in profiler.function_events]
    ['full', 'add']
    """

    def __init__(
        self, enabled: bool = True, *, use_cuda: bool = False, use_device: str | None = None,
        record_shapes: bool = False, with_flops: bool = False, profile_memory: bool = False,
        with_stack: bool = False, with_modules: bool = False, use_kineto: bool = False,
        use_cpu: bool = True, experimental_config: Any = None, acc_events: bool = False,
        custom_trace_id_callback: Any = None, post_processing_timeout_s: float | None = None,
    ) -> None:  # fmt: skip
        self.enabled = enabled
        self._recording = Recording(record_shapes, profile_memory, with_stack, with_flops)
        self._has_run = False

    def __enter__(self) -> Self:
        if self.enabled:
            if self._has_run:
                raise RuntimeError("Profiler context manager is not reentrant")
            self._has_run = True
            self._recording.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self.enabled:
            self._recording.stop()

    @property
    def function_events(self) -> EventList:
        if not self._has_run:
            raise RuntimeError("Profiler didn't finish running")
        return self._recording.events

    def table(self, sort_by: str | None = None, row_limit: int = 100, **options: Any) -> str:
        return self.function_events.table(sort_by, row_limit, **options)

    def key_averages(
        self, group_by_input_shape: bool = False, group_by_stack_n: int = 0
    ) -> EventList:
        return self.function_events.key_averages(group_by_input_shape, group_by_stack_n)

    def total_average(self) -> FunctionEventAvg:
        return self.function_events.total_average()

    @property
    def self_cpu_time_total(self) -> float:
        return self.function_events.self_cpu_time_total

    def export_chrome_trace(self, path: str) -> None:
        self.function_events.export_chrome_trace(path)

    def __str__(self) -> str:
        return str(self.function_events) if self._has_run else "<unfinished torch.autograd.profile>"
