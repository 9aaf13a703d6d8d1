"""Areas, overlaps and formats of boxes: N x 4 tensors of corners (x1, y1, x2, y2)."""

from __future__ import annotations

import math

import rushlight

from ...tensor import Tensor


def box_area(boxes: Tensor) -> Tensor:
    """The areas of boxes.

    >>> import rushlight as torch
    >>> from rushlight.vision.ops import box_area
    >>> box_area(torch.tensor([[0.0, 0.0, 2.0, 3.0]]))
    tensor([6.])
    """
    boxes = _wide(boxes)
    return (boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])


def _wide(boxes: Tensor) -> Tensor:
    """In a dtype that holds products of the coordinates."""
    if boxes.is_floating_point():
        return boxes if boxes.dtype in (rushlight.float32, rushlight.float64) else boxes.float()
    return boxes if boxes.dtype in (rushlight.int32, rushlight.int64) else boxes.int()


def _overlaps(boxes1: Tensor, boxes2: Tensor) -> tuple[Tensor, Tensor]:
    """The areas that pairs of boxes share, and those that they cover together: N x M."""
    first = _wide(rushlight.maximum(boxes1[:, None, :2], boxes2[:, :2]))
    last = _wide(rushlight.minimum(boxes1[:, None, 2:], boxes2[:, 2:]))
    sides = (last - first).clamp(min=0)
    shared = sides[..., 0] * sides[..., 1]
    return shared, box_area(boxes1)[:, None] + box_area(boxes2) - shared


def _hull(boxes1: Tensor, boxes2: Tensor) -> Tensor:
    """The sides of the least boxes around pairs of boxes: N x M x 2."""
    first = rushlight.minimum(boxes1[:, None, :2], boxes2[:, :2])
    last = rushlight.maximum(boxes1[:, None, 2:], boxes2[:, 2:])
    return (_wide(last) - _wide(first)).clamp(min=0)


def box_iou(boxes1: Tensor, boxes2: Tensor) -> Tensor:
    """What pairs of boxes share, as a part of what they cover together: N x M numbers, 0 to 1.

    >>> import rushlight as torch
    >>> from rushlight.vision.ops import box_iou
    >>> box_iou(torch.tensor([[0.0, 0.0, 2.0, 2.0]]), torch.tensor([[1.0, 0.0, 3.0, 2.0]]))
    tensor([[0.3333]])
    """
    shared, union = _overlaps(boxes1, boxes2)
    return shared / union


def generalized_box_iou(boxes1: Tensor, boxes2: Tensor) -> Tensor:
    """`box_iou` less the part of the least box around both that neither covers.

    Rezatofighi et al., 2019, arXiv:1902.09630.
    """
    shared, union = _overlaps(boxes1, boxes2)
    sides = _hull(boxes1, boxes2)
    area = sides[..., 0] * sides[..., 1]
    return shared / union - (area - union) / area


def distance_box_iou(boxes1: Tensor, boxes2: Tensor, eps: float = 1e-7) -> Tensor:
    """`box_iou` less the squared distance of the centres, relative to the box around both.

    Zheng et al., 2019, arXiv:1911.08287.
    """
    sides = _hull(boxes1, boxes2)
    diagonal = sides[..., 0] ** 2 + sides[..., 1] ** 2 + eps
    centres = [(_wide(b)[:, :2] + _wide(b)[:, 2:]) / 2 for b in (boxes1, boxes2)]
    apart = ((centres[0][:, None] - centres[1]) ** 2).sum(-1)
    return box_iou(boxes1, boxes2) - apart / diagonal


def complete_box_iou(boxes1: Tensor, boxes2: Tensor, eps: float = 1e-7) -> Tensor:
    """`distance_box_iou` less a measure of how far the shapes differ, arXiv:1911.08287."""
    iou = box_iou(boxes1, boxes2)
    shapes = [
        rushlight.atan((_wide(b)[:, 2] - _wide(b)[:, 0]) / (_wide(b)[:, 3] - _wide(b)[:, 1]))
        for b in (boxes1, boxes2)
    ]
    difference = (4 / math.pi**2) * (shapes[0][:, None] - shapes[1]) ** 2
    with rushlight.no_grad():
        weight = difference / (1 - iou + difference + eps)
    return distance_box_iou(boxes1, boxes2, eps) - weight * difference


def box_convert(boxes: Tensor, in_fmt: str, out_fmt: str) -> Tensor:
    """Boxes in another format: "xyxy" corners, "xywh" corner and sizes, "cxcywh" centre and sizes.

    >>> import rushlight as torch
    >>> from rushlight.vision.ops import box_convert
    >>> box_convert(torch.tensor([1.0, 2.0, 4.0, 8.0]), "xyxy", "cxcywh")
    tensor([2.5000, 5.0000, 3.0000, 6.0000])
    """
    formats = ("xyxy", "xywh", "cxcywh")
    if in_fmt not in formats or out_fmt not in formats:
        raise ValueError(
            f"Unsupported Bounding Box Conversions for given in_fmt {in_fmt} and out_fmt {out_fmt}"
        )
    if in_fmt == out_fmt:
        return boxes.clone()
    first, second = boxes[..., :2], boxes[..., 2:]
    if in_fmt == "xywh":
        first, second = first, first + second
    elif in_fmt == "cxcywh":
        first, second = first - 0.5 * second, first + 0.5 * second
    if out_fmt == "xywh":
        second = second - first
    elif out_fmt == "cxcywh":
        first, second = (first + second) / 2, second - first
    return rushlight.cat([first, second], -1)


def nms(boxes: Tensor, scores: Tensor, iou_threshold: float) -> Tensor:
    """The places of boxes that overlap no better one by more than a part, the best first.

    >>> import rushlight as torch
    >>> from rushlight.vision.ops import nms
    >>> boxes = torch.tensor([[0.0, 0.0, 2.0, 2.0], [0.0, 0.0, 2.0, 1.9], [5.0, 5.0, 6.0, 6.0]])
    >>> nms(boxes, torch.tensor([0.5, 0.9, 0.1]), 0.5)
    tensor([1, 2])
    """
    order = scores.argsort(descending=True, stable=True)
    overlap = (box_iou(boxes[order], boxes[order]) > iou_threshold).numpy()
    kept: list[int] = []
    alive = [True] * len(overlap)
    for i, row in enumerate(overlap):
        if alive[i]:
            kept.append(i)
            alive = [a and not bool(o) for a, o in zip(alive, row, strict=True)]
    return order[kept] if kept else order[:0]
