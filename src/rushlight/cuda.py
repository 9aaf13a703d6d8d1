"""CUDA devices: there are none yet."""

from __future__ import annotations


def is_available() -> bool:
    """Whether tensors can be put on a GPU."""
    return False


def device_count() -> int:
    """How many GPUs there are."""
    return 0
