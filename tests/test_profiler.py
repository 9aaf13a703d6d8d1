"""The profiler: what it records, when, and what it makes of it."""

from __future__ import annotations

import gzip
import json
import threading
from typing import Any

import pytest

import rushlight as torch
from rushlight.profiler import (
    ProfilerAction,
    ProfilerActivity,
    events,
    profile,
    record_function,
    recording,
    schedule,
    tensorboard_trace_handler,
)


def step(model: Any, optimizer: Any) -> None:
    optimizer.zero_grad()
    with record_function("forward"):
        loss = model(torch.ones(3, 4)).sum()
    loss.backward()
    optimizer.step()


def make() -> tuple[Any, Any]:
    model = torch.nn.Linear(4, 2)
    return model, torch.optim.SGD(model.parameters(), lr=0.1)


def test_events_nest_in_named_parts() -> None:
    parts = make()
    with profile(record_shapes=True, with_flops=True, profile_memory=True) as profiler:
        step(*parts)
    found = {event.name: event for event in profiler.events()}
    forward, linear = found["forward"], found["linear"]
    assert linear.cpu_parent is forward and linear in forward.cpu_children
    assert found["linear_backward_weight"].cpu_parent is None
    assert found["linear_backward_weight"].phase == "backward" and found["sgd"].phase == "update"
    assert linear.input_shapes == [[3, 4], [2, 4], [2]] and linear.input_dtypes == ["float32"] * 3
    assert linear.flops == 2 * 3 * 4 * 2 and linear.cpu_memory_usage == 3 * 2 * 4
    assert forward.is_user_annotation and not linear.is_user_annotation
    assert forward.cpu_memory_usage >= linear.cpu_memory_usage
    assert forward.self_cpu_memory_usage == 0
    within = sum(child.cpu_time_total for child in forward.cpu_children)
    assert forward.self_cpu_time_total == pytest.approx(forward.cpu_time_total - within)
    assert 0 < linear.cpu_time_total < forward.cpu_time_total
    assert linear.time_range.start >= forward.time_range.start
    assert linear.time_range.end <= forward.time_range.end


def test_averages() -> None:
    with profile(record_shapes=True) as profiler:
        for size in (2, 2, 3):
            _ = torch.ones(size) + 1
    by_name = {average.key: average for average in profiler.key_averages()}
    assert by_name["add"].count == 3
    assert by_name["add"].cpu_time == pytest.approx(by_name["add"].cpu_time_total / 3)
    by_shape = [
        (average.input_shapes, average.count)
        for average in profiler.key_averages(group_by_input_shape=True) if average.key == "add"
    ]  # fmt: skip
    assert by_shape == [([[2]], 2), ([[3]], 1)]
    total = profiler.total_average()
    assert total.count == 6 and total.key == "Total"
    assert profiler.key_averages().self_cpu_time_total == pytest.approx(total.self_cpu_time_total)


def test_lines_of_the_program() -> None:
    with profile(with_stack=True) as profiler:
        _ = torch.ones(2) + 1
    (added,) = [event for event in profiler.events() if event.name == "add"]
    assert added.stack[0].startswith(f"{__file__}(")
    assert added.stack[0].endswith(": test_lines_of_the_program")
    by_line = [average.stack for average in profiler.key_averages(group_by_stack_n=1)]
    assert by_line == [[added.stack[0]]] * 2
    assert "Source Location" in profiler.key_averages(group_by_stack_n=1).table()


def test_the_table() -> None:
    parts = make()
    with profile(record_shapes=True, with_flops=True, profile_memory=True) as profiler:
        step(*parts)
    averages = profiler.key_averages()
    lines = averages.table(sort_by="count", row_limit=2, header="mine").splitlines()
    assert lines[0] == "mine" and len(lines) == 1 + 3 + 2 + 2
    assert lines[2].split("  ")[-1].strip() == "Total FLOPs"
    assert len({len(line) for line in lines[1:-1]}) == 1
    assert lines[-1].startswith("Self CPU time total: ")
    table = averages.table(sort_by="self_cpu_time_total", max_name_column_width=10, time_unit="ms")
    assert "linear_..." in table and "us" not in table.splitlines()[3].split("ms", 1)[1]
    assert len(averages.table(row_limit=-1).splitlines()) == 5 + len(averages)
    assert "Input Shapes" in str(profiler.key_averages(group_by_input_shape=True))
    with pytest.raises(AttributeError, match="'FunctionEventAvg' object has no attribute 'nope'"):
        averages.table(sort_by="nope")
    with pytest.raises(ValueError, match="time_unit must be 's', 'ms' or 'us', not 'h'"):
        averages.table(time_unit="h")


@pytest.mark.parametrize(
    "time, told", [(0, "0.000us"), (12.3456, "12.346us"), (1500, "1.500ms"), (2.5e6, "2.500s")]
)
def test_times(time: float, told: str) -> None:
    assert events.format_time(time) == told


@pytest.mark.parametrize(
    "size, told", [(0, "0 B"), (1000, "1000 B"), (1536, "1.50 KB"), (3 << 20, "3.00 MB"),
                   (5 << 30, "5.00 GB")],
)  # fmt: skip
def test_sizes(size: int, told: str) -> None:
    assert events.format_memory(size) == told


def test_the_file_for_chrome(tmp_path: Any) -> None:
    with profile(record_shapes=True) as profiler:
        with record_function("part"):
            _ = torch.ones(2) + 1
        profiler.add_metadata("note", "mine")
        profiler.add_metadata_json("sizes", "[1, 2]")
    profiler.export_chrome_trace(str(tmp_path / "x.json"))
    profiler.export_chrome_trace(str(tmp_path / "x.json.gz"))
    content = json.loads((tmp_path / "x.json").read_text())
    with gzip.open(tmp_path / "x.json.gz", "rt") as file:
        assert json.load(file) == content
    assert content["note"] == "mine" and content["sizes"] == [1, 2]
    named = {event["name"]: event for event in content["traceEvents"] if event["ph"] == "X"}
    assert named["part"]["cat"] == "user_annotation" and named["add"]["cat"] == "cpu_op"
    assert named["add"]["args"]["Input Dims"] == [[2]]
    assert named["part"]["ts"] <= named["add"]["ts"]
    end = named["part"]["ts"] + named["part"]["dur"]
    assert named["add"]["ts"] + named["add"]["dur"] <= end


@pytest.mark.parametrize(
    "options, expected",
    [
        ({"wait": 1, "warmup": 1, "active": 2, "repeat": 2, "skip_first": 1}, "NNWRSNWRSNN"),
        ({"wait": 0, "warmup": 1, "active": 2}, "WRSWRSWRSWR"),
        ({"wait": 2, "warmup": 0, "active": 1, "skip_first": 1, "skip_first_wait": 1},
         "NSNNSNNSNNS"),
    ],
)  # fmt: skip
def test_schedules(options: dict[str, int], expected: str) -> None:
    plan = schedule(**options)
    letters = {"NONE": "N", "WARMUP": "W", "RECORD": "R", "RECORD_AND_SAVE": "S"}
    assert "".join(letters[plan(step).name] for step in range(11)) == expected


def test_a_schedule_that_is_none() -> None:
    with pytest.raises(AssertionError, match=r"Got wait=-1 \(need >= 0\), .*active=1 \(need > 0"):
        schedule(wait=-1, warmup=0, active=1)
    with pytest.raises(AssertionError, match="Invalid profiler schedule"):
        schedule(wait=0, warmup=0, active=0)


@pytest.mark.parametrize("keeps", [False, True])
def test_steps(keeps: bool) -> None:
    ready = []

    def note(profiler: profile) -> None:
        ready.append((profiler.step_num, [event.name for event in profiler.events()]))

    plan = schedule(wait=1, warmup=1, active=2, repeat=2)
    with profile(schedule=plan, on_trace_ready=note, acc_events=keeps) as profiler:
        for number in range(10):
            _ = torch.full((number + 1,), 1.0)
            profiler.step()
    first = ["ProfilerStep#2", "full", "ProfilerStep#3", "full"]
    second = ["ProfilerStep#6", "full", "ProfilerStep#7", "full"]
    assert ready == [(4, first), (8, first + second if keeps else second)]
    assert profiler.step_num == 10 and recording.current is None


def test_a_recording_that_is_cut_short() -> None:
    ready = []
    with pytest.raises(KeyError), profile(
        schedule=schedule(wait=0, warmup=0, active=5), on_trace_ready=ready.append
    ) as profiler:
        _ = torch.ones(2) + 1
        raise KeyError
    assert ready == [profiler] and len(profiler.events()) == 3
    assert all(event.cpu_time_total >= 0 for event in profiler.events())
    assert recording.current is None


def test_traces_in_a_folder(tmp_path: Any) -> None:
    handler = tensorboard_trace_handler(str(tmp_path / "a/b"), "me", use_gzip=True)
    with profile(activities=[ProfilerActivity.CPU], on_trace_ready=handler):
        _ = torch.ones(2)
    (path,) = (tmp_path / "a/b").iterdir()
    assert path.name.startswith("me.") and path.name.endswith(".pt.trace.json.gz")
    (tmp_path / "file").write_text("")
    with pytest.raises(RuntimeError, match="Can't create directory"):
        tensorboard_trace_handler(str(tmp_path / "file/a"))(None)


def test_before_anything_has_run() -> None:
    profiler = profile()
    profiler.step()
    for ask, purpose in (
        (profile().events, "accessing events"), (profile().key_averages, "getting key averages"),
        (lambda: profile().export_chrome_trace("x"), "exporting chrome trace"),
    ):  # fmt: skip
        with pytest.raises(AssertionError, match=f"must be initialized before {purpose}"):
            ask()
    profiler.stop()
    assert profiler.current_action is ProfilerAction.RECORD


def test_one_at_a_time() -> None:
    with profile():
        with pytest.raises(RuntimeError, match="already enabled"):
            profile().start()
    assert recording.current is None


def test_threads_have_parts_of_their_own() -> None:
    def work() -> None:
        with record_function("thread"):
            _ = torch.ones(2) + 1

    with profile() as profiler:
        with record_function("main"):
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()
    found = {event.name: event for event in profiler.events()}
    assert found["thread"].cpu_parent is None and found["add"].cpu_parent is found["thread"]
    assert found["thread"].thread != found["main"].thread


def test_parts_by_decoration_and_without_a_profiler() -> None:
    @record_function("doubling")
    def double(x: torch.Tensor) -> torch.Tensor:
        """Twice."""
        return 2 * x

    assert double(torch.ones(1)).item() == 2 and double.__doc__ == "Twice."
    with profile() as profiler:
        double(torch.ones(1))
        double(torch.ones(1))
    counts = {average.key: average.count for average in profiler.key_averages()}
    assert counts == {"doubling": 2, "full": 2, "mul": 2}


def test_the_older_name() -> None:
    with torch.autograd.profiler.profile(use_cuda=False, record_shapes=True) as profiler:
        with torch.autograd.profiler.record_function("part"):
            _ = torch.ones(2) + 1
    assert [event.key for event in profiler.function_events] == ["part", "full", "add"]
    assert len(profiler.key_averages().table(sort_by="cpu_time_total").splitlines()) == 8
    assert profiler.total_average().count == 3 and profiler.self_cpu_time_total > 0
    assert "add" in str(profiler)
    with pytest.raises(RuntimeError, match="not reentrant"), profiler:
        pass
    with torch.autograd.profiler.profile(enabled=False) as profiler:
        _ = torch.ones(2)
    with pytest.raises(RuntimeError, match="didn't finish"):
        _ = profiler.function_events
    assert recording.current is None


def test_a_step_after_the_end_records_nothing() -> None:
    with profile() as first:
        torch.ones(2) + 1
    first.step()
    with profile() as second:
        torch.ones(2) + 1
    assert len(second.events()) == len(first.events()) == 2


def test_activities_that_are_none() -> None:
    for activities in ([], ["cpu"]):
        with pytest.raises(AssertionError, match="No valid profiler activities"):
            profile(activities=activities)
