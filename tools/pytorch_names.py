"""Writes the names that PyTorch publishes, for what is said of those that are not there yet.

    python tools/pytorch_names.py

run where PyTorch 2.13 and torchvision 0.28 are installed, writes
`src/rushlight/pytorch_names.txt`, a name on each line, `src/rushlight/pytorch_modules.txt`, other
public modules, torchvision's too, with their names, `src/rushlight/aten_overloads.txt`, operators
by the overloads that they have, and `tools/pytorch_parameters.txt`, names with those of their
parameters that can be given by name.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import sys
import types
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import torch

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests/parity"))
import torchvision_oracle  # noqa: E402

TARGET = ROOT / "src/rushlight/pytorch_names.txt"
MODULES = TARGET.with_name("pytorch_modules.txt")
OVERLOADS = TARGET.with_name("aten_overloads.txt")
PARAMETERS = Path(__file__).with_name("pytorch_parameters.txt")
PLACES = (
    "torch", "torch.Tensor", "torch.autograd", "torch.cuda", "torch.fft", "torch.func",
    "torch.linalg", "torch.masked", "torch.nn", "torch.nn.functional", "torch.nn.init",
    "torch.nn.utils", "torch.optim", "torch.optim.lr_scheduler", "torch.random",
    "torch.signal.windows", "torch.special", "torch.utils.data",
)  # fmt: skip
# What stands before a function's name where its docstring tells how it is called.
HEAD = r"^(?:\.\. (?:function|method):: )?(?:torch\.)?"
NO_NAMES = r"(?:self|args|kwargs|arg\d|\d.*|_.*)$"


def is_pytorchs(value: Any) -> bool:
    """Whether a value is what its module offers, and no import that it happens to hold."""
    if isinstance(value, types.ModuleType):
        return value.__name__.startswith("torch.")
    return (getattr(value, "__module__", None) or "torch").startswith("torch")


def names() -> list[str]:
    """"nn.LSTM", "Tensor.abs", and "torch.abs" for torch itself, in order."""
    found = []
    for place in PLACES:
        owner = torch.Tensor if place == "torch.Tensor" else importlib.import_module(place)
        found += [
            f"{place.removeprefix('torch.')}.{name}"
            for name in dir(owner)
            if not name.startswith("_") and is_pytorchs(getattr(owner, name, None))
        ]
    return sorted(found)


def modules() -> Iterator[str]:
    """"nn.modules.conv Conv1d Conv2d ..." for each public module that is none of `PLACES`.

    Those of torchvision are "vision" and "vision.ops".
    """
    for name, module in public_modules(torch):
        if name not in PLACES:
            yield " ".join([name.removeprefix("torch."), *sorted(names_of(module))])
    torchvision = torchvision_oracle.load()
    yield " ".join(["vision", *sorted(names_of(torchvision))])
    for name, module in public_modules(torchvision):
        names = names_of(module)
        if "__path__" in vars(module):  # which says what it offers by importing it
            names |= {
                name for name, value in vars(module).items()
                if (getattr(value, "__module__", None) or "").startswith(module.__name__ + ".")
                and not name.startswith("_")
            }  # fmt: skip
        yield " ".join([name.removeprefix("torch"), *sorted(names)])


def public_modules(package: types.ModuleType) -> Iterator[tuple[str, types.ModuleType]]:
    """With their names; one that needs another package or system is empty."""
    for found in pkgutil.iter_modules(package.__path__):
        if found.name.startswith("_"):
            continue
        name = f"{package.__name__}.{found.name}"
        try:
            module = importlib.import_module(name)
        except (ImportError, AttributeError, RuntimeError):
            module = types.ModuleType(name)
        yield name, module
        if "__path__" in vars(module):
            yield from public_modules(module)


def names_of(module: types.ModuleType) -> set[str]:
    """What a module says that it offers, what it defines, and the modules in it."""
    said = set(getattr(module, "__all__", ()))
    inside = {
        name for name, value in vars(module).items()
        if getattr(value, "__module__", None) == module.__name__
        and not isinstance(value, TypeVar | ParamSpec)
        or isinstance(value, types.ModuleType) and value.__name__ == f"{module.__name__}.{name}"
    }  # fmt: skip
    return {name for name in said | inside if not name.startswith("_")}


def parameters(name: str) -> list[str]:
    """Of all forms of a function, or of a class.

    Functions in C++ tell them in their docstrings, which are right about optional ones alone.
    """
    value: Any = torch
    for part in name.removeprefix("torch.").split("."):
        value = getattr(value, part)
    if isinstance(value, types.ModuleType) or not callable(value):
        return []
    try:
        found = [
            p.name for p in inspect.signature(value).parameters.values()
            if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
        ]  # fmt: skip
    except (TypeError, ValueError):
        short = re.escape(name.rpartition(".")[2])
        described = inspect.getdoc(value) or ""
        heads = re.findall(rf"{HEAD}{short}\((.*)\) ->", described, re.MULTILINE)
        flat = [re.sub(r"\([^()]*\)|\[.*?\]", "", head) for head in heads]
        words = [word for head in flat for word in head.split(",")]
        matches = [re.fullmatch(r"\s*(\w+)\s*(?::.*)?=.*", word) for word in words]
        found = [match[1] for match in matches if match]
    # Two of losses have long been replaced by `reduction`.
    given_up = {"size_average", "reduce"} if "size_average" in found else set()
    return sorted({p for p in found if not re.match(NO_NAMES, p)} - given_up)


def overloads() -> list[str]:
    """"default out: abs acos ..." of the operators of `torch.ops.aten`."""
    names = {
        name.removeprefix("aten::").partition(".")[0]
        for name in torch._C._dispatch_get_all_op_names() if name.startswith("aten::")
    }  # fmt: skip
    groups: dict[str, list[str]] = {}
    for name in sorted(names):
        groups.setdefault(" ".join(getattr(torch.ops.aten, name).overloads()), []).append(name)
    return [f"{kinds}: {' '.join(group)}" for kinds, group in sorted(groups.items())]


def main() -> None:
    warnings.simplefilter("ignore")  # of modules that are on their way out
    found = names()
    TARGET.write_text("\n".join(found) + "\n")
    OVERLOADS.write_text("\n".join(overloads()) + "\n")
    MODULES.write_text("\n".join(modules()) + "\n")
    lines = [" ".join([name, *parameters(name)]) for name in found]
    PARAMETERS.write_text("".join(line + "\n" for line in lines if " " in line))


if __name__ == "__main__":
    main()
