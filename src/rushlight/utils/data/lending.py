"""Shared memory that goes back and forth between a worker and the loader.

Memory that is new costs more than what is put into it: 19 MB, a batch of 32 pictures, take 10 ms
in a new file and 4 in one that was used before, and to map and look at it takes the receiver 3 ms
more.
So the sender keeps its files, numbers them, and uses one again when the receiver has said that
nobody has an array in it any more.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable

import numpy as np

from ...shared_memory import SharedMemory, anonymous_file

# Of one sender. A program that keeps more batches than these gets files of their own for the rest.
_MOST_FILES = 8

_leases: weakref.WeakSet[_Lease] = weakref.WeakSet()


class Lender:
    """The sender's files: free ones, and those whose content the receiver still has."""

    def __init__(self) -> None:
        self._files: list[int] = []
        self._sizes: list[int] = []
        self._free: list[int] = []

    def lend(self, size: int, write: Callable[[int], None]) -> tuple[int, int]:
        """Has `write(file)` fill a file with `size` bytes; returns its number and the file.

        The file is -1 where the receiver has it already. The number is -1 where all files are
        lent: then the file is the caller's, who closes it.
        """
        fitting = [number for number in self._free if self._sizes[number] >= size]
        if fitting:
            write(self._files[fitting[0]])
            self._free.remove(fitting[0])
            return fitting[0], -1
        if not self._free and len(self._files) == _MOST_FILES:
            return -1, _new_file(size, write)
        file = _new_file(size, write)
        if self._free:  # none is large enough
            number = self._free.pop(0)
            os.close(self._files[number])
        else:
            number = len(self._files)
            self._files.append(-1)
            self._sizes.append(0)
        self._files[number], self._sizes[number] = file, size
        return number, file

    def take_back(self, numbers: list[int]) -> None:
        """Of a file that somebody else may still look at -1 - number comes back."""
        for number in numbers:
            if number < 0:
                number = -1 - number
                self._sizes[number] = 0  # the next one gets a new file
            self._free.append(number)

    def close(self) -> None:
        for file in self._files:
            os.close(file)
        self._files.clear()


def _new_file(size: int, write: Callable[[int], None]) -> int:
    file = anonymous_file()
    try:
        os.ftruncate(file, size)
        write(file)
    except BaseException:
        os.close(file)
        raise
    return file


class Borrower:
    """The receiver's mappings of the sender's files."""

    def __init__(self) -> None:
        self._mappings: dict[int, SharedMemory] = {}
        # The files in which nobody has an array any more, to be told to the sender.
        self.given_back: list[int] = []

    def borrow(self, number: int, file: int, size: int) -> memoryview:
        """The content of a file, whose descriptor came along unless it is -1."""
        if file >= 0:
            self._mappings[number] = SharedMemory(file, size)
        lease = _Lease(self._mappings[number], number, size, self.given_back)
        return np.asarray(lease).data


class _Lease:
    """What arrays in a borrowed mapping are based on: the file goes back when they are gone.

    It is no `SharedMemory`: an array that is sent to a third process is copied, as this memory will
    hold something else one day.
    """

    def __init__(self, mapping: SharedMemory, number: int, size: int, given_back: list[int]):
        self._mapping = mapping
        self._number = number
        self._given_back = given_back
        self.is_kept = False
        self.__array_interface__ = {**mapping.__array_interface__, "shape": (size,)}
        _leases.add(self)

    def __del__(self) -> None:
        self._given_back.append(-1 - self._number if self.is_kept else self._number)


def _keep_leases() -> None:
    """Before a fork: the child has the arrays, too, and keeps them for longer maybe."""
    for lease in list(_leases):
        lease.is_kept = True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_keep_leases)
