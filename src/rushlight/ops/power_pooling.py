"""Norms of windows of signals, images and volumes."""

from __future__ import annotations

from math import prod
from typing import Any

from ..tensor import Tensor
from .declare import operation
from .geometry import per_dimension
from .pooling import avg_pool
from .signatures import signature_of


def _lp_pool(
    rank: int, /, input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None,
    ceil_mode: bool = False,
) -> Tensor:  # fmt: skip
    name = f"lp_pool{rank}d"
    kernel = per_dimension(kernel_size, rank, f"{name}: kernel_size")
    sizes = (kernel, stride, 0, ceil_mode, True, None)
    means = avg_pool(name, rank, input.pow(norm_type), *sizes)
    # As in PyTorch: the root of a negative sum, which odd powers have, is that of nothing.
    return (means.sign() * means.abs().relu() * prod(kernel)).pow(1.0 / norm_type)


@operation("nn.functional")
def lp_pool1d(
    input: Tensor, norm_type: float, kernel_size: int, stride: Any = None, ceil_mode: bool = False
) -> Tensor:
    """`lp_pool2d` of signals (N, C, L) or (C, L).

    >>> import rushlight as torch
    >>> torch.nn.functional.lp_pool1d(torch.tensor([[3.0, 4.0, 0.0, 2.0]]), 2, 2)
    tensor([[5., 2.]])
    """
    return _lp_pool(1, input, norm_type, kernel_size, stride, ceil_mode)


@operation("nn.functional")
@signature_of(_lp_pool)
def lp_pool2d(*arguments: Any) -> Tensor:
    """The norm of each window of images: the root of the sum of powers of `norm_type`.

    >>> import rushlight as torch
    >>> torch.nn.functional.lp_pool2d(torch.tensor([[[3.0, 4.0]]]), 2, (1, 2))
    tensor([[[5.]]])
    """
    return _lp_pool(2, *arguments)


@operation("nn.functional", autocast="float32")
@signature_of(_lp_pool)
def lp_pool3d(*arguments: Any) -> Tensor:
    """`lp_pool2d` of volumes (N, C, D, H, W) or (C, D, H, W).

    >>> import rushlight as torch
    >>> torch.nn.functional.lp_pool3d(torch.full((1, 2, 2, 1), 3.0), 2, (2, 2, 1))  # sqrt(4 * 9)
    tensor([[[[6.]]]])
    """
    return _lp_pool(3, *arguments)
