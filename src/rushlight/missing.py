"""What is said of a name that PyTorch has and Rushlight has not yet."""

from __future__ import annotations

import functools
import importlib
import opcode
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn


class MissingNameError(AttributeError):
    """An AttributeError that knows PyTorch's names. `hasattr` does not pay for its message."""

    def __init__(self, place: str, name: str, owner: Any) -> None:
        # Python's own suggestion, made from AttributeError's name and obj, would be a second one.
        super().__init__(f"{place}.{name}")
        self.place, self.missing, self.owner = place, name, owner

    def __str__(self) -> str:
        from .left_out import why_left_out  # which few programs need

        reason = why_left_out(f"{self.place}.{self.missing}")
        if reason is not None:
            return f"PyTorch has {self.place}.{self.missing}; Rushlight leaves it out: {reason}"
        public = [name for name in dir(self.owner) if not name.startswith("_")]
        there = [
            name for name in public
            if not isinstance(getattr(self.owner, name, self), (ModuleType, MissingNameError))
        ]  # fmt: skip
        nearest = nearest_name(self.missing, there)
        hint = f"; the nearest that is there: {self.place}.{nearest}" if nearest else ""
        return f"PyTorch has {self.place}.{self.missing}; Rushlight not yet{hint}"


def nearest_name(name: str, there: list[str]) -> str | None:
    """The most similar of some names that have to do with a name.

    These are its words with some more or some less: `nn.Linear` for `nn.LazyLinear`. Letters alone
    would give `nn.GLU` for `nn.GRU`.
    """
    import difflib  # which few programs need

    words = _words(name)
    related = {other.lower(): other for other in there if _are_related(words, _words(other))}
    found = difflib.get_close_matches(name.lower(), related, 1, 0)
    return related[found[0]] if found else None


def _words(name: str) -> frozenset[str]:
    """The words that a name is made of: those of "LazyConv1d" are "lazy" and "conv1d"."""
    found = re.findall(r"[A-Z]?[a-z]+(?:\d+[dD]?)?|[A-Z]+(?![a-z])(?:\d+[dD]?)?|\d+[dD]?", name)
    return frozenset(word.lower() for word in found)


def _are_related(words: frozenset[str], others: frozenset[str]) -> bool:
    shared = words & others
    less, more = sorted((words, others), key=len)
    # One word more or less; "of" and "to" alone say nothing.
    return less <= more and len(more) - len(less) <= 1 and any(len(word) > 2 for word in shared)


@functools.cache
def pytorch_names() -> frozenset[str]:
    """PyTorch's public names: "nn.LSTM", "Tensor.abs", and "torch.abs" for torch itself."""
    return frozenset(Path(__file__).with_name("pytorch_names.txt").read_text().split())


_IMPORT_FROM = opcode.opmap["IMPORT_FROM"]


class MissingAttribute:
    """In the place of a method that is missing. A `__getattr__` of the class would make every
    attribute that is there slower (by 77% in Python 3.11), and hide errors inside properties."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type) -> NoReturn:
        raise MissingNameError("Tensor", self.name, owner)


def watch_tensor(tensor: type) -> None:
    """Lets the class say what it misses."""
    present = set(dir(tensor))
    missing = {"__cuda_array_interface__"}  # a property that is there on a GPU alone
    for name in pytorch_names():
        place, _, attribute = name.partition(".")
        if place == "Tensor" and attribute not in present:
            setattr(tensor, attribute, MissingAttribute(attribute))
            missing.add(attribute)

    def listed(self: Any) -> list[str]:
        return [n for n in object.__dir__(self) if n not in missing or hasattr(self, n)]

    setattr(tensor, "__dir__", listed)  # noqa: B010


def watch(*modules: ModuleType) -> None:
    """Lets modules say what they miss. Set from here, it is no `__getattr__` to a type checker,
    to which every name would exist."""
    for module in modules:
        place = module.__name__.removeprefix("rushlight").removeprefix(".") or "torch"
        module.__dict__["__getattr__"] = functools.partial(_ask, module, place)


# Packages and modules that few programs need, imported when they are first asked for.
ON_DEMAND = {
    "torch": {
        "__config__", "backends", "distributions", "functional", "library", "multiprocessing", "sparse",
    },
    "nn.utils": {"parametrizations", "parametrize", "prune", "stateless"},
}  # fmt: skip


def _ask(module: ModuleType, place: str, name: str) -> Any:
    if name in ON_DEMAND.get(place, ()):
        return importlib.import_module(f"{module.__name__}.{name}")
    if not name.startswith("_") and f"{place}.{name}" in pytorch_names():
        error = MissingNameError(place, name, module)
        asking = sys._getframe(1)
        if asking.f_code.co_code[asking.f_lasti] != _IMPORT_FROM:
            raise error
        # `from rushlight.nn import LSTM` has words of its own for an AttributeError, and none for
        # what it raises in the end.
        raise ImportError(str(error), name=module.__name__, path=module.__file__)
    raise AttributeError(
        f"module '{module.__name__}' has no attribute '{name}'", name=name, obj=module
    )
