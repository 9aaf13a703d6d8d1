"""What is said once: that there is no TorchScript."""

from __future__ import annotations

import os
import sys
import warnings

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_said = False


def say_once() -> None:
    """Warns, the first time in a process, at the program's line."""
    global _said
    if _said:
        return
    _said = True
    warn(
        "there is no TorchScript in Rushlight: torch.jit.script runs functions as the Python that "
        "they are, torch.jit.trace replays the calls that it has seen; torch.compile is what makes "
        "them faster",
        UserWarning,
    )


def warn(message: str, category: type[Warning]) -> None:
    """A warning at the line outside this package that led here."""
    level = 2
    frame = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith((_PACKAGE, "<entry of ")):
        level += 1
        frame = frame.f_back  # type: ignore[assignment]
    warnings.warn(message, category, stacklevel=level)
