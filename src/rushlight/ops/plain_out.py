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
from ..autograd.mirror import reach, written
from ..dtype import dtype as DType
from ..grad_mode import state
from ..kernels.declaration import kernels_of
from ..kernels.launch import kernels as kernel_tables
from ..kernels.launch import watchers
from ..layout import layout, memory_format
from ..size import Size
from ..tensor import Tensor
from ..torch_function import modes, plain_classes

# From so many elements on it is worth asking whether the kernel can write into a plain `out`, and
# into any, by itself.
_SOME, _MANY = 1 << 11, 1 << 15
_VALUES = {int, float, bool, str, type(None), DType, Size, layout, memory_format}
UNMADE: Any = object()


def is_plain(out: Any, arguments: tuple[Any, ...]) -> bool:
    """Whether `out` and the arguments are arrays of the CPU, numbers and names that no gradient, no
    subclass, no mode, no autocast and no record asks about, and that do not overlap."""
    if modes or watchers or casts:
        return False
    if type(out) in plain_classes:
        array = out.array
        if type(array) is not _ndarray or array.size >= _MANY:
            return False
        if (out._requires_grad is not False or out._view is not None) and not _are_plain((out,)):
            return False
        return _are_plain(arguments, array, out._counter)
    if type(out) is not tuple or not {type(target) for target in out} <= plain_classes:
        return False
    return _are_plain(out) and all(
        [_are_plain(arguments, target.array, target._counter) for target in out]
    )


def _are_plain(values: Iterable[Any], target: Any = None, counter: Any = None) -> bool:
    """Whether values are plain, and none is of the memory of this counter but the target itself."""
    for value in values:
        kind = type(value)
        if kind in plain_classes:
            array = value.array
            if type(array) is not _ndarray:
                return False
            wants = value._requires_grad
            if (wants is not False or value._view is not None) and (
                wants is None or state.enabled and value.requires_grad
            ):
                return False
            if counter is not None and value._counter is counter and array is not target:
                return False
        elif kind is tuple or kind is list:
            if not _are_plain(value, target, counter):
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
            if type(value) in plain_classes:
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
    if type(out) is not tuple:
        if results is out:  # which the function's last operation has written
            return out
        overwrite = kernel_tables[_ndarray].overwrite
        if type(results) is not Tensor or not overwrite(out.array, results.array):
            return None
        counter = out._counter  # as `written` does, within a call
        if counter is None:
            out._counter = [1]
            return out
        counter[0] += 1
        if len(counter) > 1:
            reach(out)
        return out
    if not isinstance(results, tuple) or len(results) != len(out):
        return None
    overwrite = kernel_tables[_ndarray].overwrite
    for target, result in zip(out, results, strict=True):
        if not overwrite(target.array, result.array):
            return None
        written(target)
    return type(results)(*out) if hasattr(results, "_fields") else out


class PlainDestination:
    """A plain `out` of a function, until the function's last operation writes it by itself.

    `Destination` (`writing.py`) does so for one that more is to be asked about.
    """

    __slots__ = ("target", "code")

    def __init__(self, target: Tensor, code: Any) -> None:
        self.target = target
        self.code = code  # of the function whose `finish` it is

    def takes(self, operation: Any, inputs: tuple[Any, ...], caller: Any) -> bool:
        """Whether the kernel has written there: one of arrays of one floating-point dtype and
        shape. All else that there is to ask `is_plain` has asked."""
        if caller is not self.code:
            return False
        target = self.target.array
        dtype, shape = target.dtype, target.shape
        if dtype.kind != "f" or 0 in target.strides or not writes(_ndarray, operation):
            return False
        arrays = []
        for value in inputs:
            if type(value) in plain_classes:
                value = value.array
                if value.dtype is not dtype or value.shape != shape:
                    return False
            arrays.append(value)
        try:
            getattr(kernel_tables[_ndarray], operation.kernel)(*arrays, target)
        except Exception:
            return False  # it will fail once more, in words
        written(self.target)
        return True

    def write(self, operation: Any, inputs: tuple[Any, ...]) -> Tensor:
        return self.target  # it is written


def are_few(out: Any) -> bool:
    """Whether the elements of a plain `out` are copied sooner than questions are asked."""
    return type(out) is tuple or out.array.size < _SOME


def call_for(target: Any, function: Any, *args: Any, **kwargs: Any) -> Any:
    """A function's result for a plain `out`, which its last operation may write by itself."""
    state.destination = PlainDestination(target, function.__code__)
    try:
        return function(*args, **kwargs)
    finally:
        state.destination = None


def write_into(operation: Any, function: Any, out: Any, *operands: Any) -> Any:
    """What an elementwise entry returns that is called with a plain `out`, or None."""
    if _write_elementwise(operation, out, operands):
        return out
    return placed(out, function(*operands)) if is_plain(out, operands) else None


def _write_elementwise(operation: Any, out: Any, operands: tuple[Any, ...]) -> bool:
    """Whether an elementwise kernel has written into `out` by itself: all is plain, and of one
    floating-point dtype and shape."""
    if modes or watchers or type(out) not in plain_classes:
        return False
    target = out.array
    if type(target) is not _ndarray or target.dtype.kind != "f" or 0 in target.strides:
        return False
    arrays: list[Any] = []
    for value in (*operands, out):
        if type(value) in plain_classes:
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
