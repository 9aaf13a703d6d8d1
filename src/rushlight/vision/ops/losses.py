"""Losses of detectors: of classes that are rare, and of boxes."""

from __future__ import annotations

import rushlight

from ...nn import functional as F
from ...tensor import Tensor
from .boxes import (
    difference_of_shapes,
    distance_of_centres,
    intersection_and_union,
    sides_of_hull,
)


def _reduced(name: str, loss: Tensor, reduction: str) -> Tensor:
    if reduction == "none":
        return loss
    if reduction == "sum":
        return loss.sum()
    if reduction == "mean":
        return loss.mean() if loss.numel() else 0.0 * loss.sum()
    raise ValueError(f"{name}: reduction is to be 'none', 'mean' or 'sum', not {reduction!r}")


def sigmoid_focal_loss(
    inputs: Tensor, targets: Tensor, alpha: float = 0.25, gamma: float = 2, reduction: str = "none"
) -> Tensor:
    """Binary cross entropy that counts little what is sure: Lin et al., arXiv:1708.02002.

    -a (1 - p)**gamma log(p), where p is the probability that a logit gives to its target, and a is
    alpha for targets 1 and 1 - alpha for targets 0; a is 1 where alpha is negative.

    >>> import rushlight as torch
    >>> from rushlight.vision.ops import sigmoid_focal_loss
    >>> sigmoid_focal_loss(torch.tensor([0.0, 4.0]), torch.tensor([1.0, 1.0]))
    tensor([4.3322e-02, 1.4679e-06])
    """
    if not 0 <= alpha <= 1 and alpha != -1:
        raise ValueError(f"sigmoid_focal_loss: alpha is to be between 0 and 1, or -1, not {alpha}")
    probability = inputs.sigmoid()
    of_target = probability * targets + (1 - probability) * (1 - targets)
    loss = F.binary_cross_entropy_with_logits(inputs, targets, reduction="none")
    loss = loss * (1 - of_target) ** gamma
    if alpha >= 0:
        loss = (alpha * targets + (1 - alpha) * (1 - targets)) * loss
    return _reduced("sigmoid_focal_loss", loss, reduction)


def _floats(*boxes: Tensor) -> list[Tensor]:
    return [b if b.dtype in (rushlight.float32, rushlight.float64) else b.float() for b in boxes]


def _iou(a: Tensor, b: Tensor, eps: float) -> tuple[Tensor, Tensor]:
    common, union = intersection_and_union(a, b)
    return common / (union + eps), union


def generalized_box_iou_loss(
    boxes1: Tensor, boxes2: Tensor, reduction: str = "none", eps: float = 1e-7
) -> Tensor:
    """1 less the generalised IoU of each box with its counterpart: shapes (N, 4) to (N,).

    >>> import rushlight as torch
    >>> from rushlight.vision.ops import generalized_box_iou_loss
    >>> generalized_box_iou_loss(torch.tensor([[0.0, 0, 1, 1]]), torch.tensor([[1.0, 1, 2, 2]]))
    tensor([1.5000])
    """
    a, b = _floats(boxes1, boxes2)
    iou, union = _iou(a, b, eps)
    sides = sides_of_hull(a, b)
    around = sides[..., 0] * sides[..., 1]
    loss = 1 - iou + (around - union) / (around + eps)
    return _reduced("generalized_box_iou_loss", loss, reduction)


def distance_box_iou_loss(
    boxes1: Tensor, boxes2: Tensor, reduction: str = "none", eps: float = 1e-7
) -> Tensor:
    """1 less the distance IoU of each box with its counterpart.

    >>> import rushlight as torch
    >>> from rushlight.vision.ops import distance_box_iou_loss
    >>> distance_box_iou_loss(torch.tensor([[0.0, 0, 1, 1]]), torch.tensor([[1.0, 1, 2, 2]]))
    tensor([1.2500])
    """
    a, b = _floats(boxes1, boxes2)
    iou, _ = _iou(a, b, eps)
    loss = 1 - iou + distance_of_centres(a, b, eps)
    return _reduced("distance_box_iou_loss", loss, reduction)


def complete_box_iou_loss(
    boxes1: Tensor, boxes2: Tensor, reduction: str = "none", eps: float = 1e-7
) -> Tensor:
    """1 less the complete IoU of each box with its counterpart.

    >>> import rushlight as torch
    >>> from rushlight.vision.ops import complete_box_iou_loss
    >>> complete_box_iou_loss(torch.tensor([[0.0, 0, 1, 1]]), torch.tensor([[1.0, 1, 2, 2]]))
    tensor([1.2500])
    """
    a, b = _floats(boxes1, boxes2)
    iou, _ = _iou(a, b, eps)
    loss = 1 - iou + distance_of_centres(a, b, eps) + difference_of_shapes(a, b, iou, eps)
    return _reduced("complete_box_iou_loss", loss, reduction)
