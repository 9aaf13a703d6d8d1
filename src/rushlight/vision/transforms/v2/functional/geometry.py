"""Images at another size or place, with the boxes, masks and key points in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import rushlight

from .....tensor import Tensor
from ....pillow import is_pillow_image
from ....tv_tensors import BoundingBoxes, KeyPoints
from ...functional import InterpolationMode, cropping, geometry, images
from .dispatch import Canvas, Move, Rule, kernel_of, moves, of_everything, of_images

BILINEAR = InterpolationMode.BILINEAR
Fill = float | Sequence[float] | None
Points = Sequence[Sequence[int]] | None


# ---- mirrored

horizontal_flip = hflip = of_everything(cropping.hflip, name="horizontal_flip")
vertical_flip = vflip = of_everything(cropping.vflip, name="vertical_flip")


def _mirrored(axis: str, last: int) -> Rule:
    """Edges of boxes lie between pixels, from 0 to the width; key points on them, one less."""

    def rule(canvas: Canvas) -> Move:
        height, width = canvas
        if axis == "x":
            return Move(lambda x, y: (width - last - x, y), canvas, mirrors="x", clamps=False)
        return Move(lambda x, y: (x, height - last - y), canvas, mirrors="y", clamps=False)

    return rule


for _flip, _axis in ((horizontal_flip, "x"), (vertical_flip, "y")):
    moves(_flip, BoundingBoxes)(_mirrored(_axis, 0))
    moves(_flip, KeyPoints)(_mirrored(_axis, 1))


# ---- at another size


@of_everything
def resize(
    inpt: Any,
    size: int | Sequence[int] | None,
    interpolation: InterpolationMode = BILINEAR,
    max_size: int | None = None,
    antialias: bool | None = True,
) -> Any:
    """The image at another size: (height, width), or one number for the shorter edge.

    `max_size` bounds the longer edge then, and is its length where `size` is None. Without
    `antialias` a tensor that is made smaller loses pixels. ValueError for sizes that make no sense.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms.v2 import functional as F
    >>> F.resize(torch.ones(1, 20, 40), 10).shape
    torch.Size([1, 10, 20])
    """
    return cropping.resized(inpt, size, interpolation, max_size, antialias, rounds=True)


@moves(resize)
def _(
    canvas: Canvas,
    size: int | Sequence[int] | None,
    interpolation: Any = None,
    max_size: int | None = None,
    antialias: bool | None = True,
) -> Move:
    height, width = canvas
    new_height, new_width = cropping.resized_size(height, width, size, max_size)
    across, down = new_width / width, new_height / height
    return Move(lambda x, y: (x * across, y * down), (new_height, new_width), clamps=False)


crop = of_everything(cropping.crop)


@moves(crop)
def _crop(canvas: Canvas, top: int, left: int, height: int, width: int) -> Move:
    return Move(lambda x, y: (x - left, y - top), (height, width))


center_crop = of_everything(cropping.center_crop)


@moves(center_crop)
def _(canvas: Canvas, output_size: int | Sequence[int]) -> Move:
    height, width = cropping.two_sizes(output_size)
    top, left = round((canvas[0] - height) / 2), round((canvas[1] - width) / 2)
    return _crop(canvas, top, left, height, width)


@of_everything
def resized_crop(
    inpt: Any,
    top: int,
    left: int,
    height: int,
    width: int,
    size: int | Sequence[int],
    interpolation: InterpolationMode = BILINEAR,
    antialias: bool | None = True,
) -> Any:
    """`crop`, then `resize`.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms.v2 import functional as F
    >>> F.resized_crop(torch.ones(1, 20, 40), 2, 3, 10, 10, (5, 5)).shape
    torch.Size([1, 5, 5])
    """
    part = cropping.crop(inpt, top, left, height, width)
    return cropping.resized(part, size, interpolation, None, antialias, rounds=True)


@kernel_of(resized_crop, BoundingBoxes, KeyPoints)
def _(
    inpt: BoundingBoxes | KeyPoints,
    top: int,
    left: int,
    height: int,
    width: int,
    size: int | Sequence[int],
    interpolation: Any = None,
    antialias: bool | None = True,
) -> Any:
    return resize(crop(inpt, top, left, height, width), size)


five_crop = of_images(cropping.five_crop)
ten_crop = of_images(cropping.ten_crop)


@of_everything
def pad(
    inpt: Any,
    padding: int | Sequence[int],
    fill: Fill = None,
    padding_mode: str = "constant",
) -> Any:
    """The image with `padding` more pixels on its sides: one number, (left-right, top-bottom), or
    (left, top, right, bottom).

    `padding_mode` is constant (`fill`, one number or one for each channel), edge, reflect or
    symmetric: ValueError for the last three with boxes and key points.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms.v2 import functional as F
    >>> F.pad(torch.tensor([[[1, 2]]]), (1, 0), fill=9)
    tensor([[[9, 1, 2, 9]]])
    """
    fill = 0 if fill is None else fill
    if not isinstance(inpt, Tensor) or not isinstance(fill, Sequence):
        return cropping.pad(inpt, padding, fill, padding_mode)
    if padding_mode != "constant":
        raise ValueError(f"Padding mode '{padding_mode}' is not supported if fill is not scalar")
    if len(fill) not in (1, inpt.shape[-3]):
        raise RuntimeError(
            f"pad: a fill of {len(fill)} values for an image of {inpt.shape[-3]} channels"
        )
    fills = list(fill) * (inpt.shape[-3] // len(fill))
    channels = zip(inpt.unbind(-3), fills, strict=True)
    padded = [cropping.pad(channel, padding, value) for channel, value in channels]
    return rushlight.stack(padded, -3)


@moves(pad)
def _(
    canvas: Canvas,
    padding: int | Sequence[int],
    fill: Fill = None,
    padding_mode: str = "constant",
) -> Move:
    if padding_mode != "constant":
        raise ValueError(
            f"Padding mode '{padding_mode}' is not supported with bounding boxes and key points"
        )
    left, top, right, bottom = cropping.sides_of(padding)
    size = canvas[0] + top + bottom, canvas[1] + left + right
    return Move(lambda x, y: (x + left, y + top), size)


@of_images
def erase(inpt: Any, i: int, j: int, h: int, w: int, v: Tensor, inplace: bool = False) -> Any:
    """The image with the values `v` in a rectangle of height h and width w at (i, j).

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms.v2 import functional as F
    >>> F.erase(torch.ones(1, 1, 3), 0, 1, 1, 1, torch.zeros(1))
    tensor([[[1., 0., 1.]]])
    """
    if is_pillow_image(inpt):
        erased = cropping.erase(images.pil_to_tensor(inpt), i, j, h, w, v)
        return images.to_pil_image(erased, mode=inpt.mode)
    return cropping.erase(inpt, i, j, h, w, v, inplace)


# ---- turned, sheared, seen from elsewhere

affine = of_everything(geometry.affine)


@moves(affine)
def _(
    canvas: Canvas,
    angle: float,
    translate: Sequence[float],
    scale: float,
    shear: float | Sequence[float],
    interpolation: Any = None,
    fill: Fill = None,
    center: Sequence[float] | None = None,
) -> Move:
    shears = geometry.check_affine(angle, translate, scale, shear, center)
    middle = [canvas[1] * 0.5, canvas[0] * 0.5] if center is None else center
    backwards = geometry.inverse_affine_matrix(middle, angle, translate, scale, shears)
    return Move(_linear(_inverse(backwards)), canvas, turns=True)


def _inverse(backwards: Sequence[float]) -> np.ndarray[Any, Any]:
    """Where points come to lie, of where pixels come from: six or eight numbers as (3, 3)."""
    rest = [0.0, 0.0, 1.0] if len(backwards) == 6 else [1.0]
    return np.linalg.inv(np.reshape([*backwards, *rest], (3, 3)))


def _linear(matrix: np.ndarray[Any, Any]) -> Any:
    """A matrix (3, 3) as what it does to points, (x, y) in perspective where its last row says."""
    (a, b, c), (d, e, f), (g, h, i) = matrix.tolist()

    def point(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        moved = a * x + b * y + c, d * x + e * y + f
        if (g, h, i) == (0.0, 0.0, 1.0):
            return moved
        depth = g * x + h * y + i
        return moved[0] / depth, moved[1] / depth

    return point


@of_everything
def rotate(
    inpt: Any,
    angle: float,
    interpolation: InterpolationMode = InterpolationMode.NEAREST,
    expand: bool = False,
    center: Sequence[float] | None = None,
    fill: Fill = None,
) -> Any:
    """The image turned counter-clockwise by `angle` degrees, in its own size or, with `expand`, in
    one that holds all of it.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms.v2 import functional as F
    >>> F.rotate(torch.tensor([[[1.0, 2.0], [3.0, 4.0]]]), 90)
    tensor([[[2., 4.],
             [1., 3.]]])
    """
    turns = _quarters(angle, center)
    if isinstance(inpt, Tensor) and turns is not None:
        height, width = inpt.shape[-2:]
        if turns % 2 == 0 or expand or height == width:  # as Pillow does
            return inpt.rot90(turns, (-2, -1))
    return geometry.rotate(inpt, angle, interpolation, expand, center, fill)


def _quarters(angle: float, center: Sequence[float] | None) -> int | None:
    """How many quarters of a turn about the middle it is, from 0 to 3, if it is such."""
    geometry.check_turn(angle, center)
    turns, rest = divmod(angle % 360, 90)
    return int(turns) if center is None and rest == 0 else None


@moves(rotate)
def _(
    canvas: Canvas,
    angle: float,
    interpolation: Any = None,
    expand: bool = False,
    center: Sequence[float] | None = None,
    fill: Fill = None,
) -> Move:
    height, width = canvas
    turns = _quarters(angle, center)
    middle = [width * 0.5, height * 0.5] if center is None else center
    backwards = geometry.inverse_affine_matrix(middle, -angle, (0, 0), 1.0, (0, 0))
    matrix = _inverse(backwards)
    if expand:
        # The corners of the image decide where the new one begins. Its size is torchvision's of
        # boxes, which may be a pixel less than that of the image; of quarters it is known.
        edges = np.array([[0, 0, width, width], [0, height, 0, height], [1, 1, 1, 1]])
        matrix[:2, 2] -= (matrix @ edges)[:2].min(axis=1)
        if turns is None:
            canvas = geometry.turned_size(backwards, height, width)
        elif turns % 2:
            canvas = width, height
    return Move(_linear(matrix), canvas, turns=True)


@of_everything
def perspective(
    inpt: Any,
    startpoints: Points,
    endpoints: Points,
    interpolation: InterpolationMode = BILINEAR,
    fill: Fill = None,
    coefficients: Sequence[float] | None = None,
) -> Any:
    """The image seen so that its corners `startpoints` come to lie at `endpoints`.

    Both are four points (x, y): top-left, top-right, bottom-right, bottom-left; or None, with the
    eight `coefficients` that follow from them.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms.v2 import functional as F
    >>> corners = [[0, 0], [3, 0], [3, 3], [0, 3]]
    >>> F.perspective(torch.ones(1, 4, 4), corners, corners).sum()
    tensor(16.)
    """
    found = _coefficients(startpoints, endpoints, coefficients)
    return geometry.seen(inpt, found, interpolation, fill)


def _coefficients(
    startpoints: Points, endpoints: Points, coefficients: Sequence[float] | None
) -> Sequence[float]:
    if coefficients is None:
        if startpoints is None or endpoints is None:
            raise ValueError(
                "Either the startpoints/endpoints or the coefficients must have non `None` values."
            )
        return geometry.perspective_coefficients(startpoints, endpoints)
    if startpoints is not None and endpoints is not None:
        raise ValueError("The startpoints/endpoints and the coefficients shouldn't be both given.")
    if len(coefficients) != 8:
        raise ValueError("Argument coefficients should have 8 float values")
    return coefficients


@moves(perspective)
def _(
    canvas: Canvas,
    startpoints: Points,
    endpoints: Points,
    interpolation: Any = None,
    fill: Fill = None,
    coefficients: Sequence[float] | None = None,
) -> Move:
    backwards = _coefficients(startpoints, endpoints, coefficients)
    return Move(_linear(_inverse(backwards)), canvas, turns=True)


elastic = elastic_transform = of_everything(geometry.elastic_transform, name="elastic")


def _displaced(rounded: Callable[[Tensor], Tensor]) -> Rule:
    """A point moves against the displacement of a pixel beside it."""

    def rule(
        canvas: Canvas, displacement: Tensor, interpolation: Any = None, fill: Fill = None
    ) -> Move:
        geometry.check_displacement(displacement, canvas)
        height, width = canvas
        grid = geometry.identity_grid(canvas).to(displacement) - displacement

        def point(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
            column = rounded(x).long().clamp(0, width - 1)
            row = rounded(y).long().clamp(0, height - 1)
            new_x, new_y = ((grid.to(x)[0, row, column] + 1) * 0.5).unbind(-1)
            return new_x * width - 0.5, new_y * height - 0.5

        return Move(point, canvas, turns=True, whole=True)

    return rule


moves(elastic, BoundingBoxes)(_displaced(Tensor.ceil))
moves(elastic, KeyPoints)(_displaced(Tensor.floor))
