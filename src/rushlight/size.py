"""The shape of a tensor as PyTorch's type."""

from __future__ import annotations

import math
from typing import Any, SupportsIndex, overload


class Size(tuple[int, ...]):
    """The shape of a tensor: a tuple that prints as PyTorch's and counts its elements.

    >>> import rushlight as torch
    >>> size = torch.zeros(2, 3).shape
    >>> size, size.numel(), size == (2, 3)
    (torch.Size([2, 3]), 6, True)
    """

    __slots__ = ()

    def numel(self) -> int:
        return math.prod(self)

    def __repr__(self) -> str:
        return f"torch.Size({list(self)})"

    @overload
    def __getitem__(self, item: SupportsIndex) -> int: ...

    @overload
    def __getitem__(self, item: slice) -> Size: ...

    def __getitem__(self, item: Any) -> Any:
        found = tuple.__getitem__(self, item)
        return Size(found) if isinstance(item, slice) else found

    def __add__(self, other: Any) -> Size:
        return Size(tuple.__add__(self, tuple(other)))
