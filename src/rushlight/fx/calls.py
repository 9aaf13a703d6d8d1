"""How a call that a proxy answers was written: what by position, what by name.

Functions know the values of their parameters only. PyTorch's graphs keep the form of the call where
a function is written in C++, so that `torch.sum(x, dim=1)` has `{dim: 1}` among its keywords, and
give functions in Python all that has a default by name.
"""

from __future__ import annotations

import dis
import functools
import sys
import types
from typing import Any

from ..ops.declare import places
from ..ops.entry import answer_operator, parameters
from ..torch_function import entry_codes
from .names import IN_EXTENSION, IN_PYTHON

_NUMPY_NAMES = {"axis": "dim", "keepdims": "keepdim"}


def is_operator_call() -> bool:
    """Whether an operator of Python's syntax is what asks, as `weight + proxy` does."""
    frame: Any = sys._getframe(1)
    while frame is not None and frame.f_code not in entry_codes:
        if frame.f_code is answer_operator.__code__:
            return True
        frame = frame.f_back
    return False


def as_written(function: Any, args: Any, kwargs: Any) -> tuple[Any, Any]:
    """The arguments of an entry's call in the form that a graph of PyTorch's has them in."""
    if not hasattr(function, "plain"):  # no function of this package's
        return args, kwargs
    given = parameters(function)
    if any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in given.values()):
        return args, kwargs
    names = list(given)
    values = dict(zip(names, args, strict=False)) | kwargs
    if _is_in_python(function):
        required = [name for name in names if given[name].default is given[name].empty]
        hidden = () if function.__name__ in _WITH_OUT else ("out",)
        rest = [name for name in names if name not in required and name not in hidden]
        rest.sort(key="dtype".__eq__)  # the last
        defaults = {n: values.get(n, given[n].default) for n in rest}
        return tuple(values[n] for n in required if n in values), defaults
    form = _form_of_call()
    if form is None:
        return args, kwargs
    count, by_name = form
    known = {name: _NUMPY_NAMES.get(name, name) for name in by_name}
    if not all(name in given for name in known.values()):
        return args, kwargs
    positional = [n for n in names if given[n].kind is not given[n].KEYWORD_ONLY]
    needed = {name for name, value in values.items() if value is not given[name].default}
    for number in (count, count + 1):  # a bound method has one argument more
        first = positional[:number]
        if number <= len(positional) and needed <= {*first, *known.values()}:
            if not set(first) & set(known.values()):
                values = {n: given[n].default for n in given} | values
                return (
                    tuple(values[name] for name in first),
                    {shown: values[name] for shown, name in known.items()},
                )
    return args, kwargs


def _is_in_python(function: Any) -> bool:
    name = function.__name__
    if places["torch"].get(name) is function:
        is_shared = places["nn.functional"].get(name) is function
        return name in IN_PYTHON or is_shared and name in _WITH_ALL_BY_NAME
    return places["nn.functional"].get(name) is function and name not in IN_EXTENSION


_WITH_OUT = {"lu", "norm", "normalize", "tensordot"}  # which pass it on even where it is None
# Shared with torch here, and functions of nn.functional's own in PyTorch.
_WITH_ALL_BY_NAME = {
    "celu", "group_norm", "layer_norm", "max_pool1d", "max_pool2d", "max_pool3d", "rms_norm",
    "rrelu", "selu", "threshold",
}  # fmt: skip


def _form_of_call() -> tuple[int, tuple[str, ...]] | None:
    """How many arguments the line that called the entry gives by position, and which by name."""
    frame: Any = sys._getframe(2)
    while frame is not None and frame.f_code not in entry_codes:
        frame = frame.f_back
    if frame is None or frame.f_back is None:
        return None
    caller = frame.f_back
    return _calls(caller.f_code).get(caller.f_lasti)


@functools.lru_cache(128)
def _calls(code: types.CodeType) -> dict[int, tuple[int, tuple[str, ...]]]:
    """The calls in a function by their places in its code, those of what is cached along too."""
    found: dict[int, tuple[int, tuple[str, ...]]] = {}
    names: tuple[str, ...] = ()
    form: tuple[int, tuple[str, ...]] | None = None
    at = 0
    for instruction in dis.get_instructions(code):
        if form is not None:  # a frame stands at the end of the call that it has made
            found.update(dict.fromkeys(range(at, instruction.offset, 2), form))
        at, form = instruction.offset, None
        name, value = instruction.opname, instruction.argval
        if name == "KW_NAMES":  # Python 3.11 and 3.12
            names = code.co_consts[instruction.arg or 0]
        elif name == "LOAD_CONST" and isinstance(value, tuple):  # 3.13: of CALL_KW
            names = value
        elif name in ("CALL", "CALL_KW"):
            count = instruction.arg or 0
            by_name = names if name == "CALL_KW" or sys.version_info < (3, 13) else ()
            form = (count - len(by_name), by_name)
            names = ()
        elif name != "PRECALL":
            names = ()
    return found
