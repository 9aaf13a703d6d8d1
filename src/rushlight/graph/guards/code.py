"""Which names stand in a function's code."""

from __future__ import annotations

import dis
from functools import lru_cache
from types import CodeType, FunctionType, MethodType
from typing import Any, NamedTuple


class CodeNames(NamedTuple):
    of_globals: frozenset[str]
    of_attributes: frozenset[str]
    of_imports: frozenset[str]  # modules that are imported as the function runs


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
        names_in(own.__code__)


@lru_cache(maxsize=1024)
def names_in(code: CodeType) -> CodeNames:
    """The names in a function and in those that are defined in it."""
    of_globals, of_attributes, of_imports = set(), set(), set()
    package = ""  # what `from package import name` takes the name from
    for instruction in dis.get_instructions(code):
        name = instruction.argval
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            of_globals.add(name)
        elif instruction.opname == "IMPORT_NAME":
            package = name
            of_imports.add(name)
        elif instruction.opname == "IMPORT_FROM":
            of_attributes.add(name)
            of_imports.add(f"{package}.{name}")
        elif instruction.opcode in dis.hasname:
            of_attributes.add(name)
    for constant in code.co_consts:
        if isinstance(constant, str):  # for getattr and attrgetter
            of_attributes.update(part for part in constant.split(".") if part.isidentifier())
        elif isinstance(constant, CodeType):
            inner = names_in(constant)
            of_globals |= inner.of_globals
            of_attributes |= inner.of_attributes
            of_imports |= inner.of_imports
    return CodeNames(frozenset(of_globals), frozenset(of_attributes), frozenset(of_imports))
