"""Images as sliding blocks and back; elements moved between channels and places."""

from __future__ import annotations

from math import prod
from typing import Any

from ..autograd.operation import Operation
from ..categories import check_taken
from ..dtype import BOOL, COMPLEX, FLOATING
from ..errors import OperationError
from ..tensor import Tensor
from .declare import operation
from .geometry import block_geometry, per_dimension


class UnfoldBlocks(Operation):
    """Each sliding block as a column."""

    node_name = "Im2ColBackward0"
    geometry: Any

    def backward(self, grad: Tensor) -> Any:
        return FoldBlocks.apply(grad, self.geometry)


class FoldBlocks(Operation):
    """Each column added to the places of its block."""

    node_name = "Col2ImBackward0"
    geometry: Any

    def backward(self, grad: Tensor) -> Any:
        return UnfoldBlocks.apply(grad, self.geometry)


@operation("nn.functional")
def unfold(
    input: Tensor, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> Tensor:
    """The sliding blocks of images (N, C, H, W) or (C, H, W) as columns (N, C kH kW, blocks).

    >>> import rushlight as torch
    >>> torch.nn.functional.unfold(torch.arange(9.0).reshape(1, 3, 3), 2)
    tensor([[0., 1., 3., 4.],
            [1., 2., 4., 5.],
            [3., 4., 6., 7.],
            [4., 5., 7., 8.]])
    """
    shape = input.array.shape
    if len(shape) not in (3, 4) or 0 in shape[-3:]:
        raise OperationError(
            "unfold: Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other "
            f"non-zero dimensions for input, but got: {list(shape)}"
        )
    _refuse_integers("unfold", input)
    if len(shape) == 3:
        return unfold(input.unsqueeze(0), kernel_size, dilation, padding, stride).squeeze(0)
    sizes = (kernel_size, stride, padding, dilation)
    return UnfoldBlocks.apply(input, block_geometry("unfold", shape[2:], *sizes))


@operation("nn.functional")
def fold(
    input: Tensor, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0,
    stride: Any = 1,
) -> Tensor:  # fmt: skip
    """Columns (N, C kH kW, blocks) or (C kH kW, blocks) added up to images of `output_size`.

    Where blocks overlap, their elements are added: this is the adjoint of `unfold`.

    >>> import rushlight as torch
    >>> torch.nn.functional.fold(torch.ones(4, 4), (3, 3), 2)
    tensor([[[1., 2., 1.],
             [2., 4., 2.],
             [1., 2., 1.]]])
    """
    shape = input.array.shape
    if len(shape) not in (2, 3) or 0 in shape[-2:]:
        raise OperationError(
            "fold: Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and "
            f"non-zero dimensions for input, but got: {list(shape)}"
        )
    _refuse_integers("fold", input)
    if len(shape) == 2:
        options = (output_size, kernel_size, dilation, padding, stride)
        return fold(input.unsqueeze(0), *options).squeeze(0)
    sizes = per_dimension(output_size, 2, "output_size")
    geometry = block_geometry("fold", sizes, kernel_size, stride, padding, dilation)
    if shape[1] % prod(geometry.kernel_size):
        raise OperationError(
            "fold: Expected size of input's dimension 1 to be divisible by the product of "
            f"kernel_size, but got input.size(1)={shape[1]} and "
            f"kernel_size={geometry.kernel_size}."
        )
    if shape[2] != prod(geometry.counts):
        raise OperationError(
            f"fold: Given output_size={sizes}, expected size of input's dimension 2 to match the "
            f"calculated number of sliding blocks {' * '.join(map(str, geometry.counts))} = "
            f"{prod(geometry.counts)}, but got input.size(2)={shape[2]}."
        )
    return FoldBlocks.apply(input, geometry)


def _refuse_integers(name: str, input: Tensor) -> None:
    check_taken(name, input, (BOOL, FLOATING, COMPLEX))


class PixelShuffle(Operation):
    """Channels that become places."""

    factor: int

    def backward(self, grad: Tensor) -> Tensor:
        return PixelUnshuffle.apply(grad, self.factor)


class PixelUnshuffle(Operation):
    """Places that become channels."""

    factor: int

    def backward(self, grad: Tensor) -> Tensor:
        return PixelShuffle.apply(grad, self.factor)


@operation("nn.functional", "torch.pixel_shuffle")
def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """(*, C r r, H, W) as (*, C, H r, W r): channels become places (Shi et al. 2016).

    >>> import rushlight as torch
    >>> torch.pixel_shuffle(torch.arange(4.0).reshape(4, 1, 1), 2)
    tensor([[[0., 1.],
             [2., 3.]]])
    """
    channels = _image_shape("pixel_shuffle", input)[-3]
    r = upscale_factor
    if r <= 0:
        raise OperationError(f"pixel_shuffle expects a positive upscale_factor, but got {r}")
    if channels % (r * r):
        raise OperationError(
            "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square "
            f"of upscale_factor, but input.size(-3)={channels} is not divisible by {r * r}"
        )
    return PixelShuffle.apply(input, r)


@operation("nn.functional", "torch.pixel_unshuffle")
def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:
    """(*, C, H r, W r) as (*, C r r, H, W): undoes `pixel_shuffle`.

    >>> import rushlight as torch
    >>> torch.pixel_unshuffle(torch.arange(4.0).reshape(1, 2, 2), 2).flatten()
    tensor([0., 1., 2., 3.])
    """
    *_, height, width = _image_shape("pixel_unshuffle", input)
    r = downscale_factor
    if r <= 0:
        raise OperationError(f"pixel_unshuffle expects a positive downscale_factor, but got {r}")
    for what, dim, size in (("height", -2, height), ("width", -1, width)):
        if size % r:
            raise OperationError(
                f"pixel_unshuffle expects {what} to be divisible by downscale_factor, but "
                f"input.size({dim})={size} is not divisible by {r}"
            )
    return PixelUnshuffle.apply(input, r)


def _image_shape(name: str, input: Tensor) -> tuple[int, ...]:
    shape = input.array.shape
    if len(shape) < 3:
        raise OperationError(
            f"{name} expects input to have at least 3 dimensions, but got input with {len(shape)} "
            "dimension(s)"
        )
    return shape


class ChannelShuffle(Operation):
    """Channels dealt out between groups, each of which was one behind the other."""

    groups: int

    def backward(self, grad: Tensor) -> Tensor:
        return ChannelShuffle.apply(grad, max(grad.array.shape[1] // self.groups, 1))


@operation(
    "nn.functional", "torch.channel_shuffle", "torch.native_channel_shuffle",
    "nn.functional.native_channel_shuffle",
)  # fmt: skip
def channel_shuffle(input: Tensor, groups: int) -> Tensor:
    """Channels (N, C, ...) dealt out: number i of each of `groups` groups, then number i + 1.

    >>> import rushlight as torch
    >>> torch.channel_shuffle(torch.arange(4.0).reshape(1, 4, 1), 2).flatten()
    tensor([0., 2., 1., 3.])
    """
    shape = input.array.shape
    if len(shape) < 3:
        raise OperationError(
            f"channel_shuffle expects input with > 2 dims, but got input with sizes {list(shape)}"
        )
    if groups <= 0:
        raise OperationError(
            f"channel_shuffle: Number of groups to divide channels in must be positive. Value of "
            f"groups:{groups}"
        )
    if shape[1] % groups:
        raise OperationError(
            f"channel_shuffle: Number of channels must be divisible by groups. Got {shape[1]} "
            f"channels and {groups} groups."
        )
    return ChannelShuffle.apply(input, groups)
