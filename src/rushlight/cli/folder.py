"""The folder that a run leaves its files in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from . import checkpoint
from .errors import CommandError

FILES = {
    checkpoint.FILE_NAME: "the network and the state of its training",
    "curves.png": "loss and accuracy over the epochs",
    "confusion.png": "which classes are taken for which",
    "mistakes.png": "the most confident wrong answers",
    "graph.svg": "the autograd graph of the loss",
    "example.png": "a test image to try the network on",
}
_RUNS = "runs"


@contextmanager
def new_run(out: str | None, name: str) -> Iterator[str]:
    """Makes the folder `out`, or runs/<name> with a number that makes it new.

    It is taken away again if nothing has been put into it by the end.
    """
    made: list[str] = []
    try:
        yield _make(out, made) if out is not None else _make_numbered(name, made)
    finally:
        for folder in reversed(made):
            with suppress(OSError):  # not empty
                os.rmdir(folder)


def _make(out: str, made: list[str]) -> str:
    try:
        _make_folders(out, made)
    except FileExistsError:
        if not os.path.isdir(out):
            raise CommandError(f"--out {out} is a file; name a folder") from None
        present = [file for file in FILES if os.path.lexists(os.path.join(out, file))]
        if present and not checkpoint.has_diverged(os.path.join(out, checkpoint.FILE_NAME)):
            raise CommandError(
                f"--out {out} holds a run already ({', '.join(present)}); go on with it by "
                f"--resume {out}, or name another folder"
            ) from None
    except OSError as error:
        raise CommandError(f"cannot make the folder {out}: {error.strerror}") from error
    return out


def _make_numbered(name: str, made: list[str]) -> str:
    number = 1
    while True:
        out = os.path.join(_RUNS, name if number == 1 else f"{name}-{number}")
        try:
            _make_folders(out, made)
        except FileExistsError:
            number += 1
        except OSError as error:
            raise CommandError(
                f"cannot make the folder {out}: {error.strerror}; choose a place with --out"
            ) from error
        else:
            return out


def _make_folders(path: str, made: list[str]) -> None:
    """Makes a folder, and those above it that are missing. FileExistsError if it is there."""
    parent = os.path.dirname(os.path.abspath(path))
    if not os.path.lexists(parent):
        with suppress(FileExistsError):  # somebody else was faster
            _make_folders(parent, made)
    os.mkdir(path)
    made.append(path)
