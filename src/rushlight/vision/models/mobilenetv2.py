"""MobileNet v2, wide inside and narrow between blocks: Sandler et al., arXiv:1801.04381."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from ... import nn
from ...nn import functional as F
from ...tensor import Tensor
from ..ops.misc import Conv2dNormActivation
from .registry import divisible, initialize, network
from .weights import find_weights as __getattr__  # noqa: F401 - MobileNet_V2_Weights

Layer = Callable[..., nn.Module]

# Of each stage: factor by which blocks are wider inside, channels, blocks, stride of the first.
_SETTING = (
    (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2),
    (6, 320, 1, 1),
)  # fmt: skip

# How the convolutions and normalisations of the MobileNets and EfficientNets begin.
MOBILE_RULES = {
    nn.Conv2d: partial(nn.init.kaiming_normal_, mode="fan_out"),
    (nn.BatchNorm2d, nn.GroupNorm): None,
    nn.Linear: partial(nn.init.normal_, std=0.01),
}


class InvertedResidual(nn.Module):
    """1x1 to more channels, 3x3 of each channel by itself, 1x1 to few; beside a shortcut."""

    def __init__(
        self, inp: int, oup: int, stride: int, expand_ratio: float, norm_layer: Layer | None = None
    ) -> None:
        super().__init__()
        if stride not in (1, 2):
            raise ValueError(f"stride should be 1 or 2 instead of {stride}")
        self.stride = stride
        self.use_res_connect = stride == 1 and inp == oup
        self.out_channels = oup
        norm_layer = norm_layer or nn.BatchNorm2d
        conv = partial(Conv2dNormActivation, norm_layer=norm_layer, activation_layer=nn.ReLU6)
        hidden = round(inp * expand_ratio)
        layers: list[nn.Module] = []
        if expand_ratio != 1:
            layers.append(conv(inp, hidden, kernel_size=1))
        layers += [
            conv(hidden, hidden, stride=stride, groups=hidden),
            nn.Conv2d(hidden, oup, 1, 1, 0, bias=False),
            norm_layer(oup),
        ]
        self.conv = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv(x) if self.use_res_connect else self.conv(x)


class MobileNetV2(nn.Module):
    """Seventeen inverted residuals: (N, 3, H, W) to (N, num_classes).

    `width_mult` scales the channels, which are rounded to multiples of `round_nearest`.

    >>> import rushlight as torch
    >>> from rushlight.vision.models import mobilenet_v2
    >>> mobilenet_v2(width_mult=0.25, num_classes=2)(torch.zeros(2, 3, 32, 32)).shape
    torch.Size([2, 2])
    """

    def __init__(
        self,
        num_classes: int = 1000,
        width_mult: float = 1.0,
        inverted_residual_setting: Sequence[Sequence[int]] | None = None,
        round_nearest: int = 8,
        block: Layer | None = None,
        norm_layer: Layer | None = None,
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        block = block or InvertedResidual
        norm_layer = norm_layer or nn.BatchNorm2d
        setting = _SETTING if inverted_residual_setting is None else inverted_residual_setting
        if not setting or len(setting[0]) != 4:
            raise ValueError(
                "inverted_residual_setting should be non-empty or a 4-element list, got "
                f"{inverted_residual_setting}"
            )
        conv = partial(Conv2dNormActivation, norm_layer=norm_layer, activation_layer=nn.ReLU6)
        channels = divisible(32 * width_mult, round_nearest)
        self.last_channel = divisible(1280 * max(1.0, width_mult), round_nearest)
        features: list[nn.Module] = [conv(3, channels, stride=2)]
        for expand_ratio, width, blocks, stride in setting:
            out = divisible(width * width_mult, round_nearest)
            for number in range(blocks):
                features.append(
                    block(
                        channels, out, stride if number == 0 else 1, expand_ratio=expand_ratio,
                        norm_layer=norm_layer,
                    )
                )  # fmt: skip
                channels = out
        features.append(conv(channels, self.last_channel, kernel_size=1))
        self.features = nn.Sequential(*features)
        self.classifier = nn.Sequential(
            nn.Dropout(p=dropout), nn.Linear(self.last_channel, num_classes)
        )
        initialize(self, MOBILE_RULES)

    def forward(self, x: Tensor) -> Tensor:
        x = F.adaptive_avg_pool2d(self.features(x), (1, 1))
        return self.classifier(x.flatten(1))


mobilenet_v2 = network("mobilenet_v2", MobileNetV2, paper="arXiv:1801.04381")
