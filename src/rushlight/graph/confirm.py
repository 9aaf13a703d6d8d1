"""Whether two recordings of a function are alike: a record is used only once a second equals it.

What a function reads is watched (`guards/`), but whatever was overlooked there and gives another
value each time shows itself here: another constant, another kernel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .guards.watched import PLAIN
from .record import Call, LiveValue, Slot, Source
from .results import Plain

if TYPE_CHECKING:
    from .entry import Entry


def difference(first: Entry, second: Entry) -> str | None:
    """How two recordings differ that were made under the same conditions; None if they do not."""
    before, after = (
        [*entry.record.calls, *entry.record.backward_calls] for entry in (first, second)
    )
    for one, other in zip(before, after, strict=False):
        what = _difference_of_calls(one, other)
        if what is not None:
            return what
    if len(before) != len(after):
        return f"it runs {len(before)} kernels in one call and {len(after)} in the next"
    if not _same_inputs(first.record.inputs, second.record.inputs):
        return "it computes with other values in the next call (torch.tensor(...) of something?)"
    if not _same_results(first, second):
        return "what it returns besides tensors is something else in the next call"
    return None


def _difference_of_calls(one: Call, other: Call) -> str | None:
    if one.name != other.name:
        return f"it runs {one.name} in one call and {other.name} in its place in the next"
    if len(one.arguments) == len(other.arguments):
        for before, after in zip(one.arguments, other.arguments, strict=True):
            if not _same(before, after):
                told = "" if Slot in (type(before), type(after)) else f" ({before} and {after})"
                return f"{one.name} gets something else in the next call{told}"
        if one.results == other.results:
            return None
    return f"{one.name} is called in another way in the next call"


def _same(one: Any, other: Any) -> bool:
    if type(one) is not type(other):
        return False
    if isinstance(one, LiveValue):
        return one.options is other.options and (one.key, one.index) == (other.key, other.index)
    if isinstance(one, (tuple, list)):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, slice):
        return _same((one.start, one.stop, one.step), (other.start, other.stop, other.step))
    if isinstance(one, (float, complex)):  # 0.0 equals -0.0, and NaN not even itself
        return repr(one) == repr(other)
    return one is other or bool(one == other)


def _same_inputs(before: dict[int, Source], after: dict[int, Source]) -> bool:
    return before.keys() == after.keys() and all(
        one.place() is other.place() and one.is_grad is other.is_grad
        and _same_constants(one.array, other.array)
        for one, other in zip(before.values(), after.values(), strict=True)
    )  # fmt: skip


def _same_constants(one: Any, other: Any) -> bool:
    if one is other:
        return True
    return (one.dtype, one.shape) == (other.dtype, other.shape) and one.tobytes() == other.tobytes()


def _same_results(first: Entry, second: Entry) -> bool:
    forms = list(zip(first.results.forms, second.results.forms, strict=False))
    return (
        len(first.results.forms) == len(second.results.forms)
        and first.record.results == second.record.results
        and all(
            type(one) is type(other) and (not isinstance(one, Plain) or _same_plain(one, other))
            for one, other in forms
        )
    )


def _same_plain(one: Plain, other: Any) -> bool:
    if type(one.value) in PLAIN:
        return _same(one.value, other.value)
    return one.value is other.value or type(one.value) is type(other.value)
