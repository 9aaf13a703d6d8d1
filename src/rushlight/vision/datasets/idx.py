"""IDX files, the format of MNIST: a magic number, the sizes, then the values, big-endian.

The third byte of the magic number is the type of the values (8: unsigned bytes, 12: whole numbers
of four bytes), the fourth the number of dimensions. See http://yann.lecun.com/exdb/mnist/. Files
may be packed with gzip or xz.
"""

from __future__ import annotations

import gzip
import hashlib
import lzma
import math
import os
import struct
import zlib
from typing import Any

import numpy as np

from ...errors import DataError

_TYPES: dict[int, tuple[str, Any]] = {
    8: ("unsigned bytes", np.dtype("u1")),
    12: ("whole numbers", np.dtype(">i4")),
}
_GZIP_MAGIC, _XZ_MAGIC = b"\x1f\x8b", b"\xfd7"
_CHUNK = 1 << 20
# What a file may make in memory: pictures are packed to a fifth or so, nothings to a thousandth.
_UNPACKED_AT_LEAST = 64 << 20
_UNPACKED_TIMES = 20
FETCH_AGAIN = "delete it and fetch it again with download=True (--download)"


def read_idx(path: str, ndim: int, kind: int = 8) -> tuple[np.ndarray[Any, Any], str]:
    """The values of an IDX file of so many dimensions and of a type, and its unpacked bytes' md5.

    DataError, which names the file, where it cannot be read, is cut short, or is something else.
    """
    try:
        with open(path, "rb") as file:
            magic = file.read(2)
            file.seek(0)
            size = os.fstat(file.fileno()).st_size
            stream: Any = file
            if magic == _GZIP_MAGIC:
                stream = gzip.GzipFile(fileobj=file)
            elif magic == _XZ_MAGIC:
                stream = lzma.LZMAFile(file)
            limit = math.inf
            if stream is not file:
                limit = max(_UNPACKED_AT_LEAST, _UNPACKED_TIMES * size)
            return _read(path, stream, ndim, kind, limit)
    except EOFError:
        problem = f"the packed file is cut short after {os.path.getsize(path)} bytes"
    except (gzip.BadGzipFile, zlib.error, lzma.LZMAError) as error:
        problem = f"the packed file is damaged ({error})"
    except DataError:  # an OSError, too
        raise
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None
    raise DataError(f"{path}: {problem}", FETCH_AGAIN)


def _read(
    path: str, stream: Any, ndim: int, kind: int, limit: float
) -> tuple[np.ndarray[Any, Any], str]:
    """What `read_idx` gives. Memory is taken for what the header promises, if that can be."""
    header = 4 + 4 * ndim
    expected = kind << 8 | ndim
    named, dtype = _TYPES[kind]
    # The values stay in this memory: a second copy of them, even for a moment, would be the largest
    # thing in a program that trains on MNIST.
    content = bytearray(stream.read(header))
    if len(content) < header:
        raise DataError(f"{path}: {len(content)} bytes are too few for an IDX file", FETCH_AGAIN)
    magic, *sizes = struct.unpack_from(f">{1 + ndim}I", content)
    if magic != expected:
        raise DataError(
            f"{path}: wrong magic number 0x{magic:08x} (an IDX file of {named} in {ndim} "
            f"dimension{'s' if ndim > 1 else ''} begins with 0x{expected:08x})",
            FETCH_AGAIN,
        )
    promise = f"its header promises {' x '.join(map(str, sizes))} = {math.prod(sizes)} values"
    promised = math.prod(sizes) * dtype.itemsize
    if promised > limit:  # of a file that is not packed, what is there is the limit
        raise DataError(f"{path}: {promise}, too many for a packed file of its size", FETCH_AGAIN)
    while len(content) < header + promised:
        chunk = stream.read(min(_CHUNK, header + promised - len(content)))
        if not chunk:
            found = (len(content) - header) // dtype.itemsize
            raise DataError(f"{path}: {promise}, but {found} are there", FETCH_AGAIN)
        content += chunk
    if stream.read(1):  # at the end of a gzip file this also compares its checksum
        raise DataError(f"{path}: {promise}, but more are there", FETCH_AGAIN)
    try:
        values = np.frombuffer(content, dtype=dtype, offset=header).reshape(sizes)
    except ValueError:  # none, in dimensions that no array has
        raise DataError(f"{path}: {promise}, which no array holds", FETCH_AGAIN) from None
    return values, hashlib.md5(content, usedforsecurity=False).hexdigest()
