"""Images and volumes sampled at the points of a grid."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from math import prod
from types import SimpleNamespace
from typing import Any

from ..autograd.operation import Operation, SavesInputs
from ..categories import FLOATS, check_taken
from ..dtype import FLOATING, HALVES
from ..errors import InvalidValueError, NotSupportedError, OperationError
from ..grad_mode import state
from ..kernels.base.grid import NEAREST, GridMap, slopes
from ..tensor import Tensor
from .choices import clamp, where
from .comparison import floor, isnan, round
from .creation import linspace, ones, ones_like, zeros_like
from .declare import operation
from .elementwise import abs
from .joining import stack
from .signatures import signature_of

_MODES = ("bilinear", "nearest", "bicubic")
_PADDINGS = ("zeros", "border", "reflection")


class GridSampler2D(SavesInputs):
    """The values of an input at the points of a grid."""

    kernel = "grid_sample"
    operation_name = "grid_sampler"
    mode: int
    padding: int
    align_corners: bool

    def backward(self, grad: Tensor) -> Any:
        input, grid = self.saved_tensors
        parameters = (self.mode, self.padding, self.align_corners)
        return (
            _input_gradient(grad, grid, input.array.shape[2:], parameters)
            if self.needs(0) else None,
            _grid_gradient(grad, input, grid, parameters) if self.needs(1) else None,
        )  # fmt: skip


GridSampler3D = GridSampler2D.renamed("GridSampler3D")


class GridSampleInputGradient(Operation):
    """The gradient of the input, which is linear in `grad`."""

    operation_name = "grid_sampler"
    kernel = "grid_sample_input_gradient"
    saves = (0, 1)
    sizes: tuple[int, ...]
    mode: int
    padding: int
    align_corners: bool

    def backward(self, grad: Tensor) -> Any:
        first, grid = self.saved_tensors
        parameters = (self.mode, self.padding, self.align_corners)
        return (
            GridSampler2D.apply(grad, grid, *parameters) if self.needs(0) else None,
            _grid_gradient(first, grad, grid, parameters) if self.needs(1) else None,
        )


class GridSampleGridGradient(Operation):
    """The gradient of the grid where it is not to be differentiated itself."""

    operation_name = "grid_sampler"
    kernel = "grid_sample_grid_gradient"
    differentiable = False


_Parameters = tuple[int, int, bool]  # of the kernels: mode, padding, align_corners


def _input_gradient(
    grad: Tensor, grid: Tensor, sizes: tuple[int, ...], parameters: _Parameters
) -> Tensor:
    return GridSampleInputGradient.apply(grad, grid, sizes, *parameters)


def _grid_gradient(grad: Tensor, input: Tensor, grid: Tensor, parameters: _Parameters) -> Tensor:
    if parameters[0] == NEAREST:
        return zeros_like(grid)
    if not state.enabled:
        return GridSampleGridGradient.apply(grad, input, grid, *parameters)
    elements = input.flatten(2)

    def values(tap: Any) -> Tensor:
        index = tap.place.flatten(1).unsqueeze(1).expand(-1, elements.array.shape[1], -1)
        found = elements.gather(2, index).reshape(grad.array.shape)
        return found.masked_fill(tap.outside.unsqueeze(1), 0)

    map = GridMap(input.array.shape[2:], *parameters)
    return stack(slopes(_OF_TENSORS, grad, grid, map, values), -1)


# What the gradient of a grid is computed with where that is recorded.
_OF_TENSORS = SimpleNamespace(
    abs=abs, clip=clamp, floor=floor, isnan=isnan, ones_like=ones_like, round=round, where=where,
    whole=lambda x: x.detach().long(),
)  # fmt: skip


def _warn_of_corners(align_corners: bool | None) -> None:
    if align_corners is None:
        warnings.warn(
            "Default grid_sample and affine_grid behavior has changed to align_corners=False since "
            "1.3.0. Please specify align_corners=True if the old behavior is desired.",
            stacklevel=3,
        )


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
    _warn_of_corners(align_corners)
    size, shape = tuple(size), tuple(theta.array.shape)
    rank = len(size) - 2
    if theta.dtype.category != FLOATING:
        raise InvalidValueError(
            f"Expected theta to have floating point type, but got {theta.dtype}"
        )
    if rank not in (2, 3):
        raise NotSupportedError(
            "affine_grid only supports 4D and 5D sizes, for 2D and 3D affine transforms, "
            f"respectively. Got size {size}."
        )
    if len(shape) != 3 or shape[1:] != (rank, rank + 1):
        raise InvalidValueError(
            f"Expected a batch of {rank}D affine matrices of shape Nx{rank}x{rank + 1} for size "
            f"{size}. Got {shape}."
        )
    if min(size) <= 0:
        raise InvalidValueError(f"Expected non-zero, positive output size. Got {size}")
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
    _warn_of_corners(align_corners)
    if input.array.dtype in HALVES:
        options = (mode, padding_mode, bool(align_corners))
        return grid_sample(input.float(), grid.float(), *options).to(input.dtype)
    parameters = (_MODES.index(mode), _PADDINGS.index(padding_mode), bool(align_corners))
    cls = GridSampler2D if input.array.ndim == 4 else GridSampler3D
    return cls.apply(input, grid, *parameters)


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
@signature_of(grid_sampler)
def grid_sampler_2d(*arguments: Any) -> Tensor:
    """`grid_sampler` of images.

    >>> import rushlight as torch
    >>> x, grid = torch.tensor([[[[1.0, 3.0]]]]), torch.zeros(1, 1, 1, 2)
    >>> torch.grid_sampler_2d(x, grid, 0, 0, False)  # bilinear, in the middle
    tensor([[[[2.]]]])
    """
    return grid_sampler(*arguments)


@operation(method=False, autocast="float32")
@signature_of(grid_sampler)
def grid_sampler_3d(*arguments: Any) -> Tensor:
    """`grid_sampler` of volumes.

    >>> import rushlight as torch
    >>> x, grid = torch.tensor([[[[[1.0, 3.0]]]]]), torch.zeros(1, 1, 1, 1, 3)
    >>> torch.grid_sampler_3d(x, grid, 0, 0, False)  # trilinear, in the middle
    tensor([[[[[2.]]]]])
    """
    return grid_sampler(*arguments)


def _check(input: Tensor, grid: Tensor, mode: str, padding_mode: str) -> None:
    if mode not in _MODES:
        raise InvalidValueError(
            "nn.functional.grid_sample(): expected mode to be 'bilinear', 'nearest' or 'bicubic', "
            f"but got: '{mode}'"
        )
    if padding_mode not in _PADDINGS:
        raise InvalidValueError(
            "nn.functional.grid_sample(): expected padding_mode to be 'zeros', 'border', or "
            f"'reflection', but got: '{padding_mode}'"
        )
    shape, points = input.array.shape, grid.array.shape
    if len(shape) not in (4, 5) or len(points) != len(shape):
        problem = "expected 4D or 5D input and grid with same number of dimensions"
        raise _refused(problem, shape, points)
    if input.dtype != grid.dtype:
        raise OperationError(
            "grid_sampler(): expected input and grid to have the same dtype, but got "
            f"{input.dtype} and {grid.dtype}; convert the grid with .to(input.dtype)"
        )
    check_taken("grid_sampler()", input, FLOATS)
    if points[0] != shape[0]:
        raise _refused("expected grid and input to have same batch size", shape, points)
    if points[-1] != len(shape) - 2:
        problem = f"expected grid to have size {len(shape) - 2} in last dimension"
        raise _refused(problem, shape, points)
    if 0 in shape[2:]:
        problem = "expected input to have non-empty spatial dimensions"
        raise _refused(problem, shape, points)
    if mode == "bicubic" and len(shape) == 5:
        raise _refused("bicubic interpolation only supports 4D input", shape, points)


def _refused(problem: str, shape: tuple[int, ...], points: tuple[int, ...]) -> OperationError:
    return OperationError(
        f"grid_sampler(): {problem}, but got input with sizes {list(shape)} and grid with sizes "
        f"{list(points)}"
    )
