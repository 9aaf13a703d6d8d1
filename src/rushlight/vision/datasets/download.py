"""Downloads that survive a broken connection: resumed, checked, and only then put into place."""

from __future__ import annotations

import contextlib
import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from http.client import HTTPException
from typing import Any, BinaryIO

from ..errors import DataError

try:
    import fcntl
except ImportError:  # not a POSIX system: two downloads of one file at once are not kept apart
    fcntl = None  # type: ignore[assignment]  # the name is a module's where there is one

_TIMEOUT = 30.0  # seconds without a byte
_ATTEMPTS = 20  # per mirror, each going on where the one before broke off
_CHUNK = 1 << 16


def download(
    urls: list[str],
    path: str,
    check: Callable[[str], Any] | None = None,
    progress: bool = True,
    replace: bool = False,
) -> None:
    """Fetches the first of `urls` that `check` accepts into `path`.

    `check(file)` raises DataError for content that is not the wanted one. What has arrived is kept
    in `path`.part and gone on with next time (HTTP Range); without `check`, which would see that it
    was of another file, each address begins anew. A file that is at `path` already stays, unless
    `replace` is given. Proxies are taken from the environment (`https_proxy`). DataError that says
    what went wrong with each URL.
    """
    part = path + ".part"
    problems = []
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with _opened(part) as file:
            if not replace and os.path.exists(path):  # another process has just fetched it
                return
            for url in urls:
                if check is None:
                    file.truncate(0)
                try:
                    _fetch_checked(url, file, check, progress)
                except (OSError, HTTPException, DataError) as error:
                    problems.append(f"{url}: {_reason(error)}")
                else:
                    os.replace(part, path)
                    return
    except OSError as error:
        raise DataError(f"{error.filename or path}: cannot be written ({error.strerror})") from None
    raise DataError(
        f"could not download {os.path.basename(path)} ({'; '.join(problems)})",
        f"run it again to go on, or put the file into {os.path.dirname(path)} yourself",
    )


@contextlib.contextmanager
def _opened(part: str) -> Iterator[BinaryIO]:
    """The part file, locked against other processes, removed where nothing worth keeping came."""
    while True:
        with open(part, "a+b") as file:
            if fcntl is not None:
                fcntl.flock(file, fcntl.LOCK_EX)
            if not _is_still(part, file):  # who held the lock has put it into place or removed it
                continue
            yield file
            if _size(file) == 0 and _is_still(part, file):
                os.unlink(part)
            return


def _is_still(part: str, file: BinaryIO) -> bool:
    try:  # and not a look whether it exists first: it may go in between
        return os.path.samestat(os.stat(part), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


def _fetch_checked(
    url: str, file: BinaryIO, check: Callable[[str], Any] | None, progress: bool
) -> None:
    resumed = _size(file) > 0
    _fetch(url, file, progress)
    if check is None:
        return
    try:
        check(file.name)
    except DataError:
        file.truncate(0)
        if not resumed:
            raise
        _fetch(url, file, progress)  # what was there was perhaps the beginning of another file
        try:
            check(file.name)
        except DataError:
            file.truncate(0)
            raise


def _fetch(url: str, file: BinaryIO, progress: bool) -> None:
    version: dict[str, str] = {}
    for attempt in range(_ATTEMPTS):
        before = _size(file), dict(version)
        try:
            return _transfer(url, file, version, progress)
        except urllib.error.HTTPError:
            raise
        except (OSError, HTTPException):
            # A host that sends nothing now will send nothing a moment later either.
            if (_size(file), version) == before or attempt == _ATTEMPTS - 1:
                raise


def _transfer(url: str, file: BinaryIO, version: dict[str, str], is_shown: bool) -> None:
    """One request for what is missing. ConnectionError where fewer bytes come than announced.

    `version` holds the header by which the next request asks for the rest of this version of the
    file, and for all of another (RFC 9110, section 13.1.5).
    """
    start = _size(file)
    request = urllib.request.Request(url, headers={"User-Agent": "rushlight"})
    if start > 0:
        request.headers.update({"Range": f"bytes={start}-", **version})
    try:
        response = urllib.request.urlopen(request, timeout=_TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code != 416:  # 416: there is nothing after what is here
            raise
        error.close()
        if error.headers.get("Content-Range") != f"bytes */{start}":
            file.truncate(0)  # more than the whole: not this file
            _transfer(url, file, version, is_shown)
        return
    with response:
        entity_tag = response.headers.get("ETag", "W/")  # a weak one is none of bytes
        written = response.headers.get("Last-Modified") if entity_tag[:2] == "W/" else entity_tag
        version |= {"If-Range": written} if written else {}
        if response.status != 206:
            file.truncate(0)
            start = 0
        length = response.headers.get("Content-Length")
        total = start + int(length) if length is not None and length.isdecimal() else None
        progress = _Progress(os.path.basename(url), total, is_shown)
        while chunk := response.read(_CHUNK):
            file.write(chunk)
            start += len(chunk)
            progress.show(start)
        file.flush()
        progress.close()
    if total is not None and start < total:
        raise ConnectionError(f"the connection ended after {start} of {total} bytes")


def _size(file: BinaryIO) -> int:
    file.flush()
    return os.fstat(file.fileno()).st_size


def _reason(error: Exception) -> str:
    if isinstance(error, DataError):
        return error.problem
    if isinstance(error, urllib.error.HTTPError):
        return f"HTTP status {error.code} {error.reason}"
    if isinstance(error, urllib.error.URLError):
        return str(error.reason)
    return str(error) or type(error).__name__


class _Progress:
    """Megabytes so far on standard error: one line that is rewritten, on a terminal only."""

    def __init__(self, name: str, total: int | None, is_shown: bool) -> None:
        self.name = name
        self.total = "" if total is None else f" / {total / 1e6:.1f}"
        self.shown = 0.0
        self.is_terminal = is_shown and sys.stderr.isatty()
        if is_shown and not self.is_terminal:
            print(f"downloading {name}{self.total.replace(' /', ':')} MB", file=sys.stderr)

    def show(self, received: int) -> None:
        now = time.monotonic()
        if self.is_terminal and now - self.shown > 0.1:
            self.shown = now
            line = f"\r{self.name}: {received / 1e6:.1f}{self.total} MB"
            print(line, end="", file=sys.stderr, flush=True)

    def close(self) -> None:
        if self.is_terminal:
            print(file=sys.stderr)
