"""Ctrl-C and SIGTERM as requests to stop at the next good moment."""

from __future__ import annotations

import os
import signal
from types import FrameType
from typing import Any

_NOTICE = b"\nstopping after this step (Ctrl-C again: at once, without saving)\n"


class Interrupt:
    """While it is entered, the first signal only sets `signal`; a second raises KeyboardInterrupt.

    A step that is broken off in the middle would leave some parameters updated and others not.
    """

    SIGNALS = (signal.SIGINT, signal.SIGTERM)

    def __init__(self) -> None:
        self.signal: int | None = None
        self._owner = os.getpid()
        self._previous: dict[int, Any] = {}

    def __enter__(self) -> Interrupt:
        for number in self.SIGNALS:
            self._previous[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *exception: object) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    @property
    def exit_code(self) -> int:
        """The shell's convention: 130 for Ctrl-C, 143 for SIGTERM."""
        return 128 + (self.signal or 0)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if os.getpid() != self._owner:  # a worker process that was forked with this handler
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
            return
        if self.signal is not None:
            raise KeyboardInterrupt
        self.signal = number
        os.write(2, _NOTICE)  # sys.stderr may be in the middle of a write
