"""MNASNet-B1, found by search for a phone's latency: Tan et al., arXiv:1807.11626."""

from __future__ import annotations

import warnings
from functools import partial
from typing import Any

from ... import nn
from ...tensor import Tensor
from .registry import divisible, initialize, network
from .weights import find_weights as __getattr__  # noqa: F401 - MNASNet0_5_Weights and the like

_MOMENTUM = 1 - 0.9997  # the paper's, as TensorFlow counts it, is 0.9997
# Of each stack of blocks: kernel, stride of the first, expansion, blocks.
_STACKS = ((3, 2, 3, 3), (5, 2, 3, 3), (5, 2, 6, 3), (3, 1, 6, 2), (5, 2, 6, 4), (3, 1, 6, 1))
_WIDTHS = (32, 16, 24, 40, 80, 96, 192, 320)


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, momentum=_MOMENTUM)


def _depthwise(channels: int, kernel: int, stride: int) -> nn.Conv2d:
    return nn.Conv2d(
        channels, channels, kernel, padding=kernel // 2, stride=stride, groups=channels, bias=False
    )


class _InvertedResidual(nn.Module):
    def __init__(
        self, in_ch: int, out_ch: int, kernel_size: int, stride: int, expansion_factor: int
    ) -> None:
        super().__init__()
        inner = in_ch * expansion_factor
        self.apply_residual = in_ch == out_ch and stride == 1
        self.layers = nn.Sequential(
            nn.Conv2d(in_ch, inner, 1, bias=False),
            _norm(inner),
            nn.ReLU(inplace=True),
            _depthwise(inner, kernel_size, stride),
            _norm(inner),
            nn.ReLU(inplace=True),
            nn.Conv2d(inner, out_ch, 1, bias=False),
            _norm(out_ch),
        )

    def forward(self, input: Tensor) -> Tensor:
        found = self.layers(input)
        return found + input if self.apply_residual else found


def _stack(
    in_ch: int, out_ch: int, kernel_size: int, stride: int, expansion: int, blocks: int
) -> nn.Sequential:
    rest = [_InvertedResidual(out_ch, out_ch, kernel_size, 1, expansion) for _ in range(blocks - 1)]
    return nn.Sequential(_InvertedResidual(in_ch, out_ch, kernel_size, stride, expansion), *rest)


def _stem(first: int, second: int) -> list[nn.Module]:
    return [
        nn.Conv2d(3, first, 3, padding=1, stride=2, bias=False),
        _norm(first),
        nn.ReLU(inplace=True),
        _depthwise(first, 3, 1),
        _norm(first),
        nn.ReLU(inplace=True),
        nn.Conv2d(first, second, 1, padding=0, stride=1, bias=False),
        _norm(second),
    ]


class MNASNet(nn.Module):
    """Six stacks of inverted residuals: (N, 3, H, W) to (N, num_classes).

    `alpha` scales the channels. ValueError where it is not positive.

    >>> import rushlight as torch
    >>> from rushlight.vision.models import mnasnet0_5
    >>> mnasnet0_5(num_classes=2).eval()(torch.zeros(1, 3, 32, 32)).shape
    torch.Size([1, 2])
    """

    _version = 2  # of version 1 the first layers were of one size, whatever alpha

    def __init__(self, alpha: float, num_classes: int = 1000, dropout: float = 0.2) -> None:
        super().__init__()
        if alpha <= 0.0:
            raise ValueError(f"alpha should be greater than 0.0 instead of {alpha}")
        self.alpha = alpha
        self.num_classes = num_classes
        first, *widths = self._widths()
        layers = _stem(first, widths[0])
        for number, (kernel, stride, expansion, blocks) in enumerate(_STACKS):
            layers.append(
                _stack(widths[number], widths[number + 1], kernel, stride, expansion, blocks)
            )
        layers += [
            nn.Conv2d(widths[-1], 1280, 1, padding=0, stride=1, bias=False),
            _norm(1280),
            nn.ReLU(inplace=True),
        ]
        self.layers = nn.Sequential(*layers)
        self.classifier = nn.Sequential(
            nn.Dropout(p=dropout, inplace=True), nn.Linear(1280, num_classes)
        )
        initialize(self, {
            nn.Conv2d: partial(nn.init.kaiming_normal_, mode="fan_out", nonlinearity="relu"),
            nn.BatchNorm2d: None,
            nn.Linear: partial(
                nn.init.kaiming_uniform_, mode="fan_out", nonlinearity="sigmoid"
            ),
        })  # fmt: skip

    def _widths(self) -> list[int]:
        return [divisible(width * self.alpha, 8) for width in _WIDTHS]

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.layers(x).mean([2, 3]))

    def _load_from_state_dict(
        self, state_dict: Any, prefix: str, local_metadata: Any, *rest: Any
    ) -> None:
        version = local_metadata.get("version")
        if version not in (1, 2):
            raise ValueError(f"version should be set to 1 or 2 instead of {version}")
        if version == 1 and self.alpha != 1.0:
            first = _stack(16, self._widths()[2], 3, 2, 3, 3)
            for number, layer in enumerate([*_stem(32, 16), first]):
                self.layers[number] = layer
            self._version = 1  # what is saved from now on is so, too
            warnings.warn(
                "The checkpoint is of MNASNet's first version, whose first layers are wider or "
                "narrower; the network has been changed to it.",
                UserWarning,
                stacklevel=2,
            )
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)


_declare = partial(network, paper="arXiv:1807.11626")

mnasnet0_5 = _declare("mnasnet0_5", MNASNet, 0.5)
mnasnet0_75 = _declare("mnasnet0_75", MNASNet, 0.75)
mnasnet1_0 = _declare("mnasnet1_0", MNASNet, 1.0)
mnasnet1_3 = _declare("mnasnet1_3", MNASNet, 1.3)
