"""Blocks that networks for images are built of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import rushlight

from ... import nn
from ...tensor import Tensor

Layer = Callable[..., nn.Module]


class FrozenBatchNorm2d(nn.Module):
    """Batch normalisation with statistics and weights that stay as they are.

    (x - running_mean) / sqrt(running_var + eps) * weight + bias; all four are buffers.

    >>> import rushlight as torch
    >>> from rushlight.vision.ops import FrozenBatchNorm2d
    >>> len(list(FrozenBatchNorm2d(3).parameters())), FrozenBatchNorm2d(3)
    (0, FrozenBatchNorm2d(3, eps=1e-05))
    """

    weight: Tensor
    bias: Tensor
    running_mean: Tensor
    running_var: Tensor

    def __init__(self, num_features: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.eps = eps
        self.register_buffer("weight", rushlight.ones(num_features))
        self.register_buffer("bias", rushlight.zeros(num_features))
        self.register_buffer("running_mean", rushlight.zeros(num_features))
        self.register_buffer("running_var", rushlight.ones(num_features))

    def _load_from_state_dict(self, state_dict: Any, prefix: str, *rest: Any) -> None:
        state_dict.pop(prefix + "num_batches_tracked", None)  # of the layer that was frozen
        super()._load_from_state_dict(state_dict, prefix, *rest)

    def forward(self, x: Tensor) -> Tensor:
        scale = self.weight * (self.running_var + self.eps).rsqrt()
        shift = self.bias - self.running_mean * scale
        return x * scale.reshape(1, -1, 1, 1) + shift.reshape(1, -1, 1, 1)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.weight.shape[0]}, eps={self.eps})"


class _ConvNormActivation(nn.Sequential):
    convolution: Layer
    rank: int

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any = 3,
        stride: Any = 1,
        padding: Any = None,
        groups: int = 1,
        norm_layer: Layer | None = None,
        activation_layer: Layer | None = nn.ReLU,
        dilation: Any = 1,
        inplace: bool | None = True,
        bias: bool | None = None,
    ) -> None:
        if padding is None:
            padding = self._same_padding(kernel_size, dilation)
        layers = [
            type(self).convolution(
                in_channels, out_channels, kernel_size, stride, padding,
                dilation=dilation, groups=groups, bias=norm_layer is None if bias is None else bias,
            )
        ]  # fmt: skip
        if norm_layer is not None:
            layers.append(norm_layer(out_channels))
        if activation_layer is not None:
            layers.append(activation_layer(**({} if inplace is None else {"inplace": inplace})))
        super().__init__(*layers)
        self.out_channels = out_channels

    def _same_padding(self, kernel_size: Any, dilation: Any) -> Any:
        if isinstance(kernel_size, int) and isinstance(dilation, int):
            return (kernel_size - 1) // 2 * dilation
        kernels = [kernel_size] * self.rank if isinstance(kernel_size, int) else kernel_size
        dilations = [dilation] * self.rank if isinstance(dilation, int) else dilation
        return tuple((k - 1) // 2 * d for k, d in zip(kernels, dilations, strict=True))


class Conv2dNormActivation(_ConvNormActivation):
    """A convolution, a normalisation and an activation, each but the first left out by None.

    Without `padding` the image keeps its size at stride 1.

    >>> from rushlight.vision.ops import Conv2dNormActivation
    >>> Conv2dNormActivation(3, 8, 5)[0].padding
    (2, 2)
    """

    convolution, rank = nn.Conv2d, 2

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any = 3,
        stride: Any = 1,
        padding: Any = None,
        groups: int = 1,
        norm_layer: Layer | None = nn.BatchNorm2d,
        *rest: Any,
        **options: Any,
    ) -> None:
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, groups, norm_layer,
            *rest, **options,
        )  # fmt: skip


class Conv3dNormActivation(_ConvNormActivation):
    """The same of three dimensions.

    >>> from rushlight.vision.ops import Conv3dNormActivation
    >>> Conv3dNormActivation(3, 8).out_channels
    8
    """

    convolution, rank = nn.Conv3d, 3

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any = 3,
        stride: Any = 1,
        padding: Any = None,
        groups: int = 1,
        norm_layer: Layer | None = nn.BatchNorm3d,
        *rest: Any,
        **options: Any,
    ) -> None:
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, groups, norm_layer,
            *rest, **options,
        )  # fmt: skip


class SqueezeExcitation(nn.Module):
    """Channels scaled by what a small network says of their means: Hu et al., arXiv:1709.01507.

    Shapes: (N, input_channels, H, W) to the same.

    >>> import rushlight as torch
    >>> from rushlight.vision.ops import SqueezeExcitation
    >>> SqueezeExcitation(8, 2)(torch.zeros(1, 8, 4, 4)).shape
    torch.Size([1, 8, 4, 4])
    """

    def __init__(
        self,
        input_channels: int,
        squeeze_channels: int,
        activation: Layer = nn.ReLU,
        scale_activation: Layer = nn.Sigmoid,
    ) -> None:
        super().__init__()
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc1 = nn.Conv2d(input_channels, squeeze_channels, 1)
        self.fc2 = nn.Conv2d(squeeze_channels, input_channels, 1)
        self.activation = activation()
        self.scale_activation = scale_activation()

    def forward(self, input: Tensor) -> Tensor:
        hidden = self.activation(self.fc1(self.avgpool(input)))
        return self.scale_activation(self.fc2(hidden)) * input


class MLP(nn.Sequential):
    """Linear layers with an activation between them, and dropout after each.

    >>> from rushlight.vision.ops import MLP
    >>> len(MLP(4, [8, 2]))
    5
    """

    def __init__(
        self,
        in_channels: int,
        hidden_channels: Sequence[int],
        norm_layer: Layer | None = None,
        activation_layer: Layer | None = nn.ReLU,
        inplace: bool | None = None,
        bias: bool = True,
        dropout: float = 0.0,
    ) -> None:
        options = {} if inplace is None else {"inplace": inplace}
        layers: list[nn.Module] = []
        *inner, last = hidden_channels
        for channels in inner:
            layers.append(nn.Linear(in_channels, channels, bias=bias))
            if norm_layer is not None:
                layers.append(norm_layer(channels))
            if activation_layer is not None:
                layers.append(activation_layer(**options))
            layers.append(nn.Dropout(dropout, **options))
            in_channels = channels
        layers.append(nn.Linear(in_channels, last, bias=bias))
        layers.append(nn.Dropout(dropout, **options))
        super().__init__(*layers)


class Permute(nn.Module):
    """`permute` as a layer.

    >>> import rushlight as torch
    >>> from rushlight.vision.ops import Permute
    >>> Permute([0, 2, 3, 1])(torch.zeros(1, 3, 4, 5)).shape
    torch.Size([1, 4, 5, 3])
    """

    def __init__(self, dims: Sequence[int]) -> None:
        super().__init__()
        self.dims = dims

    def forward(self, x: Tensor) -> Tensor:
        return x.permute(*self.dims)
