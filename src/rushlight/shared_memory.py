"""Memory that several processes see: a file without a name, mapped by each of them.

It is handed on by its descriptor. As it has no name, nothing is left behind however the processes
end, no process has to keep account of it, and it is not limited by the size of /dev/shm.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import weakref
from typing import Any

import numpy as np

_FAILED = ctypes.c_void_p(-1).value
_open: weakref.WeakValueDictionary[tuple[int, int], SharedMemory] = weakref.WeakValueDictionary()


def _library() -> Any:
    library = ctypes.CDLL(None, use_errno=True)
    integer = ctypes.c_int
    library.mmap.restype = ctypes.c_void_p
    library.mmap.argtypes = (
        ctypes.c_void_p, ctypes.c_size_t, integer, integer, integer, ctypes.c_long,
    )  # fmt: skip
    library.munmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t)
    return library


_system = _library()


def anonymous_file() -> int:
    """The descriptor of a new file in memory that has no name."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("rushlight", os.MFD_CLOEXEC)
    import tempfile

    with tempfile.TemporaryFile() as temporary:
        return os.dup(temporary.fileno())


class SharedMemory:
    """A mapped file, for as long as an array lies in it. It owns the descriptor `file`.

    Python's own `mmap` would hold a second descriptor, of which systems allow as few as 256.
    """

    def __init__(self, file: int, size: int) -> None:
        self.file, self.size = file, size
        self.address: int | None = None
        access = mmap.PROT_READ | mmap.PROT_WRITE
        address = _system.mmap(None, size, access, mmap.MAP_SHARED, file, 0)
        if address == _FAILED:
            number = ctypes.get_errno()
            raise OSError(number, f"cannot map {size} bytes of memory: {os.strerror(number)}")
        self.address = address
        self.__array_interface__ = {
            "data": (address, False), "shape": (size,), "typestr": "|u1", "version": 3,
        }  # fmt: skip
        _open[_identity(file)] = self

    @classmethod
    def new(cls, size: int) -> SharedMemory:
        """Memory of so many bytes, all zero."""
        file = anonymous_file()
        try:
            os.ftruncate(file, max(size, 1))
        except BaseException:
            os.close(file)
            raise
        return cls(file, max(size, 1))

    @classmethod
    def received(cls, file: int, size: int) -> SharedMemory:
        """The memory of a descriptor that came from elsewhere, mapped once however often it comes.
        """
        known = _open.get(_identity(file))
        if known is None:
            return cls(file, size)
        os.close(file)
        return known

    def array(self) -> np.ndarray[Any, Any]:
        """All of it, as bytes."""
        return np.asarray(self)

    # What is needed at the very end of a program is held by the defaults: modules go before.
    def __del__(self, _unmap: Any = _system.munmap, _close: Any = os.close) -> None:
        if self.address is not None:
            _unmap(self.address, self.size)
        _close(self.file)


def _identity(file: int) -> tuple[int, int]:
    status = os.fstat(file)
    return status.st_dev, status.st_ino


def memory_of(array: Any) -> SharedMemory | None:
    """The shared memory that an array lies in, if it does."""
    owner = array
    while owner is not None and not isinstance(owner, SharedMemory):
        owner = owner.obj if isinstance(owner, memoryview) else getattr(owner, "base", None)
    return owner
