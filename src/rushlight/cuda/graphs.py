"""Records of what a GPU does: names that programs annotate with and look for.

A record of a step is `torch.compile`'s (docs/graph.md), on the CPU and on a GPU alike.
"""

from __future__ import annotations

from typing import Any

from ..errors import NotSupportedError

__all__ = ["CUDAGraph", "graph", "make_graphed_callables"]


def _refuse(name: str) -> NotSupportedError:
    return NotSupportedError(
        f"torch.cuda.{name}: there are no graphs of CUDA's; torch.compile records a step and "
        "replays it"
    )


class CUDAGraph:
    """A type to annotate with; RuntimeError where one is made, as in a PyTorch without CUDA."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise _refuse("CUDAGraph")


class graph:
    """RuntimeError where one is made."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise _refuse("graph")


def make_graphed_callables(*args: Any, **kwargs: Any) -> Any:
    """RuntimeError."""
    raise _refuse("make_graphed_callables")
