"""Attributes of a module that hold for a time."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


def set_flags(name: str, **given: Any) -> tuple[Any, ...]:
    """Sets those that are not None; returns what all were before."""
    module = sys.modules[name]
    before = tuple(getattr(module, flag) for flag in given)
    for flag, value in given.items():
        if value is not None:
            setattr(module, flag, value)
    return before


@contextmanager
def flags_of(name: str, **given: Any) -> Iterator[None]:
    """Sets flags for the time of a `with`."""
    before = set_flags(name, **given)
    try:
        yield
    finally:
        set_flags(name, **dict(zip(given, before, strict=True)))
