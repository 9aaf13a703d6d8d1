"""GPUs of Apple's, which are not used."""

from __future__ import annotations


def is_built() -> bool:
    """False."""
    return False


def is_available() -> bool:
    """False."""
    return False


def is_macos_or_newer(major: int, minor: int) -> bool:
    """False, as nothing depends on it."""
    return False


def is_macos13_or_newer(minor: int = 0) -> bool:
    """False, as nothing depends on it."""
    return False


def get_name() -> str:
    """An empty string: there is none."""
    return ""


def get_core_count() -> int:
    """0."""
    return 0
