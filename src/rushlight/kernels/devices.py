"""The tables of the devices that are present; those of an accelerator when first asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..device import default_device, device
from . import launch
from .launch import tables_by_device

# Per kind of accelerator that is in use: how many there are, and which is the current one.
_counts: dict[str, int] = {}
_currents: dict[str, Callable[[], int]] = {}
_WITHOUT_INDEX = ("cpu", "meta")  # of which there is one


def find_table(where: device | None) -> Any:
    """The kernels of a device; PyTorch's error, with what to do, if there is no such device."""
    return tables_by_device["cpu" if where is None else name_of(where)]


def name_of(where: device) -> str:
    """What the kernels of a device are known by; the same error if there is no such device."""
    if where.type == "cpu":
        return "cpu"
    if where.type not in tables_by_device:
        _open(where.type)
    if where.index is None or where.type == "meta":
        return where.type
    if where.index >= _counts[where.type]:
        raise RuntimeError(
            f"{where.type.upper()} error: invalid device ordinal: there is no {where}, the "
            f"machine's last is {where.type}:{_counts[where.type] - 1}"
        )
    return str(where)


def _open(kind: str) -> None:
    launch.refuse_record(f"uses {kind} for the first time")  # its tables are not in its hands
    if kind == "cuda":
        from .cuda import open_cuda

        open_cuda()
    elif kind == "meta":
        from . import meta  # noqa: F401 - makes the device known
    else:
        # PyTorch's builds without such devices tell them apart, too.
        kinds = {"xpu": AssertionError, "mtia": AssertionError}
        raise kinds.get(kind, NotImplementedError)(
            f"there are no {kind} devices: Rushlight has cpu and, with CuPy and an NVIDIA GPU, cuda"
        )


def register_accelerator(kind: Any, count: int) -> None:
    """Makes `count` devices of a kind known by the class of their tables."""
    from .accelerator import spread

    if count == 1:
        tables = [kind(0)]
        shared = tables[0]
    else:
        several = spread(kind)
        tables = [several(index) for index in range(count)]
        shared = several(None)
    launch.register(shared)
    for index, table in enumerate(tables):
        launch.register_device(f"{kind.device_name}:{index}", table)
    _counts[kind.device_name] = count
    _currents[kind.device_name] = kind.current_index


def with_index(where: device) -> device:
    """`where` with the index that it means: of an accelerator without one, the current device."""
    if where.type in _WITHOUT_INDEX:
        return device(where.type)
    find_table(where)
    return where if where.index is not None else device(where.type, _currents[where.type]())


def is_same_device(wanted: device, have: device) -> bool:
    """Whether `wanted`, which may name no index, means `have`."""
    if wanted.type != have.type:
        return False
    return wanted.type in _WITHOUT_INDEX or with_index(wanted) == have


def is_present(where: device) -> bool:
    """Whether a device can be used."""
    try:
        find_table(where)
    except (AssertionError, RuntimeError):
        return False
    return True


def is_open(kind: str) -> bool:
    """Whether devices of a kind are in use."""
    return kind in tables_by_device


def get_default_device() -> device:
    """Where tensors are made for which no device is given, with its index.

    >>> import rushlight as torch
    >>> torch.get_default_device()
    device(type='cpu')
    """
    where = default_device()
    return where if where.type == "cpu" else with_index(where)
