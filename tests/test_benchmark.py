"""`utils.benchmark`: what is measured, and what is printed of it."""

from __future__ import annotations

from typing import Any

import pytest

import rushlight as torch
from rushlight.utils.benchmark import (
    Compare,
    Measurement,
    TaskSpec,
    Timer,
    select_unit,
    trim_sigfig,
)


class Clock:
    """Ticks once at each look."""

    def __init__(self, *ticks: float) -> None:
        self.now, self.ticks = 0.0, list(ticks)

    def __call__(self) -> float:
        self.now += self.ticks.pop(0) if self.ticks else 1.0
        return self.now


def test_a_number_of_runs() -> None:
    seen: list[int] = []
    timer = Timer("seen.append(x)", "x = torch.tensor(3).item()", globals={"seen": seen})
    found = timer.timeit(200)
    assert len(seen) == 202 and set(seen) == {3}
    assert found.number_per_run == 200 and len(found.times) == 1 and found.median > 0


def test_threads_during_a_measurement() -> None:
    before = torch.get_num_threads()
    seen: list[int] = []
    Timer("seen.append(torch.get_num_threads())", globals={"seen": seen}, num_threads=1).timeit(1)
    assert set(seen) == {1} and torch.get_num_threads() == before
    with pytest.raises(ZeroDivisionError):
        Timer("1 / 0").timeit(1)
    assert torch.get_num_threads() == before


def test_blocks_until_there_is_enough() -> None:
    called = []
    found = Timer("pass", timer=Clock()).blocked_autorange(
        lambda number, seconds: called.append((number, seconds)), min_run_time=4.5
    )
    assert found.raw_times == [1.0] * 5 and found.number_per_run == 1
    assert called == [(1, 1.0)] * 5
    adaptive = Timer("pass", timer=Clock()).adaptive_autorange()
    assert len(adaptive.raw_times) == 4 and adaptive.iqr == 0


def test_what_is_not_measured() -> None:
    with pytest.raises(ValueError, match="measures Python, not 'cpp'"):
        Timer("x", language="cpp")
    with pytest.raises(ValueError, match="global_setup is C.. only"):
        Timer("x", global_setup="y")
    for name in ("repeat", "autorange"):
        with pytest.raises(NotImplementedError, match="blocked_autorange"):
            getattr(Timer("x"), name)()


def measured(*times: float, number: int = 10, **spec: Any) -> Measurement:
    return Measurement(number, list(times), TaskSpec("x + 1", **spec))


def test_what_is_printed_of_one() -> None:
    spec = {"label": "add", "sub_label": "3", "description": "mine", "setup": "x = 1"}
    assert repr(measured(2e-5, num_threads=2, **spec)).splitlines()[1:] == [
        "add: 3", "mine", "setup: x = 1", "  2.00 us", "  1 measurement, 10 runs , 2 threads"
    ]
    lines = repr(measured(1e-2, 2e-2, 3e-2, 4e-2, 5e-2)).splitlines()[1:]
    assert lines[:3] == ["x + 1", "  Median: 3.00 ms", "  IQR:    2.00 ms (2.00 to 4.00)"]
    assert lines[3] == "  5 measurements, 10 runs per measurement, 1 thread"
    assert lines[4].startswith("  WARNING: Interquartile range is 66.7% of the median")


def test_numbers() -> None:
    found = measured(1e-2, 2e-2, 3e-2)
    assert found.times == pytest.approx([1e-3, 2e-3, 3e-3])
    assert (found.median, found.mean) == pytest.approx((2e-3, 2e-3))
    assert found.stmt == "x + 1" and found.num_threads == 1 and found.title == "x + 1"
    with pytest.raises(AttributeError, match="'Measurement' object has no attribute 'nope'"):
        _ = found.nope
    (merged,) = Measurement.merge([measured(1.0), measured(2.0, number=20)])
    assert merged.times == pytest.approx([0.1, 0.1]) and merged.number_per_run == 1
    units = [select_unit(seconds)[0] for seconds in (2.0, 2e-3, 2e-6, 2e-9, 0.0)]
    assert units == ["s", "ms", "us", "ns", "ns"]
    assert trim_sigfig(0.0123, 1) == pytest.approx(0.01) and trim_sigfig(0.0, 3) == 0


def test_a_table() -> None:
    results = [
        measured(seconds * 1e-5, label="add", sub_label=row, description=column, num_threads=n)
        for n in (2, 1) for row, column, seconds in (
            ("a", "one", 2.8), ("a", "two", 124.4), ("long", "one", 3.0),
        )
    ]  # fmt: skip
    table = Compare(results)
    assert str(table).splitlines() == [
        "[--------- add ----------]",
        "            |  one |   two",
        "1 threads: ---------------",
        "      a     |  2.8 | 124.4",
        "      long  |  3.0 |      ",
        "2 threads: ---------------",
        "      a     |  2.8 | 124.4",
        "      long  |  3.0 |      ",
        "",
        "Times are in microseconds (us).",
    ]
    table.trim_significant_figures()
    assert "| 120" in str(table)
    with pytest.raises(ValueError, match="Expected an instance of `Measurement`"):
        Compare([3])  # type: ignore[list-item]
