"""`graph.trace` lists kernels with their shapes and times."""

from __future__ import annotations

import pytest

import rushlight as torch
from rushlight import nn, optim
from rushlight.graph import trace
from rushlight.kernels import launch


def test_a_whole_step() -> None:
    layer = nn.Linear(4, 2)
    optimizer = optim.SGD(layer.parameters(), lr=0.1)
    x = torch.ones(3, 4)
    with trace() as calls:
        layer(x).sum().backward()
        optimizer.step()
    phases = [call.phase for call in calls]
    assert phases == sorted(phases, key=["forward", "backward", "update"].index)
    assert {"forward", "backward", "update"} == set(phases)
    first, last = calls[0], calls[-1]
    assert (first.name, first.device) == ("linear", "cpu")
    assert [str(array) for array in first.inputs] == ["float32[3, 4]", "float32[2, 4]",
                                                      "float32[2]"]  # fmt: skip
    assert [array.shape for array in first.results] == [(3, 2)]
    assert last.name == "sgd" and len(last.inputs) == 4
    assert all(call.seconds > 0 for call in calls)
    assert calls.seconds == pytest.approx(sum(call.seconds for call in calls))


def test_printed_as_a_table() -> None:
    with trace() as calls:
        torch.zeros(2, 3) + 1
    head, fill, add, total = str(calls).splitlines()
    assert head.split() == ["phase", "kernel", "inputs", "results", "us"]
    assert fill.split()[:3] == ["0", "forward", "full"]
    assert add.split()[:7] == ["1", "forward", "add", "float32[2,", "3]", "float32[2,", "3]"]
    assert total.split()[:3] == ["2", "in", "all"]
    assert len({len(line) for line in (head, fill, add, total)}) == 1
    assert repr(calls).startswith("<Trace of 2 kernels, ")


def test_long_lists_are_cut() -> None:
    with trace() as calls:
        torch.cat([torch.ones(1)] * 5)
    assert "float32[1], float32[1], float32[1], ... (5)" in str(calls)


def test_compiled_functions_are_seen() -> None:
    f = torch.compile(lambda x: x.exp() * 2)
    x = torch.ones(2)
    for _ in range(3):
        f(x)
    with trace() as calls:
        result = f(x)
    assert [call.name for call in calls] == ["exp", "mul"]
    assert result.tolist() == f(x).tolist() and not f.runs_eagerly


def test_a_function_that_is_first_called_while_it_is_traced() -> None:
    f = torch.compile(lambda x: x.exp())
    with trace():
        for _ in range(3):
            f(torch.zeros(1))
    assert [f(torch.zeros(1)).item() for _ in range(3)] == [1.0] * 3
    assert [call.name for call in f.graph.calls] == ["exp"]


def test_traces_in_traces() -> None:
    with trace() as outer:
        torch.zeros(1)
        with trace() as inner:
            torch.ones(1).exp()
    assert [call.name for call in inner] == ["full", "exp"]
    assert [call.name for call in outer] == ["full", "full", "exp"]


def test_errors_leave_the_tables_as_they_were() -> None:
    before = dict(launch.kernels)
    with pytest.raises(RuntimeError), trace() as calls:
        torch.ones(2) @ torch.ones(3)
    assert launch.kernels == before and not launch.is_intercepted
    assert [call.name for call in calls][:2] == ["full", "full"]
