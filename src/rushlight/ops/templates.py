"""The code of elementwise entries, which run their kernel by themselves, and of operators.

Each function here makes an entry for one operation: its template's code with the kernel's name in
it. Calling the kernel and recording the call stand in the template itself, as that halves the time
of a small `exp`.
"""

from __future__ import annotations

from typing import Any

from ..autograd.inplace import check_overlap
from ..autograd.mirror import reach, written
from ..autograd.node import edge_to, next_sequence
from ..autograd.operation import watch
from ..grad_mode import state
from ..kernels.launch import kernels as tables
from ..kernels.launch import watchers
from ..tensor import Tensor
from ..torch_function import entry_codes, modes
from ..types import Number
from .deprecated import answer_deprecated
from .entry import UNANSWERED, answer_operator, rescue, special
from .plain_out import write_into
from .promotion import (
    check_inplace_shape,
    check_result,
    inplace_operand,
    is_plain_change,
    operands,
    scaled_by,
)
from .signatures import VAR_POSITIONAL, parameters_of, signature_from

_new = object.__new__


def unary(cls: type[Any]) -> Any:
    name, has_context, differentiable = cls.operation_name, cls.has_context, cls.differentiable

    def function(input: Tensor, *, out: Tensor | None = None) -> Tensor:
        if out is not None or modes:
            answer = write_into(cls, function, out, input)
            return special(function, locals()) if answer is None else answer
        try:
            array = tables[type(input.array)].KERNEL(input.array)
        except Exception as error:
            answer = rescue(function, error, locals())
            if answer is UNANSWERED:
                raise
            return answer
        output: Any = _new(Tensor)
        output.array = array
        output._requires_grad = False
        output._grad_fn = output._view = None
        if watchers:
            watch(name, (input,), output)
        # A view's slot may not know yet that its base has come to require a gradient.
        if (
            input._requires_grad or input._view is not None and input._view.requires_grad(input)
        ) and (state.enabled and differentiable):
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

    return with_names(function, cls.kernel, name)


def binary(cls: type[Any], rescued: Any) -> Any:
    name, has_context, differentiable = cls.operation_name, cls.has_context, cls.differentiable
    takes_numbers = cls.takes_numbers

    def function(input: Tensor, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
        if out is not None or modes:
            answer = write_into(cls, function, out, input, other)
            return special(function, locals()) if answer is None else answer
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
        output: Any = _new(Tensor)
        output.array = array
        output._requires_grad = False
        output._grad_fn = output._view = None
        if watchers:
            watch(name, (input, other), output)
        recording = input._requires_grad or (
            input._view is not None and input._view.requires_grad(input)
        )
        if not recording and y is not other:
            recording = (
                other._requires_grad  # type: ignore[union-attr]  # a tensor: y is its array
                or other._view is not None  # type: ignore[union-attr]
                and other._view.requires_grad(other)  # type: ignore[union-attr, arg-type]
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

    return with_names(function, cls.kernel, name)


def scaled(cls: type[Any], core: Any) -> Any:
    name = cls.operation_name

    def function(
        input: Tensor, other: Tensor | Number, *more: Any, alpha: Number = 1,
        out: Tensor | None = None,
    ) -> Tensor:  # fmt: skip
        if out is not None or modes or more:
            if more:
                named = {"alpha": alpha, "out": out}
                return answer_deprecated(function, (input, other, *more), named)
            answer = write_into(cls, core, out, input, other) if alpha == 1 else None
            return special(function, locals()) if answer is None else answer
        try:
            return core(input, other if alpha == 1 else scaled_by(name, input, other, alpha))
        except Exception as error:
            answer = rescue(function, error, locals())
            if answer is UNANSWERED:
                raise
            return answer

    entry_codes.add(function.__code__)
    return _without_more(function)


def unary_inplace(cls: type[Any]) -> Any:
    def function(input: Tensor) -> Tensor:
        if modes:
            return special(function, locals())
        try:
            if input.array.dtype.kind != "f":
                check_result(cls, input)
            return cls.apply_inplace(input)
        except Exception as error:
            answer = rescue(function, error, locals())
            if answer is UNANSWERED:
                raise
            return answer

    return _as_entry(function, cls.apply_inplace, cls)


def binary_inplace(cls: type[Any], alpha: bool, rescued: Any) -> Any:
    sign = -1 if cls.kernel == "sub" else 1

    def plain(input: Tensor, other: Tensor | Number, *, alpha: Number = 1) -> Tensor:
        if cls.makes_bool:
            check_overlap(input, (other,))
            result = cls.apply(*operands(cls, input, other)[:2])
            check_inplace_shape(cls.operation_name + "_", input, result)
            return input.copy_(result)
        return cls.apply_inplace(input, inplace_operand(cls, input, other, alpha))

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
            return plain(input, other)
        except Exception as error:
            answer = rescued(function, error, locals())
            if answer is UNANSWERED:
                raise
            return answer

    def with_alpha(
        input: Tensor, other: Tensor | Number, *more: Any, alpha: Number = 1
    ) -> Tensor:
        if modes or more:
            if more:
                return answer_deprecated(with_alpha, (input, other, *more), {"alpha": alpha})
            return special(with_alpha, locals())
        try:
            if alpha == 1:
                return function(input, other)
            if type(alpha) in (int, float) and is_plain_change(input, other):
                x, part = input.array, other.array  # type: ignore[union-attr]  # it is plain
                # In one pass: a product of its own would go through memory and back.
                factor = sign * alpha  # type: ignore[operator]  # it is one of these
                tables[type(x)].addcmul(x, part, 1.0, factor, x)
                written(input)
                return input
            return plain(input, other, alpha=alpha)
        except Exception as error:
            answer = rescue(with_alpha, error, locals())
            if answer is UNANSWERED:
                raise
            return answer

    core = _as_entry(with_names(function, cls.kernel, cls.operation_name + "_"), plain, cls)
    if not cls.takes_numbers:
        core.__annotations__["other"] = "Tensor"
    return _as_entry(_without_more(with_alpha), plain, cls) if alpha else core


def _without_more(function: Any) -> Any:
    """A function that shows nothing of the arguments that only deprecated calls have."""
    function.parameters = [p for p in parameters_of(function) if p.kind is not VAR_POSITIONAL]
    annotations = function.__annotations__
    del annotations["more"]
    function.__signature__ = signature_from(function.parameters, annotations["return"])
    return function


def symbol(function: Any, name: str) -> Any:
    """A function as an operator of Python's syntax: what is no operand may know the answer itself.

    An operator whose name begins with `__r` belongs to the right-hand operand.
    """

    def operator(input: Tensor, other: Tensor | Number) -> Tensor:
        if modes:
            return special(operator, locals())
        try:
            return function(input, other)
        except Exception as error:
            answer = answer_operator(operator, error, locals())
            if answer is UNANSWERED:
                raise
            return answer

    # Not by `operator`: a call less.
    def reflected(input: Tensor, other: Tensor | Number) -> Tensor:
        if modes:
            return special(reflected, locals())
        try:
            return function(other, input)
        except Exception as error:
            answer = answer_operator(reflected, error, locals())
            if answer is UNANSWERED:
                raise
            return answer

    def turned(input: Tensor, other: Any) -> Any:
        return function(other, input)

    if name.startswith("__r"):
        made = _as_entry(reflected, turned, None)
    else:
        made = _as_entry(operator, function, None)
    made.__name__ = made.__qualname__ = name
    made.__wrapped__ = function  # as functools.wraps has it
    return made


def _as_entry(function: Any, plain: Any, cls: Any) -> Any:
    """Says of a template's function what it does where nobody answers for it."""
    function.plain, function.operation = plain, cls
    entry_codes.add(function.__code__)
    return function


def with_names(function: Any, kernel: str, name: str) -> Any:
    """A copy of a template's code whose attribute KERNEL is the kernel's name.

    An attribute's name is a constant of the code: looking the kernel up by a variable name would
    cost each call a function call more.
    """
    code = function.__code__
    names = tuple(kernel if n == "KERNEL" else n for n in code.co_names)
    function.__code__ = code.replace(co_names=names, co_name=name)
    entry_codes.add(function.__code__)
    return function


def described(function: Any, cls: type[Any], name: str) -> Any:
    function.__name__ = function.__qualname__ = name
    function.__module__ = cls.__module__
    function.__doc__ = cls.__doc__
    return function
