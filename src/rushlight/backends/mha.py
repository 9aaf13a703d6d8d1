"""The short cut of attention layers in evaluation, which only shows in what is padded here."""

from __future__ import annotations

_enabled = True


def get_fastpath_enabled() -> bool:
    """What `set_fastpath_enabled` has set."""
    return _enabled


def set_fastpath_enabled(value: bool) -> None:
    """Whether a `TransformerEncoder` in evaluation gives 0 for what is padded at the end."""
    global _enabled
    _enabled = value
