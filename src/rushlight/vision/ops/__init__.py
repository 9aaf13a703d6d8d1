"""Boxes around things in images, with torchvision's names."""

from .boxes import (
    box_area,
    box_convert,
    box_iou,
    complete_box_iou,
    distance_box_iou,
    generalized_box_iou,
    nms,
)

__all__ = [
    "box_area", "box_convert", "box_iou", "complete_box_iou", "distance_box_iou",
    "generalized_box_iou", "nms",
]  # fmt: skip
