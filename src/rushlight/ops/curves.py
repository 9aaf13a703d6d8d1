"""Functions of x alone, elementwise, whose gradients have kernels of their own."""

from __future__ import annotations

from typing import Any

from ..autograd.operation import Operation, SavesInputs
from ..tensor import Tensor
from .common import gradients_by_formula


class FlatGradient(Operation):
    """grad times what is the same on either side of a step: linear in grad, flat in x."""

    saves = (1,)

    def backward(self, grad: Tensor) -> Any:
        return type(self).apply(grad, self.saved_tensors[0], *self.given()), None


class Gradient(SavesInputs):
    """grad * slope(x): linear in grad, with `slope` for its own derivative."""

    slope: Any = None

    def backward(self, grad: Tensor) -> Any:
        first, x = self.saved_tensors
        grad_x = None
        if self.needs(1):
            (grad_x,) = gradients_by_formula(lambda x: (self.slope(x),), (x,), (grad * first,))
        return type(self).apply(grad, x, *self.given()), grad_x


class Curve(SavesInputs):
    """A function of x and numbers; the kernel of its gradient is named after its own.

    A class has for its `slope` the derivative, in operations that can be differentiated again; the
    derivative of one that has none is flat. The operation `gradient` is made with the class: that
    of `Silu` calls the kernel `silu_backward` with the gradient, x and the numbers.
    """

    slope: Any = None
    gradient: Any = None

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        own = {
            "operation_name": f"{cls.kernel}_backward",
            "node_name": cls.__name__.replace("Backward0", "BackwardBackward0"),
            "__annotations__": dict.fromkeys(cls.parameters, Any),
            "slope": cls.slope,
        }
        if cls.gradient is None:
            cls.gradient = type("Gradient", (Gradient if cls.slope else FlatGradient,), own)

    def setup_context(self, inputs: tuple[Any, ...], output: Any) -> None:
        self.save(inputs[0])
        self.numbers = inputs[1:]  # by `given` they take a fifth of the backward's time

    def backward(self, grad: Tensor) -> Tensor:
        return self.gradient.apply(grad, self.saved_tensors[0], *self.numbers)
