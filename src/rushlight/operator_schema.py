"""What operators of programs take and return, as PyTorch writes it.

>>> from rushlight.operator_schema import parse
>>> schema = parse("scale(Tensor x, float factor=2.0, *, bool inverse=False) -> Tensor")
>>> schema.name, [argument.name for argument in schema.arguments], str(schema.returns[0])
('scale', ['x', 'factor', 'inverse'], 'Tensor')
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from keyword import iskeyword
from typing import Any

from .operator_types import DoesNotFit, Type, parse_type

_SCHEMA = re.compile(r"\s*([\w:.]*)\s*\((.*)\)\s*->\s*(.+?)\s*", re.DOTALL)
_NAME = re.compile(r"(?:[A-Za-z_]\w*::)?[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)?|")
_ARGUMENT = re.compile(
    r"([\w.]+|Dict\(\w+, ?\w+\))(\(\w+!?[^)]*\))?([\[\]\d?]*)\s+(\w+)(?:\s*=\s*(.+))?"
)
_RETURNED = re.compile(r"([\w.]+)(\([^)]*\))?([\[\]\d?]*)(?:\s+\w+)?")
_TOKEN = re.compile(r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|.""", re.DOTALL)  # quoted text is one
_WORDS = {"None": None, "True": True, "False": False}


@dataclass(frozen=True)
class Argument:
    """What a schema says of an argument."""

    text: str
    name: str
    type: Type
    kwarg_only: bool
    is_write: bool
    default_value: Any = inspect.Parameter.empty

    def has_default_value(self) -> bool:
        return self.default_value is not inspect.Parameter.empty


@dataclass(frozen=True, repr=False)
class Schema:
    """An operator's name, its arguments and the types of what it returns."""

    name: str
    overload_name: str
    arguments: tuple[Argument, ...]
    returns: tuple[Type, ...]
    returned: str

    def __str__(self) -> str:
        parts = [argument.text for argument in self.arguments]
        count = sum(not argument.kwarg_only for argument in self.arguments)
        if count < len(parts):
            parts.insert(count, "*")
        name = self.name + (f".{self.overload_name}" if self.overload_name else "")
        return f"{name}({', '.join(parts)}) -> {self.returned}"

    __repr__ = __str__

    @property
    def is_mutable(self) -> bool:
        return any(argument.is_write for argument in self.arguments)

    @cached_property
    def signature(self) -> inspect.Signature:
        kinds = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY
        return inspect.Signature([
            inspect.Parameter(a.name, kinds[a.kwarg_only], default=a.default_value)
            for a in self.arguments
        ])  # fmt: skip

    def taken(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        """The arguments of a call in the schema's order and types: RuntimeError where they do not
        fit."""
        try:
            bound = self.signature.bind(*args, **kwargs)
        except TypeError as error:
            raise RuntimeError(f"{self.name}() {error}. Declaration: {self}") from None
        bound.apply_defaults()
        values = []
        for place, argument in enumerate(self.arguments):
            value = bound.arguments[argument.name]
            is_default = argument.name not in kwargs and place >= len(args)
            try:
                if not is_default:
                    value = argument.type.take(value)
                elif isinstance(value, list):  # the function may change it, for this call alone
                    value = deepcopy(value)
                values.append(value)
            except DoesNotFit:
                raise RuntimeError(
                    f"{self.name}() Expected a value of type '{argument.type.shown}' for argument "
                    f"'{argument.name}' but instead found type '{type(value).__name__}'. "
                    f"Position: {place}. Declaration: {self}"
                ) from None
        return tuple(values)

    def given(self, result: Any) -> Any:
        """What a function has returned, in the schema's types: RuntimeError where it is another."""
        if not self.returns:
            if result is not None:
                raise RuntimeError(
                    f"{self.name}: expected the function to return None but it returned something "
                    f"else ({type(result).__name__}). Declaration: {self}"
                )
            return None
        if len(self.returns) == 1:
            return self._given(self.returns[0], result)
        if not isinstance(result, (tuple, list)):
            raise TypeError(
                f"{self.name}: the function returned a {type(result).__name__}, and not a tuple. "
                f"Declaration: {self}"
            )
        if len(result) != len(self.returns):
            raise RuntimeError(
                f"{self.name}: the function returned {len(result)} values, and not "
                f"{len(self.returns)}. Declaration: {self}"
            )
        return tuple(map(self._given, self.returns, result))

    def _given(self, kind: Type, value: Any) -> Any:
        try:
            return kind.take(value)
        except DoesNotFit:
            raise RuntimeError(
                f"{self.name}: the function returned a {type(value).__name__}, which is no "
                f"'{kind.shown}'. Declaration: {self}"
            ) from None


def parse(schema: str) -> Schema:
    """What a text like "scale(Tensor x, float by=2.0) -> Tensor" says: RuntimeError if it is none.

    Arguments that are changed are written `Tensor(a!) x`.
    """
    match = _SCHEMA.fullmatch(schema)
    if match is None or _NAME.fullmatch(match[1]) is None:
        raise RuntimeError(
            f"a schema is of the kind 'name(Tensor x, int n=1) -> Tensor', got '{schema}'"
        )
    name, _, overload = match[1].partition(".")
    arguments: list[Argument] = []
    kwarg_only = False
    for text in _parts(match[2], schema):
        if text == "*":
            kwarg_only = True
        else:
            arguments.append(_argument(text, kwarg_only, schema))
    names = [argument.name for argument in arguments]
    if len(set(names)) < len(names):
        raise RuntimeError(f"the schema '{schema}' has two arguments of the same name")
    needed = [not a.has_default_value() for a in arguments if not a.kwarg_only]
    if needed != sorted(needed, reverse=True):
        raise RuntimeError(f"the schema '{schema}' has an argument without a default behind others")
    returned = match[3]
    return Schema(name, overload, tuple(arguments), tuple(_returns(returned, schema)), returned)


def _argument(text: str, kwarg_only: bool, schema: str) -> Argument:
    match = _ARGUMENT.fullmatch(text)
    if match is None:
        raise RuntimeError(f"the argument '{text}' of the schema '{schema}' is none")
    word, alias, more, name, default = match.groups()
    if not name.isidentifier() or iskeyword(name):
        raise RuntimeError(f"'{name}' in the schema '{schema}' is no name of an argument in Python")
    kind = parse_type(word + more)
    value = inspect.Parameter.empty if default is None else _value(default, kind, schema)
    is_write = alias is not None and "!" in alias
    return Argument(text, name, kind, kwarg_only, is_write, value)


def _returns(text: str, schema: str) -> Iterator[Type]:
    while text.startswith("(") and text.endswith(")"):
        text = text[1:-1]
    for part in _parts(text, schema):
        match = _RETURNED.fullmatch(part)
        if match is None:
            raise RuntimeError(f"the schema '{schema}' returns '{part}', which is no type")
        yield parse_type(match[1] + match[3])


def _parts(text: str, schema: str) -> list[str]:
    """The parts of a list between its commas, but for those in quotes and in brackets."""
    parts, depth = [""], 0
    for token in _TOKEN.findall(text):
        depth += (token in ("(", "[")) - (token in (")", "]"))
        if depth < 0:
            break
        if token == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += token
    if depth != 0:
        raise RuntimeError(f"the brackets of the schema '{schema}' do not match")
    parts = [part.strip() for part in parts]
    if parts == [""]:
        return []
    if "" in parts:
        raise RuntimeError(f"the schema '{schema}' has a comma with nothing before or behind it")
    return parts


def _value(text: str, kind: Type, schema: str) -> Any:
    """A default: a word such as `float32` and `contiguous_format`, or as Python has it."""
    if text in _WORDS:
        return _WORDS[text]
    if kind.text in ("ScalarType", "Layout", "MemoryFormat"):
        import rushlight

        return getattr(rushlight, text, text)
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        raise RuntimeError(
            f"the default {text} in the schema '{schema}' is none of the type {kind}"
        ) from None
    try:
        return kind.take(value)
    except DoesNotFit:  # PyTorch's parser lets it pass, too
        return value
