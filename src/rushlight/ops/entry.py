"""What an entry does where it does not simply run: overrides, `out=`, in-place forms, errors."""

from __future__ import annotations

import functools
import inspect
import numbers
import sys
import warnings
from collections.abc import Mapping
from typing import Any

from ..autograd.mirror import written
from ..autograd.operation import (
    check_inplace,
    check_memory,
    explain,
    invalid_combination,
    is_library_type_error,
    rebase_history,
    snapshot,
    told_sizes,
)
from ..dtype import dtype as DType
from ..errors import OperationError, check_int64, unmade
from ..grad_mode import no_grad, state
from ..kernels.declaration import kernels_of
from ..kernels.launch import kernels as kernel_tables
from ..kernels.launch import refuse_record
from ..overrides import call_mode, handle_torch_function, leaves, mode_of_thread, overloaded
from ..tensor import Tensor
from .promotion import check_cast, is_operand, table_of

absent: Any = object()  # stands for a keyword that nobody has given
UNANSWERED: Any = object()
entry_codes: set[Any] = set()  # the code of every entry


# ---- overrides, and arguments under NumPy's names


def special(function: Any, values: dict[str, Any]) -> Any:
    """A call while a mode is entered, with an `out`, or with NumPy's names of arguments."""
    args, kwargs = _arguments(function, values)
    mode = mode_of_thread()
    if mode is not None:
        return call_mode(mode, function, args, kwargs)
    out = kwargs.pop("out", None)
    if out is None:
        return function.plain(*args, **kwargs)
    return write_out(function, out, args, kwargs)


@functools.cache
def parameters(function: Any) -> Mapping[str, inspect.Parameter]:
    """A function's parameters by name; `inspect` takes 10 us to find them."""
    return inspect.signature(function).parameters


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
    for name, numpy_name in (("dim", "axis"), ("keepdim", "keepdims")):
        given = values.get(numpy_name, absent)
        if given is not absent and name in values:  # else `axis` is the function's own name
            if values[name] not in (absent, parameters(function)[name].default):
                raise TypeError(f"{function.__name__}() got both '{name}' and '{numpy_name}'")
            values[name] = given
    if values.get("dim") is absent:
        raise TypeError(
            f'{function.__name__}() missing 1 required positional argument: "dim"'
        )
    positional, rest, keywords, others = _places(function)
    args = [values[name] for name, _ in positional]
    if rest is None:
        for _, default in reversed(positional):
            if args[-1] is not default:
                break
            args.pop()
    else:
        if "_" + rest in values:  # `dims=` may have been given instead of `*dims`
            by_name = values[rest]
            values[rest] = values["_" + rest] if by_name is absent else (by_name,)
        args += values[rest]
    kwargs = {name: values[name] for name, default in keywords if values[name] is not default}
    if others is not None:
        kwargs.update(values[others])
    return tuple(args), kwargs


# ---- failures


def rescue(function: Any, error: Exception, values: dict[str, Any]) -> Any:
    """What a call that failed ends in.

    The answer of an argument that has one (`__torch_function__`), PyTorch's TypeError where an
    argument should be a tensor and is none, the error of a kernel in PyTorch's words; UNANSWERED
    says that the error stands as it is.
    """
    args, kwargs = _arguments(function, values)
    candidates = overloaded(args, kwargs)
    if candidates:
        if _is_within_entry(candidates):
            return UNANSWERED
        return handle_torch_function(function, candidates, *args, **kwargs)
    operation = function.operation
    if operation is not None and operation.takes_number_first and _is_number_first(args):
        return function.plain(*args, **kwargs)
    for position, parameter in enumerate(parameters(function).values()):
        given = values[parameter.name]
        for value in given if parameter.kind is parameter.VAR_POSITIONAL else (given,):
            _check_tensor(function.__name__, position, parameter, value)
    if isinstance(error, (ValueError, OverflowError, MemoryError, OperationError)):
        _check_integers(function, values)
    impossible = unmade(function.__name__, error, told_sizes((*args, *kwargs.values())))
    if impossible is not None:
        raise impossible from error
    if operation is not None and isinstance(
        error, (ValueError, TypeError, OverflowError, KeyError)
    ):
        arrays = [v.array if isinstance(v, Tensor) else v for v in args]
        raise explain(function.__name__, error, arrays) from error
    if is_library_type_error(error):
        arrays = [v.array if isinstance(v, Tensor) else v for v in args]
        raise invalid_combination(function.__name__, arrays) from error
    return UNANSWERED


def _is_number_first(args: tuple[Any, ...]) -> bool:
    """Whether the operands are a number and a tensor."""
    first, second = args[0], args[1] if len(args) > 1 else None
    return isinstance(second, Tensor) and not isinstance(first, Tensor) and is_operand(first)


def _is_within_entry(candidates: list[Any]) -> bool:
    """Whether another entry was given one of these and called this one: it is asked first."""
    entries = 0  # the one that failed is the first
    frame = sys._getframe(2)
    while frame is not None and entries < 2:
        if frame.f_code in entry_codes:
            given = list(leaves(frame.f_locals.values()))
            entries += any(value is candidate for value in given for candidate in candidates)
        frame = frame.f_back  # type: ignore[assignment]
    return entries > 1


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
        return rescue(function, error, values)
    except TypeError:
        return NotImplemented


# ---- out=


def write_out(function: Any, out: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Calls a function and writes its results into the tensors of `out`."""
    name = function.__name__
    targets = out if isinstance(out, (tuple, list)) else (out,)
    for target in targets:
        if not isinstance(target, Tensor):
            raise TypeError(f"{name}(): argument 'out' must be Tensor, not {type(target).__name__}")
    for value in leaves((*args, *kwargs.values(), out)) if state.enabled else ():
        if isinstance(value, Tensor) and value.requires_grad:
            raise RuntimeError(
                f"{name}(): functions with out=... arguments don't support automatic "
                "differentiation, but one of the arguments requires grad."
            )
    kind = getattr(function, "out", "cast")
    if not (args and isinstance(args[0], Tensor)) and not any(
        isinstance(v, Tensor) for v in leaves((*args, *kwargs.values()))
    ):
        # What is made out of nothing has the dtype of what it is written into.
        if "dtype" in inspect.signature(function).parameters:
            kwargs.setdefault("dtype", targets[0].dtype)
    with no_grad():
        if kind == "cast":
            results, is_there = call_into(targets[0], function, args, kwargs)
        else:
            results, is_there = function.plain(*args, **kwargs), False
    if is_there:
        return out
    found = results if isinstance(results, tuple) else (results,)
    if isinstance(results, tuple) and len(found) != len(targets):
        raise TypeError(f"{name}(): argument 'out' must be a tuple of {len(found)} Tensors")
    if not isinstance(results, tuple) and targets is out:
        raise TypeError(f"{name}(): argument 'out' must be Tensor, not {type(out).__name__}")
    for target, result in zip(targets, found, strict=True):
        _check_out(name, target, result, kwargs.get("dtype"))
    if kind != "cast":
        _check_exact(name, targets, found)
    if kind == "apart":
        _check_apart(name, targets, (*args, *kwargs.values()))
    for target, result in zip(targets, found, strict=True):
        _store(target, result)
    if isinstance(results, tuple):
        return type(results)(*targets) if hasattr(results, "_fields") else tuple(targets)
    return targets[0]


class Destination:
    """The tensor that a function's result is for, until the function's last operation takes it."""

    def __init__(self, target: Tensor, function: Any) -> None:
        self.target = target
        body = function.plain
        # Whose `finish` is the function's end: another function's, called from there, is not.
        self.code = None if body.__name__ == "finish" else body.__code__
        self.is_written = False

    def takes(self, operation: Any, inputs: tuple[Any, ...], caller: Any) -> bool:
        """Whether the operation's kernel can write here: an elementwise one of this dtype."""
        if self.code is not None and caller is not self.code:
            return False
        state.destination = None
        target: Any = self.target.array
        shape, dtype = target.shape, target.dtype
        if not _writes(target.__class__, operation) or dtype.kind != "f" or 0 in target.strides:
            return False
        is_shape_given = False
        for value in inputs:
            if isinstance(value, Tensor):
                array = value.array
                if array.dtype is not dtype or type(array) is not type(target):
                    return False
                if array.shape == shape:
                    is_shape_given = True
                elif not _broadcasts(array.shape, shape):
                    return False
            elif value is not None and type(value) not in (float, int):
                return False
        return is_shape_given

    def write(self, operation: Any, inputs: tuple[Any, ...]) -> Tensor:
        self.is_written = True
        target = self.target
        if inputs[0] is target:
            return operation.apply_inplace(*inputs)
        table = table_of(target)
        arrays = [v.array if isinstance(v, Tensor) else v for v in inputs]
        for value in inputs:
            if isinstance(value, Tensor):
                table_of(value)  # a recorder is told of it
        try:
            getattr(table, operation.kernel)(*arrays, target.array)
        except (ValueError, TypeError, OverflowError, MemoryError) as error:
            raise explain(operation.operation_name, error, arrays) from error
        written(target)
        return target


@functools.cache
def _writes(array_type: Any, operation: Any) -> bool:
    """Whether an operation's kernel is elementwise, makes its inputs' dtype, and takes an `out`.

    What is differentiable makes its inputs' dtype.
    """
    declaration = kernels_of(type(kernel_tables[array_type])).get(operation.kernel)
    return (
        operation.differentiable and operation.forward is None
        and declaration is not None and declaration.out is not None
        and declaration.kind == "elementwise"
    )  # fmt: skip


def call_into(target: Tensor, function: Any, args: Any, kwargs: Any) -> tuple[Any, bool]:
    """The function's result, and whether it was written into `target` already."""
    destination = state.destination = Destination(target, function)
    try:
        return function.plain(*args, **kwargs), destination.is_written
    finally:
        state.destination = None


def _broadcasts(shape: tuple[int, ...], to: tuple[int, ...]) -> bool:
    return len(shape) <= len(to) and all(
        n in (1, m) for n, m in zip(reversed(shape), reversed(to), strict=False)
    )


def _check_out(name: str, target: Tensor, result: Tensor, asked: DType | None) -> None:
    check_cast(name, result.dtype, target)
    if asked is not None and target.dtype is not asked:
        raise OperationError(
            f"{name}: Expected out tensor to have dtype {asked}, but got {target.dtype} instead"
        )
    if result.device != target.device:
        raise OperationError(
            f"{name}: Expected all tensors to be on the same device, but found at least two "
            f"devices, {result.device} and {target.device}! (out is on the latter)"
        )
    check_memory(target)


def _check_exact(name: str, targets: Any, results: Any) -> None:
    for target, result in zip(targets, results, strict=True):
        if result.dtype is not target.dtype:
            raise OperationError(
                f"{name}(): Expected out tensor to have dtype {result.dtype}, but got "
                f"{target.dtype} instead"
            )


def _check_apart(name: str, targets: Any, arguments: Any) -> None:
    for target in targets:
        for value in leaves(arguments):
            if isinstance(value, Tensor) and _share_memory(target, value):
                raise OperationError(
                    f"unsupported operation: {name}() is given an out that shares memory with one "
                    "of its arguments. Please clone() the tensor before performing the operation."
                )


def _share_memory(a: Tensor, b: Tensor) -> bool:
    """Whether the memory between the first and the last element of both has a part in common."""
    if type(a.array) is not type(b.array) or not a.array.size or not b.array.size:
        return False
    ends = []
    for tensor in (a, b):
        x = tensor.array
        start = table_of(tensor).data_pointer(x)
        moves = [(n - 1) * step for n, step in zip(x.shape, x.strides, strict=True)]
        low, high = (sum(m for m in moves if (m > 0) == up) for up in (False, True))
        ends.append((start + low, start + high + x.itemsize))
    return ends[0][0] < ends[1][1] and ends[1][0] < ends[0][1]


def _store(target: Tensor, result: Tensor) -> None:
    """Overwrites `target` with `result`; one of another shape gets new memory, as in PyTorch."""
    table = table_of(target, result.array)
    if target.array.shape == result.array.shape:
        table.copy(target.array, result.array)
    else:
        if target.array.size:
            warnings.warn(
                "An output with one or more elements was resized since it had shape "
                f"{list(target.array.shape)}, which does not match the required output shape "
                f"{list(result.array.shape)}. This behavior is deprecated, and in a future PyTorch "
                "release outputs will not be resized unless they have zero elements. You can "
                "explicitly reuse an out tensor t by resizing it, inplace, to zero elements with "
                "t.resize_(0).",
                stacklevel=5,
            )
        refuse_record("resizes a tensor given as out")
        copied = table.empty(result.array.shape, target.array.dtype)
        target.array = table.copy(copied, result.array)
    written(target)


# ---- in place


def run_inplace(function: Any, target: Tensor, args: tuple[Any, ...], kwargs: Any) -> Tensor:
    """The result of a function of `target` written into `target`, and its node into its history.

    The node that the function's call has made becomes the last entry of the target's history, so it
    must have saved the values from before: while recording it is called with a copy.
    """
    name = function.__name__ + "_"
    result: Any = None
    if "finish" in function.plain.__code__.co_names:
        result, is_there = call_into(target, function, (target, *args), kwargs)
        if is_there:
            return target
    recording = state.enabled and (
        target.requires_grad or any(isinstance(v, Tensor) and v.requires_grad for v in args)
    )
    check_memory(target)
    if state.enabled:
        check_inplace(target)
    source = snapshot(target) if recording else target
    if recording or result is None:
        result = function.plain(source, *args, **kwargs)
    check_cast(name, result.dtype, target)
    if result.array.shape != target.array.shape:
        raise OperationError(
            f"{name}: output with shape {list(target.array.shape)} doesn't match the broadcast "
            f"shape {list(result.array.shape)}"
        )
    node = result._grad_fn
    if recording and (
        node is None  # flat: what the target was counts no more
        or result.array.dtype != target.array.dtype
        or target._view is not None and not node._edges[0] == _edge_of(source)
    ):
        return target.copy_(result)
    table_of(target, result.array).copy(target.array, result.array)
    if not recording:
        written(target)
        return target
    target.bump_version()
    rebase_history(target, node)
    return target


def _edge_of(source: Tensor) -> Any:
    return (source._grad_fn, source._output_number) if source._grad_fn is not None else None
