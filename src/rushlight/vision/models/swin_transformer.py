"""Swin, transformers whose attention stays within windows that shift: Liu et al., arXiv:2103.14030.

Version 2, arXiv:2111.09883, compares by angles, normalises behind each part, and learns the bias of
a distance by a small network.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import rushlight

from ... import nn
from ...nn import functional as F
from ...tensor import Tensor
from ..ops.dropping import StochasticDepth
from ..ops.misc import MLP, Permute
from .registry import initialize, network
from .vision_transformer import init_linear
from .weights import find_weights as __getattr__  # noqa: F401 - Swin_T_Weights and the like

Layer = Callable[..., nn.Module]


def _fours(x: Tensor) -> Tensor:
    """Each 2x2 square of (..., H, W, C) as one element of 4 C channels; odd sizes are padded."""
    height, width = x.shape[-3:-1]
    x = F.pad(x, (0, 0, 0, width % 2, 0, height % 2))
    parts = [x[..., row::2, column::2, :] for column in (0, 1) for row in (0, 1)]
    return rushlight.cat(parts, -1)


class PatchMerging(nn.Module):
    """To half the size and twice the channels: (..., H, W, C) to (..., H / 2, W / 2, 2 C)."""

    def __init__(self, dim: int, norm_layer: Layer = nn.LayerNorm) -> None:
        super().__init__()
        self.dim = dim
        self.reduction = nn.Linear(4 * dim, 2 * dim, bias=False)
        self.norm = norm_layer(4 * dim)

    def forward(self, x: Tensor) -> Tensor:
        return self.reduction(self.norm(_fours(x)))


class PatchMergingV2(nn.Module):
    """The same, normalised afterwards."""

    def __init__(self, dim: int, norm_layer: Layer = nn.LayerNorm) -> None:
        super().__init__()
        self.dim = dim
        self.reduction = nn.Linear(4 * dim, 2 * dim, bias=False)
        self.norm = norm_layer(2 * dim)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.reduction(_fours(x)))


def _windows(x: Tensor, size: Sequence[int]) -> Tensor:
    """(N, H, W, C) as a row of elements for each window: (N * windows, elements, C)."""
    batch, height, width, channels = x.shape
    x = x.reshape(batch, height // size[0], size[0], width // size[1], size[1], channels)
    return x.transpose(2, 3).reshape(-1, size[0] * size[1], channels)


def _from_windows(x: Tensor, size: Sequence[int], height: int, width: int) -> Tensor:
    """What undoes `_windows`."""
    x = x.reshape(-1, height // size[0], width // size[1], size[0], size[1], x.shape[-1])
    return x.transpose(2, 3).reshape(len(x), height, width, -1)


def _mask_of_strangers(
    like: Tensor, height: int, width: int, size: Sequence[int], shift: Sequence[int]
) -> Tensor:
    """-100 for elements that only the shift has brought into one window: (windows, E, E)."""
    region = like.new_zeros((1, height, width, 1))
    number = 0
    for rows in _regions(size[0], shift[0]):
        for columns in _regions(size[1], shift[1]):
            region[:, rows, columns] = number
            number += 1
    region = _windows(region, size).squeeze(-1)
    apart = region.unsqueeze(1) != region.unsqueeze(2)
    return like.new_zeros(apart.shape).masked_fill(apart, -100.0)


def _regions(size: int, shift: int) -> tuple[slice, slice, slice]:
    return slice(0, -size), slice(-size, -shift), slice(-shift, None)


def shifted_window_attention(
    input: Tensor,
    qkv_weight: Tensor,
    proj_weight: Tensor,
    relative_position_bias: Tensor,
    window_size: Sequence[int],
    num_heads: int,
    shift_size: Sequence[int],
    attention_dropout: float = 0.0,
    dropout: float = 0.0,
    qkv_bias: Tensor | None = None,
    proj_bias: Tensor | None = None,
    logit_scale: Tensor | None = None,
    training: bool = True,
) -> Tensor:
    """Attention within windows of (N, H, W, C), after a cyclic shift: the same shape.

    With the logarithms `logit_scale`, queries and keys are compared by their angle, and keys have
    no bias.
    """
    _, height, width, channels = input.shape
    x = F.pad(input, (0, 0, 0, -width % window_size[1], 0, -height % window_size[0]))
    _, full_height, full_width, _ = x.shape
    # A window that holds the whole of an axis need not shift along it.
    shift = [
        0 if window >= full else part
        for window, full, part in zip(
            window_size, (full_height, full_width), shift_size, strict=True
        )
    ]
    if any(shift):
        x = rushlight.roll(x, shifts=(-shift[0], -shift[1]), dims=(1, 2))
    x = _windows(x, window_size)
    batch, elements, _ = x.shape

    if logit_scale is not None and qkv_bias is not None:
        qkv_bias = qkv_bias.clone()
        qkv_bias[channels : 2 * channels] = 0
    qkv = F.linear(x, qkv_weight, qkv_bias)
    qkv = qkv.reshape(batch, elements, 3, num_heads, channels // num_heads)
    query, key, value = qkv.permute(2, 0, 3, 1, 4)
    if logit_scale is not None:
        scores = F.normalize(query, dim=-1) @ F.normalize(key, dim=-1).mT
        scores = scores * logit_scale.clamp(max=math.log(100.0)).exp()
    else:
        scores = (query * (channels // num_heads) ** -0.5) @ key.mT
    scores = scores + relative_position_bias
    if any(shift):
        mask = _mask_of_strangers(x, full_height, full_width, window_size, shift)
        scores = scores.reshape(-1, len(mask), num_heads, elements, elements)
        scores = (scores + mask.unsqueeze(1)).reshape(-1, num_heads, elements, elements)
    weights = F.dropout(scores.softmax(-1), p=attention_dropout, training=training)

    x = (weights @ value).transpose(1, 2).reshape(batch, elements, channels)
    x = F.dropout(F.linear(x, proj_weight, proj_bias), p=dropout, training=training)
    x = _from_windows(x, window_size, full_height, full_width)
    if any(shift):
        x = rushlight.roll(x, shifts=(shift[0], shift[1]), dims=(1, 2))
    return x[:, :height, :width, :].contiguous()


class ShiftedWindowAttention(nn.Module):
    """`shifted_window_attention` with its weights, and a bias of each distance in a window."""

    relative_position_index: Tensor

    def __init__(
        self,
        dim: int,
        window_size: Sequence[int],
        shift_size: Sequence[int],
        num_heads: int,
        qkv_bias: bool = True,
        proj_bias: bool = True,
        attention_dropout: float = 0.0,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if len(window_size) != 2 or len(shift_size) != 2:
            raise ValueError("window_size and shift_size must be of length 2")
        self.window_size = window_size
        self.shift_size = shift_size
        self.num_heads = num_heads
        self.attention_dropout = attention_dropout
        self.dropout = dropout
        self.qkv: Any = nn.Linear(dim, dim * 3, bias=qkv_bias)
        self.proj = nn.Linear(dim, dim, bias=proj_bias)
        self.define_relative_position_bias_table()
        self.register_buffer("relative_position_index", self._distances())

    def define_relative_position_bias_table(self) -> None:
        height, width = self.window_size
        table = rushlight.zeros((2 * height - 1) * (2 * width - 1), self.num_heads)
        self.relative_position_bias_table = nn.Parameter(table)
        nn.init.trunc_normal_(self.relative_position_bias_table, std=0.02)

    def _distances(self) -> Tensor:
        """For each pair of elements of a window the row of their distance, in one line."""
        height, width = self.window_size
        places = rushlight.arange(height * width)
        rows, columns = places // width, places % width
        apart = rows[:, None] - rows + height - 1
        return (apart * (2 * width - 1) + columns[:, None] - columns + width - 1).flatten()

    def _bias_of_pairs(self, table: Tensor) -> Tensor:
        elements = self.window_size[0] * self.window_size[1]
        bias = table[self.relative_position_index].reshape(elements, elements, -1)
        return bias.permute(2, 0, 1).contiguous().unsqueeze(0)

    def get_relative_position_bias(self) -> Tensor:
        """(1, num_heads, elements, elements)."""
        return self._bias_of_pairs(self.relative_position_bias_table)

    def forward(self, x: Tensor) -> Tensor:
        return shifted_window_attention(
            x, self.qkv.weight, self.proj.weight, self.get_relative_position_bias(),
            self.window_size, self.num_heads, self.shift_size, self.attention_dropout, self.dropout,
            self.qkv.bias, self.proj.bias, getattr(self, "logit_scale", None), self.training,
        )  # fmt: skip


class ShiftedWindowAttentionV2(ShiftedWindowAttention):
    """That of version 2."""

    relative_coords_table: Tensor

    def __init__(
        self,
        dim: int,
        window_size: Sequence[int],
        shift_size: Sequence[int],
        num_heads: int,
        qkv_bias: bool = True,
        proj_bias: bool = True,
        attention_dropout: float = 0.0,
        dropout: float = 0.0,
    ) -> None:
        super().__init__(
            dim, window_size, shift_size, num_heads, qkv_bias, proj_bias, attention_dropout, dropout
        )
        self.logit_scale = nn.Parameter(rushlight.log(10 * rushlight.ones((num_heads, 1, 1))))
        self.cpb_mlp = nn.Sequential(
            nn.Linear(2, 512, bias=True),
            nn.ReLU(inplace=True),
            nn.Linear(512, num_heads, bias=False),
        )
        if qkv_bias:
            with rushlight.no_grad():
                self.qkv.bias[dim : 2 * dim] = 0

    def define_relative_position_bias_table(self) -> None:
        """The logarithms of the distances, of which the small network makes biases."""
        axes = [
            rushlight.arange(1 - size, size, dtype=rushlight.float32) / (size - 1)
            for size in self.window_size
        ]
        table = 8 * rushlight.stack(rushlight.meshgrid(*axes, indexing="ij"), -1)
        table = table.sign() * rushlight.log2(table.abs() + 1.0) / 3.0
        self.register_buffer("relative_coords_table", table.unsqueeze(0))

    def get_relative_position_bias(self) -> Tensor:
        table = self.cpb_mlp(self.relative_coords_table).reshape(-1, self.num_heads)
        return 16 * self._bias_of_pairs(table).sigmoid()


class SwinTransformerBlock(nn.Module):
    """Attention and a small network, each behind a normalisation and beside a shortcut."""

    attention: Layer = ShiftedWindowAttention

    def __init__(
        self,
        dim: int,
        num_heads: int,
        window_size: Sequence[int],
        shift_size: Sequence[int],
        mlp_ratio: float = 4.0,
        dropout: float = 0.0,
        attention_dropout: float = 0.0,
        stochastic_depth_prob: float = 0.0,
        norm_layer: Layer = nn.LayerNorm,
        attn_layer: Layer | None = None,
    ) -> None:
        super().__init__()
        self.norm1 = norm_layer(dim)
        self.attn = (attn_layer or type(self).attention)(
            dim, window_size, shift_size, num_heads, attention_dropout=attention_dropout,
            dropout=dropout,
        )  # fmt: skip
        self.stochastic_depth = StochasticDepth(stochastic_depth_prob, "row")
        self.norm2 = norm_layer(dim)
        self.mlp = MLP(dim, [int(dim * mlp_ratio), dim], activation_layer=nn.GELU, dropout=dropout)
        init_linear(self.mlp)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.stochastic_depth(self.attn(self.norm1(x)))
        return x + self.stochastic_depth(self.mlp(self.norm2(x)))


class SwinTransformerBlockV2(SwinTransformerBlock):
    """That of version 2: normalised behind each part."""

    attention = ShiftedWindowAttentionV2

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.stochastic_depth(self.norm1(self.attn(x)))
        return x + self.stochastic_depth(self.norm2(self.mlp(x)))


class SwinTransformer(nn.Module):
    """Stages of blocks, each of half the size and twice the channels: (N, 3, H, W) to
    (N, num_classes).

    >>> import rushlight as torch
    >>> from rushlight.vision.models import SwinTransformer
    >>> net = SwinTransformer([4, 4], 8, [2, 2], [2, 4], [2, 2], num_classes=3)
    >>> net(torch.zeros(1, 3, 32, 32)).shape
    torch.Size([1, 3])
    """

    def __init__(
        self,
        patch_size: Sequence[int],
        embed_dim: int,
        depths: Sequence[int],
        num_heads: Sequence[int],
        window_size: Sequence[int],
        mlp_ratio: float = 4.0,
        dropout: float = 0.0,
        attention_dropout: float = 0.0,
        stochastic_depth_prob: float = 0.1,
        num_classes: int = 1000,
        norm_layer: Layer | None = None,
        block: Layer | None = None,
        downsample_layer: Layer = PatchMerging,
    ) -> None:
        super().__init__()
        self.num_classes = num_classes
        block = block or SwinTransformerBlock
        norm_layer = norm_layer or partial(nn.LayerNorm, eps=1e-5)
        patches = nn.Conv2d(3, embed_dim, kernel_size=tuple(patch_size), stride=tuple(patch_size))
        layers: list[nn.Module] = [
            nn.Sequential(patches, Permute([0, 2, 3, 1]), norm_layer(embed_dim))
        ]
        number, channels = 0, embed_dim
        for stage, (depth, heads) in enumerate(zip(depths, num_heads, strict=True)):
            blocks = []
            for place in range(depth):
                blocks.append(
                    block(
                        channels, heads, window_size=window_size,
                        shift_size=[0 if place % 2 == 0 else size // 2 for size in window_size],
                        mlp_ratio=mlp_ratio, dropout=dropout, attention_dropout=attention_dropout,
                        stochastic_depth_prob=stochastic_depth_prob * number / (sum(depths) - 1),
                        norm_layer=norm_layer,
                    )
                )  # fmt: skip
                number += 1
            layers.append(nn.Sequential(*blocks))
            if stage < len(depths) - 1:
                layers.append(downsample_layer(channels, norm_layer))
                channels *= 2
        self.features = nn.Sequential(*layers)
        self.norm = norm_layer(channels)
        self.permute = Permute([0, 3, 1, 2])
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten(1)
        self.head = nn.Linear(channels, num_classes)
        initialize(self, {nn.Linear: partial(nn.init.trunc_normal_, std=0.02)})

    def forward(self, x: Tensor) -> Tensor:
        x = self.permute(self.norm(self.features(x)))
        return self.head(self.flatten(self.avgpool(x)))


def _swin(embed_dim: int, blocks: int, heads: int, window: int, **options: Any) -> SwinTransformer:
    return SwinTransformer(
        [4, 4], embed_dim, [2, 2, blocks, 2], [heads * 2**i for i in range(4)], [window, window],
        **options,
    )  # fmt: skip


_v1 = partial(network, paper="arXiv:2103.14030")
_v2 = partial(
    network, paper="arXiv:2111.09883", block=SwinTransformerBlockV2, downsample_layer=PatchMergingV2
)

swin_t = _v1("swin_t", _swin, 96, 6, 3, 7, stochastic_depth_prob=0.2)
swin_s = _v1("swin_s", _swin, 96, 18, 3, 7, stochastic_depth_prob=0.3)
swin_b = _v1("swin_b", _swin, 128, 18, 4, 7, stochastic_depth_prob=0.5)
swin_v2_t = _v2("swin_v2_t", _swin, 96, 6, 3, 8, stochastic_depth_prob=0.2)
swin_v2_s = _v2("swin_v2_s", _swin, 96, 18, 3, 8, stochastic_depth_prob=0.3)
swin_v2_b = _v2("swin_v2_b", _swin, 128, 18, 4, 8, stochastic_depth_prob=0.5)
