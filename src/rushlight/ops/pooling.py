"""Maxima and means over windows of signals, images and volumes."""

from __future__ import annotations

from typing import Any, Literal, overload

from ..autograd.operation import Operation
from ..categories import FLOATS, REALS, check_taken
from ..dtype import FLOATING, category_of, int64
from ..errors import OperationError, one_channel
from ..tensor import Tensor, wrap
from .declare import operation
from .geometry import pool_geometry
from .signatures import signature_of


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


class MaxPoolWithPlaces(Operation):
    """The same, and the places as a second result."""

    kernel = "max_pool"
    node_name = "MaxPool2DWithIndicesBackward0"
    geometry: Any

    def setup_context(self, inputs: Any, output: Any) -> None:
        self.save(output[1])

    def backward(self, grad: Tensor, _: Any) -> Any:
        return MaxPoolGradient.apply(grad, self.saved_tensors[0], self.geometry)


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


class MaxPoolIndices(Operation):
    """Places in windows as places in the flattened signal, image or volume."""

    differentiable = False


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


# ---- maxima


def _max_pool(
    name: str, rank: int, /, input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0,
    dilation: Any = 1, ceil_mode: bool = False, return_indices: bool = False,
) -> Any:  # fmt: skip
    return_indices = return_indices or name.endswith("_with_indices")
    # Of signals without the places of the maxima PyTorch has no kernel for whole numbers.
    check_taken(name, input, FLOATS if rank == 1 and not return_indices else REALS)
    batch = _batched(name, rank, input)
    geometry = pool_geometry(
        name, batch.array.shape, kernel_size, stride, padding, dilation, bool(ceil_mode)
    )
    if not return_indices:
        result = _MAX_POOLS[rank].apply(batch, geometry)
        return result if batch is input else result.squeeze(0)
    values, places = _MAX_POOLS_WITH_PLACES[rank].apply(batch, geometry)
    indices = MaxPoolIndices.apply(places, geometry)
    return (values, indices) if batch is input else (values.squeeze(0), indices.squeeze(0))


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


@operation("nn.functional", "torch.max_pool2d")
@signature_of(_max_pool)
def max_pool2d(*arguments: Any) -> Any:
    """The maximum of each window of images (N, C, H, W) or (C, H, W).

    `stride` is the window's size unless told; the padding never wins. With `return_indices` also
    the maxima's places, flat in their plane.

    >>> import rushlight as torch
    >>> torch.nn.functional.max_pool2d(torch.arange(16.0).reshape(1, 1, 4, 4), 2)
    tensor([[[[ 5.,  7.],
              [13., 15.]]]])
    """
    return _max_pool("max_pool2d", 2, *arguments)


@operation("nn.functional")
@signature_of(_max_pool)
def max_pool2d_with_indices(*arguments: Any) -> tuple[Tensor, Tensor]:
    """`max_pool2d` and the maxima's places, whatever `return_indices` says.

    >>> import rushlight as torch
    >>> x = torch.tensor([[[1.0, 5.0], [7.0, 3.0]]])
    >>> torch.nn.functional.max_pool2d_with_indices(x, 2)
    (tensor([[[7.]]]), tensor([[[2]]]))
    """
    return _max_pool("max_pool2d_with_indices", 2, *arguments)


@operation("nn.functional", "torch.max_pool1d")
@signature_of(max_pool2d)
def max_pool1d(*arguments: Any) -> Any:
    """The largest of `kernel_size` numbers at a time: `max_pool2d` of signals (N, C, L) or (C, L).

    >>> import rushlight as torch
    >>> torch.nn.functional.max_pool1d(torch.tensor([[1.0, 5.0, 7.0, 3.0]]), 2)
    tensor([[5., 7.]])
    """
    return _max_pool("max_pool1d", 1, *arguments)


@operation("nn.functional", "torch.max_pool1d_with_indices")
@signature_of(max_pool2d)
def max_pool1d_with_indices(*arguments: Any) -> tuple[Tensor, Tensor]:
    """`max_pool1d` and the maxima's places, whatever `return_indices` says.

    >>> import rushlight as torch
    >>> torch.nn.functional.max_pool1d_with_indices(torch.tensor([[1.0, 5.0, 7.0, 3.0]]), 2)
    (tensor([[5., 7.]]), tensor([[1, 2]]))
    """
    return _max_pool("max_pool1d_with_indices", 1, *arguments)


@operation("nn.functional", "torch.max_pool3d", autocast="float32")
@signature_of(max_pool2d)
def max_pool3d(*arguments: Any) -> Any:
    """`max_pool2d` of volumes (N, C, D, H, W) or (C, D, H, W).

    >>> import rushlight as torch
    >>> torch.nn.functional.max_pool3d(torch.arange(8.0).reshape(1, 2, 2, 2), 2)
    tensor([[[[7.]]]])
    """
    return _max_pool("max_pool3d", 3, *arguments)


@operation("nn.functional")
@signature_of(max_pool2d)
def max_pool3d_with_indices(*arguments: Any) -> tuple[Tensor, Tensor]:
    """`max_pool3d` and the maxima's places, whatever `return_indices` says.

    >>> import rushlight as torch
    >>> torch.nn.functional.max_pool3d_with_indices(torch.arange(8.0).reshape(1, 2, 2, 2), 2)
    (tensor([[[[7.]]]]), tensor([[[[7]]]]))
    """
    return _max_pool("max_pool3d_with_indices", 3, *arguments)


# PyTorch's graph shows pools of signals as pools of images.
_MAX_POOLS: Any = {1: MaxPool2d, 2: MaxPool2d, 3: MaxPool2d.renamed("MaxPool3DWithIndices")}
_MAX_POOLS_WITH_PLACES: Any = {
    1: MaxPoolWithPlaces,
    2: MaxPoolWithPlaces,
    3: MaxPoolWithPlaces.renamed("MaxPool3DWithIndices"),
}


# ---- means


def check_averaged(name: str, input: Tensor) -> None:
    """PyTorch averages windows of floating-point numbers, and of int64."""
    dtype = input.array.dtype
    if category_of(dtype) != FLOATING and dtype != int64.numpy:
        check_taken(name, input, FLOATS)


def avg_pool(
    name: str, rank: int, /, input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0,
    ceil_mode: bool = False, count_include_pad: bool = True, divisor_override: int | None = None,
) -> Tensor:  # fmt: skip
    check_averaged(name, input)
    batch = _batched(name, rank, input)
    geometry = pool_geometry(
        name, batch.array.shape, kernel_size, stride, padding, 1, bool(ceil_mode),
        bool(count_include_pad), divisor_override,
    )  # fmt: skip
    result = _AVG_POOLS[rank].apply(batch, geometry)
    return result if batch is input else result.squeeze(0)


@operation("nn.functional", out="exact")
@signature_of(avg_pool)
def avg_pool2d(*arguments: Any) -> Tensor:
    """The mean of each window of images (N, C, H, W) or (C, H, W).

    `stride` is the window's size unless told. The padding's zeros count among the elements that
    the sum is divided by, unless `count_include_pad` is False; `divisor_override` is a divisor for
    all windows.

    >>> import rushlight as torch
    >>> torch.nn.functional.avg_pool2d(torch.arange(16.0).reshape(1, 1, 4, 4), 2)
    tensor([[[[ 2.5000,  4.5000],
              [10.5000, 12.5000]]]])
    """
    return avg_pool("avg_pool2d", 2, *arguments)


@operation("nn.functional", "torch.avg_pool1d")
def avg_pool1d(
    input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:  # fmt: skip
    """The mean of `kernel_size` numbers at a time: `avg_pool2d` of signals (N, C, L) or (C, L).

    >>> import rushlight as torch
    >>> torch.nn.functional.avg_pool1d(torch.tensor([[1.0, 5.0, 7.0, 3.0]]), 2)
    tensor([[3., 5.]])
    """
    sizes = (kernel_size, stride, padding, ceil_mode, count_include_pad, None)
    return avg_pool("avg_pool1d", 1, input, *sizes)


@operation("nn.functional", out="exact", autocast="float32")
@signature_of(avg_pool)
def avg_pool3d(*arguments: Any) -> Tensor:
    """`avg_pool2d` of volumes (N, C, D, H, W) or (C, D, H, W).

    >>> import rushlight as torch
    >>> torch.nn.functional.avg_pool3d(torch.arange(8.0).reshape(1, 2, 2, 2), 2)
    tensor([[[[3.5000]]]])
    """
    return avg_pool("avg_pool3d", 3, *arguments)


_AVG_POOLS: Any = {1: AvgPool2d, 2: AvgPool2d, 3: AvgPool2d.renamed("AvgPool3D")}


def _batched(name: str, rank: int, input: Tensor) -> Tensor:
    shape = input.array.shape
    if len(shape) == rank + 2:
        return input
    if len(shape) != rank + 1:
        raise OperationError(
            f"{name}: non-empty {rank + 1}D or {rank + 2}D (batch mode) tensor expected for input, "
            f"but got input of size: {list(shape)}{one_channel(len(shape), rank)}"
        )
    return input.unsqueeze(0)
