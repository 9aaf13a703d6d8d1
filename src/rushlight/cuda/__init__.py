"""CUDA devices: which there are, which one is current, and their memory and random streams.

What only asks (`is_available`, `device_count`, `memory_allocated`) never raises. What needs a
device raises the error that says why there is none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..kernels.cuda import CUDA, OutOfMemoryError
from ..kernels.devices import is_open
from ..tensor import Tensor
from ..types import AnyDevice
from . import memory, nvtx, profiler, random, streams
from .current import cupy as _cupy
from .current import device_count, index_of, init, is_available
from .memory import (
    empty_cache,
    host_memory_stats,
    max_memory_allocated,
    max_memory_cached,
    max_memory_reserved,
    mem_get_info,
    memory_allocated,
    memory_cached,
    memory_reserved,
    memory_snapshot,
    memory_stats,
    memory_stats_as_nested_dict,
    memory_summary,
    reset_accumulated_memory_stats,
    reset_max_memory_allocated,
    reset_max_memory_cached,
    reset_peak_memory_stats,
    set_per_process_memory_fraction,
)
from .random import (
    get_rng_state,
    get_rng_state_all,
    initial_seed,
    manual_seed,
    manual_seed_all,
    seed,
    seed_all,
    set_rng_state,
    set_rng_state_all,
)
from .streams import (
    Event,
    ExternalStream,
    Stream,
    StreamContext,
    current_stream,
    default_stream,
    set_stream,
    stream,
)

__all__ = [
    "Event", "ExternalStream", "OutOfMemoryError", "Stream", "StreamContext",
    "can_device_access_peer", "current_device", "current_stream", "default_stream", "device",
    "device_count", "device_of", "empty_cache", "get_arch_list", "get_device_capability",
    "get_device_name", "get_device_properties", "get_gencode_flags", "get_rng_state",
    "get_rng_state_all", "get_sync_debug_mode", "host_memory_stats", "init", "initial_seed",
    "ipc_collect", "is_available", "is_bf16_supported", "is_current_stream_capturing",
    "is_initialized", "is_tf32_supported", "manual_seed", "manual_seed_all",
    "max_memory_allocated", "max_memory_cached", "max_memory_reserved", "mem_get_info",
    "memory", "memory_allocated", "memory_cached", "memory_reserved", "memory_snapshot",
    "memory_stats", "memory_stats_as_nested_dict", "memory_summary", "memory_usage", "nvtx",
    "power_draw", "profiler", "random", "reset_accumulated_memory_stats",
    "reset_max_memory_allocated", "reset_max_memory_cached", "reset_peak_memory_stats", "seed",
    "seed_all", "set_device", "set_per_process_memory_fraction", "set_rng_state",
    "set_rng_state_all", "set_stream", "stream", "streams", "synchronize", "temperature",
    "utilization",
]  # fmt: skip

# ---- which there are


def is_initialized() -> bool:
    """Whether a CUDA device has been used."""
    return is_open("cuda")


def current_device() -> int:
    """The number of the device that "cuda" means."""
    return index_of(None)


def set_device(device: AnyDevice) -> None:
    """Makes "cuda" mean another device; -1 changes nothing."""
    if device != -1:
        _cupy().cuda.Device(index_of(device)).use()


class device:
    """Makes "cuda" mean another device inside a `with` block; None and -1 change nothing."""

    def __init__(self, device: AnyDevice) -> None:
        self._wanted = device

    def __enter__(self) -> None:
        self._context = None
        if self._wanted is not None and self._wanted != -1:
            self._context = CUDA.context(index_of(self._wanted))
            self._context.__enter__()

    def __exit__(self, *error: object) -> None:
        if self._context is not None:
            self._context.__exit__(*error)


class device_of(device):
    """Makes "cuda" mean the device of a tensor inside a `with` block, if it is on one."""

    def __init__(self, obj: Tensor) -> None:
        super().__init__(obj.get_device() if obj.is_cuda else -1)


def synchronize(device: AnyDevice = None) -> None:
    """Waits until a device has done all that it was told to."""
    _cupy().cuda.Device(index_of(device)).synchronize()


# ---- what they are


@dataclass(frozen=True)
class _DeviceProperties:
    name: str
    major: int
    minor: int
    total_memory: int
    multi_processor_count: int


def get_device_properties(device: AnyDevice = None) -> _DeviceProperties:
    """Name, compute capability (major, minor), memory in bytes and number of multiprocessors."""
    found = _cupy().cuda.runtime.getDeviceProperties(index_of(device))
    return _DeviceProperties(
        found["name"].decode(), found["major"], found["minor"], found["totalGlobalMem"],
        found["multiProcessorCount"],
    )  # fmt: skip


def get_device_name(device: AnyDevice = None) -> str:
    """A device's name, such as "NVIDIA H200"."""
    return get_device_properties(device).name


def get_device_capability(device: AnyDevice = None) -> tuple[int, int]:
    """A device's compute capability, such as (9, 0)."""
    found = get_device_properties(device)
    return found.major, found.minor


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """Whether a GPU computes with bfloat16: False without one.

    >>> import rushlight as torch
    >>> dtype = torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    """
    return is_available() and (including_emulation or get_device_capability()[0] >= 8)


def is_tf32_supported() -> bool:
    """Whether a GPU has units for TF32: False without one."""
    return is_available() and get_device_capability()[0] >= 8


def get_arch_list() -> list[str]:
    """The GPUs that kernels are there for: those that are here, for which CuPy compiles them."""
    count = device_count()
    found = {"sm_{}{}".format(*get_device_capability(index)) for index in range(count)}
    return sorted(found)


def get_gencode_flags() -> str:
    """An empty string: nothing is compiled before it is used."""
    return ""


def can_device_access_peer(device: AnyDevice, peer_device: AnyDevice) -> bool:
    """Whether a device reads the memory of another by itself."""
    runtime = _cupy().cuda.runtime
    return bool(runtime.deviceCanAccessPeer(index_of(device), index_of(peer_device)))


def ipc_collect() -> None:
    """Does nothing: memory of GPUs does not go to other processes here."""
    init()


def is_current_stream_capturing() -> bool:
    """False: `torch.compile` records kernels by itself, and not by CUDA's graphs."""
    return False


def get_sync_debug_mode() -> int:
    """0: no mode says where a program waits for a GPU."""
    init()
    return 0


def _nvml(index: int) -> tuple[Any, Any]:
    """NVIDIA's library that watches GPUs, and its handle of one."""
    try:
        import pynvml
    except ImportError as error:
        raise ModuleNotFoundError(
            "nvidia-ml-py does not seem to be installed or it can't be imported."
        ) from error
    pynvml.nvmlInit()
    return pynvml, pynvml.nvmlDeviceGetHandleByIndex(index)


def utilization(device: AnyDevice = None) -> int:
    """How much of the time a device has been busy, in percent. Needs nvidia-ml-py."""
    library, handle = _nvml(index_of(device) if is_available() else 0)
    return int(library.nvmlDeviceGetUtilizationRates(handle).gpu)


def memory_usage(device: AnyDevice = None) -> int:
    """How much of the time a device's memory has been read or written, in percent. Needs
    nvidia-ml-py."""
    library, handle = _nvml(index_of(device) if is_available() else 0)
    return int(library.nvmlDeviceGetUtilizationRates(handle).memory)


def temperature(device: AnyDevice = None) -> int:
    """A device's temperature in degrees Celsius. Needs nvidia-ml-py."""
    library, handle = _nvml(index_of(device) if is_available() else 0)
    return int(library.nvmlDeviceGetTemperature(handle, library.NVML_TEMPERATURE_GPU))


def power_draw(device: AnyDevice = None) -> int:
    """What a device draws, in milliwatts. Needs nvidia-ml-py."""
    library, handle = _nvml(index_of(device) if is_available() else 0)
    return int(library.nvmlDeviceGetPowerUsage(handle))


default_generators: tuple[Any, ...] = ()  # made when they are first drawn from
has_half = True
has_magma = False
