"""Archives: fetched, checked, and unpacked without leaving their folder.

What an archive holds is unpacked beside its place and moved there when all of it is well, so that
a damaged or hostile archive, or an interrupt, leaves nothing behind.
"""

from __future__ import annotations

import bz2
import contextlib
import functools
import gzip
import hashlib
import lzma
import os
import shutil
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from ...download import download
from ...errors import DataError

_CHUNK = 1 << 20
# What a packed file may make on the disk: images hardly shrink, nothings to a thousandth.
_UNPACKED_AT_LEAST = 1 << 30
_UNPACKED_TIMES = 50
_PACKED: dict[str, Any] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
_DAMAGED = (
    tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError,
    UnicodeError, ValueError, RuntimeError,  # zipfile's of encrypted ones
)  # fmt: skip


class Resource(NamedTuple):
    """A file that can be fetched: its addresses, its name, and the md5 of its bytes, if known."""

    urls: list[str]
    name: str
    md5: str | None = None


def md5_of(path: str) -> str:
    """The md5 of a file's bytes."""
    digest = hashlib.md5(usedforsecurity=False)
    with open(path, "rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _check(path: str, resource: Resource) -> None:
    found = md5_of(path)
    if found != resource.md5:
        raise DataError(
            f"{resource.name}: what was fetched has the md5 {found}, expected {resource.md5}"
        )


def fetch(resource: Resource, folder: str) -> str:
    """The path of the resource in a folder, fetched into it where it is not there yet."""
    path = os.path.join(folder, resource.name)
    if not os.path.exists(path):
        check = functools.partial(_check, resource=resource) if resource.md5 else None
        download(resource.urls, path, check)
    return path


def fetch_and_extract(resource: Resource, folder: str) -> None:
    """The archive in a folder, and what it holds."""
    extract(fetch(resource, folder), folder)


def fetch_missing(held: Sequence[tuple[Resource, str]], folder: str) -> None:
    """Archives, each with a path that it holds: those are fetched whose path is not there yet.

    What an interrupted run has unpacked is thus not fetched again, and the rest is.
    """
    for resource, path in held:
        if not os.path.exists(path):
            fetch_and_extract(resource, folder)


def extract(path: str, folder: str) -> None:
    """Unpacks a .tar[.gz|.bz2|.xz], .tgz or .zip archive into a folder.

    DataError, with nothing left, for one that is damaged, that holds paths outside of the folder,
    links out of it or devices, or that is far larger than its own size allows.
    """
    os.makedirs(folder, exist_ok=True)
    limit = _limit(path)
    with _temporary(folder) as place:
        with _telling_of_damage(path):
            if zipfile.is_zipfile(path):
                _unzip(path, place, limit)
            else:
                _untar(path, place, limit)
        _move_all(place, folder)


def unpack(path: str, target: str) -> None:
    """What is packed in a .gz, .bz2 or .xz file, as the file `target`.

    DataError, with `target` as it was, for one that is damaged, or that holds far more than its
    size allows.
    """
    limit, total = _limit(path), 0
    folder, name = os.path.split(os.path.abspath(target))
    os.makedirs(folder, exist_ok=True)
    with _temporary(folder) as place:
        whole = os.path.join(place, name)
        with _telling_of_damage(path), open_packed(path) as packed, open(whole, "wb") as file:
            while chunk := packed.read(_CHUNK):
                total += len(chunk)
                _check_size(path, total, limit)
                file.write(chunk)
        os.replace(whole, target)


def _limit(path: str) -> int:
    return max(_UNPACKED_AT_LEAST, _UNPACKED_TIMES * os.path.getsize(path))


@contextlib.contextmanager
def _telling_of_damage(path: str) -> Iterator[None]:
    try:
        yield
    except DataError:  # a RuntimeError, too
        raise
    except (*_DAMAGED, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:  # the disk's, not bz2's
            raise
        raise DataError(f"{path}: no archive that can be unpacked ({error})") from None


@contextlib.contextmanager
def _temporary(folder: str) -> Iterator[str]:
    place = tempfile.mkdtemp(prefix=".unpacking-", dir=folder)
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _untar(path: str, place: str, limit: int) -> None:
    total = 0
    with tarfile.open(path) as archive:
        for member in archive:
            total += member.size
            _check_size(path, total, limit)
            # The filter refuses absolute paths, ways out of the folder, links there, and devices.
            archive.extract(member, place, filter="data")


def _check_size(path: str, total: int, limit: int) -> None:
    if total > limit:
        raise DataError(f"{path}: it holds more than {limit} bytes, too many for its size")


def _unzip(path: str, place: str, limit: int) -> None:
    with zipfile.ZipFile(path) as archive:
        _check_size(path, sum(info.file_size for info in archive.infolist()), limit)
        for info in archive.infolist():
            parts = info.filename.replace("\\", "/").split("/")
            if info.filename.startswith(("/", "\\")) or ".." in parts or ":" in parts[0]:
                raise DataError(f"{path}: {info.filename!r} lies outside of the archive")
            if stat.S_ISLNK(info.external_attr >> 16):
                raise DataError(f"{path}: {info.filename!r} is a link")
            archive.extract(info, place)


def _move_all(place: str, folder: str) -> None:
    """What was unpacked, into the folder; folders that are there already are filled."""
    for name in os.listdir(place):
        source, target = os.path.join(place, name), os.path.join(folder, name)
        if os.path.isdir(source) and os.path.isdir(target):
            _move_all(source, target)
        else:
            os.replace(source, target)


def open_packed(path: str) -> Any:
    """A file for reading bytes, unpacked if its name ends in .gz, .bz2 or .xz."""
    return _PACKED.get(os.path.splitext(path)[1], open)(path, "rb")
