"""VGG, stacks of 3x3 convolutions: Simonyan and Zisserman, arXiv:1409.1556."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from ... import nn
from ...tensor import Tensor
from .registry import initialize, network
from .weights import find_weights as __getattr__  # noqa: F401 - VGG11_Weights and the like

# Convolutions of each of the five stages, by the paper's letters.
_DEPTHS = {"A": (1, 1, 2, 2, 2), "B": (2, 2, 2, 2, 2), "D": (2, 2, 3, 3, 3), "E": (2, 2, 4, 4, 4)}
_WIDTHS = (64, 128, 256, 512, 512)


def _parts(depths: Sequence[int]) -> list[str | int]:
    found: list[str | int] = []
    for depth, width in zip(depths, _WIDTHS, strict=True):
        found += [*[width] * depth, "M"]
    return found


# The channels of each convolution, and "M" for a pooling that halves the image.
cfgs = {letter: _parts(depths) for letter, depths in _DEPTHS.items()}


class VGG(nn.Module):
    """Convolutions given as `features`, and three linear layers: (N, 3, H, W) to (N, num_classes).

    >>> import rushlight as torch
    >>> from rushlight.vision.models import vgg11_bn
    >>> vgg11_bn(num_classes=2, init_weights=False).eval()(torch.zeros(1, 3, 32, 32)).shape
    torch.Size([1, 2])
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
            nn.ReLU(True),
            nn.Dropout(p=dropout),
            nn.Linear(4096, 4096),
            nn.ReLU(True),
            nn.Dropout(p=dropout),
            nn.Linear(4096, num_classes),
        )
        if init_weights:
            initialize(self, {
                nn.Conv2d: partial(nn.init.kaiming_normal_, mode="fan_out", nonlinearity="relu"),
                nn.BatchNorm2d: None,
                nn.Linear: partial(nn.init.normal_, std=0.01),
            })  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.avgpool(self.features(x)).flatten(1))


def make_layers(cfg: Sequence[str | int], batch_norm: bool = False) -> nn.Sequential:
    """The convolutions and poolings of one of `cfgs`.

    >>> from rushlight.vision.models import vgg
    >>> [type(layer).__name__ for layer in vgg.make_layers([8, "M"])]
    ['Conv2d', 'ReLU', 'MaxPool2d']
    """
    layers: list[nn.Module] = []
    channels = 3
    for part in cfg:
        if isinstance(part, str):
            layers.append(nn.MaxPool2d(kernel_size=2, stride=2))
            continue
        layers.append(nn.Conv2d(channels, part, kernel_size=3, padding=1))
        if batch_norm:
            layers.append(nn.BatchNorm2d(part))
        layers.append(nn.ReLU(inplace=True))
        channels = part
    return nn.Sequential(*layers)


def _vgg(letter: str, batch_norm: bool, **options: object) -> VGG:
    return VGG(make_layers(cfgs[letter], batch_norm), **options)  # type: ignore[arg-type]


_declare = partial(network, paper="arXiv:1409.1556")

vgg11 = _declare("vgg11", _vgg, "A", False)
vgg11_bn = _declare("vgg11_bn", _vgg, "A", True)
vgg13 = _declare("vgg13", _vgg, "B", False)
vgg13_bn = _declare("vgg13_bn", _vgg, "B", True)
vgg16 = _declare("vgg16", _vgg, "D", False)
vgg16_bn = _declare("vgg16_bn", _vgg, "D", True)
vgg19 = _declare("vgg19", _vgg, "E", False)
vgg19_bn = _declare("vgg19_bn", _vgg, "E", True)
