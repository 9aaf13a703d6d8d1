"""Parameters that functions have in common, and those that a declaration adds."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar, get_overloads

Returned = TypeVar("Returned")


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
        own, theirs = inspect.signature(body).parameters, inspect.signature(other).parameters
        others = [
            p for name, p in theirs.items()
            if name not in own and name != "out" and p.kind is not p.POSITIONAL_ONLY
        ]  # fmt: skip
        parameters = []
        for p in own.values():
            if p.name == "arguments":
                parameters += [o for o in others if o.kind is not o.KEYWORD_ONLY]
            elif p.name == "options":
                parameters += [o for o in others if o.kind is o.KEYWORD_ONLY]
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
    out = inspect.Parameter("out", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind)
    set_parameters(body, [*inspect.signature(body).parameters.values(), out])


def set_parameters(body: Any, parameters: list[inspect.Parameter]) -> None:
    """Says what a function takes, whatever its own text says of that."""
    returns = body.__annotations__["return"]
    body.__signature__ = inspect.Signature(parameters, return_annotation=returns)
    body.__annotations__ = {p.name: p.annotation for p in parameters} | {"return": returns}
