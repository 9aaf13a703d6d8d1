"""What is known of a value by its type: whether it can change, and whether that can be watched.

What is of none of these kinds cannot be watched, and so not be recorded.
"""

from __future__ import annotations

import datetime
import decimal
import inspect
import io
import random
import re
import sys
import sysconfig
import threading
import types
import typing
import uuid
from typing import Any

import numpy as np

from ...device import device
from ...dtype import dtype
from ...layout import layout, memory_format
from ...random import Generator
from ...size import Size
from .code import CodeNames
from .watched import CONTAINERS, PLAIN

PACKAGE = __name__.partition(".")[0]
# Python's own modules whose functions give the same for the same arguments, or do nothing that a
# result depends on, and look at attributes by the names that stand in the code alone.
_PURE = {
    "abc", "argparse", "bisect", "builtins", "cmath", "collections", "contextlib", "decimal",
    "enum",
    "fractions", "functools", "heapq", "itertools", "keyword", "math", "numbers", "operator", "re",
    "statistics", "string", "textwrap", "types", "typing", "warnings", "weakref", "collections_abc",
}  # fmt: skip
# Those that look at all attributes of what they are given, and so do these built-in functions.
_LOOKING_AT_ALL = {"copy", "dataclasses", "inspect", "json", "pprint"}
LOOKING_AT_ALL = {"getattr", "vars", "dir", "hasattr"}
# Built-in functions that reach what has no name in the code.
OPAQUE = {"__import__", "breakpoint", "compile", "eval", "exec", "globals", "input", "locals",
          "open"}  # fmt: skip
_ARRAYS = {"numpy", "ml_dtypes", "cupy", "scipy"}  # but for their random numbers

# What never changes.
_CONSTANT = (
    dtype, device, layout, memory_format, Size, Generator, np.generic, np.dtype, np.ufunc, range,
    slice, re.Pattern, inspect.Signature, inspect.Parameter,
    types.CodeType, types.EllipsisType, types.NotImplementedType, types.GenericAlias,
    types.UnionType, types.MethodDescriptorType, types.WrapperDescriptorType,
    types.ClassMethodDescriptorType, types.GetSetDescriptorType, types.MemberDescriptorType,
    type(CodeNames.of_globals), typing.TypeVar, datetime.date, datetime.time,
    datetime.timedelta, datetime.tzinfo, decimal.Decimal, uuid.UUID,
    type(threading.Lock()), type(threading.RLock()),
)  # fmt: skip
_IMMUTABLE, _HEAP = 1 << 8, 1 << 9  # Py_TPFLAGS_IMMUTABLETYPE, Py_TPFLAGS_HEAPTYPE
_STDLIB = tuple(sysconfig.get_path(name) for name in ("stdlib", "platstdlib"))
_SITE = tuple(sysconfig.get_path(name) for name in ("purelib", "platlib"))


def never_changes(value: Any) -> bool:
    return type(value) in PLAIN or isinstance(value, _CONSTANT)


def _package_of(module: str) -> str:
    """The package that a file belongs to; the command line is a program like the user's."""
    top = module.partition(".")[0]
    if top == "torch" and sys.modules.get(top) is sys.modules[PACKAGE]:
        return PACKAGE
    return module if top == PACKAGE and module.startswith(f"{PACKAGE}.cli.") else top


def is_users(kind: type) -> bool:
    """Whether a class is the user's, or one of a library, and not this package's."""
    return _package_of(kind.__module__) not in (PACKAGE, "builtins", "numpy")


def is_users_class(value: Any) -> bool:
    """Whether an object's class is the user's, or one of a library, and not this package's."""
    return is_users(type(value))


def is_source_of_values(value: Any) -> bool:
    """An iterator or a generator of random numbers: what it gives depends on how often."""
    if isinstance(value, random.Random) or type(value).__module__.startswith("numpy.random"):
        return True
    return hasattr(type(value), "__next__") and not isinstance(value, io.IOBase)


def is_looked_through(names: dict[str, Any]) -> bool:
    """Whether a file's functions are looked through: the user's, and other packages' but a few."""
    name, path = names.get("__name__") or "", names.get("__file__")
    top = _package_of(name)
    if top == PACKAGE or top in _ARRAYS or name in sys.builtin_module_names:
        return False
    return path is None or path.startswith(_SITE) or not path.startswith(_STDLIB)


def is_own_entry(function: types.FunctionType) -> bool:
    """Whether it is one of this package's functions that are made as text, in no file."""
    return function.__code__.co_filename.startswith(f"<entry of {PACKAGE}.")


def is_trusted(module: str | None) -> bool:
    """Whether functions of a module that is not looked through give the same each time."""
    if module is None:
        return True
    top = _package_of(module)
    if module.startswith("numpy.random"):
        return False
    return top.lstrip("_") in _PURE or top in _LOOKING_AT_ALL or top in _ARRAYS or top == PACKAGE


def looks_at_all(module: str | None) -> bool:
    return module is not None and module.partition(".")[0] in _LOOKING_AT_ALL


def is_own(names: dict[str, Any]) -> bool:
    """Whether a file, by its globals, is one of this package's."""
    return _package_of(names.get("__name__") or "") == PACKAGE


def is_users_container(value: Any) -> bool:
    return type(value).__module__ not in ("builtins", "collections", Size.__module__)


def is_plain_container(value: Any) -> bool:
    """Whether a list, set or dictionary says itself what it holds, and no code of the user's."""
    kind = type(value)
    base = next(c for c in CONTAINERS if isinstance(value, c))
    names = ("__iter__", "__len__", "keys", "values")
    return all(
        getattr(owner, "__module__", "") in ("builtins", "collections")
        for name in names if hasattr(base, name)
        for owner in [next(k for k in kind.__mro__ if name in vars(k))]
    )  # fmt: skip


def is_of_python(kind: type) -> bool:
    """Whether a class is written in Python: attributes are all that its objects have."""
    return all(map(_adds_attributes_alone, kind.__mro__[:-1]))


def _adds_attributes_alone(kind: type) -> bool:
    if kind in PLAIN or kind is types.SimpleNamespace:
        return True
    if kind.__flags__ & _IMMUTABLE or not kind.__flags__ & _HEAP or kind.__base__ is None:
        return False
    slots = vars(kind).get("__slots__", ())
    places = 2 + (1 if isinstance(slots, str) else len(slots))  # __dict__ and __weakref__ are two
    return kind.__basicsize__ - kind.__base__.__basicsize__ <= 8 * places
