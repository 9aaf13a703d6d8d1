"""Losses of numbers and distributions that an output should come near to."""

from __future__ import annotations

import math
import warnings
from typing import Any

from ..autograd.operation import SavesInputs
from ..categories import FLOATS, NUMBERS, check_taken
from ..dtype import FLOATING
from ..errors import InvalidValueError, OperationError
from ..scalars import number
from ..tensor import Tensor
from .choices import clamp, where
from .common import check
from .declare import operation
from .loss import check_same_shape, l1_loss, reduced, reduction_of, weighted
from .powers import exp, log
from .promotion import of_one_dtype


class Huber(SavesInputs):
    """x^2 / 2 within delta of 0, the line that goes on from there beyond it."""

    delta: float

    def backward(self, grad: Tensor) -> Tensor:
        return grad * clamp(self.saved_tensors[0], -self.delta, self.delta)


def _huber(name: str, input: Tensor, target: Tensor, delta: float) -> Tensor:
    check_same_shape(name, input, target)
    check_taken(name, input, NUMBERS)
    difference = input - target
    check_taken(name, difference, FLOATS)
    return Huber.apply(difference, number(delta))


@operation("nn.functional", autocast="float32")
def huber_loss(
    input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0,
    weight: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """d^2 / 2 where |d| <= `delta`, else delta (|d| - delta / 2), for d = input - target.

    With `weight` each loss is multiplied by its own (Huber 1964).

    >>> import rushlight as torch
    >>> torch.nn.functional.huber_loss(torch.tensor([1.0, 3.0]), torch.zeros(2), reduction="none")
    tensor([0.5000, 2.5000])
    """
    if not isinstance(delta, (int, float)):
        raise TypeError(
            f"huber_loss(): argument 'delta' (position 4) must be float, not {type(delta).__name__}"
        )
    if delta <= 0:
        raise OperationError(
            f"huber_loss does not support non-positive values for delta, got {delta}"
        )
    losses = weighted(_huber("huber_loss", input, target, delta), weight, input)
    return reduced(losses, reduction_of(reduction), "HuberLoss")


@operation("nn.functional", autocast="float32")
def smooth_l1_loss(
    input: Tensor, target: Tensor, size_average: Any = None, reduce: Any = None,
    reduction: str = "mean", beta: float = 1.0,
) -> Tensor:  # fmt: skip
    """d^2 / (2 beta) where |d| < `beta`, else |d| - beta / 2, for d = input - target.

    >>> import rushlight as torch
    >>> torch.nn.functional.smooth_l1_loss(torch.tensor([3.0]), torch.tensor([0.0]))
    tensor(2.5000)
    """
    if beta < 0:
        raise OperationError(
            f"smooth_l1_loss does not support negative values for beta, got {beta}"
        )
    reduction = reduction_of(reduction, size_average, reduce)
    if beta == 0:
        return l1_loss(input, target, reduction=reduction)
    losses = _huber("smooth_l1_loss", input, target, beta)
    return reduced(losses if beta == 1 else losses / beta, reduction, "SmoothL1Loss")


@operation("nn.functional")
def gaussian_nll_loss(
    input: Tensor, target: Tensor, var: Tensor | float, full: bool = False, eps: float = 1e-6,
    reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """(log(var) + (input - target)^2 / var) / 2, `var` being at least `eps`.

    `full` adds log(2 pi) / 2. The variance may lack the last dimension, or have 1 for one.

    >>> import rushlight as torch
    >>> x, target, var = torch.tensor([1.0]), torch.tensor([3.0]), torch.tensor([1.0])
    >>> torch.nn.functional.gaussian_nll_loss(x, target, var)  # (0 + 4) / 2
    tensor(2.)
    """
    if isinstance(var, float):
        var = input.new_ones(input.array.shape) * var
    check_taken("gaussian_nll_loss", var, FLOATS)
    check(~(var < 0), ValueError, "gaussian_nll_loss: var has negative entry/entries")
    shape, given = input.array.shape, var.array.shape
    if given != shape:
        if given == shape[:-1]:
            var = var.unsqueeze(-1)
        elif len(given) != len(shape) or [
            g for s, g in zip(shape, given, strict=True) if s != g
        ] != [1]:
            raise InvalidValueError(
                f"gaussian_nll_loss: var is of incorrect size {given} for an input of {shape}"
            )
    reduction = reduction_of(reduction)
    # The limit moves the variance without cutting its gradient.
    var = where(var.detach() < eps, var - var.detach() + eps, var)
    difference = input - target
    losses = 0.5 * (log(var) + difference * difference / var)
    return reduced(losses + 0.5 * math.log(2 * math.pi) if full else losses, reduction)


@operation("nn.functional", autocast="float32")
def poisson_nll_loss(
    input: Tensor, target: Tensor, log_input: bool = True, full: bool = False,
    size_average: Any = None, eps: float = 1e-8, reduce: Any = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """exp(x) - t x; without `log_input` x - t log(x + `eps`).

    `full` adds Stirling's log(t!) = t log(t) - t + log(2 pi t) / 2 for targets t above 1.

    >>> import rushlight as torch
    >>> torch.nn.functional.poisson_nll_loss(torch.tensor([0.0]), torch.tensor([2.0]))
    tensor(1.)
    """
    reduction = reduction_of(reduction, size_average, reduce)
    losses = exp(input) - target * input if log_input else input - target * log(input + eps)
    if full:
        large = where(target > 1, target, 1.0)
        stirling = large * log(large) - large + 0.5 * log(2 * math.pi * large)
        losses = losses + where(target > 1, stirling, 0.0)
    return reduced(losses, reduction)


@operation("nn.functional", autocast="float32")
def kl_div(
    input: Tensor, target: Tensor, size_average: Any = None, reduce: Any = None,
    reduction: str = "mean", log_target: bool = False,
) -> Tensor:  # fmt: skip
    """target (log(target) - input), for `input` of log probabilities (Kullback, Leibler 1951).

    With `log_target` the target is the logarithm too. "batchmean" divides the sum by the first
    dimension, which is the divergence; "mean" by all elements.

    >>> import rushlight as torch
    >>> x, target = torch.tensor([[0.25, 0.75]]).log(), torch.tensor([[0.5, 0.5]])
    >>> torch.nn.functional.kl_div(x, target, reduction="batchmean")  # (log(2) + log(2 / 3)) / 2
    tensor(0.1438)
    """
    if size_average is None and reduce is None and reduction == "mean":
        warnings.warn(
            "reduction: 'mean' divides the total loss by both the batch size and the support size."
            "'batchmean' divides only by the batch size, and aligns with the KL div math "
            "definition.'mean' will be changed to behave the same as 'batchmean' in the next major "
            "release.",
            stacklevel=3,
        )
    by_batch = reduction == "batchmean" and size_average is None and reduce is None
    reduction = "sum" if by_batch else reduction_of(reduction, size_average, reduce)
    total = divergence(input, target, reduction, log_target)
    return total / input.array.shape[0] if by_batch and input.array.ndim else total


def divergence(input: Tensor, target: Tensor, reduction: str, log_target: bool) -> Tensor:
    if input.dtype.category < FLOATING or target.dtype.category < FLOATING:
        raise OperationError(
            f"kl_div: Integral inputs not supported, got {input.dtype} and {target.dtype}; convert "
            "with .float()"
        )
    x, t = of_one_dtype(input, target)
    check_taken("kl_div", x, FLOATS)
    if log_target:
        losses = exp(t) * (t - x)
    else:
        losses = where(t == 0, 0.0, t * log(where(t == 0, 1.0, t))) - t * x
    return reduced(losses, reduction)
