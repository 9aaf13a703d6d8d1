"""Activation functions."""

from __future__ import annotations

import math
from typing import Any

from ..autograd.operation import SavesInputs, SavesOutput
from ..scalars import checked, number
from ..tensor import Tensor
from .choices import where
from .common import conjugated
from .curves import Curve, FlatGradient
from .declare import Unary, operation
from .powers import exp
from .special import erfc


class Relu(SavesOutput, Unary):
    """max(x, 0), elementwise.

    >>> import rushlight as torch
    >>> torch.relu(torch.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """

    def backward(self, grad: Tensor) -> Tensor:
        return ReluGradient.apply(grad, self.saved_tensors[0].alias())


class ReluGradient(FlatGradient):
    """0 where y <= 0, else grad: nan keeps it; linear in grad, flat in y."""

    kernel = "relu_backward"


class Tanh(SavesOutput, Unary):
    """The hyperbolic tangent.

    >>> import rushlight as torch
    >>> torch.tanh(torch.tensor([0.0, 1.0]))
    tensor([0.0000, 0.7616])
    """

    def backward(self, grad: Tensor) -> Tensor:
        return TanhGradient.apply(grad, conjugated(self.saved_tensors[0]))


class TanhGradient(SavesInputs):
    """grad * (1 - y * y)."""

    kernel = "tanh_backward"

    def backward(self, grad: Tensor) -> Any:
        first, y = self.saved_tensors
        return TanhGradient.apply(grad, conjugated(y)), -2 * grad * conjugated(first * y)


class Sigmoid(SavesOutput, Unary):
    """1 / (1 + exp(-x)).

    >>> import rushlight as torch
    >>> torch.sigmoid(torch.tensor([0.0, 1.0]))
    tensor([0.5000, 0.7311])
    """

    def backward(self, grad: Tensor) -> Tensor:
        return SigmoidGradient.apply(grad, conjugated(self.saved_tensors[0]))


class SigmoidGradient(SavesInputs):
    """grad * y * (1 - y)."""

    kernel = "sigmoid_backward"

    def backward(self, grad: Tensor) -> Any:
        first, y = self.saved_tensors
        return SigmoidGradient.apply(grad, conjugated(y)), grad * conjugated(first * (1 - 2 * y))


_relu = Relu.define()
tanh = Tanh.define("nn.functional.tanh")
sigmoid = Sigmoid.define("nn.functional.sigmoid", "special.expit")


@operation("nn.functional")
def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """max(x, 0), elementwise.

    >>> import rushlight as torch
    >>> torch.nn.functional.relu(torch.tensor([-1.0, 0.0, 2.0]))
    tensor([0., 0., 2.])
    """
    return input.relu_() if inplace else _relu(input)


# ---- functions of the input alone, whose gradients have kernels of their own: see `curves.py`


class Silu(Curve, Unary):
    """x * sigmoid(x)."""

    def slope(self, x: Tensor) -> Tensor:
        s = sigmoid(x)
        return s * (1 + x * (1 - s))


class Gelu(Curve, Unary):
    """x times the probability that a normal variable is below x."""

    def slope(self, x: Tensor) -> Tensor:
        return 0.5 * erfc(x * -(0.5**0.5)) + x * exp(-0.5 * x * x) * (2 * math.pi) ** -0.5


class GeluTanh(Curve, Unary):
    """`Gelu` approximated by a hyperbolic tangent."""

    node_name = "GeluBackward0"

    def slope(self, x: Tensor) -> Tensor:
        factor = 2 * (2 / math.pi) ** 0.5
        s = sigmoid(factor * (x + 0.044715 * x * x * x))
        return s + x * s * (1 - s) * (factor * (1 + 3 * 0.044715 * x * x))


class Logsigmoid(Curve, Unary):
    """log(sigmoid(x)), elementwise.

    >>> import rushlight as torch
    >>> torch.nn.functional.logsigmoid(torch.tensor([-100.0, 0.0]))  # log(0.5) is -0.6931
    tensor([-100.0000,   -0.6931])
    """

    node_name = "LogSigmoidBackward0"

    def slope(self, x: Tensor) -> Tensor:
        return sigmoid(-x)


class Mish(Curve, Unary):
    """x * tanh(softplus(x))."""

    def slope(self, x: Tensor) -> Tensor:
        gate = tanh(Softplus.apply(x, 1, 20))
        return gate + x * sigmoid(x) * (1 - gate * gate)


class Hardsigmoid(Curve, Unary):
    """x / 6 + 1 / 2, at least 0 and at most 1."""


class Hardswish(Curve, Unary):
    """x * hardsigmoid(x)."""

    def slope(self, x: Tensor) -> Tensor:
        return where(x <= -3, 0.0, where(x < 3, x / 3 + 0.5, 1.0))


class Softplus(Curve):
    """log(1 + exp(beta x)) / beta, and x itself where beta x is above a threshold."""

    beta: float
    threshold: float

    def slope(self, x: Tensor) -> Tensor:
        return where(x * self.beta > self.threshold, 1.0, sigmoid(x * self.beta))


class Elu(Curve):
    """x where x > 0, alpha * (exp(x) - 1) elsewhere."""

    alpha: float

    def slope(self, x: Tensor) -> Tensor:
        return where(x > 0, 1.0, self.alpha * exp(where(x > 0, 0.0, x)))


class LeakyRelu(Curve):
    """x where x > 0, a fraction of x elsewhere."""

    slope_below: float


class LeakyReluInPlace(SavesOutput):
    """The same written over x."""

    kernel = "leaky_relu"
    node_name = "LeakyReluBackward1"
    slope_below: float

    def backward(self, grad: Tensor) -> Tensor:
        return LeakyRelu.gradient.apply(grad, self.saved_tensors[0], self.slope_below)


class Threshold(SavesInputs):
    """x where it is above a threshold, a value elsewhere."""

    limit: float
    value: float

    def backward(self, grad: Tensor) -> Tensor:
        return ThresholdGradient.apply(grad, self.saved_tensors[0], self.limit)


class ThresholdGradient(FlatGradient):
    kernel = "threshold_backward"
    limit: float


_gelu, _gelu_tanh = (
    Gelu.define(inplace=False, place=""), GeluTanh.define(inplace=False, place="")
)  # fmt: skip
logsigmoid = Logsigmoid.define(inplace=False, place="nn.functional", out="exact")


def activated(operation: Any, input: Tensor, inplace: bool, *parameters: Any) -> Tensor:
    """The operation's result, written over its input or not."""
    return (operation.apply_inplace if inplace else operation.apply)(input, *parameters)


@operation("nn.functional")
def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """x * sigmoid(x), elementwise (Elfwing et al. 2017; also called swish).

    >>> import rushlight as torch
    >>> torch.nn.functional.silu(torch.tensor([-1.0, 0.0, 1.0]))  # sigmoid(1) is 0.7311
    tensor([-0.2689,  0.0000,  0.7311])
    """
    return activated(Silu, input, inplace)


@operation("nn.functional", out="exact")
def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    """x * P(N <= x) for a normal variable N, elementwise (Hendrycks, Gimpel 2016).

    `approximate="tanh"` is 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))).

    >>> import rushlight as torch
    >>> torch.nn.functional.gelu(torch.tensor([-1.0, 0.0, 1.0]))
    tensor([-0.1587,  0.0000,  0.8413])
    """
    if approximate not in ("none", "tanh"):
        raise RuntimeError("approximate argument must be either none or tanh.")
    return _gelu(input) if approximate == "none" else _gelu_tanh(input)


@operation("nn.functional")
def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """x * tanh(softplus(x)), elementwise (Misra 2019).

    >>> import rushlight as torch
    >>> torch.nn.functional.mish(torch.tensor([-1.0, 0.0, 10.0]))
    tensor([-0.3034,  0.0000, 10.0000])
    """
    return activated(Mish, input, inplace)


@operation("nn.functional")
def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """x / 6 + 1 / 2, at least 0 and at most 1, elementwise.

    >>> import rushlight as torch
    >>> torch.nn.functional.hardsigmoid(torch.tensor([-4.0, 0.0, 1.5, 4.0]))
    tensor([0.0000, 0.5000, 0.7500, 1.0000])
    """
    return activated(Hardsigmoid, input, inplace)


@operation("nn.functional")
def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """x * hardsigmoid(x), elementwise (Howard et al. 2019).

    >>> import rushlight as torch
    >>> torch.nn.functional.hardswish(torch.tensor([-1.0, 0.0, 1.5, 4.0]))
    tensor([-0.3333,  0.0000,  1.1250,  4.0000])
    """
    return activated(Hardswish, input, inplace)


@operation("nn.functional", out="exact")
def softplus(input: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """log(1 + exp(beta x)) / beta, elementwise; x itself where beta x > `threshold`.

    >>> import rushlight as torch
    >>> torch.nn.functional.softplus(torch.tensor([0.0, 1.0, 30.0]))  # log(2) is 0.6931
    tensor([ 0.6931,  1.3133, 30.0000])
    """
    return Softplus.apply(input, number(beta), number(threshold))


@operation("nn.functional")
def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x where x > 0, alpha * (exp(x) - 1) elsewhere (Clevert et al. 2015).

    >>> import rushlight as torch
    >>> torch.nn.functional.elu(torch.tensor([-100.0, 0.0, 2.0]), alpha=0.5)
    tensor([-0.5000,  0.0000,  2.0000])
    """
    return activated(Elu, input, inplace, number(alpha))


@operation("nn.functional", "torch.threshold")
def threshold(
    input: Tensor, threshold: float, value: float, inplace: bool = False, *,
    out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """x where x > `threshold`, `value` elsewhere.

    >>> import rushlight as torch
    >>> torch.nn.functional.threshold(torch.tensor([1.0, 2.0, 3.0]), 2.0, -1.0)
    tensor([-1., -1.,  3.])
    """
    threshold, value = (checked(number(v), input.array.dtype) for v in (threshold, value))
    return activated(Threshold, input, inplace, threshold, value)


@operation("nn.functional")
def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """x where x > 0, `negative_slope * x` elsewhere.

    >>> import rushlight as torch
    >>> torch.nn.functional.leaky_relu(torch.tensor([-2.0, 0.0, 2.0]), negative_slope=0.25)
    tensor([-0.5000,  0.0000,  2.0000])
    """
    # As long as signs stay, the backward does with the result, and no copy is kept of x.
    operation = LeakyReluInPlace if inplace and negative_slope >= 0 else LeakyRelu
    return activated(operation, input, inplace, number(negative_slope))
