"""Running a record on other arrays: its kernels in their order, and nothing else.

The loop stands in C++ (`csrc/replay.cpp`) where the extension is present; `PythonProgram` is the
same loop in Python. `slots` is a list with the input arrays in their places; the loop fills the
others, and empties each one after its last use, so that a replay needs no more memory than eager.
"""

from __future__ import annotations

from typing import Any

from .record import Call, LiveValue, Slot, find_last_uses


class PythonProgram:
    """The kernels of a record, ready to run on arrays in slots.

    `failed` is the name of the kernel that raised, while an error passes.
    """

    failed = ""

    def __init__(self, calls: list[Call]) -> None:
        self.calls = calls

    def run(self, slots: list[Any]) -> None:
        for call in self.calls:
            self.failed = call.name
            result = call.function(*_filled(call.arguments, slots))
            if isinstance(call.results, int):
                slots[call.results] = result
            elif isinstance(call.results, tuple):
                for slot, array in zip(call.results, result, strict=True):
                    if slot is not None:
                        slots[slot] = array
            for slot in call.last_uses:
                slots[slot] = None


def _filled(template: Any, slots: list[Any]) -> Any:
    if isinstance(template, Slot):
        return slots[template.number]
    if isinstance(template, LiveValue):
        return template.read()
    if isinstance(template, (tuple, list)) and not hasattr(template, "_fields"):
        return type(template)(_filled(part, slots) for part in template)
    return template


def program(calls: list[Call], kept: set[int]) -> Any:
    """The calls made ready to run; the slots in `kept` are there at the end."""
    from ..kernels.native import native

    find_last_uses(calls, kept)
    if native is None:
        return PythonProgram(calls)
    return native.Program(
        [(c.name, c.function, c.arguments, c.results, c.last_uses) for c in calls], Slot, LiveValue
    )
