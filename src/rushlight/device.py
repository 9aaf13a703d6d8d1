"""Devices by name, and the error that a missing one raises."""

from __future__ import annotations

import threading
from typing import Any, Self


class device:
    """Where a tensor's memory is: a type ("cpu", "cuda") and an index.

    PyTorch's other types ("mps", "xpu", ...) are names that tensors cannot be on.

    As a context it is where tensors are made for which no device is given: `with device("cuda"):`.
    Tensors of "meta" have none: they have a shape and a dtype, and no values.

    >>> import rushlight as torch
    >>> torch.device("cuda", 1)
    device(type='cuda', index=1)
    >>> torch.device("cpu") == torch.zeros(2).device
    True
    """

    __slots__ = ("type", "index")

    type: str
    index: int | None

    def __init__(self, type: str | device | int, index: int | None = None) -> None:
        if isinstance(type, device):
            self.type, self.index = type.type, type.index
            return
        if isinstance(type, int):
            self.type, self.index = "cuda", type
            return
        if not isinstance(type, str):
            raise TypeError(f"device(): expected a string, got {type!r}")
        name, separator, number = type.partition(":")
        if separator:
            if index is not None:
                raise RuntimeError(f"type (string) must not include an index because index was "
                                   f"passed explicitly: {type}")  # fmt: skip
            if not number.isdigit() or (number[0] == "0" and len(number) > 1):
                raise RuntimeError(f"Invalid device string: '{type}'")
            index = int(number)
        if not type:
            raise RuntimeError("Device string must not be empty")
        if name not in known_types:
            raise RuntimeError(
                f"Expected one of {', '.join(known_types)} device type at start of device string: "
                f"{name}"
            )
        self.type, self.index = name, index

    def __eq__(self, other: Any) -> bool:
        if not isinstance(other, device):
            return NotImplemented
        return self.type == other.type and self.index == other.index

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __repr__(self) -> str:
        index = "" if self.index is None else f", index={self.index}"
        return f"device(type='{self.type}'{index})"

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __enter__(self) -> Self:
        chosen.append(self)
        _thread.contexts.append(self)
        return self

    def __exit__(self, *exception: Any) -> None:
        chosen.remove(_thread.contexts.pop())

    def __reduce__(self) -> tuple[Any, ...]:
        return _remade, (self.type, self.index)  # the class may be known as torch's


def _remade(type: str, index: int | None) -> device:
    return device(type, index)


# PyTorch's. Those of "cpu", "cuda" and "meta" are here; a tensor on another is refused when it is
# made, so that programs that name theirs beside a question whether it is there run.
known_types = [
    "cpu", "cuda", "ipu", "xpu", "mkldnn", "opengl", "opencl", "ideep", "hip", "ve", "fpga", "maia",
    "xla", "lazy", "vulkan", "mps", "meta", "hpu", "mtia", "privateuseone",
]  # fmt: skip
cpu = device("cpu")


# ---- where tensors are made for which no device is given

# Every device that is one by a context or a default, in whatever thread; empty, all is the CPU's.
chosen: list[device] = []


class _Thread(threading.local):
    def __init__(self) -> None:
        self.contexts: list[device] = []  # the innermost is the last
        self.default: device | None = None


_thread = _Thread()


def default_device() -> device:
    """Where this thread makes tensors for which no device is given."""
    if not chosen:
        return cpu
    return _thread.contexts[-1] if _thread.contexts else _thread.default or cpu


_device = device


def set_default_device(device: Any) -> None:
    """Makes tensors on `device` where none is given; None is the CPU again. Of this thread alone.

    Functions that make a tensor from numbers or from nothing (`zeros`, `tensor`, `randn`) go by it,
    and so do modules, but not `torch.Tensor(...)`. Within a `with torch.device(...)` that counts.

    >>> import rushlight as torch
    >>> torch.set_default_device("cpu")
    >>> torch.get_default_device()
    device(type='cpu')
    >>> torch.set_default_device(None)
    """
    wanted = None if device is None else _device(device)
    if _thread.default is not None:
        chosen.remove(_thread.default)
    _thread.default = wanted
    if wanted is not None:
        chosen.append(wanted)
