"""RegNet, families of networks whose widths grow linearly: Radosavovic et al., arXiv:2003.13678.

The X family is plain, the Y family has squeeze and excitation.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from ... import nn
from ...tensor import Tensor
from ..ops.misc import Conv2dNormActivation, SqueezeExcitation
from .registry import divisible, initialize, network
from .weights import find_weights as __getattr__  # noqa: F401 - RegNet_Y_400MF_Weights and the like

Layer = Callable[..., nn.Module]
_QUANTUM = 8  # of which a block's width is a multiple


class SimpleStemIN(Conv2dNormActivation):
    """A 3x3 convolution with stride 2, for ImageNet."""

    def __init__(
        self, width_in: int, width_out: int, norm_layer: Layer, activation_layer: Layer
    ) -> None:
        super().__init__(
            width_in, width_out, kernel_size=3, stride=2, norm_layer=norm_layer,
            activation_layer=activation_layer,
        )  # fmt: skip


class BottleneckTransform(nn.Sequential):
    """1x1, 3x3 in groups of `group_width` channels, excitation if there is a ratio, 1x1."""

    def __init__(
        self,
        width_in: int,
        width_out: int,
        stride: int,
        norm_layer: Layer,
        activation_layer: Layer,
        group_width: int,
        bottleneck_multiplier: float,
        se_ratio: float | None,
    ) -> None:
        super().__init__()
        inner = round(width_out * bottleneck_multiplier)
        conv = partial(
            Conv2dNormActivation, norm_layer=norm_layer, activation_layer=activation_layer
        )
        self.a = conv(width_in, inner, kernel_size=1, stride=1)
        self.b = conv(inner, inner, kernel_size=3, stride=stride, groups=inner // group_width)
        if se_ratio:
            self.se = SqueezeExcitation(
                inner, round(se_ratio * width_in), activation=activation_layer
            )
        self.c = conv(inner, width_out, kernel_size=1, stride=1, activation_layer=None)


class ResBottleneckBlock(nn.Module):
    """The transform beside a shortcut, which is a 1x1 convolution where the shape changes."""

    def __init__(
        self,
        width_in: int,
        width_out: int,
        stride: int,
        norm_layer: Layer,
        activation_layer: Layer,
        group_width: int = 1,
        bottleneck_multiplier: float = 1.0,
        se_ratio: float | None = None,
    ) -> None:
        super().__init__()
        self.proj = None
        if width_in != width_out or stride != 1:
            self.proj = Conv2dNormActivation(
                width_in, width_out, kernel_size=1, stride=stride, norm_layer=norm_layer,
                activation_layer=None,
            )  # fmt: skip
        self.f = BottleneckTransform(
            width_in, width_out, stride, norm_layer, activation_layer, group_width,
            bottleneck_multiplier, se_ratio,
        )  # fmt: skip
        self.activation = activation_layer(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x if self.proj is None else self.proj(x)
        return self.activation(shortcut + self.f(x))


class AnyStage(nn.Sequential):
    """Blocks whose results have one shape; the first has the stride."""

    def __init__(
        self,
        width_in: int,
        width_out: int,
        stride: int,
        depth: int,
        block_constructor: Layer,
        *options: Any,
        stage_index: int = 0,
    ) -> None:
        super().__init__()
        for number in range(depth):
            block = block_constructor(width_in, width_out, stride, *options)
            self.add_module(f"block{stage_index}-{number}", block)
            width_in, stride = width_out, 1


class BlockParams:
    """What the stages are like: a number for each of them."""

    def __init__(
        self,
        depths: list[int],
        widths: list[int],
        group_widths: list[int],
        bottleneck_multipliers: list[float],
        strides: list[int],
        se_ratio: float | None = None,
    ) -> None:
        self.depths = depths
        self.widths = widths
        self.group_widths = group_widths
        self.bottleneck_multipliers = bottleneck_multipliers
        self.strides = strides
        self.se_ratio = se_ratio

    @classmethod
    def from_init_params(
        cls,
        depth: int,
        w_0: int,
        w_a: float,
        w_m: float,
        group_width: int,
        bottleneck_multiplier: float = 1.0,
        se_ratio: float | None = None,
    ) -> BlockParams:
        """The stages of a family's member: section 3.3 of the paper.

        Block j is to be w_0 + w_a j wide; that is rounded to w_0 w_m**k for a whole k, and to a
        multiple of 8. Blocks of one width are a stage.
        """
        if w_a < 0 or w_0 <= 0 or w_m <= 1 or w_0 % 8 != 0:
            raise ValueError("Invalid RegNet settings")
        wanted = np.arange(depth) * w_a + w_0
        steps = np.round(np.log(wanted / w_0) / math.log(w_m))
        widths = np.round(w_0 * w_m**steps / _QUANTUM) * _QUANTUM
        stages = [(int(width), len(list(group))) for width, group in itertools.groupby(widths)]
        fitted, groups = [], []
        for width, _ in stages:
            inner = int(width * bottleneck_multiplier)
            groups.append(min(group_width, inner))
            fitted.append(int(divisible(inner, groups[-1]) / bottleneck_multiplier))
        count = len(stages)
        return cls(
            [blocks for _, blocks in stages], fitted, groups, [bottleneck_multiplier] * count,
            [2] * count, se_ratio,
        )  # fmt: skip

    def stages(self) -> Iterator[tuple[Any, ...]]:
        """Width, stride, depth, group width and bottleneck multiplier of each."""
        return zip(
            self.widths, self.strides, self.depths, self.group_widths,
            self.bottleneck_multipliers, strict=True,
        )  # fmt: skip


class RegNet(nn.Module):
    """Stages as `block_params` say: (N, 3, H, W) to (N, num_classes).

    >>> import rushlight as torch
    >>> from rushlight.vision.models import regnet_x_400mf
    >>> regnet_x_400mf(num_classes=2).eval()(torch.zeros(1, 3, 32, 32)).shape
    torch.Size([1, 2])
    """

    def __init__(
        self,
        block_params: BlockParams,
        num_classes: int = 1000,
        stem_width: int = 32,
        stem_type: Layer | None = None,
        block_type: Layer | None = None,
        norm_layer: Layer | None = None,
        activation: Layer | None = None,
    ) -> None:
        super().__init__()
        norm_layer, activation = norm_layer or nn.BatchNorm2d, activation or nn.ReLU
        self.stem = (stem_type or SimpleStemIN)(3, stem_width, norm_layer, activation)
        self.trunk_output = nn.Sequential()
        channels = stem_width
        for number, (width, stride, depth, *rest) in enumerate(block_params.stages(), 1):
            stage = AnyStage(
                channels, width, stride, depth, block_type or ResBottleneckBlock, norm_layer,
                activation, *rest, block_params.se_ratio, stage_index=number,
            )  # fmt: skip
            self.trunk_output.add_module(f"block{number}", stage)
            channels = width
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(in_features=channels, out_features=num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):  # whose groups do not count here
                fan_out = math.prod(module.kernel_size) * module.out_channels
                nn.init.normal_(module.weight, std=math.sqrt(2.0 / fan_out))
        initialize(self, {nn.Linear: partial(nn.init.normal_, std=0.01)})

    def forward(self, x: Tensor) -> Tensor:
        x = self.trunk_output(self.stem(x))
        return self.fc(self.avgpool(x).flatten(start_dim=1))


def _regnet(
    depth: int, w_0: int, w_a: float, w_m: float, group_width: int, se_ratio: float | None = None,
    **options: Any,
) -> RegNet:  # fmt: skip
    params = BlockParams.from_init_params(depth, w_0, w_a, w_m, group_width, se_ratio=se_ratio)
    return RegNet(params, **options)


_x = partial(network, paper="arXiv:2003.13678")
_y = partial(_x, se_ratio=0.25)

regnet_y_400mf = _y("regnet_y_400mf", _regnet, 16, 48, 27.89, 2.09, 8)
regnet_y_800mf = _y("regnet_y_800mf", _regnet, 14, 56, 38.84, 2.4, 16)
regnet_y_1_6gf = _y("regnet_y_1_6gf", _regnet, 27, 48, 20.71, 2.65, 24)
regnet_y_3_2gf = _y("regnet_y_3_2gf", _regnet, 21, 80, 42.63, 2.66, 24)
regnet_y_8gf = _y("regnet_y_8gf", _regnet, 17, 192, 76.82, 2.19, 56)
regnet_y_16gf = _y("regnet_y_16gf", _regnet, 18, 200, 106.23, 2.48, 112)
regnet_y_32gf = _y("regnet_y_32gf", _regnet, 20, 232, 115.89, 2.53, 232)
regnet_y_128gf = _y("regnet_y_128gf", _regnet, 27, 456, 160.83, 2.52, 264)
regnet_x_400mf = _x("regnet_x_400mf", _regnet, 22, 24, 24.48, 2.54, 16)
regnet_x_800mf = _x("regnet_x_800mf", _regnet, 16, 56, 35.73, 2.28, 16)
regnet_x_1_6gf = _x("regnet_x_1_6gf", _regnet, 18, 80, 34.01, 2.25, 24)
regnet_x_3_2gf = _x("regnet_x_3_2gf", _regnet, 25, 88, 26.31, 2.25, 48)
regnet_x_8gf = _x("regnet_x_8gf", _regnet, 23, 80, 49.56, 2.88, 120)
regnet_x_16gf = _x("regnet_x_16gf", _regnet, 22, 216, 55.59, 2.1, 128)
regnet_x_32gf = _x("regnet_x_32gf", _regnet, 23, 320, 69.86, 2.0, 168)
