"""Images and volumes sampled at the points of a grid."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Sequence
from math import prod
from typing import Any

from ..categories import FLOATS, check_taken
from ..dtype import FLOATING, HALVES
from ..dtype import bool as bool_
from ..errors import OperationError
from ..tensor import Tensor
from .creation import linspace, ones
from .declare import operation
from .joining import stack

_MODES = ("bilinear", "nearest", "bicubic")
_PADDINGS = ("zeros", "border", "reflection")
_CUBIC = -0.75  # the slope at 1 of the cubic convolution


@operation("nn.functional")
def affine_grid(theta: Tensor, size: Sequence[int], align_corners: bool | None = None) -> Tensor:
    """The grid (N, H, W, 2) or (N, D, H, W, 3) that `grid_sample` needs for affine maps.

    `theta` holds the matrices (N, 2, 3) or (N, 3, 4), `size` is that of the images to make:
    (N, C, H, W) or (N, C, D, H, W). Coordinates go from -1 to 1, at the centers of the outermost
    elements with `align_corners`, else at their outer edges.

    >>> import rushlight as torch
    >>> theta = torch.tensor([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]])
    >>> torch.nn.functional.affine_grid(theta, (1, 1, 1, 2), align_corners=False)
    tensor([[[[-0.5000,  0.0000],
              [ 0.5000,  0.0000]]]])
    """
    size, shape = tuple(size), tuple(theta.array.shape)
    rank = len(size) - 2
    if theta.dtype.category != FLOATING:
        raise ValueError(f"Expected theta to have floating point type, but got {theta.dtype}")
    if rank not in (2, 3):
        raise NotImplementedError(
            "affine_grid only supports 4D and 5D sizes, for 2D and 3D affine transforms, "
            f"respectively. Got size {size}."
        )
    if len(shape) != 3 or shape[1:] != (rank, rank + 1):
        raise ValueError(
            f"Expected a batch of {rank}D affine matrices of shape Nx{rank}x{rank + 1} for size "
            f"{size}. Got {shape}."
        )
    if min(size) <= 0:
        raise ValueError(f"Expected non-zero, positive output size. Got {size}")
    if shape[0] != size[0]:
        raise OperationError(
            f"affine_grid: theta {shape} holds {shape[0]} matrices for a batch of {size[0]}"
        )
    if theta.array.dtype in HALVES:
        return affine_grid(theta.float(), size, bool(align_corners)).to(theta.dtype)
    axes = [_coordinates(n, bool(align_corners), theta) for n in size[2:]]
    points = [  # x first
        axis.reshape(-1, *[1] * (rank - 1 - dim)).expand(size[2:])
        for dim, axis in reversed(list(enumerate(axes)))
    ]
    points.append(ones(size[2:], dtype=theta.dtype, device=theta.device))
    base = stack(points, -1).reshape(1, prod(size[2:]), rank + 1)
    return (base @ theta.transpose(1, 2)).reshape(size[0], *size[2:], rank)


def _coordinates(count: int, align_corners: bool, like: Tensor) -> Tensor:
    if count == 1:
        return like.new_zeros(1)
    line = linspace(-1, 1, count, dtype=like.dtype, device=like.device)
    return line if align_corners else line * ((count - 1) / count)


@operation("nn.functional", autocast="float32")
def grid_sample(
    input: Tensor, grid: Tensor, mode: str = "bilinear", padding_mode: str = "zeros",
    align_corners: bool | None = None,
) -> Tensor:  # fmt: skip
    """The input's values at the points of `grid`.

    `input` is (N, C, H, W) with a `grid` (N, H', W', 2), or (N, C, D, H, W) with one (N, D', H',
    W', 3), whose points are x, y (and z) from -1 to 1 (see `affine_grid` for `align_corners`). The
    result is (N, C, H', W') or (N, C, D', H', W'). `mode` is "bilinear", "nearest" or, of images,
    "bicubic". Outside of the input are zeros, or its border, or its reflection ("zeros", "border",
    "reflection").

    >>> import rushlight as torch
    >>> x = torch.tensor([[[[0.0, 4.0]]]])
    >>> torch.nn.functional.grid_sample(x, torch.tensor([[[[0.0, 0.0]]]]), align_corners=True)
    tensor([[[[2.]]]])
    """
    _check(input, grid, mode, padding_mode)
    if align_corners is None:
        warnings.warn(
            "Default grid_sample and affine_grid behavior has changed to align_corners=False since "
            "1.3.0. Please specify align_corners=True if the old behavior is desired.",
            stacklevel=2,
        )
    if input.array.dtype in HALVES:
        options = (mode, padding_mode, bool(align_corners))
        return grid_sample(input.float(), grid.float(), *options).to(input.dtype)
    places = _Places(input, padding_mode, bool(align_corners))
    sources = [places.unnormalized(grid[..., -1 - dim], dim) for dim in range(len(places.sizes))]
    if mode == "bicubic":
        taps = [_cubic_taps(source) for source in sources]
    else:
        sources = [places.padded(source, dim) for dim, source in enumerate(sources)]
        take = _nearest_taps if mode == "nearest" else _linear_taps
        taps = [take(source) for source in sources]
    result: Any = 0
    for chosen in itertools.product(*taps):
        values = places.values([place for place, _ in chosen], mode == "bicubic")
        for _, weight in chosen:
            if weight is not None:
                values = values * weight.unsqueeze(1)
        result = values + result
    return result


@operation(method=False, autocast="float32")
def grid_sampler(
    input: Tensor, grid: Tensor, interpolation_mode: int, padding_mode: int, align_corners: bool
) -> Tensor:
    """`nn.functional.grid_sample` with the modes as their numbers, in the order told there.

    >>> import rushlight as torch
    >>> x, grid = torch.tensor([[[[1.0, 3.0]]]]), torch.zeros(1, 1, 1, 2)
    >>> torch.grid_sampler(x, grid, 0, 0, False)  # bilinear, in the middle
    tensor([[[[2.]]]])
    """
    return grid_sample(
        input, grid, _MODES[interpolation_mode], _PADDINGS[padding_mode], bool(align_corners)
    )


@operation(method=False, autocast="float32")
def grid_sampler_2d(
    input: Tensor, grid: Tensor, interpolation_mode: int, padding_mode: int, align_corners: bool
) -> Tensor:
    """`grid_sampler` of images.

    >>> import rushlight as torch
    >>> x, grid = torch.tensor([[[[1.0, 3.0]]]]), torch.zeros(1, 1, 1, 2)
    >>> torch.grid_sampler_2d(x, grid, 0, 0, False)  # bilinear, in the middle
    tensor([[[[2.]]]])
    """
    return grid_sampler(input, grid, interpolation_mode, padding_mode, align_corners)


@operation(method=False, autocast="float32")
def grid_sampler_3d(
    input: Tensor, grid: Tensor, interpolation_mode: int, padding_mode: int, align_corners: bool
) -> Tensor:
    """`grid_sampler` of volumes.

    >>> import rushlight as torch
    >>> x, grid = torch.tensor([[[[[1.0, 3.0]]]]]), torch.zeros(1, 1, 1, 1, 3)
    >>> torch.grid_sampler_3d(x, grid, 0, 0, False)  # trilinear, in the middle
    tensor([[[[[2.]]]]])
    """
    return grid_sampler(input, grid, interpolation_mode, padding_mode, align_corners)


# For each of the elements around a place: where it is, and its weight.
_Taps = list[tuple[Tensor, Tensor | None]]


def _nearest_taps(source: Tensor) -> _Taps:
    """One element, whose gradient to the grid is zero and is there."""
    place = source.detach().round()
    if not source.requires_grad:
        return [(place, None)]
    return [(place, source.masked_fill(ones(source.shape, dtype=bool_, device=source.device), 1))]


def _linear_taps(source: Tensor) -> _Taps:
    low = source.detach().floor()
    rest = source - low
    return [(low, 1 - rest), (low + 1, rest)]


def _cubic_taps(source: Tensor) -> _Taps:
    """Keys' cubic convolution over four elements."""
    low = source.detach().floor()
    rest = source - low
    a = _CUBIC
    taps: _Taps = []
    for offset, distance in ((-1, rest + 1), (0, rest), (1, 1 - rest), (2, 2 - rest)):
        if offset in (0, 1):
            weight = ((a + 2) * distance - (a + 3)) * distance * distance + 1
        else:
            weight = ((a * distance - 5 * a) * distance + 8 * a) * distance - 4 * a
        taps.append((low + offset, weight))
    return taps


class _Places:
    """The elements of an input by places that may lie outside of it."""

    def __init__(self, input: Tensor, padding_mode: str, align_corners: bool) -> None:
        self.sizes = input.array.shape[2:]
        self.elements = input.flatten(2)
        self.padding_mode = padding_mode
        self.align_corners = align_corners

    def unnormalized(self, points: Tensor, dim: int) -> Tensor:
        """Coordinates from -1 to 1 as places."""
        size = self.sizes[dim]
        if self.align_corners:
            return (points + 1) * ((size - 1) / 2)
        return ((points + 1) * size - 1) / 2

    def padded(self, place: Tensor, dim: int) -> Tensor:
        """Places outside of the input, moved to where their values come from."""
        if self.padding_mode == "zeros":
            return place
        if self.padding_mode == "reflection":
            place = self._reflected(place, dim)
        place = place.clamp(0, self.sizes[dim] - 1)
        return place.masked_fill(place.isnan(), 0)  # as in PyTorch

    def _reflected(self, place: Tensor, dim: int) -> Tensor:
        low, span = (0.0, self.sizes[dim] - 1) if self.align_corners else (-0.5, self.sizes[dim])
        if span == 0:
            return place * 0
        distance = (place - low).abs()
        turns = (distance.detach() / span).floor()
        extra = distance - turns * span
        is_back = turns.remainder(2) == 1
        return is_back.to(place.dtype) * (span - 2 * extra) + extra + low

    def values(self, places: list[Tensor], is_padded_each: bool) -> Tensor:
        """The elements (N, C, ...) at places, zeros outside."""
        if is_padded_each:
            places = [self.padded(place, dim) for dim, place in enumerate(places)]
        flat: Any = 0
        outside: Any = None
        for place, size in zip(places, self.sizes, strict=True):
            place = place.detach()
            beyond = ~((place >= 0) & (place <= size - 1))  # what is no number, too
            outside = beyond if outside is None else outside | beyond
            flat = flat * size + place.masked_fill(beyond, 0).long()
        batch, channels = self.elements.array.shape[:2]
        count = prod(flat.array.shape[1:])
        index = flat.reshape(batch, 1, count).expand(batch, channels, count)
        found = self.elements.gather(2, index).reshape(batch, channels, *flat.array.shape[1:])
        return found.masked_fill(outside.unsqueeze(1), 0)


def _check(input: Tensor, grid: Tensor, mode: str, padding_mode: str) -> None:
    name = "grid_sampler()"
    if mode not in _MODES:
        raise ValueError(
            "nn.functional.grid_sample(): expected mode to be 'bilinear', 'nearest' or 'bicubic', "
            f"but got: '{mode}'"
        )
    if padding_mode not in _PADDINGS:
        raise ValueError(
            "nn.functional.grid_sample(): expected padding_mode to be 'zeros', 'border', or "
            f"'reflection', but got: '{padding_mode}'"
        )
    shape, points = input.array.shape, grid.array.shape
    told = f"but got input with sizes {list(shape)} and grid with sizes {list(points)}"
    if len(shape) not in (4, 5) or len(points) != len(shape):
        raise OperationError(
            f"{name}: expected 4D or 5D input and grid with same number of dimensions, {told}"
        )
    if input.dtype != grid.dtype:
        raise OperationError(
            f"{name}: expected input and grid to have the same dtype, but got {input.dtype} and "
            f"{grid.dtype}; convert the grid with .to(input.dtype)"
        )
    check_taken(name, input, FLOATS)
    if points[0] != shape[0]:
        raise OperationError(f"{name}: expected grid and input to have same batch size, {told}")
    if points[-1] != len(shape) - 2:
        raise OperationError(
            f"{name}: expected grid to have size {len(shape) - 2} in last dimension, {told}"
        )
    if 0 in shape[2:]:
        raise OperationError(
            f"{name}: expected input to have non-empty spatial dimensions, {told}"
        )
    if mode == "bicubic" and len(shape) == 5:
        raise OperationError(f"{name}: bicubic interpolation only supports 4D input, {told}")
