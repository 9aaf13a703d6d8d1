"""DeepLabv3, which looks at several distances at once: Chen et al., arXiv:1706.05587."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import rushlight

from .... import nn
from ....tensor import Tensor
from ..registry import network
from ..weights import find_weights as __getattr__  # noqa: F401 - DeepLabV3_ResNet50_Weights, ...
from ._utils import (
    _SimpleSegmentationModel,
    enlarged,
    mobilenet_backbone,
    resnet_backbone,
    with_auxiliary,
)
from .fcn import FCNHead


class DeepLabV3(_SimpleSegmentationModel):
    """A classifier of each element of the last map of `backbone`, which returns a dictionary.

    >>> import rushlight as torch
    >>> from rushlight.vision.models.segmentation import deeplabv3_mobilenet_v3_large
    >>> network = deeplabv3_mobilenet_v3_large(num_classes=2, weights_backbone=None).eval()
    >>> network(torch.zeros(1, 3, 32, 32))["out"].shape
    torch.Size([1, 2, 32, 32])
    """


class DeepLabHead(nn.Sequential):
    """`ASPP`, a 3x3 convolution, and a 1x1 to the classes."""

    def __init__(
        self, in_channels: int, num_classes: int, atrous_rates: Sequence[int] = (12, 24, 36)
    ) -> None:
        super().__init__(
            ASPP(in_channels, atrous_rates),
            nn.Conv2d(256, 256, 3, padding=1, bias=False),
            nn.BatchNorm2d(256),
            nn.ReLU(),
            nn.Conv2d(256, num_classes, 1),
        )


class ASPPConv(nn.Sequential):
    """A dilated 3x3 convolution."""

    def __init__(self, in_channels: int, out_channels: int, dilation: int) -> None:
        super().__init__(
            nn.Conv2d(
                in_channels, out_channels, 3, padding=dilation, dilation=dilation, bias=False
            ),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(),
        )


class ASPPPooling(nn.Sequential):
    """The mean of the whole map, everywhere."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(in_channels, out_channels, 1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(),
        )

    def forward(self, x: Tensor) -> Tensor:
        return enlarged(super().forward(x), x.shape[-2:])


class ASPP(nn.Module):
    """Convolutions of several dilations side by side, and of the mean, brought to few channels."""

    def __init__(
        self, in_channels: int, atrous_rates: Sequence[int], out_channels: int = 256
    ) -> None:
        super().__init__()
        point = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, 1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(),
        )
        self.convs = nn.ModuleList([
            point,
            *(ASPPConv(in_channels, out_channels, rate) for rate in atrous_rates),
            ASPPPooling(in_channels, out_channels),
        ])  # fmt: skip
        self.project = nn.Sequential(
            nn.Conv2d(len(self.convs) * out_channels, out_channels, 1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(),
            nn.Dropout(0.5),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.project(rushlight.cat([conv(x) for conv in self.convs], dim=1))


def _deeplabv3(
    backbone: str, num_classes: int | None = 21, aux_loss: bool | None = None,
    weights_backbone: Any = "IMAGENET1K_V1",
) -> DeepLabV3:  # fmt: skip
    num_classes = 21 if num_classes is None else num_classes
    if backbone == "mobilenet_v3_large":
        names = {"high": "out", **({"low": "aux"} if aux_loss else {})}
        features, low, high = mobilenet_backbone(weights_backbone, names)
    else:
        features, low, high = resnet_backbone(backbone, weights_backbone, aux_loss), 1024, 2048
    auxiliary = FCNHead(low, num_classes) if aux_loss else None
    return DeepLabV3(features, DeepLabHead(high, num_classes), auxiliary)


_declare = partial(network, paper="arXiv:1706.05587", prepare=with_auxiliary)

deeplabv3_resnet50 = _declare("deeplabv3_resnet50", _deeplabv3, "resnet50")
deeplabv3_resnet101 = _declare("deeplabv3_resnet101", _deeplabv3, "resnet101")
deeplabv3_mobilenet_v3_large = _declare(
    "deeplabv3_mobilenet_v3_large", _deeplabv3, "mobilenet_v3_large"
)
