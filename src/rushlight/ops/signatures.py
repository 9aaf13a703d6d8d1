"""Parameters that functions have in common, and those that a declaration adds."""

from __future__ import annotations

from collections.abc import Callable
from inspect import CO_VARARGS, CO_VARKEYWORDS, Signature
from inspect import Parameter as _Parameter
from typing import Any, NamedTuple, TypeVar, get_overloads

Returned = TypeVar("Returned")

POSITIONAL_ONLY = _Parameter.POSITIONAL_ONLY
POSITIONAL_OR_KEYWORD = _Parameter.POSITIONAL_OR_KEYWORD
VAR_POSITIONAL = _Parameter.VAR_POSITIONAL
KEYWORD_ONLY = _Parameter.KEYWORD_ONLY
VAR_KEYWORD = _Parameter.VAR_KEYWORD
EMPTY = _Parameter.empty


class Parameter(NamedTuple):
    """One of `inspect`'s, which takes ten times as long to make: there are 3,000 at import."""

    name: str
    kind: Any
    default: Any = EMPTY
    annotation: Any = EMPTY


def parameters_of(function: Any) -> list[Parameter]:
    """What a function takes, by its code or by `set_parameters`."""
    if "parameters" in vars(function):
        return function.parameters
    code: Any = function.__code__
    names, count, keywords = code.co_varnames, code.co_argcount, code.co_kwonlyargcount
    kinds: list[Any] = [POSITIONAL_ONLY] * code.co_posonlyargcount
    kinds += [POSITIONAL_OR_KEYWORD] * (count - len(kinds)) + [KEYWORD_ONLY] * keywords
    kinds += [VAR_POSITIONAL] * bool(code.co_flags & CO_VARARGS)
    kinds += [VAR_KEYWORD] * bool(code.co_flags & CO_VARKEYWORDS)
    given: Any = function.__defaults__ or ()
    defaults = dict(zip(names[count - len(given) : count], given, strict=True))
    defaults.update(function.__kwdefaults__ or {})
    annotations = function.__annotations__
    found = [
        Parameter(name, kind, defaults.get(name, EMPTY), annotations.get(name, EMPTY))
        for name, kind in zip(names, kinds, strict=False)
    ]
    if code.co_flags & CO_VARARGS and keywords:  # in the code they come after the keywords
        found.insert(count, found.pop(count + keywords))
    return found


def signature_from(parameters: list[Parameter], returns: Any) -> Signature:
    """`inspect`'s, for whoever asks it."""
    made = [_Parameter(p[0], p[1], default=p[2], annotation=p[3]) for p in parameters]
    return Signature(made, return_annotation=returns)


def signature_of(
    other: Callable[..., Any],
) -> Callable[[Callable[..., Returned]], Callable[..., Returned]]:
    """Gives a function the parameters of another one that it passes on without naming them.

        @operation("signal.windows")
        @signature_of(_window)
        def gaussian(M: int, *, std: float = 1.0, **options: Any) -> Tensor: ...

    `*arguments` are the other's positional ones, but for those before a `/`, and `**options` its
    keywords, of both what is not the function's own. As calls may leave out what has a default, the
    other must be one that they are passed to. Where the function returns the same, it does so for
    the same overloads. Whether there is an `out` is its declaration's to say.
    """

    def decorate(body: Any) -> Any:
        own = parameters_of(body)
        named = {"out", *[p.name for p in own]}
        others = [
            p for p in parameters_of(other)
            if p.name not in named and p.kind is not POSITIONAL_ONLY
        ]  # fmt: skip
        parameters = []
        for p in own:
            if p.name == "arguments":
                parameters += [o for o in others if o.kind is not KEYWORD_ONLY]
            elif p.name == "options":
                parameters += [o for o in others if o.kind is KEYWORD_ONLY]
            else:
                parameters.append(p)
        set_parameters(body, parameters)
        forms = get_overloads(other)
        if forms and body.__annotations__["return"] == other.__annotations__["return"]:
            body.overloads = forms
        return body

    return decorate


def add_out(body: Any) -> None:
    """Gives a function's signature the parameter that its entry deals with."""
    kinds = {"Tensor": "Tensor | None", "Any": "Any"}
    kind = kinds.get(body.__annotations__["return"], "Sequence[Tensor] | None")
    set_parameters(body, [*parameters_of(body), Parameter("out", KEYWORD_ONLY, None, kind)])


def set_parameters(body: Any, parameters: list[Parameter]) -> None:
    """Says what a function takes, whatever its own text says of that."""
    body.parameters = parameters
    returns = body.__annotations__["return"]
    body.__annotations__ = {p.name: p.annotation for p in parameters} | {"return": returns}
