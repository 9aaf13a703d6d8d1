"""The in-place forms of elementwise operations, and the operators of Python's syntax."""

from __future__ import annotations

from typing import Any

from ..autograd.inplace import check_memory
from ..autograd.mirror import written
from ..autograd.operation import Operation
from ..dtype import FLOATING
from ..errors import OperationError
from ..grad_mode import state
from ..kernels.launch import kernels as kernel_tables
from ..kernels.launch import watchers
from ..scalars import checked
from ..tensor import Tensor
from ..types import Number
from . import comparison, elementwise, matmul, powers
from .common import methods
from .creation import zeros_like
from .declare import operation
from .from_data import tensor
from .index import copy_beside
from .promotion import check_inplace_shape, is_operand, is_plain_change, table_of
from .templates import symbol


class Fill(Operation):
    """Overwrites x with a number or a 0-d tensor."""

    writes_one_value = True

    @staticmethod
    def forward(kernels: Any, x: Any, value: Any, out: Any = None) -> Any:
        return kernels.fill(x, value)

    def backward(self, grad: Tensor) -> Any:
        return zeros_like(grad), grad


Zero = Fill.renamed("Zero")


class CopyInto(Operation):
    """Overwrites x with another tensor, broadcast and converted."""

    operation_name = "copy_"
    kernel = "copy"
    node_name = "CopyBackwards"

    @staticmethod
    def forward(kernels: Any, x: Any, source: Any, out: Any = None) -> Any:
        return kernels.copy(x, source)

    def backward(self, grad: Tensor) -> Any:
        return zeros_like(grad), grad


@operation("Tensor")
def fill_diagonal_(input: Tensor, fill_value: Number, wrap: bool = False) -> Tensor:
    """Overwrites the main diagonal, where all indices are equal, with a number.

    With `wrap` the diagonal of a matrix that is taller than wide begins anew below its end, with a
    row between. Of more than two dimensions all must be of one size.

    >>> import rushlight as torch
    >>> torch.zeros(2, 2).fill_diagonal_(3.0)
    tensor([[3., 0.],
            [0., 3.]])
    """
    shape = input.array.shape
    if len(shape) < 2:
        raise OperationError(
            f"fill_diagonal_: dimensions must larger than 1, got shape {tuple(shape)}"
        )
    if len(shape) > 2 and len(set(shape)) > 1:
        raise OperationError(
            f"fill_diagonal_: all dimensions of input must be of equal length, got {tuple(shape)}"
        )
    starts = range(0, shape[0], shape[1] + 1) if wrap and len(shape) == 2 else range(1)
    for start in starts:
        part = input[start:]
        for _ in shape[1:]:
            part = part.diagonal()
        fill_(part, fill_value)
    return input


@operation("Tensor")
def fill_(input: Tensor, value: Any) -> Tensor:
    """Every element becomes `value`, a number or a 0-d tensor.

    >>> import rushlight as torch
    >>> torch.zeros(3).fill_(2)
    tensor([2., 2., 2.])
    """
    if isinstance(value, Tensor) and value.array.ndim:
        raise OperationError(
            "fill_ only supports 0-dimension value tensor but got tensor with "
            f"{value.array.ndim} dimensions."
        )
    if isinstance(value, Tensor):
        check_memory(input)
    else:
        value = checked(value, input.array.dtype)
    return Fill.apply_inplace(input, value)


@operation("Tensor")
def zero_(input: Tensor) -> Tensor:
    """Every element becomes 0.

    >>> import rushlight as torch
    >>> torch.ones(3).zero_()
    tensor([0., 0., 0.])
    """
    array = input.array
    wants = input._requires_grad
    if (wants is False or wants and not state.enabled) and input._view is None and not watchers:
        # Little is to be asked of a plain tensor, and gradients are zeroed by the hundred.
        if 0 not in array.strides:
            kernel_tables[type(array)].fill(array, 0)
            written(input)
            return input
    return Zero.apply_inplace(input, 0)


@operation("Tensor")
def copy_(self: Tensor, other: Any, non_blocking: bool = False) -> Tensor:
    """The values of `other`, broadcast and converted to this tensor's dtype and device.

    >>> import rushlight as torch
    >>> torch.zeros(2, 2).copy_(torch.tensor([1, 2]))
    tensor([[1., 2.],
            [1., 2.]])
    """
    if is_plain_change(self, other):
        table_of(self).copy(self.array, other.array)
        written(self)
        return self
    if not isinstance(other, Tensor):
        if not is_operand(other):
            raise TypeError(
                f"copy_(): argument 'other' (position 1) must be Tensor, not {type(other).__name__}"
            )
        other = tensor(other, device=self.device)
    if type(other.array) is not type(self.array):
        other = other.to(self.device)
    check_inplace_shape("copy_", self, other)
    if self.dtype.category < FLOATING:
        other = other.detach()  # whole numbers have no gradient
    return CopyInto.apply_inplace(self, other)


def _invert(self: Tensor) -> Tensor:
    if self.dtype.category >= FLOATING:
        raise TypeError(
            "~ (operator.invert) is only implemented on integer and Boolean-type tensors, not on "
            f"{self.dtype}"
        )
    return comparison.bitwise_not(self)


@operation(method=False)
def fill(input: Tensor, value: Any) -> Tensor:
    """A tensor of input's shape and dtype with `value`, a number or a 0-d tensor, everywhere.

    >>> import rushlight as torch
    >>> torch.fill(torch.zeros(3), 2)
    tensor([2., 2., 2.])
    """
    beside = (value,) if isinstance(value, Tensor) else ()
    return fill_(copy_beside(input, *beside), value)


def _reciprocal_times(self: Tensor, other: Any) -> Tensor:
    """What PyTorch keeps of Python 2's division from the right."""
    return self.reciprocal() * other


methods(
    __pow__=symbol(powers.pow, "__pow__"),
    __rpow__=symbol(powers.pow, "__rpow__"),
    __ipow__=Tensor.pow_,
    __matmul__=symbol(matmul.matmul, "__matmul__"),
    __rmatmul__=symbol(matmul.matmul, "__rmatmul__"),
    __rdiv__=_reciprocal_times, __pos__=elementwise.positive,
    __neg__=elementwise.neg, __abs__=elementwise.abs, __invert__=_invert,
)  # fmt: skip
