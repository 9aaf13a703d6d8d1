"""The memory of this machine's GPUs. RuntimeError where there are none."""

from __future__ import annotations

from typing import Any

from ..cuda import memory
from ..cuda.current import is_available
from ..types import AnyDevice


def require() -> None:
    """PyTorch's error where there is no GPU."""
    if not is_available():
        raise RuntimeError("Cannot access accelerator device when none is available.")


def empty_cache() -> None:
    """Gives memory that no tensor takes back to the device."""
    require()
    memory.empty_cache()


def empty_host_cache() -> None:
    """Does nothing: memory of the CPU is not pinned here."""
    require()


def memory_allocated(device_index: AnyDevice = None, /) -> int:
    """The bytes that tensors take on a GPU."""
    require()
    return memory.memory_allocated(device_index)


def max_memory_allocated(device_index: AnyDevice = None, /) -> int:
    """About the most bytes that tensors have taken on a GPU since `reset_peak_memory_stats`."""
    require()
    return memory.max_memory_allocated(device_index)


def memory_reserved(device_index: AnyDevice = None, /) -> int:
    """The bytes that are held on a GPU for tensors."""
    require()
    return memory.memory_reserved(device_index)


def max_memory_reserved(device_index: AnyDevice = None, /) -> int:
    """The most bytes that were held on a GPU."""
    require()
    return memory.max_memory_reserved(device_index)


def memory_stats(device_index: AnyDevice = None, /) -> dict[str, Any]:
    """These numbers by PyTorch's names."""
    require()
    return memory.memory_stats(device_index)


def get_memory_info(device_index: AnyDevice = None, /) -> tuple[int, int]:
    """A GPU's free memory and all of it, in bytes."""
    require()
    return memory.mem_get_info(device_index)


def reset_peak_memory_stats(device_index: AnyDevice = None, /) -> None:
    """Lets `max_memory_allocated` begin anew."""
    require()
    memory.reset_peak_memory_stats(device_index)


def reset_accumulated_memory_stats(device_index: AnyDevice = None, /) -> None:
    """Does nothing: nothing is summed up."""
    require()
