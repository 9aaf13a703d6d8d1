"""MobileNet v3, found by search, with squeeze and excitation: Howard et al., arXiv:1905.02244."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from ... import nn
from ...tensor import Tensor
from ..ops.misc import Conv2dNormActivation, SqueezeExcitation
from .mobilenetv2 import MOBILE_RULES
from .registry import divisible, initialize, network
from .weights import find_weights as __getattr__  # noqa: F401 - MobileNet_V3_Large_Weights etc.

Layer = Callable[..., nn.Module]
_excitation = partial(SqueezeExcitation, scale_activation=nn.Hardsigmoid)


class InvertedResidualConfig:
    """A block of the paper's tables 1 and 2; `width_mult` scales its channels."""

    def __init__(
        self,
        input_channels: int,
        kernel: int,
        expanded_channels: int,
        out_channels: int,
        use_se: bool,
        activation: str,
        stride: int,
        dilation: int,
        width_mult: float,
    ) -> None:
        self.input_channels = self.adjust_channels(input_channels, width_mult)
        self.kernel = kernel
        self.expanded_channels = self.adjust_channels(expanded_channels, width_mult)
        self.out_channels = self.adjust_channels(out_channels, width_mult)
        self.use_se = use_se
        self.use_hs = activation == "HS"
        self.stride = stride
        self.dilation = dilation

    @staticmethod
    def adjust_channels(channels: int, width_mult: float) -> int:
        return divisible(channels * width_mult, 8)


class InvertedResidual(nn.Module):
    """1x1 to more channels, a kernel of each channel by itself, 1x1 to few; beside a shortcut."""

    def __init__(
        self,
        cnf: InvertedResidualConfig,
        norm_layer: Layer,
        se_layer: Layer = _excitation,
    ) -> None:
        super().__init__()
        if cnf.stride not in (1, 2):
            raise ValueError("illegal stride value")
        self.use_res_connect = cnf.stride == 1 and cnf.input_channels == cnf.out_channels
        self.out_channels = cnf.out_channels
        activation = nn.Hardswish if cnf.use_hs else nn.ReLU
        conv = partial(Conv2dNormActivation, norm_layer=norm_layer, activation_layer=activation)
        inner = cnf.expanded_channels
        layers: list[nn.Module] = []
        if inner != cnf.input_channels:
            layers.append(conv(cnf.input_channels, inner, kernel_size=1))
        layers.append(
            conv(
                inner, inner, kernel_size=cnf.kernel, stride=1 if cnf.dilation > 1 else cnf.stride,
                dilation=cnf.dilation, groups=inner,
            )
        )  # fmt: skip
        if cnf.use_se:
            layers.append(se_layer(inner, divisible(inner // 4, 8)))
        layers.append(conv(inner, cnf.out_channels, kernel_size=1, activation_layer=None))
        self.block = nn.Sequential(*layers)

    def forward(self, input: Tensor) -> Tensor:
        result = self.block(input)
        if self.use_res_connect:
            result += input
        return result


class MobileNetV3(nn.Module):
    """Inverted residuals as their settings say: (N, 3, H, W) to (N, num_classes).

    >>> import rushlight as torch
    >>> from rushlight.vision.models import mobilenet_v3_small
    >>> mobilenet_v3_small(num_classes=2).eval()(torch.zeros(1, 3, 32, 32)).shape
    torch.Size([1, 2])
    """

    def __init__(
        self,
        inverted_residual_setting: Sequence[InvertedResidualConfig],
        last_channel: int,
        num_classes: int = 1000,
        block: Layer | None = None,
        norm_layer: Layer | None = None,
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        if not inverted_residual_setting:
            raise ValueError("The inverted_residual_setting should not be empty")
        block = block or InvertedResidual
        norm_layer = norm_layer or partial(nn.BatchNorm2d, eps=0.001, momentum=0.01)
        conv = partial(
            Conv2dNormActivation, norm_layer=norm_layer, activation_layer=nn.Hardswish
        )
        first, last = inverted_residual_setting[0], inverted_residual_setting[-1]
        wide = 6 * last.out_channels
        self.features = nn.Sequential(
            conv(3, first.input_channels, kernel_size=3, stride=2),
            *(block(setting, norm_layer) for setting in inverted_residual_setting),
            conv(last.out_channels, wide, kernel_size=1),
        )
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Sequential(
            nn.Linear(wide, last_channel),
            nn.Hardswish(inplace=True),
            nn.Dropout(p=dropout, inplace=True),
            nn.Linear(last_channel, num_classes),
        )
        initialize(self, MOBILE_RULES)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.avgpool(self.features(x)).flatten(1))


# Input channels, kernel, channels inside, output channels, excitation, activation, stride.
_LARGE = (
    (16, 3, 16, 16, False, "RE", 1), (16, 3, 64, 24, False, "RE", 2),
    (24, 3, 72, 24, False, "RE", 1), (24, 5, 72, 40, True, "RE", 2),
    (40, 5, 120, 40, True, "RE", 1), (40, 5, 120, 40, True, "RE", 1),
    (40, 3, 240, 80, False, "HS", 2), (80, 3, 200, 80, False, "HS", 1),
    (80, 3, 184, 80, False, "HS", 1), (80, 3, 184, 80, False, "HS", 1),
    (80, 3, 480, 112, True, "HS", 1), (112, 3, 672, 112, True, "HS", 1),
    (112, 5, 672, 160, True, "HS", 2), (160, 5, 960, 160, True, "HS", 1),
    (160, 5, 960, 160, True, "HS", 1),
)  # fmt: skip
_SMALL = (
    (16, 3, 16, 16, True, "RE", 2), (16, 3, 72, 24, False, "RE", 2),
    (24, 3, 88, 24, False, "RE", 1), (24, 5, 96, 40, True, "HS", 2),
    (40, 5, 240, 40, True, "HS", 1), (40, 5, 240, 40, True, "HS", 1),
    (40, 5, 120, 48, True, "HS", 1), (48, 5, 144, 48, True, "HS", 1),
    (48, 5, 288, 96, True, "HS", 2), (96, 5, 576, 96, True, "HS", 1),
    (96, 5, 576, 96, True, "HS", 1),
)  # fmt: skip


def _mobilenet_v3(
    setting: Sequence[tuple[Any, ...]],
    last_channel: int,
    width_mult: float = 1.0,
    reduced_tail: bool = False,
    dilated: bool = False,
    **options: Any,
) -> MobileNetV3:
    """In the last three blocks a reduced tail has half the channels, a dilated one no stride."""
    halved = 2 if reduced_tail else 1
    blocks = []
    for number, (first, kernel, inner, out, *rest) in enumerate(setting):
        place = number - (len(setting) - 3)  # in the tail from 0 on
        if place >= 0:
            out //= halved
        if place > 0:
            first, inner = first // halved, inner // halved
        dilation = 2 if dilated and place >= 0 else 1
        options_of_block = (kernel, inner, out, *rest, dilation, width_mult)
        blocks.append(InvertedResidualConfig(first, *options_of_block))
    last = InvertedResidualConfig.adjust_channels(last_channel // halved, width_mult)
    return MobileNetV3(blocks, last, **options)


_declare = partial(network, paper="arXiv:1905.02244")

mobilenet_v3_large = _declare("mobilenet_v3_large", _mobilenet_v3, _LARGE, 1280)
mobilenet_v3_small = _declare("mobilenet_v3_small", _mobilenet_v3, _SMALL, 1024)
