"""Networks that give a detector maps of several sizes."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

from .... import nn
from ....tensor import Tensor
from ...ops import misc as misc_nn_ops  # noqa: F401  # programs look here for it
from ...ops.feature_pyramid_network import (
    ExtraFPNBlock,
    FeaturePyramidNetwork,
    LastLevelMaxPool,
)
from ...ops.misc import FrozenBatchNorm2d
from .._utils import IntermediateLayerGetter
from ..registry import get_model_builder

Layer = Callable[..., nn.Module]


class BackboneWithFPN(nn.Module):
    """The children of a network up to the last that is wanted, and a pyramid of their maps."""

    def __init__(
        self,
        backbone: nn.Module,
        return_layers: dict[str, str],
        in_channels_list: Sequence[int],
        out_channels: int,
        extra_blocks: ExtraFPNBlock | None = None,
        norm_layer: Layer | None = None,
    ) -> None:
        super().__init__()
        self.body = IntermediateLayerGetter(backbone, return_layers=return_layers)
        self.fpn = FeaturePyramidNetwork(
            in_channels_list, out_channels, extra_blocks or LastLevelMaxPool(), norm_layer
        )
        self.out_channels = out_channels

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        return self.fpn(self.body(x))


def resnet_fpn_backbone(
    *,
    backbone_name: str,
    weights: Any,
    norm_layer: Layer = FrozenBatchNorm2d,
    trainable_layers: int = 3,
    returned_layers: Sequence[int] | None = None,
    extra_blocks: ExtraFPNBlock | None = None,
) -> BackboneWithFPN:
    """A ResNet with a pyramid of 256 channels on its stages; the last `trainable_layers` learn.

    >>> from rushlight.vision.models.detection.backbone_utils import resnet_fpn_backbone
    >>> resnet_fpn_backbone(backbone_name="resnet18", weights=None).out_channels
    256
    """
    backbone = get_model_builder(backbone_name)(weights=weights, norm_layer=norm_layer)
    return resnet_pyramid(backbone, trainable_layers, returned_layers, extra_blocks)


def resnet_pyramid(
    backbone: Any, trainable_layers: int, returned_layers: Sequence[int] | None = None,
    extra_blocks: ExtraFPNBlock | None = None, norm_layer: Layer | None = None,
) -> BackboneWithFPN:  # fmt: skip
    """The same of a ResNet that is there."""
    if not 0 <= trainable_layers <= 5:
        raise ValueError(f"Trainable layers should be in the range [0,5], got {trainable_layers}")
    learning = ["layer4", "layer3", "layer2", "layer1", "conv1"][:trainable_layers]
    if trainable_layers == 5:
        learning.append("bn1")
    for name, parameter in backbone.named_parameters():
        if not name.startswith(tuple(learning)):
            parameter.requires_grad_(False)
    returned = [1, 2, 3, 4] if returned_layers is None else returned_layers
    if min(returned) <= 0 or max(returned) >= 5:
        raise ValueError(f"Each returned layer should be in the range [1,4]. Got {returned}")
    layers = {f"layer{stage}": str(number) for number, stage in enumerate(returned)}
    first = backbone.inplanes // 8
    channels = [first * 2 ** (stage - 1) for stage in returned]
    return BackboneWithFPN(backbone, layers, channels, 256, extra_blocks, norm_layer)


# The blocks of MobileNetV3's features at which the image is halved, and the last one.
_STAGES = (0, 2, 4, 7, 13, 16)


def mobilenet_pyramid(network: Any, trainable_layers: int) -> BackboneWithFPN:
    """MobileNetV3 with a pyramid of 256 channels on its last two stages."""
    features = network.features
    if not 0 <= trainable_layers <= len(_STAGES):
        raise ValueError(
            f"Trainable layers should be in the range [0,{len(_STAGES)}], got {trainable_layers}"
        )
    frozen = len(features) if trainable_layers == 0 else _STAGES[len(_STAGES) - trainable_layers]
    for block in features[:frozen]:
        for parameter in block.parameters():
            parameter.requires_grad_(False)
    places = _STAGES[-2:]
    layers = {str(place): str(number) for number, place in enumerate(places)}
    channels = [features[place].out_channels for place in places]
    return BackboneWithFPN(features, layers, channels, 256)


def trainable(is_trained: bool, wanted: int | None, most: int, default: int) -> int:
    """How many layers of a backbone learn: all of one that has not been trained."""
    if not is_trained:
        if wanted is not None:
            warnings.warn(
                "Changing trainable_backbone_layers has no effect if neither pretrained nor "
                f"pretrained_backbone have been set to True, falling back to "
                f"trainable_backbone_layers={most} so that all layers are trainable",
                stacklevel=3,
            )
        return most
    wanted = default if wanted is None else wanted
    if not 0 <= wanted <= most:
        raise ValueError(
            f"Trainable backbone layers should be in the range [0,{most}], got {wanted}"
        )
    return wanted
