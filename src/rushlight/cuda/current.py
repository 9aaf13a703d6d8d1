"""Whether there are GPUs, how many, and which of them is meant."""

from __future__ import annotations

from typing import Any

from ..device import device as Device
from ..kernels.cuda import CUDA, count_devices, load_cupy
from ..kernels.devices import find_table, with_index
from ..types import AnyDevice


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


def init() -> None:
    """Makes CUDA ready, which its first use does as well; raises why it cannot be used."""
    find_table(Device("cuda"))


def cupy() -> Any:
    """CuPy, once a GPU can be used."""
    init()
    return CUDA.xp


def index_of(device: AnyDevice) -> int:
    """The number of a device: of the current one for None and for "cuda"."""
    where = with_index(Device("cuda" if device is None else device))
    if where.type != "cuda":
        raise ValueError(f"Expected a cuda device, but got: {where}")
    assert where.index is not None
    find_table(where)
    return where.index
