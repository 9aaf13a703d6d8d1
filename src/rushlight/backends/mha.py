"""The short cut of attention layers in evaluation, which is none here."""

from __future__ import annotations

_enabled = True


def get_fastpath_enabled() -> bool:
    """What `set_fastpath_enabled` has set; it chooses nothing."""
    return _enabled


def set_fastpath_enabled(value: bool) -> None:
    """Keeps a switch that chooses nothing."""
    global _enabled
    _enabled = value
