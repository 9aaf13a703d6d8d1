"""`torch.compile`: a function that is recorded at its first call and replayed at later ones."""

from __future__ import annotations

import functools
import warnings
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from ..autograd.grad_mode import state
from ..dtype import get_default_dtype
from ..kernels import launch
from ..nn.module import Module
from ..nn.parameter import Parameter
from ..tensor import Tensor
from .capture import CaptureError, LeakError, Recorder
from .entry import Entry
from .record import Record

_MOST_RECORDS = 32  # per function; the one that was not used for longest goes first
_MOST_ATTEMPTS = 3  # a first step makes states and is not like the later ones


def compile(
    model: Callable[..., Any] | None = None, *, fullgraph: bool = False,
    dynamic: bool | None = None, backend: Any = None, mode: str | None = None, options: Any = None,
    disable: bool = False,
) -> Any:  # fmt: skip
    """Makes a function of tensors, or a module, that records its kernels and replays them.

    The first call with given shapes, dtypes, devices and modes runs as it is, and its kernels are
    noted: forward, backward and optimizer. Later calls run just these kernels on the new data,
    with the same results to the bit. What cannot be replayed (reading a value, a shape that
    depends on data) lets the function run as it is from then on, with one warning that names the
    line; with `fullgraph` it raises `CaptureError`. See docs/graph.md for what may change between
    calls. `dynamic`, `backend`, `mode` and `options` are PyTorch's and have no meaning here.

    >>> import rushlight as torch
    >>> @torch.compile
    ... def f(x):
    ...     return (x * x).sum()
    >>> f(torch.ones(3)), f(torch.full((3,), 2.0))
    (tensor(3.), tensor(12.))
    """
    if model is None:
        return functools.partial(compile, fullgraph=fullgraph, disable=disable)
    if disable:
        return model
    if isinstance(model, Module):
        return CompiledModule(model, fullgraph)
    return CompiledFunction(model, fullgraph)


class CompiledFunction:
    """A function with the records of its calls. `graph` is the one that was used last."""

    def __init__(self, function: Callable[..., Any], fullgraph: bool) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self.fullgraph = fullgraph
        self.entries: OrderedDict[Any, list[Entry]] = OrderedDict()
        self.runs_eagerly = False
        self.attempts = 0
        self.last_used: Entry | None = None

    @property
    def graph(self) -> Record:
        if self.last_used is None:
            raise RuntimeError("there is no record yet: call the function first")
        return self.last_used.record

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.runs_eagerly or launch.recorder is not None:
            return self.function(*args, **kwargs)
        tensors: list[Tensor] = []
        try:
            key = (signature(args, tensors), signature(kwargs, tensors) if kwargs else (),
                   _sharing(tensors), state.enabled, get_default_dtype())  # fmt: skip
        except CaptureError as error:
            self._run_eagerly(str(error))
            return self.function(*args, **kwargs)
        entries = self.entries.get(key)
        if entries is not None:
            for entry in entries:
                slots = entry.fetch(tensors)
                if slots is not None:
                    self.last_used = entry
                    return entry.run(slots, tensors)
        return self._record(key, tensors, args, kwargs)

    def _record(self, key: Any, tensors: list[Tensor], args: Any, kwargs: Any) -> Any:
        # The backward of what is recorded ends at the arguments; what they came from lies outside.
        inner = [t.alias().requires_grad_() if t.grad_fn is not None else t for t in tensors]
        recorder = Recorder(inner, self.fullgraph)
        recorder.see_what(self.function)
        replaced = iter(inner)
        with recorder.active():
            result = self.function(*_replace(args, replaced), **_replace(kwargs, replaced))
        for own, given in zip(inner, tensors, strict=True):
            if own is not given and own.grad is not None:
                raise CaptureError(
                    "compile: the function calls backward(), and an argument of it was computed "
                    "from other tensors: pass it detached, or compute it inside"
                )
        if recorder.failure is not None:
            self._run_eagerly(recorder.failure)
            return result
        try:
            entry = Entry(recorder, result, inner)
        except LeakError as leak:
            self.attempts += 1
            if self.attempts >= _MOST_ATTEMPTS:
                self._run_eagerly(str(leak))
            return result
        self.attempts = 0
        self.last_used = entry
        self._keep(key, entry)
        return entry.first_result(result, tensors)

    def _keep(self, key: Any, entry: Entry) -> None:
        self.entries.setdefault(key, []).insert(0, entry)
        self.entries.move_to_end(key)
        while sum(map(len, self.entries.values())) > _MOST_RECORDS:
            oldest = next(iter(self.entries))
            self.entries[oldest].pop()
            if not self.entries[oldest]:
                del self.entries[oldest]

    def _run_eagerly(self, reason: str) -> None:
        self.runs_eagerly = True
        name = getattr(self.function, "__name__", type(self.function).__name__)
        message = f"compile: {name} runs without a record from now on: {reason}"
        if self.fullgraph:
            raise CaptureError(message)
        warnings.warn(message, stacklevel=4)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """As a method of a class."""
        return self if instance is None else functools.partial(self, instance)


class CompiledModule(Module):
    """A module whose forward is recorded and replayed; the module itself is `_orig_mod`."""

    def __init__(self, module: Module, fullgraph: bool) -> None:
        super().__init__()
        self._orig_mod = module
        self.__dict__["_compiled"] = CompiledFunction(module.__call__, fullgraph)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self._compiled(*args, **kwargs)

    @property
    def graph(self) -> Record:
        return self._compiled.graph

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["_orig_mod"], name)


def signature(value: Any, tensors: list[Tensor]) -> Any:
    """What a call's arguments have in common with those that the same record serves.

    The tensors among them are appended to `tensors`.
    """
    if isinstance(value, Tensor):
        tensors.append(value)
        array = value.array
        # A parameter may be reached by the function in other ways, too: its record is its own.
        own = id(value) if isinstance(value, Parameter) else None
        return (type(array), array.shape, array.strides, array.dtype, value.requires_grad, own)
    if isinstance(value, (tuple, list)):
        return (type(value), *[signature(part, tensors) for part in value])
    if isinstance(value, dict):
        return (dict, *[(key, signature(part, tensors)) for key, part in value.items()])
    try:
        hash(value)
    except TypeError:
        raise CaptureError(
            f"an argument of type {type(value).__name__} may change without being another; pass "
            "its data as tensors"
        ) from None
    return (type(value), value)


def _sharing(tensors: list[Tensor]) -> tuple[int, ...]:
    """Which of the arguments are the same array: for each the first that is."""
    arrays = [id(tensor.array) for tensor in tensors]
    return tuple([arrays.index(array) for array in arrays])


def _replace(value: Any, tensors: Any) -> Any:
    """The arguments with other tensors in the places of theirs, in the order of `signature`."""
    if isinstance(value, Tensor):
        return next(tensors)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*[_replace(part, tensors) for part in value])
    if isinstance(value, (tuple, list)):
        return type(value)(_replace(part, tensors) for part in value)
    if isinstance(value, dict):
        return {key: _replace(part, tensors) for key, part in value.items()}
    return value
