"""Images turned, sheared, seen from elsewhere: Pillow's by Pillow, tensors by sampling."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

import rushlight

from ....nn import functional as nn_functional
from ....tensor import Tensor
from ...pillow import is_pillow_image
from .cropping import fill_colour
from .images import PILLOW_RESAMPLING, InterpolationMode, image_size, limits

Fill = float | Sequence[float] | None


def _mode(interpolation: Any, known: tuple[str, ...] | None = None) -> str:
    interpolation = InterpolationMode(interpolation)
    if known is not None and interpolation.value not in known:
        raise ValueError(
            f"Interpolation mode '{interpolation.value}' is unsupported with Tensor input"
        )
    return interpolation.value


def inverse_affine_matrix(
    center: Sequence[float], angle: float, translate: Sequence[float], scale: float,
    shear: Sequence[float],
) -> list[float]:  # fmt: skip
    """Where a pixel of the result comes from: six numbers, two rows of (x, y, 1).

    The image is sheared along x, then along y, scaled, turned clockwise about `center`, and moved.
    """
    turn = math.radians(angle)
    along_x, along_y = (math.radians(part) for part in shear)
    a = math.cos(turn - along_y) / math.cos(along_y)
    b = -a * math.tan(along_x) - math.sin(turn)
    c = math.sin(turn - along_y) / math.cos(along_y)
    d = -c * math.tan(along_x) + math.cos(turn)
    # The determinant of the four is 1.
    matrix = [d / scale, -b / scale, 0.0, -c / scale, a / scale, 0.0]
    for row, back in ((0, center[0]), (3, center[1])):
        moved = [-(center[i] + translate[i]) for i in (0, 1)]
        matrix[row + 2] = matrix[row] * moved[0] + matrix[row + 1] * moved[1] + back
    return matrix


def affine(
    img: Any,
    angle: float,
    translate: Sequence[float],
    scale: float,
    shear: float | Sequence[float],
    interpolation: InterpolationMode = InterpolationMode.NEAREST,
    fill: Fill = None,
    center: Sequence[float] | None = None,
) -> Any:
    """The image sheared, scaled, turned clockwise by `angle` degrees, and moved, in its own size.

    `shear` is in degrees, along x or along (x, y); `center` is (x, y), the image's where it is
    None. What comes from outside of the image is `fill`.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import functional
    >>> functional.affine(torch.tensor([[[1.0, 2.0, 3.0]]]), 0, (1, 0), 1.0, 0)
    tensor([[[0., 1., 2.]]])
    """
    mode = _mode(interpolation)
    shears = check_affine(angle, translate, scale, shear, center)
    height, width = image_size(img)
    if is_pillow_image(img):
        pivot = [width * 0.5, height * 0.5] if center is None else center
        matrix = inverse_affine_matrix(pivot, angle, translate, scale, shears)
        return _transformed(img, 0, matrix, mode, fill)  # 0: AFFINE
    matrix = inverse_affine_matrix(_from_middle(center, img), angle, translate, scale, shears)
    return sampled(img, _affine_grid(img, matrix, (height, width)), mode, fill)


def check_affine(
    angle: float,
    translate: Sequence[float],
    scale: float,
    shear: float | Sequence[float],
    center: Sequence[float] | None,
) -> list[float]:
    """TypeError or ValueError for what is no argument of `affine`; the shears along x and y."""
    check_turn(angle, center)
    if not isinstance(translate, Sequence):
        raise TypeError("Argument translate should be a sequence")
    if len(translate) != 2:
        raise ValueError("Argument translate should be a sequence of length 2")
    if scale <= 0.0:
        raise ValueError("Argument scale should be positive")
    if not isinstance(shear, (int, float, Sequence)):
        raise TypeError("Shear should be either a single value or a sequence of two values")
    shears = [shear, 0.0] if isinstance(shear, (int, float)) else list(shear)
    shears = shears * 2 if len(shears) == 1 else shears
    if len(shears) != 2:
        raise ValueError(f"Shear should be a sequence containing two values. Got {shears}")
    return shears


def check_turn(angle: float, center: Sequence[float] | None) -> None:
    """TypeError for what is no angle, or no centre."""
    if not isinstance(angle, (int, float)):
        raise TypeError("Argument angle should be int or float")
    if center is not None and not isinstance(center, Sequence):
        raise TypeError("Argument center should be a sequence")


def _from_middle(center: Sequence[float] | None, img: Tensor) -> list[float]:
    height, width = image_size(img)
    if center is None:
        return [0.0, 0.0]
    return [center[0] - width * 0.5, center[1] - height * 0.5]


def _transformed(img: Any, kind: int, coefficients: Sequence[float], mode: str, fill: Fill) -> Any:
    resampling = PILLOW_RESAMPLING[InterpolationMode(mode)]
    colour = fill_colour(img, 0 if fill is None else fill)
    return img.transform(img.size, kind, coefficients, resampling, fillcolor=colour)


def rotate(
    img: Any,
    angle: float,
    interpolation: InterpolationMode = InterpolationMode.NEAREST,
    expand: bool = False,
    center: Sequence[float] | None = None,
    fill: Fill = None,
) -> Any:
    """The image turned counter-clockwise by `angle` degrees, in its own size or, with `expand`, in
    one that holds all of it.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import functional
    >>> functional.rotate(torch.tensor([[[1.0, 2.0], [3.0, 4.0]]]), 90)
    tensor([[[2., 4.],
             [1., 3.]]])
    """
    mode = _mode(interpolation)
    check_turn(angle, center)
    height, width = image_size(img)
    if is_pillow_image(img):
        resampling = PILLOW_RESAMPLING[InterpolationMode(mode)]
        colour = fill_colour(img, 0 if fill is None else fill)
        return img.rotate(angle, resampling, expand, center, fillcolor=colour)
    matrix = inverse_affine_matrix(_from_middle(center, img), -angle, (0, 0), 1.0, (0, 0))
    size = turned_size(matrix, height, width) if expand else (height, width)
    return sampled(img, _affine_grid(img, matrix, size), mode, fill)


def turned_size(matrix: Sequence[float], height: int, width: int) -> tuple[int, int]:
    """What holds the turned corners; a ten-thousandth of a pixel does not count."""
    corners = np.array([[x * width, y * height, 1.0] for x in (-0.5, 0.5) for y in (-0.5, 0.5)])
    places = corners @ np.reshape(matrix, (2, 3)).T + [width * 0.5, height * 0.5]
    most, least = (np.trunc(part / 1e-4) * 1e-4 for part in (places.max(0), places.min(0)))
    new_width, new_height = (np.ceil(most) - np.floor(least)).astype(int)
    return int(new_height), int(new_width)


def perspective(
    img: Any,
    startpoints: Sequence[Sequence[int]],
    endpoints: Sequence[Sequence[int]],
    interpolation: InterpolationMode = InterpolationMode.BILINEAR,
    fill: Fill = None,
) -> Any:
    """The image seen so that its corners `startpoints` come to lie at `endpoints`.

    Both are four points (x, y): top-left, top-right, bottom-right, bottom-left.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import functional
    >>> corners = [[0, 0], [3, 0], [3, 3], [0, 3]]
    >>> functional.perspective(torch.ones(1, 4, 4), corners, corners).sum()
    tensor(16.)
    """
    return seen(img, perspective_coefficients(startpoints, endpoints), interpolation, fill)


def seen(
    img: Any, coefficients: Sequence[float], interpolation: InterpolationMode, fill: Fill
) -> Any:
    """The image in the perspective of eight `perspective_coefficients`."""
    mode = _mode(interpolation)
    image_size(img)
    if is_pillow_image(img):
        return _transformed(img, 2, coefficients, mode, fill)  # 2: PERSPECTIVE
    return sampled(img, _perspective_grid(img, coefficients), mode, fill)


def perspective_coefficients(
    startpoints: Sequence[Sequence[int]], endpoints: Sequence[Sequence[int]]
) -> list[float]:
    """a to h of x = (a u + b v + c) / (g u + h v + 1), y = (d u + e v + f) / (g u + h v + 1), for
    (u, v) of the result and (x, y) of the image."""
    if len(startpoints) != 4 or len(endpoints) != 4:
        raise ValueError(
            f"Please provide exactly four corners, got {len(startpoints)} startpoints and "
            f"{len(endpoints)} endpoints."
        )
    rows = []
    for (x, y), (u, v) in zip(startpoints, endpoints, strict=True):
        rows.append([u, v, 1, 0, 0, 0, -x * u, -x * v])
        rows.append([0, 0, 0, u, v, 1, -y * u, -y * v])
    found, *_ = np.linalg.lstsq(
        np.array(rows, float), np.ravel(startpoints).astype(float), rcond=None
    )
    return found.astype("float32").tolist()


def elastic_transform(
    img: Any,
    displacement: Tensor,
    interpolation: InterpolationMode = InterpolationMode.BILINEAR,
    fill: Fill = None,
) -> Any:
    """Each pixel taken from where `displacement` (1, H, W, 2) sends it, in halves of the image.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import functional
    >>> functional.elastic_transform(torch.ones(1, 2, 2), torch.zeros(1, 2, 2, 2)).sum()
    tensor(4.)
    """
    mode = _mode(interpolation)
    height, width = image_size(img)
    check_displacement(displacement, (height, width))
    if is_pillow_image(img):
        from .images import pil_to_tensor, to_pil_image

        moved = elastic_transform(pil_to_tensor(img), displacement, interpolation, fill)
        return to_pil_image(moved, mode=img.mode)
    grid = identity_grid((height, width)).to(img.device) + displacement.to(img.device)
    return sampled(img, grid, mode, fill)


def check_displacement(displacement: Tensor, size: tuple[int, int]) -> None:
    """TypeError or ValueError unless there is a pair for each pixel of an image (height, width)."""
    if not isinstance(displacement, Tensor):
        raise TypeError("Argument displacement should be a Tensor")
    if tuple(displacement.shape) != (1, *size, 2):
        raise ValueError(
            f"Argument displacement shape should be {(1, *size, 2)}, but given "
            f"{tuple(displacement.shape)}"
        )


def identity_grid(size: tuple[int, int]) -> Tensor:
    """Where each pixel lies, in halves of the image from its middle: (1, height, width, 2)."""
    rows, columns = (rushlight.linspace((1 - s) / s, (s - 1) / s, s) for s in size)
    y, x = rushlight.meshgrid(rows, columns, indexing="ij")
    return rushlight.stack([x, y], -1)[None]


def _affine_grid(img: Tensor, matrix: Sequence[float], size: tuple[int, int]) -> Tensor:
    """Where pixels of the result come from, in halves of the image from its middle."""
    height, width = image_size(img)
    places = _pixels(img, size)
    halves = rushlight.tensor([0.5 * width, 0.5 * height], dtype=places.dtype, device=img.device)
    rows = rushlight.tensor(matrix, dtype=places.dtype, device=img.device).reshape(2, 3)
    middle = rushlight.tensor(
        [0.5 * size[1], 0.5 * size[0], 0.0], dtype=places.dtype, device=img.device
    )
    return ((places - middle) @ (rows.t() / halves))[None]


def _perspective_grid(img: Tensor, coefficients: Sequence[float]) -> Tensor:
    size = image_size(img)
    places = _pixels(img, size)
    a, b, c, d, e, f, g, h = coefficients
    above = rushlight.tensor([[a, b, c], [d, e, f]], dtype=places.dtype, device=img.device)
    below = rushlight.tensor([g, h, 1.0], dtype=places.dtype, device=img.device)
    halves = rushlight.tensor([0.5 * size[1], 0.5 * size[0]], dtype=places.dtype, device=img.device)
    return (places @ (above.t() / halves) / (places @ below)[..., None] - 1.0)[None]


def _pixels(img: Tensor, size: tuple[int, int]) -> Tensor:
    """(x, y, 1) of the middle of each pixel: shape (height, width, 3)."""
    dtype = img.dtype if img.is_floating_point() else rushlight.float32
    height, width = size
    places = rushlight.ones((height, width, 3), dtype=dtype, device=img.device)
    places[..., 0] = rushlight.arange(width, dtype=dtype, device=img.device) + 0.5
    places[..., 1] = rushlight.arange(height, dtype=dtype, device=img.device)[:, None] + 0.5
    return places


def sampled(img: Tensor, grid: Tensor, mode: str, fill: Fill) -> Tensor:
    """The image at the places of the grid, with `fill` where they lie outside."""
    _mode(mode, ("nearest", "bilinear"))
    if img.numel() == 0:  # masks of a sample without objects
        return img.reshape(*img.shape[:-2], *grid.shape[1:3])
    values = img if img.dtype == grid.dtype else img.to(grid.dtype)
    planes = values.reshape(-1, *img.shape[-3:]) if img.ndim > 2 else values[None, None]
    grid = grid.expand(len(planes), *grid.shape[1:])
    if fill is not None:  # a further channel tells how much of a pixel comes from inside
        planes = rushlight.cat([planes, rushlight.ones_like(planes[:, :1])], 1)
    found = nn_functional.grid_sample(
        planes, grid, mode=mode, padding_mode="zeros", align_corners=False
    )
    if fill is not None:
        found, inside = found[:, :-1], found[:, -1:]
        if mode == "nearest":
            inside = (inside >= 0.5).to(found.dtype)
        colours = [float(fill)] if isinstance(fill, (int, float)) else list(map(float, fill))
        if len(colours) not in (1, found.shape[1]):
            raise ValueError(
                "The number of elements in 'fill' cannot broadcast to match the number of channels "
                f"of the image ({len(colours)} != {found.shape[1]})"
            )
        outside = rushlight.tensor(colours, dtype=found.dtype, device=img.device)
        found = found * inside + (1.0 - inside) * outside.reshape(1, -1, 1, 1)
    found = found.reshape(*img.shape[:-2], *found.shape[-2:])
    if img.dtype == grid.dtype:
        return found
    return found.round().clamp(*limits(img.dtype)).to(img.dtype)
