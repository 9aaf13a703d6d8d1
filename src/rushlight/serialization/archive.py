"""Writing the zip archive, and writing files that are either old or complete."""

from __future__ import annotations

import os
import re
import struct
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO

import numpy as np

try:
    import fcntl
except ImportError:  # not a POSIX system: what killed processes leave there stays
    fcntl = None  # type: ignore[assignment]  # the name is a module's where there is one

# PyTorch's readers want storages at multiples of this, for memory mapping.
ALIGNMENT = 64
# Sizes and offsets from here on stand in the 64-bit fields that zip files were given later
# ("zip64"), and IN_64_BITS in the 32-bit field.
ZIP64_FROM = IN_64_BITS = 0xFFFFFFFF
ZIP_1980 = 33  # 1 January 1980 in the zip format: the same object gives the same bytes


def write_archive(file: BinaryIO, pickle: bytes, storages: list[np.ndarray[Any, Any]]) -> None:
    """Writes a checkpoint's records, each storage straight from its memory."""
    archive = _Archive(file)
    archive.write("archive/data.pkl", memoryview(pickle))
    archive.write("archive/.format_version", memoryview(b"1"))
    archive.write("archive/.storage_alignment", memoryview(b"%d" % ALIGNMENT))
    archive.write("archive/byteorder", memoryview(sys.byteorder.encode()))
    for number, storage in enumerate(storages):
        archive.write(f"archive/data/{number}", storage.view(np.uint8).data)
    archive.write("archive/version", memoryview(b"3\n"))
    archive.write("archive/.data/serialization_id", memoryview(archive.identity()))
    archive.finish()


class _Archive:
    """A zip file of stored records (PKWARE's APPNOTE 6.3), written from front to back.

    The standard library's writer returns to each header once the record's checksum is known, and
    touches the file once more while an error passes; this one needs no seeking.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.offset = 0
        self.records: list[tuple[bytes, int, int, int]] = []  # name, checksum, size, offset

    def write(self, name: str, data: memoryview) -> None:
        encoded = name.encode()
        checksum = zlib.crc32(data)
        size = in_header = data.nbytes
        extra = b""
        if size >= ZIP64_FROM:
            extra = struct.pack("<HHQQ", 1, 16, size, size)
            in_header = IN_64_BITS
        padding = -(self.offset + 30 + len(encoded) + len(extra) + 4) % ALIGNMENT
        extra += struct.pack("<2sH", b"FB", padding) + b"Z" * padding
        self.records.append((encoded, checksum, size, self.offset))
        self._put(
            struct.pack(
                "<4s5H3L2H", b"PK\3\4", 45, 1 << 11, 0, 0, ZIP_1980,
                checksum, in_header, in_header, len(encoded), len(extra),
            )  # fmt: skip
        )
        self._put(encoded + extra)
        self._put(data)

    def identity(self) -> bytes:
        """40 digits that stand for the content."""
        from hashlib import sha256  # loads OpenSSL: 5 ms of an import that few need

        content = sha256(repr([record[:3] for record in self.records]).encode())
        return b"%040d" % (int.from_bytes(content.digest(), "big") % 10**40)

    def finish(self) -> None:
        """Writes the directory of the records, with which a zip file ends."""
        start = self.offset
        for name, checksum, size, offset in self.records:
            extra = b""
            if max(size, offset) >= ZIP64_FROM:
                extra = struct.pack("<HHQQQ", 1, 24, size, size, offset)
                size = offset = IN_64_BITS
            self._put(
                struct.pack(
                    "<4s6H3L5H2L", b"PK\1\2", 45, 45, 1 << 11, 0, 0, ZIP_1980, checksum,
                    size, size, len(name), len(extra), 0, 0, 0, 0, offset,
                )  # fmt: skip
            )
            self._put(name + extra)
        count, size, end = len(self.records), self.offset - start, self.offset
        if count >= 0xFFFF or end >= ZIP64_FROM:
            self._put(
                struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, start)
            )
            self._put(struct.pack("<4sLQL", b"PK\6\7", 0, end, 1))
            count, size, start = 0xFFFF, IN_64_BITS, IN_64_BITS
        self._put(struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, size, start, 0))

    def _put(self, data: bytes | memoryview) -> None:
        rest = memoryview(data)
        self.offset += rest.nbytes
        while rest.nbytes:  # an unbuffered file may take less than it was given
            written = self.file.write(rest)
            rest = rest[rest.nbytes if written is None else written :]


@contextmanager
def replaced_when_complete(path: str) -> Iterator[BinaryIO]:
    """A file to write that takes the place of `path` at the end, once the disk has all of it.

    On any failure the new file is removed and `path` is as it was.
    """
    path = os.path.realpath(path)  # a link goes on pointing to the file
    if os.path.exists(path) and not os.path.isfile(path):  # a pipe or /dev/null
        with open(path, "wb") as special:
            yield special
        return
    folder, name = os.path.split(path)
    _sweep(folder, name)
    temporary = os.path.join(folder, f".{name}.{os.urandom(6).hex()}.tmp")
    file: BinaryIO | None = None
    lock: int | None = None
    try:
        file, lock = _created(temporary)
        with suppress(FileNotFoundError):
            os.chmod(temporary, os.stat(path).st_mode & 0o7777)
        yield file
        file.flush()
        os.fsync(file.fileno())
        file.close()
        os.replace(temporary, path)
    except BaseException as error:
        if file is not None:
            with suppress(OSError):  # closing writes what is buffered, and may fail again
                file.close()
            with suppress(FileNotFoundError):
                os.unlink(temporary)
        if isinstance(error, OSError):
            if folder and not os.path.isdir(folder):
                raise type(error)(error.errno, f"there is no folder {folder}", path) from error
            raise OSError(
                error.errno, f"{error.strerror}; the file is as it was before", path
            ) from error
        raise
    finally:
        if lock is not None:
            os.close(lock)


def _created(path: str) -> tuple[BinaryIO, int | None]:
    """A new file, and what keeps others from sweeping it away, until that is closed."""
    while True:
        file, lock = open(path, "xb"), None
        if fcntl is not None:
            lock = os.dup(file.fileno())  # what it locks stays so until both are closed
            with suppress(OSError):  # where there are no locks, as on some networks, none sweeps
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not os.path.exists(path):  # swept between its making and its lock
                os.close(lock)
                file.close()
                continue
        return file, lock


def _sweep(folder: str, name: str) -> None:
    """Removes what killed processes have left of the file `name`: what nobody holds a lock on."""
    left = re.compile(rf"\.{re.escape(name)}\.[0-9a-f]{{12}}\.tmp")
    if fcntl is not None:
        with suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                if left.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                    _remove_if_left(entry.path)


def _remove_if_left(path: str) -> None:
    with suppress(OSError), open(path, "rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.unlink(path)
