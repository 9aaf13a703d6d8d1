"""Messages between the loader and its workers: Python objects whose arrays go by shared memory.

A message is pickled with its arrays left out of the pickle (protocol 5). Small ones follow on the
socket; the arrays of large ones are written to shared memory (`shared_memory.py`) whose descriptor
travels over the socket, and the receiver maps it. `lending.py` says which memory is used again.
"""

from __future__ import annotations

import array
import copyreg
import errno
import io
import os
import pickle
import resource
import socket
import struct
import weakref
from typing import Any

import numpy as np

from ...shared_memory import SharedMemory
from ...tensor import Tensor
from .lending import Borrower, Lender

# Number of blobs (the pickle, then the arrays), bytes that follow on the socket, whether a file
# holds the blobs, its number (-1 for a file that is the receiver's alone), whether it comes along.
_PREFIX = struct.Struct("<QQ?q?")
# Of each blob: a cache line, and the widest vector register. Kernels leave arrays at odd addresses
# to their generic forms, which round otherwise.
_ALIGNMENT = 64
# Up to here a message fits the socket's buffer (208 KiB on Linux) with others, and takes 50 us
# where a file takes 80. A larger one would make the worker wait until the loader reads it. Where
# descriptors cannot be passed, everything takes this way.
_INLINE = 64 * 1024 if hasattr(socket, "send_fds") else 2**63
# A mapped file costs the receiver an open descriptor for as long as its arrays live. A program
# that keeps more batches than this, or than a quarter of the descriptors that it may have, gets
# copies.
_MOST_MAPPED = 256
_LESS = "smaller batches, fewer workers or a smaller prefetch_factor need less of it"
_RAISE_LIMIT = "raise the limit with `ulimit -n` in the shell"
_RELIEF: dict[int | None, str] = {errno.EMFILE: _RAISE_LIMIT, errno.ENFILE: _RAISE_LIMIT}

_mapped: weakref.WeakSet[SharedMemory] = weakref.WeakSet()


class Channel:
    """One end of a socket pair. `send` and `receive` block; EOFError once the other end is gone."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self._lender, self._borrower = Lender(), Borrower()

    def fileno(self) -> int:
        return self.connection.fileno()

    def close(self) -> None:
        self.connection.close()
        self._lender.close()

    def send(self, message: Any) -> None:
        """Pickling errors are raised before anything is sent."""
        given_back = self._borrower.given_back
        told = given_back[:]  # others may be added meanwhile
        blobs = _pickle((message, told))
        sizes = array.array("Q", [len(blob) for blob in blobs]).tobytes()
        if sum(len(blob) for blob in blobs) > _INLINE:
            self._send_file(blobs, sizes)
        else:
            parts = [part for blob in (sizes, *blobs) for part in (blob, _padding(len(blob)))]
            prefix = _PREFIX.pack(len(blobs), sum(map(len, parts)), False, -1, False)
            self.connection.sendall(b"".join([prefix, *parts]))
        del given_back[: len(told)]

    def _send_file(self, blobs: list[Any], sizes: bytes) -> None:
        number, file = self._shared(blobs)
        prefix = _PREFIX.pack(len(blobs), len(sizes), True, number, file >= 0)
        if file < 0:
            self.connection.sendall(prefix)
        else:
            try:
                socket.send_fds(self.connection, [prefix], [file])
            finally:
                if number < 0:
                    os.close(file)
        self.connection.sendall(sizes)

    def _shared(self, blobs: list[Any]) -> tuple[int, int]:
        """The number and the file that hold the blobs, each at the next aligned offset."""
        try:
            size = sum(_aligned(len(blob)) for blob in blobs)
            return self._lender.lend(size, lambda file: _write(blobs, file))
        except OSError as error:
            raise RuntimeError(
                f"DataLoader: a batch of {size / 2**20:.1f} MiB could not be put into shared "
                f"memory: {error.strerror}; {_RELIEF.get(error.errno, _LESS)}"
            ) from error

    def receive(self) -> Any:
        prefix, file = self._receive_prefix()
        count, following, shared, number, comes_along = _PREFIX.unpack(prefix)
        if comes_along and file < 0:
            raise RuntimeError(
                "Too many open files. Communication with the DataLoader's workers is no longer "
                f"possible; {_RAISE_LIMIT}."
            )
        body = _aligned_memory(following)
        self._receive_into(body)
        sizes = array.array("Q", bytes(body[: 8 * count]))
        total = sum(_aligned(size) for size in sizes)
        if not shared:
            blobs = _cut(body[_aligned(8 * count) :], sizes)
        elif number < 0:
            blobs = _cut(_mapped_or_read(file, total), sizes)
        else:
            blobs = _cut(self._borrower.borrow(number, file, total), sizes)
        message, given_back = pickle.loads(blobs[0], buffers=blobs[1:])
        self._lender.take_back(given_back)
        return message

    def _receive_prefix(self) -> tuple[bytes, int]:
        """The prefix and the descriptor that came with it, -1 for none."""
        if not hasattr(socket, "recv_fds"):
            beginning = b""
            files: list[int] = []
        else:
            close_on_exec = getattr(socket, "MSG_CMSG_CLOEXEC", 0)
            beginning, files, _, _ = socket.recv_fds(
                self.connection, _PREFIX.size, 1, close_on_exec
            )
            if not beginning:
                raise EOFError
        rest = bytearray(_PREFIX.size - len(beginning))
        self._receive_into(memoryview(rest))
        return beginning + bytes(rest), files[0] if files else -1

    def _receive_into(self, body: memoryview) -> None:
        while body:
            received = self.connection.recv_into(body)
            if received == 0:
                raise EOFError
            body = body[received:]


def _pickle(message: Any) -> list[Any]:
    """The pickle, then the memory of every array in it."""
    buffers: list[pickle.PickleBuffer] = []
    stream = io.BytesIO()
    pickler = pickle.Pickler(stream, protocol=5, buffer_callback=buffers.append)
    pickler.dispatch_table = {**copyreg.dispatch_table, Tensor: _reduce_tensor}
    pickler.dump(message)
    return [stream.getbuffer(), *(buffer.raw() for buffer in buffers)]


def _reduce_tensor(tensor: Tensor) -> Any:
    if tensor.grad_fn is not None:
        raise RuntimeError(
            "a DataLoader worker cannot send a tensor that was computed from parameters "
            "(requires_grad=True and not a leaf): its history stays in the worker. Call detach() "
            "on it in the dataset or in collate_fn."
        )
    return tensor.__reduce_ex__(5)


def _aligned(size: int) -> int:
    return -(-size // _ALIGNMENT) * _ALIGNMENT


def _padding(size: int) -> bytes:
    return bytes(_aligned(size) - size)


def _aligned_memory(size: int) -> memoryview:
    block = np.empty(size + _ALIGNMENT, dtype=np.uint8)
    start = -block.ctypes.data % _ALIGNMENT
    return block.data[start : start + size]


def _cut(memory: memoryview, sizes: Any) -> list[memoryview]:
    """The blobs that lie one after the other, each at the next aligned offset."""
    blobs, start = [], 0
    for size in sizes:
        blobs.append(memory[start : start + size])
        start += _aligned(size)
    return blobs


def _write(blobs: list[Any], file: int) -> None:
    offset = 0
    for blob in blobs:
        rest = memoryview(blob)
        position = offset
        while rest:  # one call writes 2 GiB at most
            written = os.pwrite(file, rest, position)
            rest = rest[written:]
            position += written
        offset = _aligned(position)


def _mapped_or_read(file: int, total: int) -> memoryview:
    if len(_mapped) < _most_mapped():
        mapping = SharedMemory(file, total)
        _mapped.add(mapping)
        return mapping.array().data
    memory = _aligned_memory(total)
    with open(file, "rb") as reader:
        reader.readinto(memory)
    return memory


def _most_mapped() -> int:
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MOST_MAPPED if limit == resource.RLIM_INFINITY else min(_MOST_MAPPED, limit // 4)
