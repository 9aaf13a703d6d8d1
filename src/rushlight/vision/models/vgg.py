"""Plain deep networks of 3x3 convolutions: Simonyan and Zisserman, 2014, arXiv:1409.1556."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ... import nn
from ...tensor import Tensor
from .weights import names, refuse

VGG11_Weights = names("VGG11", "IMAGENET1K_V1")
VGG13_Weights = names("VGG13", "IMAGENET1K_V1")
VGG16_Weights = names("VGG16", "IMAGENET1K_FEATURES", "IMAGENET1K_V1")
VGG19_Weights = names("VGG19", "IMAGENET1K_V1")


class VGG(nn.Module):
    """Convolutions with a maximum of 2x2 after each stage, three linear layers.

    (N, 3, height, width) to (N, num_classes); `init_weights` draws weights as torchvision does.
    """

    def __init__(
        self,
        features: nn.Module,
        num_classes: int = 1000,
        init_weights: bool = True,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        self.features = features
        self.avgpool = nn.AdaptiveAvgPool2d((7, 7))
        self.classifier = nn.Sequential(
            nn.Linear(512 * 7 * 7, 4096),
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
            nn.Linear(4096, 4096),
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
            nn.Linear(4096, num_classes),
        )
        if init_weights:
            self._draw()

    def _draw(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
                nn.init.zeros_(module.bias)  # type: ignore[arg-type]
            elif isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, 0, 0.01)
                nn.init.zeros_(module.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.avgpool(self.features(x)).flatten(1))


def _features(convolutions: tuple[int, ...], batch_norm: bool) -> nn.Sequential:
    """So many convolutions per stage, of 64, 128, 256, 512 and 512 channels."""
    layers: list[nn.Module] = []
    channels = 3
    for count, out in zip(convolutions, (64, 128, 256, 512, 512), strict=True):
        for _ in range(count):
            layers.append(nn.Conv2d(channels, out, 3, padding=1))
            if batch_norm:
                layers.append(nn.BatchNorm2d(out))
            layers.append(nn.ReLU(inplace=True))
            channels = out
        layers.append(nn.MaxPool2d(2, stride=2))
    return nn.Sequential(*layers)


def _constructor(name: str, *convolutions: int, batch_norm: bool = False) -> Callable[..., VGG]:
    def make(*, weights: Any = None, progress: bool = True, **options: Any) -> VGG:
        refuse(name, weights)
        return VGG(_features(convolutions, batch_norm), **options)

    make.__name__ = make.__qualname__ = name
    make.__doc__ = f"The network {name}, untrained; `options` are those of `VGG`."
    return make


vgg11 = _constructor("vgg11", 1, 1, 2, 2, 2)
vgg13 = _constructor("vgg13", 2, 2, 2, 2, 2)
vgg16 = _constructor("vgg16", 2, 2, 3, 3, 3)
vgg19 = _constructor("vgg19", 2, 2, 4, 4, 4)
vgg11_bn = _constructor("vgg11_bn", 1, 1, 2, 2, 2, batch_norm=True)
vgg13_bn = _constructor("vgg13_bn", 2, 2, 2, 2, 2, batch_norm=True)
vgg16_bn = _constructor("vgg16_bn", 2, 2, 3, 3, 3, batch_norm=True)
vgg19_bn = _constructor("vgg19_bn", 2, 2, 4, 4, 4, batch_norm=True)
