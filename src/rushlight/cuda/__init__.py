"""CUDA devices: which there are, which one is current, and their memory and random streams.

What only asks (`is_available`, `device_count`, `memory_allocated`) never raises. What needs a
device raises the error that says why there is none.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..device import device as Device
from ..kernels.cuda import CUDA, OutOfMemoryError, count_devices, load_cupy
from ..kernels.devices import find_table, is_open, with_index
from ..types import AnyDevice

if TYPE_CHECKING:
    from ..random import Generator
    from ..tensor import Tensor

__all__ = [
    "OutOfMemoryError", "current_device", "device", "device_count", "empty_cache",
    "get_device_capability", "get_device_name", "get_device_properties", "get_rng_state",
    "get_rng_state_all", "init", "initial_seed", "is_available", "is_initialized", "manual_seed",
    "manual_seed_all", "mem_get_info", "memory_allocated", "memory_reserved", "seed", "seed_all",
    "set_device", "set_rng_state", "set_rng_state_all", "synchronize",
]  # fmt: skip

# ---- which there are


def device_count() -> int:
    """How many GPUs can be used; 0 where CuPy, a driver or a GPU is missing."""
    try:
        return count_devices(load_cupy())
    except (AssertionError, RuntimeError, ImportError):
        return 0


def is_available() -> bool:
    """Whether tensors can be put on a GPU. If not, `torch.cuda.init()` raises why.

    >>> import rushlight as torch
    >>> device = "cuda" if torch.cuda.is_available() else "cpu"
    """
    return device_count() > 0


def is_initialized() -> bool:
    """Whether a CUDA device has been used."""
    return is_open("cuda")


def init() -> None:
    """Makes CUDA ready, which its first use does as well; raises why it cannot be used."""
    find_table(Device("cuda"))


def _cupy() -> Any:
    init()
    return CUDA.xp


def _index(device: AnyDevice) -> int:
    """The number of a device: of the current one for None and for "cuda"."""
    where = with_index(Device("cuda" if device is None else device))
    if where.type != "cuda":
        raise ValueError(f"Expected a cuda device, but got: {where}")
    assert where.index is not None
    find_table(where)
    return where.index


def current_device() -> int:
    """The number of the device that "cuda" means."""
    return _index(None)


def set_device(device: AnyDevice) -> None:
    """Makes "cuda" mean another device."""
    _cupy().cuda.Device(_index(device)).use()


class device:
    """Makes "cuda" mean another device inside a `with` block; None and -1 change nothing."""

    def __init__(self, device: AnyDevice) -> None:
        self._wanted = device

    def __enter__(self) -> None:
        self._context = None
        if self._wanted is not None and self._wanted != -1:
            self._context = CUDA.context(_index(self._wanted))
            self._context.__enter__()

    def __exit__(self, *error: object) -> None:
        if self._context is not None:
            self._context.__exit__(*error)


def synchronize(device: AnyDevice = None) -> None:
    """Waits until a device has done all that it was told to."""
    _cupy().cuda.Device(_index(device)).synchronize()


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
    found = _cupy().cuda.runtime.getDeviceProperties(_index(device))
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


# ---- memory


def _pool_bytes(name: str, device: AnyDevice) -> int:
    if not is_initialized():
        return 0
    with CUDA.context(_index(device)):
        return getattr(CUDA.xp.get_default_memory_pool(), name)()


def memory_allocated(device: AnyDevice = None) -> int:
    """The bytes that tensors take on a device."""
    return _pool_bytes("used_bytes", device)


def memory_reserved(device: AnyDevice = None) -> int:
    """The bytes that are held on a device, for tensors that are there and for those to come."""
    return _pool_bytes("total_bytes", device)


def mem_get_info(device: AnyDevice = None) -> tuple[int, int]:
    """A device's free memory and all of it, in bytes, whoever uses the rest."""
    return _cupy().cuda.Device(_index(device)).mem_info


def empty_cache() -> None:
    """Gives memory that no tensor takes back to the device, for other programs."""
    if is_initialized():
        CUDA.xp.get_default_memory_pool().free_all_blocks()


# ---- random streams


def _generator(device: AnyDevice) -> Generator:
    from ..random import default_generator_of

    return default_generator_of(Device("cuda", _index(device)))


def manual_seed(seed: int) -> None:
    """Seeds the current device's generator; without CUDA nothing happens."""
    if is_available():
        _generator(None).manual_seed(int(seed))


def manual_seed_all(seed: int) -> None:
    """Seeds the generators of all devices; without CUDA nothing happens."""
    for index in range(device_count()):
        _generator(index).manual_seed(int(seed))


def seed() -> None:
    """Seeds the current device's generator from the operating system."""
    _generator(None).seed()


def seed_all() -> None:
    """Seeds the generators of all devices with one seed from the operating system."""
    chosen = _generator(None).seed()
    manual_seed_all(chosen)


def initial_seed() -> int:
    """The seed that the current device's stream began with."""
    return _generator(None).initial_seed()


def get_rng_state(device: AnyDevice = "cuda") -> Tensor:
    """The state of a device's generator, a uint8 tensor on the CPU."""
    return _generator(device).get_state()


def set_rng_state(new_state: Tensor, device: AnyDevice = "cuda") -> None:
    """Continues a device's generator from a state that `get_rng_state` returned."""
    _generator(device).set_state(new_state)


def get_rng_state_all() -> list[Tensor]:
    """The states of all devices' generators."""
    return [get_rng_state(index) for index in range(device_count())]


def set_rng_state_all(new_states: Iterable[Tensor]) -> None:
    """Continues all devices' generators."""
    for index, state in enumerate(new_states):
        set_rng_state(state, index)
