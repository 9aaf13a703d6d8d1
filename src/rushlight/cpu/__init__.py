"""The CPU as a device, for programs that ask any device the same things."""

from __future__ import annotations

from typing import Any

__all__ = ["current_device", "device_count", "is_available", "set_device", "synchronize"]


def is_available() -> bool:
    """Whether there is a CPU: True."""
    return True


def device_count() -> int:
    """How many devices "cpu" stands for: 1."""
    return 1


def current_device() -> str:
    """The name of the only one."""
    return "cpu"


def set_device(device: Any) -> None:
    """Does nothing: there is one."""


def synchronize(device: Any = None) -> None:
    """Does nothing: every call has ended when it returns."""
