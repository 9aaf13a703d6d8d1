"""Which dtype, device and shape operands come to: PyTorch's rules of promotion."""

from __future__ import annotations

import functools
import numbers
from operator import mul
from typing import Any

import numpy as np

from ..autograd.inplace import is_tracked
from ..dtype import (
    BOOL,
    COMPLEX,
    FLOATING,
    HALVES,
    INTEGER,
    category_of,
    combine,
    float32,
    get_default_dtype,
    promote_types,
    scalar_dtype,
    title_of,
)
from ..dtype import dtype as DType
from ..errors import OperationError
from ..grad_mode import state
from ..kernels import launch
from ..kernels.launch import kernels as kernel_tables
from ..kernels.launch import refuse_record
from ..scalars import number
from ..tensor import Tensor, wrap


def table_of(tensor: Tensor, *others: Any) -> Any:
    """The kernels for a tensor's array, for a function that calls them by itself, and for the other
    arrays that it gives them."""
    if launch.recorder is not None:
        launch.recorder.see_tensor(tensor)
    if others and launch.batching is not None:
        table = launch.batching.table_for((tensor.array, *others))
        if table is not None:
            return table
    return kernel_tables[type(tensor.array)]


def operands(operation: Any, a: Any, b: Any) -> tuple[Any, Any, Any, Any]:
    """Two operands and their arrays as an operation's kernel takes them."""
    kinds = "f" if operation.floats else "fiu"
    if type(b) is int and operation.takes_numbers and a.array.dtype.kind in kinds:
        if -(2**63) <= b < 2**64:
            return a, b, a.array, b
        raise OverflowError("int too big to convert")
    refuse_bool(operation, a, b)
    if not operation.takes_numbers and not isinstance(b, Tensor):
        raise TypeError(
            f"{operation.operation_name}(): argument 'other' (position 2) must be Tensor, not "
            f"{type(b).__name__}"
        )
    a, b = promoted(operation.operation_name, a, b, operation.floats, operation.wide_scalar)
    x, y = a.array, b.array if isinstance(b, Tensor) else b
    if launch.batching is not None and type(x) is not type(y):
        x, y = launch.batching.alike(x, y)
    return a, b, x, y


def refuse_bool(operation: Any, *values: Any) -> None:
    """PyTorch's error where masks are no operands, before promotion hides them."""
    if operation.refuses_bool and any(_is_bool(value) for value in values):
        one, two = operation.refuses_bool
        raise OperationError(two if all(_is_bool(value) for value in values) else one)


def _is_bool(value: Any) -> bool:
    if isinstance(value, Tensor):
        return category_of(value.array.dtype) == BOOL
    return isinstance(value, bool)


def promoted(
    name: str, a: Any, b: Any, floats: bool = False, wide_scalar: bool = False
) -> tuple[Any, Any]:
    """Both operands in the dtype they promote to; the first one as a tensor.

    With `floats` whole numbers become the default dtype. With `wide_scalar` a 0-d second operand of
    halves is not rounded to theirs: it is a number, which may lie beyond their range.
    """
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        refuse_record("computes with a NumPy array, which may change unseen")
        a, b = (wrap(x) if isinstance(x, np.ndarray) else x for x in (a, b))
    if not is_operand(a) or not is_operand(b):
        other = b if isinstance(a, Tensor) else a
        raise TypeError(
            f"{name}(): argument 'other' must be Tensor or Number, not {type(other).__name__}"
        )
    is_plain = isinstance(a, Tensor) and isinstance(b, Tensor) and a.array.dtype is b.array.dtype
    to = a.dtype if is_plain else result_type(a, b)
    if floats and to.category < FLOATING:
        to = get_default_dtype()
    if not isinstance(a, Tensor):
        a = full_like_number(number(a), to, b)
    elif a.array.dtype != to.numpy:
        a = a.to(to)
    if isinstance(b, Tensor):
        if b.array.dtype != to.numpy:
            b = b.to(_type_of_scalar(b, a, to) if wide_scalar else to)
        a, b = _on_one_device(a, b)
    elif isinstance(b, np.generic):
        b = b.item()
    return a, b


def _type_of_scalar(scalar: Tensor, other: Tensor, to: DType) -> DType:
    """float32, which kernels of halves compute in, for a 0-d tensor of the host's beside halves."""
    is_number = to.numpy in HALVES and scalar.array.ndim == 0 < other.array.ndim
    return float32 if is_number and table_of(scalar).is_host else to


def of_one_dtype(*tensors: Tensor) -> list[Tensor]:
    """Tensors in the dtype that all of them promote to."""
    kind = tensors[0].array.dtype
    if all([t.array.dtype is kind for t in tensors]):
        return list(tensors)
    to = result_type(*tensors)
    return [t if t.array.dtype == to.numpy else t.to(to) for t in tensors]


def is_plain_change(target: Tensor, other: Any) -> bool:
    """Whether a change in place is of two float arrays alike that nothing else knows about.

    Then there is nothing to promote, to check or to record, and `x += y` of few elements takes a
    third of the time.
    """
    if not isinstance(other, Tensor):
        return False
    x, y = target.array, other.array
    return (
        x.shape == y.shape
        and x.dtype is y.dtype
        and x.dtype.kind == "f"
        and type(x) is type(y)
        and (wants := target._requires_grad) is not None
        and not (wants and state.enabled)
        and not (other._requires_grad and state.enabled)
        and (target._view is None or not state.enabled or not is_tracked(target))
        and (other._view is None or not state.enabled or not other.requires_grad)
        and launch.recorder is None
        and 0 not in x.strides
        and (target._counter is None or target._counter is not other._counter or x is y)
    )


def is_operand(value: Any) -> bool:
    return isinstance(value, (Tensor, numbers.Number, np.generic))


def _on_one_device(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Moves a 0-d tensor of the host to the other's device, as PyTorch does."""
    if type(a.array) is not type(b.array):
        if a.array.ndim == 0 and table_of(a).is_host:
            a = a.to(b.device)
        elif b.array.ndim == 0 and table_of(b).is_host:
            b = b.to(a.device)
    return a, b


def full_like_number(value: Any, dtype: DType, like: Tensor) -> Tensor:
    return wrap(table_of(like).full((), value, dtype.numpy, like.array))


def result_type(*operands: Any) -> DType:
    """The dtype that an arithmetic operation of these gives.

    >>> import rushlight as torch
    >>> torch.result_type(torch.tensor([1, 2]), 1.0)
    torch.float32
    """
    by_priority: list[DType | None] = [None, None, None]  # tensors with dimensions, 0-d, numbers
    for value in operands:
        if isinstance(value, Tensor):
            level, found = (0 if value.array.ndim else 1), DType.from_numpy(value.array.dtype)
        else:
            level, found = 2, scalar_dtype(value)
        known = by_priority[level]
        by_priority[level] = found if known is None else promote_types(known, found)
    high, middle, low = by_priority
    result = combine(high, combine(middle, low))
    assert result is not None
    return result


def scaled_by(name: str, input: Any, other: Any, alpha: Any) -> Any:
    """`alpha * other` as the operand beside `input`, in the dtype of the result."""
    if isinstance(input, Tensor) and isinstance(other, Tensor) and type(alpha) in (int, float):
        dtype = other.array.dtype
        if dtype is input.array.dtype and dtype.kind == "f":  # a third of the time
            return mul(other, alpha)
    kind = result_type(input, other)
    alpha = number(alpha)
    check_factor(name, kind, "alpha", alpha)
    if isinstance(other, Tensor) and other.array.dtype != kind.numpy:
        other = other.to(kind)
    return mul(other, bool(alpha) if kind.category == BOOL else alpha)


def check_factor(name: str, kind: DType, parameter: str, factor: Any) -> None:
    """PyTorch's error for a factor that makes no sense for results of a dtype."""
    if isinstance(factor, bool) and kind.category != BOOL:
        raise OperationError(f"{name}: Boolean {parameter} only supported for Boolean results.")
    if isinstance(factor, (float, complex)) and kind.category <= INTEGER:
        raise OperationError(
            f"{name}: For integral input tensors, argument {parameter} must not be a floating "
            f"point number (got {factor} for {kind}); convert the tensors with .float()"
        )
    if isinstance(factor, complex) and kind.category < COMPLEX:
        raise OperationError(
            f"{name}: For non-complex input tensors, argument {parameter} must not be a complex "
            f"number (got {factor} for {kind})"
        )


def inplace_operand(operation: Any, target: Tensor, other: Any, alpha: Any = 1) -> Any:
    """`alpha * other` as the other operand of a change of `target`, in its dtype."""
    name = operation.operation_name
    if not is_operand(other) or not operation.takes_numbers and not isinstance(other, Tensor):
        raise TypeError(
            f"{name}(): argument 'other' must be Tensor or Number, not {type(other).__name__}"
        )
    if alpha != 1:
        other = scaled_by(name, target, other, alpha)
    refuse_bool(operation, target, other)
    if operation.floats and target.dtype.category < FLOATING:
        check_cast(name, get_default_dtype(), target)
    if not isinstance(other, Tensor):
        check_cast(name, result_type(target, other), target)
        return other
    if other.array.dtype is not target.array.dtype:
        check_cast(name, result_type(target, other), target)
    other = _on_one_device(target, other)[1]
    check_inplace_shape(name, target, other)
    if other.array.dtype == target.array.dtype:
        return other
    to = target.dtype
    return other.to(_type_of_scalar(other, target, to) if operation.wide_scalar else to)


def check_cast(name: str, result: DType, target: Tensor) -> None:
    if result.category > target.dtype.category:
        raise OperationError(
            f"{name}: result type {title_of(result)} can't be cast to the desired output type "
            f"{title_of(target.dtype)}"
        )


def check_result(operation: Any, target: Tensor) -> None:
    """Raises PyTorch's errors where an operation of `target` makes what that cannot hold."""
    name, made = operation.operation_name + "_", _dtype_made(operation, target.array.dtype)
    if made.category == FLOATING > target.dtype.category:
        made = get_default_dtype()
    check_cast(name, made, target)
    if target.dtype.category == COMPLEX and made.category == FLOATING:
        raise OperationError(
            f"{name}: In-place {operation.operation_name} is not supported for complex tensors."
        )


@functools.cache
def _dtype_made(operation: Any, dtype: Any) -> DType:
    """That of an elementwise operation's result, as the kernel makes it of one element."""
    table, x = launch.plain_tables[np.ndarray], np.ones(1, dtype)
    if operation.forward is not None:
        return DType.from_numpy(operation.forward(table, x).dtype)
    return DType.from_numpy(getattr(table, operation.kernel)(x).dtype)


def check_inplace_shape(name: str, target: Tensor, other: Tensor) -> None:
    shape = target.array.shape
    if other.array.shape == shape:
        return
    try:
        broadcast = np.broadcast_shapes(shape, other.array.shape)
    except ValueError:
        return  # the kernel's error names both
    if broadcast != shape:
        raise OperationError(
            f"{name}: output with shape {list(shape)} doesn't match the broadcast shape "
            f"{list(broadcast)}"
        )
