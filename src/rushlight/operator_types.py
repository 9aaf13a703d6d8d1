"""The types of schemas, `int[2]?`: what they take of Python's values, and what they make of it.

>>> from rushlight.operator_types import parse_type
>>> parse_type("SymInt[]").take((1, True))
[1, 1]
>>> parse_type("Tensor?[]").shown
'List[Optional[Tensor]]'
"""

from __future__ import annotations

import numbers
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from .device import device
from .dtype import dtype
from .layout import layout, memory_format
from .random import Generator
from .tensor import Tensor

_TYPE = re.compile(r"(Dict\(\w+, ?\w+\)|[\w.]+)((?:\[\d*\]|\?)*)")


class DoesNotFit(Exception):
    """A value that is none of a type."""


@dataclass(frozen=True)
class Type:
    """A type of a schema: its text, its name in messages, and what takes a value of it."""

    text: str
    shown: str
    take: Callable[[Any], Any]

    def __str__(self) -> str:
        return self.text


@cache
def parse_type(text: str) -> Type:
    """The type of a text: RuntimeError where it is none."""
    match = _TYPE.fullmatch(text)
    word = "" if match is None else match[1].partition("(")[0]
    if match is None or word not in _WORDS:
        raise RuntimeError(
            f"unknown type specifier '{text}'; types of schemas are {', '.join(_WORDS)}, with ?, "
            "[] or [n] behind them"
        )
    shown, take = _WORDS[word]
    made = Type(match[1], shown, take)
    for more in re.findall(r"\[\d*\]|\?", match[2]):
        made = _optional(made) if more == "?" else _list(made, more)
    return made


def _optional(of: Type) -> Type:
    def take(value: Any) -> Any:
        return None if value is None else of.take(value)

    return Type(of.text + "?", f"Optional[{of.shown}]", take)


def _list(of: Type, brackets: str) -> Type:
    count = int(brackets[1:-1] or 0)

    def take(value: Any) -> Any:
        if isinstance(value, (list, tuple)):
            if of.text == "Tensor" and any(part is None for part in value):
                raise DoesNotFit
            return list(map(of.take, value))
        if count == 0:
            raise DoesNotFit
        return [of.take(value)] * count  # `int[2]` takes one number for both

    return Type(of.text + brackets, f"List[{of.shown}]", take)


# ---- single values


def _one_of(*kinds: type) -> Callable[[Any], Any]:
    def take(value: Any) -> Any:
        if not isinstance(value, kinds):
            raise DoesNotFit
        return value

    return take


def _number(kind: Any, made: type) -> Callable[[Any], Any]:
    """Numbers of a kind, NumPy's too, and tensors of one element."""

    def take(value: Any) -> Any:
        if isinstance(value, Tensor) and value.numel() == 1:
            value = value.item()
            return made(value.real if isinstance(value, complex) and made is not complex else value)
        if not isinstance(value, kind):
            raise DoesNotFit
        return made(value)

    return take


def _bool(value: Any) -> bool:
    # As PyTorch: whatever has a truth value of its own, and None.
    if value is not None and not hasattr(type(value), "__bool__"):
        raise DoesNotFit
    return bool(value)


def _device(value: Any) -> Any:
    return device(value) if isinstance(value, str) else _one_of(device)(value)


_INT = ("int", _number(numbers.Integral, int))
_WORDS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "Tensor": ("Tensor", _one_of(Tensor, type(None))),  # None: there is none
    "int": _INT, "SymInt": _INT,
    "float": ("float", _number(numbers.Real, float)),
    "complex": ("complex", _number(numbers.Complex, complex)),
    "bool": ("bool", _bool),
    "str": ("str", _one_of(str)),
    "Scalar": ("number", _one_of(numbers.Number)),
    "ScalarType": ("int", _one_of(dtype, int)),
    "Device": ("Device", _device),
    "Layout": ("int", _one_of(layout)),
    "MemoryFormat": ("int", _one_of(memory_format)),
    "Generator": ("Generator", _one_of(Generator)),
    "Dict": ("Dict", _one_of(dict)),
    "Any": ("Any", lambda value: value),
}  # fmt: skip
