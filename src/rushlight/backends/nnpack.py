"""NNPACK, which is not used."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from . import _flags

enabled = False


def is_available() -> bool:
    """False."""
    return False


def set_flags(_enabled: bool | None) -> tuple[Any, ...]:
    """Sets the flag, which chooses nothing; returns what it was."""
    return _flags.set_flags(__name__, enabled=_enabled)


def flags(enabled: bool = False) -> AbstractContextManager[None]:
    """Sets the flag for the time of a `with`."""
    return _flags.flags_of(__name__, enabled=enabled)
