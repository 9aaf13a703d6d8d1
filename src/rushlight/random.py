"""Generators of random numbers, and the default one of each device.

A `Generator` holds the state that a device's kernels draw from. On the CPU the numbers are those of
PyTorch (`kernels/base/random.py`); on other devices they come from Philox (`philox.py` there).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from .device import cpu
from .device import device as Device
from .kernels.base import philox
from .kernels.base.random import HAS_NORMAL, KEY, NORMAL, POSITION, SEED, STATE_SIZE
from .kernels.devices import with_index
from .kernels.launch import kernels as kernel_tables
from .kernels.launch import refuse_record, tables_by_device
from .tensor import Tensor, wrap

__all__ = [
    "Generator", "default_generator", "fork_rng", "get_rng_state", "initial_seed", "manual_seed",
    "seed", "set_rng_state",
]  # fmt: skip

_STATE = "seeds or reads a random generator"
# PyTorch's layout of a saved state: its old generator's fields, then a float32 normal that the CPU
# generator no longer keeps.
_SAVED = np.dtype([
    ("seed", "<u8"), ("left", "<i4"), ("seeded", "<i4"), ("next", "<u8"), ("key", "<u8", 624),
    ("unused", "<f8"), ("normal", "<f8"), ("unused2", "<f8"), ("has_normal", "<i4"),
    ("unused3", "<i4", 3),
])  # fmt: skip


class Generator:
    """A stream of random numbers of a device, the same for the same seed.

    On the CPU it is PyTorch's, MT19937; elsewhere a `PhiloxGenerator` is made. `state` is what the
    kernels draw from.

    >>> import rushlight as torch
    >>> generator = torch.Generator().manual_seed(0)
    >>> torch.rand(3, generator=generator)
    tensor([0.4963, 0.7682, 0.0885])
    """

    state: np.ndarray[Any, Any]
    _zero_state = np.zeros(STATE_SIZE, np.uint32)

    def __new__(cls, device: Device | str = "cpu") -> Generator:
        return object.__new__(cls if Device(device).type == "cpu" else PhiloxGenerator)

    def __init__(self, device: Device | str = "cpu") -> None:
        if Device(device).type == "meta":
            raise RuntimeError(
                "Generator: META device type not an accelerator: tensors without memory draw "
                "nothing, and take any generator of the CPU"
            )
        try:
            self._device = with_index(Device(device))
        except (AssertionError, RuntimeError) as error:
            raise RuntimeError(
                f"Generator: there is no generator for device '{device}': {error}"
            ) from error
        self.state = self._zero_state.copy()
        self.manual_seed(67280421310721)

    @property
    def device(self) -> Device:
        return self._device

    def manual_seed(self, seed: int) -> Generator:
        """Starts the stream of `seed` (-2**63 to 2**64 - 1; the CPU's takes its low 32 bits).

        >>> import rushlight as torch
        >>> generator = torch.Generator().manual_seed(7)
        >>> generator.initial_seed()
        7
        """
        if not isinstance(seed, (int, np.integer)):
            raise RuntimeError(f"manual_seed expected a long, but got {type(seed).__name__}")
        seed = int(seed)
        if not -(2**63) <= seed < 2**64:
            raise ValueError(
                f"Overflow when unpacking long long: a seed is in [-2**63, 2**64), not {seed}"
            )
        self._start(seed)
        return self

    def _start(self, seed: int) -> None:
        refuse_record(_STATE)
        key = [seed & 0xFFFFFFFF]
        for i in range(1, 624):  # Matsumoto and Nishimura's initialisation of 2002
            key.append((1812433253 * (key[-1] ^ key[-1] >> 30) + i) & 0xFFFFFFFF)
        self.state[...] = 0
        self.state[KEY] = key
        self.state[POSITION] = 624
        self.state[SEED].view(np.uint64)[0] = seed % 2**64

    def seed(self) -> int:
        """Starts the stream of a seed from the operating system, and returns the seed.

        >>> import rushlight as torch
        >>> generator = torch.Generator()
        >>> generator.seed() == generator.initial_seed()
        True
        """
        seed = int.from_bytes(os.urandom(8), "little")
        self.manual_seed(seed)
        return seed

    def initial_seed(self) -> int:
        """The seed that the stream began with.

        >>> import rushlight as torch
        >>> torch.Generator().manual_seed(7).initial_seed()
        7
        """
        return int(self.state[SEED].view(np.uint64)[0])

    def get_state(self) -> Tensor:
        """The state in PyTorch's layout: 5056 bytes as a uint8 tensor.

        >>> import rushlight as torch
        >>> torch.Generator().get_state().shape
        torch.Size([5056])
        """
        refuse_record(_STATE)
        saved = np.zeros(1, _SAVED)
        position = int(self.state[POSITION])
        saved["seed"] = self.initial_seed()
        saved["left"] = 625 - position  # PyTorch counts down to 1, too
        saved["seeded"] = 1
        saved["next"] = position
        saved["key"] = self.state[KEY]
        saved["has_normal"] = self.state[HAS_NORMAL]
        saved["normal"] = self.state[NORMAL].view(np.float64)
        return wrap(saved.view(np.uint8))

    def set_state(self, new_state: Tensor) -> Generator:
        """Continues the stream from what `get_state` returned, here or under PyTorch.

        >>> import rushlight as torch
        >>> generator, other = torch.Generator().manual_seed(7), torch.Generator()
        >>> other.set_state(generator.get_state()).initial_seed()
        7
        """
        refuse_record(_STATE)
        saved = _read_state(new_state)
        left = int(saved["left"])
        self.state[KEY] = saved["key"]
        self.state[POSITION] = 624 if left == 1 else saved["next"]
        self.state[HAS_NORMAL] = saved["has_normal"]
        self.state[NORMAL].view(np.float64)[0] = saved["normal"]
        self.state[SEED].view(np.uint64)[0] = saved["seed"]
        return self

    def clone_state(self) -> Generator:
        """Another generator that continues as this one would.

        >>> import rushlight as torch
        >>> generator = torch.Generator().manual_seed(7)
        >>> same = generator.clone_state()
        >>> torch.equal(torch.rand(2, generator=generator), torch.rand(2, generator=same))
        True
        """
        generator = Generator(self._device)
        generator.state[...] = self.state
        return generator

    def __reduce__(self) -> tuple[Any, ...]:
        return Generator, (self._device,), self.state.copy()

    def __setstate__(self, state: np.ndarray[Any, Any]) -> None:
        self.state[...] = state


class PhiloxGenerator(Generator):
    """The generator of a device that is not the CPU; made as `torch.Generator(device="cuda")`."""

    _zero_state = np.zeros(3, np.uint64)

    def __init__(self, device: Device | str) -> None:
        super().__init__(device)
        self.state[philox.DEVICE] = self._device.index

    def _start(self, seed: int) -> None:
        refuse_record(_STATE)
        self.state[philox.SEED], self.state[philox.BLOCK] = seed % 2**64, 0

    def initial_seed(self) -> int:
        return int(self.state[philox.SEED])

    def get_state(self) -> Tensor:
        """Seed and position: 16 bytes as a uint8 tensor on the CPU."""
        refuse_record(_STATE)
        return wrap(self.state[:2].view(np.uint8).copy())

    def set_state(self, new_state: Tensor) -> Generator:
        refuse_record(_STATE)
        saved = _bytes_of(new_state)
        if saved.size != 16:
            raise RuntimeError(
                f"RNG state is wrong size: expected 16 bytes for a generator of {self._device}, "
                f"got {saved.size}"
            )
        self.state[:2] = saved.view(np.uint64)
        return self


def _bytes_of(state: Tensor) -> np.ndarray[Any, Any]:
    if not isinstance(state, Tensor):
        raise TypeError(f"expected a torch.ByteTensor, but got {type(state).__name__}")
    array = state.host_array()
    if array.dtype != np.uint8:
        raise TypeError(f"RNG state must be a torch.ByteTensor, not {state.dtype}")
    return np.ascontiguousarray(array).reshape(-1)


def _read_state(state: Tensor) -> Any:
    array = _bytes_of(state)
    if array.size != _SAVED.itemsize:
        raise RuntimeError(
            f"Expected a CPUGeneratorImplState of size {_SAVED.itemsize} but found the input RNG "
            f"state size to be {array.size}"
        )
    saved = array.view(_SAVED)[0]
    if saved["seeded"] != 1 or not 0 < saved["left"] <= 624 or saved["next"] > 624:
        raise RuntimeError("Invalid mt19937 state: these bytes are not from get_state")
    return saved


default_generator = Generator()
default_generator.seed()
# Those of other devices, made when first drawn from; and the seed that they start with then.
_on_devices: dict[Device, Generator] = {}
_seed_of_others: int | None = None


def default_generator_of(where: Device) -> Generator:
    """The generator that a device draws from unless told otherwise; its RuntimeError if none."""
    if where.type in ("cpu", "meta"):  # on which nothing is drawn
        return default_generator
    where = with_index(where)
    found = _on_devices.get(where)
    if found is None:
        found = _on_devices[where] = Generator(where)
        if _seed_of_others is None:
            found.seed()
        else:
            found.manual_seed(_seed_of_others)
    return found


def default_state(array: Any) -> Any:
    """The default generator's state where an array is."""
    where = kernel_tables[type(array)].device_of(array)
    return default_generator.state if where is cpu else default_generator_of(where).state


def default_states() -> list[Any]:
    """The states of the default generators of all devices that are in use."""
    devices = {with_index(Device(name)) for name in tables_by_device if name not in ("cpu", "meta")}
    return [default_generator.state, *[default_generator_of(where).state for where in devices]]


def manual_seed_of_others(seed: int) -> None:
    """Seeds the default generators of all devices but the CPU, also of those not yet in use."""
    global _seed_of_others
    _seed_of_others = seed
    for generator in _on_devices.values():
        generator.manual_seed(seed)


def manual_seed(seed: int) -> Generator:
    """Seeds the default generators of all devices; on the CPU the streams are then PyTorch's.

    >>> import rushlight as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.randint(10, (5,))
    tensor([4, 9, 3, 0, 3])
    """
    default_generator.manual_seed(int(seed))
    manual_seed_of_others(int(seed))
    return default_generator


def seed() -> int:
    """Seeds the default generators from the operating system, and returns the seed.

    >>> import rushlight as torch
    >>> seed = torch.seed()
    >>> torch.initial_seed() == seed
    True
    """
    chosen = default_generator.seed()
    manual_seed_of_others(chosen)
    return chosen


def initial_seed() -> int:
    """The seed that the default generator's stream began with.

    >>> import rushlight as torch
    >>> generator = torch.manual_seed(7)
    >>> torch.initial_seed()
    7
    """
    return default_generator.initial_seed()


def get_rng_state() -> Tensor:
    """The default generator's state, a uint8 tensor of 5056 elements.

    >>> import rushlight as torch
    >>> state = torch.get_rng_state()
    >>> state.dtype, state.shape
    (torch.uint8, torch.Size([5056]))
    """
    return default_generator.get_state()


def set_rng_state(new_state: Tensor) -> None:
    """Continues the default generator from a state that `get_rng_state` returned.

    >>> import rushlight as torch
    >>> state = torch.get_rng_state()
    >>> first = torch.rand(3)
    >>> torch.set_rng_state(state)
    >>> torch.equal(torch.rand(3), first)
    True
    """
    default_generator.set_state(new_state)


@contextmanager
def fork_rng(devices: Iterable[Any] | None = None, enabled: bool = True,
             device_type: str | None = None) -> Iterator[None]:  # fmt: skip
    """Puts the default generators back to where they were, once the `with` block is left.

    Those of all devices in use are, so `devices` and `device_type` change nothing.

    >>> import rushlight as torch
    >>> _ = torch.manual_seed(0)
    >>> with torch.random.fork_rng():
    ...     a = torch.rand(2)
    >>> torch.equal(a, torch.rand(2))
    True
    """
    if not enabled:
        yield
        return
    refuse_record(_STATE)
    states = [(g, g.state.copy()) for g in (default_generator, *_on_devices.values())]
    try:
        yield
    finally:
        for generator, state in states:
            generator.state[...] = state
