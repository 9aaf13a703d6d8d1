"""`out=` where little is to be asked: plain tensors of the CPU, and a result that fits.

`write_out` (`writing.py`) asks about gradients, subclasses, devices, shared memory and what the
kernel can write by itself, which takes ten times as long as an addition of few elements. An entry
asks these few questions first (`ops/declare.py`); what they do not settle is left to it.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any

from numpy import ndarray as _ndarray

from ..autocast_state import casts
from ..autograd.mirror import written
from ..dtype import dtype as DType
from ..grad_mode import state
from ..kernels.declaration import kernels_of
from ..kernels.launch import kernels as kernel_tables
from ..kernels.launch import watchers
from ..layout import layout, memory_format
from ..size import Size
from ..tensor import Tensor
from ..torch_function import modes

# From here on it is worth asking whether the kernel can write into `out` by itself.
_MANY = 1 << 15
_VALUES = {int, float, bool, str, type(None), DType, Size, layout, memory_format}
UNMADE: Any = object()


def is_plain(out: Any, arguments: tuple[Any, ...]) -> bool:
    """Whether `out` and the arguments are arrays of the CPU, numbers and names that no gradient, no
    subclass, no mode, no autocast and no record asks about, and that do not overlap."""
    if modes or watchers or casts or not _are_plain(arguments):
        return False
    if type(out) is Tensor:
        return out.array.size < _MANY and _are_plain((out,)) and not _may_overlap(out, arguments)
    if type(out) is not tuple or {type(target) for target in out} != {Tensor}:
        return False
    return _are_plain(out) and not any(_may_overlap(target, arguments) for target in out)


def _may_overlap(target: Tensor, arguments: Iterable[Any]) -> bool:
    """Whether an argument is of the target's memory, but is not the target itself."""
    counter = target._counter
    if counter is None:
        return False
    for value in arguments:
        if type(value) is Tensor:
            if value._counter is counter and value.array is not target.array:
                return True
        elif type(value) in (tuple, list) and _may_overlap(target, value):
            return True
    return False


def _are_plain(values: Iterable[Any]) -> bool:
    for value in values:
        kind = type(value)
        if kind is Tensor:
            if type(value.array) is not _ndarray or value._requires_grad is None:
                return False
            if (
                value._requires_grad or value._view is not None and value.requires_grad
            ) and state.enabled:
                return False
        elif kind is tuple or kind is list:
            if not _are_plain(value):
                return False
        elif kind not in _VALUES:
            return False
    return True


def are_apart(out: Any, arguments: Iterable[Any]) -> bool:
    """Whether it is seen that no plain argument shares the memory of a plain `out`."""
    for target in out if type(out) is tuple else (out,):
        owner = _owner_of(target.array)
        if owner is None:
            return False
        for value in arguments:
            if type(value) is Tensor:
                other = _owner_of(value.array)
                if other is None or other is owner:
                    return False
            elif type(value) in (tuple, list) and not are_apart(target, value):
                return False
    return True


def _owner_of(array: Any) -> Any:
    """The array whose memory it is; None where that is not seen at once."""
    base = array.base
    if base is None:
        return array
    return base if type(base) is _ndarray and base.base is None else None


def are_numbers(arguments: Iterable[Any]) -> bool:
    """Whether no argument is a tensor."""
    for value in arguments:
        if type(value) in (tuple, list):
            if not are_numbers(value):
                return False
        elif type(value) not in _VALUES:
            return False
    return True


def placed(out: Any, results: Any) -> Any:
    """What a call with a plain `out` returns, or None where its results do not fit there."""
    overwrite = kernel_tables[_ndarray].overwrite
    if type(out) is Tensor:
        if type(results) is not Tensor or not overwrite(out.array, results.array):
            return None
        written(out)
        return out
    if not isinstance(results, tuple) or len(results) != len(out):
        return None
    for target, result in zip(out, results, strict=True):
        if not overwrite(target.array, result.array):
            return None
        written(target)
    return type(results)(*out) if hasattr(results, "_fields") else out


def write_into(operation: Any, function: Any, out: Any, *operands: Any) -> Any:
    """What an elementwise entry returns that is called with a plain `out`, or None."""
    if _write_elementwise(operation, out, operands):
        return out
    return placed(out, function(*operands)) if is_plain(out, operands) else None


def _write_elementwise(operation: Any, out: Any, operands: tuple[Any, ...]) -> bool:
    """Whether an elementwise kernel has written into `out` by itself: all is plain, and of one
    floating-point dtype and shape."""
    if modes or watchers or type(out) is not Tensor:
        return False
    target = out.array
    if type(target) is not _ndarray or target.dtype.kind != "f" or 0 in target.strides:
        return False
    arrays: list[Any] = []
    for value in (*operands, out):
        if type(value) is Tensor:
            x, wants = value.array, value._requires_grad
            if type(x) is not _ndarray or x.dtype is not target.dtype or x.shape != target.shape:
                return False
            if (
                wants is None
                or state.enabled
                and (wants or value._view is not None and value.requires_grad)
            ):
                return False
            if x is not target and value._counter is not None and value._counter is out._counter:
                return False  # they may overlap
            arrays.append(x)
        elif type(value) is float and arrays and operation.takes_numbers:
            arrays.append(value)
        else:
            return False
    if not writes(_ndarray, operation):
        return False
    try:
        getattr(kernel_tables[_ndarray], operation.kernel)(*arrays)
    except Exception:
        return False  # it will fail once more, in words
    written(out)
    return True


@functools.cache
def writes(array_type: Any, operation: Any) -> bool:
    """Whether an operation's kernel is elementwise, makes its inputs' dtype, and takes an `out`.

    What is differentiable makes its inputs' dtype.
    """
    declaration = kernels_of(type(kernel_tables[array_type])).get(operation.kernel)
    return (
        operation.differentiable and operation.forward is None
        and declaration is not None and declaration.out is not None
        and declaration.kind == "elementwise"
    )  # fmt: skip
