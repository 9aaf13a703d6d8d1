"""What is wrong with a file."""

from __future__ import annotations

import pickle


class CheckpointError(pickle.UnpicklingError, RuntimeError):
    """A file that is damaged, no checkpoint, or holds what must not be loaded.

    PyTorch raises one or the other of the two bases.
    """


class DamagedError(CheckpointError):
    """A file whose content contradicts itself, or ends too early."""


def require(holds: bool, contradiction: str) -> None:
    """DamagedError where something that every checkpoint holds to does not hold."""
    if not holds:
        raise DamagedError(contradiction)


def one_line(text: str) -> str:
    """What a file says, fit to stand in a message: short, and nothing that moves a cursor."""
    short = text[:300] + "..." if len(text) > 300 else text
    return "".join(c if c.isprintable() else " " for c in short)
