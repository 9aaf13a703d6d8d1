"""`torch.compile`: a function that is recorded at its first calls and replayed at later ones."""

from __future__ import annotations

import functools
import random
import sys
import threading
import warnings
import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterator
from types import MethodType
from typing import Any

from ..autocast_state import casts
from ..autocast_state import in_use as autocast_in_use
from ..device import chosen as chosen_devices
from ..device import default_device
from ..dtype import get_default_dtype
from ..grad_mode import state
from ..kernels import launch
from ..nn.module import Module
from ..tensor import Tensor
from ..torch_function import modes as function_modes
from .capture import PACKAGE, Recorder
from .confirm import difference
from .entry import Entry
from .errors import CaptureError, InvalidBackend, LeakError, NoRecordError, RefusedError
from .guards.code import read_names
from .guards.names import Names
from .guards.signature import sharing, signature
from .record import Record

_MOST_RECORDS = 32  # per function; the one that was not used for longest goes first
_recording = threading.Lock()  # one thread at a time; calls of others run without a record
_MOST_ATTEMPTS = 3  # a first step makes states and is not like the later ones


def compile(
    model: Callable[..., Any] | None = None, *, fullgraph: bool = False,
    dynamic: bool | None = None, backend: Any = None, mode: str | None = None, options: Any = None,
    disable: bool = False, name: str | None = None, recompile_limit: int | None = None,
    isolate_recompiles: bool = False, shapes_spec: Any = None,
) -> Any:  # fmt: skip
    """Makes a function of tensors, or a module, that records its kernels and replays them.

    The first two calls with given shapes, dtypes, devices and modes run as they are, and their
    kernels are noted: forward, backward and optimizer. If both recordings are alike, later calls
    run just these kernels on the new data, with the same results to the bit. What cannot be
    replayed (reading a value, a shape that depends on data) lets the function run as it is from
    then on, with one warning that names the line; with `fullgraph` it raises `CaptureError`. See
    docs/graph.md for what may change between calls. Unlike PyTorch's, it does nothing with
    `dynamic`, `backend`, `mode` and `options`, but refuses names that PyTorch does not know; nor
    with what says how a compiler makes code anew (`name`, `recompile_limit` and those after it).

    >>> import rushlight as torch
    >>> @torch.compile
    ... def f(x):
    ...     return (x * x).sum()
    >>> f(torch.ones(3)), f(torch.full((3,), 2.0))
    (tensor(3.), tensor(12.))
    """
    if model is None:
        check_choices(backend, mode, options)
        return functools.partial(compile, fullgraph=fullgraph, disable=disable)
    if not callable(model):
        raise TypeError(f"compile: expected a function or a Module, not {type(model).__name__}")
    if disable or getattr(model, "_torchdynamo_disable", False):
        return model
    check_choices(backend, mode, options)
    if isinstance(model, Module):
        kind = CompiledContainer if hasattr(model, "__len__") else CompiledModule
        return kind(model, fullgraph)
    return CompiledFunction(model, fullgraph)


# PyTorch's names, of which none chooses anything here.
BACKENDS = ("cudagraphs", "inductor", "openxla", "tvm")
_DEBUGGING_BACKENDS = ("aot_eager", "aot_eager_decomp_partition", "aot_ts", "eager", "ts")
_MODES = ("default", "lite", "reduce-overhead", "max-autotune-no-cudagraphs", "max-autotune")


def check_choices(backend: Any, mode: Any, options: Any) -> None:
    """PyTorch's errors for a backend or a mode that it does not know."""
    if mode is not None and options is not None:
        raise RuntimeError(
            "Either mode or options can be specified, but both can't be specified at the same time."
        )
    if isinstance(backend, str) and backend not in (*BACKENDS, *_DEBUGGING_BACKENDS):
        raise InvalidBackend(
            f"Invalid backend: {backend!r}, see `torch._dynamo.list_backends()` for available "
            f"backends. ({', '.join(BACKENDS)})"
        )
    if mode is not None and backend in (None, "inductor") and mode not in _MODES:
        raise RuntimeError(f"Unrecognized mode={mode}, should be one of: {', '.join(_MODES)}")


_functions: weakref.WeakSet[CompiledFunction] = weakref.WeakSet()


def forget_records() -> None:
    """Lets every compiled function begin anew, as if it had not been called."""
    for function in list(_functions):
        function.forget()


class CompiledFunction:
    """A function with the records of its calls. `graph` is the one that was used last."""

    def __init__(self, function: Callable[..., Any], fullgraph: bool) -> None:
        functools.update_wrapper(self, function)
        read_names(function)
        self.function = function
        self.fullgraph = fullgraph
        self.forget()
        _functions.add(self)

    def forget(self) -> None:
        """Begins anew, without records."""
        self.entries: OrderedDict[Any, list[Entry]] = OrderedDict()
        self.refusal: str | None = None  # why it runs without a record from now on
        self.attempts: dict[Any, int] = {}  # by signature: recordings that were no good
        self.last_used: Entry | None = None
        self.dropped = 0  # records that made place for others
        self.unused = 0  # recordings since a record was last used again

    @property
    def runs_eagerly(self) -> bool:
        return self.refusal is not None

    @property
    def graph(self) -> Record:
        if self.last_used is None:
            why = self.refusal or "there is no record yet: call the function first"
            raise NoRecordError(f"{self._name()} has no graph: {why}")
        return self.last_used.record

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.refusal is not None or launch.is_intercepted or function_modes:
            return self.function(*args, **kwargs)
        tensors: list[Tensor] = []
        try:
            key = (signature(args, tensors), signature(kwargs, tensors) if kwargs else (),
                   sharing(tensors), state.enabled, state.inference,
                   get_default_dtype(), default_device() if chosen_devices else None,
                   autocast_in_use() if casts else ())  # fmt: skip
        except CaptureError as error:
            self._run_eagerly(str(error))
            return self.function(*args, **kwargs)
        entries = self.entries.get(key)
        candidate = None  # a record that holds, once the recording of this call equals it
        if entries is not None:
            for entry in entries:
                slots = entry.fetch(tensors)
                if slots is not None:
                    if not entry.is_confirmed:
                        candidate = entry
                        break
                    if entry is not self.last_used:
                        self._note_use(key, entry)
                    self.unused = 0
                    if self.attempts:
                        self.attempts.pop(key, None)
                    return entry.run(slots, tensors)
        if self.dropped >= _MOST_RECORDS or _recording.locked():
            return self.function(*args, **kwargs)
        with _recording:  # and no `acquire`, after which an interrupt may come before a `try`
            return self._record(key, candidate, tensors, args, kwargs)

    def _note_use(self, key: Any, entry: Entry) -> None:
        """The least recently used come first among the signatures, last among their records."""
        self.last_used = entry
        self.entries.move_to_end(key)
        self.entries[key][:] = [entry, *[e for e in self.entries[key] if e is not entry]]

    def _record(
        self, key: Any, candidate: Entry | None, tensors: list[Tensor], args: Any, kwargs: Any
    ) -> Any:
        before = self._change(key, tensors)
        names = Names(self.function, [*args, *kwargs.values()])
        if names.refusal is not None:
            self._run_eagerly(names.refusal)
            return self.function(*args, **kwargs)
        randomness = _other_random_states() if names.has_other_random else None
        recorder = Recorder(tensors, names, self.fullgraph)
        modes = _modes()
        with recorder.active():
            result = self.function(*args, **kwargs)
        if modes != _modes():
            recorder.fail(
                "leaves another grad mode, autocast, default dtype or device behind", at_line=False
            )
        if names.has_other_random and randomness != _other_random_states():
            recorder.fail("draws random numbers of Python's or NumPy's own", at_line=False)
        if hasattr(result, "__next__") or hasattr(result, "__await__"):
            recorder.fail(f"returns a {type(result).__name__}, which runs later", at_line=False)
        entry = None
        if recorder.failure is None:
            try:
                entry = Entry(recorder, result, tensors)
            except LeakError as leak:
                self.attempts[key] = self.attempts.get(key, 0) + 1
                if self.attempts[key] >= _MOST_ATTEMPTS or len(self.attempts) > _MOST_RECORDS:
                    self._run_eagerly(str(leak))
                return result
            except RefusedError as refused:
                recorder.failure = recorder.failure or str(refused)
        if entry is None or recorder.failure is not None:
            self._run_eagerly(str(recorder.failure))
            return result
        if candidate is None:
            self._keep(key, entry)
        else:
            self._confirm(candidate, entry)
        self.attempts.pop(key, None)
        if self.unused >= _MOST_RECORDS:
            why = before or "the shape or value of an argument differs"
            self._run_eagerly(f"{self.unused} records in a row were used once: {why}")
        return entry.first_result(tensors)

    def _change(self, key: Any, tensors: list[Tensor]) -> str | None:
        """Why the last record of a signature does not hold."""
        entries = self.entries.get(key)
        return entries[0].change(tensors) if entries else None

    def _confirm(self, candidate: Entry, entry: Entry) -> None:
        """Lets a record be used from now on if the next recording is like it."""
        what = difference(candidate, entry)
        if what is not None:
            self._run_eagerly(f"{what}, though nothing that it names has changed")
        candidate.is_confirmed = True
        self.unused = 0

    def _keep(self, key: Any, entry: Entry) -> None:
        self.unused += 1
        self.entries.setdefault(key, []).append(entry)
        self._note_use(key, entry)
        while sum(map(len, self.entries.values())) > _MOST_RECORDS:
            oldest = next(iter(self.entries))
            self.entries[oldest].pop()
            if not self.entries[oldest]:
                del self.entries[oldest]
            self.dropped += 1
            if self.dropped == 1:
                _warn(
                    f"compile: {self._name()} has made {_MOST_RECORDS} records and drops old ones "
                    f"from now on, {_MOST_RECORDS} at most; later calls of other kinds run without"
                )

    def _run_eagerly(self, reason: str) -> None:
        if self.fullgraph:
            raise CaptureError(f"compile: {self._name()} cannot be recorded: {reason}")
        self.refusal = reason
        _warn(f"compile: {self._name()} runs without a record from now on: {reason}")

    def _name(self) -> str:
        """The function's name and the line that it begins at."""
        owner = getattr(self.function, "__self__", None)
        if isinstance(owner, Module):
            return type(owner).__name__
        name = getattr(self.function, "__name__", type(self.function).__name__)
        code = getattr(self.function, "__code__", None)
        return f"{name} ({code.co_filename}:{code.co_firstlineno})" if code else name

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """As a method of a class."""
        return self if instance is None else MethodType(self, instance)

    def __reduce__(self) -> Any:
        """Copies and pickles are without records."""
        return CompiledFunction, (self.function, self.fullgraph)


class CompiledModule(Module):
    """A module whose forward is recorded and replayed; the module itself is `_orig_mod`."""

    def __init__(self, module: Module, fullgraph: bool) -> None:
        super().__init__()
        super().__setattr__("_orig_mod", module)
        self.__dict__["_compiled"] = CompiledFunction(module.__call__, fullgraph)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self._compiled(*args, **kwargs)

    @property
    def graph(self) -> Record:
        return self._compiled.graph

    def __getattr__(self, name: str) -> Any:
        if name == "graph":  # the property has raised: once more, as the module has none
            return self._compiled.graph
        return getattr(self.__dict__["_orig_mod"], name)

    def __setattr__(self, name: str, value: Any) -> None:
        if "_orig_mod" not in self.__dict__ or name in self.__dict__:
            super().__setattr__(name, value)
        else:
            setattr(self._orig_mod, name, value)

    def __delattr__(self, name: str) -> None:
        delattr(self._orig_mod, name)

    def __reduce__(self) -> Any:
        """Copies and pickles are without records."""
        return type(self), (self._orig_mod, self._compiled.fullgraph)


class CompiledContainer(CompiledModule):
    """A compiled `Sequential`, which has a length and parts like the one inside."""

    def __len__(self) -> int:
        return len(self._orig_mod)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._orig_mod)

    def __getitem__(self, index: Any) -> Any:
        return self._orig_mod[index]


def _modes() -> tuple[Any, ...]:
    """What decides how operations are run, beside their arguments."""
    return state.enabled, get_default_dtype(), default_device(), autocast_in_use()


def _other_random_states() -> Any:
    """The states of the random numbers that are not this package's."""
    numpy_random = sys.modules.get("numpy.random")
    state = None if numpy_random is None else numpy_random.get_state(legacy=False)["state"]
    return random.getstate(), None if state is None else (state["pos"], state["key"].tobytes())


def _warn(message: str) -> None:
    """A warning at the line outside this package that led here."""
    level = 2
    while sys._getframe(level - 1).f_code.co_filename.startswith((PACKAGE, "<entry of ")):
        level += 1
    warnings.warn(message, stacklevel=level)
