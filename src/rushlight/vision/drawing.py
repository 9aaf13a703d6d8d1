"""Boxes and masks drawn into images."""

from __future__ import annotations

import math
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


def draw_keypoints(
    image: Tensor,
    keypoints: Tensor,
    connectivity: Sequence[tuple[int, int]] | None = None,
    colors: Colour | None = None,
    radius: int = 2,
    width: int = 3,
    visibility: Tensor | None = None,
) -> Tensor:
    """The image (3, H, W) with points (instances, K, 2), each (x, y), as discs of a radius.

    `connectivity` are pairs of numbers of points, between which white lines of `width` are drawn.
    Points that are not visible, by `visibility` (instances, K), are left out, as are their lines.

    >>> import rushlight as torch
    >>> from rushlight.vision.utils import draw_keypoints
    >>> black = torch.zeros(3, 3, 4, dtype=torch.uint8)
    >>> draw_keypoints(black, torch.tensor([[[2, 1]]]), colors="red", radius=1)[0]
    tensor([[  0,   0, 255,   0],
            [  0, 255, 255, 255],
            [  0,   0, 255,   0]], dtype=torch.uint8)
    """
    _check(image, (3,), "Pass an RGB image. Other Image formats are not supported")
    if keypoints.ndim != 3:
        raise ValueError("keypoints must be of shape (num_instances, K, 2)")
    if visibility is None:
        visibility = rushlight.ones(keypoints.shape[:-1], dtype=rushlight.bool)
    if visibility.ndim == 3:
        visibility = visibility.squeeze(-1)
    if visibility.shape != keypoints.shape[:-1]:
        raise ValueError(
            "keypoints and visibility must have the same dimensionality for num_instances and K. "
            f"Got visibility.shape={visibility.shape} and keypoints.shape={keypoints.shape}"
        )
    picture = to_pil_image(convert_image_dtype(image, rushlight.uint8))
    from PIL import ImageDraw

    draw: Any = ImageDraw.Draw(picture)
    for points, seen in zip(keypoints.long().tolist(), visibility.bool().tolist(), strict=True):
        for (x, y), is_seen in zip((point[:2] for point in points), seen, strict=True):
            if is_seen:
                around = [x - radius, y - radius, x + radius, y + radius]
                draw.ellipse(around, fill=colors, outline=None, width=0)
        for first, second in connectivity or ():
            if seen[first] and seen[second]:
                line = [(points[end][0], points[end][1]) for end in (first, second)]
                draw.line(line, width=width)  # in white, whatever the colour of points
    return convert_image_dtype(pil_to_tensor(picture), image.dtype)


def flow_to_image(flow: Tensor) -> Tensor:
    """Where pixels move to, as colours: the hue is the direction, the saturation the distance.

    Shape (2, H, W) or (N, 2, H, W), to the right and down, float32, to (3, H, W) or (N, 3, H, W)
    of bytes. The farthest of all has full saturation. The colours are those of Baker et al., A
    Database and Evaluation Methodology for Optical Flow, ICCV 2007.

    >>> import rushlight as torch
    >>> from rushlight.vision.utils import flow_to_image
    >>> flow_to_image(torch.tensor([1.0, 0.0]).reshape(2, 1, 1)).flatten()
    tensor([255,   0,   0], dtype=torch.uint8)
    """
    if flow.dtype is not rushlight.float32:
        raise ValueError(f"Flow should be of dtype torch.float, got {flow.dtype}.")
    if flow.ndim not in (3, 4) or flow.shape[-3] != 2:
        raise ValueError(
            f"Input flow should have shape (2, H, W) or (N, 2, H, W), got {flow.shape}."
        )
    farthest = flow.square().sum(-3).sqrt().max()
    x, y = (flow / (farthest + rushlight.finfo(flow.dtype).eps)).unbind(-3)
    wheel = _colour_wheel().to(flow.device) / 255
    place = (rushlight.atan2(-y, -x) / math.pi + 1) / 2 * (len(wheel) - 1)
    before = place.floor()
    share = (place - before).unsqueeze(-1)
    numbers = before.long()
    colour = (1 - share) * wheel[numbers] + share * wheel[(numbers + 1) % len(wheel)]
    saturation = (x.square() + y.square()).sqrt().unsqueeze(-1)
    colour = 1 - saturation * (1 - colour)
    return (255 * colour).floor().to(rushlight.uint8).movedim(-1, -3).contiguous()


def _colour_wheel() -> Tensor:
    """55 colours (red, green, blue) in a circle, closer to each other where eyes see less."""
    rows = []
    # From red to yellow, green, cyan, blue, magenta and back: steps, what changes, and how.
    for count, changed, rises, full in (
        (15, 1, True, 0), (6, 0, False, 1), (4, 2, True, 1), (11, 1, False, 2), (13, 0, True, 2),
        (6, 2, False, 0),
    ):  # fmt: skip
        for step in range(count):
            value = 255 * step // count
            row = [0, 0, 0]
            row[full] = 255
            row[changed] = value if rises else 255 - value
            rows.append(row)
    return rushlight.tensor(rows, dtype=rushlight.float32)
