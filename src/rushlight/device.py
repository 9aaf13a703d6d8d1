"""Devices by name, and the error that a missing one raises."""

from __future__ import annotations

from typing import Any


class device:
    """Where a tensor's memory is: a type ("cpu", "cuda") and an index.

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
            if not number.isdigit():
                raise RuntimeError(f"Invalid device string: '{type}'")
            index = int(number)
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

    def __reduce__(self) -> tuple[Any, ...]:
        return device, (self.type, self.index)


known_types = ["cpu", "cuda", "meta"]
cpu = device("cpu")
