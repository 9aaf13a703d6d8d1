"""DenseNet, in which every layer sees all earlier ones: Huang et al., arXiv:1608.06993."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from typing import Any

import rushlight

from ... import nn
from ...nn import functional as F
from ...tensor import Tensor
from ...utils.checkpoint import checkpoint
from .registry import initialize, network
from .weights import find_weights as __getattr__  # noqa: F401 - DenseNet121_Weights and the like

# Weights that were saved long ago have `norm.1` for `norm1`.
_OLD_KEY = re.compile(r"(denselayer\d+\.(?:norm|relu|conv))\.([12])\.")


class _DenseLayer(nn.Module):
    def __init__(
        self,
        num_input_features: int,
        growth_rate: int,
        bn_size: int,
        drop_rate: float,
        memory_efficient: bool = False,
    ) -> None:
        super().__init__()
        inner = bn_size * growth_rate
        self.norm1 = nn.BatchNorm2d(num_input_features)
        self.relu1 = nn.ReLU(inplace=True)
        self.conv1 = nn.Conv2d(num_input_features, inner, kernel_size=1, stride=1, bias=False)
        self.norm2 = nn.BatchNorm2d(inner)
        self.relu2 = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(inner, growth_rate, kernel_size=3, stride=1, padding=1, bias=False)
        self.drop_rate = float(drop_rate)
        self.memory_efficient = memory_efficient

    def bn_function(self, *inputs: Tensor) -> Tensor:
        return self.conv1(self.relu1(self.norm1(rushlight.cat(inputs, 1))))

    def forward(self, input: Tensor | list[Tensor]) -> Tensor:
        inputs = [input] if isinstance(input, Tensor) else input
        if self.memory_efficient and any(x.requires_grad for x in inputs):
            inner = checkpoint(self.bn_function, *inputs, use_reentrant=False)
        else:
            inner = self.bn_function(*inputs)
        found = self.conv2(self.relu2(self.norm2(inner)))
        if self.drop_rate > 0:
            found = F.dropout(found, p=self.drop_rate, training=self.training)
        return found


class _DenseBlock(nn.ModuleDict):
    _version = 2

    def __init__(self, num_layers: int, num_input_features: int, growth_rate: int, *options: Any):
        super().__init__()
        for i in range(num_layers):
            channels = num_input_features + i * growth_rate
            self[f"denselayer{i + 1}"] = _DenseLayer(channels, growth_rate, *options)

    def forward(self, init_features: Tensor) -> Tensor:
        features = [init_features]
        for layer in self.values():
            features.append(layer(features))
        return rushlight.cat(features, 1)


class _Transition(nn.Sequential):
    def __init__(self, num_input_features: int, num_output_features: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(num_input_features)
        self.relu = nn.ReLU(inplace=True)
        self.conv = nn.Conv2d(
            num_input_features, num_output_features, kernel_size=1, stride=1, bias=False
        )
        self.pool = nn.AvgPool2d(kernel_size=2, stride=2)


class DenseNet(nn.Module):
    """Blocks whose layers add `growth_rate` channels each: (N, 3, H, W) to (N, num_classes).

    `memory_efficient` computes the layers' concatenations again in the backward.

    >>> import rushlight as torch
    >>> from rushlight.vision.models import DenseNet
    >>> net = DenseNet(8, (2, 2), num_init_features=16, num_classes=3)
    >>> net(torch.zeros(2, 3, 32, 32)).shape
    torch.Size([2, 3])
    """

    def __init__(
        self,
        growth_rate: int = 32,
        block_config: Sequence[int] = (6, 12, 24, 16),
        num_init_features: int = 64,
        bn_size: int = 4,
        drop_rate: float = 0,
        num_classes: int = 1000,
        memory_efficient: bool = False,
    ) -> None:
        super().__init__()
        self.features = nn.Sequential()
        self.features.conv0 = nn.Conv2d(
            3, num_init_features, kernel_size=7, stride=2, padding=3, bias=False
        )
        self.features.norm0 = nn.BatchNorm2d(num_init_features)
        self.features.relu0 = nn.ReLU(inplace=True)
        self.features.pool0 = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        channels = num_init_features
        for number, layers in enumerate(block_config, 1):
            block = _DenseBlock(
                layers, channels, growth_rate, bn_size, drop_rate, memory_efficient
            )
            self.features.add_module(f"denseblock{number}", block)
            channels += layers * growth_rate
            if number < len(block_config):
                self.features.add_module(
                    f"transition{number}", _Transition(channels, channels // 2)
                )
                channels //= 2
        self.features.norm5 = nn.BatchNorm2d(channels)
        self.classifier = nn.Linear(channels, num_classes)
        initialize(self, {
            nn.Conv2d: nn.init.kaiming_normal_,
            nn.BatchNorm2d: None,
            nn.Linear: lambda weight: None,  # as it is, but for its bias
        })  # fmt: skip

    def _load_from_state_dict(self, state_dict: Any, prefix: str, *rest: Any) -> None:
        for key in [k for k in state_dict if k.startswith(prefix) and _OLD_KEY.search(k)]:
            state_dict[_OLD_KEY.sub(r"\1\2.", key)] = state_dict.pop(key)
        super()._load_from_state_dict(state_dict, prefix, *rest)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.features(x), inplace=True)
        return self.classifier(F.adaptive_avg_pool2d(x, (1, 1)).flatten(1))


_declare = partial(network, paper="arXiv:1608.06993")

densenet121 = _declare("densenet121", DenseNet, 32, (6, 12, 24, 16), 64)
densenet161 = _declare("densenet161", DenseNet, 48, (6, 12, 36, 24), 96)
densenet169 = _declare("densenet169", DenseNet, 32, (6, 12, 32, 32), 64)
densenet201 = _declare("densenet201", DenseNet, 32, (6, 12, 48, 32), 64)
