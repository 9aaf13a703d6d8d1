"""Every row of the sample table, recorded once and replayed on other data."""

from __future__ import annotations

from types import GenericAlias
from typing import Any

import numpy as np
import pytest

import rushlight as torch
from ops_support import (
    ALL,
    each,
    floating_outputs,
    function_of,
    maker,
    pairs,
    seeds_of,
    to_numpy,
)
from rushlight import Tensor
from rushlight.graph import CaptureError
from rushlight.graph.entry import Entry
from samples import Op, build

pytestmark = pytest.mark.any_kernels


def compared(results: list[Any], inputs: list[Tensor]) -> list[Any]:
    """All that can be compared: results, and the gradients of inputs."""
    roots = floating_outputs(results)
    found: list[Any] = list(results)
    if roots:
        wanted = [t for t in inputs if t.requires_grad]
        found += torch.autograd.grad(roots, wanted, seeds_of(roots), allow_unused=True)
    return found


def assert_identical(found: list[Any], expected: list[Any], what: Any) -> None:
    assert len(found) == len(expected), what
    for a, b in zip(found, expected, strict=True):
        assert type(a) is type(b), what
        if not isinstance(b, Tensor):
            assert a == b or a != a, what
            continue
        assert (a.dtype, a.shape, a.requires_grad) == (b.dtype, b.shape, b.requires_grad), what
        np.testing.assert_array_equal(to_numpy(a), to_numpy(b), repr(what))


class Replays:
    """Counts the replays of records."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        inner = Entry.run

        def counted(entry: Entry, *arguments: Any) -> Any:
            self.count += 1
            return inner(entry, *arguments)

        monkeypatch.setattr(Entry, "run", counted)


@each(ALL)
def test_replay_on_other_data(op: Op, device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    replays = Replays(monkeypatch)
    seed = torch.manual_seed
    monkeypatch.setattr(torch, "manual_seed", lambda number: None)  # a record cannot seed
    tensor = maker(device, gradient=True, dtype="float32")
    refusals = []
    for first, second in pairs(op):
        one, other = build(torch, first, tensor), build(torch, second, tensor)
        inputs = other.leaves(Tensor)
        seed(7)
        results = function_of(op, other, False)(*inputs)
        cloned = any(isinstance(t, Tensor) and id(t._base) in map(id, inputs) for t in results)
        seed(7)
        expected = compared(function_of(op, other, cloned)(*inputs), inputs)
        compiled = torch.compile(function_of(op, one, cloned), fullgraph=True)
        before = replays.count
        try:
            for given in (one, build(torch, first, tensor)):  # the second confirms the record
                seed(7)
                compiled(*given.leaves(Tensor))
            seed(7)
            found = compared(compiled(*inputs), inputs)
        except CaptureError as error:
            refusals.append(str(error))
            continue
        assert replays.count == before + 1, f"{first} is recorded anew"
        assert_identical(found, expected, first)
    check_refusals(op, refusals)


@each(ALL)
def test_replay_on_tensors_that_nothing_names(
    op: Op, real_device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An operation tells of its tensors, so that a replay finds the arrays that they have then."""
    seed = torch.manual_seed
    monkeypatch.setattr(torch, "manual_seed", lambda number: None)
    tensor = maker(real_device, gradient=True, dtype="float32")
    refusals = []
    for first, second in pairs(op):
        tensors = build(torch, first, tensor).leaves(Tensor)
        others = build(torch, second, tensor).leaves(Tensor)
        function = function_of(op, build(torch, first, tensor), True)

        hidden = GenericAlias(list, tuple(tensors))  # which nothing looks into
        step = torch.compile(lambda: function(*hidden.__args__), fullgraph=True)  # noqa: B023
        try:
            for _ in range(2):
                step()
                again = build(torch, first, tensor).leaves(Tensor)
                for own, value in zip(tensors, again, strict=True):
                    own.data = value
        except CaptureError as error:
            refusals.append(str(error))
            continue
        for own, other in zip(tensors, others, strict=True):
            own.data = other
        seed(7)
        found = compared(step(), tensors)
        seed(7)
        assert_identical(found, compared(function(*tensors), tensors), first)
    check_refusals(op, refusals)


def check_refusals(op: Op, refusals: list[str]) -> None:
    """Rows that cannot be recorded say why; all others can be, with every sample."""
    if op.unrecorded is None:
        assert not refusals
    else:
        assert refusals and all(op.unrecorded in reason for reason in refusals)
