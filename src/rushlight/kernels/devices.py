"""The tables of the devices that are present, made when first asked for."""

from __future__ import annotations

from typing import Any

from ..device import device
from .launch import tables_by_device


def find_table(where: device | None) -> Any:
    """The kernels of a device; PyTorch's error, with what to do, if there is no such device."""
    table = tables_by_device.get("cpu" if where is None else where.type)
    if table is None:
        raise AssertionError(
            f"Torch not compiled with {where.type.upper()} enabled: this version of Rushlight "  # type: ignore[union-attr]
            "computes on the CPU only; use device='cpu'"
        )
    return table
