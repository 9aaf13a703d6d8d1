"""The order in which an array's elements lie in memory, as the program that made it sees it."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, NamedTuple


def is_channels_last(array: Any) -> bool:
    """Whether an image batch (N, C, H, W) lies in memory as N, H, W, C."""
    return array.ndim > 2 and _is_channels_last(array.shape, array.strides, array.itemsize)


def _is_channels_last(
    shape: tuple[int, ...], strides: tuple[int, ...], itemsize: int
) -> bool:
    if len(shape) < 3:
        return False
    expected = itemsize
    for axis in (1, *range(len(shape) - 1, 1, -1), 0):
        if shape[axis] != 1 and strides[axis] != expected:
            return False
        expected *= shape[axis]
    return True


class FillingOrder(NamedTuple):
    """The axes of an array from the outermost in memory to the innermost, None where that is their
    order; the way back; and whether its elements lie one after the other in the order of its shape.
    """

    axes: tuple[int, ...] | None
    back: tuple[int, ...]
    contiguous: bool


_IN_ORDER = FillingOrder(None, (), True)


def filling_order(x: Any) -> FillingOrder:
    """The order in which random numbers fill an array, as in PyTorch.

    Where images lie channels-last without the program's asking, it is the order that they would
    have there: an array that owns such memory was made so by a kernel, while a program that asked
    has a view of rows (N, H, W, C).
    """
    owner = x.base
    if owner is None and x.flags.c_contiguous:
        return _IN_ORDER
    if getattr(owner, "strides", None) is None:
        owner = x
    return _order(x.shape, x.strides, owner.shape, owner.strides, x.itemsize, owner.itemsize)


@lru_cache(4096)  # 4 us without
def _order(
    shape: tuple[int, ...], strides: tuple[int, ...], owner_shape: tuple[int, ...],
    owner_strides: tuple[int, ...], itemsize: int, owner_itemsize: int,
) -> FillingOrder:  # fmt: skip
    dense = _dense(owner_shape)
    shown = strides
    in_order = _are_strides(strides, _dense(shape), shape, itemsize)
    if not _are_strides(owner_strides, dense, owner_shape, owner_itemsize) and (
        _is_channels_last(owner_shape, owner_strides, owner_itemsize)
    ):
        shown = _shown_strides(strides, shape, owner_shape, owner_strides)
        in_order = shown == _dense(shape)
    elif in_order:
        return _IN_ORDER
    axes = _sorted_axes(shown, shape)
    if axes == tuple(range(len(shape))):
        return FillingOrder(None, (), in_order)
    return FillingOrder(axes, tuple(sorted(range(len(axes)), key=axes.__getitem__)), in_order)


def _are_strides(
    strides: tuple[int, ...], dense: tuple[int, ...], shape: tuple[int, ...], itemsize: int
) -> bool:
    """Whether an array lies densely in the order of its shape."""
    return 0 in shape or all(
        n == 1 or s == d * itemsize for s, d, n in zip(strides, dense, shape, strict=True)
    )


def _shown_strides(
    strides: tuple[int, ...], shape: tuple[int, ...], owner_shape: tuple[int, ...],
    owner_strides: tuple[int, ...],
) -> tuple[int, ...]:  # fmt: skip
    """A view's strides, counted in elements, were its owner in the order of its shape."""
    would_be = _dense(owner_shape)
    falling = sorted(range(len(owner_shape)), key=lambda axis: -owner_strides[axis])
    shown = []
    for stride, n in zip(strides, shape, strict=True):
        steps = 0
        for axis in falling if n > 1 else ():
            if owner_shape[axis] > 1:
                count, stride = divmod(stride, owner_strides[axis])
                steps += count * would_be[axis]
        shown.append(steps)
    return tuple(shown)


def _dense(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Strides in elements of an array in the order of its shape; 0 where an axis has length 1."""
    return tuple(math.prod(shape[i + 1 :]) if n > 1 else 0 for i, n in enumerate(shape))


def _sorted_axes(strides: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Axes by falling stride, as PyTorch sorts them: an axis of stride 0 stays where it meets one
    that it could pass, and of two equal strides the longer axis is the outer one."""
    inner_first = list(range(len(shape)))[::-1]
    for start in range(1, len(shape)):
        place = start
        for other in range(start - 1, -1, -1):
            a, b = inner_first[other], inner_first[place]
            if strides[a] == 0 or strides[b] == 0:
                continue
            if (strides[a], shape[a]) <= (strides[b], shape[b]):
                break
            inner_first[other], inner_first[place] = b, a
            place = other
    return tuple(inner_first[::-1])


def new_like(xp: Any, x: Any, dtype: Any) -> Any:
    """An array of x's shape in x's memory order. An axis that is repeated, with a stride of 0,
    stays where it stands, as in PyTorch; the array library would put it innermost."""
    if 0 not in x.strides:
        return xp.empty_like(x, dtype=dtype)
    axes = _sorted_axes(x.strides, x.shape)
    back = sorted(range(x.ndim), key=axes.__getitem__)
    dense = xp.empty(tuple([x.shape[axis] for axis in axes]), dtype).transpose(back)
    return xp.empty_like(dense)  # an array of its own, not a view: see `filling_order`


def owner_of(array: Any) -> Any:
    """The array that has allocated the memory of this one."""
    kind = type(array)
    while type(array.base) is kind:
        array = array.base
    return array


def span_of(array: Any) -> tuple[int, int]:
    """How many bytes before and behind its first element an array's memory reaches."""
    before, after = 0, array.itemsize if array.size else 0
    for size, stride in zip(array.shape, array.strides, strict=True):
        reach = (size - 1) * stride if array.size else 0
        before, after = before + min(reach, 0), after + max(reach, 0)
    return before, after
