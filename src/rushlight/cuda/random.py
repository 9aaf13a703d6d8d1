"""The default generators of GPUs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..device import device as Device
from ..types import AnyDevice
from .current import device_count, index_of, is_available

if TYPE_CHECKING:
    from ..random import Generator
    from ..tensor import Tensor

def _generator(device: AnyDevice) -> Generator:
    from ..random import default_generator_of

    return default_generator_of(Device("cuda", index_of(device)))


def manual_seed(seed: int) -> None:
    """Seeds the current device's generator; without CUDA nothing happens."""
    if is_available():
        _generator(None).manual_seed(int(seed))


def manual_seed_all(seed: int) -> None:
    """Seeds the generators of all devices; without CUDA nothing happens."""
    for index in range(device_count()):
        _generator(index).manual_seed(int(seed))


def seed() -> None:
    """Seeds the current device's generator from the operating system, if there is one."""
    if is_available():
        _generator(None).seed()


def seed_all() -> None:
    """Seeds the generators of all devices with one seed from the operating system."""
    if is_available():
        manual_seed_all(_generator(None).seed())


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
