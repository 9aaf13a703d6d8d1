"""What one declaration of an operation makes: function, method, in-place form, `out=`, names.

    class Erf(SavesInputs, Unary):
        \"\"\"The error function.\"\"\"

        def backward(self, grad: Tensor) -> Tensor: ...

    erf = Erf.define("special.erf")  # torch.erf, Tensor.erf, Tensor.erf_, torch.special.erf


    @operation(inplace=True)         # where the signature is the function's own
    def clamp(input: Tensor, min: Any = None, max: Any = None, *, out: Tensor | None = None): ...

Every function that is made so is an entry: it first asks whether somebody overrides calls (`modes`)
or an `out` is given, and when it fails, whether an argument is no tensor (see `entry.py`). A
parameter `out` in a signature is dealt with by the entry: the function's own body never sees one. A
function that takes `dim` or `keepdim` takes NumPy's `axis` and `keepdims` as well.
"""

from __future__ import annotations

import functools
import inspect
import linecache
import types
from collections import defaultdict
from collections.abc import Callable
from operator import mul
from typing import Any, Protocol, TypeVar, overload

from ..autograd.mirror import reach
from ..autograd.node import edge_to, next_sequence
from ..autograd.operation import Operation
from ..grad_mode import state
from ..kernels import launch
from ..kernels.launch import kernels as tables
from ..missing import pytorch_names
from ..overrides import modes
from ..tensor import Tensor
from ..types import Number
from .entry import UNANSWERED, absent, answer_operator, entry_codes, rescue, run_inplace, special
from .promotion import inplace_operand, is_plain_change, operands, promoted, refuse_bool

AnyFunction = TypeVar("AnyFunction", bound=Callable[..., Any])

# Where users find what is declared: names by "torch", "Tensor", "nn.functional", "special", ...
places: dict[str, dict[str, Any]] = defaultdict(dict)

_new = object.__new__


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
    for alias in aliases:
        elsewhere, _, name = alias.rpartition(".")
        publish(function, elsewhere or place, name, method and not elsewhere)


# ---- elementwise operations of one and of two tensors


class Unary(Operation):
    """An elementwise operation of one tensor: its kernel is called with x alone."""

    @classmethod
    def define(
        cls, *aliases: str, inplace: bool = True, place: str = "torch", out: str = "cast"
    ) -> UnaryFunction:
        """Makes the function, the method and the in-place method that users call."""
        function = _described(_unary(cls), cls, cls.operation_name)
        function.plain, function.operation, function.out = cls.finish, cls, out
        publish_all(function, place, place == "torch", aliases)
        if inplace:
            _publish_inplace(_unary_inplace(cls), cls, aliases)
        return function


class Binary(Operation):
    """An elementwise operation of two tensors, or of a tensor and a number, that broadcast."""

    @classmethod
    def define(
        cls, *aliases: str, inplace: bool = True, alpha: bool = False, operator: str = "",
        place: str = "torch",
    ) -> BinaryFunction:  # fmt: skip
        """Makes what users call; `operator` is the symbol's name in Python: add for `__add__`.

        With `alpha` the function takes a number that `other` is multiplied by.
        """
        core = _described(_binary(cls, rescue), cls, cls.operation_name)
        core.plain, core.operation = cls.call, cls
        if not cls.takes_numbers:
            core.__annotations__["other"] = "Tensor"
        function = _described(_scaled(core), cls, cls.operation_name) if alpha else core
        function.plain, function.operation = cls.call, cls
        publish_all(function, place, place == "torch", aliases)
        written = _binary_inplace(cls, alpha)
        if inplace:
            _publish_inplace(written, cls, aliases)
        if operator:
            _publish_operators(cls, operator, written if inplace else None)
        return function

    @classmethod
    def call(cls, input: Any, other: Tensor | Number, *, alpha: Number = 1) -> Tensor:
        """The operation with its operands promoted, without the short cuts of the entry."""
        other = other if alpha == 1 else mul(other, alpha)
        if not isinstance(input, Tensor):
            refuse_bool(cls, input, other)
            input, other = promoted(cls.operation_name, input, other, cls.floats, cls.wide_scalar)
        return cls.finish(*operands(cls, input, other)[:2])


def _unary(cls: type[Unary]) -> Any:
    name, has_context, differentiable = cls.operation_name, cls.has_context, cls.differentiable

    def function(input: Tensor, *, out: Tensor | None = None) -> Tensor:
        if out is not None or modes:
            return special(function, locals())
        try:
            array = tables[type(input.array)].KERNEL(input.array)
        except Exception as error:
            answer = rescue(function, error, locals())
            if answer is UNANSWERED:
                raise
            return answer
        if launch.recorder is not None:
            launch.recorder.see_call(name, (input,), array)
        output: Any = _new(Tensor)
        output.array = array
        output._requires_grad = False
        output._grad_fn = output._view = None
        # A view's slot may not know yet that its base has come to require a gradient.
        if (input._requires_grad or input._view is not None and input.requires_grad) and (
            state.enabled and differentiable
        ):
            node: Any = _new(cls)
            node._edges = (edge_to(input),)  # which may make nodes: they come before this one
            node._sequence = next_sequence()
            node._saved = ()
            node._shape, node._dtype = array.shape, array.dtype
            if has_context:
                node.setup_context((input,), output)
            output._grad_fn = node
            output._requires_grad = True
        return output

    return _with_names(function, cls.kernel, name)


def _binary(cls: type[Binary], rescued: Any) -> Any:
    name, has_context, differentiable = cls.operation_name, cls.has_context, cls.differentiable
    takes_numbers = cls.takes_numbers

    def function(input: Tensor, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
        if out is not None or modes:
            return special(function, locals())
        try:
            x = input.array
            if isinstance(other, Tensor):
                y = other.array
                if x.dtype is not y.dtype or type(x) is not type(y):
                    input, other, x, y = operands(cls, input, other)
            else:
                y = other
                if type(y) is not float or x.dtype.kind != "f" or not takes_numbers:
                    input, other, x, y = operands(cls, input, other)
            array = tables[type(x)].KERNEL(x, y)
        except Exception as error:
            answer = rescued(function, error, locals())
            if answer is UNANSWERED:
                raise
            return answer
        if launch.recorder is not None:
            launch.recorder.see_call(name, (input, other), array)
        output: Any = _new(Tensor)
        output.array = array
        output._requires_grad = False
        output._grad_fn = output._view = None
        recording = input._requires_grad or input._view is not None and input.requires_grad
        if not recording and y is not other:
            recording = (
                other._requires_grad  # type: ignore[union-attr]  # a tensor: y is its array
                or other._view is not None  # type: ignore[union-attr]
                and other.requires_grad  # type: ignore[union-attr]
            )
        if recording and state.enabled and differentiable:
            node: Any = _new(cls)
            node._edges = (edge_to(input), edge_to(other))
            node._sequence = next_sequence()
            node._saved = ()
            node._shape, node._dtype = array.shape, array.dtype
            if has_context:
                node.setup_context((input, other), output)
            output._grad_fn = node
            output._requires_grad = True
        return output

    return _with_names(function, cls.kernel, name)


def _scaled(core: Any) -> Any:
    def function(
        input: Tensor, other: Tensor | Number, *, alpha: Number = 1, out: Tensor | None = None
    ) -> Tensor:
        if out is not None or modes:
            return special(function, locals())
        try:
            return core(input, other if alpha == 1 else mul(other, alpha))
        except Exception as error:
            answer = rescue(function, error, locals())
            if answer is UNANSWERED:
                raise
            return answer

    entry_codes.add(function.__code__)
    return function


def _unary_inplace(cls: type[Unary]) -> Any:
    def function(input: Tensor) -> Tensor:
        if modes:
            return special(function, locals())
        try:
            return cls.apply_inplace(input)
        except Exception as error:
            answer = rescue(function, error, locals())
            if answer is UNANSWERED:
                raise
            return answer

    entry_codes.add(function.__code__)
    return function


def _binary_inplace(cls: type[Binary], alpha: bool) -> Any:
    def function(input: Tensor, other: Tensor | Number) -> Tensor:
        if modes:
            return special(function, locals())
        try:
            if is_plain_change(input, other):
                x, y = input.array, other.array  # type: ignore[union-attr]  # it is plain
                tables[type(x)].KERNEL(x, y, x)
                input.bump_version()
                if len(input._counter) > 1:  # type: ignore[arg-type]  # the change has made it
                    reach(input)
                return input
            return cls.apply_inplace(input, inplace_operand(cls, input, other))
        except Exception as error:
            answer = rescue(function, error, locals())
            if answer is UNANSWERED:
                raise
            return answer

    def scaled(input: Tensor, other: Tensor | Number, *, alpha: Number = 1) -> Tensor:
        if modes:
            return special(scaled, locals())
        try:
            if alpha == 1:
                return function(input, other)
            return cls.apply_inplace(input, inplace_operand(cls, input, other, alpha))
        except Exception as error:
            answer = rescue(scaled, error, locals())
            if answer is UNANSWERED:
                raise
            return answer

    core = _with_names(function, cls.kernel, cls.operation_name + "_")
    if not cls.takes_numbers:
        core.__annotations__["other"] = "Tensor"
    if not alpha:
        return core
    core.plain, core.operation = core, cls
    entry_codes.add(scaled.__code__)
    return scaled


def _publish_inplace(function: Any, cls: type[Operation], aliases: tuple[str, ...]) -> None:
    name = cls.operation_name
    _described(function, cls, name + "_")
    function.__doc__ = f"`{name}`, with the result written to this tensor."
    function.plain, function.operation = function, cls
    for alias in (name, *aliases):
        if "." not in alias:
            publish(function, "Tensor", alias + "_", True)


def _publish_operators(cls: type[Binary], name: str, inplace: Any) -> None:
    forward = _described(_binary(cls, answer_operator), cls, f"__{name}__")
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
        publish(inplace, "Tensor", f"__i{name}__", True)


def symbol(function: Any, name: str) -> Any:
    """A function as an operator of Python's syntax: what is no operand may know the answer itself.

    An operator whose name begins with `__r` belongs to the right-hand operand.
    """

    def operator(self: Tensor, other: Any) -> Any:
        try:
            return function(self, other)
        except TypeError:
            return NotImplemented

    def reflected(self: Tensor, other: Any) -> Any:  # not by `operator`: a call less
        try:
            return function(other, self)
        except TypeError:
            return NotImplemented

    made = reflected if name.startswith("__r") else operator
    made.__name__ = name
    made.__wrapped__ = function  # type: ignore[attr-defined]  # as functools.wraps has it
    return made


def _with_names(function: Any, kernel: str, name: str) -> Any:
    """A copy of a template's code whose attribute KERNEL is the kernel's name.

    An attribute's name is a constant of the code: looking the kernel up by a variable name would
    cost each call a function call more.
    """
    code = function.__code__
    names = tuple(kernel if n == "KERNEL" else n for n in code.co_names)
    function.__code__ = code.replace(co_names=names, co_name=name)
    entry_codes.add(function.__code__)
    return function


def _described(function: Any, cls: type[Operation], name: str) -> Any:
    function.__name__ = function.__qualname__ = name
    function.__module__ = cls.__module__
    function.__doc__ = cls.__doc__
    return function


# ---- functions with a signature of their own


@overload
def operation(place: AnyFunction) -> AnyFunction: ...


@overload
def operation(
    place: str = "torch", *aliases: str, method: bool | None = None, inplace: bool = False,
    out: str = "cast",
) -> Callable[[AnyFunction], AnyFunction]: ...


def operation(
    place: Any = "torch", *aliases: str, method: bool | None = None, inplace: bool = False,
    out: str = "cast",
) -> Any:
    """Makes a function on tensors an entry, and puts it where users find it.

    `place` is "torch" (and the tensor's methods, unless `method` is False), "Tensor" (methods
    alone), or a module such as "nn.functional". `inplace` adds the method `name_`. `out`
    says what a tensor that is given as one must be: of a dtype that holds the result ("cast"), of
    the result's ("exact"), with memory that no argument shares ("apart"), or both ("exact apart").
    """
    if callable(place):
        return _declared(place, "torch", (), True, False, "cast")
    with_method = place == "torch" if method is None else method

    def decorate(body: Any) -> Any:
        return _declared(body, place, aliases, with_method, inplace, out)

    return decorate


def _declared(
    body: Any, place: str, aliases: tuple[str, ...], method: bool, inplace: bool, out: str
) -> Any:
    function = _entry(body)
    function.out = out
    publish_all(function, place, method, aliases)
    if inplace:
        written = _inplace_of(function)
        for alias in (body.__name__, *aliases):
            if "." not in alias:
                publish(written, "Tensor", alias + "_", True)
    return function


_ENTRY = """\
def {name}({parameters}):
    if {special}:
        return special(entry, locals())
    try:
        return body({arguments})
    except Exception as error:
        answer = rescue(entry, error, locals())
        if answer is UNANSWERED:
            raise
        return answer
"""
_NUMPY_NAMES = {"dim": "axis", "keepdim": "keepdims"}


def _entry(body: Any) -> Any:
    """A function of the body's signature that asks who answers before it calls the body."""
    signature = inspect.signature(body)
    declared, passed, checks, keyword_only = [], [], ["modes"], False
    extra: dict[str, Any] = {}
    # A `dim` that nobody needs to give under this name, as it may come as `axis`.
    optional = _required_dim(signature)
    has_rest = any(p.kind is p.VAR_KEYWORD for p in signature.parameters.values())
    checks += [f"{name} is absent" for name in optional]
    for name, parameter in signature.parameters.items():
        if parameter.kind is parameter.VAR_KEYWORD:
            continue
        if parameter.kind is parameter.VAR_POSITIONAL:
            keyword_only = True
            if not has_rest:  # `*dims` may also come as `dims=`
                extra[name] = absent
                checks.append(f"{name} is not absent")
                name = "_" + name
            declared.append("*" + name)
            passed.append("*" + name)
            continue
        if parameter.kind is parameter.KEYWORD_ONLY and not keyword_only:
            declared.append("*")
            keyword_only = True
        required = parameter.default is parameter.empty and name not in optional
        declared.append(name if required else f"{name}=None")
        if name == "out":
            checks.append("out is not None")
        else:
            passed.append(f"{name}={name}" if parameter.kind is parameter.KEYWORD_ONLY else name)
        if name in _NUMPY_NAMES and not required:
            extra[_NUMPY_NAMES[name]] = absent
            checks.append(f"{_NUMPY_NAMES[name]} is not absent")
    if extra:
        declared += ([] if keyword_only else ["*"]) + [f"{name}=None" for name in extra]
    rest = [n for n, p in signature.parameters.items() if p.kind is p.VAR_KEYWORD]
    declared += ["**" + name for name in rest]
    passed += ["**" + name for name in rest]
    source = _ENTRY.format(
        name="entry", parameters=", ".join(declared), arguments=", ".join(passed),
        special=" or ".join(checks),
    )  # fmt: skip
    function = _compiled(source, body)
    given = [p for p in signature.parameters.values() if p.default is not p.empty]
    positional = [p.default for p in given if p.kind is not p.KEYWORD_ONLY]
    by_keyword = {p.name: p.default for p in given if p.kind is p.KEYWORD_ONLY}
    function.__defaults__ = (*(absent for _ in optional), *positional) or None
    function.__kwdefaults__ = by_keyword | extra or None
    function.__signature__ = signature
    function.__annotations__ = body.__annotations__
    function.__module__, function.__doc__ = body.__module__, body.__doc__
    function.plain, function.operation = body, None
    return function


def _required_dim(signature: inspect.Signature) -> list[str]:
    """`dim`, if it has no default and is the last of those without."""
    needed = [
        name for name, p in signature.parameters.items()
        if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD
    ]  # fmt: skip
    return needed[-1:] if needed[-1:] == ["dim"] else []


def _compiled(source: str, body: types.FunctionType) -> Any:
    """The function of a text, in which its name is `entry`; equal texts are compiled once."""
    name = body.__name__
    file = f"<entry of {body.__module__}.{name}>"
    code = _code(source).replace(co_name=name, co_qualname=name, co_filename=file)
    namespace = {
        "modes": modes, "special": special, "rescue": rescue, "absent": absent,
        "UNANSWERED": UNANSWERED, "body": body,
    }  # fmt: skip
    namespace["entry"] = types.FunctionType(code, namespace, name)
    linecache.cache[file] = (len(source), None, source.splitlines(True), file)
    entry_codes.add(code)
    return namespace["entry"]


@functools.cache
def _code(source: str) -> types.CodeType:
    """Compiling is half of the time that importing the operations takes."""
    constants = compile(source, "<entry>", "exec").co_consts
    return next(value for value in constants if isinstance(value, types.CodeType))


def _inplace_of(function: Any) -> Any:
    """The method that writes a function's result to its first tensor."""

    def body(input: Tensor, *args: Any, **kwargs: Any) -> Any:
        return run_inplace(function, input, args, kwargs)

    parameters = [p for p in function.__signature__.parameters.values() if p.name != "out"]
    body.__signature__ = function.__signature__.replace(parameters=parameters)  # type: ignore
    body.__name__ = body.__qualname__ = function.__name__ + "_"
    body.__annotations__ = {p.name: p.annotation for p in parameters}
    body.__module__ = function.__module__
    body.__doc__ = f"`{function.__name__}`, with the result written to this tensor."
    inplace = _entry(body)
    inplace.__wrapped__ = function  # as functools.wraps has it
    return inplace
