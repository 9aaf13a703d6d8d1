"""What stands in a record: versions of memory, views and their bases, and whose arrays are read."""

from __future__ import annotations

from typing import Any

import pytest

import rushlight as torch
from rushlight.autograd.operation import Operation
from rushlight.graph import CaptureError
from rushlight.graph.record import Record, Value


def record_of(function: Any, *arguments: torch.Tensor) -> Record:
    compiled = torch.compile(function, fullgraph=True)
    compiled(*arguments)
    return compiled.graph


def test_a_write_makes_a_new_version() -> None:
    def f(x: torch.Tensor) -> torch.Tensor:
        y = x * 2
        y.add_(1)
        return y * x

    record = record_of(f, torch.ones(3))
    multiply, add, last = record.calls
    assert record.single_assignment() == [
        (multiply, [Value(0, 0)], [Value(1, 0)]),
        (add, [Value(1, 0)], [Value(1, 1)]),
        (last, [Value(1, 1), Value(0, 0)], [Value(2, 0)]),
    ]
    assert "add(%1) -> %1.1 float32[3] 12 bytes" in str(record)
    assert record.sources() == [(multiply, []), (add, [multiply]), (last, [multiply, add])]


def test_a_write_through_a_view_is_one_to_its_base() -> None:
    def f(x: torch.Tensor) -> torch.Tensor:
        y = x * 2
        y[0].zero_()
        return y + 1

    record = record_of(f, torch.ones(3, 2))
    multiply, view, fill, add = record.calls
    (base,), (part,) = multiply.writes, view.writes
    assert record.slots[part].base == record.slots[base].base == base
    _, _, written, read = record.single_assignment()
    assert written == (fill, [Value(part, 0)], [Value(part, 1)])
    assert read[1] == [Value(base, 1)]
    assert record.sources() == [
        (multiply, []), (view, [multiply]), (fill, [view, multiply]), (add, [multiply, fill])
    ]  # fmt: skip


def test_arguments_of_one_memory_have_one_base() -> None:
    x = torch.ones(4)
    record = record_of(lambda a, b: a + b, x[:2], x[2:])
    assert [slot.base for slot in record.slots] == [0, 0, 2]


def test_what_a_kernel_writes_comes_from_its_declaration() -> None:
    weight = torch.ones(2, requires_grad=True)
    optimizer = torch.optim.SGD([weight], 0.1, momentum=0.9)

    def step() -> None:
        optimizer.zero_grad()
        weight.sum().backward()
        optimizer.step()

    compiled = torch.compile(step, fullgraph=True)
    for _ in range(3):
        compiled()
    sgd, _, writes = compiled.graph.single_assignment()[-1]
    assert sgd.name == "sgd"
    tensors = {compiled.graph.inputs[slot].tensor for slot in sgd.writes}
    assert tensors == {weight, optimizer.state[weight]["momentum_buffer"]}
    assert [value.version for value in writes] == [1, 1]


def test_random_numbers_write_their_state() -> None:
    record = record_of(lambda: (torch.rand(2), torch.rand(2)))
    (_, first_reads, first_writes), (_, second_reads, _) = record.single_assignment()
    assert first_reads[0] == Value(0, 0)
    assert second_reads[0] == first_writes[0] == Value(0, 1)


# ---- whose an array is


class Half(Operation):
    """Reaches past the kernels for a part of its input."""

    @staticmethod
    def forward(kernels: Any, x: Any) -> Any:
        return kernels.neg(x[: len(x) // 2])


class Cut(Operation):
    """Returns what no kernel has made."""

    @staticmethod
    def forward(kernels: Any, x: Any) -> Any:
        return x[: len(x) // 2]


@pytest.mark.parametrize(
    ("operation", "match"), [(Half, "no kernel has made"), (Cut, "past the kernels")]
)
@pytest.mark.parametrize("is_argument", [True, False])
def test_arrays_that_no_kernel_has_made_are_refused(
    operation: Any, match: str, is_argument: bool
) -> None:
    def holder() -> None: ...

    holder.x = torch.ones(4)  # type: ignore[attr-defined]
    if is_argument:
        function, arguments = (lambda x: operation.apply(x * 1) + 1), [torch.ones(4)]
    else:
        function, arguments = (lambda: operation.apply(holder.x) + 1), []  # type: ignore
    with pytest.raises(CaptureError, match=match):
        torch.compile(function, fullgraph=True)(*arguments)


@pytest.mark.parametrize("is_made", [True, False])
def test_tensors_of_arrays_that_were_cut_out_are_refused(is_made: bool) -> None:
    from rushlight.tensor import wrap

    def f(x: torch.Tensor) -> torch.Tensor:
        y = x * 2 if is_made else x
        return wrap(y.array[:1]) + y

    with pytest.raises(CaptureError, match="cut out past the kernels"):
        torch.compile(f, fullgraph=True)(torch.ones(3))


def test_views_that_were_there_before_are_found() -> None:
    def holder() -> None: ...

    holder.whole = torch.ones(4)  # type: ignore[attr-defined]
    holder.part = holder.whole[:2]  # type: ignore[attr-defined]
    def whole_first() -> torch.Tensor:
        return holder.whole.sum() + holder.part  # type: ignore[attr-defined, no-any-return]

    def part_first() -> torch.Tensor:
        return holder.part + holder.whole.sum()  # type: ignore[attr-defined, no-any-return]

    for function in (whole_first, part_first):
        compiled = torch.compile(function, fullgraph=True)
        for factor in (1.0, 2.0, 3.0):
            holder.whole.fill_(factor)  # type: ignore[attr-defined]
            assert compiled().tolist() == [5 * factor] * 2


# ---- what went wrong once


def test_a_view_of_what_is_changed_later_has_the_history_of_the_change() -> None:
    w = torch.tensor([1.0, -2.0, 3.0, -4.0], requires_grad=True)

    def f(x: torch.Tensor) -> torch.Tensor:
        y = x * w
        z = y.view(2, 2)
        y.relu_()
        return z

    compiled = torch.compile(f, fullgraph=True)
    for sign in (1.0, -1.0, 1.0):
        x = sign * torch.tensor([1.0, 2.0, -3.0, -4.0])
        expected, = torch.autograd.grad(f(x).sum(), w)
        found, = torch.autograd.grad(compiled(x).sum(), w)
        assert found.tolist() == expected.tolist() == torch.where(x * w > 0, x, 0.0 * x).tolist()


@pytest.mark.parametrize("kind", ["tensor", "leaf", "computed", "parameter"])
def test_one_tensor_as_several_arguments(kind: str) -> None:
    def f(a: torch.Tensor, b: torch.Tensor, c: torch.Tensor) -> torch.Tensor:
        return a * b + c

    compiled = torch.compile(f, fullgraph=True)
    for value in (1.0, 2.0, 3.0):
        leaf = torch.full((2,), value)
        if kind == "parameter":
            leaf = torch.nn.Parameter(leaf)
        leaf.requires_grad_(kind != "tensor")
        x = leaf * 1 if kind == "computed" else leaf
        result = compiled(x, x, x)
        assert result.tolist() == [value * value + value] * 2
        if kind != "tensor":
            result.sum().backward()
            assert leaf.grad is not None and leaf.grad.tolist() == [2 * value + 1] * 2


def test_one_tensor_twice_is_not_two_of_one_array() -> None:
    compiled = torch.compile(lambda a, b: a * b, fullgraph=True)
    for _ in range(2):
        x = torch.full((1,), 3.0, requires_grad=True)
        compiled(x, x).backward()
        y = x.detach().requires_grad_()
        compiled(x, y).backward()
        assert x.grad.item() == 9.0 and y.grad.item() == 3.0
