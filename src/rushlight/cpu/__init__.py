"""The CPU as a device, for programs that ask any device the same things."""

from __future__ import annotations

from typing import Any

__all__ = ["current_device", "device_count", "is_available", "set_device", "synchronize"]


def is_available() -> bool:
    """Whether there is a CPU: True.

    >>> import rushlight as torch
    >>> torch.cpu.is_available()
    True
    """
    return True


def device_count() -> int:
    """How many devices "cpu" stands for: 1.

    >>> import rushlight as torch
    >>> torch.cpu.device_count()
    1
    """
    return 1


def current_device() -> str:
    """The name of the only one.

    >>> import rushlight as torch
    >>> torch.cpu.current_device()
    'cpu'
    """
    return "cpu"


def set_device(device: Any) -> None:
    """Does nothing: there is one.

    >>> import rushlight as torch
    >>> torch.cpu.set_device("cpu")
    """


def synchronize(device: Any = None) -> None:
    """Does nothing: every call has ended when it returns.

    >>> import rushlight as torch
    >>> torch.cpu.synchronize()
    """
