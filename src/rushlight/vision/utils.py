"""Images side by side, and images to files."""

from __future__ import annotations

import math
import os
from typing import Any

import rushlight

from ..errors import InvalidValueError, OperationError
from ..serialization.archive import replaced_when_complete
from ..tensor import Tensor
from .drawing import (
    draw_bounding_boxes,
    draw_keypoints,
    draw_segmentation_masks,
    flow_to_image,
)
from .pillow import require_pillow

__all__ = [
    "draw_bounding_boxes", "draw_keypoints", "draw_segmentation_masks", "flow_to_image",
    "make_grid", "save_image",
]  # fmt: skip


@rushlight.no_grad()
def make_grid(
    tensor: Tensor | list[Tensor],
    nrow: int = 8,
    padding: int = 2,
    normalize: bool = False,
    value_range: tuple[float, float] | None = None,
    scale_each: bool = False,
    pad_value: float = 0.0,
) -> Tensor:
    """One image (C, H, W) of a batch (N, C, H, W), `nrow` to a row, with `padding` pixels between.

    Grey images get three channels. `normalize` brings the values from `value_range`, or from their
    least and greatest (of each image by itself with `scale_each`), to 0 to 1. TypeError unless it
    is a tensor or a list of them, RuntimeError where they have several sizes, or where there are
    whole numbers to normalize.

    >>> import rushlight as torch
    >>> from rushlight.vision.utils import make_grid
    >>> make_grid(torch.zeros(10, 1, 28, 28)).shape
    torch.Size([3, 62, 242])
    """
    images = _batch(tensor)
    if normalize:
        if value_range is not None and not isinstance(value_range, tuple):
            raise TypeError(f"value_range has to be a tuple (min, max), not {value_range}")
        if not images.is_floating_point() and not images.is_complex():
            raise OperationError(
                f"make_grid: images of {images.dtype} cannot be normalized; convert by .float()"
            )
        images = images.clone()
        for part in images if scale_each else [images]:
            _normalize(part, value_range)
    count, channels, height, width = images.shape
    if count == 1:
        return images[0].clone()
    columns = min(nrow, count)
    rows = math.ceil(count / columns)
    height, width = height + padding, width + padding
    shape = (channels, rows * height + padding, columns * width + padding)
    grid = images.new_full(shape, pad_value)
    for i, image in enumerate(images):
        top, left = i // columns * height + padding, i % columns * width + padding
        grid[:, top : top + height - padding, left : left + width - padding] = image
    return grid


def _batch(tensor: Tensor | list[Tensor]) -> Tensor:
    """Images with four dimensions, and with three channels for grey ones."""
    if isinstance(tensor, list) and all(isinstance(t, Tensor) for t in tensor):
        images = rushlight.stack(tensor)
    elif isinstance(tensor, Tensor):
        images = tensor
    else:
        raise TypeError(f"tensor or list of tensors expected, got {type(tensor)}")
    if not 2 <= images.ndim <= 4:
        raise InvalidValueError(
            "make_grid takes images of shape (N, C, H, W), (C, H, W) or (H, W), not "
            f"{tuple(images.shape)}"
        )
    images = images[(None,) * (4 - images.ndim)]
    return images.expand(-1, 3, -1, -1) if images.shape[1] == 1 else images


def _normalize(images: Tensor, value_range: tuple[float, float] | None) -> None:
    low, high = value_range or (images.min().item(), images.max().item())
    images.clamp_(low, high).sub_(low).div_(max(high - low, 1e-5))


@rushlight.no_grad()
def save_image(
    tensor: Tensor | list[Tensor], fp: Any, format: str | None = None, **kwargs: Any
) -> None:
    """Writes an image, or the grid of a batch, with values from 0 to 1, to a path or file object.

    The kind of file follows from `format` or the path's ending; ValueError where Pillow knows none.
    `kwargs` are those of `make_grid`. A file that was there before is replaced only once the new
    one is complete.

    >>> import rushlight as torch
    >>> import os
    >>> from rushlight.vision.utils import save_image
    >>> save_image(torch.rand(4, 3, 8, 8), "grid.png", nrow=2)
    >>> os.path.exists("grid.png")
    True
    """
    pillow = require_pillow("saving images")
    grid = make_grid(tensor, **kwargs).mul(255).add_(0.5).clamp_(0, 255).permute(1, 2, 0)
    image = pillow.fromarray(grid.to("cpu", rushlight.uint8).contiguous().numpy())
    if hasattr(fp, "write"):
        image.save(fp, format=format)
        return
    path = os.fspath(fp)
    if format is None:
        ending = os.path.splitext(path)[1].lower()
        format = pillow.registered_extensions().get(ending)
        if format is None:
            raise ValueError(f"unknown file extension: {ending!r} of {path}; .png would do")
    with replaced_when_complete(path) as file:
        image.save(file, format=format)
