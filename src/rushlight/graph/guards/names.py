"""What the names in a function's code stand for.

A record holds while they stand for the same. Names are looked up in the function's closure and
globals, and as attributes of the objects, classes and files that are found there or given as
arguments. Functions that it names are looked through likewise, and those that are called for it:
the `forward` of its modules, hooks, the methods of a `Function`. Those of Python's own library and
of a few packages are not (`kinds.py`); they are trusted, or there is no record. What can change
and cannot be watched is a refusal.
"""

from __future__ import annotations

import builtins
import sys
from collections import OrderedDict
from collections.abc import Iterator
from functools import cached_property, lru_cache, partial, partialmethod
from types import (
    BuiltinFunctionType,
    FunctionType,
    MemberDescriptorType,
    MethodType,
    MethodWrapperType,
    ModuleType,
)
from typing import Any

from ...dtype import dtype
from ...kernels import launch
from ...nn.global_hooks import hooks_of_all_modules
from ...nn.module import Module
from ...nn.parameter import Buffer, Parameter
from ...optim.optimizer import Optimizer
from ...size import Size
from ...tensor import Tensor
from . import kinds
from .code import innermost, names_in
from .watched import CONTAINERS, LONGEST, PLAIN, Watched, contents, identical

# Methods that Python calls by itself, but at no time that matters here.
_NOT_IMPLICIT = {"__init__", "__new__", "__del__", "__repr__", "__str__", "__format__", "__hash__",
                 "__init_subclass__", "__getstate__", "__setstate__", "__reduce__"}  # fmt: skip
_MAKING = ("__init__", "__new__")  # those that a class itself is called by
_WRAPPERS = (MethodType, property, partial, partialmethod, staticmethod, classmethod,
             cached_property)  # fmt: skip
# What attributes of this package's modules mostly are.
_USUAL = PLAIN | {tuple, frozenset, set, dict, OrderedDict, Size, dtype, Tensor, Parameter,
                  Buffer}  # fmt: skip
_CACHE = type(lru_cache(len))
_MOST = 10_000  # values: each replay looks at all of them


class Names:
    """The values that a function's names stand for when this is made, watched from then on."""

    def __init__(self, function: Any, arguments: list[Any]) -> None:
        self.tensors: list[Tensor] = []
        self.modules: list[Module] = []
        self.attribute_names: set[str] = set()  # in the functions looked through
        self.looks_at_all = False  # whether they may read attributes that they do not name
        self.refusal: str | None = None  # why no record can be made
        self.has_other_random = False  # whether Python's or NumPy's random numbers are in reach
        self._watched = Watched()
        self._optimizers: list[tuple[Optimizer, list[dict[str, Any]]]] = []  # and their options
        self._objects: list[Any] = []
        self._whole: set[int] = set()  # ids of objects that code not looked through may read
        self._files: set[int] = set()  # ids of the globals of files that are looked into anyway
        self._dictionaries: dict[int, Any] = {}  # of classes, by id
        self._seen: dict[int, Any] = {}  # by id, and kept, so that no other takes that id
        self._given = [(a, contents(a)) for a in arguments if isinstance(a, CONTAINERS)]
        self._see(getattr(function, "__self__", None), "its object")
        own = innermost(function)
        if isinstance(own, FunctionType) and not kinds.is_own(own.__globals__):
            self._files.add(id(own.__globals__))
        self._see(function, "the function")
        self._see(own, "the function")
        given = [part for argument in arguments for part in _parts_in(argument)]
        for part in given:
            if not isinstance(part, Tensor):
                self._see(part, "an argument")
        self._see_attributes()
        for part in given:
            if isinstance(part, Tensor):
                self._check_given(part)

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
        names = ("param_groups", "get_last_lr", "state_dict", "defaults")
        return not self.attribute_names.isdisjoint(names)

    def _change_of_options(self) -> str | None:
        for optimizer, options in self._optimizers:
            if options_of(optimizer) != options:
                return f"an option of an optimizer ({type(optimizer).__name__}) changes"
        return None

    def know(self, value: Any) -> bool:
        """Whether a value was there before the call."""
        return id(value) in self._seen

    def watched_attributes(self, module: Module) -> list[str] | None:
        """Which attributes of a module count: of the user's those that are named; None for all."""
        if not kinds.is_users_class(module) or self.looks_at_all:
            return None
        return [
            name for name, value in vars(module).items()
            if name in self.attribute_names or name[0] == "_" or name == "training"
            or isinstance(value, (Tensor, Module))
        ]  # fmt: skip

    def _refuse(self, label: str, what: str) -> None:
        self.refusal = self.refusal or f"it uses {label}, {what}"

    # ---- one value

    def _see(self, value: Any, label: str) -> None:
        if type(value) in PLAIN or id(value) in self._seen:
            return
        self._seen[id(value)] = value
        if isinstance(value, Tensor):
            self._see_tensor(value)
        elif isinstance(value, Module):
            self._see_module(value)
        elif isinstance(value, Optimizer):
            self._optimizers.append((value, options_of(value)))
            self._see_parts(_hooks_of(value), "a hook")
            self._objects.append(value)
        elif isinstance(value, (*CONTAINERS, tuple, frozenset)):
            self._see_container(value, label)
        elif isinstance(value, FunctionType):
            self._see_function(value, label)
        elif isinstance(value, _WRAPPERS):
            self._see_parts(_parts_of(value), label)
        elif isinstance(value, ModuleType):
            self._see_file(value)
        elif isinstance(value, (BuiltinFunctionType, MethodWrapperType)):
            self._see_builtin(value, label)
        elif isinstance(value, type):
            self._see_class(value, label)
        elif not kinds.never_changes(value):
            self._see_object(value, label)

    def _see_parts(self, parts: Any, label: str) -> None:
        for part in parts:
            self._see(part, label)

    def _see_tensor(self, tensor: Tensor) -> None:
        self.tensors.append(tensor)
        self._see_parts(_hooks_of(tensor), "a hook")
        if own_attributes(tensor) or kinds.is_users_class(tensor):
            self._objects.append(tensor)
            self._see_implicit_methods(type(tensor))

    def _check_given(self, tensor: Tensor) -> None:
        """Of a tensor that is given, which is another with each call, attributes cannot count."""
        self._see_parts(_hooks_of(tensor), "a hook")
        own = own_attributes(tensor)
        read = own if self.looks_at_all else self.attribute_names.intersection(own)
        if read or kinds.is_users_class(tensor):
            what = f"its attribute '{min(read)}'" if read else "what its class adds"
            self._refuse("a tensor that it is given", f"of which {what} cannot be watched")

    def _see_container(self, value: Any, label: str) -> None:
        held = value
        if not isinstance(value, (tuple, frozenset)):
            if not kinds.is_plain_container(value):
                self._refuse(label, f"a {type(value).__name__}, which says itself what it holds")
                return
            if len(value) > LONGEST:
                self._refuse(label, f"a {type(value).__name__} of {len(value)} items, which are "
                             "too many to watch")  # fmt: skip
            held = self._watched.add_container(value, label)
        self._see_parts(held, f"an element of {label}")
        self._see(getattr(value, "default_factory", None), label)
        if kinds.is_users_container(value):
            self._objects.append(value)
            self._see_implicit_methods(type(value))

    def _see_file(self, module: ModuleType) -> None:
        if module.__name__ in ("random", "numpy", "numpy.random"):
            self.has_other_random = True
        if module.__name__ not in ("random", "numpy.random"):
            self._objects.append(module)
        if kinds.is_looked_through(vars(module)):
            self._see(vars(module).get("__getattr__"), "__getattr__")

    def _see_builtin(self, function: Any, label: str) -> None:
        owner = function.__self__
        if owner is None or isinstance(owner, ModuleType):
            module = getattr(function, "__module__", None)
            if not kinds.is_trusted(module):
                self._refuse(label, f"a function of {module}, which may give another value "
                             "with each call")  # fmt: skip
            self.looks_at_all |= kinds.looks_at_all(module)
        elif kinds.is_source_of_values(owner):
            self.has_other_random = True
        else:
            self._see(owner, label)

    def _see_class(self, kind: type, label: str) -> None:
        self._check_library(kind, label)
        if not kinds.is_users(kind):
            return
        self._objects.append(kind)
        self._see_implicit_methods(type(kind))
        self._see_implicit_methods(kind, _MAKING)
        if issubclass(kind, Module):
            self.attribute_names.add("forward")
        elif not issubclass(kind, Tensor):
            self._see_called_back(kind)

    def _see_object(self, value: Any, label: str) -> None:
        """An object of a class that nothing else is known of."""
        kind = type(value)
        if kinds.is_source_of_values(value):
            self._refuse(label, f"a {kind.__name__}, which gives others each time")
        elif "__wrapped__" in getattr(value, "__dict__", ()):  # of a cache, of another record
            if isinstance(value, _CACHE):
                self._refuse(label, "a function with a cache, whose contents cannot be watched")
            self._see(value.__wrapped__, label)
        elif value is sys.stdout or value is sys.stderr:
            return
        elif not kinds.is_of_python(kind):
            self._refuse(label, f"a {kind.__module__}.{kind.__qualname__}, which cannot be watched")
        else:
            self._check_library(kind, label)
            self._objects.append(value)
            self._see_implicit_methods(kind)
            self._see_called_back(kind)
            bases = kind.__mro__[:-1]
            if not all(kinds.is_looked_through(_globals_of(base)) for base in bases):
                self._whole.add(id(value))

    def _check_library(self, kind: type, label: str) -> None:
        for base in kind.__mro__:
            if not kinds.is_looked_through(_globals_of(base)):
                if not kinds.is_trusted(base.__module__):
                    self._refuse(label, f"whose class {base.__module__}.{base.__qualname__} may "
                                 "give another value with each call")  # fmt: skip
                self.looks_at_all |= kinds.looks_at_all(base.__module__)

    def _see_called_back(self, kind: type) -> None:
        """All methods of a class that others which are not looked through may call as they like."""
        for base in kind.__mro__:
            if base is not object and not kinds.is_looked_through(_globals_of(base)):
                for user in kind.__mro__[: kind.__mro__.index(base)]:
                    for name, value in list(vars(user).items()):
                        if isinstance(value, (FunctionType, staticmethod, classmethod)):
                            self._see(self._add_entry(vars(user), user, name), name)
                return

    def _see_module(self, module: Module) -> None:
        self.modules.append(module)
        if kinds.is_users_class(module):
            self._objects.append(module)
            self.attribute_names.add("forward")
            forward = innermost(type(module).forward)
            if isinstance(forward, FunctionType):
                self._files.add(id(forward.__globals__))
            self._see(type(module).forward, "forward")
            self._see_implicit_methods(type(module))
        elif not _USUAL.issuperset(map(type, vars(module).values())) and any(
            type(value) not in _USUAL and not isinstance(value, Module)
            for value in vars(module).values()
        ):
            self._objects.append(module)
            self._whole.add(id(module))
        for name in module._registered_modules:
            self._see(getattr(module, name), f"'{name}'")
        if launch.hook_version > 0:
            self._see_parts([*_hooks_of(module), *hooks_of_all_modules()], "a hook")

    def _see_implicit_methods(self, kind: type, also: tuple[str, ...] = ()) -> None:
        """What `value(x)`, `value[i]`, `len(value)`, `with value` and their like call."""
        for base in kind.__mro__:
            if kinds.is_users(base):
                for name, method in list(vars(base).items()):
                    if name.startswith("__") and (name not in _NOT_IMPLICIT or name in also):
                        is_function = isinstance(method, (FunctionType, staticmethod))
                        if is_function and name.endswith("__"):
                            self._see(self._add_entry(vars(base), base, name), name)

    def _see_function(self, function: FunctionType, label: str) -> None:
        self._see(vars(function).get("__wrapped__"), label)
        names = function.__globals__
        if kinds.is_own_entry(function):
            return
        if id(names) not in self._files and not kinds.is_looked_through(names):
            module = names.get("__name__")
            if not kinds.is_trusted(module):
                self._refuse(label, f"a function of {module}, which may give another value "
                             "with each call")  # fmt: skip
            self.looks_at_all |= kinds.looks_at_all(module)
            return
        code = names_in(function.__code__)
        self.attribute_names |= code.of_attributes
        self.looks_at_all |= "__dict__" in code.of_attributes
        self._watched.add_function(function)
        self._see(function.__defaults__, "a default")
        self._see(function.__kwdefaults__, "a default")
        if vars(function):
            self._objects.append(function)
        for name in code.of_globals:
            self._see_global(names, name)
        for name in code.of_imports:
            self._see(sys.modules.get(name), f"'{name}'")
            self._see(sys.modules.get(name.partition(".")[0]), f"'{name}'")
        cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
        for name, cell in cells:
            self._see(self._watched.add_cell(cell, name), f"'{name}'")

    def _see_global(self, names: dict[str, Any], name: str) -> None:
        value = self._watched.add_entry(names, name)
        if name in names or not hasattr(builtins, name):
            self._see(value, f"'{name}'")
            return
        self._see(self._watched.add_entry(vars(builtins), name), f"'{name}'")
        self.looks_at_all |= name in kinds.LOOKING_AT_ALL
        if name in kinds.OPAQUE:
            self._refuse(f"{name}()", "which reaches what the code does not name")

    # ---- attributes

    def _see_attributes(self) -> None:
        """Looks up all names in all objects, which may lead to further names and objects."""
        looked_up: set[tuple[int, str]] = set()
        known: Any = None
        looked_at = 0
        while known != (known := self._known()) and self.refusal is None:
            for target in self._objects[looked_at:]:
                if not isinstance(target, (ModuleType, Optimizer)) or kinds.is_users_class(target):
                    self._watched.add_attributes(target)
            looked_at = len(self._objects)
            for target in list(self._objects):
                holders = self._holders(target)
                for name in self._names_of(target, holders):
                    if (id(target), name) not in looked_up:
                        looked_up.add((id(target), name))
                        self._see_attribute(target, name, holders)
            if len(self._watched) > _MOST:
                self._refuse("more values", f"more than {_MOST:,}, than each replay can look at")

    def _known(self) -> tuple[int, ...]:
        whole = len(self._whole) + self.looks_at_all
        return len(self._objects), len(self.attribute_names), whole

    def _names_of(self, target: Any, holders: list[tuple[Any, Any]]) -> set[str]:
        """The names that may be read of an object; all of its own if code may look at all."""
        if isinstance(target, (type, ModuleType)) or not (
            self.looks_at_all or id(target) in self._whole
        ):
            return set(self.attribute_names)
        own = set(getattr(target, "__dict__", ()))
        for _, holder in holders:
            own |= {n for n, v in holder.items() if isinstance(v, MemberDescriptorType)}
        return self.attribute_names | own

    def _see_attribute(self, target: Any, name: str, holders: list[tuple[Any, Any]]) -> None:
        having = [number for number, (_, holder) in enumerate(holders) if name in holder]
        if not having:
            return
        for owner, holder in holders[: having[0] + 1]:  # those before may come to have it
            value = self._add_entry(holder, owner, name)
        if isinstance(value, MemberDescriptorType):
            value = self._watched.add_member(target, name)
        if not (id(target) in self._whole and _is_librarys(value)):
            self._see(value, f"'{name}'")
        for number in having[1:]:  # super().name
            owner, holder = holders[number]
            self._see(self._add_entry(holder, owner, name), f"'{name}'")

    def _add_entry(self, holder: Any, owner: Any, name: str) -> Any:
        """Watches an attribute; a class's dictionary is another object each time, so it is kept."""
        if isinstance(owner, type):
            holder = self._dictionaries.setdefault(id(owner), holder)
        return self._watched.add_entry(holder, name)

    def _holders(self, value: Any) -> list[tuple[Any, Any]]:
        """The dictionaries that an object's attributes are found in, and whose, in their order."""
        classes: list[type] = [*(value.__mro__ if isinstance(value, type) else ())]
        classes += type(value).__mro__
        users = [k for k in classes if k is not object and k is not type and k is not ModuleType]
        own = [] if isinstance(value, type) or not hasattr(value, "__dict__") else [value]
        return [(owner, vars(owner)) for owner in own + users]


def options_of(optimizer: Optimizer) -> list[dict[str, Any]]:
    return [
        {key: value for key, value in group.items() if key != "params"}
        for group in optimizer.param_groups
    ]


def _parts_of(value: Any) -> tuple[Any, ...]:
    if isinstance(value, MethodType):
        return value.__self__, value.__func__
    if isinstance(value, property):
        return (value.fget,)
    if isinstance(value, (partial, partialmethod)):
        return value.func, *value.args, *value.keywords.values()
    return (value.func if isinstance(value, cached_property) else value.__func__,)


def _parts_in(argument: Any) -> Iterator[Any]:
    """What an argument holds, one by one; what its class may add to a container as well."""
    if isinstance(argument, (*CONTAINERS, tuple)):
        if kinds.is_users_container(argument):
            yield argument
        for part in contents(argument):
            yield from _parts_in(part)
    else:
        yield argument


def _hooks_of(value: Any) -> list[Any]:
    """The hooks of a module, an optimizer or a tensor."""
    if isinstance(value, Tensor):
        kept = [value._hooks, value._post_accumulate_hooks]
    else:
        kept = [hooks for name, hooks in vars(value).items() if name.endswith("_hooks")]
    return [hook for hooks in kept for hook in (hooks or {}).values()]


def own_attributes(tensor: Tensor) -> list[str]:
    """The attributes of a tensor that are not its class's."""
    return [name for name in vars(tensor) if not hasattr(Tensor, name)]


def _globals_of(kind: type) -> dict[str, Any]:
    module = sys.modules.get(kind.__module__)
    return {"__name__": kind.__module__} if module is None else vars(module)


def _is_librarys(value: Any) -> bool:
    """Whether it is a function, a class or a file of what is not looked through."""
    if isinstance(value, ModuleType):
        return not kinds.is_looked_through(vars(value))
    if isinstance(value, FunctionType):
        return not kinds.is_looked_through(value.__globals__)
    return isinstance(value, type) and not kinds.is_looked_through(_globals_of(value))
