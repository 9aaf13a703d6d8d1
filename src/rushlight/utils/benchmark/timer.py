"""Running a piece of code again and again."""

from __future__ import annotations

import textwrap
import timeit
from collections.abc import Callable
from time import perf_counter
from typing import Any

from ... import cuda
from ...kernels import get_num_threads, set_num_threads
from .measurement import Measurement, TaskSpec

_LEAST_RUN = 1e-4  # seconds: of less, looking at the clock would be a part


def timer() -> float:
    """Seconds, after the GPU has done what it was told to."""
    if cuda.is_initialized():
        cuda.synchronize()
    return perf_counter()


class Timer:
    """Measures a statement: `Timer("x + 1", globals={"x": x}).timeit(100)`.

    `setup` runs before each measurement, `global_setup` is not needed for Python. `globals` are its
    names, `num_threads` (1) how many threads kernels may use meanwhile. `label`, `sub_label`,
    `description` and `env` name it in what is printed.

    >>> import rushlight as torch
    >>> from rushlight.utils.benchmark import Timer
    >>> found = Timer("x + 1", "x = torch.ones(3)", globals={"torch": torch}).timeit(10)
    >>> found.number_per_run, found.median > 0
    (10, True)
    """

    def __init__(
        self, stmt: str = "pass", setup: str = "pass", global_setup: str = "",
        timer: Callable[[], float] = timer, globals: dict[str, Any] | None = None,
        label: str | None = None, sub_label: str | None = None, description: str | None = None,
        env: str | None = None, num_threads: int = 1, language: Any = "python",
    ) -> None:  # fmt: skip
        if str(getattr(language, "name", language)).lower() not in ("python", "py"):
            raise ValueError(f"Timer measures Python, not {language!r}")
        if global_setup:
            raise ValueError(
                f"global_setup is C++ only, got `{global_setup}`. Most likely this code can simply "
                "be moved to `setup`."
            )
        stmt, setup = textwrap.dedent(stmt).strip(), textwrap.dedent(setup).strip()
        names = {} if globals is None else dict(globals)
        names.setdefault("torch", _package())
        self._timer = timeit.Timer(stmt, setup, timer, names)
        self._task_spec = TaskSpec(
            stmt, setup, global_setup, label, sub_label, description, env, num_threads
        )

    def timeit(self, number: int = 1_000_000) -> Measurement:
        """So many runs at once, after a hundredth of them to warm up."""
        return self._within_threads(lambda: self._measured(number, [self._warm(number)]))

    def _warm(self, number: int) -> float:
        self._timer.timeit(max(number // 100, 2))
        return self._timer.timeit(number)

    def _measured(self, number: int, times: list[float]) -> Measurement:
        return Measurement(number, times, self._task_spec)

    def _within_threads(self, measure: Callable[[], Measurement]) -> Measurement:
        before = get_num_threads()
        set_num_threads(self._task_spec.num_threads)
        try:
            return measure()
        finally:
            set_num_threads(before)

    def repeat(self, repeat: int = -1, number: int = -1) -> None:
        """Not there, as in PyTorch: see `blocked_autorange`."""
        raise NotImplementedError("See `Timer.blocked_autorange.`")

    def autorange(self, callback: Any = None) -> None:
        """Not there, as in PyTorch: see `blocked_autorange`."""
        raise NotImplementedError("See `Timer.blocked_autorange.`")

    def blocked_autorange(
        self, callback: Callable[[int, float], Any] | None = None, min_run_time: float = 0.2
    ) -> Measurement:
        """Blocks of so many runs that the clock does not count, for `min_run_time` seconds."""
        return self._within_threads(lambda: self._blocks(callback, min_run_time))

    def _blocks(
        self, callback: Callable[[int, float], Any] | None, min_run_time: float
    ) -> Measurement:
        number = self._size_of_blocks(min_run_time)
        times: list[float] = []
        while sum(times) < min_run_time or not times:
            times.append(self._timer.timeit(number))
            if callback is not None:
                callback(number, times[-1])
        return self._measured(number, times)

    def _size_of_blocks(self, min_run_time: float) -> int:
        number = 1
        least = min(_LEAST_RUN * 10, min_run_time / 10)
        while self._timer.timeit(number) < least:
            number *= 10
        return number

    def adaptive_autorange(
        self, threshold: float = 0.1, *, min_run_time: float = 0.01, max_run_time: float = 10.0,
        callback: Callable[[int, float], Any] | None = None,
    ) -> Measurement:  # fmt: skip
        """Blocks until the middle half of their times lies within `threshold` of the median."""

        def measure() -> Measurement:
            found = self._blocks(callback, min_run_time)
            while sum(found.raw_times) < max_run_time and (
                len(found.raw_times) < 4 or found.iqr > threshold * found.median
            ):
                found.raw_times.append(self._timer.timeit(found.number_per_run))
                if callback is not None:
                    callback(found.number_per_run, found.raw_times[-1])
            return found

        return self._within_threads(measure)


def _package() -> Any:
    import rushlight

    return rushlight
