"""Python values that a recorded call depended on, and whether they are still the same.

Each replay looks at all of them, so that is done by functions written in C where it can be: a
dictionary's entries are read by one `itemgetter`, and compared by `is`.
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
        # How to read something, of what, its name, and what it was; several things at a time.
        self._values: list[tuple[Callable[[Any], Any], Any, str, Any]] = []
        self._groups: list[tuple[Callable[[Any], Any], Any, str, tuple[Any, ...]]] = []
        self._containers: list[tuple[Any, str, int, list[Any]]] = []
        self._readers: list[tuple[Any, Any, Any, set[str], _Entries]] | None = None

    def __len__(self) -> int:
        held = sum(len(held) for _, _, _, held in self._containers)
        entries = sum(len(e.present) for e in self._entries.values())
        return len(self._values) + len(self._groups) + held + entries

    def add_entry(self, holder: Any, name: str) -> Any:
        """Watches a global or an attribute in a dictionary, also one that is not there yet."""
        self._readers = None
        if id(holder) not in self._entries:
            self._entries[id(holder)] = _Entries(holder)
        return self._entries[id(holder)].add(name)

    def add_cell(self, cell: Any, name: str) -> Any:
        """Watches a variable of an outer function."""
        is_filled = _in_cell(cell) is not _ABSENT
        return self._add(_filled_cell if is_filled else _in_cell, cell, f"'{name}'")

    def add_member(self, target: Any, name: str) -> Any:
        """Watches an attribute that stands in a slot."""
        return self._add(lambda target: getattr(target, name, _ABSENT), target, f"'{name}'")

    def add_function(self, function: FunctionType) -> None:
        """Watches a function's code and its defaults."""
        read = attrgetter("__code__", "__defaults__", "__kwdefaults__")
        label = f"the code or the defaults of {function.__name__}"
        self._groups.append((read, function, label, read(function)))

    def add_attributes(self, target: Any) -> None:
        """Watches an object's class, and whether it gets or loses attributes."""
        label = f"which attributes a {type(target).__name__} has"
        if isinstance(target, type):
            self._add(len, vars(target), label)
        elif hasattr(target, "__dict__"):
            read = attrgetter("__class__", "__dict__")
            self._groups.append((read, target, label, read(target)))
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
        if self._readers is None:
            self._readers = [entries.reader() for entries in self._entries.values()]
        for read, holder, values, absent, entries in self._readers:
            try:
                if all(map(is_, read(holder), values)) and (
                    not absent or holder.keys().isdisjoint(absent)
                ):
                    continue
            except KeyError:
                pass
            name = entries.change()
            if name is not None:
                return f"'{name}' changes"
        for read, target, label, value in self._values:
            try:
                now = read(target)
            except ValueError:  # a variable was emptied
                return f"{label} changes"
            if now is not value and not _same(now, value):
                return f"{label} changes"
        for read, target, label, values in self._groups:
            if not all(map(is_, read(target), values)):
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

    def add(self, name: str) -> Any:
        value = self.holder.get(name, _ABSENT)
        if value is _ABSENT:
            self.absent.add(name)
            return None
        return self.present.setdefault(name, value)

    def reader(self) -> tuple[Any, Any, Any, set[str], _Entries]:
        """How to read all of them, of what, what they were, what is absent; who tells which."""
        names = list(self.present)
        read: Any = _nothing
        if names:  # of one name alone it would give the value, and no tuple
            read = itemgetter(*names, *(names if len(names) == 1 else ()))
        return read, self.holder, read(self.present), self.absent, self

    def change(self) -> str | None:
        """The name of an entry that is another, or has come or gone."""
        for name, value in self.present.items():
            if not _same(self.holder.get(name, _ABSENT), value):
                return name
        return next((name for name in self.absent if name in self.holder), None)


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


_filled_cell = attrgetter("cell_contents")


def _in_cell(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not filled yet, or emptied
        return _ABSENT


def _nothing(holder: Any) -> tuple[()]:
    return ()
