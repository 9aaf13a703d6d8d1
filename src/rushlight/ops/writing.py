"""Results that are written into tensors which are there: `out=`, and the forms in place."""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Mapping
from typing import Any

from ..autograd.explain import explain
from ..autograd.inplace import (
    check_inference,
    check_inplace,
    check_memory,
    check_overlap,
    memory_of,
    rebase_history,
    snapshot,
)
from ..autograd.mirror import written
from ..dtype import dtype as DType
from ..errors import OperationError
from ..grad_mode import no_grad, state
from ..kernels.launch import refuse_record
from ..tensor import Tensor
from ..torch_function import leaves
from .plain_out import UNMADE, writes
from .promotion import check_cast, table_of

# ---- out=


def write_out(
    function: Any, out: Any, args: tuple[Any, ...], kwargs: dict[str, Any], made: Any = UNMADE
) -> Any:
    """Calls a function and writes its results, or those that it has `made`, into those of `out`."""
    name = function.__name__
    targets = out if isinstance(out, (tuple, list)) else (out,)
    for target in targets:
        if not isinstance(target, Tensor):
            raise TypeError(f"{name}(): argument 'out' must be Tensor, not {type(target).__name__}")
        check_inference(target)
    for value in leaves((*args, *kwargs.values(), out)) if state.enabled else ():
        if isinstance(value, Tensor) and value.requires_grad:
            raise RuntimeError(
                f"{name}(): functions with out=... arguments don't support automatic "
                "differentiation, but one of the arguments requires grad."
            )
    kind = getattr(function, "out", "cast")
    of_nothing = not (args and isinstance(args[0], Tensor)) and not any(
        isinstance(v, Tensor) for v in leaves((*args, *kwargs.values()))
    )
    # What is made out of nothing has the dtype of what it is written into, and sums are made in it.
    if kind == "decides" or of_nothing and "dtype" in parameters(function):
        if kwargs.get("dtype") is None:
            kwargs["dtype"] = targets[0].dtype
    results, is_there = made, False
    if made is UNMADE:
        with no_grad():
            if targets is not out and "apart" not in kind:
                results, is_there = call_into(targets[0], function, args, kwargs)
            else:
                results = function.plain(*args, **kwargs)
    if is_there:
        return out
    found = results if isinstance(results, tuple) else (results,)
    if isinstance(results, tuple) and len(found) != len(targets):
        raise TypeError(f"{name}(): argument 'out' must be a tuple of {len(found)} Tensors")
    if not isinstance(results, tuple) and targets is out:
        raise TypeError(f"{name}(): argument 'out' must be Tensor, not {type(out).__name__}")
    for target, result in zip(targets, found, strict=True):
        _check_out(name, target, result, kwargs.get("dtype"))
    if "exact" in kind:
        _check_exact(name, targets, found)
    if "apart" in kind:
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
        if not writes(target.__class__, operation) or dtype.kind != "f" or 0 in target.strides:
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
        check_overlap(target, inputs)
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
def parameters(function: Any) -> Mapping[str, inspect.Parameter]:
    """A function's parameters by name; `inspect` takes 10 us to find them."""
    return inspect.signature(function, follow_wrapped=False).parameters


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
    if not getattr(target.array.flags, "writeable", True):  # an accelerator's arrays always are
        raise explain(name, ValueError("read-only"), ())


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
            if isinstance(value, Tensor) and (value is target or _share_memory(target, value)):
                raise OperationError(
                    f"unsupported operation: {name}() is given an out that shares memory with one "
                    "of its arguments. Please clone() the tensor before performing the operation."
                )


def _share_memory(a: Tensor, b: Tensor) -> bool:
    """Whether the memory between the first and the last element of both has a part in common."""
    if type(a.array) is not type(b.array) or not a.array.size or not b.array.size:
        return False
    first, second = memory_of(a), memory_of(b)
    return first[0] < second[1] and second[0] < first[1]


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
    check_overlap(target, args)
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
        or target._view is not None
        and not node._edges[0] == _edge_of(source)
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
