"""What the kernels of all families use: the array library, and what a table knows of it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...device import cpu, device
from ..declaration import kernel
from .memory_order import owner_of


class Library:
    """NumPy, unless a table says otherwise."""

    xp: Any = np
    array_type: type = np.ndarray
    device_name = "cpu"
    is_host = True  # elsewhere values are not read for checks: the host would wait for the device

    def array(self, value: Any) -> Any:
        """NumPy's functions return scalars for 0-d arrays; kernels return arrays."""
        return self.xp.asarray(value)

    def store(self, result: Any, out: Any, like: Any = None) -> Any:
        """`result`, or `out` with its values where the caller gave one.

        Where `like` has the result's shape, the result gets its memory order.
        """
        if out is None and like is not None and like.shape == result.shape:
            out = self.xp.empty_like(like, dtype=result.dtype)
        if out is None:
            return self.array(result)
        out[...] = result
        return out

    def device_of(self, x: Any) -> device:
        return cpu

    def data_pointer(self, x: Any) -> int:
        return x.__array_interface__["data"][0]

    def offset_of(self, x: Any) -> int:
        """How many bytes behind the start of its memory an array begins."""
        return self.data_pointer(x) - self.data_pointer(owner_of(x))

    def owns_memory(self, x: Any) -> bool:
        """Whether no other array can see this one's memory."""
        # A capsule is what the extension's allocator hangs onto its own blocks.
        return x.base is None or type(x.base).__name__ == "PyCapsule"

    @kernel("read")
    def to_numpy(self, x: Any) -> np.ndarray[Any, Any]:
        """The values on the host: the only way by which Python reads them."""
        return x

    @kernel("transfer")
    def from_numpy(self, x: np.ndarray[Any, Any]) -> Any:
        """A host array's values on the table's device."""
        return x

    @kernel("read")
    def scalar(self, x: Any) -> Any:
        return self.to_numpy(x).item()
