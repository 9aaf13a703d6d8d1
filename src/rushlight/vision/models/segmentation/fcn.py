"""Fully convolutional networks: Long et al., arXiv:1411.4038."""

from __future__ import annotations

from functools import partial
from typing import Any

from .... import nn
from ..registry import network
from ..weights import find_weights as __getattr__  # noqa: F401 - FCN_ResNet50_Weights and the like
from ._utils import _SimpleSegmentationModel, resnet_backbone, with_auxiliary


class FCN(_SimpleSegmentationModel):
    """A classifier of each element of the last map of `backbone`, which returns a dictionary.

    >>> import rushlight as torch
    >>> from rushlight.vision.models.segmentation import fcn_resnet50
    >>> network = fcn_resnet50(num_classes=2, weights_backbone=None).eval()
    >>> network(torch.zeros(1, 3, 32, 32))["out"].shape
    torch.Size([1, 2, 32, 32])
    """


class FCNHead(nn.Sequential):
    """A 3x3 convolution to a quarter of the channels, and a 1x1 to the classes."""

    def __init__(self, in_channels: int, channels: int) -> None:
        inner = in_channels // 4
        super().__init__(
            nn.Conv2d(in_channels, inner, 3, padding=1, bias=False),
            nn.BatchNorm2d(inner),
            nn.ReLU(),
            nn.Dropout(0.1),
            nn.Conv2d(inner, channels, 1),
        )


def _fcn(
    backbone: str, num_classes: int | None = 21, aux_loss: bool | None = None,
    weights_backbone: Any = "IMAGENET1K_V1",
) -> FCN:  # fmt: skip
    num_classes = 21 if num_classes is None else num_classes
    features = resnet_backbone(backbone, weights_backbone, aux_loss)
    auxiliary = FCNHead(1024, num_classes) if aux_loss else None
    return FCN(features, FCNHead(2048, num_classes), auxiliary)


_declare = partial(network, paper="arXiv:1411.4038", prepare=with_auxiliary)

fcn_resnet50 = _declare("fcn_resnet50", _fcn, "resnet50")
fcn_resnet101 = _declare("fcn_resnet101", _fcn, "resnet101")
