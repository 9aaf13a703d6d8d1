"""Convolutions (Fukushima 1980; LeCun et al. 1989)."""

from __future__ import annotations

import math
from typing import Any

from ...ops.creation import empty
from ...tensor import Tensor
from .. import functional as F
from .. import init
from ..module import Module
from ..parameter import Parameter
from .utils import ntuple

PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


class _Convolution(Module):
    """What the convolutions of one, two and more dimensions have in common."""

    dimensions: int
    weight: Parameter
    bias: Parameter | None
    padding: tuple[int, ...] | str

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Any, stride: Any = 1,
        padding: Any = 0, dilation: Any = 1, groups: int = 1, bias: bool = True,
        padding_mode: str = "zeros", device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__()
        if groups <= 0:
            raise ValueError("groups must be a positive integer")
        if in_channels % groups != 0:
            raise ValueError("in_channels must be divisible by groups")
        if out_channels % groups != 0:
            raise ValueError("out_channels must be divisible by groups")
        if padding_mode not in PADDING_MODES:
            raise ValueError(
                f"padding_mode must be one of {{{str(PADDING_MODES)[1:-1]}}}, but got "
                f"padding_mode='{padding_mode}'"
            )
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = ntuple(kernel_size, self.dimensions)
        self.stride = ntuple(stride, self.dimensions)
        self.padding = padding if isinstance(padding, str) else ntuple(padding, self.dimensions)
        self.dilation = ntuple(dilation, self.dimensions)
        self.transposed = False
        self.output_padding = (0,) * self.dimensions
        self.groups = groups
        self.padding_mode = padding_mode
        self._reversed_padding_repeated_twice = self._border()
        shape = (out_channels, in_channels // groups, *self.kernel_size)
        self.weight = Parameter(empty(shape, device=device, dtype=dtype))
        self.register_parameter(
            "bias", Parameter(empty(out_channels, device=device, dtype=dtype)) if bias else None
        )
        self.reset_parameters()

    def _border(self) -> tuple[int, ...]:
        """The padding as F.pad takes it: (before, after) of each dimension, the last one first."""
        if self.padding == "valid":
            sides = [(0, 0)] * len(self.kernel_size)
        elif self.padding == "same":
            if any(stride != 1 for stride in self.stride):
                raise ValueError("padding='same' is not supported for strided convolutions")
            totals = [d * (k - 1) for d, k in zip(self.dilation, self.kernel_size, strict=True)]
            sides = [(total // 2, total - total // 2) for total in totals]
        elif isinstance(self.padding, str):
            raise ValueError(
                f"Invalid padding string '{self.padding}', should be one of {{'same', 'valid'}}"
            )
        else:
            sides = [(padding, padding) for padding in self.padding]
        return tuple(size for side in reversed(sides) for size in side)

    def reset_parameters(self) -> None:
        """Draws new weights."""
        # a = sqrt(5) makes the bound 1 / sqrt(fan_in).
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            fan_in, _ = init._calculate_fan_in_and_fan_out(self.weight)
            if fan_in != 0:
                bound = 1 / math.sqrt(fan_in)
                init.uniform_(self.bias, -bound, bound)

    def _padded(self, input: Tensor) -> tuple[Tensor, Any]:
        """The input with a border that is not zeros, and the padding that is left to do."""
        if self.padding_mode == "zeros":
            return input, self.padding
        border = self._reversed_padding_repeated_twice
        return F.pad(input, border, mode=self.padding_mode), 0

    def extra_repr(self) -> str:
        parts = [
            f"{self.in_channels}, {self.out_channels}",
            f"kernel_size={self.kernel_size}",
            f"stride={self.stride}",
        ]
        ones = (1,) * len(self.kernel_size)
        if self.padding != (0,) * len(self.kernel_size):
            parts.append(f"padding={self.padding}")
        if self.dilation != ones:
            parts.append(f"dilation={self.dilation}")
        if self.groups != 1:
            parts.append(f"groups={self.groups}")
        if self.bias is None:
            parts.append("bias=False")
        if self.padding_mode != "zeros":
            parts.append(f"padding_mode={self.padding_mode}")
        return ", ".join(parts)


class Conv1d(_Convolution):
    """y[n, o] = bias[o] + sum over c of weight[o, c] * x[n, c], cross-correlated over the length.

    Shapes: x (N, C, L), y (N, O, M), weight (O, C / groups, kernel_size). See `Conv2d`.

    >>> import rushlight as torch
    >>> torch.nn.Conv1d(16, 33, 3, stride=2)(torch.randn(20, 16, 50)).shape
    torch.Size([20, 33, 24])
    """

    dimensions = 1

    def forward(self, input: Tensor) -> Tensor:
        input, padding = self._padded(input)
        return F.conv1d(
            input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups
        )


class Conv2d(_Convolution):
    """y[n, o] = bias[o] + sum over c of weight[o, c] * x[n, c], cross-correlated over both sides.

    Shapes: x (N, C, H, W) or (C, H, W), y (N, O, H', W'), weight (O, C / groups, kernel height,
    kernel width), with H' = (H + 2 padding - dilation (kernel - 1) - 1) // stride + 1.
    `padding` may be "valid" (none) or "same" (H' = H, for stride 1); `padding_mode` says what the
    border holds. Weight and bias start uniform in +-1/sqrt(values under the kernel).

    >>> import rushlight as torch
    >>> torch.nn.Conv2d(16, 33, 3, stride=2)(torch.randn(20, 16, 50, 100)).shape
    torch.Size([20, 33, 24, 49])
    """

    dimensions = 2

    def forward(self, input: Tensor) -> Tensor:
        input, padding = self._padded(input)
        return F.conv2d(
            input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups
        )
