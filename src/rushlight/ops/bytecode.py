"""Code that is compiled from texts at import, kept as Python keeps that of modules.

Compiling the entries (`declare.py`) takes a fifth of the time of `import rushlight`. So their code
lies in a file beside the bytecode of this module, wherever Python puts that: by text, so that what
has changed is not found. Without such a file, or where none can be written, all are compiled.
"""

from __future__ import annotations

import contextlib
import importlib.util
import marshal
import os
import sys
import types
from typing import Any

# The file's parts: what marks Python's version, and the code by its text.
_Kept = tuple[bytes, dict[str, types.CodeType]]


def _path() -> str:
    name = importlib.util.cache_from_source(__file__)
    return name.removesuffix(".pyc") + ".entries"


def _read() -> dict[str, types.CodeType]:
    """What an earlier import has left; nothing where that is missing, old or damaged."""
    try:
        with open(_path(), "rb") as file:
            magic, kept = marshal.load(file)
        return kept if magic == importlib.util.MAGIC_NUMBER and type(kept) is dict else {}
    except (OSError, EOFError, ValueError, TypeError, NotImplementedError, MemoryError):
        return {}


_kept = _read()
_used: dict[str, types.CodeType] = {}
_is_complete = True


def code_of(source: str) -> types.CodeType:
    """The code of the one function that a text defines; equal texts are compiled once."""
    global _is_complete
    code = _used.get(source) or _kept.get(source)
    if code is None:
        _is_complete = False
        constants: tuple[Any, ...] = compile(source, "<entry>", "exec").co_consts
        code = next(value for value in constants if isinstance(value, types.CodeType))
    _used[source] = code
    return code


def keep() -> None:
    """Leaves the code for later imports, if this one has compiled any and Python may write it."""
    if _is_complete or sys.dont_write_bytecode:
        return
    kept: _Kept = (importlib.util.MAGIC_NUMBER, _used)
    # As Python does where it cannot write bytecode, or has no place for it.
    with contextlib.suppress(OSError, NotImplementedError):
        path = _path()
        written = f"{path}.{os.getpid()}"
        os.makedirs(os.path.dirname(path), exist_ok=True)
        try:
            with open(written, "wb") as file:
                marshal.dump(kept, file)
            os.replace(written, path)
        except OSError:
            os.unlink(written)
            raise
