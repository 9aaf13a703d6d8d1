"""SqueezeNet: Iandola et al., arXiv:1602.07360; version 1.1 needs 2.4 times less arithmetic."""

from __future__ import annotations

from functools import partial

import rushlight

from ... import nn
from ...tensor import Tensor
from .registry import network
from .weights import find_weights as __getattr__  # noqa: F401 - SqueezeNet1_0_Weights and the like


class Fire(nn.Module):
    """A 1x1 convolution to few channels, then one of 1x1 beside one of 3x3."""

    def __init__(
        self, inplanes: int, squeeze_planes: int, expand1x1_planes: int, expand3x3_planes: int
    ) -> None:
        super().__init__()
        self.inplanes = inplanes
        self.squeeze = nn.Conv2d(inplanes, squeeze_planes, kernel_size=1)
        self.squeeze_activation = nn.ReLU(inplace=True)
        self.expand1x1 = nn.Conv2d(squeeze_planes, expand1x1_planes, kernel_size=1)
        self.expand1x1_activation = nn.ReLU(inplace=True)
        self.expand3x3 = nn.Conv2d(squeeze_planes, expand3x3_planes, kernel_size=3, padding=1)
        self.expand3x3_activation = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        x = self.squeeze_activation(self.squeeze(x))
        near = self.expand1x1_activation(self.expand1x1(x))
        return rushlight.cat([near, self.expand3x3_activation(self.expand3x3(x))], 1)


class SqueezeNet(nn.Module):
    """Eight fire modules and a convolution to the classes: (N, 3, H, W) to (N, num_classes).

    >>> import rushlight as torch
    >>> from rushlight.vision.models import squeezenet1_1
    >>> squeezenet1_1(num_classes=3).eval()(torch.zeros(1, 3, 32, 32)).shape
    torch.Size([1, 3])
    """

    def __init__(
        self, version: str = "1_0", num_classes: int = 1000, dropout: float = 0.5
    ) -> None:
        super().__init__()
        if version not in ("1_0", "1_1"):
            raise ValueError(f"Unsupported SqueezeNet version {version}: 1_0 or 1_1 expected")
        self.num_classes = num_classes
        first, kernel, pools = (96, 7, (3, 7)) if version == "1_0" else (64, 3, (2, 4))
        layers: list[nn.Module] = [
            nn.Conv2d(3, first, kernel_size=kernel, stride=2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True),
        ]
        channels = first
        squeezes = (16, 16, 32, 32, 48, 48, 64, 64)
        for number, squeeze in enumerate(squeezes):
            if number in pools:
                layers.append(nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True))
            layers.append(Fire(channels, squeeze, 4 * squeeze, 4 * squeeze))
            channels = 8 * squeeze
        self.features = nn.Sequential(*layers)
        last = nn.Conv2d(512, num_classes, kernel_size=1)
        self.classifier = nn.Sequential(
            nn.Dropout(p=dropout), last, nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d((1, 1))
        )
        for module in self.modules():
            if module is last:
                nn.init.normal_(last.weight, std=0.01)
            elif isinstance(module, nn.Conv2d):
                nn.init.kaiming_uniform_(module.weight)
            if isinstance(module, nn.Conv2d) and module.bias is not None:
                nn.init.zeros_(module.bias)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.features(x)).flatten(1)


_declare = partial(network, paper="arXiv:1602.07360")

squeezenet1_0 = _declare("squeezenet1_0", SqueezeNet, "1_0")
squeezenet1_1 = _declare("squeezenet1_1", SqueezeNet, "1_1")
