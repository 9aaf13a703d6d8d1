"""Names that programs take from the part of PyTorch that reads bytecode, which is none here.

Functions are recorded as they run (docs/graph.md). What is here lets programs that speak of
PyTorch's compiler run: `config` keeps what is set in it, and nothing reads that.
"""

from __future__ import annotations

from typing import Any

from ..compiler import (
    allow_in_graph,
    assume_constant_result,
    compile,
    disable,
    is_compiling,
    list_backends,
    reset,
)
from . import config, exc

__all__ = [
    "allow_in_graph", "assume_constant_result", "compile", "config", "disable", "exc",
    "graph_break", "is_compiling", "list_backends", "mark_dynamic", "mark_static",
    "maybe_mark_dynamic", "optimize", "reset",
]  # fmt: skip


def optimize(backend: Any = "inductor", *, nopython: bool = False, **options: Any) -> Any:
    """A decorator that is `torch.compile`.

    >>> import rushlight as torch
    >>> @torch._dynamo.optimize("eager")
    ... def double(x):
    ...     return 2 * x
    """
    return lambda function: compile(function, backend=backend, fullgraph=nopython, **options)


def graph_break(msg: str = "") -> None:
    """Does nothing: a record is of the whole function.

    >>> import rushlight as torch
    >>> torch._dynamo.graph_break()
    """


def mark_dynamic(t: Any, index: Any, **options: Any) -> None:
    """Does nothing: each shape gets a record of its own.

    >>> import rushlight as torch
    >>> torch._dynamo.mark_dynamic(torch.ones(2), 0)
    """


maybe_mark_dynamic = mark_dynamic


def mark_static(t: Any, index: Any = None) -> None:
    """Does nothing: shapes are taken as they are.

    >>> import rushlight as torch
    >>> torch._dynamo.mark_static(torch.ones(2), 0)
    """
