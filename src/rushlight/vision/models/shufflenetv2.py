"""ShuffleNet v2, half of the channels passed on as they are: Ma et al., arXiv:1807.11164."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import rushlight

from ... import nn
from ...nn import functional as F
from ...tensor import Tensor
from .registry import network
from .weights import find_weights as __getattr__  # noqa: F401 - ShuffleNet_V2_X0_5_Weights etc.


class InvertedResidual(nn.Module):
    """With stride 1 half of the channels go through; else all, by two branches."""

    def __init__(self, inp: int, oup: int, stride: int) -> None:
        super().__init__()
        if stride not in (1, 2, 3):
            raise ValueError("illegal stride value")
        half = oup // 2
        if stride == 1 and inp != half * 2:
            raise ValueError(
                f"Invalid combination of stride {stride}, inp {inp} and oup {oup} values. If "
                "stride == 1 then inp should be equal to oup // 2 << 1."
            )
        self.stride = stride
        self.branch1 = nn.Sequential()
        if stride > 1:
            self.branch1 = nn.Sequential(
                self.depthwise_conv(inp, stride),
                nn.BatchNorm2d(inp),
                *_pointwise(inp, half),
            )
        self.branch2 = nn.Sequential(
            *_pointwise(inp if stride > 1 else half, half),
            self.depthwise_conv(half, stride),
            nn.BatchNorm2d(half),
            *_pointwise(half, half),
        )

    @staticmethod
    def depthwise_conv(channels: int, stride: int) -> nn.Conv2d:
        return nn.Conv2d(channels, channels, 3, stride, 1, bias=False, groups=channels)

    def forward(self, x: Tensor) -> Tensor:
        if self.stride == 1:
            kept, changed = x.chunk(2, dim=1)
            out = rushlight.cat((kept, self.branch2(changed)), dim=1)
        else:
            out = rushlight.cat((self.branch1(x), self.branch2(x)), dim=1)
        return F.channel_shuffle(out, 2)


def _pointwise(in_channels: int, out_channels: int) -> list[nn.Module]:
    return [
        nn.Conv2d(in_channels, out_channels, kernel_size=1, stride=1, padding=0, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(inplace=True),
    ]


class ShuffleNetV2(nn.Module):
    """Three stages of `stages_repeats` blocks: (N, 3, H, W) to (N, num_classes).

    `stages_out_channels` are those of the first convolution, the stages, and the last.

    >>> import rushlight as torch
    >>> from rushlight.vision.models import shufflenet_v2_x0_5
    >>> shufflenet_v2_x0_5(num_classes=2).eval()(torch.zeros(1, 3, 32, 32)).shape
    torch.Size([1, 2])
    """

    stage2: nn.Module
    stage3: nn.Module
    stage4: nn.Module

    def __init__(
        self,
        stages_repeats: Sequence[int],
        stages_out_channels: Sequence[int],
        num_classes: int = 1000,
        inverted_residual: Callable[..., nn.Module] = InvertedResidual,
    ) -> None:
        super().__init__()
        if len(stages_repeats) != 3:
            raise ValueError("expected stages_repeats as list of 3 positive ints")
        if len(stages_out_channels) != 5:
            raise ValueError("expected stages_out_channels as list of 5 positive ints")
        channels, *widths, last = stages_out_channels
        self.conv1 = nn.Sequential(
            nn.Conv2d(3, channels, 3, 2, 1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
        )
        self.maxpool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        for number, (repeats, width) in enumerate(zip(stages_repeats, widths, strict=True), 2):
            blocks = [inverted_residual(channels, width, 2)]
            blocks += [inverted_residual(width, width, 1) for _ in range(repeats - 1)]
            self.add_module(f"stage{number}", nn.Sequential(*blocks))
            channels = width
        self.conv5 = nn.Sequential(*_pointwise(channels, last))
        self.fc = nn.Linear(last, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.maxpool(self.conv1(x))
        x = self.conv5(self.stage4(self.stage3(self.stage2(x))))
        return self.fc(x.mean([2, 3]))


_declare = partial(network, paper="arXiv:1807.11164")
_REPEATS = [4, 8, 4]

shufflenet_v2_x0_5 = _declare(
    "shufflenet_v2_x0_5", ShuffleNetV2, _REPEATS, [24, 48, 96, 192, 1024]
)
shufflenet_v2_x1_0 = _declare(
    "shufflenet_v2_x1_0", ShuffleNetV2, _REPEATS, [24, 116, 232, 464, 1024]
)
shufflenet_v2_x1_5 = _declare(
    "shufflenet_v2_x1_5", ShuffleNetV2, _REPEATS, [24, 176, 352, 704, 1024]
)
shufflenet_v2_x2_0 = _declare(
    "shufflenet_v2_x2_0", ShuffleNetV2, _REPEATS, [24, 244, 488, 976, 2048]
)
