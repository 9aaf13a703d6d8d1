"""Starting and stopping NVIDIA's profilers from a program."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from .current import cupy


def start() -> None:
    """Lets a profiler that is waiting begin."""
    cupy().cuda.runtime.profilerStart()


def stop() -> None:
    """Lets it end."""
    cupy().cuda.runtime.profilerStop()


@contextmanager
def profile() -> Iterator[None]:
    """Lets it record what is inside a `with`."""
    start()
    try:
        yield
    finally:
        stop()
