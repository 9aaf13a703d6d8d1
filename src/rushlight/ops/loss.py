"""Losses."""

from __future__ import annotations

import functools
import warnings
from typing import Any

import numpy as np

from ..autograd.operation import Operation, SavesInputs
from ..categories import FLOATS, NUMBERS, check_taken
from ..dtype import FLOATING, category_of, title_of
from ..errors import InvalidValueError, NotSupportedError, OperationError, check_int64
from ..tensor import Tensor, wrap
from .activation import logsigmoid
from .choices import clamp, where
from .common import check
from .declare import operation
from .joining import cat
from .matmul import linear
from .powers import log, log1p
from .promotion import of_one_dtype
from .reduction import Mean, Sum, mean, sum
from .softmax import LogSoftmax


class NllLoss(Operation):
    """-weight[t] * x[t] for each target t; the sum of the weights is kept for the backward."""

    keeps = 1
    reduction: str
    ignore_index: int
    keeps_shape = True

    def setup_context(self, inputs: Any, output: Any) -> None:
        self.save(*inputs[1:3], output[1])

    def backward(self, grad: Tensor) -> Any:
        target, weight, total = self.saved_tensors
        return NllLossGradient.apply(
            grad, target, weight, wrap(total), self.reduction, self.ignore_index, self.input_shape
        )


class NllLossGradient(Operation):
    """The gradient of `NllLoss`: linear in the loss's."""

    kernel = "nll_loss_backward"
    saves = (1, 2)
    reduction: str
    ignore_index: int
    shape: Any

    def backward(self, grad: Tensor) -> Any:
        target, weight = self.saved_tensors
        return NllLoss.apply(grad, target, weight, self.reduction, self.ignore_index)


@operation("nn.functional", autocast="float32")
def nll_loss(
    input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: Any = None,
    ignore_index: int = -100, reduce: Any = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """The negative log likelihood: -weight[t] x[n, t], for log probabilities x of (N, C, ...).

    "mean" divides the sum by the sum of the weights. Targets equal to `ignore_index` do not count.

    >>> import rushlight as torch
    >>> x = torch.tensor([[0.25, 0.75], [0.5, 0.5]]).log()
    >>> torch.nn.functional.nll_loss(x, torch.tensor([1, 0]))  # (log(4 / 3) + log(2)) / 2
    tensor(0.4904)
    """
    reduction = reduction_of(reduction, size_average, reduce)
    return _nll_loss(input, target, weight, ignore_index, reduction)


def _nll_loss(
    input: Tensor, target: Tensor, weight: Tensor | None, ignore_index: int, reduction: str
) -> Tensor:
    if input.array.ndim == 0:
        raise InvalidValueError("nll_loss: Expected 1 or more dimensions (got 0)")
    if input.array.ndim == 1:
        row, label = input.unsqueeze(0), target if target.array.ndim else target.unsqueeze(0)
        loss = _nll_loss(row, label, weight, ignore_index, reduction)
        return loss.squeeze(0) if reduction == "none" else loss
    check_int64("nll_loss(): argument 'ignore_index'", ignore_index)
    _check_targets(input, target, weight)
    if target.array.dtype != np.int64:
        target = target.long()
    return NllLoss.apply(input, target, weight, reduction, ignore_index)


def _check_targets(input: Tensor, target: Tensor, weight: Tensor | None) -> None:
    shape, goal = input.array.shape, target.array.shape
    if len(shape) < 2 or goal != (shape[0], *shape[2:]):
        raise (InvalidValueError if shape[:1] != goal[:1] else OperationError)(
            f"Expected input batch_size ({shape[0]}) to match target batch_size ({goal[0]})."
            if goal and shape[:1] != goal[:1]
            else f"nll_loss: Expected target size {[shape[0], *shape[2:]]}, got {list(goal)} for "
            f"input {tuple(shape)}"
        )
    if target.array.dtype not in (np.int64, np.uint8):  # a dtype's name takes 2 us
        raise OperationError(
            f"nll_loss: expected target dtype to be Long or Byte, but got {target.dtype}: targets "
            "are class numbers; convert them with .long()"
        )
    if weight is not None and weight.array.dtype != input.array.dtype:
        raise OperationError(
            f"nll_loss: expected scalar type {input.dtype} but found {weight.dtype} for the "
            "weights of the classes; convert them with .to(input.dtype)"
        )
    if weight is not None and weight.array.shape != (shape[1],):
        raise OperationError(
            f"weight tensor should be defined either for all {shape[1]} classes or no classes but "
            f"got weight tensor of shape: {list(weight.array.shape)}"
        )


@operation("nn.functional", autocast="float32")
def cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: Any = None,
    ignore_index: int = -100, reduce: Any = None, reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:  # fmt: skip
    """-sum over c of p[c] log(softmax(x))[c], the classes of (N, C, ...) being dimension 1.

    `target` holds class numbers (p is 1 there), or probabilities p in input's shape. With
    `label_smoothing` s, p becomes (1 - s) p + s / C.

    >>> import rushlight as torch
    >>> torch.nn.functional.cross_entropy(torch.zeros(1, 2), torch.tensor([0]))
    tensor(0.6931)
    """
    reduction = reduction_of(reduction, size_average, reduce)
    if not 0.0 <= label_smoothing <= 1.0:
        raise OperationError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}")
    _check_cross_entropy(input, target)
    axis = 0 if input.array.ndim == 1 else 1
    log_p = LogSoftmax.apply(input, axis)
    if target.array.shape == input.array.shape and target.is_floating_point():
        if ignore_index >= 0:
            raise OperationError(
                "cross_entropy: ignore_index is not supported for floating point target, which "
                f"holds probabilities (ignore_index={ignore_index})"
            )
        return _soft_cross_entropy(log_p, target, weight, reduction, label_smoothing, axis)
    loss = _nll_loss(log_p, target, weight, ignore_index, reduction)
    if not label_smoothing:
        return loss
    counted = target != ignore_index
    spread = log_p if weight is None else log_p * _along(weight, log_p, axis)
    smooth = where(counted, -sum(spread, axis), 0.0)
    if reduction == "mean":
        if weight is None:
            divisor = sum(counted)
        else:
            divisor = sum(where(counted, weight[where(counted, target, 0)], 0.0))
        smooth = sum(smooth) / divisor
    elif reduction == "sum":
        smooth = sum(smooth)
    classes = input.array.shape[axis]
    return (1 - label_smoothing) * loss + label_smoothing / classes * smooth


def _check_cross_entropy(input: Tensor, target: Tensor) -> None:
    if category_of(input.array.dtype) != FLOATING:
        raise NotSupportedError(
            f"cross_entropy: the input must be floating-point logits, got {input.dtype} of shape "
            f"{tuple(input.shape)} with a target of {tuple(target.shape)}; did you swap input and "
            "target?"
        )
    shape = input.array.shape
    if not shape:
        raise OperationError("cross_entropy: Expected 1 or more dimensions (got 0)")
    if len(shape) > 1 and target.array.shape == shape and target.dtype.category != FLOATING:
        raise OperationError(
            "cross_entropy: Expected floating point type for target with class probabilities, got "
            f"{target.dtype}; give class numbers, or one_hot(...).float()"
        )


def _soft_cross_entropy(
    log_p: Tensor, target: Tensor, weight: Any, reduction: str, smoothing: float, axis: int
) -> Tensor:
    classes = log_p.array.shape[axis]
    if smoothing:
        target = target * (1 - smoothing) + smoothing / classes
    products = log_p * target
    if weight is not None:
        products = products * _along(weight, log_p, axis)
    losses = -sum(products, axis)
    if reduction == "mean":
        return sum(losses) / max(losses.array.size, 1)
    return reduced(losses, reduction)


def _along(weight: Tensor, x: Tensor, axis: int) -> Tensor:
    return weight.reshape((-1,) + (1,) * (x.array.ndim - 1 - axis))


@operation("nn.functional")
def linear_cross_entropy(
    input: Tensor, linear_weight: Tensor, target: Tensor, *, linear_bias: Tensor | None = None,
    weight: Tensor | None = None, reduction: str = "mean", ignore_index: int | None = None,
    label_smoothing: float = 0.0, options: Any = None,
) -> Tensor:  # fmt: skip
    """`cross_entropy` of linear(x, W) for x of (N, D) or (D).

    W is (C, D) or (C, ..., D): the logits are (N, C) or (N, C, ...). With `options`, a
    `LinearCrossEntropyOptions`, they are never there at once, but for a part of the batch.

    >>> import rushlight as torch
    >>> x, weight = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0], [0.0, 1.0]])
    >>> torch.nn.functional.linear_cross_entropy(x, weight, torch.tensor([0]))  # log(2)
    tensor(0.6931)
    """
    shape, weights = input.array.shape, linear_weight.array.shape
    if len(shape) not in (1, 2) or len(weights) < 2:
        raise OperationError(
            "linear_cross_entropy: expected input (N, D) or (D) and linear_weight (C, ..., D), got "
            f"{shape} and {weights}"
        )
    if shape[-1] != weights[-1]:
        raise OperationError(
            "linear_cross_entropy: expected equal input and linear_weight last dimensions "
            f"(in_features), got {shape[-1]} and {weights[-1]}, respectively (shapes {shape} and "
            f"{weights})"
        )
    if linear_bias is not None and linear_bias.array.shape != weights[:-1]:
        raise OperationError(
            f"linear_cross_entropy: expected linear_bias shape {weights[:-1]}, got "
            f"{tuple(linear_bias.shape)}"
        )
    if len(weights) > 2 and len(shape) == 1:
        raise OperationError(
            f"linear_cross_entropy: a linear_weight of {weights} requires batched input, (N, "
            f"{shape[-1]}), got {shape}"
        )
    outputs = (*shape[:-1], *weights[:-1])
    if ignore_index is not None and target.array.shape == outputs:
        raise OperationError(
            "linear_cross_entropy: ignore_index cannot be specified when target contains "
            "probabilities"
        )
    ignore_index = -100 if ignore_index is None else ignore_index
    if options is not None:
        if len(shape) == len(weights) == 2 and target.array.ndim == 1 and not label_smoothing:
            rows = options.rows(shape[0], shape[1], weights[0])
            layer = (linear_weight, linear_bias)
            return _by_parts(input, layer, target, weight, reduction, ignore_index, rows)
        warnings.warn(
            "linear_cross_entropy: options ignored; parts of a batch need class numbers (N), a "
            f"linear_weight (C, D) and label_smoothing 0, got {tuple(target.shape)}, {weights} and "
            f"{label_smoothing}",
            stacklevel=4,
        )
    bias = None if linear_bias is None else linear_bias.reshape(-1)
    logits = linear(input, linear_weight.reshape(-1, weights[-1]), bias).reshape(outputs)
    return cross_entropy(
        logits, target, weight, ignore_index=ignore_index, reduction=reduction,
        label_smoothing=label_smoothing,
    )  # fmt: skip


def _by_parts(
    input: Tensor, layer: tuple[Tensor, Tensor | None], target: Tensor, weight: Tensor | None,
    reduction: str, ignore_index: int, rows: int,
) -> Tensor:  # fmt: skip
    from ..utils.checkpoint import checkpoint  # which stands above the operations

    def losses(x: Tensor, y: Tensor) -> Tensor:
        logits = linear(x, *layer)
        return cross_entropy(logits, y, weight, ignore_index=ignore_index, reduction="none")

    parts = zip(input.split(rows), target.split(rows), strict=True)
    found = cat([checkpoint(losses, x, y, use_reentrant=False) for x, y in parts])
    if reduction != "mean":
        return reduced(found, reduction)
    counted = target != ignore_index
    if weight is None:
        return sum(found) / sum(counted)
    return sum(found) / sum(where(counted, weight[where(counted, target, 0)], 0.0))


@operation("nn.functional", autocast="float32")
def mse_loss(
    input: Tensor, target: Tensor, size_average: Any = None, reduce: Any = None,
    reduction: str = "mean", weight: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """(input - target)^2, its mean or its sum; with `weight` the weighted mean or sum.

    >>> import rushlight as torch
    >>> torch.nn.functional.mse_loss(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 4.0]))
    tensor(2.)
    """
    check_same_shape("mse_loss", input, target)
    check_taken("mse_loss", input, NUMBERS)
    difference = check_taken("mse_loss", input - target, FLOATS)
    losses = difference * difference
    reduction = reduction_of(reduction, size_average, reduce)
    return _weighted_mean(losses, weight, input, reduction, "MseLoss")


@operation("nn.functional", autocast="float32")
def l1_loss(
    input: Tensor, target: Tensor, size_average: Any = None, reduce: Any = None,
    reduction: str = "mean", weight: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """|input - target|, its mean or its sum; with `weight` the weighted mean or sum.

    >>> import rushlight as torch
    >>> torch.nn.functional.l1_loss(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 4.0]))
    tensor(1.)
    """
    check_same_shape("l1_loss", input, target)
    losses = (input - target).abs()
    return _weighted_mean(losses, weight, input, reduction_of(reduction, size_average, reduce))


class BinaryCrossEntropy(SavesInputs):
    """-(t log(x) + (1 - t) log(1 - x)), the logarithms cut off at -100.

    The gradient is not that of the logarithms cut off, but grows to 1e12 at 0 and 1, as PyTorch's:
    it leads back from there.
    """

    @staticmethod
    def forward(kernels: Any, x: Any, target: Any) -> Any:
        missed = kernels.clamp(kernels.log1p(kernels.neg(x)), -100, None)
        found = kernels.clamp(kernels.log(x), -100, None)
        return kernels.sub(kernels.mul(kernels.sub(target, 1), missed), kernels.mul(target, found))

    def backward(self, grad: Tensor) -> Any:
        x, target = self.saved_tensors
        return (
            grad * (x - target) / clamp(x * (1 - x), min=1e-12) if self.needs(0) else None,
            grad * (log1p(-x) - log(x)) if self.needs(1) else None,
        )


@operation("nn.functional", autocast="float32")
def binary_cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: Any = None,
    reduce: Any = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """-(t log(x) + (1 - t) log(1 - x)) for probabilities x; logarithms are cut off at -100.

    Targets t are probabilities in the same shape: ValueError otherwise, RuntimeError for an x
    outside of [0, 1].

    >>> import rushlight as torch
    >>> x, target = torch.tensor([0.5, 0.75]), torch.tensor([1.0, 0.0])
    >>> torch.nn.functional.binary_cross_entropy(x, target, reduction="none")  # log(2) and log(4)
    tensor([0.6931, 1.3863])
    """
    if input.array.shape != target.array.shape:
        raise InvalidValueError(
            f"Using a target size ({target.shape}) that is different to the input size "
            f"({input.shape}) is deprecated. Please ensure they have the same size."
        )
    check_taken("binary_cross_entropy", input, FLOATS)
    if category_of(target.array.dtype) != FLOATING:
        raise OperationError(
            f"binary_cross_entropy: Found dtype {_title(target)} but expected {_title(input)}; "
            "convert the target with .to(input.dtype)"
        )
    check(
        (input >= 0) & (input <= 1),
        OperationError,
        "binary_cross_entropy: all elements of input should be between 0 and 1; for logits use "
        "binary_cross_entropy_with_logits",
    )
    losses = BinaryCrossEntropy.apply(*of_one_dtype(input, target))
    if weight is not None:
        losses = losses * weight
    reduction = reduction_of(reduction, size_average, reduce)
    return reduced(losses, reduction, "BinaryCrossEntropy")


@operation("nn.functional", autocast="float32")
def binary_cross_entropy_with_logits(
    input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: Any = None,
    reduce: Any = None, reduction: str = "mean", pos_weight: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """`binary_cross_entropy` of sigmoid(x), without its overflow; `pos_weight` weighs t log.

    ValueError where the target is of another shape.

    >>> import rushlight as torch
    >>> x, target = torch.tensor([0.0, 50.0]), torch.tensor([1.0, 0.0])
    >>> loss = torch.nn.functional.binary_cross_entropy_with_logits
    >>> loss(x, target, reduction="none")
    tensor([ 0.6931, 50.0000])
    """
    if input.array.shape != target.array.shape:
        raise InvalidValueError(
            f"Target size ({target.shape}) must be the same as input size ({input.shape})"
        )
    log_p = logsigmoid(input)
    if category_of(target.array.dtype) != FLOATING:
        raise OperationError(
            f"binary_cross_entropy_with_logits: result type {_title(input)} can't be cast to the "
            f"desired output type {_title(target)}; convert the target with .to(input.dtype)"
        )
    if pos_weight is not None:
        log_p = (1 + (pos_weight - 1) * target) * log_p
    losses = (1 - target) * input - log_p
    if weight is not None:
        losses = losses * weight
    reduction = reduction_of(reduction, size_average, reduce)
    return reduced(losses, reduction, "BinaryCrossEntropyWithLogits")


def _title(tensor: Tensor) -> str:
    return title_of(tensor.dtype)


def check_same_shape(name: str, input: Tensor, target: Tensor) -> None:
    if target.array.shape != input.array.shape:
        warnings.warn(
            f"Using a target size ({target.shape}) that is different to the input size "
            f"({input.shape}). This will likely lead to incorrect results due to broadcasting. "
            f"Please ensure they have the same size. ({name})",
            stacklevel=3,
        )


def _weighted_mean(
    losses: Tensor, weight: Tensor | None, input: Tensor, reduction: str, name: str = ""
) -> Tensor:  # fmt: skip
    """Losses times their weights, reduced; a mean is divided by the sum of the weights."""
    losses = weighted(losses, weight, input)
    if weight is not None and reduction == "mean":
        return sum(losses) / sum(weight)
    return reduced(losses, reduction, name)


def weighted(losses: Tensor, weight: Tensor | None, input: Tensor) -> Tensor:
    if weight is None:
        return losses
    if weight.array.shape != input.array.shape:
        raise InvalidValueError(
            f"Weights and input must have the same size, got {tuple(weight.shape)} and "
            f"{tuple(input.shape)}."
        )
    return losses * weight


def reduced(losses: Tensor, reduction: str, name: str = "") -> Tensor:
    """The mean or the sum of the losses, or all of them; `name` is what the graph calls it."""
    if reduction == "none":
        return losses
    if name:
        return _reduction(reduction, name).apply(losses, None, False)
    return mean(losses) if reduction == "mean" else sum(losses)


@functools.cache
def _reduction(reduction: str, name: str) -> Any:
    return (Mean if reduction == "mean" else Sum).renamed(name, reduction)


def reduction_of(reduction: str, size_average: Any = None, reduce: Any = None) -> str:
    """The reduction, also as PyTorch's first versions asked for it."""
    if size_average is not None or reduce is not None:
        return legacy_reduction(size_average, reduce)
    if reduction == "elementwise_mean":  # of PyTorch 0.4.1
        warnings.warn(
            "reduction='elementwise_mean' is deprecated. Please use reduction='mean' instead.",
            stacklevel=2,
        )
        return "mean"
    if reduction not in ("none", "mean", "sum"):
        raise InvalidValueError(f"{reduction} is not a valid value for reduction")
    return reduction


def legacy_reduction(
    size_average: bool | None, reduce: bool | None, emit_warning: bool = True
) -> str:
    """The `reduction` that PyTorch 0.4's two arguments stand for."""
    reduction = "sum" if size_average is False else "mean"
    if reduce is False:
        reduction = "none"
    if emit_warning:
        warnings.warn(
            "size_average and reduce args will be deprecated, please use "
            f"reduction='{reduction}' instead.",
            stacklevel=4,  # of who calls the loss function or makes the loss
        )
    return reduction
