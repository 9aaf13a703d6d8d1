"""Boxes and masks drawn into images."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import rushlight

from ..tensor import Tensor
from .pillow import require_pillow
from .transforms.functional import convert_image_dtype, pil_to_tensor, to_pil_image

Colour = str | tuple[int, int, int]
Colours = Colour | list[Colour] | None


def _check(image: Any, channels: tuple[int, ...], said: str) -> None:
    if not isinstance(image, Tensor):
        raise TypeError(f"Tensor expected, got {type(image)}")
    if image.dtype != rushlight.uint8 and not image.is_floating_point():
        raise ValueError(f"The image dtype must be uint8 or float, got {image.dtype}")
    if image.ndim != 3:
        raise ValueError("Pass individual images, not batches")
    if image.shape[0] not in channels:
        raise ValueError(said)


def _colours(colours: Colours, count: int) -> list[tuple[int, ...]]:
    """Red, green and blue for each of `count` things."""
    if colours is None:  # far apart for numbers that follow each other
        return [tuple(i * step % 255 for step in (2**25 - 1, 2**15 - 1, 2**21 - 1))
                for i in range(count)]  # fmt: skip
    if isinstance(colours, list):
        if len(colours) < count:
            raise ValueError(
                "Number of colors must be equal or larger than the number of objects, but got "
                f"{len(colours)} < {count}."
            )
        several = colours
    elif isinstance(colours, (tuple, str)):
        if isinstance(colours, tuple) and len(colours) != 3:
            raise ValueError("If passed as tuple, colors should be an RGB triplet")
        several = [colours] * count
    else:
        raise ValueError("colors must be a tuple or a string, or a list thereof")
    require_pillow("drawing")
    from PIL import ImageColor

    return [ImageColor.getrgb(c)[:3] if isinstance(c, str) else c for c in several]


def draw_bounding_boxes(
    image: Tensor,
    boxes: Tensor,
    labels: Sequence[str] | None = None,
    colors: Colours = None,
    fill: bool | None = False,
    width: int = 1,
    font: str | None = None,
    font_size: int | None = None,
    label_colors: Colours = None,
    label_background_colors: Colours = None,
    fill_labels: bool = False,
) -> Tensor:
    """The image (1 or 3, H, W) with boxes (N, 4), each (x1, y1, x2, y2), and labels beside them.

    Bytes, or floats from 0 to 1, as given; a grey image becomes one of colours. Colours are names
    or (red, green, blue), one for all or a list. `font` is a TrueType file.

    >>> import rushlight as torch
    >>> from rushlight.vision.utils import draw_bounding_boxes
    >>> black = torch.zeros(3, 5, 5, dtype=torch.uint8)
    >>> draw_bounding_boxes(black, torch.tensor([[1, 1, 3, 3]]), colors="red")[0]
    tensor([[  0,   0,   0,   0,   0],
            [  0, 255, 255, 255,   0],
            [  0, 255,   0, 255,   0],
            [  0, 255, 255, 255,   0],
            [  0,   0,   0,   0,   0]], dtype=torch.uint8)
    """
    _check(image, (1, 3), "Only grayscale and RGB images are supported")
    if bool((boxes[:, :2] > boxes[:, 2:]).any()):
        raise ValueError(
            "Boxes need to be in (xmin, ymin, xmax, ymax) format. Use vision.ops.box_convert to "
            "convert them"
        )
    count = len(boxes)
    if count == 0:
        warnings.warn("boxes doesn't contain any box. No box was drawn", stacklevel=2)
        return image
    if labels is not None and len(labels) != count:
        raise ValueError(
            f"Number of boxes ({count}) and labels ({len(labels)}) mismatch. Please specify labels "
            "for each box."
        )
    outlines = _colours(colors, count)
    inks = outlines
    if label_colors or fill_labels:
        inks = _colours(label_colors or "black", count)
    grounds = outlines
    if fill_labels and label_background_colors:
        grounds = _colours(label_background_colors, count)
    written = _font(font, font_size)

    picture = to_pil_image(convert_image_dtype(image.expand(3, -1, -1), rushlight.uint8))
    from PIL import ImageDraw

    draw: Any = ImageDraw.Draw(picture, "RGBA" if fill else None)
    for number, box in enumerate(boxes.long().tolist()):
        outline = outlines[number]
        inside = (*outline, 100) if fill else None
        draw.rectangle(box, width=width, outline=outline, fill=inside)
        if labels is not None and labels[number] is not None:
            place = (box[0] + width + 1, box[1] + width + 1)
            if fill_labels:
                left, top, right, bottom = draw.textbbox(place, labels[number], font=written)
                around = (left - 1, top - 1, right + 1, bottom + 1)
                draw.rectangle(around, fill=grounds[number])
            draw.text(place, labels[number], fill=inks[number], font=written)
    return convert_image_dtype(pil_to_tensor(picture), image.dtype)


def _font(font: str | None, size: int | None) -> Any:
    require_pillow("drawing")
    from PIL import ImageFont

    if font is not None:
        return ImageFont.truetype(font=font, size=size or 10)
    if size is not None:
        warnings.warn(
            "Argument 'font_size' will be ignored since 'font' is not set.", stacklevel=3
        )
    return ImageFont.load_default()


def draw_segmentation_masks(
    image: Tensor, masks: Tensor, alpha: float = 0.8, colors: Colours = None
) -> Tensor:
    """The image (3, H, W) with each mask, (N, H, W) or (H, W) of bools, in a colour.

    Colours cover the image by `alpha`, from 0 to 1; where masks overlap they are black.

    >>> import rushlight as torch
    >>> from rushlight.vision.utils import draw_segmentation_masks
    >>> white = torch.full((3, 1, 2), 200, dtype=torch.uint8)
    >>> draw_segmentation_masks(white, torch.tensor([[True, False]]), 0.5, "black")[0]
    tensor([[100, 200]], dtype=torch.uint8)
    """
    _check(image, (3,), "Pass an RGB image. Other Image formats are not supported")
    if masks.ndim == 2:
        masks = masks[None]
    if masks.ndim != 3:
        raise ValueError("masks must be of shape (H, W) or (batch_size, H, W)")
    if masks.dtype != rushlight.bool:
        raise ValueError(f"The masks must be of dtype bool. Got {masks.dtype}")
    if masks.shape[-2:] != image.shape[-2:]:
        raise ValueError("The image and the masks must have the same height and width")
    if len(masks) == 0:
        warnings.warn("masks doesn't contain any mask. No mask was drawn", stacklevel=2)
        return image
    with rushlight.no_grad():
        covered = image.detach().clone()
        for mask, colour in zip(masks, _colours(colors, len(masks)), strict=False):
            values = rushlight.tensor(colour, dtype=rushlight.uint8, device=image.device)
            covered[:, mask] = convert_image_dtype(values, image.dtype)[:, None]
        covered[:, masks.sum(0) > 1] = 0
        return (image * (1 - alpha) + covered * alpha).to(image.dtype)
