"""Recording: every kernel call while a function runs, with the arrays that it reads and makes.

The recorder puts itself in the place of the kernel tables (`kernels/launch.py`), below autograd:
forward, backward and optimizer end up in one record. Arrays alone do not say where they will be
found next time, so while it records, it watches tensors' arrays and gradients being read, and
modules being called; optimizers report their steps.
"""

from __future__ import annotations

import inspect
import threading
import traceback
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..kernels import launch
from ..nn.module import Module
from ..tensor import Tensor
from .record import ArrayInfo, Call, LiveValue, Record, Slot, Source

# What a table knows besides its kernels.
_NOT_KERNELS = {"array_type", "device_name", "device_of", "data_pointer", "owns_memory", "xp"}
_READS = {"to_numpy", "scalar"}
_DATA_DEPENDENT = {"nonzero"}
_PACKAGE = str(Path(__file__).parent.parent)


class CaptureError(RuntimeError):
    """What was called cannot be recorded; the message says why, and where it is."""


class Recorder:
    """Fills `record` while it is active (`with recorder.active():`)."""

    def __init__(self, arguments: list[Tensor], fullgraph: bool) -> None:
        self.record = Record()
        self.fullgraph = fullgraph
        self.failure: str | None = None
        self.thread = threading.get_ident()
        # id(array) -> (weak reference, slot): what has died must not be taken for its successor.
        self.slots: dict[int, tuple[Any, int]] = {}
        # id(tensor) -> (weak reference, version when first seen)
        self.versions: dict[int, tuple[Any, int]] = {}
        self.owners: dict[int, Any] = {}  # id(array) -> weak reference to a tensor that has it
        self.gradient_of: dict[int, Tensor] = {}  # id(gradient) -> its leaf
        self.gradients: dict[Tensor, bool | None] = {}  # leaf -> had one at first; None: set first
        self.modules: dict[int, Any] = {}  # id -> (module, its attributes when first seen)
        self.optimizers: dict[int, Any] = {}
        self.live_values: list[LiveValue] = []
        self.globals: list[Any] = []  # (the globals, a name, its value) that the function names
        self.cells: list[Any] = []  # (a cell of its closure, what is in it)
        self.containers: list[Any] = []  # (a list, dictionary or set among these, what is in it)
        self.made: list[Any] = []  # weak references to the arrays that kernels made
        for number, tensor in enumerate(arguments):
            self._new_slot(tensor.array, Source(None, argument=number))

    # ---- what is recorded

    def call(self, name: str, function: Any, arguments: tuple[Any, ...]) -> Any:
        """Runs a kernel and notes it."""
        if name in _READS:
            self.fail("reads a value (item(), bool(tensor), tolist(), print)")
        elif name in _DATA_DEPENDENT or name == "getitem" and _has_mask(arguments[1]):
            self.fail(f"makes a result whose shape depends on the data ({name})")
        reads: list[int] = []
        template = self._template(arguments, reads)
        table = getattr(function, "__self__", None)
        if name == "from_numpy" and table is not None and type(arguments[0]) is table.array_type:
            # A tensor made from data: each replay makes it anew, for it may be changed in place.
            name, function = "clone", table.clone
            template, arguments = (template[0], "C"), (arguments[0], "C")
        # NumPy takes a class of float for a float64, and would compute in that.
        result = function(*[a.read() if type(a) is LiveValue else a for a in arguments])
        results = self._results(result)
        call = Call(name, function, template, tuple(reads), results, launch.phase)
        self.record.calls.append(call)
        return result

    def _template(self, value: Any, reads: list[int]) -> Any:
        """Arguments with slots in the places of arrays; their numbers are added to `reads`."""
        kind = type(value)
        if kind in launch.kernels:
            slot = self.slot_of(value)
            reads.append(slot)
            return Slot(slot)
        if kind is tuple or kind is list:
            return kind([self._template(part, reads) for part in value])
        return value

    def _results(self, result: Any) -> Any:
        if type(result) is tuple:
            return tuple(self._result_slot(part) for part in result)
        return self._result_slot(result)

    def _result_slot(self, array: Any) -> int | None:
        if type(array) not in launch.kernels:
            return None
        known = self._known_slot(array)
        if known is not None:  # an array that was filled in place
            return known
        self.made.append(weakref.ref(array))
        return self._new_slot(array, None)

    def slot_of(self, array: Any) -> int:
        """The slot of an array that a kernel reads: a new input if it has none yet."""
        known = self._known_slot(array)
        return self._new_slot(array, self._source(array)) if known is None else known

    def _known_slot(self, array: Any) -> int | None:
        known = self.slots.get(id(array))
        return known[1] if known is not None and known[0]() is array else None

    def _new_slot(self, array: Any, source: Source | None) -> int:
        number = len(self.record.arrays)
        self.record.arrays.append(
            ArrayInfo(tuple(array.shape), array.dtype, array.nbytes, type(array))
        )
        self.slots[id(array)] = (weakref.ref(array), number)
        if source is not None:
            self.record.inputs[number] = source
        return number

    def _source(self, array: Any) -> Source:
        reference = self.owners.get(id(array))
        owner = None if reference is None else reference()
        if owner is None or _read_array(owner) is not array:
            return Source(None, array=array)
        leaf = self.gradient_of.get(id(owner))
        if leaf is not None and leaf._grad is owner:
            return Source(leaf, is_grad=True)
        return Source(owner)

    def live(self, options: dict[str, Any], key: str, index: int | None) -> LiveValue:
        """A number that replays read anew."""
        number = LiveValue(options, key, index)
        self.live_values.append(number)
        return number

    def fail(self, what: str) -> None:
        """Says that this call cannot be replayed; the first reason is the one that is told."""
        if self.failure is None:
            self.failure = f"{_user_line()} {what}"
        if self.fullgraph:
            raise CaptureError(f"compile: {self.failure}")

    # ---- what is watched

    def see_array(self, tensor: Tensor, array: Any) -> None:
        seen = self.versions.get(id(tensor))
        if seen is not None and seen[0]() is tensor and id(array) in self.owners:
            return
        if threading.get_ident() != self.thread:
            return
        known = self.owners.get(id(array))
        owner = None if known is None else known()
        if owner is None or _read_array(owner) is not array:
            self.owners[id(array)] = weakref.ref(tensor)
        if id(tensor) not in self.versions or self.versions[id(tensor)][0]() is not tensor:
            self.versions[id(tensor)] = (weakref.ref(tensor), tensor._version)

    def see_gradient(self, leaf: Tensor, gradient: Tensor | None) -> None:
        self.gradients.setdefault(leaf, gradient is not None)
        if gradient is not None:
            self.gradient_of[id(gradient)] = leaf

    def see_gradient_set(self, leaf: Tensor) -> None:
        self.gradients.setdefault(leaf, None)

    def see_module(self, module: Module) -> None:
        self.modules.setdefault(id(module), (module, list(vars(module).values())))

    def see_optimizer(self, optimizer: Any) -> None:
        self.optimizers[id(optimizer)] = optimizer

    def see_what(self, function: Any) -> None:
        """Modules that a function can reach without calling them: in its closure and globals."""
        function = inspect.unwrap(function)
        reachable = [getattr(function, "__self__", None)]
        function = getattr(function, "__func__", function)
        if inspect.isfunction(function):
            names = function.__code__.co_names
            reachable += [function.__globals__.get(name) for name in names]
            reachable += [c.cell_contents for c in function.__closure__ or () if _is_filled(c)]
            self.globals = [(function.__globals__, n, function.__globals__[n])
                            for n in names if n in function.__globals__]  # fmt: skip
            self.cells = [(c, c.cell_contents) for c in function.__closure__ or () if _is_filled(c)]
        values = [value for _, _, value in self.globals] + [value for _, value in self.cells]
        self.containers = [(v, contents(v)) for v in values if type(v) in (list, dict, set)]
        for value in reachable:
            if isinstance(value, Module):
                for module in value.modules():
                    self.see_module(module)

    @contextmanager
    def active(self) -> Iterator[None]:
        with launch.intercepted(lambda table: _RecordingTable(table, self)), _watched(self):
            launch.recorder = self
            try:
                yield
            finally:
                launch.recorder = None


class _RecordingTable:
    """Stands in a kernel table's place and tells the recorder of every call."""

    def __init__(self, table: Any, recorder: Recorder) -> None:
        self._table = table
        self._recorder = recorder

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._table, name)
        if name in _NOT_KERNELS:
            return value
        recorder = self._recorder

        def recorded(*arguments: Any) -> Any:
            if threading.get_ident() != recorder.thread:
                return value(*arguments)
            return recorder.call(name, value, arguments)

        setattr(self, name, recorded)
        return recorded


_array_slot: Any = Tensor.__dict__["array"]
_read_array = _array_slot.__get__


@contextmanager
def _watched(recorder: Recorder) -> Iterator[None]:
    """Tells the recorder of tensors' arrays and gradients as they are read, and of modules' calls.

    The attributes of the classes are replaced for this time, so that they cost nothing at others.
    """
    grad: Any = Tensor.__dict__["grad"]
    call = Module.__call__

    def read_array(tensor: Tensor) -> Any:
        array = _read_array(tensor)
        recorder.see_array(tensor, array)
        return array

    def read_grad(tensor: Tensor) -> Tensor | None:
        gradient = grad.fget(tensor)
        recorder.see_gradient(tensor, gradient)
        return gradient

    def set_grad(tensor: Tensor, value: Tensor | None) -> None:
        recorder.see_gradient_set(tensor)
        grad.fset(tensor, value)

    def call_module(module: Module, *args: Any, **kwargs: Any) -> Any:
        recorder.see_module(module)
        return call(module, *args, **kwargs)

    watched: list[tuple[type, str, Any, Any]] = [
        (Tensor, "array", property(read_array, _array_slot.__set__), _array_slot),
        (Tensor, "grad", property(read_grad, set_grad), grad),
        (Module, "__call__", call_module, call),
    ]
    for cls, name, watching, _ in watched:
        setattr(cls, name, watching)
    try:
        yield
    finally:
        for cls, name, _, original in watched:
            setattr(cls, name, original)


def contents(container: Any) -> list[Any]:
    """What a list, dictionary or set holds, one level deep."""
    if isinstance(container, dict):
        return [*container.keys(), *container.values()]
    return list(container)


def _is_filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not None
    except ValueError:
        return False


def _has_mask(index: Any) -> bool:
    parts = index if isinstance(index, tuple) else (index,)
    return any(type(p) in launch.kernels and p.dtype.kind == "b" for p in parts)


def _user_line() -> str:
    """The innermost line outside this package that is being run."""
    for frame in reversed(traceback.extract_stack()):
        if not frame.filename.startswith(_PACKAGE):
            return f"{frame.filename}:{frame.lineno}: `{frame.line}`"
    return "a line of the framework"
