"""Pooling to a given size: as many windows as results, as even as they can be."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from ..autograd.operation import Operation
from ..categories import FLOATS, check_taken
from ..dtype import FLOATING, category_of
from ..errors import InvalidValueError, OperationError
from ..tensor import Tensor
from .declare import operation
from .geometry import Sizes
from .pooling import avg_pool
from .reduction import Mean
from .resampling import Resample, area_taps, check_room, resampling

_AdaptiveAvgPool: Any = Resample.renamed("AdaptiveAvgPool2D")


class AdaptiveMaxPlaces(Operation):
    """For each part of the last dimensions the place of its maximum, flat in them."""

    kernel = "adaptive_max_pool"
    differentiable = False


@operation("nn.functional")
def adaptive_avg_pool2d(input: Tensor, output_size: Any) -> Tensor:
    """The means of windows that divide images into `output_size` parts, as even as can be.

    Part i of n of a dimension of size s goes from floor(i s / n) to ceil((i + 1) s / n). A size of
    None is the input's.

    >>> import rushlight as torch
    >>> torch.nn.functional.adaptive_avg_pool2d(torch.arange(6.0).reshape(1, 2, 3), (1, 2))
    tensor([[[2., 3.]]])
    """
    return _adaptive_avg_pool("adaptive_avg_pool2d", 2, input, output_size)


@operation("nn.functional", "torch.adaptive_avg_pool1d")
def adaptive_avg_pool1d(input: Tensor, output_size: Any) -> Tensor:
    """The means of `output_size` parts: `adaptive_avg_pool2d` of signals (N, C, L) or (C, L).

    >>> import rushlight as torch
    >>> torch.nn.functional.adaptive_avg_pool1d(torch.tensor([[1.0, 5.0, 7.0, 3.0]]), 2)
    tensor([[3., 5.]])
    """
    return _adaptive_avg_pool("adaptive_avg_pool1d", 1, input, output_size)


@operation("nn.functional", autocast="float32")
def adaptive_avg_pool3d(input: Tensor, output_size: Any) -> Tensor:
    """`adaptive_avg_pool2d` of volumes (N, C, D, H, W) or (C, D, H, W).

    >>> import rushlight as torch
    >>> torch.nn.functional.adaptive_avg_pool3d(torch.arange(8.0).reshape(1, 2, 2, 2), (1, 1, 2))
    tensor([[[[3., 4.]]]])
    """
    return _adaptive_avg_pool("adaptive_avg_pool3d", 3, input, output_size)


def _adaptive_avg_pool(name: str, rank: int, input: Tensor, output_size: Any) -> Tensor:
    return adaptive_avg_pool(name, input, _parts_of(name, rank, input, output_size))


def adaptive_avg_pool(name: str, input: Tensor, sizes: Sizes) -> Tensor:
    _check_parts(name, input, sizes)
    rank, given = len(sizes), input.array.shape[-len(sizes) :]
    windows = _even_windows(given, sizes)
    if set(sizes) == {1}:
        return Mean.apply(input, tuple(range(input.array.ndim - rank, input.array.ndim)), True)
    if windows is not None:
        return avg_pool(name, rank, input, windows, None, 0, False, True, None)
    check_room(input, sizes)
    taps = [area_taps(n, size) for n, size in zip(given, sizes, strict=True)]
    return _AdaptiveAvgPool.apply(input, resampling(tuple(taps)))


@lru_cache(4096)
def _even_windows(given: Sizes, sizes: Sizes) -> Sizes | None:
    """The size of windows that do not overlap and are of one size, if parts are such."""
    if min(sizes) > 0 and all(n % size == 0 for n, size in zip(given, sizes, strict=True)):
        return tuple([n // size for n, size in zip(given, sizes, strict=True)])
    return None


@operation("nn.functional")
def adaptive_max_pool2d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """The maxima of the parts of images that `adaptive_avg_pool2d` takes means of.

    With `return_indices` also their places, flat in their plane.

    >>> import rushlight as torch
    >>> torch.nn.functional.adaptive_max_pool2d(torch.arange(6.0).reshape(1, 2, 3), (1, 2))
    tensor([[[4., 5.]]])
    """
    return _adaptive_max_pool("adaptive_max_pool2d", 2, input, output_size, return_indices)


@operation("nn.functional")
def adaptive_max_pool2d_with_indices(
    input: Tensor, output_size: Any, return_indices: bool = False
) -> tuple[Tensor, Tensor]:
    """`adaptive_max_pool2d` and the maxima's places, whatever `return_indices` says.

    >>> import rushlight as torch
    >>> x = torch.tensor([[[1.0, 5.0], [7.0, 3.0]]])
    >>> torch.nn.functional.adaptive_max_pool2d_with_indices(x, 1)
    (tensor([[[7.]]]), tensor([[[2]]]))
    """
    return _adaptive_max_pool("adaptive_max_pool2d_with_indices", 2, input, output_size, True)


@operation("nn.functional")
def adaptive_max_pool1d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """The largest of each of `output_size` parts: `adaptive_max_pool2d` of signals (N, C, L) or (C,
    L).

    >>> import rushlight as torch
    >>> torch.nn.functional.adaptive_max_pool1d(torch.tensor([[1.0, 5.0, 7.0, 3.0]]), 2)
    tensor([[5., 7.]])
    """
    return _adaptive_max_pool("adaptive_max_pool1d", 1, input, output_size, return_indices)


@operation("nn.functional", "torch.adaptive_max_pool1d")
def adaptive_max_pool1d_with_indices(
    input: Tensor, output_size: Any, return_indices: bool = False
) -> tuple[Tensor, Tensor]:
    """`adaptive_max_pool1d` and the maxima's places, whatever `return_indices` says.

    >>> import rushlight as torch
    >>> x = torch.tensor([[1.0, 5.0, 7.0, 3.0]])
    >>> torch.nn.functional.adaptive_max_pool1d_with_indices(x, 2)
    (tensor([[5., 7.]]), tensor([[1, 2]]))
    """
    return _adaptive_max_pool("adaptive_max_pool1d_with_indices", 1, input, output_size, True)


@operation("nn.functional", autocast="float32")
def adaptive_max_pool3d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """`adaptive_max_pool2d` of volumes (N, C, D, H, W) or (C, D, H, W).

    >>> import rushlight as torch
    >>> torch.nn.functional.adaptive_max_pool3d(torch.arange(8.0).reshape(1, 2, 2, 2), (1, 1, 2))
    tensor([[[[6., 7.]]]])
    """
    return _adaptive_max_pool("adaptive_max_pool3d", 3, input, output_size, return_indices)


@operation("nn.functional")
def adaptive_max_pool3d_with_indices(
    input: Tensor, output_size: Any, return_indices: bool = False
) -> tuple[Tensor, Tensor]:
    """`adaptive_max_pool3d` and the maxima's places, whatever `return_indices` says.

    >>> import rushlight as torch
    >>> x = torch.arange(8.0).reshape(1, 2, 2, 2)
    >>> torch.nn.functional.adaptive_max_pool3d_with_indices(x, 1)
    (tensor([[[[7.]]]]), tensor([[[[7]]]]))
    """
    return _adaptive_max_pool("adaptive_max_pool3d_with_indices", 3, input, output_size, True)


def _adaptive_max_pool(
    name: str, rank: int, input: Tensor, output_size: Any, return_indices: bool
) -> Any:
    sizes = _parts_of(name, rank, input, output_size)
    _check_parts(name, input, sizes)
    check_room(input, sizes)
    indices = AdaptiveMaxPlaces.apply(input.detach(), sizes)
    values = input.flatten(-rank).gather(-1, indices.flatten(-rank))
    values = values.reshape(indices.array.shape)
    return (values, indices) if return_indices else values


def _parts_of(name: str, rank: int, input: Tensor, output_size: Any) -> Sizes:
    """How many parts each of the last dimensions is to have."""
    if isinstance(output_size, (tuple, list)):
        output_size = tuple([size if size is None else int(size) for size in output_size])
    return _parts(name, rank, input.array.shape, output_size)


@lru_cache(4096)
def _parts(name: str, rank: int, shape: Sizes, output_size: Any) -> Sizes:
    given = shape[-rank:]
    count = len(output_size) if isinstance(output_size, (tuple, list)) else rank
    if rank > 1 and len(shape) <= count:
        raise InvalidValueError(
            f"{name}: Input dimension should be at least {count + 1}, got shape {shape}"
        )
    if isinstance(output_size, int) or output_size is None:
        output_size = (output_size,) * rank
    if len(output_size) != rank or len(given) != rank:
        raise OperationError(
            f"{name}: output_size must be {rank} numbers for an input of "
            f"{rank + 1} or {rank + 2} dimensions, got output_size={output_size} and input of "
            f"shape {shape}"
        )
    wanted = zip(output_size, given, strict=True)
    return tuple([have if want is None else want for want, have in wanted])


def _check_parts(name: str, input: Tensor, sizes: Sizes) -> None:
    shape, rank = input.array.shape, len(sizes)
    if category_of(input.array.dtype) != FLOATING:
        check_taken(name, input, FLOATS)
    if len(shape) not in (rank + 1, rank + 2):
        raise OperationError(
            f"{name}: Expected {rank + 1}D or {rank + 2}D tensor, but got {list(shape)}"
        )
    if min(sizes) < 0:
        raise OperationError(
            f"{name}: elements of output_size must be greater than or equal to 0, but got "
            f"{list(sizes)}"
        )
    if 0 in shape[-rank - 1 :]:
        raise OperationError(
            f"{name}: Expected input to have non-zero size for non-batch dimensions, but input has "
            f"sizes {list(shape)}"
        )
