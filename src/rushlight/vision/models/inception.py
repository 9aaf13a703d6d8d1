"""Inception v3, convolutions taken apart into smaller ones: Szegedy et al., arXiv:1512.00567."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Sequence
from typing import Any

import rushlight

from ... import nn
from ...nn import functional as F
from ...tensor import Tensor
from .googlenet import (
    BasicConv2d,
    asked_for,
    imagenet_to_half,
    init_truncated,
    keep_auxiliaries,
)
from .registry import network
from .weights import find_weights as __getattr__  # noqa: F401 - Inception_V3_Weights

Layer = Callable[..., nn.Module]
InceptionOutputs = namedtuple("InceptionOutputs", ["logits", "aux_logits"])


class _Branches(nn.Module):
    """Convolutions named by their branch and their place in it, and a pool beside them."""

    def __init__(self, conv_block: Layer | None) -> None:
        super().__init__()
        self._conv = conv_block or BasicConv2d

    def _add(self, name: str, in_channels: int, out_channels: int, kernel: Any, stride: int = 1,
             pads: bool = True) -> None:  # fmt: skip
        """A convolution that keeps the size of the image, unless it has a stride or `pads` not."""
        sizes = (kernel, kernel) if isinstance(kernel, int) else kernel
        options: dict[str, Any] = {"kernel_size": kernel}
        if stride != 1:
            options["stride"] = stride
        elif pads and sizes != (1, 1):
            padding = tuple(size // 2 for size in sizes)
            options["padding"] = padding[0] if isinstance(kernel, int) else padding
        self.add_module(name, self._conv(in_channels, out_channels, **options))

    def _through(self, x: Tensor, *names: str) -> Tensor:
        for name in names:
            x = getattr(self, name)(x)
        return x


def _averaged(x: Tensor) -> Tensor:
    return F.avg_pool2d(x, kernel_size=3, stride=1, padding=1)


class InceptionA(_Branches):
    """Kernels of 1x1, 5x5 and twice 3x3."""

    def __init__(
        self, in_channels: int, pool_features: int, conv_block: Layer | None = None
    ) -> None:
        super().__init__(conv_block)
        self._add("branch1x1", in_channels, 64, 1)
        self._add("branch5x5_1", in_channels, 48, 1)
        self._add("branch5x5_2", 48, 64, 5)
        self._add("branch3x3dbl_1", in_channels, 64, 1)
        self._add("branch3x3dbl_2", 64, 96, 3)
        self._add("branch3x3dbl_3", 96, 96, 3)
        self._add("branch_pool", in_channels, pool_features, 1)

    def forward(self, x: Tensor) -> Tensor:
        return rushlight.cat([
            self._through(x, "branch1x1"),
            self._through(x, "branch5x5_1", "branch5x5_2"),
            self._through(x, "branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3"),
            self._through(_averaged(x), "branch_pool"),
        ], 1)  # fmt: skip


class InceptionB(_Branches):
    """To an image of half the size."""

    def __init__(self, in_channels: int, conv_block: Layer | None = None) -> None:
        super().__init__(conv_block)
        self._add("branch3x3", in_channels, 384, 3, stride=2)
        self._add("branch3x3dbl_1", in_channels, 64, 1)
        self._add("branch3x3dbl_2", 64, 96, 3)
        self._add("branch3x3dbl_3", 96, 96, 3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        return rushlight.cat([
            self._through(x, "branch3x3"),
            self._through(x, "branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3"),
            F.max_pool2d(x, kernel_size=3, stride=2),
        ], 1)  # fmt: skip


class InceptionC(_Branches):
    """Kernels of 7x7 as 1x7 and 7x1."""

    def __init__(
        self, in_channels: int, channels_7x7: int, conv_block: Layer | None = None
    ) -> None:
        super().__init__(conv_block)
        inner = channels_7x7
        self._add("branch1x1", in_channels, 192, 1)
        self._add("branch7x7_1", in_channels, inner, 1)
        self._add("branch7x7_2", inner, inner, (1, 7))
        self._add("branch7x7_3", inner, 192, (7, 1))
        self._add("branch7x7dbl_1", in_channels, inner, 1)
        self._add("branch7x7dbl_2", inner, inner, (7, 1))
        self._add("branch7x7dbl_3", inner, inner, (1, 7))
        self._add("branch7x7dbl_4", inner, inner, (7, 1))
        self._add("branch7x7dbl_5", inner, 192, (1, 7))
        self._add("branch_pool", in_channels, 192, 1)

    def forward(self, x: Tensor) -> Tensor:
        return rushlight.cat([
            self._through(x, "branch1x1"),
            self._through(x, *(f"branch7x7_{i}" for i in (1, 2, 3))),
            self._through(x, *(f"branch7x7dbl_{i}" for i in (1, 2, 3, 4, 5))),
            self._through(_averaged(x), "branch_pool"),
        ], 1)  # fmt: skip


class InceptionD(_Branches):
    """To an image of half the size, with kernels of 7x7."""

    def __init__(self, in_channels: int, conv_block: Layer | None = None) -> None:
        super().__init__(conv_block)
        self._add("branch3x3_1", in_channels, 192, 1)
        self._add("branch3x3_2", 192, 320, 3, stride=2)
        self._add("branch7x7x3_1", in_channels, 192, 1)
        self._add("branch7x7x3_2", 192, 192, (1, 7))
        self._add("branch7x7x3_3", 192, 192, (7, 1))
        self._add("branch7x7x3_4", 192, 192, 3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        return rushlight.cat([
            self._through(x, "branch3x3_1", "branch3x3_2"),
            self._through(x, *(f"branch7x7x3_{i}" for i in (1, 2, 3, 4))),
            F.max_pool2d(x, kernel_size=3, stride=2),
        ], 1)  # fmt: skip


class InceptionE(_Branches):
    """Branches that part again at their ends, 1x3 beside 3x1."""

    def __init__(self, in_channels: int, conv_block: Layer | None = None) -> None:
        super().__init__(conv_block)
        self._add("branch1x1", in_channels, 320, 1)
        self._add("branch3x3_1", in_channels, 384, 1)
        self._add("branch3x3_2a", 384, 384, (1, 3))
        self._add("branch3x3_2b", 384, 384, (3, 1))
        self._add("branch3x3dbl_1", in_channels, 448, 1)
        self._add("branch3x3dbl_2", 448, 384, 3)
        self._add("branch3x3dbl_3a", 384, 384, (1, 3))
        self._add("branch3x3dbl_3b", 384, 384, (3, 1))
        self._add("branch_pool", in_channels, 192, 1)

    def forward(self, x: Tensor) -> Tensor:
        parts = [self._through(x, "branch1x1")]
        once = self._through(x, "branch3x3_1")
        parts += [self._through(once, "branch3x3_2a"), self._through(once, "branch3x3_2b")]
        twice = self._through(x, "branch3x3dbl_1", "branch3x3dbl_2")
        parts += [self._through(twice, "branch3x3dbl_3a"), self._through(twice, "branch3x3dbl_3b")]
        parts.append(self._through(_averaged(x), "branch_pool"))
        return rushlight.cat(parts, 1)


class InceptionAux(_Branches):
    """A classifier of what the middle of the network sees, for its gradients."""

    conv1: Any

    def __init__(
        self, in_channels: int, num_classes: int, conv_block: Layer | None = None
    ) -> None:
        super().__init__(conv_block)
        self._add("conv0", in_channels, 128, 1)
        self._add("conv1", 128, 768, 5, pads=False)
        self.fc: Any = nn.Linear(768, num_classes)
        self.conv1.stddev = 0.01  # of the weights that are drawn
        self.fc.stddev = 0.001

    def forward(self, x: Tensor) -> Tensor:
        x = self._through(F.avg_pool2d(x, kernel_size=5, stride=3), "conv0", "conv1")
        return self.fc(F.adaptive_avg_pool2d(x, (1, 1)).flatten(1))


class Inception3(nn.Module):
    """Eleven modules of branches: (N, 3, 299, 299) to (N, num_classes).

    In training, and with `aux_logits`, a named tuple (logits, aux_logits).

    >>> import rushlight as torch
    >>> from rushlight.vision.models import inception_v3
    >>> net = inception_v3(num_classes=2, init_weights=False).eval()
    >>> net(torch.zeros(1, 3, 75, 75)).shape
    torch.Size([1, 2])
    """

    def __init__(
        self,
        num_classes: int = 1000,
        aux_logits: bool = True,
        transform_input: bool = False,
        inception_blocks: Sequence[Layer] | None = None,
        init_weights: bool | None = None,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        blocks = inception_blocks or [
            BasicConv2d, InceptionA, InceptionB, InceptionC, InceptionD, InceptionE, InceptionAux
        ]  # fmt: skip
        if len(blocks) != 7:
            raise ValueError(f"length of inception_blocks should be 7 instead of {len(blocks)}")
        conv, a, b, c, d, e, aux = blocks
        draws = asked_for(init_weights, "inception_v3")
        self.aux_logits = aux_logits
        self.transform_input = transform_input
        self.Conv2d_1a_3x3 = conv(3, 32, kernel_size=3, stride=2)
        self.Conv2d_2a_3x3 = conv(32, 32, kernel_size=3)
        self.Conv2d_2b_3x3 = conv(32, 64, kernel_size=3, padding=1)
        self.maxpool1 = nn.MaxPool2d(kernel_size=3, stride=2)
        self.Conv2d_3b_1x1 = conv(64, 80, kernel_size=1)
        self.Conv2d_4a_3x3 = conv(80, 192, kernel_size=3)
        self.maxpool2 = nn.MaxPool2d(kernel_size=3, stride=2)
        self.Mixed_5b = a(192, pool_features=32)
        self.Mixed_5c = a(256, pool_features=64)
        self.Mixed_5d = a(288, pool_features=64)
        self.Mixed_6a = b(288)
        self.Mixed_6b = c(768, channels_7x7=128)
        self.Mixed_6c = c(768, channels_7x7=160)
        self.Mixed_6d = c(768, channels_7x7=160)
        self.Mixed_6e = c(768, channels_7x7=192)
        self.AuxLogits = aux(768, num_classes) if aux_logits else None
        self.Mixed_7a = d(768)
        self.Mixed_7b = e(1280)
        self.Mixed_7c = e(2048)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.dropout = nn.Dropout(p=dropout)
        self.fc = nn.Linear(2048, num_classes)
        if draws:
            init_truncated(self, lambda module: getattr(module, "stddev", 0.1))

    def forward(self, x: Tensor) -> Any:
        if self.transform_input:
            x = imagenet_to_half(x)
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x)))
        x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(self.maxpool1(x)))
        x = self.Mixed_5d(self.Mixed_5c(self.Mixed_5b(self.maxpool2(x))))
        x = self.Mixed_6d(self.Mixed_6c(self.Mixed_6b(self.Mixed_6a(x))))
        x = self.Mixed_6e(x)
        aux = self.AuxLogits(x) if self.training and self.AuxLogits is not None else None
        x = self.Mixed_7c(self.Mixed_7b(self.Mixed_7a(x)))
        x = self.fc(self.dropout(self.avgpool(x)).flatten(1))
        return InceptionOutputs(x, aux) if self.training and self.aux_logits else x


def _forget(network: Inception3) -> None:
    network.aux_logits = False
    network.AuxLogits = None


inception_v3 = network(
    "inception_v3", Inception3, paper="arXiv:1512.00567",
    prepare=keep_auxiliaries(_forget, by_default=True),
)  # fmt: skip
