"""Lite R-ASPP, segmentation for small devices: Howard et al., arXiv:1905.02244."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from .... import nn
from ....tensor import Tensor
from ..registry import network
from ..weights import find_weights as __getattr__  # noqa: F401 - LRASPP_MobileNet_V3_Large_Weights
from ._utils import enlarged, mobilenet_backbone, without_backbone


class LRASPP(nn.Module):
    """Two maps of `backbone`, "low" and "high", told together what each pixel shows.

    >>> import rushlight as torch
    >>> from rushlight.vision.models.segmentation import lraspp_mobilenet_v3_large
    >>> network = lraspp_mobilenet_v3_large(num_classes=2, weights_backbone=None).eval()
    >>> network(torch.zeros(1, 3, 32, 32))["out"].shape
    torch.Size([1, 2, 32, 32])
    """

    def __init__(
        self,
        backbone: nn.Module,
        low_channels: int,
        high_channels: int,
        num_classes: int,
        inter_channels: int = 128,
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.classifier = LRASPPHead(low_channels, high_channels, num_classes, inter_channels)

    def forward(self, input: Tensor) -> OrderedDict[str, Tensor]:
        classes = self.classifier(self.backbone(input))
        return OrderedDict(out=enlarged(classes, input.shape[-2:]))


class LRASPPHead(nn.Module):
    """The small map, its channels scaled by their means, added to the large one."""

    def __init__(
        self, low_channels: int, high_channels: int, num_classes: int, inter_channels: int
    ) -> None:
        super().__init__()
        self.cbr = nn.Sequential(
            nn.Conv2d(high_channels, inter_channels, 1, bias=False),
            nn.BatchNorm2d(inter_channels),
            nn.ReLU(inplace=True),
        )
        self.scale = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(high_channels, inter_channels, 1, bias=False),
            nn.Sigmoid(),
        )
        self.low_classifier = nn.Conv2d(low_channels, num_classes, 1)
        self.high_classifier = nn.Conv2d(inter_channels, num_classes, 1)

    def forward(self, input: dict[str, Tensor]) -> Tensor:
        low, high = input["low"], input["high"]
        scaled = enlarged(self.cbr(high) * self.scale(high), low.shape[-2:])
        return self.low_classifier(low) + self.high_classifier(scaled)


def _lraspp(
    num_classes: int | None = 21, weights_backbone: Any = "IMAGENET1K_V1", **options: Any
) -> LRASPP:
    features, low, high = mobilenet_backbone(weights_backbone, {"low": "low", "high": "high"})
    return LRASPP(features, low, high, 21 if num_classes is None else num_classes, **options)


lraspp_mobilenet_v3_large = network(
    "lraspp_mobilenet_v3_large", _lraspp, paper="arXiv:1905.02244", prepare=without_backbone
)
