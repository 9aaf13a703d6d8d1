"""Tensors that PyTorch would keep in one memory, and Rushlight keeps in two.

Images lie channels-last here, so that many of their shapes in PyTorch's order need a copy. What is
written into one of the two must reach the other, as it would if they were one: after a change in
place `reach` copies it there, as an operation, so that gradients follow.

A version counter has a list of mirrors behind the version, one for each memory that its own is
copied to. Nothing here keeps memory: what nobody sees any more needs no news.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from typing import Any

from ..kernels import launch
from ..tensor import Tensor, wrap


class End:
    """One of the two: its tensor, or where that has another array now the one that others see."""

    __slots__ = ("tensor", "array")

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = weakref.ref(tensor)
        self.array = weakref.ref(tensor.array)

    def get(self, counter: Any = None) -> Tensor | None:
        tensor, array = self.tensor(), self.array()
        if tensor is None or tensor.array is not array:
            if array is None:
                return None
            tensor = wrap(array)
            tensor._counter = counter
        return tensor


class Mirror:
    """The way from one memory to the other."""

    __slots__ = ("origin", "goal", "counter", "busy")

    def __init__(self, origin: End, goal: End, counter: Any, busy: list[bool]) -> None:
        self.origin = origin
        self.goal = goal
        self.counter = counter  # the goal's, or None where it would close a cycle
        self.busy = busy  # shared by both ways: news does not come back

    def update(self) -> None:
        origin, goal = self.origin.get(), self.goal.get(self.counter)
        if origin is None or goal is None or self.busy[0]:
            return
        self.busy[0] = True
        try:
            goal.copy_(origin)
        finally:
            self.busy[0] = False


def written(tensor: Tensor) -> None:
    """Says that a tensor's memory has changed, to saved tensors and to its mirrors."""
    tensor.bump_version()
    if len(tensor._counter) > 1:  # type: ignore[arg-type]  # the change has made it
        reach(tensor)


def all_written(tensors: Iterable[Tensor]) -> None:
    """`written` of several, for which the calls in between would take longer than what they do."""
    mirrored = None
    for tensor in tensors:
        counter = tensor._counter
        if counter is None:
            counter = tensor.counter()
        counter[0] += 1
        if launch.recorder is not None:
            launch.recorder.see_change(counter)
        if len(counter) > 1:
            mirrored = [tensor] if mirrored is None else [*mirrored, tensor]
    for tensor in mirrored or ():  # now that all of them say that they have changed
        reach(tensor)


def tie(source: Tensor, copy: Tensor) -> None:
    """Lets changes in place of a tensor and of its copy, of the same shape, reach each other."""
    busy, here, there = [False], End(source), End(copy)
    counter = source.counter()
    # The way back holds the source's counter, the way there none: there is no cycle.
    copy.counter().append([Mirror(there, here, counter, busy)])
    known = [m for m in counter.pop() if m.goal.get() is not None] if len(counter) > 1 else []
    counter.append([*known, Mirror(here, there, None, busy)])
    if source._view is not None:  # it may be gone while others see its memory
        copy._mirrored = source


def reach(changed: Tensor) -> None:
    """Brings what mirrors a tensor up to date after a change in place."""
    for mirror in changed.counter()[1]:
        mirror.update()
