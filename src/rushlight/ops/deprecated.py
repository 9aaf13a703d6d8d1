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
from ..torch_function import ask
from .entry import shown, to_ask
from .signatures import KEYWORD_ONLY

_told: list[str] = []  # the function whose call was warned of: one warning a process, as in PyTorch


def answer_deprecated(function: Any, given: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """What `function` gives for these arguments, more of them by position than it takes now."""
    defaults = {p.name: p.default for p in function.parameters if p.kind is KEYWORD_ONLY}
    names = [p.name for p in function.parameters if p.name not in defaults]
    wanted = [name for name in defaults if name != "out"]
    found = _parted(given, len(names), len(wanted))
    if found is None:
        raise TypeError(
            f"{function.__name__}() takes {len(names)} positional arguments but {len(given)} were "
            "given"
        )
    first, tensors = found
    kwargs = {name: value for name, value in named.items() if value is not defaults[name]}
    twice = [name for name in wanted[: len(first)] if name in kwargs]
    if twice:
        raise TypeError(f"{function.__name__}() got multiple values for argument '{twice[0]}'")
    _warn(function.__name__, names, wanted[: len(first)], isinstance(given[0], Tensor))
    kwargs.update(zip(wanted, first, strict=False))  # `alpha` may be missing
    candidates = to_ask(function, tensors, kwargs)
    if candidates:  # as the entry that was called is under way, another one would not ask them
        return ask(shown(function), candidates, tensors, kwargs)
    return function(*tensors, **kwargs)


def _parted(
    given: tuple[Any, ...], count: int, most: int
) -> tuple[tuple[Any, ...], tuple[Any, ...]] | None:
    """At most `most` numbers and `count` tensors; None where the arguments do not stand so."""
    extra = len(given) - count
    if not 1 <= extra <= most:
        return None
    if isinstance(given[0], Tensor):  # input, numbers, tensors
        first, tensors = given[1 : 1 + extra], (given[0], *given[1 + extra :])
    elif most == 2:  # beta, input, perhaps alpha, tensors
        first, tensors = (given[0], *given[2 : 1 + extra]), (given[1], *given[1 + extra :])
    else:
        return None
    return (first, tensors) if all(map(_is_number, first)) else None


def _is_number(value: Any) -> bool:
    return isinstance(value, numbers.Number) or isinstance(value, Tensor) and value.ndim == 0


def _warn(name: str, names: list[str], wanted: list[str], is_input_first: bool) -> None:
    if _told:
        return
    _told.append(name)
    order = [names[0], *wanted] if is_input_first else [wanted[0], names[0], *wanted[1:]]
    now = ", ".join([*names, "*", *[f"{number}=1" for number in wanted]])
    warnings.warn(
        f"This overload of {name} is deprecated: {name}({', '.join([*order, *names[1:]])}). "
        f"Consider using {name}({now}).",
        stacklevel=4,
    )
