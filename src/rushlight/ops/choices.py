"""Limits and choices between elements."""

from __future__ import annotations

from typing import Any, overload

from ..autograd.operation import Operation, SavesInputs
from ..categories import ORDERED, check_taken, refused
from ..dtype import BOOL, COMPLEX, category_of, uint8
from ..dtype import bool as bool_
from ..errors import OperationError
from ..kernels import launch
from ..scalars import assigned, checked, number
from ..tensor import Tensor
from ..types import Number
from .common import conjugated, methods
from .curves import Curve
from .declare import Binary, operation
from .promotion import (
    check_cast,
    check_inplace_shape,
    full_like_number,
    of_one_dtype,
    promoted,
    result_type,
)


class Clamp(Curve):
    """Elements below the lower limit and above the upper one moved there; None is no limit.

    >>> import rushlight as torch
    >>> torch.clamp(torch.tensor([-2.0, 0.5, 3.0]), 0, 1)
    tensor([0.0000, 0.5000, 1.0000])
    """

    # Its gradient is 0 beyond the limits, which is not grad * 0: that may be infinite.
    low: Any
    high: Any


class ClampByTensors(SavesInputs):
    """`Clamp` with limits that are tensors; what equals a limit is its own."""

    node_name = "ClampBackward0"

    @staticmethod
    def forward(kernels: Any, x: Any, low: Any, high: Any) -> Any:
        lifted = x if low is None else kernels.maximum(x, low)
        return lifted if high is None else kernels.minimum(lifted, high)

    def backward(self, grad: Tensor) -> Any:
        x, low, high = self.saved_tensors
        inside, below, above = (x == x, None, None)
        if low is not None:
            inside, below = inside & (x >= low), x < low
        if high is not None:
            inside, above = inside & (x <= high), x > high
        if below is not None and above is not None:
            below, above = below & (low < high), above | (high < low)
        return tuple(
            None if won is None or not self.needs(i) else where(won, grad, 0.0)
            for i, won in enumerate((inside, below, above))
        )


class Maximum(SavesInputs, Binary):
    """The larger of two elements; nan if either is.

    >>> import rushlight as torch
    >>> torch.maximum(torch.tensor([1, 5]), torch.tensor([3, 2]))
    tensor([3, 5])
    """

    takes_numbers = False

    def backward(self, grad: Tensor) -> Any:
        return _share(grad, *self.saved_tensors)


class Minimum(SavesInputs, Binary):
    """The smaller of two elements; nan if either is.

    >>> import rushlight as torch
    >>> torch.minimum(torch.tensor([1, 5]), torch.tensor([3, 2]))
    tensor([1, 2])
    """

    takes_numbers = False

    def backward(self, grad: Tensor) -> Any:
        a, b = self.saved_tensors
        return _share(grad, b, a)


class Fmax(SavesInputs, Binary):
    """The larger of two elements; a number rather than nan.

    >>> import rushlight as torch
    >>> torch.fmax(torch.tensor([1.0, float("nan")]), torch.tensor([3.0, 2.0]))
    tensor([3., 2.])
    """

    takes_numbers = False

    def backward(self, grad: Tensor) -> Any:
        a, b = self.saved_tensors
        first = (a >= b).logical_or(b.isnan())
        return where(first, grad, 0.0), where(first, 0.0, grad)


class Fmin(SavesInputs, Binary):
    """The smaller of two elements; a number rather than nan.

    >>> import rushlight as torch
    >>> torch.fmin(torch.tensor([1.0, float("nan")]), torch.tensor([3.0, 2.0]))
    tensor([1., 2.])
    """

    takes_numbers = False

    def backward(self, grad: Tensor) -> Any:
        a, b = self.saved_tensors
        first = (a <= b).logical_or(b.isnan())
        return where(first, grad, 0.0), where(first, 0.0, grad)


maximum, minimum = Maximum.define(inplace=False), Minimum.define(inplace=False)
fmax, fmin = Fmax.define(inplace=False), Fmin.define(inplace=False)


def _share(grad: Tensor, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """The gradients of max(a, b): the larger one's, half of it each where they are equal.

    Where nan has won, nobody has lost: both get all of it, as in PyTorch.
    """
    shared = where(a == b, grad / 2, grad)
    return where(a < b, 0.0, shared), where(a > b, 0.0, shared)


class Where(Operation):
    """One of two elements, as a mask says.

    >>> import rushlight as torch
    >>> torch.where(torch.tensor([True, False]), torch.tensor([1, 2]), torch.tensor([3, 4]))
    tensor([1, 4])
    """

    saves = (0,)

    def backward(self, grad: Tensor) -> Any:
        condition = self.saved_tensors[0]
        zero = grad.new_zeros(())
        return None, Where.apply(condition, grad, zero), Where.apply(condition, zero, grad)


_MaskedFill = Where.renamed("MaskedFill")


class MaskedFillInto(Operation):
    """Overwrites x with one value where a mask is true."""

    operation_name = "masked_fill_"
    node_name = "MaskedFillBackward0"
    saves = (2,)

    @staticmethod
    def forward(kernels: Any, x: Any, value: Any, mask: Any, out: Any = None) -> Any:
        if type(value) not in launch.kernels:  # a number
            value = kernels.full((), value, x.dtype, x)
        return kernels.where(mask, value, x, x)

    def backward(self, grad: Tensor) -> Any:
        mask = self.saved_tensors[0]
        zero = grad.new_zeros(())
        return Where.apply(mask, zero, grad), Where.apply(mask, grad, zero), None


_PLAIN = {float, int, type(None)}  # bounds that leave the dtype of floats as it is


def _bound(value: Any, numpy_type: Any) -> Any:
    """A bound for floats; most are numbers that each of their dtypes holds."""
    return value if value is None or -1e4 < value < 1e4 else checked(value, numpy_type)


@operation("torch", "clip", inplace=True, out="cast")
def clamp(input: Tensor, min: Any = None, max: Any = None) -> Tensor:
    """Elements below `min` become `min`, those above `max` become `max`.

    >>> import rushlight as torch
    >>> torch.clamp(torch.tensor([-2.0, 0.5, 3.0]), 0, 1)
    tensor([0.0000, 0.5000, 1.0000])
    """
    if min is None and max is None:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    if isinstance(min, Tensor) or isinstance(max, Tensor):
        limits = [v if v is None else _as_tensor(v, input) for v in (min, max)]
        operands = iter(of_one_dtype(input, *(v for v in limits if v is not None)))
        input = check_taken("clamp", next(operands), ORDERED)
        return ClampByTensors.apply(input, *(v if v is None else next(operands) for v in limits))
    numpy_type = input.array.dtype
    if numpy_type.kind == "f" and type(min) in _PLAIN and type(max) in _PLAIN:
        return Clamp.finish(input, _bound(min, numpy_type), _bound(max, numpy_type))
    kind = result_type(input, *(v for v in (min, max) if v is not None))
    if kind.category == COMPLEX:
        raise refused("clamp", kind, ORDERED)
    min, max = (v if v is None else checked(number(v), kind.numpy) for v in (min, max))
    return Clamp.finish(input if kind is input.dtype else input.to(kind), min, max)


@operation(inplace=True, out="cast")
def clamp_min(input: Tensor, min: Tensor | Number) -> Tensor:
    """Elements below `min`, a number or a tensor, become `min`.

    >>> import rushlight as torch
    >>> torch.clamp_min(torch.tensor([-1, 2, 5]), 0)
    tensor([0, 2, 5])
    """
    return clamp(input, min)


@operation(inplace=True, out="cast")
def clamp_max(input: Tensor, max: Tensor | Number) -> Tensor:
    """Elements above `max`, a number or a tensor, become `max`.

    >>> import rushlight as torch
    >>> torch.clamp_max(torch.tensor([-1, 2, 5]), 3)
    tensor([-1,  2,  3])
    """
    return clamp(input, None, max)


def _as_tensor(value: Any, like: Tensor) -> Tensor:
    return value if isinstance(value, Tensor) else full_like_number(value, like.dtype, like)


@overload
def where(condition: Tensor) -> tuple[Tensor, ...]: ...


@overload
def where(
    condition: Tensor, input: Tensor | Number, other: Tensor | Number, *, out: Tensor | None = None
) -> Tensor: ...


@operation(method=False, out="exact")
def where(
    condition: Tensor, input: Any = None, other: Any = None, *, out: Tensor | None = None
) -> Any:
    """`input` where `condition` is true, `other` elsewhere; alone, the indices where it is true.

    >>> import rushlight as torch
    >>> torch.where(torch.tensor([True, False]), torch.tensor([1, 2]), torch.tensor([3, 4]))
    tensor([1, 4])
    """
    if input is None and other is None:
        return condition.nonzero(as_tuple=True)
    is_mask = category_of(condition.array.dtype) == BOOL
    if not is_mask and condition.dtype is uint8:  # what masks were once
        condition, is_mask = condition.to(bool_), True
    if not is_mask:
        raise OperationError(
            f"where expected condition to be a boolean tensor, but got a tensor with dtype "
            f"{condition.dtype}"
        )
    if not isinstance(input, Tensor) and not isinstance(other, Tensor):
        input = full_like_number(number(input), result_type(input, other), condition)
    a, b = input, other
    if not isinstance(a, Tensor) or not isinstance(b, Tensor) or (
        a.array.dtype is not b.array.dtype or type(a.array) is not type(b.array)
    ):
        a, b = promoted("where", input, other)
    if not isinstance(b, Tensor):
        b = full_like_number(assigned(b, a.dtype.numpy), a.dtype, a)
    return Where.apply(condition, a, b)


def _where_method(self: Tensor, condition: Tensor, other: Tensor | Number) -> Tensor:
    """The tensor's elements where `condition` is true, those of `other` elsewhere.

    >>> import rushlight as torch
    >>> x = torch.tensor([1.0, -2.0, 3.0])
    >>> x.where(x > 0, 0.0)
    tensor([1., 0., 3.])
    """
    return where(condition, self, other)


methods(where=_where_method)


@operation
def masked_fill(input: Tensor, mask: Tensor, value: Any) -> Tensor:
    """`input` with `value`, a number or a 0-d tensor, where `mask` is true; both broadcast.

    RuntimeError for a mask that is not of bool.

    >>> import rushlight as torch
    >>> x = torch.tensor([1.0, 2.0, 3.0])
    >>> x.masked_fill(x > 1.5, 0.0)
    tensor([1., 0., 0.])
    """
    value = _filling(input, mask, value)
    if not isinstance(value, Tensor):
        value = full_like_number(value, input.dtype, input)
    return _MaskedFill.apply(mask, value.to(input.dtype), input)


@operation("Tensor")
def masked_fill_(self: Tensor, mask: Tensor, value: Any) -> Tensor:
    """`masked_fill`, with the result written to this tensor.

    >>> import rushlight as torch
    >>> x = torch.tensor([1.0, -2.0, 3.0])
    >>> x.masked_fill_(x < 0, 0.0)
    tensor([1., 0., 3.])
    """
    value = _filling(self, mask, value)
    check_inplace_shape("masked_fill_", self, mask)
    return fill_masked(self, mask, value)


def fill_masked(
    x: Tensor, mask: Tensor, value: Any, kind: type[MaskedFillInto] = MaskedFillInto
) -> Tensor:
    """Writes a number that x can hold, or a 0-d tensor, where `mask` is true."""
    if isinstance(value, Tensor):
        if value.array.dtype != x.array.dtype or type(value.array) is not type(x.array):
            value = value.to(x.device, x.dtype)
    return kind.apply_inplace(x, value, mask)


def _filling(input: Tensor, mask: Tensor, value: Any) -> Any:
    """The value of a masked fill as a number that the input can hold, or a 0-d tensor."""
    if not _is_bool(mask):
        raise OperationError(
            f"masked_fill_ only supports boolean masks, but got mask with dtype {mask.dtype}"
        )
    if isinstance(value, (int, float, complex)):
        return checked(value, input.array.dtype)
    if not isinstance(value, Tensor):
        value = input.new_tensor(value)
    if value.array.ndim:
        raise OperationError(
            "masked_fill_ only supports a 0-dimensional value tensor, but got tensor with "
            f"{value.array.ndim} dimension(s)."
        )
    check_cast("masked_fill", value.dtype, input)
    return value


def _is_bool(value: Any) -> bool:
    return isinstance(value, Tensor) and category_of(value.array.dtype) == BOOL


class Lerp(SavesInputs):
    """input + weight * (end - input).

    >>> import rushlight as torch
    >>> torch.lerp(torch.tensor([0.0, 10.0]), torch.tensor([10.0, 20.0]), 0.5)
    tensor([ 5., 15.])
    """

    def backward(self, grad: Tensor) -> Any:
        start, end, weight = self.saved_tensors
        return (
            grad * (1 - conjugated(weight)) if self.needs(0) else None,
            grad * conjugated(weight) if self.needs(1) else None,
            grad * conjugated(end - start) if self.needs(2) else None,
        )


@operation(inplace=True, out="cast")
def lerp(input: Tensor, end: Tensor, weight: Any) -> Tensor:
    """`input + weight * (end - input)`: `end` itself for a weight of 1.

    >>> import rushlight as torch
    >>> torch.lerp(torch.tensor([0.0, 10.0]), torch.tensor([10.0, 20.0]), 0.5)
    tensor([ 5., 15.])
    """
    if input.array.dtype != end.array.dtype:
        raise OperationError(f"expected dtype {input.dtype} for `end` but got dtype {end.dtype}")
    return Lerp.finish(input, end, number(weight))
