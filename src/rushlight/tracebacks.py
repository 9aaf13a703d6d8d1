"""Tracebacks of programs end with their own line, and not deep inside of Rushlight.

Where Rushlight stands in for PyTorch, whose insides are C++ and are not shown either. With Python's
development mode (`rushlight run -X dev`) they are shown whole.
"""

from __future__ import annotations

import os
import sys
import sysconfig
import threading
import traceback
from types import FrameType, TracebackType
from typing import Any

# Rushlight, and the packages that only Rushlight calls: an error inside is about the call of it.
_INSIDES = {"rushlight", "numpy", "ml_dtypes"}
_are_shortened = False
_STANDARD_LIBRARY = sysconfig.get_path("stdlib") + os.sep


def end_with_own_lines() -> None:
    """Leaves Rushlight's frames out at the end of what Python prints of an error."""
    global _are_shortened
    if sys.flags.dev_mode:
        return
    _are_shortened = True
    show, show_of_thread = sys.excepthook, threading.excepthook

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> Any:
        shorten(error)
        return show(kind, error, error.__traceback__)

    def hook_of_thread(arguments: Any) -> Any:
        if arguments.exc_value is not None:
            shorten(arguments.exc_value)
            arguments = threading.ExceptHookArgs(
                (arguments.exc_type, arguments.exc_value, arguments.exc_value.__traceback__,
                 arguments.thread)
            )  # fmt: skip
        return show_of_thread(arguments)

    sys.excepthook, threading.excepthook = hook, hook_of_thread


def text_of(error: BaseException) -> str:
    """An error with its traceback, as a worker process sends it; ended as those that are printed.

    What a program prints itself, by `traceback.print_exc`, is shown whole: the error may go on.
    """
    if _are_shortened:
        shorten(error)
    return "".join(traceback.format_exception(error))


def shorten(error: BaseException) -> None:
    """Ends the tracebacks of an error, and of those that it came from, with a program's line.

    Of those that have none, such as NumPy's that Rushlight has said in its own words, none is left.
    """
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        found = waiting.pop()
        if found is None or id(found) in seen:
            continue
        seen.add(id(found))
        last = _last_own(found.__traceback__)
        if last is not None:
            last.tb_next = None
            if _is_all_inside(found.__cause__):
                found.__cause__ = None
            if found.__cause__ is None:  # also where Rushlight has raised it `from None`
                found.__suppress_context__ = False
        found.__context__ = _nearest_own(found.__context__)
        waiting += [found.__cause__, found.__context__]


def _nearest_own(error: BaseException | None) -> BaseException | None:
    """The error, or the first of those before it that the program had to do with."""
    while _is_all_inside(error):
        error = error.__context__ if error else None
    return error


def _is_all_inside(error: BaseException | None) -> bool:
    if error is None or error.__traceback__ is None:
        return False
    inside = False
    for frame, _ in traceback.walk_tb(error.__traceback__):
        inside = _is_inside(frame, inside)
        if not inside:
            return False
    return True


def _last_own(trace: TracebackType | None) -> TracebackType | None:
    """The program's part that Rushlight was called from last; None if it has not been called.

    What Rushlight calls in turn, a module's `forward` or a hook, is the program's again.
    """
    last, inside = None, False
    while trace is not None:
        inside = _is_inside(trace.tb_frame, inside)
        if not inside:
            last = trace
        trace = trace.tb_next
    return last if inside else None


def _is_inside(frame: FrameType, caller_is: bool) -> bool:
    """Whether it is Rushlight's; the standard library's belong to whoever has called them."""
    if caller_is and frame.f_code.co_filename.startswith(_STANDARD_LIBRARY):
        return True
    name = str(frame.f_globals.get("__name__"))
    made = ("<entry of ", "<frozen importlib")  # what declarations make; what finds a module
    return name.partition(".")[0] in _INSIDES or frame.f_code.co_filename.startswith(made)
