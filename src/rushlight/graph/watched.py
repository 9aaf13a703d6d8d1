"""Python values that a recorded call depended on, and whether they are still the same."""

from __future__ import annotations

from collections import deque
from operator import is_
from types import FunctionType
from typing import Any

CONTAINERS = (list, dict, set, deque)
# Of these, what is equal is the same.
PLAIN = {int, float, bool, str, bytes, complex, type(None)}
_LONGEST = 1000  # of longer containers the length alone is watched: each replay looks at all of it
_ABSENT = object()


class Watched:
    """Variables, attributes and containers, with what was in them."""

    def __init__(self) -> None:
        # Globals of files and attributes of objects: (the dictionary that has them, name, value).
        self._entries: list[tuple[Any, str, Any]] = []
        self._cells: list[tuple[Any, str, Any]] = []
        self._defaults: list[tuple[FunctionType, Any, Any]] = []
        self._members: list[tuple[Any, str, Any]] = []  # attributes that stand in slots
        self._containers: list[tuple[Any, str, int, list[Any]]] = []
        self._sizes: list[tuple[Any, int]] = []

    def add_entry(self, holder: Any, name: str) -> Any:
        """Watches a global or an attribute, also one that is not there; returns its value."""
        value = holder.get(name, _ABSENT)
        self._entries.append((holder, name, value))
        return None if value is _ABSENT else value

    def add_cell(self, cell: Any, name: str) -> Any:
        value = _in_cell(cell)
        self._cells.append((cell, name, value))
        return None if value is _ABSENT else value

    def add_defaults(self, function: FunctionType) -> None:
        self._defaults.append((function, function.__defaults__, function.__kwdefaults__))

    def add_member(self, target: Any, name: str) -> Any:
        value = getattr(target, name, _ABSENT)
        self._members.append((target, name, value))
        return None if value is _ABSENT else value

    def add_attributes(self, target: Any) -> None:
        """Watches whether an object gets or loses attributes."""
        if hasattr(target, "__dict__"):
            self._sizes.append((target, len(vars(target))))

    def add_container(self, container: Any, label: str) -> list[Any]:
        held = contents(container)
        self._containers.append((container, label, len(container), held))
        return held

    def change(self) -> str | None:
        """What is another value by now; None if nothing is."""
        for holder, name, value in self._entries:
            if not _same(holder.get(name, _ABSENT), value):
                return f"'{name}' changes"
        for cell, name, value in self._cells:
            if not _same(_in_cell(cell), value):
                return f"'{name}' changes"
        for function, defaults, keywords in self._defaults:
            if function.__defaults__ is not defaults or function.__kwdefaults__ is not keywords:
                return f"the defaults of {function.__name__} change"
        for target, name, value in self._members:
            if not _same(getattr(target, name, _ABSENT), value):
                return f"'{name}' changes"
        for target, size in self._sizes:
            if len(vars(target)) != size:
                return f"a {type(target).__name__} gets or loses attributes"
        for container, label, length, held in self._containers:
            if len(container) != length or not identical(contents(container), held):
                return f"what is in {label} (a {type(container).__name__}) changes"
        return None


def contents(container: Any) -> list[Any]:
    """What a container holds, one level deep; nothing of a long one."""
    if len(container) > _LONGEST:
        return []
    if isinstance(container, dict):
        return [*container.keys(), *container.values()]
    return list(container)


def identical(now: Any, before: Any) -> bool:
    return len(now) == len(before) and (
        all(map(is_, now, before)) or all(map(_same, now, before))
    )


def _same(now: Any, before: Any) -> bool:
    if now is before:
        return True
    if type(now) is not type(before):
        return False
    if type(now) is list or type(now) is tuple:
        return identical(now, before)
    return type(now) in PLAIN and now == before


def _in_cell(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not filled yet, or emptied
        return _ABSENT
