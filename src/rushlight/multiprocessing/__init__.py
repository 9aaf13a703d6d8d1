"""Python's multiprocessing, with tensors that go from process to process without a copy.

All of `multiprocessing` is here. A tensor that goes through a queue, a pipe or a pool, or as an
argument of a process, lies in shared memory from then on, on both sides.
"""

from __future__ import annotations

from multiprocessing import *  # noqa: F403

from . import reductions as reductions
from .spawn import (
    ProcessContext,
    ProcessException,
    ProcessExitedException,
    ProcessRaisedException,
    SpawnContext,
    spawn,
    start_processes,
)

__all__ = [
    "ProcessContext", "ProcessException", "ProcessExitedException", "ProcessRaisedException",
    "SpawnContext", "get_all_sharing_strategies", "get_sharing_strategy", "set_sharing_strategy",
    "spawn", "start_processes",
]  # fmt: skip

_STRATEGIES = {"file_descriptor", "file_system"}
_strategy = "file_descriptor"


def get_all_sharing_strategies() -> set[str]:
    """The strategies that `set_sharing_strategy` knows.

    >>> import rushlight as torch
    >>> sorted(torch.multiprocessing.get_all_sharing_strategies())
    ['file_descriptor', 'file_system']
    """
    return set(_STRATEGIES)


def get_sharing_strategy() -> str:
    """The strategy that was set, "file_descriptor" at first.

    >>> import rushlight as torch
    >>> torch.multiprocessing.get_sharing_strategy()
    'file_descriptor'
    """
    return _strategy


def set_sharing_strategy(new_strategy: str) -> None:
    """Takes PyTorch's strategies by name.

    Unlike PyTorch, memory is shared by descriptors under either: files with names outlive processes
    that are killed. Where descriptors run out, `ulimit -n` in the shell allows more.

    >>> import rushlight as torch
    >>> torch.multiprocessing.set_sharing_strategy("file_descriptor")
    >>> torch.multiprocessing.get_sharing_strategy()
    'file_descriptor'
    """
    global _strategy
    if new_strategy not in _STRATEGIES:
        raise AssertionError(
            f"invalid sharing strategy {new_strategy!r}, expected one of {sorted(_STRATEGIES)}"
        )
    _strategy = new_strategy
