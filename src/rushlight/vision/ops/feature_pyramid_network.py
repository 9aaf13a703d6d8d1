"""Feature maps of several sizes, each told what the smaller ones see: Lin et al., 1612.03144."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from ... import nn
from ...nn import functional as F
from ...tensor import Tensor
from .misc import Conv2dNormActivation


class ExtraFPNBlock(nn.Module):
    """What adds further maps to a pyramid: `forward(results, x, names)`.

    That is the pyramid's maps, those it was made of, and their names; it returns more results and
    names.
    """

    def forward(
        self, results: list[Tensor], x: list[Tensor], names: list[str]
    ) -> tuple[list[Tensor], list[str]]:
        raise NotImplementedError(f"{type(self).__name__} does not define forward")


class FeaturePyramidNetwork(nn.Module):
    """Maps of the same number of channels, of a dictionary of maps from large to small.

    Each is a 1x1 convolution of the map of that size, plus the next smaller result enlarged, and a
    3x3 convolution of the sum.

    >>> import rushlight as torch
    >>> from rushlight.vision.ops import FeaturePyramidNetwork
    >>> maps = {"large": torch.zeros(1, 4, 8, 8), "small": torch.zeros(1, 8, 4, 4)}
    >>> {name: tuple(x.shape) for name, x in FeaturePyramidNetwork([4, 8], 2)(maps).items()}
    {'large': (1, 2, 8, 8), 'small': (1, 2, 4, 4)}
    """

    _version = 2

    def __init__(
        self,
        in_channels_list: Sequence[int],
        out_channels: int,
        extra_blocks: ExtraFPNBlock | None = None,
        norm_layer: Callable[..., nn.Module] | None = None,
    ) -> None:
        super().__init__()
        conv = partial(Conv2dNormActivation, norm_layer=norm_layer, activation_layer=None)
        self.inner_blocks = nn.ModuleList()
        self.layer_blocks = nn.ModuleList()
        for channels in in_channels_list:
            if channels == 0:
                raise ValueError("in_channels=0 is currently not supported")
            self.inner_blocks.append(conv(channels, out_channels, kernel_size=1, padding=0))
            self.layer_blocks.append(conv(out_channels, out_channels, kernel_size=3))
        initialize_convolutions(self)
        if extra_blocks is not None and not isinstance(extra_blocks, ExtraFPNBlock):
            raise TypeError(
                f"extra_blocks should be of type ExtraFPNBlock not {type(extra_blocks)}"
            )
        self.extra_blocks = extra_blocks

    def _load_from_state_dict(
        self, state_dict: Any, prefix: str, local_metadata: Any, *rest: Any
    ) -> None:
        if local_metadata.get("version", 1) < 2:  # a convolution stood where a sequence stands now
            for blocks in ("inner_blocks", "layer_blocks"):
                for number in range(len(self.inner_blocks)):
                    for kind in ("weight", "bias"):
                        old = f"{prefix}{blocks}.{number}.{kind}"
                        if old in state_dict:
                            new = f"{prefix}{blocks}.{number}.0.{kind}"
                            state_dict[new] = state_dict.pop(old)
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)

    def forward(self, x: dict[str, Tensor]) -> dict[str, Tensor]:
        names, maps = list(x), list(x.values())
        results: list[Tensor] = []
        inner: Tensor | None = None
        for map_, first, second in reversed(
            list(zip(maps, self.inner_blocks, self.layer_blocks, strict=True))
        ):
            lateral = first(map_)
            if inner is not None:
                lateral = lateral + F.interpolate(inner, lateral.shape[-2:], mode="nearest")
            inner = lateral
            results.insert(0, second(inner))
        if self.extra_blocks is not None:
            results, names = self.extra_blocks(results, maps, names)
        return OrderedDict(zip(names, results, strict=True))


def initialize_convolutions(module: nn.Module) -> None:
    """Uniform weights, as for linear activations, and no biases."""
    for part in module.modules():
        if isinstance(part, nn.Conv2d):
            nn.init.kaiming_uniform_(part.weight, a=1)
            if part.bias is not None:
                nn.init.zeros_(part.bias)


class LastLevelMaxPool(ExtraFPNBlock):
    """Every second element of the smallest map, as a map "pool"."""

    def forward(
        self, x: list[Tensor], y: list[Tensor], names: list[str]
    ) -> tuple[list[Tensor], list[str]]:
        names.append("pool")
        x.append(F.max_pool2d(x[-1], kernel_size=1, stride=2, padding=0))
        return x, names


class LastLevelP6P7(ExtraFPNBlock):
    """Two maps more, "p6" and "p7", by convolutions: Lin et al., arXiv:1708.02002."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.p6 = nn.Conv2d(in_channels, out_channels, 3, 2, 1)
        self.p7 = nn.Conv2d(out_channels, out_channels, 3, 2, 1)
        initialize_convolutions(self)
        self.use_P5 = in_channels == out_channels

    def forward(
        self, p: list[Tensor], c: list[Tensor], names: list[str]
    ) -> tuple[list[Tensor], list[str]]:
        p6 = self.p6(p[-1] if self.use_P5 else c[-1])
        p += [p6, self.p7(F.relu(p6))]
        names += ["p6", "p7"]
        return p, names
