"""What networks for segmentation have in common."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import rushlight

from .... import nn
from ....nn import functional as F
from ....tensor import Tensor
from ...transforms import functional as images
from ...transforms.functional import InterpolationMode
from .._utils import IntermediateLayerGetter
from ..mobilenetv3 import mobilenet_v3_large
from ..registry import decide, get_model_builder


class _SimpleSegmentationModel(nn.Module):
    """A classifier of each element of a backbone's last map, enlarged to the image."""

    def __init__(
        self, backbone: nn.Module, classifier: nn.Module, aux_classifier: nn.Module | None = None
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.classifier = classifier
        self.aux_classifier = aux_classifier

    def forward(self, x: Tensor) -> OrderedDict[str, Tensor]:
        size = x.shape[-2:]
        features = self.backbone(x)
        result = OrderedDict(out=enlarged(self.classifier(features["out"]), size))
        if self.aux_classifier is not None:
            result["aux"] = enlarged(self.aux_classifier(features["aux"]), size)
        return result


def enlarged(x: Tensor, size: Sequence[int]) -> Tensor:
    """Interpolated to another height and width."""
    return F.interpolate(x, size, mode="bilinear", align_corners=False)


def resnet_backbone(name: str, weights: Any, aux_loss: bool | None) -> nn.Module:
    """A ResNet whose last two stages are dilated in the place of their strides."""
    dilation = [False, True, True]
    resnet = get_model_builder(name)(weights=weights, replace_stride_with_dilation=dilation)
    layers = {"layer4": "out", **({"layer3": "aux"} if aux_loss else {})}
    return IntermediateLayerGetter(resnet, layers)


# The block of MobileNetV3 whose map has an eighth of the image's height and width.
LOW = 4


def mobilenet_backbone(weights: Any, names: dict[str, str]) -> tuple[nn.Module, int, int]:
    """MobileNetV3 with a dilated tail; the channels of its maps "low" and "high".

    `names` are those that these maps get.
    """
    network: Any = mobilenet_v3_large(weights=weights, dilated=True)
    features = network.features
    places = {"low": LOW, "high": len(features) - 1}
    layers = {str(places[kind]): name for kind, name in names.items()}
    channels = (features[place].out_channels for place in places.values())
    return IntermediateLayerGetter(features, layers), *channels


def without_backbone(weights: Any, options: dict[str, Any]) -> None:
    """Weights of the whole network leave none to be fetched for the backbone alone."""
    options["weights_backbone"] = None


def with_auxiliary(weights: Any, options: dict[str, Any]) -> None:
    """These weights have those of an auxiliary classifier, too."""
    without_backbone(weights, options)
    if options.get("aux_loss") is None:
        options.pop("aux_loss", None)
    decide(options, "aux_loss", True)


class SemanticSegmentation(nn.Module):
    """An image, or a batch of them, resized, scaled to 0..1 and normalised: what weights expect.

    >>> import rushlight as torch
    >>> from rushlight.vision.models.segmentation import FCN_ResNet50_Weights
    >>> FCN_ResNet50_Weights.DEFAULT.transforms()(torch.zeros(3, 300, 400, dtype=torch.uint8)).shape
    torch.Size([3, 520, 693])
    """

    def __init__(
        self,
        *,
        resize_size: int | None,
        mean: Sequence[float] = (0.485, 0.456, 0.406),
        std: Sequence[float] = (0.229, 0.224, 0.225),
        interpolation: InterpolationMode = InterpolationMode.BILINEAR,
        antialias: bool | None = True,
    ) -> None:
        super().__init__()
        self.resize_size = None if resize_size is None else [resize_size]
        self.mean = list(mean)
        self.std = list(std)
        self.interpolation = interpolation
        self.antialias = antialias

    def forward(self, img: Any) -> Tensor:
        if self.resize_size is not None:
            size = self.resize_size
            img = images.resize(img, size, self.interpolation, antialias=self.antialias)
        if not isinstance(img, Tensor):
            img = images.pil_to_tensor(img)
        img = images.convert_image_dtype(img, rushlight.float32)
        return images.normalize(img, mean=self.mean, std=self.std)

    def __repr__(self) -> str:
        fields = ("resize_size", "mean", "std", "interpolation")
        lines = "".join(f"\n    {name}={getattr(self, name)}" for name in fields)
        return f"{type(self).__name__}({lines}\n)"
