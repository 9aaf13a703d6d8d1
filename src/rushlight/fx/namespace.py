"""Names in generated code, each given once."""

from __future__ import annotations

import builtins
import keyword
import math
import re
import sys
from typing import Any

from ..device import device
from ..utils import _pytree as pytree
from . import _pytree as fx_pytree

# What every generated function can name besides Python's own, and how a file imports it.
BUILTINS: dict[str, tuple[str, Any]] = {
    "inf": ("from math import inf", math.inf),
    "nan": ("from math import nan", math.nan),
    "NoneType": ("NoneType = type(None)", type(None)),
    "torch": ("import torch", sys.modules[__name__.partition(".")[0]]),
    "device": ("from torch import device", device),
    "fx_pytree": ("import torch.fx._pytree as fx_pytree", fx_pytree),
    "pytree": ("import torch.utils._pytree as pytree", pytree),
}

_taken: dict[str, Any] = {
    **dict.fromkeys(keyword.kwlist, object()),
    **vars(builtins),
    **{name: value for name, (_, value) in BUILTINS.items()},
}
_NAME = re.compile(r"([a-zA-Z_]\w*?)(?:_(\d+))?", re.ASCII)


def snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z])([A-Z])", r"_\1", name).lower()


def is_magic(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")


class Namespace:
    """Gives names that are valid, hide nothing of Python's, and belong to one object each."""

    def __init__(self) -> None:
        self._names: dict[Any, str] = {}
        self._used: set[str] = set()
        self._counts: dict[str, int] = {}

    def create_name(self, candidate: str, obj: Any) -> str:
        """A name like `candidate`; that which `obj` has, if it is known."""
        if obj is not None and obj in self._names:
            return self._names[obj]
        match = _NAME.fullmatch(candidate)
        if match is None:
            candidate = re.sub(r"[^0-9a-zA-Z_]+", "_", candidate) or "_unnamed"
            if candidate[0].isdigit():
                candidate = f"_{candidate}"
            match = _NAME.fullmatch(candidate)
        assert match is not None
        base, number = match.groups()
        if number is None or candidate in self._used:
            count = self._counts.get(base, 0)
            if _taken.get(candidate, obj) is not obj:
                count += 1
                candidate = f"{base}_{count}"
        else:
            count = int(number)
        while candidate in self._used:
            count += 1
            candidate = f"{base}_{count}"
        self._used.add(candidate)
        self._counts[base] = count
        if obj is not None:
            self._names[obj] = candidate
        return candidate

    def rename(self, obj: Any, name: str) -> None:
        self._names[obj] = name
        self._used.add(name)
