"""The schema of a function by its annotations: `torch.library.infer_schema`."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, NoReturn

from .device import device
from .dtype import dtype
from .random import Generator
from .tensor import Tensor

_WORDS: dict[Any, str] = {
    Tensor: "Tensor", int: "SymInt", float: "float", bool: "bool", str: "str", dtype: "ScalarType",
    device: "Device", Generator: "Generator", int | float | bool: "Scalar", int | float: "Scalar",
}  # fmt: skip
# In which forms they may come, beside their own.
_FORMS = {
    "Tensor": "? [] ?[]", "SymInt": "? [] []?", "float": "? [] []?", "bool": "? [] []?",
    "str": "?", "Scalar": "? []", "ScalarType": "?", "Device": "?", "Generator": "?",
}  # fmt: skip
_TAKEN = {word + form for word, forms in _FORMS.items() for form in ("", *forms.split())}
_RETURNED = ("Tensor", "Tensor[]", "SymInt", "float", "bool", "Scalar")


def infer_schema(
    prototype_function: Callable[..., Any], /, *, mutates_args: str | Iterable[str],
    op_name: str | None = None,
) -> str:  # fmt: skip
    """The schema of a function by the annotations of its parameters and of what it returns.

    `mutates_args` names the parameters that it changes, or is "unknown", and `op_name` comes in
    front. Raises ValueError where an annotation is missing or has no counterpart in schemas, and
    where `mutates_args` names what is no parameter, or no tensor.

    >>> import rushlight as torch
    >>> def scale(x: torch.Tensor, factor: float = 2.0) -> torch.Tensor:
    ...     return x * factor
    >>> torch.library.infer_schema(scale, mutates_args=())
    '(Tensor x, float factor=2.0) -> Tensor'
    """
    signature = inspect.signature(prototype_function)

    def refuse(what: str) -> NoReturn:
        raise ValueError(f"infer_schema(func): {what} Got func with signature {signature})")

    try:
        annotations = inspect.signature(prototype_function, eval_str=True)
    except Exception as error:  # whatever the text of an annotation raises
        refuse(f"Unsupported type annotation. It is not a type. ({error}).")
    if isinstance(mutates_args, str) and mutates_args != "unknown":
        raise ValueError(
            "mutates_args must either be a sequence of the names of the arguments that are mutated "
            f"or the string 'unknown', got '{mutates_args}'"
        )
    changed = mutates_args if isinstance(mutates_args, str) else tuple(mutates_args)
    parts: list[str] = []
    for place, parameter in enumerate(annotations.parameters.values()):
        if parameter.kind is parameter.KEYWORD_ONLY and "*" not in parts:
            parts.append("*")
        parts.append(_parameter(parameter, place, changed, refuse))
    unknown = set() if changed == "unknown" else {*changed} - {*annotations.parameters}
    if unknown:
        refuse(
            f"{unknown} in mutates_args were not found in the custom op's signature. mutates_args "
            "should contain the names of all args that the custom op mutates, or just the string "
            "'unknown' if you don't know."
        )
    returned = _returned(annotations.return_annotation, refuse)
    return f"{op_name or ''}({', '.join(parts)}) -> {returned}"


def _parameter(
    parameter: inspect.Parameter, place: int, changed: Any, refuse: Callable[[str], NoReturn]
) -> str:
    name = parameter.name
    if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
        refuse("We do not support positional-only args, varargs, or varkwargs.")
    if parameter.annotation is parameter.empty:
        refuse(f"Parameter {name} must have a type annotation.")
    kind = _type_of(parameter.annotation)
    if kind not in _TAKEN:
        advice = ""
        if parameter.annotation is tuple or typing.get_origin(parameter.annotation) is tuple:
            advice = " We do not support Tuple inputs in schema; use a list instead."
        refuse(f"Parameter {name} has unsupported type {parameter.annotation}.{advice}")
    assert kind is not None
    is_tensor = kind.startswith("Tensor")
    if changed == "unknown" and is_tensor or changed != "unknown" and name in changed:
        if not is_tensor:
            refuse(
                f"Parameter {name} is in mutable_args but only Tensors or collections of Tensors "
                "can be mutated"
            )
        kind = kind.replace("Tensor", f"Tensor(a{place}!)", 1)
    if parameter.default is parameter.empty:
        return f"{kind} {name}"
    return f"{kind} {name}={_shown(name, parameter.default, refuse)}"


def _type_of(kind: Any) -> str | None:
    """What schemas call a type: `SymInt[]?` for `list[int] | None`."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType) and type(None) in arguments:
        rest = tuple(argument for argument in arguments if argument is not type(None))
        return f"{_type_of(typing.Union[rest])}?"  # noqa: UP007 - of several, at run time
    if origin in (list, Sequence) and arguments:
        return f"{_type_of(arguments[0])}[]"
    return _WORDS.get(kind) if isinstance(kind, Hashable) else None


def _returned(kind: Any, refuse: Callable[[str], NoReturn]) -> str:
    if kind is None:
        return "()"
    if kind is inspect.Signature.empty:
        refuse("No return type annotation was provided. Please add one.")
    is_tuple = typing.get_origin(kind) is tuple
    names = [_type_of(part) for part in (typing.get_args(kind) if is_tuple else (kind,))]
    is_sequence = any(typing.get_origin(k) is Sequence for k in (kind, *typing.get_args(kind)))
    if is_sequence or any(name not in _RETURNED for name in names):
        refuse(f"Return has unsupported type {kind}.")
    text = ", ".join(map(str, names))
    if is_tuple and len(names) == 1:
        return f"(({text}))"
    return f"({text})" if is_tuple else text


def _shown(name: str, default: Any, refuse: Callable[[str], NoReturn]) -> str:
    if default is None or isinstance(default, (int, float, bool)):
        return str(default)
    if isinstance(default, (str, device)):
        text = str(default).replace("\\", r"\\").replace('"', r"\"")
        return f'"{text}"'
    if isinstance(default, dtype):
        return str(default).removeprefix("torch.")
    refuse(f"Parameter {name} has an unsupported default value type {type(default)}.")
