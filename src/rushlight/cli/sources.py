"""Reads the Python of files, notebooks and packages, for what looks at it without running it."""

from __future__ import annotations

import ast
import importlib.util
import io
import json
import os
import tokenize
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

from .errors import CommandError

Part = tuple[str, Sequence[ast.stmt]]  # where its lines are ("" in a program, "cell 3:"), and they
_SUFFIXES = {".py", ".pyw", ".ipynb"}
# Magic commands of cells whose other lines are Python.
_PYTHON_CELLS = ("%%time", "%%timeit", "%%capture", "%%prun")


class UnreadableError(Exception):
    """A file that holds no Python of this version, and why."""


def files_of(paths: Sequence[str]) -> Iterator[Path]:
    """The programs and notebooks in files, folders and installed packages, each once.

    CommandError for a path that is none of these.
    """
    seen: set[Path] = set()
    for path in paths:
        for file in _files_of(path):
            if file.resolve() not in seen:
                seen.add(file.resolve())
                yield file


def _files_of(path: str) -> Iterator[Path]:
    found = Path(path)
    if not found.exists():
        found = _package(path)
    if not found.is_dir():
        yield found
        return
    for folder, subfolders, names in os.walk(found):
        subfolders[:] = sorted(
            name for name in subfolders
            if not name.startswith(".") and name not in ("__pycache__", "node_modules")
            and not (Path(folder) / name / "pyvenv.cfg").exists()
        )  # fmt: skip
        for name in sorted(names):
            if Path(name).suffix in _SUFFIXES:
                yield Path(folder) / name


def _package(name: str) -> Path:
    """Where an installed package lies; only its finder is asked, and nothing is imported."""
    spec = importlib.util.find_spec(name) if name.isidentifier() else None
    if spec is None or spec.origin is None or not spec.has_location:
        raise CommandError(f"{name}: there is no such file, folder or installed package")
    file = Path(spec.origin)
    return file.parent if spec.submodule_search_locations else file


def read(file: Path) -> Iterator[Part]:
    """The statements of a program, or of a notebook cell by cell.

    UnreadableError for what is no Python; OSError where the file cannot be read.
    """
    data = file.read_bytes()
    if file.suffix != ".ipynb":
        yield "", _parsed(_decoded(data))
        return
    for number, lines in _cells(data):
        try:
            yield f"cell {number}:", _parsed("\n".join(lines))
        except UnreadableError as error:
            raise UnreadableError(f"cell {number}, {error}") from None


def _decoded(data: bytes) -> str:
    """By the encoding that the file declares, UTF-8 otherwise."""
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        return data.decode(encoding)
    except (SyntaxError, UnicodeDecodeError, LookupError) as error:
        raise UnreadableError(f"its text cannot be decoded: {error}") from None


def _parsed(source: str) -> Sequence[ast.stmt]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the program's own, about its strings
            return ast.parse(source).body
    except SyntaxError as error:
        line = f"line {error.lineno}: " if error.lineno else ""
        raise UnreadableError(f"{line}{error.msg}") from None
    except (ValueError, RecursionError, MemoryError) as error:  # null bytes; nested too deeply
        raise UnreadableError(str(error) or "it is nested too deeply") from None


def _cells(data: bytes) -> Iterator[tuple[int, list[str]]]:
    """The code of a notebook's cells, without what is IPython's and not Python's."""
    try:
        notebook = json.loads(data)
        cells = notebook["cells"] if "cells" in notebook else notebook["worksheets"][0]["cells"]
        for number, cell in enumerate(cells, 1):
            if cell["cell_type"] == "code":
                source = cell["source"] if "source" in cell else cell["input"]
                text = source if isinstance(source, str) else "".join(source)
                yield number, _without_magic(text.splitlines())
    except (ValueError, KeyError, TypeError, IndexError, RecursionError):
        raise UnreadableError("it is no notebook, or a damaged one") from None


def _without_magic(lines: list[str]) -> list[str]:
    """Each line of magic becomes a `pass`, so that the others keep their numbers."""
    first = lines[0] if lines else ""
    if first.startswith("%%") and not first.startswith(_PYTHON_CELLS):
        return []
    kept = []
    for line in lines:
        code = line.lstrip()
        is_magic = code.startswith(("%", "!")) or code.endswith("?") and "#" not in code
        kept.append(line[: len(line) - len(code)] + "pass" if is_magic else line)
    return kept
