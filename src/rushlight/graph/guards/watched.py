"""Python values that a recorded call depended on, and whether they are still the same.

Each replay looks at all of them, so they are read many at a time, by functions written in C: a
dictionary's entries by one `itemgetter`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from operator import attrgetter, is_, itemgetter
from types import FunctionType
from typing import Any

CONTAINERS = (list, dict, set, deque)
# Of these, what is equal is the same.
PLAIN = {int, float, bool, str, bytes, complex, type(None)}
LONGEST = 1000  # what longer containers hold is not looked at with each replay
_ABSENT = object()


class Watched:
    """Variables, attributes and containers, with what was in them."""

    def __init__(self) -> None:
        self._entries: dict[int, _Entries] = {}  # by the id of the dictionary
        # How to read something, of what, its name, and what it was.
        self._values: list[tuple[Callable[[Any], Any], Any, str, Any]] = []
        self._containers: list[tuple[Any, str, int, list[Any]]] = []

    def __len__(self) -> int:
        held = sum(len(held) for _, _, _, held in self._containers)
        return len(self._values) + held + sum(len(e.present) for e in self._entries.values())

    def add_entry(self, holder: Any, name: str) -> Any:
        """Watches a global or an attribute in a dictionary, also one that is not there yet."""
        if id(holder) not in self._entries:
            self._entries[id(holder)] = _Entries(holder)
        return self._entries[id(holder)].add(name)

    def add_cell(self, cell: Any, name: str) -> Any:
        """Watches a variable of an outer function."""
        return self._add(_in_cell, cell, f"'{name}'")

    def add_member(self, target: Any, name: str) -> Any:
        """Watches an attribute that stands in a slot."""
        return self._add(_reader(name), target, f"'{name}'")

    def add_function(self, function: FunctionType) -> None:
        """Watches a function's code and its defaults."""
        read = attrgetter("__code__", "__defaults__", "__kwdefaults__")
        self._add(read, function, f"the code or the defaults of {function.__name__}")

    def add_attributes(self, target: Any) -> None:
        """Watches an object's class, and whether it gets or loses attributes."""
        label = f"which attributes a {type(target).__name__} has"
        if isinstance(target, type):
            self._add(len, vars(target), label)
        elif hasattr(target, "__dict__"):
            self._add(attrgetter("__class__", "__dict__"), target, label)
            self._add(len, vars(target), label)
        else:
            self._add(type, target, f"the class of a {type(target).__name__}")

    def add_container(self, container: Any, label: str) -> list[Any]:
        held = contents(container)
        self._containers.append((container, label, len(container), held))
        return held

    def _add(self, read: Callable[[Any], Any], target: Any, label: str) -> Any:
        value = read(target)
        self._values.append((read, target, label, value))
        return None if value is _ABSENT else value

    def change(self) -> str | None:
        """What is another value by now; None if nothing is."""
        for entries in self._entries.values():
            name = entries.change()
            if name is not None:
                return f"'{name}' changes"
        for read, target, label, value in self._values:
            now = read(target)
            if now is not value and not _same(now, value):
                return f"{label} changes"
        for container, label, length, held in self._containers:
            if len(container) != length or not identical(contents(container), held):
                return f"what is in {label} (a {type(container).__name__}) changes"
        return None


class _Entries:
    """Some of the entries of a dictionary, and names that it has no entries for."""

    def __init__(self, holder: Any) -> None:
        self.holder = holder
        self.present: dict[str, Any] = {}
        self.absent: set[str] = set()
        self.read: Any = None  # made when all names are known

    def add(self, name: str) -> Any:
        value = self.holder.get(name, _ABSENT)
        if value is _ABSENT:
            self.absent.add(name)
            return None
        if name not in self.present:
            self.present[name] = value
            self.read = None
        return self.present[name]

    def change(self) -> str | None:
        """The name of an entry that is another, or has come or gone."""
        if self.read is None:
            names = [*self.present, *self.present][: max(len(self.present), 2)]
            self.read = itemgetter(*names) if names else tuple  # of two names a tuple, of one none
            self.values = [self.present[name] for name in names]
        try:
            if (not self.values or identical(self.read(self.holder), self.values)) and (
                not self.absent or self.holder.keys().isdisjoint(self.absent)
            ):
                return None
        except KeyError as error:
            return str(error.args[0])
        changed = [n for n, value in self.present.items() if not _same(self.holder[n], value)]
        return changed[0] if changed else min(self.absent.intersection(self.holder))


def contents(container: Any) -> list[Any]:
    """What a container holds, one level deep; nothing of a long one."""
    if len(container) > LONGEST:
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
    kind = type(now)
    if kind is not type(before):
        return False
    if kind is list or kind is tuple:
        return identical(now, before)
    if kind is float or kind is complex:  # 0.0 equals -0.0, and NaN not even itself
        return repr(now) == repr(before)
    return kind in PLAIN and now == before


def _in_cell(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not filled yet, or emptied
        return _ABSENT


def _reader(name: str) -> Callable[[Any], Any]:
    return lambda target: getattr(target, name, _ABSENT)
