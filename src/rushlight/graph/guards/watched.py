"""Python values that a recorded call depended on, and whether they are still the same."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
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
        self._values: list[tuple[Callable[[], Any], str, Any]] = []  # how to read it, name, value
        self._containers: list[tuple[Any, str, int, list[Any]]] = []

    def add_entry(self, holder: Any, name: str) -> Any:
        """Watches a global or an attribute in a dictionary, also one that is not there yet."""
        return self._add(partial(holder.get, name, _ABSENT), f"'{name}'")

    def add_cell(self, cell: Any, name: str) -> Any:
        """Watches a variable of an outer function."""
        return self._add(partial(_in_cell, cell), f"'{name}'")

    def add_member(self, target: Any, name: str) -> Any:
        """Watches an attribute that stands in a slot."""
        return self._add(partial(getattr, target, name, _ABSENT), f"'{name}'")

    def add_defaults(self, function: FunctionType) -> None:
        for kind in ("__defaults__", "__kwdefaults__"):
            self._add(partial(getattr, function, kind), f"{kind} of {function.__name__}")

    def add_attributes(self, target: Any) -> None:
        """Watches whether an object gets or loses attributes."""
        if hasattr(target, "__dict__"):
            label = f"which attributes a {type(target).__name__} has"
            self._add(partial(len, vars(target)), label)

    def add_container(self, container: Any, label: str) -> list[Any]:
        held = contents(container)
        self._containers.append((container, label, len(container), held))
        return held

    def _add(self, read: Callable[[], Any], label: str) -> Any:
        value = read()
        self._values.append((read, label, value))
        return None if value is _ABSENT else value

    def change(self) -> str | None:
        """What is another value by now; None if nothing is."""
        for read, label, value in self._values:
            if not _same(read(), value):
                return f"{label} changes"
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
