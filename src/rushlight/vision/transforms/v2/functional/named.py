"""What functions do with plain tensors of boxes and key points, under torchvision's names.

`resize` of boxes is `resize_bounding_boxes`, which is told all that `BoundingBoxes` would know.
"""

from __future__ import annotations

from typing import Any

from .....tensor import Tensor
from ....tv_tensors import BoundingBoxes, BoundingBoxFormat, KeyPoints, plain
from .dispatch import functions

# The arguments after the tensor, in order.
_ARGUMENTS = {
    "horizontal_flip_bounding_boxes": "format canvas_size",
    "vertical_flip_bounding_boxes": "format canvas_size",
    "resize_bounding_boxes": "canvas_size size max_size format clamping_mode",
    "affine_bounding_boxes": "format canvas_size angle translate scale shear center clamping_mode",
    "rotate_bounding_boxes": "format canvas_size angle expand center clamping_mode",
    "pad_bounding_boxes": "format canvas_size padding padding_mode clamping_mode",
    "crop_bounding_boxes": "format top left height width clamping_mode",
    "center_crop_bounding_boxes": "format canvas_size output_size clamping_mode",
    "resized_crop_bounding_boxes": "format top left height width size clamping_mode",
    "perspective_bounding_boxes":
        "format canvas_size startpoints endpoints coefficients clamping_mode",
    "elastic_bounding_boxes": "format canvas_size displacement clamping_mode",
    "horizontal_flip_keypoints": "canvas_size", "vertical_flip_keypoints": "canvas_size",
    "resize_keypoints": "size canvas_size max_size",
    "affine_keypoints": "canvas_size angle translate scale shear center",
    "rotate_keypoints": "canvas_size angle expand center",
    "pad_keypoints": "canvas_size padding padding_mode",
    "crop_keypoints": "top left height width",
    "center_crop_keypoints": "canvas_size output_size",
    "resized_crop_keypoints": "top left height width size",
    "perspective_keypoints": "canvas_size startpoints endpoints coefficients",
    "elastic_keypoints": "canvas_size displacement",
}  # fmt: skip
# Those that return the tensor alone; the others (tensor, canvas size).
_SAME_SIZE = ("horizontal_flip", "vertical_flip", "affine_bounding", "perspective", "elastic")


def named(name: str) -> Any:
    """The function of that name, or None."""
    if name in ("get_size_bounding_boxes", "get_size_keypoints"):
        return functions["get_size"]
    if name not in _ARGUMENTS:
        return None
    order = _ARGUMENTS[name].split()
    stem = name.removesuffix("_bounding_boxes").removesuffix("_keypoints")

    def kernel(tensor: Tensor, *args: Any, **kwargs: Any) -> Any:
        if len(args) > len(order):
            raise TypeError(f"{name}: it takes a tensor and {', '.join(order)}")
        given = dict(zip(order, args, strict=False)) | kwargs
        said = {"canvas_size": given.pop("canvas_size", (0, 0))}  # which a crop does not ask for
        kind: Any = KeyPoints
        if name.endswith("boxes"):
            said["format"] = given.pop("format", BoundingBoxFormat.XYXY)
            said["clamping_mode"] = given.pop("clamping_mode", "soft")
            kind = BoundingBoxes
        rows = plain(tensor).reshape(-1, tensor.shape[-1])
        moved = functions[stem](kind(rows, **said), **given)
        result = plain(moved).reshape(tensor.shape)
        return result if name.startswith(_SAME_SIZE) else (result, moved.canvas_size)

    kernel.__name__ = kernel.__qualname__ = name
    return kernel
