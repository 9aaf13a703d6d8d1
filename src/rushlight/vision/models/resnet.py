"""Residual networks: He et al., arXiv:1512.03385.

And ResNeXt, with groups of channels (Xie et al., arXiv:1611.05431), and wide ones (Zagoruyko and
Komodakis, arXiv:1605.07146). A stage's stride lies in its 3x3 convolution.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from ... import nn
from ...tensor import Tensor
from .registry import initialize, network
from .weights import find_weights as __getattr__  # noqa: F401 - ResNet18_Weights and the like

Layer = Callable[..., nn.Module]


def conv3x3(
    in_planes: int, out_planes: int, stride: int = 1, groups: int = 1, dilation: int = 1
) -> nn.Conv2d:
    return nn.Conv2d(
        in_planes, out_planes, kernel_size=3, stride=stride, padding=dilation, groups=groups,
        bias=False, dilation=dilation,
    )  # fmt: skip


def conv1x1(in_planes: int, out_planes: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(in_planes, out_planes, kernel_size=1, stride=stride, bias=False)


class BasicBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut."""

    expansion = 1

    def __init__(
        self,
        inplanes: int,
        planes: int,
        stride: int = 1,
        downsample: nn.Module | None = None,
        groups: int = 1,
        base_width: int = 64,
        dilation: int = 1,
        norm_layer: Layer | None = None,
    ) -> None:
        super().__init__()
        norm_layer = norm_layer or nn.BatchNorm2d
        if groups != 1 or base_width != 64:
            raise ValueError("BasicBlock only supports groups=1 and base_width=64")
        if dilation > 1:
            raise NotImplementedError("Dilation > 1 not supported in BasicBlock")
        self.conv1 = conv3x3(inplanes, planes, stride)
        self.bn1 = norm_layer(planes)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = conv3x3(planes, planes)
        self.bn2 = norm_layer(planes)
        self.downsample = downsample
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        out += x if self.downsample is None else self.downsample(x)
        return self.relu(out)


class Bottleneck(nn.Module):
    """A 3x3 convolution between two of 1x1, fewer channels inside, beside a shortcut."""

    expansion = 4

    def __init__(
        self,
        inplanes: int,
        planes: int,
        stride: int = 1,
        downsample: nn.Module | None = None,
        groups: int = 1,
        base_width: int = 64,
        dilation: int = 1,
        norm_layer: Layer | None = None,
    ) -> None:
        super().__init__()
        norm_layer = norm_layer or nn.BatchNorm2d
        width = int(planes * (base_width / 64.0)) * groups
        self.conv1 = conv1x1(inplanes, width)
        self.bn1 = norm_layer(width)
        self.conv2 = conv3x3(width, width, stride, groups, dilation)
        self.bn2 = norm_layer(width)
        self.conv3 = conv1x1(width, planes * self.expansion)
        self.bn3 = norm_layer(planes * self.expansion)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = downsample
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        out += x if self.downsample is None else self.downsample(x)
        return self.relu(out)


class ResNet(nn.Module):
    """Four stages of residual blocks behind a 7x7 convolution: (N, 3, H, W) to (N, num_classes).

    `layers` are the stages' numbers of blocks. With `zero_init_residual` each block begins as its
    shortcut; `replace_stride_with_dilation` keeps the images of the last three stages large.

    >>> import rushlight as torch
    >>> from rushlight.vision.models import resnet18
    >>> resnet18(num_classes=10)(torch.zeros(2, 3, 32, 32)).shape
    torch.Size([2, 10])
    """

    def __init__(
        self,
        block: Any,
        layers: Sequence[int],
        num_classes: int = 1000,
        zero_init_residual: bool = False,
        groups: int = 1,
        width_per_group: int = 64,
        replace_stride_with_dilation: Sequence[bool] | None = None,
        norm_layer: Layer | None = None,
    ) -> None:
        super().__init__()
        self._norm_layer = norm_layer or nn.BatchNorm2d
        self.inplanes = 64
        self.dilation = 1
        dilate = replace_stride_with_dilation or (False, False, False)
        if len(dilate) != 3:
            raise ValueError(
                "replace_stride_with_dilation should be None or a 3-element tuple, got "
                f"{replace_stride_with_dilation}"
            )
        self.groups = groups
        self.base_width = width_per_group
        self.conv1 = nn.Conv2d(3, self.inplanes, kernel_size=7, stride=2, padding=3, bias=False)
        self.bn1 = self._norm_layer(self.inplanes)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        self.layer1 = self._make_layer(block, 64, layers[0])
        self.layer2 = self._make_layer(block, 128, layers[1], 2, dilate[0])
        self.layer3 = self._make_layer(block, 256, layers[2], 2, dilate[1])
        self.layer4 = self._make_layer(block, 512, layers[3], 2, dilate[2])
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(512 * block.expansion, num_classes)

        initialize(self, {
            nn.Conv2d: partial(nn.init.kaiming_normal_, mode="fan_out", nonlinearity="relu"),
            (nn.BatchNorm2d, nn.GroupNorm): None,
        })  # fmt: skip
        if zero_init_residual:  # Goyal et al., arXiv:1706.02677: 0.2 to 0.3% better
            for module in self.modules():
                if isinstance(module, (BasicBlock, Bottleneck)):
                    last: Any = module.bn3 if isinstance(module, Bottleneck) else module.bn2
                    nn.init.zeros_(last.weight)

    def _make_layer(
        self, block: Any, planes: int, blocks: int, stride: int = 1, dilate: bool = False
    ) -> nn.Sequential:
        first_dilation = self.dilation
        if dilate:
            self.dilation *= stride
            stride = 1
        downsample = None
        if stride != 1 or self.inplanes != planes * block.expansion:
            downsample = nn.Sequential(
                conv1x1(self.inplanes, planes * block.expansion, stride),
                self._norm_layer(planes * block.expansion),
            )
        options = (self.groups, self.base_width)
        stage = [
            block(self.inplanes, planes, stride, downsample, *options, first_dilation,
                  self._norm_layer)
        ]  # fmt: skip
        self.inplanes = planes * block.expansion
        for _ in range(1, blocks):
            stage.append(
                block(self.inplanes, planes, 1, None, *options, self.dilation, self._norm_layer)
            )
        return nn.Sequential(*stage)

    def forward(self, x: Tensor) -> Tensor:
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(self.avgpool(x).flatten(1))


_declare = partial(network, paper="arXiv:1512.03385")
_resnext = partial(network, paper="arXiv:1611.05431")
_wide = partial(network, paper="arXiv:1605.07146", fixed={"width_per_group": 128})

resnet18 = _declare("resnet18", ResNet, BasicBlock, [2, 2, 2, 2])
resnet34 = _declare("resnet34", ResNet, BasicBlock, [3, 4, 6, 3])
resnet50 = _declare("resnet50", ResNet, Bottleneck, [3, 4, 6, 3])
resnet101 = _declare("resnet101", ResNet, Bottleneck, [3, 4, 23, 3])
resnet152 = _declare("resnet152", ResNet, Bottleneck, [3, 8, 36, 3])
resnext50_32x4d = _resnext(
    "resnext50_32x4d",
    ResNet,
    Bottleneck,
    [3, 4, 6, 3],
    fixed={"groups": 32, "width_per_group": 4},
)
resnext101_32x8d = _resnext(
    "resnext101_32x8d",
    ResNet,
    Bottleneck,
    [3, 4, 23, 3],
    fixed={"groups": 32, "width_per_group": 8},
)
resnext101_64x4d = _resnext(
    "resnext101_64x4d",
    ResNet,
    Bottleneck,
    [3, 4, 23, 3],
    fixed={"groups": 64, "width_per_group": 4},
)
wide_resnet50_2 = _wide("wide_resnet50_2", ResNet, Bottleneck, [3, 4, 6, 3])
wide_resnet101_2 = _wide("wide_resnet101_2", ResNet, Bottleneck, [3, 4, 23, 3])
