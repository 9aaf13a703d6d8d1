"""Marks for NVIDIA's profilers, where CuPy is installed; an error elsewhere, as in PyTorch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .current import cupy, is_available


def _nvtx() -> Any:
    if not is_available():
        raise RuntimeError("NVTX functions not installed. Are you sure you have a CUDA build?")
    return cupy().cuda.nvtx


def range_push(msg: str) -> None:
    """Begins a range, within those that are open."""
    _nvtx().RangePush(msg)


def range_pop() -> None:
    """Ends the range that was begun last."""
    _nvtx().RangePop()


def mark(msg: str) -> None:
    """Marks a moment."""
    _nvtx().Mark(msg)


@contextmanager
def range(msg: str, *args: Any, **kwargs: Any) -> Iterator[None]:
    """A range for the time of a `with`; `msg.format(*args, **kwargs)` is its name."""
    range_push(msg.format(*args, **kwargs))
    try:
        yield
    finally:
        range_pop()
