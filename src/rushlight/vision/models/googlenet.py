"""GoogLeNet, branches of several kernel sizes side by side: Szegedy et al., arXiv:1409.4842.

As the weights that are about were trained: its 5x5 convolutions are 3x3 ones.
"""

from __future__ import annotations

import warnings
from collections import namedtuple
from collections.abc import Callable, Sequence
from typing import Any

import rushlight

from ... import nn
from ...nn import functional as F
from ...tensor import Tensor
from .registry import decide, network
from .weights import find_weights as __getattr__  # noqa: F401 - GoogLeNet_Weights

Layer = Callable[..., nn.Module]
GoogLeNetOutputs = namedtuple("GoogLeNetOutputs", ["logits", "aux_logits2", "aux_logits1"])


class BasicConv2d(nn.Module):
    """A convolution, batch normalisation and ReLU."""

    def __init__(self, in_channels: int, out_channels: int, **options: Any) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, bias=False, **options)
        self.bn = nn.BatchNorm2d(out_channels, eps=0.001)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.bn(self.conv(x)), inplace=True)


def imagenet_to_half(x: Tensor) -> Tensor:
    """Images normalised by ImageNet's means and deviations as if by means and deviations of 0.5."""
    scale = x.new_tensor([0.229, 0.224, 0.225]).reshape(3, 1, 1) / 0.5
    shift = (x.new_tensor([0.485, 0.456, 0.406]).reshape(3, 1, 1) - 0.5) / 0.5
    return x * scale + shift


def init_truncated(network: nn.Module, deviation: Callable[[nn.Module], float]) -> None:
    """Normal weights cut at -2 and 2, of a module's own deviation; biases stay as they are."""
    for module in network.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            nn.init.trunc_normal_(module.weight, mean=0.0, std=deviation(module), a=-2, b=2)


def asked_for(init_weights: bool | None, name: str) -> bool:
    """Whether weights are to be drawn anew, which torchvision asks programs to say."""
    if init_weights is None:
        warnings.warn(
            f"The default weight initialization of {name} will be changed in future releases. If "
            "you wish to keep the old behavior, please set init_weights=True.",
            FutureWarning,
            stacklevel=3,
        )
    return init_weights is None or init_weights


class Inception(nn.Module):
    """Four branches whose channels are joined."""

    def __init__(
        self,
        in_channels: int,
        ch1x1: int,
        ch3x3red: int,
        ch3x3: int,
        ch5x5red: int,
        ch5x5: int,
        pool_proj: int,
        conv_block: Layer | None = None,
    ) -> None:
        super().__init__()
        conv = conv_block or BasicConv2d
        self.branch1 = conv(in_channels, ch1x1, kernel_size=1)
        self.branch2 = nn.Sequential(
            conv(in_channels, ch3x3red, kernel_size=1),
            conv(ch3x3red, ch3x3, kernel_size=3, padding=1),
        )
        self.branch3 = nn.Sequential(
            conv(in_channels, ch5x5red, kernel_size=1),
            conv(ch5x5red, ch5x5, kernel_size=3, padding=1),
        )
        self.branch4 = nn.Sequential(
            nn.MaxPool2d(kernel_size=3, stride=1, padding=1, ceil_mode=True),
            conv(in_channels, pool_proj, kernel_size=1),
        )

    def forward(self, x: Tensor) -> Tensor:
        branches = (self.branch1, self.branch2, self.branch3, self.branch4)
        return rushlight.cat([branch(x) for branch in branches], 1)


class InceptionAux(nn.Module):
    """A classifier of what the middle of the network sees, for its gradients."""

    def __init__(
        self,
        in_channels: int,
        num_classes: int,
        conv_block: Layer | None = None,
        dropout: float = 0.7,
    ) -> None:
        super().__init__()
        self.conv = (conv_block or BasicConv2d)(in_channels, 128, kernel_size=1)
        self.fc1 = nn.Linear(2048, 1024)
        self.fc2 = nn.Linear(1024, num_classes)
        self.dropout = nn.Dropout(p=dropout)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(F.adaptive_avg_pool2d(x, (4, 4))).flatten(1)
        return self.fc2(self.dropout(F.relu(self.fc1(x), inplace=True)))


# Input channels and the six widths of each inception module.
_MODULES = {
    "3a": (192, 64, 96, 128, 16, 32, 32),
    "3b": (256, 128, 128, 192, 32, 96, 64),
    "4a": (480, 192, 96, 208, 16, 48, 64),
    "4b": (512, 160, 112, 224, 24, 64, 64),
    "4c": (512, 128, 128, 256, 24, 64, 64),
    "4d": (512, 112, 144, 288, 32, 64, 64),
    "4e": (528, 256, 160, 320, 32, 128, 128),
    "5a": (832, 256, 160, 320, 32, 128, 128),
    "5b": (832, 384, 192, 384, 48, 128, 128),
}


class GoogLeNet(nn.Module):
    """Nine inception modules: (N, 3, H, W) to (N, num_classes).

    In training, and with `aux_logits`, a named tuple (logits, aux_logits2, aux_logits1).

    >>> import rushlight as torch
    >>> from rushlight.vision.models import googlenet
    >>> net = googlenet(num_classes=2, init_weights=False, aux_logits=False)
    >>> net(torch.zeros(2, 3, 32, 32)).shape
    torch.Size([2, 2])
    """

    def __init__(
        self,
        num_classes: int = 1000,
        aux_logits: bool = True,
        transform_input: bool = False,
        init_weights: bool | None = None,
        blocks: Sequence[Layer] | None = None,
        dropout: float = 0.2,
        dropout_aux: float = 0.7,
    ) -> None:
        super().__init__()
        blocks = blocks or [BasicConv2d, Inception, InceptionAux]
        if len(blocks) != 3:
            raise ValueError(f"blocks length should be 3 instead of {len(blocks)}")
        conv, inception, aux = blocks
        draws = asked_for(init_weights, "GoogleNet")
        self.aux_logits = aux_logits
        self.transform_input = transform_input

        self.conv1 = conv(3, 64, kernel_size=7, stride=2, padding=3)
        self.maxpool1 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.conv2 = conv(64, 64, kernel_size=1)
        self.conv3 = conv(64, 192, kernel_size=3, padding=1)
        self.maxpool2 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        for name, widths in _MODULES.items():
            if name == "4a":
                self.maxpool3 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
            elif name == "5a":
                self.maxpool4 = nn.MaxPool2d(2, stride=2, ceil_mode=True)
            self.add_module(f"inception{name}", inception(*widths))
        self.aux1 = aux(512, num_classes, dropout=dropout_aux) if aux_logits else None
        self.aux2 = aux(528, num_classes, dropout=dropout_aux) if aux_logits else None
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.dropout = nn.Dropout(p=dropout)
        self.fc = nn.Linear(1024, num_classes)
        if draws:
            init_truncated(self, lambda module: 0.01)

    def forward(self, x: Tensor) -> Any:
        if self.transform_input:
            x = imagenet_to_half(x)
        inception = {name: getattr(self, f"inception{name}") for name in _MODULES}
        x = self.maxpool1(self.conv1(x))
        x = self.maxpool2(self.conv3(self.conv2(x)))
        x = self.maxpool3(inception["3b"](inception["3a"](x)))
        x = inception["4a"](x)
        aux1 = self.aux1(x) if self.training and self.aux1 is not None else None
        x = inception["4d"](inception["4c"](inception["4b"](x)))
        aux2 = self.aux2(x) if self.training and self.aux2 is not None else None
        x = self.maxpool4(inception["4e"](x))
        x = inception["5b"](inception["5a"](x))
        x = self.fc(self.dropout(self.avgpool(x).flatten(1)))
        if self.training and self.aux_logits:
            return GoogLeNetOutputs(x, aux2, aux1)
        return x


def keep_auxiliaries(
    forget: Callable[[Any], None], by_default: bool
) -> Callable[[Any, dict[str, Any]], Any]:
    """What weights that include auxiliary classifiers decide.

    They are loaded always, and `forget` takes them away again where they are not asked for.
    """

    def prepare(weights: Any, options: dict[str, Any]) -> Any:
        keeps = options.pop("aux_logits", by_default)
        options["aux_logits"] = True
        options.setdefault("transform_input", True)
        decide(options, "init_weights", False)
        return None if keeps else forget

    return prepare


def _forget(network: GoogLeNet) -> None:
    network.aux_logits = False
    network.aux1 = network.aux2 = None


googlenet = network(
    "googlenet", GoogLeNet, paper="arXiv:1409.4842",
    prepare=keep_auxiliaries(_forget, by_default=False),
)  # fmt: skip
