"""What an entry does where it does not simply run: who answers, arguments, errors."""

from __future__ import annotations

import functools
import numbers
import sys
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from ..autocast_state import casts, suspended
from ..autograd.explain import explain, invalid_combination, is_library_type_error, told_sizes
from ..dtype import as_dtype
from ..dtype import dtype as DType
from ..errors import OperationError, check_int64, unmade
from ..tensor import Tensor
from ..torch_function import (
    ask,
    ask_mode,
    entry_codes,
    entry_to_ask,
    mode_of_thread,
    overloaded,
)
from . import autocast
from .plain_out import UNMADE
from .promotion import is_operand
from .writing import parameters, write_out

absent: Any = object()  # stands for a keyword that nobody has given
UNANSWERED: Any = object()


# Of an entry with `out`: puts a short way to a plain one in front (`declare.py`), when first asked.
short_ways: dict[Any, Callable[[], None]] = {}


# ---- overrides, and arguments under NumPy's names


def special(function: Any, values: dict[str, Any]) -> Any:
    """A call while a mode is entered, with an `out`, or with NumPy's names of arguments."""
    args, kwargs = _arguments(function, dict(values))
    if mode_of_thread() is not None:
        return ask_mode(shown(function), args, kwargs)
    candidates = to_ask(function, args, kwargs)
    if candidates:
        return ask(shown(function), candidates, args, kwargs)
    out = kwargs.pop("out", None)
    if out is not None:
        try:
            make_short_way = short_ways.pop(function, None)
            if make_short_way is not None:  # no other thread has taken it meanwhile
                make_short_way()
            with suspended() if casts else nullcontext():  # which has the dtype that it has
                # What the entry's short way has made does not fit. Random numbers are not drawn
                # twice.
                return write_out(function, out, args, kwargs, values.get("made", UNMADE))
        except OperationError as error:
            error.call_by(title_of(function))
            raise
        except Exception:
            given = {**values, "out": None}
            _arguments(function, given)  # which puts each under its own name
            if not _is_number_first(function.operation, args):
                _check_tensors(function, given)
            raise
    try:
        if casts:
            return autocast.call(function, args, kwargs)
        return function.plain(*args, **kwargs)
    except Exception as error:
        answer = rescue(function, error, values)
        if answer is UNANSWERED:
            raise
        return answer


def title_of(function: Any) -> str:
    """A function's name in messages: an operator's is that of its function, `add`."""
    known = shown(function)
    operation = known.operation
    if operation is not None and known.__name__.startswith("__"):
        return operation.operation_name
    return getattr(known, "title", known.__name__)


def to_ask(function: Any, args: Any, kwargs: Any) -> list[Any]:
    """The arguments that a function asks."""
    return overloaded(args, kwargs) if function.__code__ in entry_codes else []


def shown(function: Any) -> Any:
    """What those who are asked know an entry as: `torch.Tensor.add` if it is `__add__`."""
    return getattr(function, "shown", function)


@functools.cache
def _places(function: Any) -> tuple[list[Any], str | None, list[Any], str | None]:
    """The names and defaults of positional parameters, `*args`, keywords', and `**kwargs`."""
    given = parameters(function).values()
    positional = [(p.name, p.default) for p in given if p.kind is p.POSITIONAL_OR_KEYWORD]
    keywords = [(p.name, p.default) for p in given if p.kind is p.KEYWORD_ONLY]
    rest = [p.name for p in given if p.kind is p.VAR_POSITIONAL]
    others = [p.name for p in given if p.kind is p.VAR_KEYWORD]
    return positional, rest[0] if rest else None, keywords, others[0] if others else None


def _arguments(function: Any, values: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """An entry's local variables as the arguments of its call, defaults left out."""
    if "dtype" in values:
        values["dtype"] = as_dtype(values["dtype"])
    for name, numpy_name in (("dim", "axis"), ("keepdim", "keepdims")):
        given = values.get(numpy_name, absent)
        if given is not absent and name in values:  # else `axis` is the function's own name
            if values[name] not in (absent, parameters(function)[name].default):
                raise TypeError(f"{function.__name__}() got both '{name}' and '{numpy_name}'")
            values[name] = given
    if values.get("dim") is absent:
        raise TypeError(f'{function.__name__}() missing 1 required positional argument: "dim"')
    positional, rest, keywords, others = _places(function)
    args = [values[name] for name, _ in positional]
    if rest is None:
        for _, default in reversed(positional):
            if args[-1] is not default:
                break
            args.pop()
    else:
        values[rest] = values.get("_" + rest, values[rest])
        args += values[rest]
    kwargs = {name: values[name] for name, default in keywords if values[name] is not default}
    if others is not None:
        kwargs.update(values[others])
    return tuple(args), kwargs


def given_by_name(function: Any, given: tuple[Any, ...], value: Any) -> tuple[Any, ...]:
    """What stands for `*size` where `size=` is given."""
    if given:
        raise TypeError(
            f"{function.__name__}() received an invalid combination of arguments: {given} by "
            f"position and {value} by name"
        )
    return (value,)


# ---- failures


def rescue(function: Any, error: Exception, values: dict[str, Any]) -> Any:
    """What a call that failed ends in.

    The answer of an argument that has one (`__torch_function__`), PyTorch's TypeError where an
    argument should be a tensor and is none, the error of a kernel in PyTorch's words; UNANSWERED
    says that the error stands as it is.
    """
    asked = values.get("dtype")
    args, kwargs = _arguments(function, values)
    candidates = to_ask(function, args, kwargs)
    if candidates:
        if entry_to_ask(candidates, _caller_of_entry()):
            return UNANSWERED
        try:
            return ask(shown(function), candidates, args, kwargs)
        except Exception as failure:
            _forget(failure, error)
            raise
    if getattr(function, "by_hand", False):
        _check_self(function, args[0])
        return UNANSWERED
    operation = function.operation
    if _is_number_first(operation, args):
        return function.plain(*args, **kwargs)
    if values.get("dtype") is not asked:  # it was one of Python's types
        return function(*args, **kwargs)
    _check_tensors(function, values)
    if isinstance(error, TypeError):
        _check_whole_numbers(function, values)
    if isinstance(error, (ValueError, OverflowError, MemoryError, OperationError)):
        _check_integers(function, values)
    title = title_of(function)
    if isinstance(error, OperationError):
        error.call_by(title)
        return UNANSWERED
    impossible = unmade(title, error, told_sizes((*args, *kwargs.values())))
    if impossible is not None:
        raise impossible from error
    if operation is not None and isinstance(
        error, (ValueError, TypeError, OverflowError, KeyError)
    ):
        arrays = [v.array if isinstance(v, Tensor) else v for v in args]
        raise explain(title, error, arrays) from error
    if isinstance(error, ValueError) and "read-only" in str(error):
        raise explain(title, error, ()) from error
    if is_library_type_error(error):
        arrays = [v.array if isinstance(v, Tensor) else v for v in args]
        raise invalid_combination(title, arrays) from error
    return UNANSWERED


def _is_number_first(operation: Any, args: tuple[Any, ...]) -> bool:
    """Whether the operands are a number and a tensor, and the operation takes them so."""
    if operation is None or not operation.takes_number_first:
        return False
    first, second = args[0], args[1] if len(args) > 1 else None
    return isinstance(second, Tensor) and not isinstance(first, Tensor) and is_operand(first)


def _check_self(function: Any, value: Any) -> None:
    if not isinstance(value, Tensor):
        raise TypeError(
            f"descriptor '{function.__name__}' for 'torch.Tensor' objects doesn't apply to a "
            f"'{type(value).__name__}' object"
        )


def _caller_of_entry() -> Any:
    """The frame from which the entry was called that is being rescued."""
    frame: Any = sys._getframe(2)
    while frame.f_code not in entry_codes:
        frame = frame.f_back
    return frame.f_back


def _forget(failure: BaseException, error: Exception) -> None:
    """Leaves what made an entry ask out of the history of the answer's own error."""
    while failure.__context__ is not None and failure.__context__ is not error:
        failure = failure.__context__
    failure.__context__ = None


def _check_tensors(function: Any, values: dict[str, Any]) -> None:
    """PyTorch's TypeError for the first argument that should be a tensor and is none."""
    for position, parameter in enumerate(parameters(function).values()):
        given = values[parameter.name]
        for value in given if parameter.kind is parameter.VAR_POSITIONAL else (given,):
            _check_tensor(function.__name__, position, parameter, value)


def _check_tensor(function: str, position: int, parameter: Any, value: Any) -> None:
    annotation = parameter.annotation
    place = f"{function}(): argument '{parameter.name}' (position {position + 1}) must be"
    if annotation in ("Tensor", "Tensor | None"):
        if not isinstance(value, Tensor) and (value is not None or annotation == "Tensor"):
            raise TypeError(f"{place} Tensor, not {type(value).__name__}")
    elif annotation == "Tensor | Number":  # an operand
        if not is_operand(value):
            raise TypeError(f"{place} Tensor, not {type(value).__name__}")
    elif annotation == "Number":
        if isinstance(value, Tensor) or not is_operand(value):
            raise TypeError(f"{place} Number, not {type(value).__name__}")
    elif annotation in ("DType", "DType | None"):
        if not isinstance(value, DType) and (value is not None or annotation == "DType"):
            raise TypeError(
                f"{function}(): argument '{parameter.name}' must be torch.dtype, not "
                f"{type(value).__name__}"
            )
    elif annotation == "Sequence[Tensor]":
        if not isinstance(value, (tuple, list)):
            raise TypeError(f"{place} tuple of Tensors, not {type(value).__name__}")
        for i, part in enumerate(value):
            if not isinstance(part, Tensor):
                raise TypeError(
                    f"expected Tensor as element {i} in argument {position}, but got "
                    f"{type(part).__name__}"
                )


def _check_whole_numbers(function: Any, values: dict[str, Any]) -> None:
    """PyTorch's TypeError for the first argument that should be a whole number and is none."""
    for position, (name, parameter) in enumerate(parameters(function).items()):
        value = values[name]
        if parameter.annotation not in ("int", "int | None") or value is None or value is absent:
            continue
        if not hasattr(value, "__index__"):
            raise TypeError(
                f"{function.__name__}(): argument '{name}' (position {position + 1}) must be int, "
                f"not {type(value).__name__}"
            )


# Parameters whose numbers are elements, not sizes: those may be larger.
_ELEMENTS = {
    "value", "values", "fill_value", "other", "min", "max", "start", "end", "step", "alpha", "beta",
    "data", "obj", "exponent", "lambd", "weight", "input", "p", "ord",
}  # fmt: skip


def _check_integers(function: Any, values: dict[str, Any]) -> None:
    """PyTorch's errors for a size, place or count that 64 bits do not hold."""
    for name, parameter in parameters(function).items():
        given = values[name]
        if name in _ELEMENTS or "float" in str(parameter.annotation):
            continue
        for place, value in enumerate(given if isinstance(given, (tuple, list)) else (given,)):
            if type(value) is not int or -(2**63) <= value < 2**63:
                continue
            is_size = parameter.kind is parameter.VAR_POSITIONAL or name in ("size", "shape")
            if is_size:
                raise TypeError(
                    f"{function.__name__}(): argument '{name}' failed to unpack the object at pos "
                    f"{place + 1}: Overflow when unpacking long long (got {value})"
                )
            check_int64(f"{function.__name__}(): argument '{name}'", value)


def answer_operator(function: Any, error: Exception, values: dict[str, Any]) -> Any:
    """`rescue` for an operator of Python's syntax, whose other operand may know the answer."""
    first = values["input"]
    if isinstance(first, numbers.Number):  # by `Tensor.__radd__(2, x)` alone
        raise TypeError(
            f"descriptor '{function.__name__}' requires a Tensor, but received "
            f"'{type(first).__name__}'"
        )
    try:
        answer = rescue(function, error, values)
    except TypeError:
        return NotImplemented
    return NotImplemented if answer is UNANSWERED and isinstance(error, TypeError) else answer
