"""Convolutions whose kernels reach where they are told: Dai et al., arXiv:1703.06211."""

from __future__ import annotations

import math
from typing import Any

import rushlight

from ... import nn
from ...errors import OperationError
from ...nn.modules.utils import _pair
from ...tensor import Tensor


def deform_conv2d(
    input: Tensor,
    offset: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | tuple[int, int] = (1, 1),
    padding: int | tuple[int, int] = (0, 0),
    dilation: int | tuple[int, int] = (1, 1),
    mask: Tensor | None = None,
) -> Tensor:
    """`conv2d` in which each element of the kernel reads the input at a place of its own.

    `offset` (N, 2 * G * kh * kw, oh, ow) moves that place down and to the right, for each element
    of the kernel, each of G groups of channels and each place of the output; between elements the
    input is interpolated, and beyond its edges it is zero. `mask` (N, G * kh * kw, oh, ow) scales
    what was read. Shapes (N, C, H, W) and (O, C / groups, kh, kw) to (N, O, oh, ow).

    RuntimeError where the shapes do not go together.

    >>> import rushlight as torch
    >>> from rushlight.vision.ops import deform_conv2d
    >>> x = torch.arange(4.0).reshape(1, 1, 2, 2)
    >>> to_the_right = torch.tensor([0.0, 0.5]).reshape(1, 2, 1, 1).expand(1, 2, 2, 2)
    >>> deform_conv2d(x, to_the_right, torch.ones(1, 1, 1, 1))
    tensor([[[[0.5000, 0.5000],
              [2.5000, 1.5000]]]])
    """
    stride, padding, dilation = _pair(stride), _pair(padding), _pair(dilation)
    count, channels, *sizes = input.shape
    outputs, _, *kernel = weight.shape
    out = [
        (size + 2 * p - d * (k - 1) - 1) // s + 1
        for size, p, d, k, s in zip(sizes, padding, dilation, kernel, stride, strict=True)
    ]
    groups = offset.shape[1] // (2 * math.prod(kernel))
    _check(input, offset, weight, mask, out, groups)
    places = offset.reshape(count * groups, math.prod(kernel), 2, *out)
    y, x = (
        _reached(places[:, :, axis], axis, kernel, out, stride, padding, dilation)
        for axis in (0, 1)
    )
    read = _sampled(input.reshape(count * groups, channels // groups, *sizes), y, x)
    if mask is not None:
        read = read * mask.reshape(count * groups, 1, *y.shape[1:])
    filters = weight.reshape(channels // weight.shape[1], -1, weight[0].numel())
    read = read.reshape(count, len(filters), filters.shape[-1], math.prod(out))
    result = (filters @ read).reshape(count, outputs, *out)
    return result if bias is None else result + bias.reshape(1, -1, 1, 1)


def _check(
    input: Tensor, offset: Tensor, weight: Tensor, mask: Tensor | None, out: list[int], groups: int
) -> None:
    channels, taken = input.shape[1], weight.shape[1]
    if channels % taken or weight.shape[0] % (channels // taken):
        raise OperationError(
            f"deform_conv2d: weight {tuple(weight.shape)} does not take the {channels} channels of "
            "the input"
        )
    if groups == 0 or channels % groups:
        raise OperationError(
            f"deform_conv2d: the {offset.shape[1]} channels of offset are to be 2 * groups * kh * "
            f"kw, with groups that divide the {channels} channels of the input"
        )
    elements = math.prod(weight.shape[2:])
    for name, tensor, each in (("offset", offset, 2), ("mask", mask, 1)):
        wanted = (len(input), each * groups * elements, *out)
        if tensor is not None and tuple(tensor.shape) != wanted:
            raise OperationError(
                f"deform_conv2d: {name} is to have shape {wanted}, not {tuple(tensor.shape)}"
            )


def _reached(
    offset: Tensor, axis: int, kernel: list[int], out: list[int], stride: tuple[int, int],
    padding: tuple[int, int], dilation: tuple[int, int],
) -> Tensor:  # fmt: skip
    """Where along an axis each element of the kernel reads: (N * G, kh * kw, oh, ow)."""
    # Whole numbers until the offset joins them, as halves do not hold all of them.
    steps = rushlight.arange(kernel[axis], device=offset.device)
    starts = rushlight.arange(out[axis], device=offset.device)
    elements = (steps * dilation[axis]).reshape((-1, 1) if axis == 0 else (1, -1))
    starts = starts * stride[axis] - padding[axis]
    elements = elements.expand(*kernel).reshape(-1, 1, 1)
    return offset + (elements + starts.reshape((-1, 1) if axis == 0 else (1, -1)))


def _sampled(images: Tensor, y: Tensor, x: Tensor) -> Tensor:
    """The images (N, C, H, W) at places (N, ...), interpolated: (N, C, ...)."""
    height, width = images.shape[2:]
    flat = images.flatten(2)
    top, left = y.detach().floor(), x.detach().floor()
    below, right = y - top, x - left
    top, left = top.long(), left.long()  # halves hold few numbers of rows, and fewer of pixels
    total: Any = 0
    for row, by_row in ((top, 1 - below), (top + 1, below)):
        for column, by_column in ((left, 1 - right), (left + 1, right)):
            inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
            place = row.clamp(0, height - 1) * width + column.clamp(0, width - 1)
            place = place.flatten(1)[:, None].expand(-1, flat.shape[1], -1)
            share = (by_row * by_column * inside).unsqueeze(1)
            total = total + flat.gather(2, place).unflatten(2, y.shape[1:]) * share
    return total


class DeformConv2d(nn.Module):
    """`deform_conv2d` with weights of its own; it is called with the input, offset and mask.

    >>> from rushlight.vision.ops import DeformConv2d
    >>> DeformConv2d(3, 8, 3, bias=False)
    DeformConv2d(3, 8, kernel_size=(3, 3), stride=(1, 1), bias=False)
    """

    bias: Tensor | None

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] = 1,
        padding: int | tuple[int, int] = 0,
        dilation: int | tuple[int, int] = 1,
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        super().__init__()
        if in_channels % groups:
            raise ValueError("in_channels must be divisible by groups")
        if out_channels % groups:
            raise ValueError("out_channels must be divisible by groups")
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = _pair(kernel_size)
        self.stride = _pair(stride)
        self.padding = _pair(padding)
        self.dilation = _pair(dilation)
        self.groups = groups
        shape = (out_channels, in_channels // groups, *self.kernel_size)
        self.weight = nn.Parameter(rushlight.empty(shape))
        if bias:
            self.bias = nn.Parameter(rushlight.empty(out_channels))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        nn.init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            bound = 1 / math.sqrt(math.prod(self.weight.shape[1:]))
            nn.init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Tensor, offset: Tensor, mask: Tensor | None = None) -> Tensor:
        return deform_conv2d(
            input, offset, self.weight, self.bias, self.stride, self.padding, self.dilation, mask
        )

    def __repr__(self) -> str:
        said = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}"
        said += f", stride={self.stride}"
        said += f", padding={self.padding}" if self.padding != (0, 0) else ""
        said += f", dilation={self.dilation}" if self.dilation != (1, 1) else ""
        said += f", groups={self.groups}" if self.groups != 1 else ""
        said += ", bias=False" if self.bias is None else ""
        return f"{type(self).__name__}({said})"
