"""The code of entries of functions that have a signature of their own; `templates.py` has others'.

An entry is made as a text of the function's parameters, so that a call costs no more than one of a
function written by hand; its code is kept between imports (`bytecode.py`).
"""

from __future__ import annotations

import functools
import linecache
import types
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from ..autocast_state import casts
from ..tensor import Tensor
from ..torch_function import entry_codes, modes
from .autocast import POLICIES
from .bytecode import code_of
from .deprecated import answer_deprecated
from .entry import UNANSWERED, absent, given_by_name, rescue, short_ways, special
from .plain_out import are_apart, are_few, are_numbers, call_for, is_plain, placed
from .signatures import (
    EMPTY,
    KEYWORD_ONLY,
    POSITIONAL_ONLY,
    POSITIONAL_OR_KEYWORD,
    VAR_KEYWORD,
    VAR_POSITIONAL,
    Parameter,
    parameters_of,
    signature_from,
)

_ENTRY = """\
def {name}({parameters}):
{named}    if {special}:
{deprecated}{short}        return special(entry, locals())
    try:{asked}
        return {call}
    except Exception as error:
        answer = rescue(entry, error, locals())
        if answer is UNANSWERED:
            raise
        return answer
"""
_NAMED = """\
    if {name} is not absent:
        _{name}, {name} = given_by_name(entry, _{name}, {name}), absent
"""
_SHORT = """\
        if {absent}is_plain(out, ({values})){conditions}:
            try:
                made = {call}
            except Exception:
                pass  # it fails once more below, in words
            else:
                answer = placed(out, made)
                if answer is not None:
                    return answer
"""
_DEPRECATED = """\
        if more:
            return answer_deprecated(entry, ({given}, *more), {{{named}}})
"""
_CHANGE = """
        if is_plain({target}, ({values})):
            answer = placed({target}, {call})
            if answer is not None:
                return answer"""
_NUMPY_NAMES = {"dim": "axis", "keepdim": "keepdims"}


def make_entry(
    body: Any, by_hand: bool = False, autocast: str | None = None, changing: Any = None,
    numbers_first: bool = False,
) -> Any:  # fmt: skip
    """A function of the body's signature that asks who answers before it calls the body.

    What a class has `by_hand` looks at its arguments itself, and takes no names of NumPy's. With
    `changing` it writes what this function gives into its first argument where little is to be
    asked (`plain_out.py`), and else calls the body. With `numbers_first` it also takes the calls of
    `deprecated.py`.
    """
    assert autocast is None or autocast in POLICIES, f"{body.__name__}: {autocast}"
    parameters = parameters_of(body)
    # A `dim` that nobody needs to give under this name, as it may come as `axis`.
    optional = [] if by_hand else _required_dim(parameters)
    parts = _parts_of(parameters, optional, by_hand)
    checks = ["modes", *(["casts"] if autocast else []), *parts.checks]
    deprecated = ""
    if numbers_first:
        checks.append("more")
        parts.declared[parts.declared.index("*")] = "*more"
        names = [p.name for p in parameters]
        count = [p.kind for p in parameters].index(KEYWORD_ONLY)
        deprecated = _DEPRECATED.format(
            given=", ".join(names[:count]), named=", ".join(f'"{n}": {n}' for n in names[count:])
        )
    source = _ENTRY.format(
        name="entry", parameters=", ".join(parts.declared), call=_call(parameters, parts.passed),
        special=" or ".join(checks), asked=_asked(parameters, parts.passed, by_hand, changing),
        named=parts.named, deprecated=deprecated, short="{short}",
    )  # fmt: skip
    function = _compiled(source.replace("{short}", ""), body, changing)
    if "out is not None" in checks:
        short_ways[function] = functools.partial(
            _shorten, function, source, parts.extra, parts.passed
        )
    given = [p for p in parameters if p.default is not EMPTY]
    positional = [p.default for p in given if p.kind is not KEYWORD_ONLY]
    by_keyword = {p.name: p.default for p in given if p.kind is KEYWORD_ONLY}
    function.__defaults__ = (*(absent for _ in optional), *positional) or None
    function.__kwdefaults__ = by_keyword | parts.extra or None
    function.parameters, function.__annotations__ = parameters, body.__annotations__
    begins_by_place = bool(parameters) and parameters[0].kind is POSITIONAL_ONLY
    if parts.extra or optional or numbers_first or begins_by_place:
        returns = body.__annotations__.get("return", EMPTY)
        function.__signature__ = signature_from(parameters, returns)
    function.__module__, function.__doc__ = body.__module__, body.__doc__
    function.plain, function.operation, function.by_hand = body, None, by_hand
    function.autocast, function.numbers_first = autocast, numbers_first
    return function


class _Parts(NamedTuple):
    """Of an entry's text: its parameters, the arguments of the body's call, what makes a call
    special, how `*dims` come by name, and the parameters that the body does not have."""

    declared: list[str]
    passed: list[str]
    checks: list[str]
    named: str
    extra: dict[str, Any]


def _parts_of(parameters: list[Parameter], optional: list[str], by_hand: bool) -> _Parts:
    declared, passed, keyword_only, named = [], [], False, ""
    checks = [f"{name} is absent" for name in optional]
    extra: dict[str, Any] = {}
    rest = [p.name for p in parameters if p.kind is VAR_KEYWORD]
    for name, kind, default, _ in parameters:
        if kind is VAR_KEYWORD:
            continue
        if kind is VAR_POSITIONAL:
            keyword_only = True
            if not rest:  # `*dims` may also come as `dims=`
                extra[name] = absent
                named = _NAMED.format(name=name)
                name = "_" + name
            declared.append("*" + name)
            passed.append("*" + name)
            continue
        if kind is KEYWORD_ONLY and not keyword_only:
            declared.append("*")
            keyword_only = True
        required = default is EMPTY and name not in optional
        declared.append(name if required else f"{name}=None")
        if name == "out":
            checks.append("out is not None")
        else:
            passed.append(f"{name}={name}" if kind is KEYWORD_ONLY else name)
        if name in _NUMPY_NAMES and not required and not by_hand:
            extra[_NUMPY_NAMES[name]] = absent
            checks.append(f"{_NUMPY_NAMES[name]} is not absent")
    if extra:
        declared += ([] if keyword_only else ["*"]) + [f"{name}=None" for name in extra]
    declared += ["**" + name for name in rest]
    passed += ["**" + name for name in rest]
    return _Parts(declared, passed, checks, named, extra)


def _asked(
    parameters: list[Parameter], passed: list[str], by_hand: bool, changing: Any
) -> str:
    """What an entry does before it calls the body."""
    asked = "".join([f"\n        {line}" for line in _asking(parameters, by_hand)])
    if changing is None or any(part.startswith("**") for part in passed):
        return asked
    values = [part.partition("=")[0] for part in passed]
    return asked + _CHANGE.format(
        target=values[0], values="".join(f"{value}, " for value in values[1:]),
        call=_call_for(values[0], changing, "plain", passed),
    )  # fmt: skip


def _call(parameters: list[Parameter], passed: list[str]) -> str:
    """The call of the body: beside `*args` without keywords that nobody has given, which would cost
    `x.view(2, 2)` a fifth of its time."""
    whole, unset = f"body({', '.join(passed)})", []
    if not any([p.kind is VAR_POSITIONAL for p in parameters]):
        return whole
    for name, kind, default, _ in parameters:
        if kind is VAR_KEYWORD:
            unset.append(f"not {name}")
        elif kind is KEYWORD_ONLY and name != "out":
            if default is not None and default is not False:
                return whole
            unset.append(f"{name} is {default}")
    if not unset:
        return whole
    short = ", ".join(part for part in passed if "=" not in part and part[:2] != "**")
    return f"body({short}) if {' and '.join(unset)} else {whole}"


def _asking(parameters: list[Parameter], by_hand: bool) -> Iterator[str]:
    """Reads the arrays of tensors first: those that answer for themselves do not give them.

    A body that failed later might have changed something by then, or never read them.
    """
    if by_hand:
        yield f"{parameters[0].name}.array"
        return
    for name, kind, _, annotation in parameters:
        if annotation == "Tensor" and kind is not VAR_POSITIONAL:
            yield f"{name}.array"
        elif annotation == "Tensor | None" and name != "out":
            yield f"if {name} is not None: {name}.array"


def _required_dim(parameters: list[Parameter]) -> list[str]:
    """`dim`, if it has no default and is the last of those without."""
    needed = [
        p.name for p in parameters
        if p.default is EMPTY and p.kind is POSITIONAL_OR_KEYWORD
    ]  # fmt: skip
    return needed[-1:] if needed[-1:] == ["dim"] else []


def _shorten(function: Any, source: str, extra: dict[str, Any], passed: list[str]) -> None:
    """Gives an entry's branch for `out` a short way (`plain_out.py`), from its second such call on:
    compiling all of them would cost the import a twentieth of its time."""
    given = function.parameters
    if any(p.kind is VAR_KEYWORD for p in given):
        return
    values = "".join(part.partition("=")[0] + ", " for part in passed)
    conditions = f" and are_apart(out, ({values}))" if "apart" in function.out else ""
    if function.out == "decides":
        conditions += " and (dtype is not None or type(out) is Tensor is type(input)"
        conditions += ' and out.array.dtype is input.array.dtype and out.array.dtype.kind != "b")'
    takes_tensors = any("Tensor" in str(p.annotation) for p in given if p.name != "out")
    if "dtype=dtype" in passed and not takes_tensors:  # what is made of numbers has that of `out`
        conditions += f" and dtype is None and are_numbers(({values}))"
        passed = ["dtype=out.dtype" if part == "dtype=dtype" else part for part in passed]
    short = _SHORT.format(
        absent="".join(f"{name} is absent and " for name in extra), values=values,
        conditions=conditions, call=_call_for("out", function.plain, "body", passed),
    )  # fmt: skip
    old, name, file = function.__code__, function.__name__, function.__code__.co_filename
    source = source.replace("{short}", short)
    code = code_of(source).replace(co_name=name, co_qualname=name, co_filename=file)
    linecache.cache[file] = (len(source), None, source.splitlines(True), file)
    if old in entry_codes:
        entry_codes.add(code)
    function.__code__ = code


def _call_for(target: str, body: types.FunctionType, name: str, passed: list[str]) -> str:
    """The call of a body, known as `name`, whose result is for a plain tensor."""
    call = f"{name}({', '.join(passed)})"
    if "finish" not in body.__code__.co_names:
        return call
    return f"{call} if are_few({target}) else call_for({target}, {name}, {', '.join(passed)})"


def _compiled(source: str, body: types.FunctionType, plain: Any = None) -> Any:
    """The function of a text, in which its name is `entry`; equal texts are compiled once."""
    name = body.__name__
    file = f"<entry of {body.__module__}.{name}>"
    code = code_of(source).replace(co_name=name, co_qualname=name, co_filename=file)
    namespace = {
        "modes": modes, "casts": casts, "special": special, "rescue": rescue, "absent": absent,
        "UNANSWERED": UNANSWERED, "body": body, "given_by_name": given_by_name,
        "is_plain": is_plain, "are_apart": are_apart, "are_numbers": are_numbers, "placed": placed,
        "Tensor": Tensor, "Sequence": Sequence,  # which the annotation of `out` names
        "are_few": are_few, "call_for": call_for, "plain": plain,
        "answer_deprecated": answer_deprecated,
    }  # fmt: skip
    namespace["entry"] = types.FunctionType(code, namespace, name)
    linecache.cache[file] = (len(source), None, source.splitlines(True), file)
    entry_codes.add(code)
    return namespace["entry"]
