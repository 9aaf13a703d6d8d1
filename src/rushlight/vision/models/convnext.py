"""ConvNeXt, convolutions with the means of transformers: Liu et al., arXiv:2201.03545."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import rushlight

from ... import nn
from ...nn import functional as F
from ...tensor import Tensor
from ..ops.dropping import StochasticDepth
from ..ops.misc import Conv2dNormActivation, Permute
from .registry import initialize, network
from .weights import find_weights as __getattr__  # noqa: F401 - ConvNeXt_Tiny_Weights and the like

Layer = Callable[..., nn.Module]


class LayerNorm2d(nn.LayerNorm):
    """Layer normalisation over the channels of images."""

    def forward(self, x: Tensor) -> Tensor:
        x = x.permute(0, 2, 3, 1)
        x = F.layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)
        return x.permute(0, 3, 1, 2)


class CNBlock(nn.Module):
    """A 7x7 kernel of each channel by itself and two linear layers, scaled, beside a shortcut."""

    def __init__(
        self,
        dim: int,
        layer_scale: float,
        stochastic_depth_prob: float,
        norm_layer: Layer | None = None,
    ) -> None:
        super().__init__()
        norm_layer = norm_layer or partial(nn.LayerNorm, eps=1e-6)
        self.block = nn.Sequential(
            nn.Conv2d(dim, dim, kernel_size=7, padding=3, groups=dim, bias=True),
            Permute([0, 2, 3, 1]),
            norm_layer(dim),
            nn.Linear(in_features=dim, out_features=4 * dim, bias=True),
            nn.GELU(),
            nn.Linear(in_features=4 * dim, out_features=dim, bias=True),
            Permute([0, 3, 1, 2]),
        )
        self.layer_scale = nn.Parameter(rushlight.ones(dim, 1, 1) * layer_scale)
        self.stochastic_depth = StochasticDepth(stochastic_depth_prob, "row")

    def forward(self, input: Tensor) -> Tensor:
        result = self.stochastic_depth(self.layer_scale * self.block(input))
        result += input
        return result


class CNBlockConfig:
    """A stage: its channels, those of the next (None for the last), and its blocks."""

    def __init__(self, input_channels: int, out_channels: int | None, num_layers: int) -> None:
        self.input_channels = input_channels
        self.out_channels = out_channels
        self.num_layers = num_layers

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(input_channels={self.input_channels}, "
            f"out_channels={self.out_channels}, num_layers={self.num_layers})"
        )


class ConvNeXt(nn.Module):
    """Stages as their settings say: (N, 3, H, W) to (N, num_classes).

    >>> import rushlight as torch
    >>> from rushlight.vision.models.convnext import CNBlockConfig, ConvNeXt
    >>> net = ConvNeXt([CNBlockConfig(8, 16, 1), CNBlockConfig(16, None, 1)], num_classes=2)
    >>> net(torch.zeros(1, 3, 32, 32)).shape
    torch.Size([1, 2])
    """

    def __init__(
        self,
        block_setting: Sequence[CNBlockConfig],
        stochastic_depth_prob: float = 0.0,
        layer_scale: float = 1e-6,
        num_classes: int = 1000,
        block: Layer | None = None,
        norm_layer: Layer | None = None,
    ) -> None:
        super().__init__()
        if not block_setting:
            raise ValueError("The block_setting should not be empty")
        if not all(isinstance(stage, CNBlockConfig) for stage in block_setting):
            raise TypeError("The block_setting should be List[CNBlockConfig]")
        block = block or CNBlock
        norm_layer = norm_layer or partial(LayerNorm2d, eps=1e-6)
        layers: list[nn.Module] = [
            Conv2dNormActivation(
                3, block_setting[0].input_channels, kernel_size=4, stride=4, padding=0,
                norm_layer=norm_layer, activation_layer=None, bias=True,
            )
        ]  # fmt: skip
        last = sum(stage.num_layers for stage in block_setting) - 1.0
        number = 0
        channels = block_setting[0].input_channels
        for stage in block_setting:
            channels = stage.input_channels
            blocks = []
            for _ in range(stage.num_layers):
                left_out = stochastic_depth_prob * number / last
                blocks.append(block(channels, layer_scale, left_out))
                number += 1
            layers.append(nn.Sequential(*blocks))
            if stage.out_channels is not None:
                halving = nn.Conv2d(channels, stage.out_channels, kernel_size=2, stride=2)
                layers.append(nn.Sequential(norm_layer(channels), halving))
                channels = stage.out_channels
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Sequential(
            norm_layer(channels), nn.Flatten(1), nn.Linear(channels, num_classes)
        )
        initialize(self, {(nn.Conv2d, nn.Linear): partial(nn.init.trunc_normal_, std=0.02)})

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.avgpool(self.features(x)))


def _convnext(widths: Sequence[int], blocks: int, **options: Any) -> ConvNeXt:
    stages = [
        CNBlockConfig(width, following, number)
        for width, following, number in zip(
            widths, [*widths[1:], None], (3, 3, blocks, 3), strict=True
        )
    ]
    return ConvNeXt(stages, **options)


_declare = partial(network, paper="arXiv:2201.03545")

convnext_tiny = _declare(
    "convnext_tiny", _convnext, (96, 192, 384, 768), 9, stochastic_depth_prob=0.1
)
convnext_small = _declare(
    "convnext_small", _convnext, (96, 192, 384, 768), 27, stochastic_depth_prob=0.4
)
convnext_base = _declare(
    "convnext_base", _convnext, (128, 256, 512, 1024), 27, stochastic_depth_prob=0.5
)
convnext_large = _declare(
    "convnext_large", _convnext, (192, 384, 768, 1536), 27, stochastic_depth_prob=0.5
)
