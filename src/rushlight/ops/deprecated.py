"""Calls with a number before the tensors that it is for, as PyTorch had them before 1.5.

Old programs write `p.data.add_(-lr, grad)` and `addcdiv_(-step, mean, root)`. PyTorch still answers
them, with a warning: `add(input, alpha, other)`, `addcmul(input, value, tensor1, tensor2)`, and of
products `addmm(beta, input, alpha, mat1, mat2)`, where `alpha` may be left away, or as a method
`input.addmm(beta, alpha, mat1, mat2)`.
"""

from __future__ import annotations

import numbers
import warnings
from typing import Any

from ..tensor import Tensor
from .signatures import KEYWORD_ONLY

_told: set[str] = set()  # functions whose warning has been given


def answer_deprecated(function: Any, given: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """What `function` gives for these arguments, more of them by position than it takes now."""
    parameters = function.parameters
    names = [p.name for p in parameters if p.kind is not KEYWORD_ONLY]
    wanted = [p.name for p in parameters if p.kind is KEYWORD_ONLY and p.name != "out"]
    tensors, found = _sorted_out(given, len(names), len(wanted))
    if found is None:
        raise TypeError(
            f"{function.__name__}() takes {len(names)} positional arguments but {len(given)} were "
            "given"
        )
    twice = [name for name in wanted[: len(found)] if named[name] != 1]
    if twice:
        raise TypeError(f"{function.__name__}() got multiple values for argument '{twice[0]}'")
    _warn(function.__name__, names, wanted[: len(found)])
    return function(*tensors, **{**named, **dict(zip(wanted, found, strict=False))})


def _sorted_out(
    given: tuple[Any, ...], tensors: int, numbers_wanted: int
) -> tuple[list[Any], list[Any] | None]:
    """The tensors and the numbers among the arguments; None where they do not stand so."""
    extra = len(given) - tensors
    if not 1 <= extra <= numbers_wanted:
        return [], None
    first, rest = (0, list(given[1:])) if isinstance(given[0], Tensor) else (1, list(given))
    if first == 0:  # input, numbers, tensors
        found, others = rest[:extra], rest[extra:]
        made = [given[0], *others]
    else:  # beta, input, perhaps alpha, tensors
        if numbers_wanted != 2:
            return [], None
        found, made = [rest[0], *rest[2 : 1 + extra]], [rest[1], *rest[1 + extra :]]
    are_numbers = all(isinstance(n, numbers.Number) or _is_scalar(n) for n in found)
    return made, found if are_numbers else None


def _is_scalar(value: Any) -> bool:
    return isinstance(value, Tensor) and value.ndim == 0


def _warn(name: str, names: list[str], wanted: list[str]) -> None:
    if name in _told:
        return
    _told.add(name)
    now = ", ".join([*names, "*", *[f"{number}=1" for number in wanted]])
    numbers_first = ", ".join([names[0], *wanted, *names[1:]])
    if len(wanted) == 2 and name[-1] != "_":
        numbers_first = ", ".join([wanted[0], names[0], wanted[1], *names[1:]])
    warnings.warn(
        f"This overload of {name} is deprecated: {name}({numbers_first}). Consider using "
        f"{name}({now}).",
        stacklevel=4,
    )
