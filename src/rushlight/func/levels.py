"""The `vmap`s that are at work: each is a level, and an array batched by it says so."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

_next_number = count(1).__next__


class Level:
    """One call of `vmap`: how many examples it has, and what it does about random numbers.

    Later calls have higher numbers, so that an inner one lies outside of an outer one.
    """

    __slots__ = ("number", "size", "randomness", "is_active")

    def __init__(self, size: int, randomness: str) -> None:
        self.number = _next_number()
        self.size = size
        self.randomness = randomness
        self.is_active = True


class _Stack(threading.local):
    def __init__(self) -> None:
        self.levels: list[Level] = []


_stack = _Stack()


def active_levels() -> list[Level]:
    """The calls of `vmap` that this thread is in, the outermost first."""
    return _stack.levels


@contextmanager
def entered(size: int, randomness: str) -> Iterator[Level]:
    level = Level(size, randomness)
    _stack.levels.append(level)
    try:
        yield level
    finally:
        _stack.levels.remove(level)
        level.is_active = False


class BatchedArray:
    """An array of one example's shape that stands for a whole batch: `value` has one dimension
    more, at place `dim`.

    It is an array type like another device's, with a table of kernels of its own: autograd, the
    checks of the operations and the methods of tensors do not know of it. `value` may be a batched
    array itself, of a lower level.
    """

    __slots__ = ("value", "dim", "level", "__weakref__")

    # NumPy's functions refuse it: every way to a value leads through the table.
    __array_ufunc__ = None
    base = None

    def __init__(self, value: Any, dim: int, level: Level) -> None:
        self.value = value
        self.dim = dim
        self.level = level

    @property
    def shape(self) -> tuple[int, ...]:
        shape = self.value.shape
        return (*shape[: self.dim], *shape[self.dim + 1 :])

    @property
    def strides(self) -> tuple[int, ...]:
        strides = self.value.strides
        return (*strides[: self.dim], *strides[self.dim + 1 :])

    @property
    def ndim(self) -> int:
        return self.value.ndim - 1

    @property
    def size(self) -> int:
        total = 1
        for n in self.shape:
            total *= n
        return total

    @property
    def dtype(self) -> Any:
        return self.value.dtype

    @property
    def itemsize(self) -> int:
        return self.value.itemsize

    @property
    def nbytes(self) -> int:
        return self.size * self.itemsize

    @property
    def flags(self) -> _Flags:
        return _Flags(self)

    def __repr__(self) -> str:
        return f"BatchedTensor(lvl={self.level.number}, bdim={self.dim}, value={self.value})"


class _Flags:
    """What of NumPy's flags is asked for."""

    def __init__(self, array: BatchedArray) -> None:
        self.c_contiguous = _is_dense(array.shape, array.strides, array.itemsize)
        self.f_contiguous = _is_dense(array.shape[::-1], array.strides[::-1], array.itemsize)
        self.writeable = True


def _is_dense(shape: tuple[int, ...], strides: tuple[int, ...], itemsize: int) -> bool:
    expected = itemsize
    for size, stride in zip(reversed(shape), reversed(strides), strict=True):
        if size != 1 and stride != expected:
            return False
        expected *= size
    return True
