"""What is said of a name that PyTorch has and Rushlight has not yet."""

from __future__ import annotations

import contextlib
import functools
import importlib
import importlib.util
import opcode
import os
import re
import sys
from collections.abc import Callable
from importlib.machinery import PathFinder
from types import FrameType, ModuleType
from typing import Any, NoReturn

TRACKED = "what is missing is tracked at https://github.com/rushlight-dl/rushlight/issues"


class MissingNameError(AttributeError):
    """An AttributeError that knows PyTorch's names. `hasattr` does not pay for its message."""

    def __init__(self, place: str, name: str, owner: Any) -> None:
        # Python's own suggestion, made from AttributeError's name and obj, would be a second one.
        super().__init__(f"{place}.{name}")
        self.place, self.missing, self.owner = place, name, owner

    def __reduce__(self) -> Any:
        return AttributeError, (str(self),)

    def __str__(self) -> str:
        from .left_out import why_left_out  # which few programs need

        reason, place = why_left_out(f"{self.place}.{self.missing}"), their_name(self.place)
        if reason is not None:
            return f"PyTorch has {place}.{self.missing}; Rushlight leaves it out: {reason}"
        public = [name for name in dir(self.owner) if not name.startswith("_")]
        there = [
            name for name in public
            if not isinstance(getattr(self.owner, name, self), (ModuleType, MissingNameError))
        ]  # fmt: skip
        path = self.missing if self.place == "torch" else f"{self.place}.{self.missing}"
        is_module = path in pytorch_modules()  # which no function comes near
        nearest = None if is_module else nearest_name(self.missing, there)
        hint = f"; the nearest that is there: {place}.{nearest}" if nearest else ""
        return f"PyTorch has {place}.{self.missing}; Rushlight not yet{hint}; {TRACKED}"


def their_name(place: str) -> str:
    """A place as PyTorch's users know it: that of "vision.ops" is "torchvision.ops"."""
    return "torch" + place if place.partition(".")[0] == "vision" else place


def check_module(name: str, place: str) -> None:
    """ModuleNotFoundError for `import torch.nn.quantized`, which is the place "nn.quantized".

    Called by a finder of modules that has found none. `importlib.util.find_spec` asks one, too, and
    is answered by None: then nothing is raised.
    """
    is_import = sys._getframe(3).f_code.co_name == "_find_and_load_unlocked"
    if not is_import or place not in pytorch_modules():
        return
    from .left_out import why_left_out

    reason = why_left_out(place if "." in place else f"torch.{place}")
    said = f"leaves it out: {reason}" if reason else f"not yet; {TRACKED}"
    message = f"No module named '{name}': PyTorch has it; Rushlight {said}"
    raise ModuleNotFoundError(message, name=name)


class _Finder:
    """Comes last, and says of a module of PyTorch's why it has not been found."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        top, _, place = name.partition(".")
        if top == "rushlight":
            check_module(name, place)


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


def _text(name: str) -> str:
    # By `os`: to import pathlib would be a thirtieth of `import rushlight`.
    with open(os.path.join(os.path.dirname(__file__), name), encoding="utf-8") as file:
        return file.read()


@functools.cache
def pytorch_names() -> frozenset[str]:
    """PyTorch's public names: "nn.LSTM", "Tensor.abs", and "torch.abs" for torch itself."""
    return frozenset(_text("pytorch_names.txt").split())


@functools.cache
def pytorch_modules() -> dict[str, frozenset[str]]:
    """The public names of PyTorch's other public modules, "nn.modules.conv", and of torchvision's,
    which are "vision" and "vision.ops"."""
    lines = _text("pytorch_modules.txt").splitlines()
    return {place: frozenset(names) for place, *names in map(str.split, lines)}


def has_pytorch(place: str, name: str) -> bool:
    """Whether PyTorch publishes a name at a place: ("torch", "add"), ("nn.modules.conv", "Conv1d").
    """
    if f"{place}.{name}" in pytorch_names() or name in pytorch_modules().get(place, ()):
        return True
    return (name if place == "torch" else f"{place}.{name}") in pytorch_modules()


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


# What is below the interface, where no name is PyTorch's.
_INTERNAL = {"audio", "cli", "graph", "kernels", "ops", "text"}


def watch_all(package: ModuleType) -> None:
    """Lets a package's modules say what they miss, now and when they are imported later."""
    sys.meta_path.insert(0, _Watcher())  # type: ignore[arg-type]
    sys.meta_path.append(_Finder())  # type: ignore[arg-type]
    vars(package)["__dir__"] = lambda: sorted({*vars(package), *_FUNCTIONS})
    for name, module in list(sys.modules.items()):
        if name == package.__name__ or _is_watched(name):
            watch(module)


def names_for_star(package: ModuleType) -> list[str]:
    """What `from rushlight import *` gives: PyTorch's names but for modules, which would hide
    Python's own (`random`, `types`, `signal`), and what is imported when it is asked for."""
    names = [
        name for name, value in vars(package).items()
        if f"torch.{name}" in pytorch_names() and not isinstance(value, ModuleType)
    ]
    return sorted({*names, *_FUNCTIONS})


def _is_watched(name: str) -> bool:
    return name.startswith("rushlight.") and name.split(".")[1] not in _INTERNAL


class _Watcher:
    """Finds our modules as Python would, and watches them as soon as they are imported."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if not _is_watched(name):
            return None
        spec = PathFinder.find_spec(name, path, target)
        loader: Any = None if spec is None else spec.loader
        if loader is not None:
            loader.exec_module = functools.partial(_execute, loader.exec_module)
        return spec


def _execute(execute: Callable[[ModuleType], None], module: ModuleType) -> None:
    execute(module)
    watch(module)


def watch(module: ModuleType) -> None:
    """Lets a module say what it misses. Set from here, it is no `__getattr__` to a type checker,
    to which every name would exist. What the module finds by its own `__getattr__` comes first."""
    place = module.__name__.removeprefix("rushlight").removeprefix(".") or "torch"
    own = vars(module).get("__getattr__")
    if getattr(own, "func", None) is not _ask:
        vars(module)["__getattr__"] = functools.partial(_ask, module, place, own)


# Packages and modules that few programs need, imported when they are first asked for.
ON_DEMAND = {
    "torch": {
        "__config__", "__future__", "_dynamo", "_higher_order_ops", "_inductor", "_utils",
        "accelerator", "backends", "compiler", "distributed", "distributions", "functional",
        "futures", "fx", "graph", "hub", "jit", "library", "mps", "mtia", "multiprocessing",
        "profiler", "quasirandom", "sparse", "testing", "types", "xpu",
    },
    "autograd": {"profiler"},
    "nn": {"_reduction", "attention", "common_types"},
    "nn.utils": {"parametrizations", "parametrize", "prune", "stateless"},
    "utils": {"data"},
}  # fmt: skip
# Functions of the package itself from such modules.
_FUNCTIONS = {
    "compile": "graph.compile", "detect_nan": "nn.nan_finder", "load": "serialization",
    "save": "serialization", "summary": "nn.summary",
}  # fmt: skip


def _ask(
    module: ModuleType, place: str, own: Callable[[str], Any] | None, name: str
) -> Any:
    if own is not None:
        with contextlib.suppress(AttributeError):
            return own(name)
    if name in ON_DEMAND.get(place, ()):
        return _imported(module, name, sys._getframe(1))
    home = "foreach" if name.startswith("_foreach_") else _FUNCTIONS.get(name)
    if home and place == "torch":
        functions = importlib.import_module(f"{module.__name__}.{home}")
        if hasattr(functions, name):
            return vars(module).setdefault(name, getattr(functions, name))
    if not name.startswith("_") and has_pytorch(place, name):
        part = f"{module.__name__}.{name}"
        if "__path__" in vars(module) and importlib.util.find_spec(part):
            return _imported(module, name, sys._getframe(1))
        error = MissingNameError(place, name, module)
        if not _is_import(sys._getframe(1)):
            raise error
        # `from rushlight.nn import LSTM` has words of its own for an AttributeError, and none for
        # what it raises in the end.
        raise ImportError(str(error), name=module.__name__, path=module.__file__)
    raise AttributeError(
        f"module '{module.__name__}' has no attribute '{name}'", name=name, obj=module
    )


def _imported(module: ModuleType, name: str, asking: FrameType) -> ModuleType:
    """A submodule. Where a package that it needs is not installed, an attribute is missing: what
    asks by `hasattr` gets an answer."""
    try:
        return importlib.import_module(f"{module.__name__}.{name}")
    except ModuleNotFoundError as error:
        if _is_import(asking):
            raise
        raise AttributeError(str(error), name=name, obj=module) from error


def _is_import(asking: FrameType) -> bool:
    """Whether a frame asks by `from module import name`."""
    return asking.f_code.co_code[asking.f_lasti] == _IMPORT_FROM
