"""What the operations' families share: becoming a method, promotion, dimensions."""

from __future__ import annotations

import inspect
import numbers
from collections import namedtuple
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from ..autograd.operation import Operation, explain
from ..dtype import (
    COMPLEX,
    FLOATING,
    category_of,
    combine,
    get_default_dtype,
    promote_types,
    scalar_dtype,
)
from ..dtype import dtype as DType
from ..errors import NotSupportedError, OperationError
from ..kernels.launch import kernels as kernel_tables
from ..kernels.launch import refuse_record
from ..tensor import Tensor, wrap, wrap_dim

AnyFunction = TypeVar("AnyFunction", bound=Callable[..., Any])


def method(function: AnyFunction) -> AnyFunction:
    """Makes a function of a tensor that tensor's method as well."""
    setattr(Tensor, function.__name__, function)
    return function


def methods(**functions: Any) -> None:
    """Gives tensors methods that are no functions of the namespace, or under another name."""
    for name, function in functions.items():
        setattr(Tensor, name, function)


def table_of(tensor: Tensor) -> Any:
    return kernel_tables[type(tensor.array)]


def binary(operation: type[Operation], a: Any, b: Any) -> Tensor:
    """An elementwise operation of a tensor and a tensor or number, promoted as PyTorch does."""
    if isinstance(b, Tensor):
        if isinstance(a, Tensor) and a.array.dtype is b.array.dtype:
            try:
                return operation.apply_binary(a, b)
            except OperationError:
                if type(a.array) is type(b.array) or a.array.ndim and b.array.ndim:
                    raise
                return operation.apply_binary(*_on_one_device(a, b))
    elif type(b) is float and isinstance(a, Tensor) and category_of(a.array.dtype) == FLOATING:
        return operation.apply_binary(a, b)
    return operation.apply_binary(*promoted(operation.operation_name, a, b))


def promoted(name: str, a: Any, b: Any, to: DType | None = None) -> tuple[Any, Any]:
    """Both operands in the dtype they promote to; the first one as a tensor."""
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        refuse_record("computes with a NumPy array, which may change unseen")
        a, b = (wrap(x) if isinstance(x, np.ndarray) else x for x in (a, b))
    if not _is_operand(a) or not _is_operand(b):
        other = b if isinstance(a, Tensor) else a
        raise TypeError(
            f"{name}(): argument 'other' must be Tensor or Number, not {type(other).__name__}"
        )
    to = to or result_type(a, b)
    if not isinstance(a, Tensor):
        a = full_like_number(a, to, b)
    elif a.array.dtype != to.numpy:
        a = a.to(to)
    if isinstance(b, Tensor):
        if b.array.dtype != to.numpy:
            b = b.to(to)
        a, b = _on_one_device(a, b)
    elif isinstance(b, np.generic):
        b = b.item()
    return a, b


def _is_operand(value: Any) -> bool:
    return isinstance(value, (Tensor, numbers.Number, np.generic))


def _on_one_device(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Moves a 0-d tensor of the host to the other's device, as PyTorch does."""
    if type(a.array) is not type(b.array):
        if a.array.ndim == 0 and table_of(a).is_host:
            a = a.to(b.device)
        elif b.array.ndim == 0 and table_of(b).is_host:
            b = b.to(a.device)
    return a, b


def plain(kernel: str, a: Any, b: Any, refused: str = "") -> Tensor:
    """An elementwise kernel of two operands that has no gradient.

    `refused` are the kinds of dtype, in NumPy's letters, that it does not exist for.
    """
    a, b = promoted(kernel, a, b)
    x, y = a.array, b.array if isinstance(b, Tensor) else b
    if refused and x.dtype.kind in refused:
        raise NotSupportedError(f"{kernel} is not implemented for {a.dtype}")
    try:
        return wrap(getattr(table_of(a), kernel)(x, y))
    except (ValueError, TypeError) as error:
        raise explain(kernel, error, (x, y)) from error


def check(conditions: Tensor, kind: type[Exception], message: str) -> None:
    """Raises `kind(message)` unless all hold; devices that would have to wait let it pass."""
    table_of(conditions).check(conditions.array, kind, message)


def check_ordered(name: str, x: Tensor) -> Tensor:
    """x itself; PyTorch's error for complex numbers."""
    if category_of(x.array.dtype) == COMPLEX:
        raise NotSupportedError(
            f"{name}(): does not support complex input ({x.dtype}): complex numbers have no order"
        )
    return x


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
            level, found = (0 if value.array.ndim else 1), value.dtype
        else:
            level, found = 2, scalar_dtype(value)
        known = by_priority[level]
        by_priority[level] = found if known is None else promote_types(known, found)
    high, middle, low = by_priority
    result = combine(high, combine(middle, low))
    assert result is not None
    return result


def as_floating(x: Any) -> Any:
    """Integers as the default floating type, for functions whose values are no integers.

    What is no tensor at all is left to the operation, which refuses it under its own name.
    """
    try:
        return x if x.dtype.category >= FLOATING else x.to(get_default_dtype())
    except AttributeError:
        if isinstance(x, Tensor):
            raise
        return x


def inplace(operation: type[Operation], name: str) -> Callable[..., Tensor]:
    """The in-place form of an elementwise operation: `x.name_()` or `x.name_(other)`."""

    def unary(self: Tensor) -> Tensor:
        return operation.apply_inplace(self)

    def binary(self: Tensor, other: Any, *, alpha: Any = 1) -> Tensor:
        return operation.apply_inplace(self, inplace_operand(name, self, other, alpha))

    arity = len(inspect.signature(operation.forward).parameters) - 2  # without kernels and out
    function: Callable[..., Tensor] = unary if arity == 1 else binary
    function.__name__ = name
    function.__doc__ = f"`{operation.operation_name}`, with the result written to this tensor."
    setattr(Tensor, name, function)
    return function


def inplace_operand(name: str, target: Tensor, other: Any, alpha: Any = 1) -> Any:
    """`alpha * other` as the other operand of a change of `target`, in its dtype."""
    if not _is_operand(other):
        raise TypeError(
            f"{name}(): argument 'other' must be Tensor or Number, not {type(other).__name__}"
        )
    if alpha != 1:
        other = other * alpha
    check_cast(name, result_type(target, other), target)
    if not isinstance(other, Tensor):
        return other
    other = _on_one_device(target, other)[1]
    check_inplace_shape(name, target, other)
    return other if other.array.dtype == target.array.dtype else other.to(target.dtype)


def check_cast(name: str, result: DType, target: Tensor) -> None:
    if result.category > target.dtype.category:
        raise OperationError(
            f"{name}: result type {_title(result)} can't be cast to the desired output type "
            f"{_title(target.dtype)}"
        )


def _title(dtype: DType) -> str:
    return {"int64": "Long", "int32": "Int", "float32": "Float", "float64": "Double"}.get(
        dtype.name, dtype.name.capitalize()
    )


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


def normalize_axes(dim: Any, ndim: int) -> tuple[int, ...] | None:
    """`dim` as a tuple of non-negative dimensions; None stands for all of them."""
    if dim is None:
        return None
    if isinstance(dim, int):
        return (wrap_dim(dim, ndim),) if ndim else None
    try:
        axes = tuple(wrap_dim(d, ndim) for d in dim)
    except TypeError:
        raise TypeError(f"dim must be an int or a tuple of ints, not {dim!r}") from None
    if not axes or ndim == 0:
        return None
    if len(set(axes)) != len(axes):
        raise OperationError(f"dim {axes[0]} appears multiple times in the list of dims")
    return axes


def values_and_indices(name: str) -> Any:
    """The type of what `max`, `sort` and their like return."""
    return namedtuple(name, ["values", "indices"])  # type: ignore[misc]  # one type per function


def new_shape(sizes: tuple[Any, ...]) -> tuple[int, ...]:
    """Sizes for a tensor that is made."""
    shape = sizes_from(sizes)
    if any(n < 0 for n in shape):
        raise OperationError(
            f"Trying to create tensor with negative dimension {min(shape)}: {list(shape)}"
        )
    return shape


def sizes_from(sizes: tuple[Any, ...]) -> tuple[int, ...]:
    """Sizes given one by one or as one sequence."""
    if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)):
        sizes = tuple(sizes[0])
    if all([type(size) is int for size in sizes]):
        return tuple(sizes)
    for position, size in enumerate(sizes):
        if not isinstance(size, (int, np.integer, Tensor)) or isinstance(size, bool):
            raise TypeError(
                f"argument 'size' (position {position + 1}) must be tuple of ints, not "
                f"{type(size).__name__}"
            )
    return tuple(int(s) for s in sizes)
