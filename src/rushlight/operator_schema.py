"""What operators of programs take and return, as PyTorch writes it.

>>> from rushlight.operator_schema import parse
>>> parse("scale(Tensor x, float factor=2.0, *, bool inverse=False) -> Tensor")[:2]
('scale', <Signature (x: 'Tensor', factor: 'float' = 2.0, *, inverse: 'bool' = False)>)
"""

from __future__ import annotations

import ast
import inspect
import re
import types
import typing
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any

from .device import device
from .dtype import dtype
from .tensor import Tensor

_SCHEMA = re.compile(r"\s*([\w:.]*)\s*\((.*)\)\s*->\s*(.+?)\s*", re.DOTALL)
_ARGUMENT = re.compile(r"(\w+)(\(\w+!?[^)]*\))?([\[\]\d?]*)\s+(\w+)(?:\s*=\s*(.+))?")
_WORDS = {"None": None, "True": True, "False": False}


def parse(schema: str) -> tuple[str, inspect.Signature, frozenset[str]]:
    """The name in a schema, its parameters, and which of them are changed: `Tensor(a!) x`."""
    match = _SCHEMA.fullmatch(schema)
    if match is None:
        raise RuntimeError(
            f"a schema is of the kind 'name(Tensor x, int n=1) -> Tensor', got '{schema}'"
        )
    parameters, changed = [], set()
    kind: Any = inspect.Parameter.POSITIONAL_OR_KEYWORD
    for text in _arguments(match[2]):
        if text == "*":
            kind = inspect.Parameter.KEYWORD_ONLY
            continue
        argument = _ARGUMENT.fullmatch(text)
        if argument is None:
            raise RuntimeError(f"the argument '{text}' of the schema '{schema}' is none")
        type_, alias, more, name, default = argument.groups()
        if alias is not None and "!" in alias:
            changed.add(name)
        value = inspect.Parameter.empty if default is None else _value(default, type_)
        parameters.append(inspect.Parameter(name, kind, default=value, annotation=type_ + more))
    return match[1], inspect.Signature(parameters), frozenset(changed)


def _arguments(text: str) -> Iterator[str]:
    """The parts of a list between its commas, but for those in brackets."""
    depth, start = 0, 0
    for place, letter in enumerate(text + ","):
        depth += (letter in "([") - (letter in ")]")
        if letter == "," and depth == 0:
            if text[start:place].strip():
                yield text[start:place].strip()
            start = place + 1


def _value(text: str, kind: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):  # a word, such as `contiguous_format`
        return text
    return float(value) if kind == "float" else value


_PLAIN = {
    Tensor: "Tensor", int: "SymInt", float: "float", bool: "bool", str: "str",
    int | float | bool: "Scalar", int | float: "Scalar", dtype: "ScalarType", device: "Device",
}  # fmt: skip


def infer_schema(
    prototype_function: Callable[..., Any], /, *, mutates_args: str | Iterable[str],
    op_name: str | None = None,
) -> str:  # fmt: skip
    """The schema of a function by the annotations of its parameters and of what it returns.

    `mutates_args` names the parameters that it changes, or is "unknown", and `op_name` comes in
    front. Raises ValueError where an annotation is missing or has no counterpart in schemas.

    >>> import rushlight as torch
    >>> def scale(x: torch.Tensor, factor: float = 2.0) -> torch.Tensor:
    ...     return x * factor
    >>> torch.library.infer_schema(scale, mutates_args=())
    '(Tensor x, float factor=2.) -> Tensor'
    """
    signature = annotated(prototype_function)
    changed = changed_of(signature, mutates_args)
    parts, seen_keyword = [], False
    for place, parameter in enumerate(signature.parameters.values()):
        if parameter.kind is parameter.KEYWORD_ONLY and not seen_keyword:
            parts.append("*")
            seen_keyword = True
        kind = _type_of(parameter.annotation)
        if kind is None:
            raise ValueError(
                f"infer_schema(func): Parameter {parameter.name} has unsupported type "
                f"{parameter.annotation}. Got func with signature {signature})"
            )
        if parameter.name in changed:
            kind = re.sub("^Tensor", f"Tensor(a{place}!)", kind)
        default = parameter.default
        end = "" if default is parameter.empty else f"={_shown(default)}"
        parts.append(f"{kind} {parameter.name}{end}")
    if signature.return_annotation is signature.empty:
        raise ValueError(
            "infer_schema(func): No return type annotation was provided. Please add one. "
            f"Got func with signature {signature})"
        )
    return f"{op_name or ''}({', '.join(parts)}) -> {_returned(signature.return_annotation)}"


def annotated(function: Callable[..., Any]) -> inspect.Signature:
    """A function's parameters, each of which must say its type."""
    try:
        signature = inspect.signature(function, eval_str=True)
    except NameError:  # an annotation that is not there at run time
        signature = inspect.signature(function)
    for parameter in signature.parameters.values():
        if parameter.annotation is parameter.empty:
            raise ValueError(
                f"infer_schema(func): Parameter {parameter.name} must have a type annotation. "
                f"Got func with signature {signature})"
            )
    return signature


def changed_of(signature: inspect.Signature, mutates: str | Iterable[str]) -> Collection[str]:
    """The parameters that are changed: all where it is unknown."""
    return frozenset(signature.parameters if mutates == "unknown" else mutates)


def _type_of(kind: Any) -> str | None:
    if kind in _PLAIN:
        return _PLAIN[kind]
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType) and type(None) in arguments:
        rest = [argument for argument in arguments if argument is not type(None)]
        inner = _type_of(typing.Union[tuple(rest)])  # noqa: UP007 - of several, at run time
        return None if inner is None else f"{inner}?"
    if origin in (list, Sequence):
        inner = _type_of(arguments[0])
        return None if inner is None else f"{inner}[]"
    return None


def _returned(kind: Any) -> str:
    if kind is None:
        return "()"
    parts = typing.get_args(kind) if typing.get_origin(kind) is tuple else (kind,)
    names = [_type_of(part) for part in parts]
    if None in names:
        raise ValueError(f"infer_schema(func): Return has unsupported type {kind}")
    return str(names[0]) if len(names) == 1 else f"({', '.join(map(str, names))})"


def _shown(default: Any) -> str:
    if isinstance(default, str):
        return f'"{default}"'
    if isinstance(default, float) and default.is_integer():
        return f"{default:.0f}."
    return str(default)
