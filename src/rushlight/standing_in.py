"""Rushlight in the place of PyTorch: `import torch` gives this package, under the same objects.

>>> import rushlight
>>> rushlight.as_torch()  # doctest: +SKIP
>>> import torch.nn.functional as F  # doctest: +SKIP
>>> F is rushlight.nn.functional  # doctest: +SKIP
True

`rushlight run` does it for whole programs, see docs/programs.md.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

import rushlight_run

from .errors import take_pytorchs_names
from .missing import check_module
from .torch_version import TorchVersion

PLACES = {"torch": "rushlight", "torchvision": "rushlight.vision", "functorch": "rushlight.func"}
# Of the PyTorch whose names and behaviour these are.
VERSION = "2.13.0"


class _Finder:
    """Finds "torch.nn" as the module "rushlight.nn": one object under both names."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        top, dot, rest = name.partition(".")
        if top not in PLACES:
            return None
        spec = importlib.util.find_spec(PLACES[top] + dot + rest)
        if spec is None:
            place = {"torch": rest, "torchvision": f"vision.{rest}"}.get(top)
            if place:
                check_module(name, place)
            return None
        loader: Any = _Loader(spec)
        alias = ModuleSpec(name, loader, origin=spec.origin)
        alias.submodule_search_locations = spec.submodule_search_locations
        return alias


class _Loader:
    def __init__(self, spec: ModuleSpec) -> None:
        self.spec = spec

    def create_module(self, alias: ModuleSpec) -> ModuleType:
        module = importlib.import_module(self.spec.name)
        self.own_spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self.own_spec  # which the import has replaced by the alias's

    def get_code(self, name: str) -> Any:
        """For `python -m torch.hub`."""
        loader: Any = self.spec.loader
        return loader.get_code(self.spec.name)


def stand_in() -> None:
    """Lets this process import Rushlight as `torch`, `torchvision` and `functorch`."""
    import rushlight

    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())  # type: ignore[arg-type]
        # Programs ask whether it is new enough.
        version = TorchVersion(f"{VERSION}+rushlight")
        rushlight.__version__ = rushlight.version.__version__ = version
        vars(importlib.import_module("rushlight.func"))["__version__"] = version
        take_pytorchs_names()
        for kind in (rushlight.Tensor, rushlight.Size, rushlight.device):  # which programs print
            kind.__module__ = "torch"
    for name, own in PLACES.items():
        sys.modules[name] = importlib.import_module(own)


def as_torch() -> None:
    """Puts Rushlight in the place of PyTorch for the imports that follow, as `rushlight run` does.

    `import torch`, `from torch import nn` and `import torchvision` find Rushlight's modules from
    then on: here, in libraries, and in processes that this one starts. `importlib.metadata` and
    `importlib.util.find_spec` find them, too. Calling it again changes nothing; what has been
    imported cannot be taken back, so there is no way to undo it.

    Raises RuntimeError if the real torch or torchvision has been imported.

    >>> import rushlight
    >>> rushlight.as_torch()  # doctest: +SKIP
    >>> from torch import nn  # doctest: +SKIP
    >>> nn is rushlight.nn  # doctest: +SKIP
    True
    """
    for name, own in PLACES.items():
        module = sys.modules.get(name)
        if module is not None and module is not sys.modules.get(own):
            raise RuntimeError(
                f"as_torch: {name} has been imported from {getattr(module, '__file__', None)}; "
                "call rushlight.as_torch() before anything imports it"
            )
    stand_in()
    rushlight_run.show_on_path(os.environ)
    if rushlight_run.FOLDER not in sys.path:
        sys.path.insert(1, rushlight_run.FOLDER)  # after the program's own folder, as PYTHONPATH is
