"""What functions of texts are given, and what they say of anything else."""

from __future__ import annotations

from collections.abc import Iterable
from operator import index
from typing import Any


def check_text(name: str, value: Any) -> None:
    """TypeError for what is no text."""
    if not isinstance(value, str):
        raise TypeError(f"{name}: expected a text (str), got {type(value).__name__}")


def check_many(name: str, what: str, values: Any) -> None:
    """TypeError for what is no list, nor any other iterable."""
    if not isinstance(values, Iterable):
        raise TypeError(f"{name}: expected {what}, got {type(values).__name__}")


def number_below(name: str, value: Any, count: int) -> int:
    """A whole number from 0 to below `count`: TypeError, or IndexError, for others."""
    try:
        number = index(value)
    except TypeError:
        raise TypeError(f"{name}: expected whole numbers, got {value!r}") from None
    if not 0 <= number < count:
        raise IndexError(f"{name}: there is no {number} among {count}")
    return number
