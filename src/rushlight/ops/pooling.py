"""Maxima and means over windows of images."""

from __future__ import annotations

from typing import Any, Literal, overload

from ..autograd.operation import Operation
from ..dtype import FLOATING, INTEGER, int64
from ..errors import NotSupportedError, OperationError
from ..tensor import Tensor, wrap
from .common import table_of
from .declare import operation
from .geometry import pool_geometry
from .joining import cat


class MaxPool2d(Operation):
    """The maximum of each window; its place in the window is kept for the backward."""

    kernel = "max_pool"
    node_name = "MaxPool2DWithIndicesBackward0"
    keeps = 1
    geometry: Any

    def setup_context(self, inputs: Any, output: Any) -> None:
        self.save(output[1])

    def backward(self, grad: Tensor) -> Any:
        return MaxPoolGradient.apply(grad, wrap(self.saved_tensors[0]), self.geometry)


class MaxPoolGradient(Operation):
    """Each window's gradient, given to the place where its maximum stood."""

    kernel = "max_pool_backward"
    saves = (1,)
    geometry: Any

    def backward(self, grad: Tensor) -> Any:
        return MaxPoolGather.apply(grad, self.saved_tensors[0], self.geometry)


class MaxPoolGather(Operation):
    """The elements at the places where maxima stood."""

    saves = (1,)
    geometry: Any

    def backward(self, grad: Tensor) -> Any:
        return MaxPoolGradient.apply(grad, self.saved_tensors[0], self.geometry)


class AvgPool2d(Operation):
    """The mean of each window."""

    kernel = "avg_pool"
    node_name = "AvgPool2DBackward0"
    geometry: Any

    def backward(self, grad: Tensor) -> Any:
        return AvgPoolGradient.apply(grad, self.geometry)


class AvgPoolGradient(Operation):
    """Each window's gradient, shared out evenly."""

    kernel = "avg_pool_backward"
    geometry: Any

    def backward(self, grad: Tensor) -> Any:
        return AvgPool2d.apply(grad, self.geometry)


@overload
def max_pool2d(
    input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
    ceil_mode: bool = False, return_indices: Literal[False] = False,
) -> Tensor: ...  # fmt: skip


@overload
def max_pool2d(
    input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> Any: ...  # fmt: skip


@operation("nn.functional")
def max_pool2d(
    input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> Any:  # fmt: skip
    """The maximum of each window of (N, C, H, W) or (C, H, W) images.

    `stride` is the window's size unless told; the padding never wins. With `return_indices` also
    the maxima's places, flat in their plane.

    >>> import rushlight as torch
    >>> torch.nn.functional.max_pool2d(torch.arange(16.0).reshape(1, 1, 4, 4), 2)
    tensor([[[[ 5.,  7.],
              [13., 15.]]]])
    """
    if input.dtype.category not in (INTEGER, FLOATING):
        raise NotSupportedError(f"max_pool2d: not implemented for {input.dtype}")
    images = _batched("max_pool2d", input)
    geometry = pool_geometry(
        "max_pool2d", images.array.shape, _hashable(kernel_size), _hashable(stride),
        _hashable(padding), _hashable(dilation), ceil_mode,
    )  # fmt: skip
    result = MaxPool2d.apply(images, geometry)
    if images is not input:
        result = result.squeeze(0)
    if not return_indices:
        return result
    table = table_of(input)
    indices = wrap(table.max_pool_indices(table.max_pool(images.array, geometry)[1], geometry))
    return result, indices if images is input else indices.squeeze(0)


@operation("nn.functional")
def avg_pool2d(
    input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: int | None = None,
) -> Tensor:  # fmt: skip
    """The mean of each window of (N, C, H, W) or (C, H, W) images."""
    if input.dtype.category not in (INTEGER, FLOATING) or (
        input.dtype.category == INTEGER and input.dtype is not int64
    ):
        raise NotSupportedError(f"avg_pool2d: not implemented for {input.dtype}")
    images = _batched("avg_pool2d", input)
    geometry = pool_geometry(
        "avg_pool2d", images.array.shape, _hashable(kernel_size), _hashable(stride),
        _hashable(padding), 1, ceil_mode, count_include_pad, divisor_override,
    )  # fmt: skip
    result = AvgPool2d.apply(images, geometry)
    return result if images is input else result.squeeze(0)


@operation("nn.functional")
def adaptive_avg_pool2d(input: Tensor, output_size: Any) -> Tensor:
    """The means of windows that divide the image into `output_size` parts, as even as can be.

    Part i of n of a dimension of size s goes from floor(i s / n) to ceil((i + 1) s / n).
    """
    height, width = input.array.shape[-2:]
    rows, columns = (
        given if want is None else want
        for want, given in zip(_pair(output_size), (height, width), strict=True)
    )
    if input.dtype.category != FLOATING:
        raise NotSupportedError(f"adaptive_avg_pool2d: not implemented for {input.dtype}")
    if min(rows, columns) < 0:
        raise OperationError(
            "adaptive_avg_pool2d: elements of output_size must be greater than or equal to 0, but "
            f"got {[rows, columns]}"
        )
    if 0 in (rows, columns):
        return input.sum((-2, -1), keepdim=True).expand(*input.array.shape[:-2], rows, columns)
    if height % rows == 0 and width % columns == 0:
        return avg_pool2d(input, (height // rows, width // columns))
    # Before all the work: sizes for which there is no memory.
    table_of(input).empty((*input.array.shape[:-2], rows, columns), input.array.dtype)
    strips = [input.narrow(-2, *part).mean(-2, keepdim=True) for part in _parts(height, rows)]
    image = cat(strips, -2)
    cells = [image.narrow(-1, *part).mean(-1, keepdim=True) for part in _parts(width, columns)]
    return cat(cells, -1)


def _parts(size: int, count: int) -> list[tuple[int, int]]:
    """The start and length of each of `count` parts of a dimension."""
    bounds = [(i * size // count, -(-(i + 1) * size // count)) for i in range(count)]
    return [(start, stop - start) for start, stop in bounds]


def _pair(size: Any) -> tuple[Any, Any]:
    return (size, size) if isinstance(size, int) or size is None else tuple(size)


def _batched(name: str, input: Tensor) -> Tensor:
    if input.array.ndim == 3:
        return input.unsqueeze(0)
    if input.array.ndim != 4:
        raise OperationError(
            f"{name}: Expected 3D (unbatched) or 4D (batched) input, but got input of size: "
            f"{list(input.array.shape)}"
        )
    return input


def _hashable(sizes: Any) -> Any:
    return tuple(sizes) if isinstance(sizes, list) else sizes
