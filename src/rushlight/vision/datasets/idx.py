"""IDX files, the format of MNIST: a magic number, the sizes, then the values, big-endian.

The third byte of the magic number is the type of the values (8: unsigned bytes), the fourth the
number of dimensions. See http://yann.lecun.com/exdb/mnist/. Files may be packed with gzip.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import struct
import zlib
from typing import Any

import numpy as np

from ..errors import DataError

_UNSIGNED_BYTES = 8
_GZIP_MAGIC = b"\x1f\x8b"
_CHUNK = 1 << 20
FETCH_AGAIN = "delete it and fetch it again with download=True (--download)"


def read_idx(path: str, ndim: int) -> tuple[np.ndarray[Any, Any], str]:
    """The values of an IDX file of unsigned bytes, and the md5 of its unpacked bytes.

    DataError, which names the file, where it cannot be read, is cut short, or is something else.
    """
    content = _unpack(path)
    header = 4 + 4 * ndim
    expected = _UNSIGNED_BYTES << 8 | ndim
    if len(content) < header:
        raise DataError(f"{path}: {len(content)} bytes are too few for an IDX file", FETCH_AGAIN)
    magic, *sizes = struct.unpack_from(f">{1 + ndim}I", content)
    if magic != expected:
        raise DataError(
            f"{path}: wrong magic number 0x{magic:08x} (an IDX file of unsigned bytes in {ndim} "
            f"dimension{'s' if ndim > 1 else ''} begins with 0x{expected:08x})",
            FETCH_AGAIN,
        )
    promised, found = int(np.prod(sizes, dtype=object)), len(content) - header
    if promised != found:
        raise DataError(
            f"{path}: its header promises {' x '.join(map(str, sizes))} = {promised} values, but "
            f"{found} are there",
            FETCH_AGAIN,
        )
    values = np.frombuffer(content, dtype=np.uint8, offset=header).reshape(sizes)
    return values, hashlib.md5(content, usedforsecurity=False).hexdigest()


def _unpack(path: str) -> bytearray:
    """The whole content, in memory that the values can stay in: a second copy of it, even for a
    moment, would be the largest thing in a program that trains on MNIST."""
    content = bytearray()
    try:
        with open(path, "rb") as file:
            packed = file.read(2) == _GZIP_MAGIC
            file.seek(0)
            stream = gzip.GzipFile(fileobj=file) if packed else file
            while chunk := stream.read(_CHUNK):
                content += chunk
        return content
    except EOFError:
        problem = f"the gzip file is cut short after {os.path.getsize(path)} bytes"
    except (gzip.BadGzipFile, zlib.error) as error:
        problem = f"the gzip file is damaged ({error})"
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None
    raise DataError(f"{path}: {problem}", FETCH_AGAIN)
