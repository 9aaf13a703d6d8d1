"""Boxes in the formats that there are: corners, a corner and a size, the centre and a size."""

from __future__ import annotations

import rushlight

from .....tensor import Tensor
from ....tv_tensors import BoundingBoxFormat

Canvas = tuple[int, int]


def corners(boxes: Tensor, format: BoundingBoxFormat) -> Tensor:
    """Upright boxes (..., 4) as (left, upper, right, lower) edges."""
    if format is BoundingBoxFormat.XYXY:
        return boxes
    if format is BoundingBoxFormat.CXCYWH and not boxes.is_floating_point():
        return corners(boxes.float(), format).to(boxes.dtype)
    place, size = boxes[..., :2], boxes[..., 2:]
    if format is BoundingBoxFormat.CXCYWH:
        place = place - size / 2
    return rushlight.cat([place, place + size], -1)


def from_corners(boxes: Tensor, format: BoundingBoxFormat) -> Tensor:
    """What undoes `corners`."""
    if format is BoundingBoxFormat.XYXY:
        return boxes
    place = boxes[..., :2]
    size = boxes[..., 2:] - place
    if format is BoundingBoxFormat.CXCYWH:
        place = ((2 * place + size) / 2).to(boxes.dtype)
    return rushlight.cat([place, size], -1)


def clamped(boxes: Tensor, canvas_size: Canvas) -> Tensor:
    """Edges within an image (height, width)."""
    height, width = canvas_size
    x, y = boxes[..., 0::2].clamp(0, width), boxes[..., 1::2].clamp(0, height)
    return rushlight.stack([x[..., 0], y[..., 0], x[..., 1], y[..., 1]], -1)


# ---- turned boxes: by `angle` degrees counter-clockwise about their corner or centre


def _turned(angle: Tensor) -> tuple[Tensor, Tensor]:
    """The directions (x, y) of width and height."""
    cosine, sine = angle.deg2rad().cos(), angle.deg2rad().sin()
    return rushlight.cat([cosine, -sine], -1), rushlight.cat([sine, cosine], -1)


def turned_corners(boxes: Tensor, format: BoundingBoxFormat) -> Tensor:
    """Turned boxes as four corners (..., 8), from the first one clockwise."""
    if format is BoundingBoxFormat.XYXYXYXY:
        return boxes
    place, size, angle = boxes[..., :2], boxes[..., 2:4], boxes[..., 4:]
    across, down = (way * size[..., i : i + 1] for i, way in enumerate(_turned(angle)))
    if format is BoundingBoxFormat.CXCYWHR:
        place = place - across / 2 - down / 2
    return rushlight.cat([place, place + across, place + across + down, place + down], -1)


def from_turned_corners(boxes: Tensor, format: BoundingBoxFormat) -> Tensor:
    """What undoes `turned_corners`."""
    if format is BoundingBoxFormat.XYXYXYXY:
        return boxes
    place, across, down = boxes[..., :2], boxes[..., 2:4], boxes[..., 6:]
    across, down = across - place, down - place
    angle = rushlight.atan2(-across[..., 1:], across[..., :1]).rad2deg()
    if format is BoundingBoxFormat.CXCYWHR:
        place = place + across / 2 + down / 2
    size = [way.norm(dim=-1, keepdim=True) for way in (across, down)]
    return rushlight.cat([place, *size, angle], -1)
