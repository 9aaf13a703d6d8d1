"""Recording: every kernel call while a function runs, with the arrays that it reads and makes.

The recorder puts itself in the place of the kernel tables (`kernels/launch.py`), below autograd:
forward, backward and optimizer end up in one record. Arrays alone do not say where they will be
found next time, so operations, tensors, modules and optimizers tell `launch.recorder` what they do.
An array that no kernel has made and that none of these has named is refused: a replay would find
the values of the recorded call in it.
"""

from __future__ import annotations

import traceback
import weakref
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import get_ident
from typing import Any

from ..autograd.node import next_sequence, nodes_from
from ..kernels import launch
from ..kernels.base.memory_order import owner_of
from ..kernels.declaration import Declaration, kernels_of
from ..kernels.launch import kernels as kernel_tables
from ..nn.module import Module
from ..nn.parameter import Parameter
from ..random import default_states
from ..tensor import Tensor
from .errors import CaptureError, LeakError, RefusedError
from .guards import state_of
from .guards.names import Names
from .record import Call, LiveValue, Record, Slot, Source

# What modules without parameters and tensors have as attributes.
_NO_TENSORS = {int, float, bool, str, tuple, dict, OrderedDict, type(None)}
# What arguments in tuples and lists mostly are: shapes, axes, indices.
_PLAIN = {int, float, bool, str, slice, type(None)}
_SPECIAL = {"read", "dynamic", "view", "transfer"}  # kinds of kernels
PACKAGE = str(Path(__file__).parent.parent)


class Recorder:
    """Fills `record` while it is active (`with recorder.active():`)."""

    def __init__(self, arguments: list[Tensor], names: Names, fullgraph: bool) -> None:
        self.record = Record()
        self.fullgraph = fullgraph
        self.failure: str | None = None
        self.thread = get_ident()
        self.first_sequence = next_sequence()  # older nodes of the graph lie outside
        self.structure_version = launch.structure_version
        # id(array) -> (weak reference, slot): what has died must not be taken for its successor.
        self.slots: dict[int, tuple[Any, Slot]] = {}
        self.sources: dict[int, Source] = {}  # id(array) -> where it is found, if it still is
        # Of memory that none of the slots' arrays owns: id(owner) -> (weak reference, base).
        self.memories: dict[int, tuple[Any, int]] = {}
        self.unclaimed: dict[int, tuple[Source, str]] = {}  # slot -> source, where it was met
        self.changed: dict[int, tuple[list[int], int]] = {}  # id -> counter, how often it rose
        self.sharing: list[tuple[Tensor, Tensor]] = []  # that have one array
        self.met: list[tuple[Tensor, Any]] = []  # likewise, weak references to the second ones
        self.gradients: dict[Tensor, bool | None] = {}  # leaf -> had one at first; None: set first
        self.lasting: list[tuple[Tensor, bool | None, Any]] = []  # tensors, `requires_grad`, shape
        self.modules: dict[int, Any] = {}  # id -> (module, names of attributes, what they were)
        self.optimizers: dict[int, Any] = {}  # id -> (optimizer, its states before the step)
        self.live_values: list[LiveValue] = []
        self.made: list[Any] = []  # weak references to the arrays that kernels made
        self.given = arguments
        self.arguments: dict[int, int] = {}
        self._flags = [(tensor, tensor._requires_grad) for tensor in arguments]
        for number, tensor in enumerate(arguments):
            self.arguments.setdefault(id(tensor), number)
            if self.known_slot(tensor.array) is None:  # one may be given twice
                self.new_slot(tensor.array, Source(None, argument=number))
        self.names = names
        self._see_lasting(names.tensors)
        for module in names.modules:
            self.see_module(module)
        for random_state in default_states():
            self.sources[id(random_state)] = Source(None, array=random_state)

    # ---- what is recorded

    def call(self, name: str, declared: Declaration, function: Any, *arguments: Any) -> Any:
        """Runs a kernel and notes it."""
        if get_ident() != self.thread:
            return function(*arguments)
        if declared.kind in _SPECIAL:
            name, function, arguments = self._special(name, declared.kind, function, arguments)
        template, read, written = self._template(arguments, declared)
        if LiveValue in map(type, arguments):
            # NumPy takes a class of float for a float64, and would compute in that.
            arguments = tuple([a.read() if type(a) is LiveValue else a for a in arguments])
        try:
            result = function(*arguments)
        except Exception:
            self._see_error(name, arguments)
            raise
        if type(result) is tuple:
            results: Any = tuple([self._result_slot(part, written) for part in result])
        else:
            results = self._result_slot(result, written)
        self.record.calls.append(
            Call(name, function, template, tuple(read), tuple(written), results, launch.phase)
        )
        return result

    def _see_error(self, name: str, arguments: Any) -> None:
        """Notes an error, which makes no difference unless the function catches it."""
        # A number of the host that meets another device's array is moved there, and tried again.
        kinds = {type(value) for value in arguments if type(value) in kernel_tables}
        if self.failure is None and len(kinds) < 2:
            self.failure = f"{_user_line()} catches an error ({name})"

    def _special(
        self, name: str, kind: str, function: Any, arguments: Any
    ) -> tuple[str, Any, Any]:
        """What a call of one of the kernels that are not recorded like others is recorded as."""
        if kind == "read":
            self.fail("reads a value (item(), bool(tensor), tolist(), print)")
        elif kind == "dynamic":
            self.fail(f"makes a result whose shape depends on the data ({name})")
        elif name == "from_numpy":
            data = arguments[0]
            if self.known_slot(data) is None:  # the data of a tensor: part of the record
                self.sources[id(data)] = Source(None, array=data)
            if type(data) is function.__self__.array_type:
                # Each replay makes it anew, for it may be changed in place.
                return "clone", function.__self__.clone, (data, "C")
        return name, function, arguments

    def _template(
        self, arguments: Any, declared: Declaration
    ) -> tuple[tuple[Any, ...], list[int], list[int]]:
        """Arguments with slots in the places of arrays, and which of these are read and written."""
        template = list(arguments)
        slots = self.slots
        read: list[int] = []
        written: list[int] = []
        for position, value in enumerate(arguments):
            kind = type(value)
            if kind in kernel_tables:
                known = slots.get(id(value))
                slot = known[1] if known and known[0]() is value else self.slot_of(value)
                template[position] = slot
                found = [slot.number]
            elif (kind is tuple or kind is list) and not _PLAIN.issuperset(map(type, value)):
                found = []
                template[position] = self._nested(value, found)
            else:
                continue
            if position != declared.out:
                read += found
            if position in declared.positions:
                written += found
        return tuple(template), read, written

    def _nested(self, values: Any, found: list[int]) -> Any:
        parts = []
        for value in values:
            kind = type(value)
            if kind in kernel_tables:
                value = self.slot_of(value)
                found.append(value.number)
            elif (kind is tuple or kind is list) and not _PLAIN.issuperset(map(type, value)):
                value = self._nested(value, found)
            parts.append(value)
        return type(values)(parts)

    def _result_slot(self, array: Any, written: list[int]) -> int | None:
        """The slot of what a kernel returns; a new one is added to `written`."""
        if type(array) not in kernel_tables:
            return None
        known = self.slots.get(id(array))
        if known and known[0]() is array:  # it was filled in place
            return known[1].number
        number = self.new_slot(array).number
        written.append(number)
        return number

    def slot_of(self, array: Any) -> Slot:
        """The slot of an array that a kernel reads: a new input if it has none yet."""
        slot = self.known_slot(array)
        if slot is None:
            source = self.sources.get(id(array))
            if source is not None and source.fetch(self.given) is array:
                return self.new_slot(array, source)
            source = Source(None, array=array)
            slot = self.new_slot(array, source)
            self.unclaimed[slot.number] = source, _user_line()
        return slot

    def known_slot(self, array: Any) -> Slot | None:
        known = self.slots.get(id(array))
        return known[1] if known is not None and known[0]() is array else None

    def new_slot(self, array: Any, source: Source | None = None) -> Slot:
        slots = self.record.slots
        number = len(slots)
        kind = type(array)
        base = number
        if type(array.base) is kind or id(array) in self.memories:
            base = self._base(array, number)
        slot = Slot(number, array.shape, array.dtype, array.nbytes, kind, array.strides, base)
        slots.append(slot)
        reference = weakref.ref(array)
        self.slots[id(array)] = (reference, slot)
        if source is None:
            self.made.append(reference)
        else:
            self.record.inputs[slot.number] = source
        return slot

    def _base(self, array: Any, number: int) -> int:
        """The first slot that had an array of this one's memory: `number` if none had."""
        owner = owner_of(array)
        base = self._known_base(owner)
        if base is not None:
            return base
        if owner is not array:
            self.memories[id(owner)] = weakref.ref(owner), number
        return number

    def _known_base(self, owner: Any) -> int | None:
        """The base of what lies in an owner's memory, if the record knows that."""
        slot = self.known_slot(owner)
        if slot is not None:
            return slot.base
        known = self.memories.get(id(owner))
        return known[1] if known is not None and known[0]() is owner else None

    def check_claims(self, results: Iterable[Tensor] = ()) -> None:
        """RefusedError for an array that no kernel has made, and that no tensor has told of.

        Of tensors of one array those that are still there, but not as results, must go on sharing.
        """
        for _, line in self.unclaimed.values():
            raise RefusedError(f"{line} reads an array that no kernel has made and no tensor has")
        returned = set(map(id, results))
        for first, reference in self.met:
            second = reference()
            if second is not None and id(second) not in returned:
                self.sharing.append((first, second))
        self.met = []

    def live(self, options: dict[str, Any], key: str, index: int | None) -> float:
        """A number that replays read anew."""
        number = LiveValue(options, key, index)
        if self._is_elsewhere():
            return number.read()
        self.live_values.append(number)
        return number

    def fail(self, what: str, at_line: bool = True) -> None:
        """Says that this call cannot be replayed; the first reason is the one that is told.

        `at_line` names the line that runs now; after the call that is the caller's.
        """
        if self._is_elsewhere():
            return
        if self.failure is None:
            self.failure = f"{_user_line()} {what}" if at_line else f"it {what}"
        if self.fullgraph:
            raise CaptureError(f"compile: {self.failure}")

    # ---- what tensors, modules and optimizers tell

    def see_tensor(self, tensor: Tensor, is_lasting: bool = False) -> None:
        """Notes whose an array from outside is, before a kernel reads it or after."""
        if self._is_elsewhere():
            return
        array = tensor.array
        slot = self.known_slot(array)
        if slot is None:
            known = self.sources.get(id(array))
            if known is None or known.fetch(self.given) is not array:
                if not is_lasting:
                    self._check_whole(tensor)
                self.sources[id(array)] = Source(tensor)
        elif slot.number in self.unclaimed:
            self._check_whole(tensor)
            source, _ = self.unclaimed.pop(slot.number)
            source.tensor, source.array = tensor, None
        elif slot.number in self.record.inputs:
            source = self.record.inputs[slot.number]
            if source.tensor is not None and source.tensor is not tensor and not source.is_grad:
                self.met.append((source.tensor, weakref.ref(tensor)))

    def _check_whole(self, tensor: Tensor) -> None:
        """Refuses what lies in memory that the record knows, but was made by no kernel.

        A view that was there before lies so in memory from outside.
        """
        array = tensor.array
        owner = owner_of(array)
        base = None if owner is array else self._known_base(owner)
        slot = self.known_slot(array)
        if base is None or slot is not None and slot.base == slot.number:
            return
        if tensor._view is None or base not in self.record.inputs:
            self.fail("computes with a part of an array that was cut out past the kernels")

    def see_call(self, name: str, inputs: Iterable[Any], results: Any) -> None:
        """Notes an operation: whose arrays it reads, and whether kernels have made its results."""
        if self._is_elsewhere():
            return
        slots, sources = self.slots, self.record.inputs
        for value in inputs:
            if isinstance(value, Tensor):
                known = slots.get(id(value.array))
                source = sources.get(known[1].number) if known else None
                if known is None or source is not None and source.tensor is not value:
                    self.see_tensor(value)
        for array in results if type(results) is tuple else (results,):
            known = slots.get(id(array))
            if type(array) in kernel_tables and (known is None or known[0]() is not array):
                self.fail(f"makes an array past the kernels ({name})")

    def _see_lasting(self, values: Iterable[Any]) -> None:
        """Notes tensors that will be there at replays, too: whether they still share an array."""
        for tensor in values:
            if isinstance(tensor, Tensor):
                known = self.sources.get(id(tensor.array))
                if known is None or known.tensor is not tensor:
                    self._see_lasting_tensor(tensor)

    def _see_lasting_tensor(self, tensor: Tensor) -> None:
        self.see_tensor(tensor, is_lasting=True)
        self.lasting.append((tensor, tensor._requires_grad, tensor.array.shape))
        slot = self.known_slot(tensor.array)
        source = self.record.inputs.get(slot.number) if slot else self.sources[id(tensor.array)]
        if source is None:
            return
        if source.argument is not None:
            # A parameter has records of its own (see `signature`); of others the next call may
            # have another one in the argument's place.
            is_itself = self.arguments.get(id(tensor)) == source.argument
            if not (is_itself and isinstance(tensor, Parameter)):
                self.fail("is given a tensor that it also reaches by itself")
        elif source.tensor is not None and source.tensor is not tensor and not source.is_grad:
            self.sharing.append((source.tensor, tensor))

    def knows(self, value: Any) -> bool:
        """Whether an object was there before the call."""
        return self.names.know(value) or id(value) in self.modules or id(value) in self.optimizers

    def forget_own_leaves(self) -> None:
        """Leaves that the function has made itself go with it."""
        self.gradients = {
            leaf: had for leaf, had in self.gradients.items()
            if (slot := self.known_slot(leaf.array)) is None or slot.number in self.record.inputs
        }  # fmt: skip

    def check_flags(self) -> None:
        """LeakError where `requires_grad` of a tensor from outside has changed."""
        flags = self._flags + [(tensor, flag) for tensor, flag, _ in self.lasting]
        if any(tensor._requires_grad is not flag for tensor, flag in flags):
            raise LeakError("it changes requires_grad of a tensor from outside")

    def see_change(self, counter: list[int]) -> None:
        if not self._is_elsewhere():
            _, times = self.changed.get(id(counter), (counter, 0))
            self.changed[id(counter)] = (counter, times + 1)

    def see_gradient(self, leaf: Tensor, gradient: Tensor | None) -> None:
        if self._is_elsewhere():
            return
        if leaf not in self.gradients:
            self.gradients[leaf] = gradient is not None
        if gradient is not None and self.known_slot(gradient.array) is None:
            number = self.arguments.get(id(leaf))
            self.sources[id(gradient.array)] = Source(
                leaf if number is None else None, is_grad=True, argument=number
            )

    def see_gradient_set(self, leaf: Tensor) -> None:
        if not self._is_elsewhere():
            self.gradients.setdefault(leaf, None)

    def see_backward(self, roots: list[Tensor]) -> None:
        if not self._is_elsewhere() and any(
            node._sequence < self.first_sequence for node in nodes_from(roots)
        ):
            self.fail("runs backward into what was computed outside of the function")

    def see_module(self, module: Module) -> None:
        if id(module) not in self.modules and not self._is_elsewhere():
            names = self.names.watched_attributes(module)
            attributes = vars(module)
            values = list(attributes.values() if names is None else map(attributes.get, names))
            self.modules[id(module)] = (module, names, values)
            if not _NO_TENSORS.issuperset(map(type, values)):
                self._see_lasting(values)

    def see_optimizer(self, optimizer: Any) -> None:
        if self._is_elsewhere() or id(optimizer) in self.optimizers:
            return
        states = [state_of(optimizer, group) for group in optimizer.param_groups]
        self.optimizers[id(optimizer)] = (optimizer, states)
        for group in optimizer.param_groups:
            self._see_lasting(group["params"])
        for state in optimizer.state.values():
            self._see_lasting(state.values())

    def _is_elsewhere(self) -> bool:
        """Whether another thread than the one that records is at work."""
        return get_ident() != self.thread

    @contextmanager
    def active(self) -> Iterator[None]:
        with launch.intercepted(lambda table: _RecordingTable(table, self)):
            try:
                launch.watchers.append(self)
                launch.recorder = self
                yield
            finally:
                launch.recorder = None
                launch.watchers[:] = [other for other in launch.watchers if other is not self]


class _RecordingTable:
    """Stands in a kernel table's place and tells the recorder of every call."""

    def __init__(self, table: Any, recorder: Recorder) -> None:
        self._table = table
        self._recorder = recorder
        self._declarations = kernels_of(type(table))

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._table, name)
        declared = self._declarations.get(name)
        if declared is None:
            return value
        recorded = partial(self._recorder.call, name, declared, value)
        setattr(self, name, recorded)
        return recorded


def _user_line() -> str:
    """The innermost line outside this package that is being run."""
    for frame in reversed(traceback.extract_stack()):
        if not frame.filename.startswith((PACKAGE, "<entry of ")):
            return f"{frame.filename}:{frame.lineno}: `{frame.line}`"
    return "a line of the framework"
