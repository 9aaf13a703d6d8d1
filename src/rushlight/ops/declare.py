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

import sys
import types
from collections import defaultdict
from collections.abc import Callable
from typing import Any, Protocol, TypeVar, overload

from ..autograd.operation import Operation
from ..missing import pytorch_names
from ..tensor import Tensor
from ..torch_function import entry_codes
from ..types import Number
from .entry import answer_operator, rescue
from .entry_code import make_entry
from .promotion import operands, promoted, refuse_bool, scaled_by
from .signatures import add_out, set_parameters
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


def names_at(place: str) -> list[str]:
    """The public names of what is declared for a place so far."""
    return sorted(name for name in places[place] if name[0] != "_")


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
    numbers_first: bool = False,
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
    numbers_first: bool = False,
) -> Any:
    """Makes a function on tensors an entry, and puts it where users find it.

    `place` is "torch" (and the tensor's methods, unless `method` is False), "Tensor" (methods
    alone), or a module such as "nn.functional". `name` is the function's where its module
    has another of that name. `inplace` adds the method `name_`. `out` adds the parameter, and says
    what a tensor that is given as one must be: of a dtype that holds the result ("cast"), of the
    result's ("exact"), with memory that no argument shares ("apart"), or both ("exact apart"). One
    that "decides" is given as the `dtype`, too, where there is none: sums are made in it.
    Without `asks` modes alone are asked: `torch.tensor` makes a plain tensor, whatever it is given.
    `autocast` is what becomes of its arguments within `torch.autocast` (see `autocast.py`).
    With `numbers_first` its numbers may come before the tensors (see `deprecated.py`).
    """

    def declared(body: Any) -> Any:
        body.__name__ = name or body.__name__
        if out and "out" not in body.__annotations__:
            add_out(body)
        function = make_entry(body, autocast=autocast, numbers_first=numbers_first)
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
    inplace = make_entry(
        body, autocast=autocast, changing=function.plain, numbers_first=function.numbers_first
    )
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
                made[member] = make_entry(member, by_hand=True)
                made[member].__name__, made[member].__qualname__ = name, f"Tensor.{name}"
            setattr(Tensor, name, made[member])
    for symbol_name, method in _METHODS_OF.items():
        vars(Tensor)[f"__{symbol_name}__"].shown = vars(Tensor)[method]


def name_for_pickle() -> None:
    """Says of functions that are not found by their name in their own module, where another has it
    (`relu` of `nn.functional` that of `torch`), that they are of the module where users find them:
    `pickle` looks there. `home` is where they are written."""
    for place in places.keys() - {"Tensor"}:
        module = "rushlight" if place == "torch" else f"rushlight.{place}"
        for name, function in places[place].items():
            found = vars(sys.modules[function.__module__]).get(name)
            if found is not function and name == function.__qualname__:
                function.home, function.__module__ = function.__module__, module


def _open_property(member: property) -> property:
    """A property whose reading and setting are entries, known as `Tensor.name.__get__`."""
    read: Any = make_entry(member.fget, by_hand=True)
    write: Any = None if member.fset is None else make_entry(member.fset, by_hand=True)
    read.__wrapped__ = member.fget
    opened: Any = property(read, write, None, member.__doc__)
    read.shown = opened.__get__
    if write is not None:
        write.shown = opened.__set__
    return opened
