"""EfficientNet, scaled in width, depth and size together: Tan and Le, arXiv:1905.11946.

And version 2, with convolutions that are not taken apart in its first stages: arXiv:2104.00298.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from ... import nn
from ...tensor import Tensor
from ..ops.dropping import StochasticDepth
from ..ops.misc import Conv2dNormActivation, SqueezeExcitation
from .mobilenetv2 import MOBILE_RULES
from .registry import divisible, initialize, network
from .weights import find_weights as __getattr__  # noqa: F401 - EfficientNet_B0_Weights and the like

Layer = Callable[..., nn.Module]


@dataclass
class _Stage:
    """A stage of equal blocks, of which the first has the stride."""

    expand_ratio: float
    kernel: int
    stride: int
    input_channels: int
    out_channels: int
    num_layers: int
    block: Layer

    @staticmethod
    def adjust_channels(channels: float, width_mult: float, min_value: int | None = None) -> int:
        return divisible(channels * width_mult, 8, min_value)


class MBConvConfig(_Stage):
    """A stage of table 1 of the first paper, scaled."""

    def __init__(
        self,
        expand_ratio: float,
        kernel: int,
        stride: int,
        input_channels: int,
        out_channels: int,
        num_layers: int,
        width_mult: float = 1.0,
        depth_mult: float = 1.0,
        block: Layer | None = None,
    ) -> None:
        super().__init__(
            expand_ratio, kernel, stride,
            self.adjust_channels(input_channels, width_mult),
            self.adjust_channels(out_channels, width_mult),
            self.adjust_depth(num_layers, depth_mult),
            block or MBConv,
        )  # fmt: skip

    @staticmethod
    def adjust_depth(num_layers: int, depth_mult: float) -> int:
        return math.ceil(num_layers * depth_mult)


class FusedMBConvConfig(_Stage):
    """A stage of table 4 of the second paper."""

    def __init__(
        self,
        expand_ratio: float,
        kernel: int,
        stride: int,
        input_channels: int,
        out_channels: int,
        num_layers: int,
        block: Layer | None = None,
    ) -> None:
        super().__init__(
            expand_ratio, kernel, stride, input_channels, out_channels, num_layers,
            block or FusedMBConv,
        )  # fmt: skip


class _Block(nn.Module):
    """Layers, some of them left out at random, beside a shortcut."""

    block: nn.Module
    stochastic_depth: nn.Module

    def __init__(self, stage: _Stage) -> None:
        super().__init__()
        if stage.stride not in (1, 2):
            raise ValueError("illegal stride value")
        self.use_res_connect = stage.stride == 1 and stage.input_channels == stage.out_channels
        self.out_channels = stage.out_channels

    def forward(self, input: Tensor) -> Tensor:
        result = self.block(input)
        if self.use_res_connect:
            result = self.stochastic_depth(result)
            result += input
        return result


class MBConv(_Block):
    """1x1 to more channels, a kernel of each channel by itself, excitation, 1x1 to few."""

    def __init__(
        self,
        cnf: _Stage,
        stochastic_depth_prob: float,
        norm_layer: Layer,
        se_layer: Layer = SqueezeExcitation,
    ) -> None:
        super().__init__(cnf)
        conv = partial(Conv2dNormActivation, norm_layer=norm_layer, activation_layer=nn.SiLU)
        channels = cnf.input_channels
        inner = cnf.adjust_channels(channels, cnf.expand_ratio)
        layers: list[nn.Module] = []
        if inner != channels:
            layers.append(conv(channels, inner, kernel_size=1))
        layers += [
            conv(inner, inner, kernel_size=cnf.kernel, stride=cnf.stride, groups=inner),
            se_layer(inner, max(1, channels // 4), activation=partial(nn.SiLU, inplace=True)),
            conv(inner, cnf.out_channels, kernel_size=1, activation_layer=None),
        ]
        self.block = nn.Sequential(*layers)
        self.stochastic_depth = StochasticDepth(stochastic_depth_prob, "row")


class FusedMBConv(_Block):
    """A convolution to more channels, 1x1 to few; one convolution where there are no more."""

    def __init__(self, cnf: _Stage, stochastic_depth_prob: float, norm_layer: Layer) -> None:
        super().__init__(cnf)
        conv = partial(Conv2dNormActivation, norm_layer=norm_layer, activation_layer=nn.SiLU)
        channels, out = cnf.input_channels, cnf.out_channels
        inner = cnf.adjust_channels(channels, cnf.expand_ratio)
        first = partial(conv, kernel_size=cnf.kernel, stride=cnf.stride)
        if inner != channels:
            layers = [
                first(channels, inner),
                conv(inner, out, kernel_size=1, activation_layer=None),
            ]
        else:
            layers = [first(channels, out)]
        self.block = nn.Sequential(*layers)
        self.stochastic_depth = StochasticDepth(stochastic_depth_prob, "row")


class EfficientNet(nn.Module):
    """Stages as their settings say: (N, 3, H, W) to (N, num_classes).

    The chance that a block is left out in training rises from 0 to `stochastic_depth_prob`.

    >>> import rushlight as torch
    >>> from rushlight.vision.models import efficientnet_b0
    >>> efficientnet_b0(num_classes=2).eval()(torch.zeros(1, 3, 32, 32)).shape
    torch.Size([1, 2])
    """

    def __init__(
        self,
        inverted_residual_setting: Sequence[_Stage],
        dropout: float,
        stochastic_depth_prob: float = 0.2,
        num_classes: int = 1000,
        norm_layer: Layer | None = None,
        last_channel: int | None = None,
    ) -> None:
        super().__init__()
        if not inverted_residual_setting:
            raise ValueError("The inverted_residual_setting should not be empty")
        if not all(isinstance(stage, _Stage) for stage in inverted_residual_setting):
            raise TypeError("The inverted_residual_setting should be List[MBConvConfig]")
        norm_layer = norm_layer or nn.BatchNorm2d
        conv = partial(Conv2dNormActivation, norm_layer=norm_layer, activation_layer=nn.SiLU)
        layers: list[nn.Module] = [
            conv(3, inverted_residual_setting[0].input_channels, kernel_size=3, stride=2)
        ]
        total = sum(stage.num_layers for stage in inverted_residual_setting)
        number = 0
        for stage in inverted_residual_setting:
            blocks: list[nn.Module] = []
            first, rest = stage, copy.copy(stage)
            rest.input_channels, rest.stride = stage.out_channels, 1
            for setting in [first] + [rest] * (stage.num_layers - 1):
                left_out = stochastic_depth_prob * number / total
                blocks.append(setting.block(setting, left_out, norm_layer))
                number += 1
            layers.append(nn.Sequential(*blocks))
        channels = inverted_residual_setting[-1].out_channels
        last_channel = last_channel if last_channel is not None else 4 * channels
        layers.append(conv(channels, last_channel, kernel_size=1))
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Sequential(
            nn.Dropout(p=dropout, inplace=True), nn.Linear(last_channel, num_classes)
        )
        bound = 1.0 / math.sqrt(num_classes)
        initialize(self, {**MOBILE_RULES, nn.Linear: partial(nn.init.uniform_, a=-bound, b=bound)})

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.avgpool(self.features(x)).flatten(1))


# Expansion, kernel, stride, input and output channels, blocks.
_B = (
    (1, 3, 1, 32, 16, 1), (6, 3, 2, 16, 24, 2), (6, 5, 2, 24, 40, 2), (6, 3, 2, 40, 80, 3),
    (6, 5, 1, 80, 112, 3), (6, 5, 2, 112, 192, 4), (6, 3, 1, 192, 320, 1),
)  # fmt: skip
# The first three stages of version 2 are fused.
_V2_S = (
    (1, 3, 1, 24, 24, 2), (4, 3, 2, 24, 48, 4), (4, 3, 2, 48, 64, 4), (4, 3, 2, 64, 128, 6),
    (6, 3, 1, 128, 160, 9), (6, 3, 2, 160, 256, 15),
)  # fmt: skip
_V2_M = (
    (1, 3, 1, 24, 24, 3), (4, 3, 2, 24, 48, 5), (4, 3, 2, 48, 80, 5), (4, 3, 2, 80, 160, 7),
    (6, 3, 1, 160, 176, 14), (6, 3, 2, 176, 304, 18), (6, 3, 1, 304, 512, 5),
)  # fmt: skip
_V2_L = (
    (1, 3, 1, 32, 32, 4), (4, 3, 2, 32, 64, 7), (4, 3, 2, 64, 96, 7), (4, 3, 2, 96, 192, 10),
    (6, 3, 1, 192, 224, 19), (6, 3, 2, 224, 384, 25), (6, 3, 1, 384, 640, 7),
)  # fmt: skip


def _efficientnet(width_mult: float, depth_mult: float, **options: Any) -> Any:
    stages = [MBConvConfig(*row, width_mult=width_mult, depth_mult=depth_mult) for row in _B]
    return EfficientNet(stages, **options)


def _efficientnet_v2(rows: Any, **options: Any) -> Any:
    stages: list[_Stage] = [FusedMBConvConfig(*row) for row in rows[:3]]
    stages += [MBConvConfig(*row) for row in rows[3:]]
    return EfficientNet(stages, **{"last_channel": 1280, **options})


_declare = partial(network, paper="arXiv:1905.11946")
_declare_v2 = partial(network, paper="arXiv:2104.00298")
# From version b5 on, and in version 2, the normalisations are those of the weights' first training.
_slow = partial(nn.BatchNorm2d, eps=0.001, momentum=0.01)
_exact = partial(nn.BatchNorm2d, eps=0.001)

efficientnet_b0 = _declare("efficientnet_b0", _efficientnet, 1.0, 1.0, dropout=0.2)
efficientnet_b1 = _declare("efficientnet_b1", _efficientnet, 1.0, 1.1, dropout=0.2)
efficientnet_b2 = _declare("efficientnet_b2", _efficientnet, 1.1, 1.2, dropout=0.3)
efficientnet_b3 = _declare("efficientnet_b3", _efficientnet, 1.2, 1.4, dropout=0.3)
efficientnet_b4 = _declare("efficientnet_b4", _efficientnet, 1.4, 1.8, dropout=0.4)
efficientnet_b5 = _declare(
    "efficientnet_b5", _efficientnet, 1.6, 2.2, dropout=0.4, norm_layer=_slow
)
efficientnet_b6 = _declare(
    "efficientnet_b6", _efficientnet, 1.8, 2.6, dropout=0.5, norm_layer=_slow
)
efficientnet_b7 = _declare(
    "efficientnet_b7", _efficientnet, 2.0, 3.1, dropout=0.5, norm_layer=_slow
)
efficientnet_v2_s = _declare_v2(
    "efficientnet_v2_s", _efficientnet_v2, _V2_S, dropout=0.2, norm_layer=_exact
)
efficientnet_v2_m = _declare_v2(
    "efficientnet_v2_m", _efficientnet_v2, _V2_M, dropout=0.3, norm_layer=_exact
)
efficientnet_v2_l = _declare_v2(
    "efficientnet_v2_l", _efficientnet_v2, _V2_L, dropout=0.4, norm_layer=_exact
)
