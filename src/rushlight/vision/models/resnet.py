"""Residual networks: He et al., 2015, arXiv:1512.03385, and their kin, under torchvision's names.

ResNeXt (Xie et al., 2016, arXiv:1611.05431) has its 3x3 convolutions in groups, Wide ResNet
(Zagoruyko and Komodakis, 2016, arXiv:1605.07146) more channels within a block. In a bottleneck the
3x3 convolution has the stride, as in torchvision.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ... import nn
from ...tensor import Tensor
from .weights import names, refuse

ResNet18_Weights = names("ResNet18", "IMAGENET1K_V1")
ResNet34_Weights = names("ResNet34", "IMAGENET1K_V1")
ResNet50_Weights = names("ResNet50", "IMAGENET1K_V1", "IMAGENET1K_V2")
ResNet101_Weights = names("ResNet101", "IMAGENET1K_V1", "IMAGENET1K_V2")
ResNet152_Weights = names("ResNet152", "IMAGENET1K_V1", "IMAGENET1K_V2")


def _conv3x3(channels: int, out: int, stride: int = 1, groups: int = 1) -> nn.Conv2d:
    return nn.Conv2d(channels, out, 3, stride, padding=1, groups=groups, bias=False)


class BasicBlock(nn.Module):
    """Two 3x3 convolutions beside which the input passes."""

    expansion = 1

    def __init__(
        self,
        inplanes: int,
        planes: int,
        stride: int = 1,
        downsample: nn.Module | None = None,
        groups: int = 1,
        base_width: int = 64,
        norm_layer: Callable[..., nn.Module] = nn.BatchNorm2d,
    ) -> None:
        super().__init__()
        if groups != 1 or base_width != 64:
            raise ValueError("BasicBlock only supports groups=1 and base_width=64")
        self.conv1 = _conv3x3(inplanes, planes, stride)
        self.bn1 = norm_layer(planes)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = _conv3x3(planes, planes)
        self.bn2 = norm_layer(planes)
        self.downsample = downsample

    def forward(self, x: Tensor) -> Tensor:
        identity = x if self.downsample is None else self.downsample(x)
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.bn2(self.conv2(x))
        return self.relu(x + identity)


class Bottleneck(nn.Module):
    """A 3x3 convolution between two 1x1 ones, beside which the input passes."""

    expansion = 4

    def __init__(
        self,
        inplanes: int,
        planes: int,
        stride: int = 1,
        downsample: nn.Module | None = None,
        groups: int = 1,
        base_width: int = 64,
        norm_layer: Callable[..., nn.Module] = nn.BatchNorm2d,
    ) -> None:
        super().__init__()
        width = planes * base_width // 64 * groups
        self.conv1 = nn.Conv2d(inplanes, width, 1, bias=False)
        self.bn1 = norm_layer(width)
        self.conv2 = _conv3x3(width, width, stride, groups)
        self.bn2 = norm_layer(width)
        self.conv3 = nn.Conv2d(width, planes * self.expansion, 1, bias=False)
        self.bn3 = norm_layer(planes * self.expansion)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = downsample

    def forward(self, x: Tensor) -> Tensor:
        identity = x if self.downsample is None else self.downsample(x)
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.relu(self.bn2(self.conv2(x)))
        x = self.bn3(self.conv3(x))
        return self.relu(x + identity)


class ResNet(nn.Module):
    """A stem, four stages of residual blocks, an average, a linear layer.

    (N, 3, height, width) to (N, num_classes). `zero_init_residual` lets every block begin as the
    identity.
    """

    def __init__(
        self,
        block: type[BasicBlock | Bottleneck],
        layers: Sequence[int],
        num_classes: int = 1000,
        zero_init_residual: bool = False,
        groups: int = 1,
        width_per_group: int = 64,
        norm_layer: Callable[..., nn.Module] = nn.BatchNorm2d,
    ) -> None:
        super().__init__()
        self.inplanes = 64
        self.conv1 = nn.Conv2d(3, self.inplanes, 7, stride=2, padding=3, bias=False)
        self.bn1 = norm_layer(self.inplanes)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        options = (groups, width_per_group, norm_layer)
        self.layer1 = self._stage(block, 64, layers[0], 1, *options)
        self.layer2 = self._stage(block, 128, layers[1], 2, *options)
        self.layer3 = self._stage(block, 256, layers[2], 2, *options)
        self.layer4 = self._stage(block, 512, layers[3], 2, *options)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(512 * block.expansion, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        if zero_init_residual:
            for module in self.modules():
                if isinstance(module, (BasicBlock, Bottleneck)):
                    last = module.bn3 if isinstance(module, Bottleneck) else module.bn2
                    nn.init.zeros_(last.get_parameter("weight"))

    def _stage(
        self,
        block: type[BasicBlock | Bottleneck],
        planes: int,
        count: int,
        stride: int,
        groups: int,
        base_width: int,
        norm_layer: Callable[..., nn.Module],
    ) -> nn.Sequential:
        out = planes * block.expansion
        downsample = None
        if stride != 1 or self.inplanes != out:
            downsample = nn.Sequential(
                nn.Conv2d(self.inplanes, out, 1, stride, bias=False), norm_layer(out)
            )
        options = (groups, base_width, norm_layer)
        blocks = [block(self.inplanes, planes, stride, downsample, *options)]
        self.inplanes = out
        blocks += [block(out, planes, 1, None, *options) for _ in range(1, count)]
        return nn.Sequential(*blocks)

    def forward(self, x: Tensor) -> Tensor:
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(self.avgpool(x).flatten(1))


def _constructor(
    name: str, block: type[BasicBlock | Bottleneck], layers: Sequence[int], **fixed: Any
) -> Callable[..., ResNet]:
    def make(*, weights: Any = None, progress: bool = True, **options: Any) -> ResNet:
        refuse(name, weights)
        return ResNet(block, layers, **{**fixed, **options})

    make.__name__ = make.__qualname__ = name
    make.__doc__ = f"The network {name}, untrained; `options` are those of `ResNet`."
    return make


resnet18 = _constructor("resnet18", BasicBlock, (2, 2, 2, 2))
resnet34 = _constructor("resnet34", BasicBlock, (3, 4, 6, 3))
resnet50 = _constructor("resnet50", Bottleneck, (3, 4, 6, 3))
resnet101 = _constructor("resnet101", Bottleneck, (3, 4, 23, 3))
resnet152 = _constructor("resnet152", Bottleneck, (3, 8, 36, 3))
_50, _101 = (3, 4, 6, 3), (3, 4, 23, 3)
resnext50_32x4d = _constructor("resnext50_32x4d", Bottleneck, _50, groups=32, width_per_group=4)
resnext101_32x8d = _constructor("resnext101_32x8d", Bottleneck, _101, groups=32, width_per_group=8)
resnext101_64x4d = _constructor("resnext101_64x4d", Bottleneck, _101, groups=64, width_per_group=4)
wide_resnet50_2 = _constructor("wide_resnet50_2", Bottleneck, _50, width_per_group=128)
wide_resnet101_2 = _constructor("wide_resnet101_2", Bottleneck, _101, width_per_group=128)
