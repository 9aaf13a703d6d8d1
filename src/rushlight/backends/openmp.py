"""OpenMP, whose threads the C++ kernels share."""

from __future__ import annotations

from ..kernels.native import native


def is_available() -> bool:
    """Whether the C++ kernels are there."""
    return native is not None
