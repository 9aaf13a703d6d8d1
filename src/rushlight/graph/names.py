"""What the names in a function's code stand for, and whether they still do.

A record holds while they do. Names are looked up in the function's closure and globals, and as
attributes of the objects that are found there or given as arguments. Functions of the same file
that it names are looked through likewise, and the `forward` of its modules. What is not reached by
names (an element of a list within a list, a global of another file) is not seen.
"""

from __future__ import annotations

import dis
from functools import lru_cache, partial
from operator import is_
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from ..nn.module import Module
from ..tensor import Tensor

_PACKAGE = __name__.partition(".")[0]


class Names:
    """The values that a function's names stand for when this is made."""

    def __init__(self, function: Any, arguments: list[Any]) -> None:
        self.tensors: list[Tensor] = []
        self.modules: list[Module] = []
        self._globals: list[tuple[dict[str, Any], str, Any]] = []
        self._cells: list[tuple[Any, Any]] = []
        self._defaults: list[tuple[FunctionType, Any, Any]] = []
        self._attributes: list[tuple[dict[str, Any], str, Any]] = []
        self._containers: list[tuple[Any, list[Any]]] = []
        self._objects: list[Any] = []
        self._names: set[str] = set()  # of attributes in the functions looked through
        self._files: set[int] = set()  # ids of the globals of the files that are looked into
        self._seen: dict[int, Any] = {}  # by id, and kept, so that no other takes that id
        self._start_at(function)
        self._given = [(a, contents(a)) for a in arguments if type(a) in (list, dict, set)]
        for argument in arguments:
            if isinstance(argument, Module) or _is_users_object(argument):
                self._see(argument)
        self._see_attributes()

    def change_by_call(self) -> str | None:
        """What the call has changed itself, so that each call will; None if nothing."""
        for container, held in self._given:
            if not identical(contents(container), held):
                return f"a {type(container).__name__} that it is given changes"
        return self.change()

    def change(self) -> str | None:
        """What stands for something else by now; None if nothing does."""
        for names, name, value in self._globals:
            if names.get(name) is not value:
                return f"the global '{name}' changes"
        for cell, value in self._cells:
            if cell.cell_contents is not value:
                return "a variable around the function changes"
        for function, defaults, keywords in self._defaults:
            if function.__defaults__ is not defaults or function.__kwdefaults__ is not keywords:
                return f"the defaults of {function.__name__} change"
        for attributes, name, value in self._attributes:
            if attributes.get(name) is not value:
                return f"the attribute '{name}' of an object changes"
        for container, held in self._containers:
            if not identical(contents(container), held):
                return f"a {type(container).__name__} that the function uses changes"
        return None

    def _start_at(self, function: Any) -> None:
        self._see(getattr(function, "__self__", None))
        own = innermost(function)
        if isinstance(own, FunctionType):
            self._files.add(id(own.__globals__))
        self._see(own)

    def _see(self, value: Any) -> None:
        if id(value) in self._seen:
            return
        self._seen[id(value)] = value
        if isinstance(value, Tensor):
            self.tensors.append(value)
        elif isinstance(value, Module):
            self._see_module(value)
        elif type(value) in (list, dict, set):
            held = contents(value)
            self._containers.append((value, held))
            for part in held:
                if isinstance(part, (Tensor, Module)):
                    self._see(part)
        elif isinstance(value, FunctionType):
            if id(value.__globals__) in self._files:
                self._see_function(value)
        elif isinstance(value, MethodType):
            self._see(value.__self__)
            self._see(value.__func__)
        elif isinstance(value, property):
            self._see(value.fget)
        elif isinstance(value, partial):
            for part in (value.func, *value.args, *value.keywords.values()):
                self._see(part)
        elif _is_users_object(value):
            self._objects.append(value)
        if hasattr(value, "__wrapped__"):
            self._see(value.__wrapped__)

    def _see_module(self, module: Module) -> None:
        self.modules.append(module)
        if _is_users(type(module)):
            self._objects.append(module)
            forward = innermost(type(module).forward)
            if isinstance(forward, FunctionType):
                self._files.add(id(forward.__globals__))
                self._see(forward)
        for name in module._registered_modules:
            self._see(getattr(module, name))

    def _see_function(self, function: FunctionType) -> None:
        global_names, attribute_names = _names_in(function.__code__)
        self._names |= attribute_names
        defaults, keywords = function.__defaults__, function.__kwdefaults__
        self._defaults.append((function, defaults, keywords))
        for default in (*(defaults or ()), *(keywords or {}).values()):
            self._see(default)
        for name in global_names:
            if name in function.__globals__:
                value = function.__globals__[name]
                self._globals.append((function.__globals__, name, value))
                self._see(value)
        for cell in function.__closure__ or ():
            try:
                value = cell.cell_contents
            except ValueError:  # not filled yet
                continue
            self._cells.append((cell, value))
            self._see(value)

    def _see_attributes(self) -> None:
        """Looks up all names in all objects, which may lead to further names and objects."""
        looked_up: set[tuple[int, str]] = set()
        known = -1
        while known != (known := len(self._objects) + len(self._names)):
            for target in list(self._objects):
                attributes = vars(target)
                for name in list(self._names):
                    if (id(target), name) in looked_up:
                        continue
                    looked_up.add((id(target), name))
                    for holder in (attributes, *map(vars, type(target).__mro__)):
                        # None stands for an attribute that is not there, but further on.
                        self._attributes.append((holder, name, holder.get(name)))
                        if name in holder:
                            self._see(holder[name])
                            break
                    else:  # of other objects than this one
                        del self._attributes[-1 - len(type(target).__mro__) :]


def innermost(function: Any) -> Any:
    """The plain function in a method or in what wraps it, if there is one."""
    while not isinstance(function, FunctionType):
        if isinstance(function, MethodType):
            function = function.__func__
        elif hasattr(function, "__wrapped__"):
            function = function.__wrapped__
        else:
            return function
    return function


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
        if isinstance(constant, CodeType):
            inner_globals, inner_attributes = _names_in(constant)
            of_globals |= inner_globals
            of_attributes |= inner_attributes
    return frozenset(of_globals), frozenset(of_attributes)


def _is_users_object(value: Any) -> bool:
    """Whether its attributes are looked up by name."""
    if isinstance(value, (type, ModuleType)) or not hasattr(value, "__dict__"):
        return False
    return _is_users(type(value))


def _is_users(kind: type) -> bool:
    return kind.__module__.partition(".")[0] not in (_PACKAGE, "builtins")


def contents(container: Any) -> list[Any]:
    """What a list, dictionary or set holds, one level deep."""
    if isinstance(container, dict):
        return [*container.keys(), *container.values()]
    return list(container)


def identical(now: list[Any], before: list[Any]) -> bool:
    return len(now) == len(before) and all(map(is_, now, before))
