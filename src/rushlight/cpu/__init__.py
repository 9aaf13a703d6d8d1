"""The CPU as a device, for programs that ask any device the same things."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = [
    "Event", "Stream", "StreamContext", "current_device", "current_stream", "device_count",
    "get_capabilities", "is_available", "is_initialized", "set_device", "stream", "synchronize",
]  # fmt: skip


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


def is_initialized() -> bool:
    """Whether the CPU can be used: True.

    >>> import rushlight as torch
    >>> torch.cpu.is_initialized()
    True
    """
    return True


class Stream:
    """Where a GPU's program puts its work: on the CPU every call has ended when it returns.

    >>> import rushlight as torch
    >>> torch.cpu.Stream().wait_stream(torch.cpu.current_stream())
    """

    def __init__(self, priority: int = -1) -> None:
        self.priority = priority

    def wait_stream(self, stream: Stream) -> None:
        """Does nothing."""

    def record_event(self) -> None:
        """Does nothing."""

    def wait_event(self, event: Event) -> None:
        """Does nothing."""


class Event:
    """A point in a stream, which is always in the past.

    >>> import rushlight as torch
    >>> torch.cpu.Event().query()
    True
    """

    def query(self) -> bool:
        """True."""
        return True

    def record(self, stream: Stream | None = None) -> None:
        """Does nothing."""

    def synchronize(self) -> None:
        """Does nothing."""

    def wait(self, stream: Stream | None = None) -> None:
        """Does nothing."""


_default_stream = Stream()


def current_stream(device: Any = None) -> Stream:
    """The only stream that matters.

    >>> import rushlight as torch
    >>> torch.cpu.current_stream() is torch.cpu.current_stream()
    True
    """
    return _default_stream


class StreamContext:
    """Does nothing inside a `with`: there is one stream.

    >>> import rushlight as torch
    >>> with torch.cpu.StreamContext(torch.cpu.Stream()):
    ...     x = torch.ones(1)
    """

    def __init__(self, stream: Stream | None) -> None:
        self.stream = stream

    def __enter__(self) -> None:
        pass

    def __exit__(self, *error: object) -> None:
        pass


def stream(stream: Stream | None) -> StreamContext:
    """Does nothing inside a `with`: there is one stream.

    >>> import rushlight as torch
    >>> with torch.cpu.stream(torch.cpu.Stream()):
    ...     x = torch.ones(1)
    """
    return StreamContext(stream)


def get_capabilities() -> Mapping[str, bool]:
    """Which sets of instructions the processor has, by the kernel's names of them.

    >>> import rushlight as torch
    >>> isinstance(torch.cpu.get_capabilities().get("avx2", False), bool)
    True
    """
    try:
        with open("/proc/cpuinfo") as file:
            flags = next((line for line in file if line.startswith(("flags", "Features"))), ":")
    except OSError:  # not Linux
        flags = ":"
    return dict.fromkeys(flags.partition(":")[2].split(), True)
