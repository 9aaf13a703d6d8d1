"""Losses that ask for a margin: between classes, between pairs and triplets, around a sign."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..autograd.operation import Operation
from ..categories import FLOATS, check_taken
from ..dtype import int64
from ..errors import InvalidValueError, OperationError, OutOfRangeError
from ..tensor import Tensor
from .activation import logsigmoid, relu
from .choices import clamp, minimum, where
from .common import check
from .creation import zeros_like
from .declare import operation
from .distance import pairwise_distance
from .loss import reduced, reduction_of
from .powers import sqrt
from .reduction import sum
from .scatter import scatter


@operation("nn.functional", autocast="float32")
def soft_margin_loss(
    input: Tensor, target: Tensor, size_average: Any = None, reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """log(1 + exp(-t x)) for targets t of 1 and -1, in the same shape.

    >>> import rushlight as torch
    >>> x, target = torch.tensor([0.0, -2.0]), torch.tensor([1.0, 1.0])
    >>> torch.nn.functional.soft_margin_loss(x, target, reduction="none")
    tensor([0.6931, 2.1269])
    """
    losses = -logsigmoid(target * input)
    if losses.array.shape != input.array.shape:
        raise OperationError(
            f"soft_margin_loss: output with shape {input.array.shape} doesn't match the broadcast "
            f"shape {losses.array.shape}, as the target has shape {target.array.shape}; give one "
            "target for each element"
        )
    return reduced(losses, reduction_of(reduction, size_average, reduce))


@operation("nn.functional", autocast="float32")
def margin_ranking_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0.0, size_average: Any = None,
    reduce: Any = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """max(0, -t (x1 - x2) + `margin`): x1 should be the larger one where t is 1, x2 where -1.

    RuntimeError where the three do not have as many dimensions as each other.

    >>> import rushlight as torch
    >>> x1, x2, target = torch.tensor([3.0, 1.0]), torch.tensor([1.0, 3.0]), torch.tensor([1, 1])
    >>> torch.nn.functional.margin_ranking_loss(x1, x2, target, margin=0.5, reduction="none")
    tensor([0.0000, 2.5000])
    """
    reduction = reduction_of(reduction, size_average, reduce)
    if not input1.array.ndim == input2.array.ndim == target.array.ndim:
        raise OperationError(
            "margin_ranking_loss : All input tensors should have same dimension but got sizes: "
            f"input1: {input1.shape}, input2: {input2.shape}, target: {target.shape} "
        )
    return reduced(clamp(-target * (input1 - input2) + margin, min=0), reduction)


@operation("nn.functional", autocast="float32")
def hinge_embedding_loss(
    input: Tensor, target: Tensor, margin: float = 1.0, size_average: Any = None,
    reduce: Any = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """x where the target is 1, max(0, `margin` - x) where it is -1.

    >>> import rushlight as torch
    >>> x, target = torch.tensor([2.0, 0.25, 2.0]), torch.tensor([1, -1, -1])
    >>> torch.nn.functional.hinge_embedding_loss(x, target, reduction="none")
    tensor([2.0000, 0.7500, 0.0000])
    """
    reduction = reduction_of(reduction, size_average, reduce)
    far = where(target != 1, clamp(margin - input, min=0).to(input.dtype), 0)
    return reduced(far + where(target != -1, input, 0), reduction)


@operation("nn.functional", autocast="float32")
def cosine_embedding_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0.0, size_average: Any = None,
    reduce: Any = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """1 - cos(x1, x2) where the target is 1, max(0, cos(x1, x2) - `margin`) where it is -1.

    Vectors are (N, D) with targets (N), or (D) with one target.

    >>> import rushlight as torch
    >>> x1, x2 = torch.tensor([[1.0, 0.0], [1.0, 0.0]]), torch.tensor([[0.0, 1.0], [2.0, 0.0]])
    >>> loss = torch.nn.functional.cosine_embedding_loss
    >>> loss(x1, x2, torch.tensor([1, -1]), reduction="none")
    tensor([1., 1.])
    """
    reduction = reduction_of(reduction, size_average, reduce)
    if target.array.ndim > 1:
        raise OperationError(
            "cosine_embedding_loss: 0D or 1D target tensor expected, multi-target not supported, "
            f"got {tuple(target.shape)}"
        )
    for x in (input1, input2):
        if x.array.ndim != target.array.ndim + 1:
            raise OperationError(
                f"cosine_embedding_loss: {target.array.ndim}D target tensor expects "
                f"{target.array.ndim + 1}D input tensors, but found inputs with sizes "
                f"{list(input1.shape)} and {list(input2.shape)}."
            )
    squares = [sum(x * x, -1) + 1e-12 for x in (input1, input2)]
    cosine = sum(input1 * input2, -1) / sqrt(squares[0] * squares[1])
    apart = where(target == -1, clamp(cosine - margin, min=0), 0.0)
    return reduced(where(target == 1, 1 - cosine, 0.0) + apart, reduction)


class MultiMarginLoss(Operation):
    """The loss of each row of (N, C) and the number of its class, or their mean or sum."""

    saves = (0, 1, 2)
    p: int
    margin: float
    reduction: str

    def backward(self, grad: Tensor) -> Any:
        x, target, weight = self.saved_tensors
        rows, classes = x.array.shape
        column = target.unsqueeze(1)
        apart = self.margin - x.gather(1, column) + x
        slopes = 2 * relu(apart) if self.p == 2 else (apart > 0).to(x.dtype)
        share = grad / (classes * rows if self.reduction == "mean" else classes)
        if weight is not None:
            share = share * weight[target]
        share = share.unsqueeze(1) if share.array.ndim else share
        slopes = scatter(slopes, 1, column, 0.0) * share
        return scatter(slopes, 1, column, -sum(slopes, 1, True)), None, None


@operation("nn.functional", autocast="float32")
def multi_margin_loss(
    input: Tensor, target: Tensor, p: int = 1, margin: float = 1.0, weight: Tensor | None = None,
    size_average: Any = None, reduce: Any = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """max(0, `margin` - x[t] + x[i])^p for each class i but t, added up and divided by C.

    Scores are (N, C) with class numbers (N), or (C); `weight` scales the losses of each class.
    Unlike in PyTorch, which takes a NaN for a score that is far away, the loss is NaN then.

    >>> import rushlight as torch
    >>> x = torch.tensor([[0.5, 1.0, 0.0]])
    >>> torch.nn.functional.multi_margin_loss(x, torch.tensor([1]))  # 0.5 of class 0, over 3
    tensor(0.1667)
    """
    reduction = reduction_of(reduction, size_average, reduce)
    if p not in (1, 2):
        raise InvalidValueError(f"multi_margin_loss: only p == 1 and p == 2 supported, got {p}")
    if weight is not None and weight.array.ndim != 1:
        raise InvalidValueError(
            f"multi_margin_loss: weight must be one-dimensional, got {weight.shape}"
        )
    shape = input.array.shape
    if len(shape) > 2 or shape[-1:] == (0,):
        raise OperationError(
            "multi_margin_loss: Expected non-empty vector or matrix with optional 0-dim batch "
            f"size, but got: {list(shape)}"
        )
    x = input if len(shape) == 2 else input.reshape(-1, shape[-1] if shape else 1)
    rows, classes = x.array.shape
    labels = target.array.shape
    if labels != (rows,) and (labels or len(shape) > 1):
        raise OperationError(
            "multi_margin_loss: target tensor should be 1-D with size equal to the number of "
            f"input samples (batch size). Expected target size [{rows}], but got {list(labels)}. "
            f"Input has shape {list(shape)}."
        )
    _check_labels("multi_margin_loss", target)
    if weight is not None and weight.array.shape != (classes,):
        raise OperationError(
            f"multi_margin_loss: inconsistent weight size, expected {classes} but got "
            f"{list(weight.shape)}"
        )
    check_taken("multi_margin_loss", input, FLOATS)
    line = target if labels == (rows,) else target.reshape(rows)
    losses = MultiMarginLoss.apply(x, line, weight, p, float(margin), reduction)
    return losses.reshape(labels) if reduction == "none" else losses


@operation("nn.functional", autocast="float32")
def multilabel_margin_loss(
    input: Tensor, target: Tensor, size_average: Any = None, reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """max(0, 1 - x[t] + x[i]) for each label t and each class i that is no label, over C.

    Scores and labels are (N, C) or (C); a row's labels end before its first -1.

    >>> import rushlight as torch
    >>> x = torch.tensor([[0.5, 1.0, 0.0]])
    >>> torch.nn.functional.multilabel_margin_loss(x, torch.tensor([[1, -1, 0]]))  # label 1 alone
    tensor(0.1667)
    """
    reduction = reduction_of(reduction, size_average, reduce)
    shape = input.array.shape
    if len(shape) > 2 or shape[-1:] == (0,):
        raise OperationError(
            "multilabel_margin_loss: Expected non-empty vector or matrix with optional 0-dim "
            f"batch size, but got: {list(shape)}"
        )
    if target.array.shape != shape:
        raise OperationError(
            f"multilabel_margin_loss: inconsistent target size: {list(target.shape)} for input of "
            f"size: {list(shape)}"
        )
    _check_labels("multilabel_margin_loss", target)
    classes = shape[-1] if shape else 1
    message = "multilabel_margin_loss: argument #2 'target' is out of range: classes go from 0 to "
    check((target >= -1) & (target < classes), OperationError, f"{message}{classes - 1}")
    check_taken("multilabel_margin_loss", input, FLOATS)
    x, labels = input.reshape(-1, classes), target.reshape(-1, classes)
    given = (labels < 0).cumsum(1) == 0
    labels = where(given, labels, 0)
    is_label = zeros_like(labels).scatter_add(1, labels, given.to(int64)) > 0
    short = relu(1 - x.gather(1, labels).unsqueeze(2) + x.unsqueeze(1))
    counts = given.unsqueeze(2) & ~is_label.unsqueeze(1)
    losses = sum(where(counts, short, 0.0), (1, 2)) / classes
    return reduced(losses.reshape(shape[:-1]), reduction)


@operation("nn.functional")
def multilabel_soft_margin_loss(
    input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: Any = None,
    reduce: Any = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """-(t log(sigmoid(x)) + (1 - t) log(sigmoid(-x))), the mean over the classes of (*, C).

    >>> import rushlight as torch
    >>> x, target = torch.tensor([[0.0, 100.0]]), torch.tensor([[1.0, 1.0]])
    >>> torch.nn.functional.multilabel_soft_margin_loss(x, target)  # log(2) and 0
    tensor(0.3466)
    """
    reduction = reduction_of(reduction, size_average, reduce)
    check_taken("multilabel_soft_margin_loss", input, FLOATS)
    if input.array.ndim == 0:
        raise OutOfRangeError(
            "multilabel_soft_margin_loss: Dimension specified as -1 but tensor has no dimensions"
        )
    losses = (target - 1) * logsigmoid(-input) - target * logsigmoid(input)
    if weight is not None:
        losses = losses * weight
    return reduced(sum(losses, -1) / input.array.shape[-1], reduction)


@operation("nn.functional", autocast="float32")
def triplet_margin_loss(
    anchor: Tensor, positive: Tensor, negative: Tensor, margin: float = 1.0, p: float = 2.0,
    eps: float = 1e-6, swap: bool = False, size_average: Any = None, reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """max(0, d(anchor, positive) - d(anchor, negative) + `margin`), d being the p-norm.

    (N, D) gives (N), or their mean. With `swap` the negative's distance is that to the nearer of
    the others (Balntas et al. 2016). ValueError unless `margin` is above 0.

    >>> import rushlight as torch
    >>> x = torch.tensor([[0.0], [2.0], [2.5]])
    >>> torch.nn.functional.triplet_margin_loss(x[0], x[1], x[2], margin=1.0)  # 2 - 2.5 + 1
    tensor(0.5000)
    """
    reduction = reduction_of(reduction, size_average, reduce)
    return _triplet(
        anchor, positive, negative, lambda a, b: pairwise_distance(a, b, p, eps), margin, swap,
        reduction,
    )  # fmt: skip


@operation("nn.functional")
def triplet_margin_with_distance_loss(
    anchor: Tensor, positive: Tensor, negative: Tensor, *,
    distance_function: Callable[[Tensor, Tensor], Tensor] | None = None, margin: float = 1.0,
    swap: bool = False, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """`triplet_margin_loss` with any function of two tensors for the distance.

    >>> import rushlight as torch
    >>> x = torch.tensor([[0.0], [2.0], [2.5]])
    >>> loss = torch.nn.functional.triplet_margin_with_distance_loss
    >>> loss(*x, distance_function=lambda a, b: (a - b).abs())
    tensor(0.5000)
    """
    distance = pairwise_distance if distance_function is None else distance_function
    return _triplet(anchor, positive, negative, distance, margin, swap, reduction_of(reduction))


def _triplet(
    anchor: Tensor, positive: Tensor, negative: Tensor, distance: Any, margin: float, swap: bool,
    reduction: str,
) -> Tensor:  # fmt: skip
    if margin <= 0:
        raise InvalidValueError(f"margin must be greater than 0, got {margin}")
    if not anchor.array.ndim == positive.array.ndim == negative.array.ndim:
        raise OperationError(
            "The anchor, positive, and negative tensors are expected to have the same number of "
            f"dimensions, but got: anchor {anchor.array.ndim}D, positive {positive.array.ndim}D, "
            f"and negative {negative.array.ndim}D inputs"
        )
    far = distance(anchor, negative)
    if swap:
        far = minimum(far, distance(positive, negative))
    return reduced(clamp(margin + distance(anchor, positive) - far, min=0), reduction)


def _check_labels(name: str, target: Tensor) -> None:
    if target.dtype is not int64:
        raise OperationError(
            f"{name}: expected scalar type Long but found {target.dtype}: targets are class "
            "numbers; convert them with .long()"
        )
