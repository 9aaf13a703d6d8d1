"""Boxes around what images show: conversion, overlap, suppression of what is found twice.

A box is (x1, y1, x2, y2), its left, upper, right and lower edge, unless a function is told
otherwise.
"""

from __future__ import annotations

import math

import numpy as np

import rushlight

from ...autocast_state import casts
from ...tensor import Tensor

_FORMATS = ("xyxy", "xywh", "cxcywh")


def nms(boxes: Tensor, scores: Tensor, iou_threshold: float) -> Tensor:
    """The places of the boxes that no better one covers, the best first.

    From the highest score down, a box is kept, and all others whose intersection over union with it
    is above the threshold are dropped. Shapes (N, 4) and (N,) to at most (N,), whole numbers.

    >>> import rushlight as torch
    >>> from rushlight.vision.ops import nms
    >>> boxes = torch.tensor([[0.0, 0, 10, 10], [1, 1, 10, 10], [20, 20, 30, 30]])
    >>> nms(boxes, torch.tensor([0.8, 0.9, 0.1]), 0.5)
    tensor([1, 2])
    """
    _check_scores("nms", boxes, scores)
    corners, order = boxes.detach().cpu().numpy(), scores.detach().cpu().numpy()
    order = np.argsort(-order, kind="stable")
    x1, y1, x2, y2 = corners.T
    areas = (x2 - x1) * (y2 - y1)
    kept = []
    while order.size:
        best, order = order[0], order[1:]
        kept.append(int(best))
        width = np.minimum(x2[best], x2[order]) - np.maximum(x1[best], x1[order])
        height = np.minimum(y2[best], y2[order]) - np.maximum(y1[best], y1[order])
        common = np.maximum(width, 0) * np.maximum(height, 0)
        with np.errstate(invalid="ignore"):  # of boxes without an area, which cover nothing
            overlap = common / (areas[best] + areas[order] - common)
        order = order[~(overlap > iou_threshold)]
    return rushlight.tensor(kept, dtype=rushlight.int64, device=boxes.device)


def _check_scores(name: str, boxes: Tensor, scores: Tensor) -> None:
    for value in (boxes, scores):
        if not isinstance(value, Tensor):
            raise TypeError(f"{name}: expected tensors, got {type(value).__name__}")
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise RuntimeError(f"{name}: boxes are to have shape (N, 4), not {tuple(boxes.shape)}")
    if scores.ndim != 1 or len(scores) != len(boxes):
        raise RuntimeError(
            f"{name}: {len(boxes)} boxes are to have as many scores, shape ({len(boxes)},), not "
            f"{tuple(scores.shape)}"
        )
    if boxes.dtype != scores.dtype and not casts:
        raise RuntimeError(
            f"{name}: boxes and scores are to have one dtype, got {boxes.dtype} and {scores.dtype}"
        )


def batched_nms(boxes: Tensor, scores: Tensor, idxs: Tensor, iou_threshold: float) -> Tensor:
    """`nms` of each class by itself; `idxs` says to which class a box belongs.

    RuntimeError where these are not as many as the boxes (or one, for all of them).

    >>> import rushlight as torch
    >>> from rushlight.vision.ops import batched_nms
    >>> boxes = torch.tensor([[0.0, 0, 10, 10], [1, 1, 10, 10]])
    >>> batched_nms(boxes, torch.tensor([0.8, 0.9]), torch.tensor([0, 1]), 0.5)
    tensor([1, 0])
    """
    _check_scores("batched_nms", boxes, scores)
    if not isinstance(idxs, Tensor) or idxs.shape not in ((len(boxes),), (1,)):
        got = tuple(idxs.shape) if isinstance(idxs, Tensor) else type(idxs).__name__
        raise RuntimeError(
            f"batched_nms: {len(boxes)} boxes are to have as many idxs, shape ({len(boxes)},), not "
            f"{got}"
        )
    idxs = idxs.expand(len(boxes))
    kept = rushlight.zeros_like(scores, dtype=rushlight.bool)
    for number in idxs.unique():
        places = (idxs == number).nonzero().flatten()
        kept[places[nms(boxes[places], scores[places], iou_threshold)]] = True
    places = kept.nonzero().flatten()
    return places[scores[places].argsort(descending=True, stable=True)]


def remove_small_boxes(boxes: Tensor, min_size: float) -> Tensor:
    """The places of the boxes whose sides are both at least `min_size`.

    >>> import rushlight as torch
    >>> from rushlight.vision.ops import remove_small_boxes
    >>> remove_small_boxes(torch.tensor([[0, 0, 1, 9], [0, 0, 9, 9]]), 2)
    tensor([1])
    """
    sides = boxes[..., 2:] - boxes[..., :2]
    return rushlight.where((sides >= min_size).all(-1))[0]


def clip_boxes_to_image(boxes: Tensor, size: tuple[int, int]) -> Tensor:
    """The boxes cut to an image of `size` (height, width).

    >>> import rushlight as torch
    >>> from rushlight.vision.ops import clip_boxes_to_image
    >>> clip_boxes_to_image(torch.tensor([[-1, 2, 30, 40]]), (20, 25))
    tensor([[ 0,  2, 25, 20]])
    """
    height, width = size
    x = boxes[..., 0::2].clamp(0, width)
    y = boxes[..., 1::2].clamp(0, height)
    return rushlight.stack((x, y), boxes.ndim).reshape(boxes.shape)


def box_convert(boxes: Tensor, in_fmt: str, out_fmt: str) -> Tensor:
    """Boxes in another format: "xyxy", "xywh" (corner and sides) or "cxcywh" (centre and sides).

    Shape (..., 4), as the result's.

    >>> import rushlight as torch
    >>> from rushlight.vision.ops import box_convert
    >>> box_convert(torch.tensor([[1.0, 2, 4, 6]]), "xyxy", "cxcywh")
    tensor([[2.5000, 4.0000, 3.0000, 4.0000]])
    """
    for name in (in_fmt, out_fmt):
        if name not in _FORMATS:
            raise ValueError(f"box_convert: unknown format {name!r}; there are {_FORMATS}")
    if in_fmt == out_fmt:
        return boxes.clone()
    x1, y1, x2, y2 = _corners(boxes, in_fmt)
    if out_fmt == "xyxy":
        parts = (x1, y1, x2, y2)
    elif out_fmt == "xywh":
        parts = (x1, y1, x2 - x1, y2 - y1)
    else:
        parts = ((x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1)
    return rushlight.stack(parts, -1)


def _corners(boxes: Tensor, form: str) -> tuple[Tensor, ...]:
    a, b, c, d = boxes.unbind(-1)
    if form == "xyxy":
        return a, b, c, d
    if form == "xywh":
        return a, b, a + c, b + d
    return a - 0.5 * c, b - 0.5 * d, a + 0.5 * c, b + 0.5 * d


def box_area(boxes: Tensor, fmt: str = "xyxy") -> Tensor:
    """Width times height of each box: shape (..., 4) to (...).

    >>> import rushlight as torch
    >>> from rushlight.vision.ops import box_area
    >>> box_area(torch.tensor([[0, 0, 2, 3]]))
    tensor([6])
    """
    if fmt not in _FORMATS:
        raise ValueError(f"box_area: unknown format {fmt!r}; there are {_FORMATS}")
    x1, y1, x2, y2 = _corners(_wide(boxes), fmt)
    return (x2 - x1) * (y2 - y1)


def _wide(boxes: Tensor) -> Tensor:
    """Areas of halves and of short whole numbers leave their range."""
    if boxes.is_floating_point():
        return boxes if boxes.dtype in (rushlight.float32, rushlight.float64) else boxes.float()
    return boxes if boxes.dtype in (rushlight.int32, rushlight.int64) else boxes.int()


def intersection_and_union(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Two areas for each pair of boxes, one of each side."""
    sides = rushlight.min(a[..., 2:], b[..., 2:]) - rushlight.max(a[..., :2], b[..., :2])
    sides = sides.clamp(min=0)
    common = sides[..., 0] * sides[..., 1]
    return common, box_area(a) + box_area(b) - common


def sides_of_hull(a: Tensor, b: Tensor) -> Tensor:
    """Width and height of the smallest box around both."""
    return rushlight.max(a[..., 2:], b[..., 2:]) - rushlight.min(a[..., :2], b[..., :2])


def distance_of_centres(a: Tensor, b: Tensor, eps: float) -> Tensor:
    """Squared, as a part of the squared diagonal of the box around both."""
    centres = ((a[..., :2] + a[..., 2:]) - (b[..., :2] + b[..., 2:])) / 2
    return (centres**2).sum(-1) / ((sides_of_hull(a, b) ** 2).sum(-1) + eps)


def difference_of_shapes(a: Tensor, b: Tensor, iou: Tensor, eps: float) -> Tensor:
    """Of the angles of the diagonals, weighted by how well the boxes overlap."""
    first, second = a[..., 2:] - a[..., :2], b[..., 2:] - b[..., :2]
    angle = rushlight.atan(first[..., 0] / first[..., 1])
    difference = 4 / math.pi**2 * (angle - rushlight.atan(second[..., 0] / second[..., 1])) ** 2
    with rushlight.no_grad():
        weight = difference / (1 - iou + difference + eps)
    return weight * difference


def _pairs(boxes1: Tensor, boxes2: Tensor) -> tuple[Tensor, Tensor]:
    """Each box of the one beside each of the other."""
    return _wide(boxes1).unsqueeze(-2), _wide(boxes2).unsqueeze(-3)


def box_iou(boxes1: Tensor, boxes2: Tensor, fmt: str = "xyxy") -> Tensor:
    """Intersection over union of each box with each: shapes (N, 4) and (M, 4) to (N, M).

    >>> import rushlight as torch
    >>> from rushlight.vision.ops import box_iou
    >>> box_iou(torch.tensor([[0.0, 0, 2, 2]]), torch.tensor([[1.0, 0, 3, 2], [5, 5, 6, 6]]))
    tensor([[0.3333, 0.0000]])
    """
    if fmt not in _FORMATS:
        raise ValueError(f"box_iou: unknown format {fmt!r}; there are {_FORMATS}")
    if fmt != "xyxy":
        boxes1, boxes2 = (box_convert(b, fmt, "xyxy") for b in (boxes1, boxes2))
    common, union = intersection_and_union(*_pairs(boxes1, boxes2))
    return common / union


def generalized_box_iou(boxes1: Tensor, boxes2: Tensor) -> Tensor:
    """IoU less the part of the box around both that neither covers.

    Rezatofighi et al., arXiv:1902.09630.

    >>> import rushlight as torch
    >>> from rushlight.vision.ops import generalized_box_iou
    >>> generalized_box_iou(torch.tensor([[0.0, 0, 1, 1]]), torch.tensor([[1.0, 1, 2, 2]]))
    tensor([[-0.5000]])
    """
    a, b = _pairs(boxes1, boxes2)
    common, union = intersection_and_union(a, b)
    around = sides_of_hull(a, b).prod(-1)
    return common / union - (around - union) / around


def distance_box_iou(boxes1: Tensor, boxes2: Tensor, eps: float = 1e-7) -> Tensor:
    """IoU less the distance of the centres: Zheng et al., arXiv:1911.08287.

    The squared distance counts as a part of the squared diagonal of the box around both.

    >>> import rushlight as torch
    >>> from rushlight.vision.ops import distance_box_iou
    >>> distance_box_iou(torch.tensor([[0.0, 0, 1, 1]]), torch.tensor([[1.0, 1, 2, 2]]))
    tensor([[-0.2500]])
    """
    a, b = _pairs(boxes1, boxes2)
    return box_iou(boxes1, boxes2) - distance_of_centres(a, b, eps)


def complete_box_iou(boxes1: Tensor, boxes2: Tensor, eps: float = 1e-7) -> Tensor:
    """IoU less the distance of the centres and the difference of the shapes: arXiv:1911.08287.

    >>> import rushlight as torch
    >>> from rushlight.vision.ops import complete_box_iou
    >>> complete_box_iou(torch.tensor([[0.0, 0, 1, 1]]), torch.tensor([[0.0, 0, 1, 1]]))
    tensor([[1.]])
    """
    a, b = _pairs(boxes1, boxes2)
    iou = box_iou(boxes1, boxes2)
    return iou - distance_of_centres(a, b, eps) - difference_of_shapes(a, b, iou, eps)


def masks_to_boxes(masks: Tensor) -> Tensor:
    """The box around each mask's true elements: shape (N, H, W) to (N, 4), floats.

    The right and lower edges are those of the last element; a mask that is empty has zeros.

    >>> import rushlight as torch
    >>> from rushlight.vision.ops import masks_to_boxes
    >>> mask = torch.zeros(1, 5, 5)
    >>> mask[0, 1:3, 2:5] = 1
    >>> masks_to_boxes(mask)
    tensor([[2., 1., 4., 2.]])
    """
    if masks.numel() == 0:
        return rushlight.zeros((0, 4), device=masks.device)
    inside = masks.bool()
    rows, columns = inside.any(2).int(), inside.any(1).int()
    _, height, width = masks.shape
    right, lower = width - 1 - columns.flip(1).argmax(1), height - 1 - rows.flip(1).argmax(1)
    boxes = rushlight.stack([columns.argmax(1), rows.argmax(1), right, lower], 1).float()
    boxes[~rows.any(1)] = 0
    return boxes
