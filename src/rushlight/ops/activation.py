"""Activation functions."""

from __future__ import annotations

from typing import Any

from ..autograd.operation import Operation, SavesOutput
from ..tensor import Tensor
from .common import as_floating, method
from .elementwise import where


class Relu(SavesOutput):
    @staticmethod
    def forward(kernels: Any, x: Any, out: Any = None) -> Any:
        return kernels.relu(x, out)

    def backward(self, grad: Tensor) -> Any:
        return ReluGradient.apply(grad, self.saved_tensors[0].detach())


class ReluGradient(Operation):
    """grad where y > 0, else 0; linear in grad, flat in y."""

    @staticmethod
    def forward(kernels: Any, grad: Any, y: Any) -> Any:
        return kernels.relu_backward(grad, y)

    def setup_context(self, inputs: Any, output: Any) -> None:
        self.save(inputs[1])

    def backward(self, grad: Tensor) -> Any:
        return ReluGradient.apply(grad, self.saved_tensors[0]), None


class Tanh(SavesOutput):
    @staticmethod
    def forward(kernels: Any, x: Any, out: Any = None) -> Any:
        return kernels.tanh(x, out)

    def backward(self, grad: Tensor) -> Any:
        return TanhGradient.apply(grad, self.saved_tensors[0])


class TanhGradient(Operation):
    """grad * (1 - y * y)."""

    @staticmethod
    def forward(kernels: Any, grad: Any, y: Any) -> Any:
        return kernels.tanh_backward(grad, y)

    def setup_context(self, inputs: Any, output: Any) -> None:
        self.save(*inputs)

    def backward(self, grad: Tensor) -> Any:
        first, y = self.saved_tensors
        return TanhGradient.apply(grad, y), -2 * grad * first * y


class Sigmoid(SavesOutput):
    @staticmethod
    def forward(kernels: Any, x: Any, out: Any = None) -> Any:
        return kernels.sigmoid(x, out)

    def backward(self, grad: Tensor) -> Any:
        return SigmoidGradient.apply(grad, self.saved_tensors[0])


class SigmoidGradient(Operation):
    """grad * y * (1 - y)."""

    @staticmethod
    def forward(kernels: Any, grad: Any, y: Any) -> Any:
        return kernels.sigmoid_backward(grad, y)

    def setup_context(self, inputs: Any, output: Any) -> None:
        self.save(*inputs)

    def backward(self, grad: Tensor) -> Any:
        first, y = self.saved_tensors
        return SigmoidGradient.apply(grad, y), grad * first * (1 - 2 * y)


@method
def relu(input: Tensor) -> Tensor:
    """max(x, 0), elementwise.

    >>> import rushlight as torch
    >>> torch.relu(torch.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """
    return Relu.apply(input)


@method
def tanh(input: Tensor) -> Tensor:
    """The hyperbolic tangent."""
    return Tanh.apply(as_floating(input))


@method
def sigmoid(input: Tensor) -> Tensor:
    """1 / (1 + exp(-x))."""
    return Sigmoid.apply(as_floating(input))


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """x where x > 0, `negative_slope * x` elsewhere."""
    result = where(input > 0, input, input * negative_slope)
    return input.copy_(result) if inplace else result
