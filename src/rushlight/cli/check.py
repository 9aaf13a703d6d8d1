"""`rushlight check`: which of PyTorch's names programs use and Rushlight lacks."""

from __future__ import annotations

import argparse
import difflib
import importlib
import importlib.util
import sys
from collections import defaultdict
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import rushlight

from ..left_out import why_left_out
from ..missing import has_pytorch, nearest_name, pytorch_modules, pytorch_names, their_name
from ..standing_in import PLACES
from .sources import UnreadableError, files_of, read
from .uses import Uses

# A program may call the package by its own name, too: `import rushlight as torch`.
_PACKAGES = {**PLACES, "rushlight": "rushlight"}
_PLAIN = (str, bytes, list, tuple, dict, set, int, float, complex, Path, type(sys), type)


def run(arguments: argparse.Namespace) -> int:
    """Prints what is missing, with each line that uses it; 1 if anything is."""
    missing: dict[str, list[str]] = defaultdict(list)
    damaged, files, uses = 0, 0, 0
    for file in list(files_of(arguments.paths)):  # a wrong path is told before any result
        try:
            found = uses_in(file)
        except (UnreadableError, OSError) as error:
            reason = getattr(error, "strerror", None) or error
            print(f"{file}: cannot be read: {reason}", file=sys.stderr)
            damaged += 1
            continue
        files += 1
        uses += len(found)
        for name, place in found:
            lacking = first_missing(name)
            if lacking is not None:
                missing[lacking].append(f"{file}:{place}")
    for name, places in sorted(missing.items(), key=lambda item: (-len(item[1]), item[0])):
        print(f"{name} ({len(places)}): {why(name)}")
        for place in places:
            print(f"    {place}")
    print(_summary(missing, files, uses, damaged))
    return 1 if missing or damaged else 0


def _summary(missing: dict[str, list[str]], files: int, uses: int, damaged: int) -> str:
    where = f"{_count(files, 'file')} with {_count(uses, 'use')} of PyTorch's names"
    unread = f"; {_count(damaged, 'file')} could not be read" if damaged else ""
    if not missing:
        return f"nothing is missing in {where}{unread}"
    count = _count(sum(map(len, missing.values())), "use")
    return f"missing: {_count(len(missing), 'name')} with {count}, in {where}{unread}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


def uses_in(file: Path) -> list[tuple[str, str]]:
    """PyTorch's names in a program or a notebook, and where: its lines, or cells and lines.

    An attribute of what may be a tensor counts if no other kind of object has it. A name that is
    the beginning of another at the same place does not: `torch.nn` in `torch.nn.Linear`.
    """
    found: list[tuple[str, str]] = []
    prefix = ""

    def tell(name: str, line: int) -> None:
        found.append((name, f"{prefix}{line}"))

    visitor = Uses(_PACKAGES, _holds_more, tell)
    try:
        for prefix, body in read(file):  # noqa: B007  # `tell` reads it
            visitor.visit(body)
    except RecursionError:
        raise UnreadableError("it is nested too deeply") from None
    if not any(not name.startswith(".") for name, _ in found):
        return []  # it has nothing to do with PyTorch
    return [
        (f"torch.Tensor{name}" if name.startswith(".") else name, place)
        for name, place in found
        if not name.startswith(".") or name[1:] in _methods_of_tensors_alone()
    ]


@cache
def _methods_of_tensors_alone() -> frozenset[str]:
    """The names of tensors' methods by which an unknown object is known to be one."""
    others = {name for kind in _PLAIN for name in dir(kind)}
    names = (name.partition(".") for name in pytorch_names())
    return frozenset(name for place, _, name in names if place == "Tensor") - others


@cache
def first_missing(name: str) -> str | None:
    """The part of "torch.fx.Tracer" that is not there, "torch.fx"; None if all of it is."""
    top, *parts = name.split(".")
    owner: Any = importlib.import_module(_PACKAGES[top])
    for count, part in enumerate(parts, 2):
        if not isinstance(owner, ModuleType | type):
            return None  # what instances have is not known
        if isinstance(owner, type) and owner is not rushlight.Tensor:
            return None  # nor what classes give them
        if part.startswith("__"):
            return None  # what every module has, and the version, which comes with standing in
        if not hasattr(owner, part) and not _imported(owner, part):
            so_far = ".".join([top, *parts[: count - 1]])
            return name if _within(so_far) in pytorch_modules() else so_far
        owner = getattr(owner, part)
    return None


def _within(name: str) -> str:
    """A name without PyTorch's: "nn.Linear" of "torch.nn.Linear", "vision.ops" of torchvision's."""
    top, _, rest = name.partition(".")
    return f"vision.{rest}" if top == "torchvision" else rest


def _imported(owner: Any, part: str) -> bool:
    """Whether a module has another one inside, which is imported if so."""
    if not hasattr(owner, "__path__"):
        return False
    name = f"{owner.__name__}.{part}"
    return importlib.util.find_spec(name) is not None and bool(importlib.import_module(name))


def _holds_more(name: str) -> bool:
    """Whether a name is a module's or a class's, or missing, as what it holds is then missing."""
    owner: Any = importlib.import_module(_PACKAGES[name.partition(".")[0]])
    for part in name.split(".")[1:]:
        owner = getattr(owner, part, None)
    return owner is None or isinstance(owner, ModuleType | type)


def why(name: str) -> str:
    """What is known of a name that is missing."""
    if name.startswith("functorch."):
        return "not yet"
    rest = _within(name)
    place, _, last = rest.rpartition(".")
    known = rest in pytorch_modules() or has_pytorch(place or "torch", last)
    reason = why_left_out(rest if place else name)
    if reason is not None:
        return f"left out: {reason}"
    if not known:
        parents = (rest[:i] for i, letter in enumerate(rest) if letter == ".")
        inside = any(parent in pytorch_modules() for parent in parents)
        return "not yet" if inside else f"PyTorch 2.13 has no such public name{_meant(place, last)}"
    return "not yet" + ("" if rest in pytorch_modules() else _nearest(place, last))


def _nearest(place: str, last: str) -> str:
    nearest = nearest_name(last, _there(place))
    theirs = their_name(place) or "torch"
    return f"; the nearest that is there: {theirs}.{nearest}" if nearest else ""


def _meant(place: str, last: str) -> str:
    near = difflib.get_close_matches(last, _there(place), 1, 0.75)
    return f"; did you mean {their_name(place) or 'torch'}.{near[0]}?" if near else ""


def _there(place: str) -> list[str]:
    """What Rushlight has at a place, without the modules in it."""
    owner: Any = rushlight
    for part in filter(None, place.split(".")):
        owner = getattr(owner, part, None)
    return [
        name for name in dir(owner)
        if not name.startswith("_") and not isinstance(getattr(owner, name, owner), ModuleType)
    ]  # fmt: skip
