"""The standard output, whose errors are told from those of other files."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any, TextIO


class OutputError(Exception):
    """The standard output cannot be written, as its disk is full or nobody reads it.

    It is no OSError: argparse would take that for nothing.
    """


class _Output:
    """A stream that says of its own errors that they are its own."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        with _told():
            return self.stream.write(text)

    def flush(self) -> None:
        with _told():
            self.stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(f"cannot write to the standard output: {error.strerror}") from error


@contextmanager
def output() -> Iterator[None]:
    """Inside, an error of the standard output is an `OutputError`; at the end all is written."""
    stream: Any = _Output(sys.stdout)
    with redirect_stdout(stream):
        try:
            yield
        finally:
            stream.flush()
