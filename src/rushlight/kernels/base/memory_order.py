"""The order in which an array's elements lie in memory, as the program that made it sees it."""

from __future__ import annotations

import math
from typing import Any


def is_channels_last(array: Any) -> bool:
    """Whether an image batch (N, C, H, W) lies in memory as N, H, W, C."""
    if array.ndim < 3:
        return False
    expected = array.itemsize
    for axis in (1, *range(array.ndim - 1, 1, -1), 0):
        if array.shape[axis] != 1 and array.strides[axis] != expected:
            return False
        expected *= array.shape[axis]
    return True


def filling_order(x: Any) -> tuple[tuple[int, ...] | None, bool]:
    """The axes of x from the outermost in memory to the innermost, None where that is their order;
    and whether its elements lie one after the other in the order of its shape.

    Random numbers fill a tensor in this order, as in PyTorch. Where images lie channels-last
    without the program's asking, it is the order that they would have there: an array that owns
    such memory was made so by a kernel, while a program that asked has a view of rows (N, H, W, C).
    """
    owner = x.base
    if getattr(owner, "strides", None) is None:
        owner = x
    if owner.flags.c_contiguous or not is_channels_last(owner):
        if x.flags.c_contiguous:
            return None, True
        strides = x.strides
        contiguous = False
    else:
        strides = _shown_strides(x.strides, x.shape, owner)
        contiguous = strides == _dense(x.shape)
    axes = _sorted_axes(strides, x.shape)
    return None if axes == tuple(range(x.ndim)) else axes, contiguous


def _shown_strides(
    strides: tuple[int, ...], shape: tuple[int, ...], owner: Any
) -> tuple[int, ...]:
    """A view's strides, counted in elements, were its owner in the order of its shape."""
    would_be = _dense(owner.shape)
    falling = sorted(range(owner.ndim), key=lambda axis: -owner.strides[axis])
    shown = []
    for stride, n in zip(strides, shape, strict=True):
        steps = 0
        for axis in falling if n > 1 else ():
            if owner.shape[axis] > 1:
                count, stride = divmod(stride, owner.strides[axis])
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
