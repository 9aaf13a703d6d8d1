"""Rectifiers, shrinkers and gates: activations that are straight lines or built of other ones."""

from __future__ import annotations

from typing import Any

from ..autograd.operation import Operation, SavesInputs
from ..categories import FLOATS, NUMBERS, ORDERED, check_taken, refused
from ..dtype import BOOL, COMPLEX, FLOATING, category_of
from ..errors import InvalidValueError, OperationError
from ..random import Generator
from ..scalars import number
from ..tensor import Tensor, wrap, wrap_dim
from .activation import (
    activated,
    elu,
    leaky_relu,
    relu,
    sigmoid,
    tanh,
    threshold,
)
from .choices import where
from .curves import Curve, FlatGradient
from .declare import operation
from .index import Slice
from .powers import exp
from .promotion import table_of
from .random import default_state, drawing


class HardtanhGradient(FlatGradient):
    """grad between the limits, 0 at them and beyond."""

    kernel = "hardtanh_backward"
    low: Any
    high: Any


class Hardtanh(Curve):
    """Elements below the lower limit and above the upper one moved there."""

    kernel = "clamp"
    gradient = HardtanhGradient
    low: Any
    high: Any


class Celu(Curve):
    """x where x > 0, alpha * (exp(x / alpha) - 1) elsewhere."""

    alpha: float

    def slope(self, x: Tensor) -> Tensor:
        return where(x > 0, 1.0, exp(where(x > 0, 0.0, x) / self.alpha))


class Selu(Curve):
    """scale * elu(x, alpha), both so that normal values stay normal."""

    node_name = "EluBackward0"

    def slope(self, x: Tensor) -> Tensor:
        below = SELU_SCALE * SELU_ALPHA * exp(where(x > 0, 0.0, x))
        return where(x > 0, SELU_SCALE, below)


SELU_ALPHA, SELU_SCALE = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946


class Prelu(SavesInputs):
    """x where x > 0, weight * x elsewhere."""

    node_name = "PreluKernelBackward0"

    def backward(self, grad: Tensor) -> Any:
        x, weight = self.saved_tensors
        return (
            where(x > 0, grad, grad * weight),
            where(x > 0, 0.0, grad * x) if self.needs(1) else None,
        )


class ShrinkGradient(FlatGradient):
    """0 within lambd of 0, grad elsewhere."""

    kernel = "shrink_backward"
    lambd: float


class Softshrink(Curve):
    """x moved towards 0 by lambd, and 0 where it would pass it."""

    gradient = ShrinkGradient
    lambd: float


class Hardshrink(Curve):
    """0 within lambd of 0, x elsewhere."""

    gradient = ShrinkGradient
    lambd: float


class RreluWithNoise(Operation):
    """x times a slope for each element, 1 where x > 0."""

    kernel = "mul"
    saves = (1,)

    def backward(self, grad: Tensor) -> Any:
        return RreluWithNoise.apply(grad, self.saved_tensors[0])


@operation("nn.functional")
def hardtanh(
    input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False
) -> Tensor:
    """x limited to [`min_val`, `max_val`], elementwise.

    >>> import rushlight as torch
    >>> torch.nn.functional.hardtanh(torch.tensor([-2.0, 0.5, 2.0]))
    tensor([-1.0000,  0.5000,  1.0000])
    """
    if min_val > max_val:
        raise InvalidValueError(
            f"hardtanh: min_val cannot be greater than max_val, got {min_val} and {max_val}"
        )
    low, high = number(min_val), number(max_val)
    kind = input.dtype
    if kind.category == COMPLEX:
        raise refused("hardtanh", kind, ORDERED)
    if kind.category < FLOATING:
        if category_of(input.array.dtype) == BOOL:
            raise OperationError("Bool inputs not supported for hardtanh; convert with .float()")
        low, high = int(low), int(high)
        if input.array.dtype.kind == "u" and low < 0:
            raise OperationError(
                f"cannot do hardtanh on an unsigned type ({kind}) with negative limits ({low})"
            )
    return activated(Hardtanh, input, inplace, low, high)


@operation("nn.functional")
def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """min(max(x, 0), 6), elementwise.

    >>> import rushlight as torch
    >>> torch.nn.functional.relu6(torch.tensor([-1.0, 3.0, 9.0]))
    tensor([0., 3., 6.])
    """
    return hardtanh(input, 0.0, 6.0, inplace)


@operation("torch", "nn.functional.celu", method=False)
def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x where x > 0, alpha * (exp(x / alpha) - 1) elsewhere (Barron 2017).

    >>> import rushlight as torch
    >>> torch.celu(torch.tensor([-100.0, 0.0, 2.0]), alpha=0.5)
    tensor([-0.5000,  0.0000,  2.0000])
    """
    if alpha == 0:
        raise OperationError("ZeroDivisionError: alpha cannot be 0 for CELU")
    return activated(Celu, input, inplace, number(alpha))


@operation("torch", "nn.functional.selu", method=False)
def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """1.0507 * elu(x, alpha=1.6733): normal values stay normal (Klambauer et al. 2017).

    >>> import rushlight as torch
    >>> torch.selu(torch.tensor([-100.0, 0.0, 1.0]))
    tensor([-1.7581,  0.0000,  1.0507])
    """
    return activated(Selu, input, inplace)


@operation("torch", "nn.functional.prelu", autocast="lower")
def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """x where x > 0, weight * x elsewhere, one weight for all or one per channel (dimension 1).

    >>> import rushlight as torch
    >>> torch.prelu(torch.tensor([[-1.0, -1.0]]), torch.tensor([0.5, 0.25]))
    tensor([[-0.5000, -0.2500]])
    """
    x, slopes = input.array, weight.array
    if x.dtype != slopes.dtype:
        raise OperationError(
            f"prelu: Type promoting not supported. Got {input.dtype} and {weight.dtype}; convert "
            "one with .to()"
        )
    if slopes.ndim > 1:
        raise OperationError(
            f"prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = {slopes.ndim}"
        )
    if slopes.size == 1:
        return Prelu.apply(input, weight.reshape(()) if slopes.ndim else weight)
    if x.ndim == 0:
        raise OperationError(f"prelu: Not allow zero-dim input tensor with {slopes.size} weights.")
    channels = x.shape[1] if x.ndim > 1 else 1
    if slopes.size != channels:
        raise OperationError(
            "prelu: Mismatch of parameter numbers and input channel size. Found parameter numbers "
            f"= {slopes.size} and channel size = {channels}."
        )
    return Prelu.apply(input, weight.reshape((-1,) + (1,) * (x.ndim - 2)))


@operation("torch", "nn.functional.rrelu", method=False)
def rrelu(
    input: Tensor, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False,
    inplace: bool = False, *, generator: Generator | None = None,
) -> Tensor:  # fmt: skip
    """x where x > 0, a * x elsewhere (Xu et al. 2015).

    In `training` each a is drawn uniformly from [`lower`, `upper`); else it is their mean.

    >>> import rushlight as torch
    >>> torch.rrelu(torch.tensor([-8.0, 1.0]), lower=0.25, upper=0.75)
    tensor([-4.,  1.])
    """
    if lower > upper:
        raise OperationError(
            f"rrelu: Lower bound should be less than or equal to the upper bound, got {lower} and "
            f"{upper}"
        )
    if not training:
        return leaky_relu(input, (lower + upper) / 2, inplace)
    state = default_state(input.array) if generator is None else generator.state
    table = drawing(table_of(input))
    slopes = table.random_slopes(state, input.array, number(lower), number(upper))
    return activated(RreluWithNoise, input, inplace, wrap(slopes))


@operation("nn.functional", out="exact")
def softshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """x - `lambd` above `lambd`, x + `lambd` below -`lambd`, 0 between.

    >>> import rushlight as torch
    >>> torch.nn.functional.softshrink(torch.tensor([-2.0, 0.25, 2.0]))
    tensor([-1.5000,  0.0000,  1.5000])
    """
    if lambd < 0:
        raise OperationError(
            f"softshrink: lambda must be greater or equal to 0, but found to be {lambd}."
        )
    return Softshrink.apply(input, number(lambd))


@operation("torch", "nn.functional.hardshrink", out="exact")
def hardshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """x where |x| > `lambd`, 0 elsewhere.

    >>> import rushlight as torch
    >>> torch.hardshrink(torch.tensor([-2.0, 0.25, 2.0]))
    tensor([-2.,  0.,  2.])
    """
    return Hardshrink.apply(input, number(lambd))


@operation("nn.functional")
def tanhshrink(input: Tensor) -> Tensor:
    """x - tanh(x), elementwise.

    >>> import rushlight as torch
    >>> torch.nn.functional.tanhshrink(torch.tensor([0.0, 1.0]))  # tanh(1) is 0.7616
    tensor([0.0000, 0.2384])
    """
    return input - tanh(input)


@operation("nn.functional")
def softsign(input: Tensor) -> Tensor:
    """x / (1 + |x|), elementwise.

    >>> import rushlight as torch
    >>> torch.nn.functional.softsign(torch.tensor([-3.0, 0.0, 1.0]))
    tensor([-0.7500,  0.0000,  0.5000])
    """
    check_taken("softsign", input, NUMBERS)
    return input / (input.abs() + 1)


@operation("nn.functional", out="cast")
def glu(input: Tensor, dim: int = -1) -> Tensor:
    """a * sigmoid(b), where a and b are the halves of x along `dim` (Dauphin et al. 2016).

    >>> import rushlight as torch
    >>> torch.nn.functional.glu(torch.tensor([3.0, 0.0]))
    tensor([1.5000])
    """
    x = input.array
    if x.ndim == 0:
        raise OperationError("glu does not support scalars because halving size must be even")
    check_taken("glu", input, FLOATS)
    axis = wrap_dim(dim, x.ndim)
    if x.shape[axis] % 2:
        raise OperationError(
            f"glu: Halving dimension must be even, but dimension {axis} is size {x.shape[axis]}"
        )
    half = x.shape[axis] // 2
    before = [slice(None)] * axis
    first = Slice.apply(input, (*before, slice(half)))
    return first * sigmoid(Slice.apply(input, (*before, slice(half, None))))


# ---- the functions of PyTorch's first versions that write over x


@operation("nn.functional", "torch.relu_")
def relu_(input: Tensor) -> Tensor:
    """`relu`, written over x.

    >>> import rushlight as torch
    >>> torch.relu_(torch.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """
    return relu(input, inplace=True)


@operation("nn.functional", "torch.celu_")
def celu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """`celu`, written over x.

    >>> import rushlight as torch
    >>> torch.celu_(torch.tensor([-100.0, 2.0]))
    tensor([-1.,  2.])
    """
    return celu(input, alpha, inplace=True)


@operation("nn.functional", "torch.selu_")
def selu_(input: Tensor) -> Tensor:
    """`selu`, written over x.

    >>> import rushlight as torch
    >>> torch.selu_(torch.tensor([0.0, 1.0]))
    tensor([0.0000, 1.0507])
    """
    return selu(input, inplace=True)


@operation("nn.functional")
def elu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """`elu`, written over x.

    >>> import rushlight as torch
    >>> torch.nn.functional.elu_(torch.tensor([-100.0, 2.0]))
    tensor([-1.,  2.])
    """
    return elu(input, alpha, inplace=True)


@operation("nn.functional")
def hardtanh_(input: Tensor, min_val: float = -1.0, max_val: float = 1.0) -> Tensor:
    """`hardtanh`, written over x.

    >>> import rushlight as torch
    >>> torch.nn.functional.hardtanh_(torch.tensor([-2.0, 0.5]))
    tensor([-1.0000,  0.5000])
    """
    return hardtanh(input, min_val, max_val, inplace=True)


@operation("nn.functional")
def leaky_relu_(input: Tensor, negative_slope: float = 0.01) -> Tensor:
    """`leaky_relu`, written over x.

    >>> import rushlight as torch
    >>> torch.nn.functional.leaky_relu_(torch.tensor([-2.0, 1.0]), 0.25)
    tensor([-0.5000,  1.0000])
    """
    return leaky_relu(input, negative_slope, inplace=True)


@operation("nn.functional", "torch.threshold_")
def threshold_(input: Tensor, threshold: float, value: float) -> Tensor:
    """`threshold`, written over x.

    >>> import rushlight as torch
    >>> torch.threshold_(torch.tensor([1.0, 3.0]), 2.0, -1.0)
    tensor([-1.,  3.])
    """
    return _threshold(input, threshold, value, inplace=True)


_threshold = threshold


@operation("nn.functional", "torch.rrelu_")
def rrelu_(
    input: Tensor, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False, *,
    generator: Generator | None = None,
) -> Tensor:  # fmt: skip
    """`rrelu`, written over x.

    >>> import rushlight as torch
    >>> torch.rrelu_(torch.tensor([-8.0, 1.0]), lower=0.25, upper=0.75)
    tensor([-4.,  1.])
    """
    return rrelu(input, lower, upper, training, inplace=True, generator=generator)
