"""Convolutions (Fukushima 1980; LeCun et al. 1989)."""

from __future__ import annotations

import math
from typing import Any

from ...errors import InvalidValueError
from ...ops.creation import empty
from ...tensor import Tensor
from .. import functional as F
from .. import init
from ..module import Module
from ..parameter import Parameter
from .utils import ntuple

PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


class _ConvNd(Module):
    """What the convolutions of one, two and more dimensions have in common."""

    dimensions: int
    transposed = False
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
        self.output_padding = (0,) * self.dimensions
        self.groups = groups
        self.padding_mode = padding_mode
        self._reversed_padding_repeated_twice = self._border()
        channels = (out_channels, in_channels // groups)
        if self.transposed:
            channels = (in_channels, out_channels // groups)
        shape = (*channels, *self.kernel_size)
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
        """Draws new weights.

        >>> import rushlight as torch
        >>> layer = torch.nn.Conv2d(1, 2, 2)
        >>> layer.reset_parameters()
        >>> layer.weight.abs().max() <= 0.5  # 1 / sqrt(fan_in)
        tensor(True)
        """
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
        if any(self.output_padding):
            parts.append(f"output_padding={self.output_padding}")
        if self.groups != 1:
            parts.append(f"groups={self.groups}")
        if self.bias is None:
            parts.append("bias=False")
        if self.padding_mode != "zeros":
            parts.append(f"padding_mode={self.padding_mode}")
        return ", ".join(parts)


class Conv1d(_ConvNd):
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


class Conv2d(_ConvNd):
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


class Conv3d(_ConvNd):
    """y[n, o] = bias[o] + sum over c of weight[o, c] * x[n, c], cross-correlated over all sides.

    Shapes: x (N, C, D, H, W), y (N, O, D', H', W'), weight (O, C / groups, kernel depth, height,
    width). See `Conv2d`.

    >>> import rushlight as torch
    >>> torch.nn.Conv3d(1, 2, 3, padding=1)(torch.randn(1, 1, 4, 5, 6)).shape
    torch.Size([1, 2, 4, 5, 6])
    """

    dimensions = 3

    def forward(self, input: Tensor) -> Tensor:
        input, padding = self._padded(input)
        return F.conv3d(
            input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups
        )


class _ConvTransposeNd(_ConvNd):
    """What the transposed convolutions of one, two and more dimensions have in common."""

    transposed = True
    padding: tuple[int, ...]

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Any, stride: Any = 1,
        padding: Any = 0, output_padding: Any = 0, groups: int = 1, bias: bool = True,
        dilation: Any = 1, padding_mode: str = "zeros", device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        if padding_mode != "zeros":
            raise ValueError(
                f'Only "zeros" padding mode is supported for {type(self).__name__}'
            )
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias,
            padding_mode, device, dtype,
        )  # fmt: skip
        self.output_padding = ntuple(output_padding, self.dimensions)

    def forward(self, input: Tensor, output_size: Any = None) -> Tensor:
        convolve = getattr(F, f"conv_transpose{self.dimensions}d")
        rest = self.output_padding if output_size is None else self._rest(input, output_size)
        return convolve(
            input, self.weight, self.bias, self.stride, self.padding, rest, self.groups,
            self.dilation,
        )  # fmt: skip

    def _rest(self, input: Tensor, output_size: Any) -> tuple[int, ...]:
        """The `output_padding` that makes a result of this size."""
        sizes = tuple(output_size)
        extra = input.dim() - self.dimensions
        sizes = sizes[extra:] if len(sizes) == input.dim() else sizes
        if len(sizes) != self.dimensions:
            raise InvalidValueError(
                f"ConvTranspose{self.dimensions}d: for {input.dim()}D input, output_size must have "
                f"{self.dimensions} or {input.dim()} elements (got {len(sizes)})"
            )
        least = [
            (n - 1) * s - 2 * p + d * (k - 1) + 1
            for n, s, p, d, k in zip(
                input.shape[extra:], self.stride, self.padding, self.dilation, self.kernel_size,
                strict=True,
            )
        ]  # fmt: skip
        for size, low, stride in zip(sizes, least, self.stride, strict=True):
            if not low <= size < low + stride:
                raise InvalidValueError(
                    f"requested an output size of {list(sizes)}, but valid sizes range from {least}"
                    f" to {[n + s - 1 for n, s in zip(least, self.stride, strict=True)]} (for an "
                    f"input of {list(input.shape[extra:])})"
                )
        return tuple(size - low for size, low in zip(sizes, least, strict=True))


class ConvTranspose1d(_ConvTransposeNd):
    """`ConvTranspose2d` in one dimension.

    Shapes: x (N, C, L), y (N, O, M), weight (C, O / groups, kernel_size).

    >>> import rushlight as torch
    >>> torch.nn.ConvTranspose1d(16, 33, 3, stride=2)(torch.randn(20, 16, 50)).shape
    torch.Size([20, 33, 101])
    """

    dimensions = 1


class ConvTranspose2d(_ConvTransposeNd):
    """The adjoint of `Conv2d`: each place of the input adds its multiples of kernels.

    Shapes: x (N, C, H, W) or (C, H, W), y (N, O, H', W'), weight (C, O / groups, kernel height,
    kernel width), with H' = (H - 1) stride - 2 padding + dilation (kernel - 1) + output_padding
    + 1. The call takes `output_size` instead of the module's `output_padding`. Weight and bias
    start uniform in +-1/sqrt(O / groups times values under the kernel). See Dumoulin and Visin, A
    guide to convolution arithmetic for deep learning (2016).

    >>> import rushlight as torch
    >>> torch.nn.ConvTranspose2d(16, 33, 4, stride=2, padding=1)(torch.randn(20, 16, 8, 8)).shape
    torch.Size([20, 33, 16, 16])
    """

    dimensions = 2


class ConvTranspose3d(_ConvTransposeNd):
    """`ConvTranspose2d` in three dimensions.

    Shapes: x (N, C, D, H, W), y (N, O, D', H', W'), weight (C, O / groups, kernel depth, height,
    width).

    >>> import rushlight as torch
    >>> torch.nn.ConvTranspose3d(2, 3, 2, stride=2)(torch.randn(1, 2, 4, 4, 4)).shape
    torch.Size([1, 3, 8, 8, 8])
    """

    dimensions = 3
