"""The in-place forms of elementwise operations, and the operators of Python's syntax."""

from __future__ import annotations

from typing import Any

from ..autograd.mirror import written
from ..autograd.operation import Operation
from ..dtype import FLOATING
from ..errors import OperationError
from ..scalars import checked
from ..tensor import Tensor
from . import comparison, elementwise, matmul
from .common import methods
from .creation import zeros_like
from .declare import operation
from .promotion import check_inplace_shape, is_operand, is_plain_change, table_of
from .templates import symbol


class Fill(Operation):
    """Overwrites x with a number or a 0-d tensor."""

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
def fill_(input: Tensor, value: Any) -> Tensor:
    """Every element becomes `value`, a number or a 0-d tensor."""
    if isinstance(value, Tensor) and value.array.ndim:
        raise OperationError(
            "fill_ only supports 0-dimension value tensor but got tensor with "
            f"{value.array.ndim} dimensions."
        )
    if not isinstance(value, Tensor):
        value = checked(value, input.array.dtype)
    return Fill.apply_inplace(input, value)


@operation("Tensor")
def zero_(input: Tensor) -> Tensor:
    """Every element becomes 0."""
    return Zero.apply_inplace(input, 0)


@operation("Tensor")
def copy_(self: Tensor, source: Any, non_blocking: bool = False) -> Tensor:
    """The values of `source`, broadcast and converted to this tensor's dtype and device."""
    if is_plain_change(self, source):
        table_of(self).copy(self.array, source.array)
        written(self)
        return self
    if not isinstance(source, Tensor):
        if not is_operand(source):
            raise TypeError(
                f"copy_(): argument 'other' (position 1) must be Tensor, not "
                f"{type(source).__name__}"
            )
        source = self.new_tensor(source)
    if type(source.array) is not type(self.array):
        source = source.to(self.device)
    check_inplace_shape("copy_", self, source)
    if self.dtype.category < FLOATING:
        source = source.detach()  # whole numbers have no gradient
    return CopyInto.apply_inplace(self, source)


def _invert(self: Tensor) -> Tensor:
    if self.dtype.category >= FLOATING:
        raise TypeError(
            "~ (operator.invert) is only implemented on integer and Boolean-type tensors, not on "
            f"{self.dtype}"
        )
    return comparison.bitwise_not(self)


@operation(method=False)
def fill(input: Tensor, value: Any) -> Tensor:
    """A tensor of input's shape and dtype with `value`, a number or a 0-d tensor, everywhere."""
    return fill_(input.clone(), value)


def _reciprocal_times(self: Tensor, other: Any) -> Tensor:
    """What PyTorch keeps of Python 2's division from the right."""
    return self.reciprocal() * other


methods(
    __pow__=symbol(elementwise.pow, "__pow__"),
    __rpow__=symbol(elementwise.pow, "__rpow__"),
    __ipow__=Tensor.pow_,
    __matmul__=symbol(matmul.matmul, "__matmul__"),
    __rmatmul__=symbol(matmul.matmul, "__rmatmul__"),
    __rdiv__=_reciprocal_times, __pos__=elementwise.positive,
    __neg__=elementwise.neg, __abs__=elementwise.abs, __invert__=_invert,
)  # fmt: skip
