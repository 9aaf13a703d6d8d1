"""Activation functions."""

from __future__ import annotations

from typing import Any

from ..autograd.operation import Operation, SavesInputs, SavesOutput
from ..tensor import Tensor
from .common import conjugated
from .declare import Unary, operation
from .elementwise import where


class Relu(SavesOutput, Unary):
    """max(x, 0), elementwise.

    >>> import rushlight as torch
    >>> torch.relu(torch.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """

    def backward(self, grad: Tensor) -> Tensor:
        return ReluGradient.apply(grad, self.saved_tensors[0].detach())


class ReluGradient(Operation):
    """grad where y > 0, else 0; linear in grad, flat in y."""

    kernel = "relu_backward"
    saves = (1,)

    def backward(self, grad: Tensor) -> Any:
        return ReluGradient.apply(grad, self.saved_tensors[0]), None


class Tanh(SavesOutput, Unary):
    """The hyperbolic tangent."""

    def backward(self, grad: Tensor) -> Tensor:
        return TanhGradient.apply(grad, conjugated(self.saved_tensors[0]))


class TanhGradient(SavesInputs):
    """grad * (1 - y * y)."""

    kernel = "tanh_backward"

    def backward(self, grad: Tensor) -> Any:
        first, y = self.saved_tensors
        return TanhGradient.apply(grad, conjugated(y)), -2 * grad * conjugated(first * y)


class Sigmoid(SavesOutput, Unary):
    """1 / (1 + exp(-x))."""

    def backward(self, grad: Tensor) -> Tensor:
        return SigmoidGradient.apply(grad, conjugated(self.saved_tensors[0]))


class SigmoidGradient(SavesInputs):
    """grad * y * (1 - y)."""

    kernel = "sigmoid_backward"

    def backward(self, grad: Tensor) -> Any:
        first, y = self.saved_tensors
        return SigmoidGradient.apply(grad, conjugated(y)), grad * conjugated(first * (1 - 2 * y))


_relu = Relu.define()
tanh, sigmoid = Tanh.define("nn.functional.tanh"), Sigmoid.define("nn.functional.sigmoid")


@operation("nn.functional")
def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """max(x, 0), elementwise."""
    return input.relu_() if inplace else _relu(input)


@operation("nn.functional")
def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """x where x > 0, `negative_slope * x` elsewhere."""
    result = where(input > 0, input, input * negative_slope)
    return input.copy_(result) if inplace else result
