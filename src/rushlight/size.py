"""The shape of a tensor as PyTorch's type."""

from __future__ import annotations

import math
from operator import index
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

    def __reduce__(self) -> Any:
        return _remade, (tuple(self),)  # the class may be known as torch's

    @overload
    def __getitem__(self, item: SupportsIndex) -> int: ...

    @overload
    def __getitem__(self, item: slice) -> Size: ...

    def __getitem__(self, item: Any) -> Any:
        found = tuple.__getitem__(self, item)
        return Size(found) if isinstance(item, slice) else found

    def __add__(self, other: Any) -> Size:
        if not isinstance(other, tuple):
            raise TypeError(
                f"can only concatenate tuple (not {type(other).__name__}) to torch.Size"
            )
        return _whole(tuple.__add__(self, other))

    def __radd__(self, other: Any) -> Size:
        return _whole(tuple.__add__(other, self)) if isinstance(other, tuple) else NotImplemented

    def __mul__(self, count: SupportsIndex) -> Size:
        return Size(tuple.__mul__(self, count))

    __rmul__ = __mul__


def _remade(sizes: tuple[int, ...]) -> Size:
    return Size(sizes)


def _whole(sizes: tuple[Any, ...]) -> Size:
    """The numbers as a size. Making a `Size` does not ask: every look at a shape would pay."""
    for place, size in enumerate(sizes):
        if not hasattr(size, "__index__"):
            raise TypeError(
                "torch.Size() takes an iterable of 'int' "
                f"(item {place} is '{type(size).__name__}')"
            )
    return Size(map(index, sizes))
