"""The choke-point between operations and kernels.

`kernels[type(array)]` is the table of kernels for that type of array: an instance of `Base` or of a
class of it. Operations reach every kernel through this dictionary and through nothing else, so that
whoever puts another object in a table's place (a recorder, a counter) sees every call: forward,
backward and optimizer alike. Compiled functions run without their records meanwhile. While nobody
does, the choke-point costs one dictionary look-up.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

kernels: dict[type, Any] = {}
tables_by_device: dict[str, Any] = {}
# The tables themselves, also while other objects stand in their places.
plain_tables: dict[type, Any] = {}
plain_tables_by_device: dict[str, Any] = {}


def register(table: Any) -> None:
    """Makes a kernel table known by its array type and by its device type's name."""
    kernels[table.array_type] = plain_tables[table.array_type] = table
    register_device(table.device_name, table)


def register_device(name: str, table: Any) -> None:
    """Makes the table known that makes arrays on the device of that name."""
    tables_by_device[name] = plain_tables_by_device[name] = table


# Whether other objects stand in the tables' places: then no record is made or replayed.
is_intercepted = False


@contextmanager
def intercepted(wrap: Any) -> Iterator[None]:
    """Puts `wrap(table)` in the place of every table, and the tables back at the end.

    For users there is `graph.trace`.
    """
    global is_intercepted
    before = is_intercepted
    original = dict(kernels)
    by_device = dict(tables_by_device)
    replaced = {table: wrap(table) for table in (*original.values(), *by_device.values())}
    try:
        is_intercepted = True
        kernels.update({key: replaced[table] for key, table in original.items()})
        tables_by_device.update({name: replaced[table] for name, table in by_device.items()})
        yield
    finally:
        is_intercepted = before
        try:  # an interrupt may come between two calls
            kernels.update(original)
        finally:
            tables_by_device.update(by_device)


# What knows of arrays that stand for a batch (`func/batching.py`), once `vmap` has been called.
batching: Any = None


# ---- for whoever keeps a record of calls (see graph/capture.py)

# Who looks at every result: the recorder at work, and each `inference_mode` that is entered, in
# whatever thread. Empty, it says so to the operations at no cost.
watchers: list[Any] = []

# The recorder at work, and what part of a training step the calls belong to.
recorder: Any = None
phase = "forward"


def refuse_record(what: str) -> None:
    """Says that what is being called cannot be replayed, if it is being recorded."""
    if recorder is not None:
        recorder.fail(what)


# Count the changes of what a program is made of besides arrays: attributes of modules, options of
# optimizers and `requires_grad`; hooks. A record that was made under another count looks whether it
# still holds.
structure_version = 0
hook_version = 0


def structure_changed() -> None:
    global structure_version
    structure_version += 1


def hooks_changed() -> None:
    global hook_version
    hook_version += 1
