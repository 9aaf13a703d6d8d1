"""Pooling by a factor that is no whole number, in windows that are laid at random."""

from __future__ import annotations

from math import prod
from typing import Any

from ..categories import FLOATS, check_taken
from ..errors import InvalidValueError, OperationError
from ..tensor import Tensor
from .creation import arange
from .declare import operation
from .geometry import Sizes, per_dimension
from .random import rand
from .signatures import signature_of


def _fractional_max_pool(
    rank: int, with_indices: bool, /, input: Tensor, kernel_size: Any, output_size: Any = None,
    output_ratio: Any = None, return_indices: bool = False, _random_samples: Tensor | None = None,
) -> Any:  # fmt: skip
    """The maxima, and where they are asked for or belong to the result their places."""
    values, indices = _maxima(rank, input, kernel_size, output_size, output_ratio, _random_samples)
    return (values, indices) if with_indices or return_indices else values


@operation("nn.functional", autocast="float32")
@signature_of(_fractional_max_pool)
def fractional_max_pool2d(*arguments: Any) -> Any:
    """Maxima of windows laid at random over images (N, C, H, W) or (C, H, W).

    The result has the size `output_size`, or the input's times `output_ratio`. The windows have one
    size, and start at places that a random number for each plane and dimension decides (Graham
    2015). With `return_indices` also the maxima's places, flat in their plane.

    >>> import rushlight as torch
    >>> x = torch.arange(16.0).reshape(1, 4, 4)
    >>> torch.nn.functional.fractional_max_pool2d(x, 2, output_size=2).shape
    torch.Size([1, 2, 2])
    """
    return _fractional_max_pool(2, False, *arguments)


@operation("nn.functional")
@signature_of(_fractional_max_pool)
def fractional_max_pool2d_with_indices(*arguments: Any) -> tuple[Tensor, Tensor]:
    """`fractional_max_pool2d` and the maxima's places, whatever `return_indices` says.

    >>> import rushlight as torch
    >>> pool = torch.nn.functional.fractional_max_pool2d_with_indices
    >>> values, indices = pool(torch.arange(16.0).reshape(1, 4, 4), 2, output_size=2)
    >>> values.shape, indices[0, 1, 1]
    (torch.Size([1, 2, 2]), tensor(15))
    """
    return _fractional_max_pool(2, True, *arguments)


@operation("nn.functional", autocast="float32")
@signature_of(_fractional_max_pool)
def fractional_max_pool3d(*arguments: Any) -> Any:
    """`fractional_max_pool2d` of volumes (N, C, D, H, W) or (C, D, H, W).

    >>> import rushlight as torch
    >>> x = torch.rand(1, 3, 8, 8, 8)
    >>> torch.nn.functional.fractional_max_pool3d(x, 2, output_ratio=0.5).shape
    torch.Size([1, 3, 4, 4, 4])
    """
    return _fractional_max_pool(3, False, *arguments)


@operation("nn.functional")
@signature_of(_fractional_max_pool)
def fractional_max_pool3d_with_indices(*arguments: Any) -> tuple[Tensor, Tensor]:
    """`fractional_max_pool3d` and the maxima's places, whatever `return_indices` says.

    >>> import rushlight as torch
    >>> pool = torch.nn.functional.fractional_max_pool3d_with_indices
    >>> values, indices = pool(torch.arange(64.0).reshape(1, 4, 4, 4), 2, output_size=2)
    >>> values.shape, indices[0, 1, 1, 1]
    (torch.Size([1, 2, 2, 2]), tensor(63))
    """
    return _fractional_max_pool(3, True, *arguments)


def _maxima(
    rank: int, input: Tensor, kernel_size: Any, output_size: Any, output_ratio: Any,
    samples: Tensor | None,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    name, shape = f"fractional_max_pool{rank}d", input.array.shape
    kernel = per_dimension(kernel_size, rank, f"{name}: kernel_size")
    sizes = _sizes(name, rank, shape, output_size, output_ratio)
    _check(name, rank, input, kernel, sizes)
    planes = (1, *shape) if len(shape) == rank + 1 else shape
    if samples is None:
        samples = rand(*planes[:2], rank, dtype=input.dtype, device=input.device)
    elif samples.array.shape[1:] != (planes[1], rank) or samples.array.shape[0] < planes[0]:
        raise OperationError(
            f"{name}: Expect _random_samples to have shape {[*planes[:2], rank]}, or more than "
            f"{planes[0]} in the first dimension, but got {list(samples.array.shape)}"
        )
    samples = samples[: planes[0]]  # of those for a larger batch the first ones
    flat: Any = 0
    for dim in range(rank):
        # PyTorch draws for images the width first, for volumes the depth.
        sample = samples[..., dim if rank == 3 else 1 - dim]
        starts = _starts(sample, planes[2 + dim], sizes[dim], kernel[dim])
        places = starts.unsqueeze(-1) + arange(kernel[dim], device=input.device)
        ones = [1] * (rank - 1 - dim)
        before = [1] * dim
        places = places.reshape(*planes[:2], *before, sizes[dim], *ones,
                                *before, kernel[dim], *ones)  # fmt: skip
        flat = flat * planes[2 + dim] + places
    flat = flat.reshape(*planes[:2], prod(sizes), prod(kernel))
    elements = input.reshape(*planes[:2], prod(planes[2:]))
    windows = elements.detach().gather(-1, flat.flatten(-2)).reshape(flat.array.shape)
    best = windows.max(-1, keepdim=True).indices
    indices = flat.gather(-1, best).squeeze(-1)
    result = (*shape[:-rank], *sizes)
    return elements.gather(-1, indices).reshape(result), indices.reshape(result)


def _starts(sample: Tensor, size: int, count: int, kernel: int) -> Tensor:
    """Where the `count` windows of each plane start along a dimension (N, C, count)."""
    numbers = arange(count, device=sample.device)
    if count < 2:
        return (numbers + (size - kernel)).expand(*sample.array.shape, count)
    # In the input's precision, as PyTorch computes them.
    step = numbers.new_tensor(size - kernel).to(sample.dtype) / (count - 1)
    shifted = (numbers.to(sample.dtype) + sample.unsqueeze(-1)) * step
    starts = shifted.long() - (sample.unsqueeze(-1) * step).long()
    return starts.masked_fill(numbers == count - 1, size - kernel)


def _sizes(name: str, rank: int, shape: Sizes, output_size: Any, output_ratio: Any) -> Sizes:
    if output_size is not None:
        return per_dimension(output_size, rank, f"{name}: output_size")
    if output_ratio is None:
        raise InvalidValueError(
            f"{name} requires specifying either an output_size or an output_ratio"
        )
    ratios = (output_ratio,) * rank if isinstance(output_ratio, float) else tuple(output_ratio)
    if len(ratios) != rank or not all(0 < ratio < 1 for ratio in ratios):
        raise InvalidValueError(
            f"{name}: output_ratio must be between 0 and 1 (got {output_ratio})"
        )
    return tuple([int(n * ratio) for n, ratio in zip(shape[-rank:], ratios, strict=True)])


def _check(name: str, rank: int, input: Tensor, kernel: Sizes, sizes: Sizes) -> None:
    shape = input.array.shape
    if len(shape) not in (rank + 1, rank + 2) or 0 in shape[-rank - 1 :]:
        raise OperationError(
            f"{name}: Expected {rank + 1}D or {rank + 2}D tensor with non-zero size for non-batch "
            f"dimensions, but got: {list(shape)}"
        )
    check_taken(name, input, FLOATS)
    for n, k, count in zip(shape[-rank:], kernel, sizes, strict=True):
        if k <= 0 or count <= 0 or count + k - 1 > n:
            raise OperationError(
                f"{name}: kernel_size {list(kernel)} and output_size {list(sizes)} must be "
                f"positive and not too large relative to the input of shape {list(shape)}"
            )
