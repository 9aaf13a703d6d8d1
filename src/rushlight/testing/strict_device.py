"""The device "strict": what fails on a GPU fails there, on every machine.

Its arrays are those of `strict_array`: NumPy's underneath, so that results are the CPU's, bit for
bit where the kernels are the generic ones.
"""

from __future__ import annotations

from typing import Any

from ..device import known_types
from ..kernels.accelerator import Accelerator
from ..kernels.devices import register_accelerator
from .strict_array import ArrayModule

COUNT = 2
module = ArrayModule("strict", COUNT)


class Strict(Accelerator):
    """The generic kernels on strict arrays."""

    xp = module
    array_type = module.ndarray
    device_name = "strict"

    def special_functions(self) -> Any:
        return module.special()

    @classmethod
    def current_index(cls) -> int:
        return module.current.id

    @classmethod
    def context(cls, index: int) -> Any:
        return module.devices[index]


def register_strict_device() -> ArrayModule:
    """Makes `device("strict", 0)` and `device("strict", 1)` known; their array module counts.

    >>> import rushlight as torch
    >>> from rushlight.testing import register_strict_device
    >>> module = register_strict_device()
    >>> x = torch.ones(2, device="strict")
    >>> with module.counted() as transfers:
    ...     total = (x + 1).sum().item()
    >>> total, transfers.to_device, transfers.to_host
    (4.0, 0, 1)
    """
    if "strict" not in known_types:
        known_types.append("strict")
        register_accelerator(Strict, COUNT)
    return module
