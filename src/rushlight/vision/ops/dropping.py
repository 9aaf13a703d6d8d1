"""What leaves out parts of a network or of its images at random."""

from __future__ import annotations

from ... import nn
from ...nn import functional as F
from ...tensor import Tensor


def stochastic_depth(input: Tensor, p: float, mode: str, training: bool = True) -> Tensor:
    """Zeros in the place of examples (mode "row") or of the whole batch ("batch"), each with
    probability p.

    What stays is divided by 1 - p: Huang et al., arXiv:1603.09382.

    >>> import rushlight as torch
    >>> from rushlight.vision.ops import stochastic_depth
    >>> stochastic_depth(torch.ones(2), 1.0, "batch")
    tensor([0., 0.])
    """
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"stochastic_depth: p is to be between 0 and 1, not {p}")
    if mode not in ("batch", "row"):
        raise ValueError(f'stochastic_depth: mode is to be "batch" or "row", not {mode!r}')
    if not training or p == 0.0:
        return input
    shape = (input.shape[0] if mode == "row" else 1,) + (1,) * (input.ndim - 1)
    kept = input.new_empty(shape).bernoulli_(1.0 - p)
    if p < 1.0:
        kept.div_(1.0 - p)
    return input * kept


class StochasticDepth(nn.Module):
    """`stochastic_depth` as a layer, which does nothing in `eval()`.

    >>> from rushlight.vision.ops import StochasticDepth
    >>> StochasticDepth(0.1, "row")
    StochasticDepth(p=0.1, mode=row)
    """

    def __init__(self, p: float, mode: str) -> None:
        super().__init__()
        self.p = p
        self.mode = mode

    def forward(self, input: Tensor) -> Tensor:
        return stochastic_depth(input, self.p, self.mode, self.training)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p={self.p}, mode={self.mode})"


def _dropped_blocks(
    name: str, input: Tensor, p: float, block_size: int, inplace: bool, eps: float, training: bool
) -> Tensor:
    """Blocks of the last axes become zeros: Ghiasi et al., arXiv:1810.12890."""
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"{name}: p is to be between 0 and 1, not {p}")
    rank = input.ndim - 2
    if rank != (2 if name == "drop_block2d" else 3):
        wanted = 4 if name == "drop_block2d" else 5
        raise ValueError(f"{name}: the input is to have {wanted} dimensions, not {input.ndim}")
    if not training or p == 0.0:
        return input
    n, c, *sizes = input.shape
    block_size = min(block_size, *sizes)
    if block_size % 2 == 0:
        raise ValueError(f"{name}: the block size is to be odd, not {block_size}")
    gamma = p / block_size**rank
    for size in sizes:
        gamma *= size / (size - block_size + 1)
    centres = input.new_empty((n, c, *(s - block_size + 1 for s in sizes))).bernoulli_(gamma)
    half = block_size // 2
    centres = F.pad(centres, [half] * 2 * rank, value=0)
    pool = F.max_pool2d if rank == 2 else F.max_pool3d
    kept = 1 - pool(centres, kernel_size=block_size, stride=1, padding=half)
    scale = kept.numel() / (eps + kept.sum())
    return input.mul_(kept).mul_(scale) if inplace else input * kept * scale


def drop_block2d(
    input: Tensor, p: float, block_size: int, inplace: bool = False, eps: float = 1e-6,
    training: bool = True,
) -> Tensor:  # fmt: skip
    """Squares of each channel become zeros, about a part p of it: Ghiasi et al., arXiv:1810.12890.

    What stays is scaled so that the sum of an even image stays as it is. Shape (N, C, H, W).

    >>> import rushlight as torch
    >>> from rushlight.vision.ops import drop_block2d
    >>> drop_block2d(torch.ones(1, 1, 4, 4), 0.0, 3).sum()
    tensor(16.)
    """
    return _dropped_blocks("drop_block2d", input, p, block_size, inplace, eps, training)


def drop_block3d(
    input: Tensor, p: float, block_size: int, inplace: bool = False, eps: float = 1e-6,
    training: bool = True,
) -> Tensor:  # fmt: skip
    """The same of cubes: shape (N, C, D, H, W).

    >>> import rushlight as torch
    >>> from rushlight.vision.ops import drop_block3d
    >>> drop_block3d(torch.ones(1, 1, 2, 4, 4), 0.5, 2, training=False).sum()
    tensor(32.)
    """
    return _dropped_blocks("drop_block3d", input, p, block_size, inplace, eps, training)


class DropBlock2d(nn.Module):
    """`drop_block2d` as a layer, which does nothing in `eval()`.

    >>> from rushlight.vision.ops import DropBlock2d
    >>> DropBlock2d(0.1, 3)
    DropBlock2d(p=0.1, block_size=3, inplace=False)
    """

    def __init__(self, p: float, block_size: int, inplace: bool = False, eps: float = 1e-6) -> None:
        super().__init__()
        self.p = p
        self.block_size = block_size
        self.inplace = inplace
        self.eps = eps

    def forward(self, input: Tensor) -> Tensor:
        return drop_block2d(input, self.p, self.block_size, self.inplace, self.eps, self.training)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(p={self.p}, block_size={self.block_size}, "
            f"inplace={self.inplace})"
        )


class DropBlock3d(DropBlock2d):
    """`drop_block3d` as a layer.

    >>> from rushlight.vision.ops import DropBlock3d
    >>> DropBlock3d(0.1, 3)
    DropBlock3d(p=0.1, block_size=3, inplace=False)
    """

    def forward(self, input: Tensor) -> Tensor:
        return drop_block3d(input, self.p, self.block_size, self.inplace, self.eps, self.training)
