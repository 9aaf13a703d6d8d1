"""What one declaration of an operation makes: function, method, in-place form, `out=`, names.

    class Erf(SavesInputs, Unary):
        \"\"\"The error function.\"\"\"

        def backward(self, grad: Tensor) -> Tensor: ...

    erf = Erf.define("special.erf")  # torch.erf, Tensor.erf, Tensor.erf_, torch.special.erf


    @operation(inplace=True, out="cast")  # where the signature is the function's own
    def clamp(input: Tensor, min: Any = None, max: Any = None) -> Tensor: ...

Every function that is made so is an entry: it first asks whether somebody overrides calls (`modes`)
or an `out` is given, and when it fails, whether an argument is no tensor (see `entry.py`). It
also deals with `out`, which the function's own body never sees. A function that takes `dim` or
`keepdim` takes NumPy's `axis` and `keepdims` as well.
"""

from __future__ import annotations

import functools
import linecache
import types
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, TypeVar, overload

from ..autocast_state import casts
from ..autograd.operation import Operation
from ..missing import pytorch_names
from ..tensor import Tensor
from ..torch_function import entry_codes, modes
from ..types import Number
from .autocast import POLICIES
from .bytecode import code_of
from .entry import (
    UNANSWERED,
    absent,
    answer_operator,
    given_by_name,
    rescue,
    short_ways,
    special,
)
from .plain_out import are_apart, are_few, are_numbers, call_for, is_plain, placed
from .promotion import operands, promoted, refuse_bool, scaled_by
from .signatures import (
    EMPTY,
    KEYWORD_ONLY,
    POSITIONAL_ONLY,
    POSITIONAL_OR_KEYWORD,
    VAR_KEYWORD,
    VAR_POSITIONAL,
    Parameter,
    add_out,
    parameters_of,
    set_parameters,
    signature_from,
)
from .templates import (
    binary,
    binary_inplace,
    described,
    scaled,
    symbol,
    unary,
    unary_inplace,
)
from .writing import run_inplace

AnyFunction = TypeVar("AnyFunction", bound=Callable[..., Any])

# Where users find what is declared: names by "torch", "Tensor", "nn.functional", "special", ...
places: dict[str, dict[str, Any]] = defaultdict(dict)


class UnaryFunction(Protocol):
    def __call__(self, input: Tensor, *, out: Tensor | None = None) -> Tensor: ...


class BinaryFunction(Protocol):
    def __call__(
        self, input: Any, other: Any, *, alpha: Number = 1, out: Tensor | None = None
    ) -> Tensor: ...


def publish(function: Any, place: str, name: str, method: bool) -> None:
    places[place][name] = function
    is_method = method or place == "Tensor"
    if is_method and name[-1] == "_" != name[-2] and f"torch.{name}" in pytorch_names():
        places["torch"][name] = function  # many in-place forms are functions as well
    if method and place != "Tensor":
        places["Tensor"][name] = function
    if is_method:
        setattr(Tensor, name, function)


def publish_all(function: Any, place: str, method: bool, aliases: tuple[str, ...]) -> None:
    """Puts a function where users find it; an alias with a dot names another place.

    The place "" is none: the function is for the use of others.
    """
    if place:
        publish(function, place, function.__name__, method)
    if place not in ("", "torch", "Tensor", "nn.functional"):
        function.title = f"{place}.{function.__name__}"  # as messages have it
    for alias in aliases:
        elsewhere, _, name = alias.rpartition(".")
        publish(function, elsewhere or place, name, method and not elsewhere)


# ---- elementwise operations of one and of two tensors


class Unary(Operation):
    """An elementwise operation of one tensor: its kernel is called with x alone."""

    parameter_names = ("input",)  # of what users call

    @classmethod
    def define(
        cls, *aliases: str, inplace: bool = True, place: str = "torch", out: str = "cast"
    ) -> UnaryFunction:
        """Makes the function, the method and the in-place method that users call."""
        function = described(unary(cls), cls, cls.operation_name)
        _name_parameters(function, cls.parameter_names)
        function.plain, function.operation, function.out = cls.finish, cls, out
        publish_all(function, place, place == "torch", aliases)
        if inplace:
            _publish_inplace(unary_inplace(cls), cls, aliases)
        return function


class Binary(Operation):
    """An elementwise operation of two tensors, or of a tensor and a number, that broadcast."""

    parameter_names = ("input", "other")

    @classmethod
    def define(
        cls, *aliases: str, inplace: bool = True, alpha: bool = False, operator: str = "",
        place: str = "torch",
    ) -> BinaryFunction:  # fmt: skip
        """Makes what users call; `operator` is the symbol's name in Python: add for `__add__`.

        With `alpha` the function takes a number that `other` is multiplied by.
        """
        core = described(binary(cls, rescue), cls, cls.operation_name)
        core.plain, core.operation = cls.call, cls
        if not cls.takes_numbers:
            core.__annotations__["other"] = "Tensor"
        function = described(scaled(cls, core), cls, cls.operation_name) if alpha else core
        _name_parameters(function, cls.parameter_names)
        function.plain, function.operation = cls.call, cls
        publish_all(function, place, place == "torch", aliases)
        written = binary_inplace(cls, alpha, rescue)
        if inplace:
            _publish_inplace(written, cls, aliases)
        if operator:
            _publish_operators(cls, operator, written if inplace else None)
        return function

    @classmethod
    def call(cls, input: Any, other: Tensor | Number, *, alpha: Number = 1) -> Tensor:
        """The operation with its operands promoted, without the short cuts of the entry."""
        if alpha != 1:
            other = scaled_by(cls.operation_name, input, other, alpha)
        if not isinstance(input, Tensor):
            refuse_bool(cls, input, other)
            return cls.finish(
                *promoted(cls.operation_name, input, other, cls.floats, cls.wide_scalar)
            )
        return cls.finish(*operands(cls, input, other)[:2])


def _name_parameters(function: Any, names: tuple[str, ...]) -> None:
    """Gives the first parameters of a template's function other names: PyTorch's (x, n)."""
    code, count = function.__code__, len(names)
    old = code.co_varnames[:count]
    if old == names:
        return
    rest = [name + "_" if name in names else name for name in code.co_varnames[count:]]
    function.__code__ = code.replace(co_varnames=(*names, *rest))
    if code in entry_codes:
        entry_codes.add(function.__code__)
    for before, now in zip(old, names, strict=True):
        function.__annotations__[now] = function.__annotations__.pop(before)


def _publish_inplace(function: Any, cls: type[Operation], aliases: tuple[str, ...]) -> None:
    name = cls.operation_name
    described(function, cls, name + "_")
    function.__doc__ = f"`{name}`, with the result written to this tensor."
    for alias in (name, *aliases):
        if "." not in alias:
            publish(function, "Tensor", alias + "_", True)


def _publish_operators(cls: type[Binary], name: str, inplace: Any) -> None:
    forward = described(binary(cls, answer_operator), cls, f"__{name}__")
    forward.plain, forward.operation = cls.call, cls
    publish(forward, "Tensor", f"__{name}__", True)
    if name in ("eq", "ne", "lt", "le", "gt", "ge"):  # Python turns these around by itself
        return
    if cls.commutative:
        publish(forward, "Tensor", f"__r{name}__", True)
    else:
        turned = symbol(cls.call, f"__r{name}__")
        turned.operation = cls
        publish(turned, "Tensor", f"__r{name}__", True)
    if inplace is not None:
        changing = binary_inplace(cls, False, answer_operator)
        changing.shown = inplace
        publish(described(changing, cls, f"__i{name}__"), "Tensor", f"__i{name}__", True)


# ---- functions with a signature of their own


@overload
def operation(place: AnyFunction) -> AnyFunction: ...


@overload
def operation(
    place: str = "torch",
    *aliases: str,
    name: str = "",
    method: bool | None = None,
    inplace: bool = False,
    out: str = "",
    asks: bool = True,
    autocast: str | None = None,
) -> Callable[[AnyFunction], AnyFunction]: ...


def operation(
    place: Any = "torch",
    *aliases: str,
    name: str = "",
    method: bool | None = None,
    inplace: bool = False,
    out: str = "",
    asks: bool = True,
    autocast: str | None = None,
) -> Any:
    """Makes a function on tensors an entry, and puts it where users find it.

    `place` is "torch" (and the tensor's methods, unless `method` is False), "Tensor" (methods
    alone), or a module such as "nn.functional". `name` is the function's where its module
    has another of that name. `inplace` adds the method `name_`. `out` adds the parameter, and says
    what a tensor that is given as one must be: of a dtype that holds the result ("cast"), of the
    result's ("exact"), with memory that no argument shares ("apart"), or both ("exact apart").
    Without `asks` modes alone are asked: `torch.tensor` makes a plain tensor, whatever it is given.
    `autocast` is what becomes of its arguments within `torch.autocast` (see `autocast.py`).
    """

    def declared(body: Any) -> Any:
        body.__name__ = name or body.__name__
        if out and "out" not in body.__annotations__:
            add_out(body)
        function = _entry(body, autocast=autocast)
        function.out = out or "cast"
        if not asks:
            entry_codes.remove(function.__code__)
        publish_all(function, where, where == "torch" if method is None else method, aliases)
        if inplace:
            written = _inplace_of(function)
            for alias in (body.__name__, *aliases):
                if "." not in alias:
                    publish(written, "Tensor", alias + "_", True)
        return function

    where = "torch" if callable(place) else place
    return declared(place) if callable(place) else declared


_ENTRY = """\
def {name}({parameters}):
{named}    if {special}:
{short}        return special(entry, locals())
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
_CHANGE = """
        if is_plain({target}, ({values})):
            answer = placed({target}, {call})
            if answer is not None:
                return answer"""
_NUMPY_NAMES = {"dim": "axis", "keepdim": "keepdims"}


def _entry(
    body: Any, by_hand: bool = False, autocast: str | None = None, changing: Any = None
) -> Any:
    """A function of the body's signature that asks who answers before it calls the body.

    What a class has `by_hand` looks at its arguments itself, and takes no names of NumPy's. With
    `changing` it writes what this function gives into its first argument where little is to be
    asked (`plain_out.py`), and else calls the body.
    """
    parameters = parameters_of(body)
    declared, passed, checks, keyword_only, named = [], [], ["modes"], False, ""
    if autocast is not None:
        assert autocast in POLICIES, f"{body.__name__}: {autocast}"
        checks.append("casts")
    extra: dict[str, Any] = {}
    # A `dim` that nobody needs to give under this name, as it may come as `axis`.
    optional = [] if by_hand else _required_dim(parameters)
    rest = [p.name for p in parameters if p.kind is VAR_KEYWORD]
    checks += [f"{name} is absent" for name in optional]
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
    asked = "".join([f"\n        {line}" for line in _asking(parameters, by_hand)])
    if changing is not None and not rest:
        values = [part.partition("=")[0] for part in passed]
        asked += _CHANGE.format(
            target=values[0], values="".join(f"{value}, " for value in values[1:]),
            call=_call_for(values[0], changing, "plain", passed),
        )  # fmt: skip
    declared += ["**" + name for name in rest]
    passed += ["**" + name for name in rest]
    source = _ENTRY.format(
        name="entry", parameters=", ".join(declared), call=_call(parameters, passed),
        special=" or ".join(checks), asked=asked, named=named, short="{short}",
    )  # fmt: skip
    function = _compiled(source.replace("{short}", ""), body, changing)
    if "out is not None" in checks:
        short_ways[function] = functools.partial(_shorten, function, source, extra, passed)
    given = [p for p in parameters if p.default is not EMPTY]
    positional = [p.default for p in given if p.kind is not KEYWORD_ONLY]
    by_keyword = {p.name: p.default for p in given if p.kind is KEYWORD_ONLY}
    function.__defaults__ = (*(absent for _ in optional), *positional) or None
    function.__kwdefaults__ = by_keyword | extra or None
    function.parameters, function.__annotations__ = parameters, body.__annotations__
    if extra or optional or parameters and parameters[0].kind is POSITIONAL_ONLY:
        returns = body.__annotations__.get("return", EMPTY)
        function.__signature__ = signature_from(parameters, returns)
    function.__module__, function.__doc__ = body.__module__, body.__doc__
    function.plain, function.operation, function.by_hand = body, None, by_hand
    function.autocast = autocast
    return function


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
    }  # fmt: skip
    namespace["entry"] = types.FunctionType(code, namespace, name)
    linecache.cache[file] = (len(source), None, source.splitlines(True), file)
    entry_codes.add(code)
    return namespace["entry"]


def _inplace_of(function: Any) -> Any:
    """The method that writes a function's result to its first tensor."""

    def body(input: Tensor, *args: Any, **kwargs: Any) -> Any:
        return run_inplace(function, input, args, kwargs)

    body.__annotations__["return"] = function.__annotations__["return"]
    set_parameters(body, [p for p in function.parameters if p.name != "out"])
    body.__name__ = body.__qualname__ = function.__name__ + "_"
    body.__module__ = function.__module__
    body.__doc__ = f"`{function.__name__}`, with the result written to this tensor."
    # What is written to has the dtype that it has.
    autocast = None if function.autocast is None else "given"
    inplace = _entry(body, autocast=autocast, changing=function.plain)
    inplace.form_of = function
    return inplace


# ---- methods and properties that are written by hand

# Those that nobody is asked about: they make or describe classes, or stand below functions.
_UNASKED = {"__init_subclass__", "__new__", "__iter__", "as_subclass"}
_PRIVATE = {"_base", "_version"}
# Operators that those who are asked know as the methods that PyTorch implements them by.
_METHODS_OF = {
    "add": "add", "sub": "sub", "mul": "mul", "truediv": "div", "mod": "remainder", "ne": "ne",
    "lt": "lt", "le": "le", "gt": "gt", "ge": "ge", "matmul": "matmul", "itruediv": "div_",
}  # fmt: skip


def open_members() -> None:
    """Makes entries of the tensor's methods and properties that no declaration has made."""
    made: dict[Any, Any] = {}
    for name, member in list(vars(Tensor).items()):
        is_public = f"Tensor.{name}" in pytorch_names() or name[:2] == "__" or name in _PRIVATE
        if name in _UNASKED or not is_public:
            continue
        if isinstance(member, property):
            setattr(Tensor, name, _open_property(member))
        elif isinstance(member, types.FunctionType) and not hasattr(member, "plain"):
            if member not in made:
                made[member] = _entry(member, by_hand=True)
                made[member].__name__, made[member].__qualname__ = name, f"Tensor.{name}"
            setattr(Tensor, name, made[member])
    for symbol_name, method in _METHODS_OF.items():
        vars(Tensor)[f"__{symbol_name}__"].shown = vars(Tensor)[method]


def _open_property(member: property) -> property:
    """A property whose reading and setting are entries, known as `Tensor.name.__get__`."""
    read: Any = _entry(member.fget, by_hand=True)
    write: Any = None if member.fset is None else _entry(member.fset, by_hand=True)
    read.__wrapped__ = member.fget
    opened: Any = property(read, write, None, member.__doc__)
    read.shown = opened.__get__
    if write is not None:
        write.shown = opened.__set__
    return opened
