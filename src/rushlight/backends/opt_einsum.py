"""The order in which `einsum` contracts, chosen by its cost without opt_einsum."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from . import _flags

enabled = False
strategy: str | None = None


def is_available() -> bool:
    """False: the library is not used."""
    return False


def get_opt_einsum() -> None:
    """None, as it is not used."""


def set_flags(_enabled: bool | None = None, _strategy: str | None = None) -> tuple[Any, ...]:
    """Sets those flags that are given, which choose nothing; returns what all were."""
    return _flags.set_flags(__name__, enabled=_enabled, strategy=_strategy)


def flags(
    enabled: bool | None = None, strategy: str | None = None
) -> AbstractContextManager[None]:
    """Sets the flags for the time of a `with`."""
    return _flags.flags_of(__name__, enabled=enabled, strategy=strategy)
