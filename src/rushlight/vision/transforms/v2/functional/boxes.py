"""Boxes and key points: other formats, within the image, without those that are worth nothing."""

from __future__ import annotations

from typing import Any

import rushlight

from .....tensor import Tensor
from .... import tv_tensors
from ....tv_tensors import BoundingBoxes, BoundingBoxFormat, KeyPoints, is_rotated_bounding_format
from .formats import Canvas, clamped, corners, from_corners, from_turned_corners, turned_corners

Format = BoundingBoxFormat | str
plain = tv_tensors.plain


def convert_bounding_box_format(
    inpt: Tensor,
    old_format: Format | None = None,
    new_format: Format | None = None,
    inplace: bool = False,
) -> Tensor:
    """Boxes in another format; `old_format` is said of plain tensors alone.

    TypeError without a new format; ValueError between upright and turned formats, and where
    `old_format` is missing, or not asked for.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms.v2 import functional as F
    >>> F.convert_bounding_box_format(torch.tensor([[1, 2, 3, 4]]), "XYWH", "XYXY")
    tensor([[1, 2, 4, 6]])
    """
    if new_format is None:
        raise TypeError("convert_bounding_box_format() missing 1 required argument: 'new_format'")
    new = BoundingBoxFormat.named(new_format)
    if isinstance(inpt, BoundingBoxes):
        if old_format is not None:
            raise ValueError("For bounding box tv_tensor inputs, `old_format` must not be passed.")
        converted = _converted(plain(inpt), inpt.format, new)
        return tv_tensors.wrap(converted, like=inpt, format=new)
    _check_plain(inpt, "a bounding box")
    if old_format is None:
        raise ValueError("For pure tensor inputs, `old_format` has to be passed.")
    converted = _converted(inpt, BoundingBoxFormat.named(old_format), new)
    return inpt.copy_(converted) if inplace else converted


def _check_plain(inpt: Any, kind: str) -> None:
    if not isinstance(inpt, Tensor) or isinstance(inpt, tv_tensors.TVTensor):
        raise TypeError(
            f"Input can either be a plain tensor or {kind} tv_tensor, but got {type(inpt)} instead."
        )


def _converted(boxes: Tensor, old: BoundingBoxFormat, new: BoundingBoxFormat) -> Tensor:
    if is_rotated_bounding_format(old) != is_rotated_bounding_format(new):
        raise ValueError("Cannot convert between rotated and unrotated bounding boxes.")
    if old is new:
        return boxes.clone()
    if is_rotated_bounding_format(old):
        return from_turned_corners(turned_corners(boxes, old), new)
    return from_corners(corners(boxes, old), new)


def clamp_bounding_boxes(
    inpt: Tensor,
    format: Format | None = None,
    canvas_size: Canvas | None = None,
    clamping_mode: str | None = "auto",
) -> Tensor:
    """Upright boxes cut at the edges of the image, (height, width).

    All but the boxes is said of plain tensors alone: ValueError otherwise. `clamping_mode` "auto"
    is that of the boxes; None leaves them as they are.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms.v2 import functional as F
    >>> boxes = torch.tensor([[-1, 2, 3, 4]])
    >>> F.clamp_bounding_boxes(boxes, format="XYXY", canvas_size=(3, 9), clamping_mode="hard")
    tensor([[0, 2, 3, 3]])
    """
    if clamping_mode not in (None, "auto", "hard", "soft"):
        raise ValueError(f"clamping_mode must be soft, hard, auto or None, got {clamping_mode}")
    if isinstance(inpt, BoundingBoxes):
        if format is not None or canvas_size is not None:
            raise ValueError(
                "For bounding box tv_tensor inputs, `format` and `canvas_size` must not be passed."
            )
        mode = inpt.clamping_mode if clamping_mode == "auto" else clamping_mode
        return tv_tensors.wrap(_cut(plain(inpt), inpt.format, inpt.canvas_size, mode), like=inpt)
    _check_plain(inpt, "a bounding box")
    if format is None or canvas_size is None or clamping_mode == "auto":
        raise ValueError(
            "For pure tensor inputs, `format`, `canvas_size` and `clamping_mode` have to be passed."
        )
    return _cut(inpt, BoundingBoxFormat.named(format), canvas_size, clamping_mode)


def _cut(boxes: Tensor, format: BoundingBoxFormat, canvas: Canvas, mode: str | None) -> Tensor:
    if mode is None:
        return boxes.clone()
    if is_rotated_bounding_format(format):
        raise NotImplementedError(
            f"clamp_bounding_boxes: boxes of the format {format.value}, which are turned, are not "
            "clamped; clamping_mode=None leaves them as they are"
        )
    values = boxes if boxes.is_floating_point() else boxes.float()
    return from_corners(clamped(corners(values, format), canvas), format).to(boxes.dtype)


def clamp_keypoints(inpt: Tensor, canvas_size: Canvas | None = None) -> Tensor:
    """Key points outside of the image, (height, width), at the pixel of its edge that is nearest.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms.v2 import functional as F
    >>> F.clamp_keypoints(torch.tensor([[-1, 2], [8, 9]]), canvas_size=(4, 5))
    tensor([[0, 2],
            [4, 3]])
    """
    height, width = _canvas_of(inpt, canvas_size)
    points = plain(inpt)
    x, y = points.unbind(-1)
    cut = rushlight.stack([x.clamp(0, width - 1), y.clamp(0, height - 1)], -1)
    return tv_tensors.wrap(cut, like=inpt)


def _canvas_of(inpt: Tensor, canvas_size: Canvas | None) -> Canvas:
    if isinstance(inpt, KeyPoints):
        if canvas_size is not None:
            raise ValueError("For keypoints tv_tensor inputs, `canvas_size` must not be passed.")
        return inpt.canvas_size
    _check_plain(inpt, "a keypoints")
    if canvas_size is None:
        raise ValueError("For pure tensor inputs, `canvas_size` has to be passed.")
    return canvas_size


def sanitize_bounding_boxes(
    bounding_boxes: Tensor,
    format: Format | None = None,
    canvas_size: Canvas | None = None,
    min_size: float = 1.0,
    min_area: float = 1.0,
) -> tuple[Tensor, Tensor]:
    """The boxes that lie in the image and are as wide, as high and as large as is asked for, and a
    mask of which these are. Format and (height, width) are said of plain tensors alone.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms.v2 import functional as F
    >>> boxes = torch.tensor([[0, 0, 2, 2], [1, 1, 1, 1]])
    >>> F.sanitize_bounding_boxes(boxes, format="XYXY", canvas_size=(4, 4))
    (tensor([[0, 0, 2, 2]]), tensor([ True, False]))
    """
    if isinstance(bounding_boxes, BoundingBoxes):
        if format is not None or canvas_size is not None:
            raise ValueError(
                "format and canvas_size must be None if bounding_boxes is a tv_tensors."
                f"BoundingBoxes. Got format={format} and canvas_size={canvas_size}. Leave those to "
                "None or pass bounding_boxes as a pure tensor."
            )
        boxes, format = plain(bounding_boxes), bounding_boxes.format
        canvas_size = bounding_boxes.canvas_size
    else:
        if format is None or canvas_size is None:
            raise ValueError(
                "format and canvas_size cannot be None if bounding_boxes is a pure tensor. Got "
                f"format={format} and canvas_size={canvas_size}. Set those to appropriate values "
                "or pass bounding_boxes as a tv_tensors.BoundingBoxes object."
            )
        boxes, format = bounding_boxes, BoundingBoxFormat.named(format)
    valid = _valid(boxes, format, canvas_size, min_size, min_area)
    return tv_tensors.wrap(boxes[valid], like=bounding_boxes), valid


def _valid(
    boxes: Tensor, format: BoundingBoxFormat, canvas: Canvas, min_size: float, min_area: float
) -> Tensor:
    if is_rotated_bounding_format(format):
        raise NotImplementedError(
            f"sanitize_bounding_boxes: boxes of the format {format.value}, which are turned"
        )
    edges = corners(boxes, format)
    width, height = (edges[:, 2:] - edges[:, :2]).unbind(-1)
    large = (width >= min_size) & (height >= min_size) & (width * height >= min_area)
    x, y = edges[:, 0::2], edges[:, 1::2]
    inside = (x >= 0) & (x <= canvas[1]) & (y >= 0) & (y <= canvas[0])
    return large & inside.all(-1)


def sanitize_keypoints(
    key_points: Tensor, canvas_size: Canvas | None = None
) -> tuple[Tensor, Tensor]:
    """The key points in the image, (height, width), and a mask of which these are.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms.v2 import functional as F
    >>> F.sanitize_keypoints(torch.tensor([[1, 2], [8, 9]]), canvas_size=(4, 5))
    (tensor([[1, 2]]), tensor([ True, False]))
    """
    is_plain = isinstance(key_points, Tensor) and not isinstance(key_points, tv_tensors.TVTensor)
    if not is_plain and not isinstance(key_points, KeyPoints):
        raise ValueError(f"sanitize_keypoints: KeyPoints or a plain tensor, not {type(key_points)}")
    height, width = _canvas_of(key_points, canvas_size)
    points = plain(key_points)
    x, y = points.unbind(-1)
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    valid = inside.flatten(1).all(-1) if inside.ndim > 1 else inside
    return tv_tensors.wrap(points[valid], like=key_points), valid
