"""The record of a call: kernels in their order, and where their arrays come from.

Arrays stand in numbered slots. A kernel's arguments are plain values with slots among them; what it
returns goes to slots again. Slots that the record does not fill itself are its inputs: arguments of
the call, and arrays of tensors that outlive it (parameters, buffers, states, gradients).

A kernel may write an array that is there already. So `Record.single_assignment` says what calls
read and write as `Value`s: a slot with the number of writes that its memory has seen. Each value is
written by one call, or by none if it is an input's first. A view knows its base, and a write to
either is one to both.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..kernels.launch import plain_tables
from ..tensor import Tensor
from .svg import Picture, write_svg


@dataclass(slots=True)
class Slot:
    """The place of an array, also among a kernel's arguments, and what is known of the array."""

    number: int
    shape: tuple[int, ...]
    dtype: Any
    nbytes: int
    type: type
    strides: tuple[int, ...]  # in bytes
    base: int  # the first slot with an array of this memory: of a view another, else its own


class Value(NamedTuple):
    """What stands in a slot between two writes of its memory."""

    slot: int
    version: int

    def __str__(self) -> str:
        return f"%{self.slot}.{self.version}" if self.version else f"%{self.slot}"


class LiveValue(float):
    """A number that a replay reads anew: `options[key]`, or `options[key][index]`."""

    options: dict[str, Any]
    key: str
    index: int | None

    def __new__(cls, options: dict[str, Any], key: str, index: int | None) -> LiveValue:
        number = super().__new__(cls, _read(options, key, index))
        number.options = options
        number.key = key
        number.index = index
        return number

    def read(self) -> float:
        return _read(self.options, self.key, self.index)


def _read(options: dict[str, Any], key: str, index: int | None) -> float:
    value = options[key] if index is None else options[key][index]
    if type(value) is not float and isinstance(value, Tensor):
        # Read past a recorder, which would take it for a value that the program reads.
        return plain_tables[type(value.array)].scalar(value.array)
    return value


@dataclass(slots=True)
class Call:
    """One kernel: `results` = function(*arguments), then the slots in `last_uses` are empty."""

    name: str
    function: Any
    arguments: tuple[Any, ...]
    reads: tuple[int, ...]  # slots among the arguments
    writes: tuple[int, ...]  # slots of the arrays that it writes: arguments, and those it makes
    results: tuple[int, ...] | int | None
    phase: str  # forward, backward or update
    last_uses: tuple[int, ...] = ()


@dataclass(slots=True)
class Source:
    """Where an input slot's array is found at each replay."""

    tensor: Tensor | None  # whose array it is; None for a constant
    is_grad: bool = False  # the array of the tensor's gradient
    argument: int | None = None  # the number of the call's argument
    array: Any = None  # the constant

    def place(self) -> Tensor | int | None:
        """The tensor, or its number among the arguments; None for a constant."""
        return self.tensor if self.argument is None else self.argument

    def kind(self) -> str:
        """What it is, for whoever looks at the record."""
        if self.argument is None and self.tensor is None:
            return "constant"
        if self.tensor is None:
            name = f"argument {self.argument}"
        else:
            name = "parameter" if self.tensor._requires_grad else "tensor"
        return f"gradient of {name}" if self.is_grad else name

    def fetch(self, arguments: Sequence[Tensor] = ()) -> Any:
        tensor = self.tensor if self.argument is None else arguments[self.argument]
        if tensor is None:
            return self.array
        if self.is_grad:
            return None if tensor._grad is None else tensor._grad.array
        return tensor.array


def tensor_at(place: Tensor | int, arguments: Sequence[Tensor]) -> Tensor:
    """A tensor that is known by itself or by its number among the arguments."""
    return arguments[place] if isinstance(place, int) else place


@dataclass(repr=False)
class Record:
    """The kernels of a call in their order."""

    calls: list[Call] = field(default_factory=list)
    backward_calls: list[Call] = field(default_factory=list)  # where it is run outside
    inputs: dict[int, Source] = field(default_factory=dict)  # slot -> source
    slots: list[Slot] = field(default_factory=list)
    results: tuple[int, ...] = ()  # slots whose arrays must be there at the end

    def __repr__(self) -> str:
        calls = len(self.calls) + len(self.backward_calls)
        return f"<Record of {calls} kernels and {len(self.slots)} arrays>"

    def __str__(self) -> str:
        """One line per input and per kernel: what it reads and makes, with shapes and bytes."""
        lines = [
            f"     input    {self._describe(Value(slot, 0))}: {source.kind()}"
            for slot, source in self.inputs.items()
        ]
        for number, (call, reads, writes) in enumerate(self.single_assignment()):
            made = ", ".join(map(self._describe, writes)) or "nothing"
            read = ", ".join(map(str, reads))
            lines.append(f"{number:4d} {call.phase:8s} {call.name}({read}) -> {made}")
        return "\n".join(lines)

    def single_assignment(self) -> list[tuple[Call, list[Value], list[Value]]]:
        """Each call with the values that it reads, and those that it writes or makes."""
        versions = [0] * len(self.slots)  # by base
        known = set(self.inputs)
        found = []
        for call in (*self.calls, *self.backward_calls):
            reads = [Value(slot, versions[self.slots[slot].base]) for slot in call.reads]
            known.update(call.reads)
            for base in {self.slots[slot].base for slot in call.writes if slot in known}:
                versions[base] += 1
            writes = [Value(slot, versions[self.slots[slot].base]) for slot in call.writes]
            known.update(call.writes)
            found.append((call, reads, writes))
        return found

    def sources(self) -> list[tuple[Call, list[Call]]]:
        """Each call with those that it must come after: they make or write what it reads."""
        makers: dict[int, Call] = {}  # slot -> the call that made its array
        writers: dict[Value, Call] = {}  # base and version -> the call that wrote the memory
        found = []
        for call, reads, writes in self.single_assignment():
            needed: dict[int, Call] = {}
            for value in reads:
                memory = Value(self.slots[value.slot].base, value.version)
                for source in (makers.get(value.slot), writers.get(memory)):
                    if source is not None:
                        needed[id(source)] = source
            found.append((call, list(needed.values())))
            for value in writes:
                makers.setdefault(value.slot, call)
                base = self.slots[value.slot].base
                if value.version or base == value.slot:  # and not a first view of an input
                    writers.setdefault(Value(base, value.version), call)
        return found

    def svg(self) -> Picture:
        """The record as a picture: forward, backward and update in three shades."""
        from .draw_record import draw_record

        return draw_record(self)

    def _repr_svg_(self) -> str:
        """What a notebook shows."""
        return str(self.svg())

    def save_svg(self, path: str | os.PathLike[str]) -> None:
        """Writes `svg()` to a file, which appears only once it is complete."""
        write_svg(path, self.svg())

    def _describe(self, value: Value) -> str:
        array = self.slots[value.slot]
        return f"{value} {array.dtype}{list(array.shape)} {array.nbytes} bytes"


def find_last_uses(calls: list[Call], kept: set[int]) -> None:
    """Says after which call each slot can be emptied; those in `kept` stay."""
    last: dict[int, Call] = {}
    for call in calls:
        call.last_uses = ()
        for slot in (*call.reads, *call.writes):
            last[slot] = call
    for slot, call in last.items():
        if slot not in kept:
            call.last_uses += (slot,)
