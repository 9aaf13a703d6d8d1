"""The GPUs of this machine, whoever makes them: `torch.accelerator`. Here they are CUDA's.

>>> import rushlight as torch
>>> device = torch.accelerator.current_accelerator() or torch.device("cpu")
"""

from __future__ import annotations

import warnings
from typing import Any

from .. import cuda
from ..cuda.streams import Stream
from ..device import device as Device
from ..storage import DTYPES
from ..types import AnyDevice
from .memory import (
    empty_cache,
    empty_host_cache,
    get_memory_info,
    max_memory_allocated,
    max_memory_reserved,
    memory_allocated,
    memory_reserved,
    memory_stats,
    require,
    reset_accumulated_memory_stats,
    reset_peak_memory_stats,
)

__all__ = [
    "current_accelerator", "current_device_idx", "current_device_index", "current_stream",
    "device_count", "device_index", "empty_cache", "empty_host_cache", "get_device_capability",
    "get_memory_info", "is_available", "max_memory_allocated", "max_memory_reserved",
    "memory_allocated", "memory_reserved", "memory_stats", "reset_accumulated_memory_stats",
    "reset_peak_memory_stats", "set_device_idx", "set_device_index", "set_stream", "synchronize",
]  # fmt: skip


def is_available() -> bool:
    """Whether there is a GPU.

    >>> import rushlight as torch
    >>> torch.accelerator.is_available() == torch.cuda.is_available()
    True
    """
    return cuda.is_available()


def device_count() -> int:
    """How many GPUs there are.

    >>> import rushlight as torch
    >>> torch.accelerator.device_count() == torch.cuda.device_count()
    True
    """
    return cuda.device_count()


def current_accelerator(check_available: bool = False) -> Device | None:
    """The device type of the GPUs, without a number; None where there are none.

    >>> import rushlight as torch
    >>> torch.accelerator.current_accelerator() in (None, torch.device("cuda"))
    True
    """
    return Device("cuda") if cuda.is_available() else None


def current_device_index() -> int:
    """The number of the GPU that "cuda" means. RuntimeError where there is none."""
    require()
    return cuda.current_device()


def current_device_idx() -> int:
    """The old name of `current_device_index`."""
    warnings.warn("Use `current_device_index` instead.", FutureWarning, stacklevel=2)
    return current_device_index()


def set_device_index(device: AnyDevice) -> None:
    """Makes "cuda" mean another GPU; -1 changes nothing."""
    if device != -1:
        require()
        cuda.set_device(device)


def set_device_idx(device: AnyDevice) -> None:
    """The old name of `set_device_index`."""
    warnings.warn("Use `set_device_index` instead.", FutureWarning, stacklevel=2)
    set_device_index(device)


def get_device_capability(device: AnyDevice = None) -> dict[str, Any]:
    """Which dtypes a GPU computes with."""
    require()
    return {"supported_dtypes": set(DTYPES.values())}


def synchronize(device: AnyDevice = None) -> None:
    """Waits until a GPU has done all that it was told to. RuntimeError where there is none."""
    require()
    cuda.synchronize(device)


def current_stream(device: AnyDevice = None) -> Stream:
    """The stream that kernels go to."""
    require()
    return cuda.current_stream(device)


def set_stream(stream: Stream) -> None:
    """Makes a stream the current one."""
    if not isinstance(stream, Stream):
        raise TypeError(f"set_stream: expected a torch.cuda.Stream, got {type(stream).__name__}")
    cuda.set_stream(stream)


class device_index:
    """Makes "cuda" mean another GPU inside a `with`; None changes nothing.

    >>> import rushlight as torch
    >>> with torch.accelerator.device_index(None):
    ...     x = torch.ones(1)
    """

    def __init__(self, device: int | None) -> None:
        self.idx = device
        self._context = cuda.device(device)

    def __enter__(self) -> None:
        if self.idx is not None:
            require()
        self._context.__enter__()

    def __exit__(self, *error: object) -> None:
        self._context.__exit__(*error)
