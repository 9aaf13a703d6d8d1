"""What the names in a function's code stand for.

A record holds while they stand for the same. Names are looked up in the function's closure and
globals, and as attributes of the objects, classes and files that are found there or given as
arguments. Functions that it names are looked through likewise, and the `forward` of its modules;
those of libraries are not.
"""

from __future__ import annotations

import builtins
import dis
import io
import random
import sys
import sysconfig
from collections.abc import Iterator
from functools import lru_cache, partial
from types import (
    BuiltinFunctionType,
    CodeType,
    FunctionType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
)
from typing import Any

from ...kernels import launch
from ...nn.module import Module
from ...optim.optimizer import Optimizer
from ...tensor import Tensor
from .watched import CONTAINERS, PLAIN, Watched, contents, identical

_PACKAGE = __name__.partition(".")[0]
_LIBRARIES = tuple(
    sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")
)
# Methods that Python calls by itself, but at no time that matters here.
_NOT_IMPLICIT = {"__init__", "__new__", "__del__", "__repr__", "__str__", "__format__", "__hash__",
                 "__init_subclass__", "__getstate__", "__setstate__", "__reduce__"}  # fmt: skip


class Names:
    """The values that a function's names stand for when this is made, watched from then on."""

    def __init__(self, function: Any, arguments: list[Any]) -> None:
        self.tensors: list[Tensor] = []
        self.modules: list[Module] = []
        self.attribute_names: set[str] = set()  # in the functions looked through
        self.refusal: str | None = None  # why no record can be made
        self.has_other_random = False  # whether Python's or NumPy's random numbers are in reach
        self._watched = Watched()
        self._optimizers: list[tuple[Optimizer, list[dict[str, Any]]]] = []  # and their options
        self._objects: list[Any] = []
        self._files: set[int] = set()  # ids of the globals of files that are looked into anyway
        self._seen: dict[int, Any] = {}  # by id, and kept, so that no other takes that id
        self._given = [(a, contents(a)) for a in arguments if isinstance(a, CONTAINERS)]
        self._see(getattr(function, "__self__", None), "its object")
        own = innermost(function)
        if isinstance(own, FunctionType):
            self._files.add(id(own.__globals__))
        self._see(own, "the function")
        for argument in arguments:
            for part in _objects_in(argument):
                self._see(part, "an argument")
        self._see_attributes()

    def change_by_call(self) -> str | None:
        """What the call has changed that is not watched later; None if nothing."""
        for container, held in self._given:
            if not identical(contents(container), held):
                return f"a {type(container).__name__} that it is given changes"
        self._given = []  # they are of this call only
        return self._change_of_options()

    def change(self) -> str | None:
        """What stands for something else by now; None if nothing does."""
        return self._watched.change() or (self.reads_options and self._change_of_options()) or None

    @property
    def reads_options(self) -> bool:
        """Whether the code may read options of optimizers, learning rates among them."""
        return not self.attribute_names.isdisjoint(("param_groups", "get_last_lr"))

    def _change_of_options(self) -> str | None:
        for optimizer, options in self._optimizers:
            if options_of(optimizer) != options:
                return f"an option of an optimizer ({type(optimizer).__name__}) changes"
        return None

    def know(self, value: Any) -> bool:
        """Whether a value was there before the call."""
        return id(value) in self._seen

    def _see(self, value: Any, label: str) -> None:
        if type(value) in PLAIN or id(value) in self._seen:
            return
        self._seen[id(value)] = value
        if isinstance(value, Tensor):
            self.tensors.append(value)
        elif isinstance(value, Module):
            self._see_module(value)
        elif isinstance(value, Optimizer):
            self._optimizers.append((value, options_of(value)))
        elif isinstance(value, (*CONTAINERS, tuple)):
            held = value if isinstance(value, tuple) else self._watched.add_container(value, label)
            for part in held:
                self._see(part, f"an element of {label}")
        elif isinstance(value, FunctionType):
            if id(value.__globals__) in self._files or not _is_library(value.__globals__):
                self._see_function(value)
            self._see(vars(value).get("__wrapped__"), label)
        elif isinstance(value, (MethodType, property, partial, staticmethod, classmethod)):
            for part in _parts_of(value):
                self._see(part, label)
        elif _is_source_of_values(value):
            self.refusal = f"uses {label}, a {type(value).__name__}, which gives others each time"
        elif isinstance(value, ModuleType):
            if value.__name__ in ("random", "numpy", "numpy.random"):
                self.has_other_random = True
            elif not _is_library(vars(value)):
                self._objects.append(value)
        elif isinstance(value, BuiltinFunctionType):
            self.has_other_random |= _is_source_of_values(value.__self__)
        elif _is_users(value if isinstance(value, type) else type(value)):
            self._objects.append(value)
            self._see_implicit_methods(value)

    def _see_module(self, module: Module) -> None:
        self.modules.append(module)
        if _is_users(type(module)):
            self._objects.append(module)
            self.attribute_names.add("forward")
            forward = innermost(type(module).forward)
            if isinstance(forward, FunctionType):
                self._files.add(id(forward.__globals__))
            self._see(type(module).forward, "forward")
        for name in module._registered_modules:
            self._see(getattr(module, name), f"'{name}'")
        if launch.hook_version > 0:
            for name, hooks in vars(module).items():
                if name.endswith("_hooks"):
                    self._see(tuple(hooks.values()), "a hook")

    def _see_implicit_methods(self, value: Any) -> None:
        """What `value(x)`, `value[i]`, `len(value)`, `with value` and their like call."""
        for kind in type(value).__mro__:
            if _is_users(kind):
                for name, method in vars(kind).items():
                    if name.startswith("__") and name not in _NOT_IMPLICIT:
                        self._see(method if isinstance(method, FunctionType) else None, name)

    def _see_function(self, function: FunctionType) -> None:
        global_names, attribute_names = _names_in(function.__code__)
        self.attribute_names |= attribute_names
        self._watched.add_defaults(function)
        self._see(function.__defaults__, "a default")
        self._see(tuple((function.__kwdefaults__ or {}).values()), "a default")
        for name in global_names:
            if name in function.__globals__ or not hasattr(builtins, name):
                self._see(self._watched.add_entry(function.__globals__, name), f"'{name}'")
        cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
        for name, cell in cells:
            self._see(self._watched.add_cell(cell, name), f"'{name}'")

    def _see_attributes(self) -> None:
        """Looks up all names in all objects, which may lead to further names and objects."""
        looked_up: set[tuple[int, str]] = set()
        known, looked_at = -1, 0
        while known != (known := len(self._objects) + len(self.attribute_names)):
            for target in self._objects[looked_at:]:
                self._watched.add_attributes(target)
            looked_at = len(self._objects)
            for target in list(self._objects):
                holders = _holders(target)
                for name in self.attribute_names - {n for i, n in looked_up if i == id(target)}:
                    looked_up.add((id(target), name))
                    self._see_attribute(target, name, holders)

    def _see_attribute(self, target: Any, name: str, holders: list[Any]) -> None:
        having = [number for number, holder in enumerate(holders) if name in holder]
        if not having:
            return
        for holder in holders[: having[0] + 1]:  # those before may come to have it
            value = self._watched.add_entry(holder, name)
        if isinstance(value, MemberDescriptorType):
            value = self._watched.add_member(target, name)
        self._see(value, f"'{name}'")
        for number in having[1:]:  # super().name
            self._see(self._watched.add_entry(holders[number], name), f"'{name}'")


def innermost(function: Any) -> Any:
    """The plain function in a method or in what wraps it, if there is one."""
    while True:
        if isinstance(function, (MethodType, staticmethod, classmethod)):
            function = function.__func__
            continue
        attributes = getattr(function, "__dict__", None)
        if not isinstance(attributes, dict) or "__wrapped__" not in attributes:
            return function
        function = attributes["__wrapped__"]


def read_names(function: Any) -> None:
    """Reads a function's code ahead of its first call."""
    own = innermost(function)
    if isinstance(own, FunctionType):
        _names_in(own.__code__)


@lru_cache(maxsize=1024)
def _names_in(code: CodeType) -> tuple[frozenset[str], frozenset[str]]:
    """The names of globals and of attributes in a function and in those that are defined in it."""
    of_globals, of_attributes = set(), set()
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            of_globals.add(instruction.argval)
        elif instruction.opcode in dis.hasname:
            of_attributes.add(instruction.argval)
    for constant in code.co_consts:
        if isinstance(constant, str) and constant.isidentifier():  # for getattr
            of_attributes.add(constant)
        elif isinstance(constant, CodeType):
            inner_globals, inner_attributes = _names_in(constant)
            of_globals |= inner_globals
            of_attributes |= inner_attributes
    return frozenset(of_globals), frozenset(of_attributes)


def options_of(optimizer: Optimizer) -> list[dict[str, Any]]:
    return [
        {key: value for key, value in group.items() if key != "params"}
        for group in optimizer.param_groups
    ]


def is_users_class(value: Any) -> bool:
    """Whether an object's class is the user's, or one of a library, and not this package's."""
    return _is_users(type(value))


def _parts_of(value: Any) -> tuple[Any, ...]:
    if isinstance(value, MethodType):
        return value.__self__, value.__func__
    if isinstance(value, property):
        return (value.fget,)
    if isinstance(value, partial):
        return value.func, *value.args, *value.keywords.values()
    return (value.__func__,)


def _objects_in(argument: Any) -> Iterator[Any]:
    """What an argument holds besides tensors, which are arguments themselves."""
    if isinstance(argument, (*CONTAINERS, tuple)):
        for part in contents(argument):
            yield from _objects_in(part)
    elif not isinstance(argument, Tensor):
        yield argument


def _holders(value: Any) -> list[Any]:
    """The dictionaries that an object's attributes are found in, in their order."""
    classes = value.__mro__ if isinstance(value, type) else type(value).__mro__
    own = [] if isinstance(value, type) or not hasattr(value, "__dict__") else [vars(value)]
    return own + [vars(kind) for kind in classes if kind is not object]


def _is_library(names: Any) -> bool:
    """Whether the globals of a file are those of an installed package, or of Python itself."""
    name, path = names.get("__name__") or "", names.get("__file__")
    if name.partition(".")[0] == _PACKAGE or name in sys.builtin_module_names:
        return True
    return path is not None and path.startswith(_LIBRARIES)


def _is_source_of_values(value: Any) -> bool:
    """An iterator or a generator of random numbers: what it gives depends on how often."""
    if isinstance(value, random.Random) or type(value).__module__.startswith("numpy.random"):
        return True
    return hasattr(type(value), "__next__") and not isinstance(value, io.IOBase)


def _is_users(kind: type) -> bool:
    return kind.__module__.partition(".")[0] not in (_PACKAGE, "builtins", "numpy")
