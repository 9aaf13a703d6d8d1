"""The memory of GPUs: what tensors take of CuPy's pool, and what they have taken at most."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from typing import Any

from ..kernels.cuda import CUDA
from ..kernels.devices import is_open
from ..types import AnyDevice
from .current import cupy, index_of


def _pool_bytes(name: str, device: AnyDevice) -> int:
    if not is_open("cuda"):
        return 0
    with CUDA.context(index_of(device)):
        return getattr(CUDA.xp.get_default_memory_pool(), name)()


def memory_allocated(device: AnyDevice = None) -> int:
    """The bytes that tensors take on a device."""
    return _pool_bytes("used_bytes", device)


def memory_reserved(device: AnyDevice = None) -> int:
    """The bytes that are held on a device, for tensors that are there and for those to come."""
    return _pool_bytes("total_bytes", device)


def mem_get_info(device: AnyDevice = None) -> tuple[int, int]:
    """A device's free memory and all of it, in bytes, whoever uses the rest."""
    return cupy().cuda.Device(index_of(device)).mem_info


def empty_cache() -> None:
    """Gives memory that no tensor takes back to the device, for other programs."""
    if is_open("cuda"):
        CUDA.xp.get_default_memory_pool().free_all_blocks()


def max_memory_allocated(device: AnyDevice = None) -> int:
    """About the most bytes that tensors have taken on a device since `reset_peak_memory_stats`.

    It is what the pool holds, which grows where nothing in it is free; PyTorch counts tensors.
    """
    return memory_reserved(device)


def max_memory_reserved(device: AnyDevice = None) -> int:
    """The bytes that are held on a device: the pool gives none back by itself."""
    return memory_reserved(device)


def memory_cached(device: AnyDevice = None) -> int:
    """The old name of `memory_reserved`."""
    warnings.warn(
        "`torch.cuda.memory_cached` has been renamed to `torch.cuda.memory_reserved`",
        FutureWarning, stacklevel=2,
    )  # fmt: skip
    return memory_reserved(device)


def max_memory_cached(device: AnyDevice = None) -> int:
    """The old name of `max_memory_reserved`."""
    warnings.warn(
        "`torch.cuda.max_memory_cached` has been renamed to `torch.cuda.max_memory_reserved`",
        FutureWarning, stacklevel=2,
    )  # fmt: skip
    return max_memory_reserved(device)


def reset_peak_memory_stats(device: AnyDevice = None) -> None:
    """Lets `max_memory_allocated` begin anew: what no tensor takes goes back to the device.

    Unlike PyTorch's build for the CPU, it does nothing without a GPU.
    """
    empty_cache()


def reset_max_memory_allocated(device: AnyDevice = None) -> None:
    """The old name of `reset_peak_memory_stats`."""
    reset_peak_memory_stats(device)


def reset_max_memory_cached(device: AnyDevice = None) -> None:
    """The old name of `reset_peak_memory_stats`."""
    reset_peak_memory_stats(device)


def reset_accumulated_memory_stats(device: AnyDevice = None) -> None:
    """Does nothing: nothing is summed up."""


def memory_stats(device: AnyDevice = None) -> dict[str, Any]:
    """Those of PyTorch's numbers that the pool knows, by PyTorch's names; none without a GPU."""
    if not is_open("cuda"):
        return OrderedDict()
    return OrderedDict({
        "allocated_bytes.all.current": memory_allocated(device),
        "allocated_bytes.all.peak": max_memory_allocated(device),
        "reserved_bytes.all.current": memory_reserved(device),
        "reserved_bytes.all.peak": max_memory_reserved(device),
    })  # fmt: skip


def memory_stats_as_nested_dict(device: AnyDevice = None) -> dict[str, Any]:
    """`memory_stats` as dictionaries in dictionaries."""
    nested: dict[str, Any] = {}
    for name, value in memory_stats(device).items():
        *path, last = name.split(".")
        place = nested
        for part in path:
            place = place.setdefault(part, {})
        place[last] = value
    return nested


def host_memory_stats() -> dict[str, Any]:
    """An empty dictionary: memory of the CPU is not pinned here."""
    return OrderedDict()


def memory_snapshot() -> list[Any]:
    """An empty list: the pool does not list its blocks."""
    return []


def memory_summary(device: AnyDevice = None, abbreviated: bool = False) -> str:
    """`memory_stats`, a line for each number, in bytes."""
    lines = [f"{name}: {value:,}" for name, value in memory_stats(device).items()]
    return "\n".join(lines) + "\n" if lines else "no GPU is in use\n"


def set_per_process_memory_fraction(fraction: float, device: AnyDevice = None) -> None:
    """Lets tensors take no more than a part of a device's memory: 0.5 for half of it."""
    if not isinstance(fraction, float):
        raise TypeError(f"Invalid type for fraction argument, must be `float`, not {fraction!r}")
    pool = cupy().get_default_memory_pool()
    if not 0 <= fraction <= 1:
        raise ValueError(f"Invalid fraction value: {fraction}. Allowed range: 0~1")
    with CUDA.context(index_of(device)):
        pool.set_limit(fraction=fraction)
