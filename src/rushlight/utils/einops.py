"""The layers of einops: `Rearrange`, `Reduce` and `EinMix`, as in `einops.layers.torch`.

einops' functions take tensors as they are; for the layers a program imports this module in the
place of `einops.layers.torch`. `pip install einops` brings both.
"""

from __future__ import annotations

from typing import Any

from einops.layers import RearrangeMixin, ReduceMixin
from einops.layers._einmix import _EinmixMixin

from .. import nn
from ..ops.creation import empty
from ..ops.einsum import einsum
from ..tensor import Tensor


class Rearrange(RearrangeMixin, nn.Module):
    """`einops.rearrange` as a layer: Rearrange("b c h w -> b (c h w)")."""

    def forward(self, input: Tensor) -> Tensor:
        return self._apply_recipe(input)


class Reduce(ReduceMixin, nn.Module):
    """`einops.reduce` as a layer: Reduce("b c h w -> b c", "mean")."""

    def forward(self, input: Tensor) -> Tensor:
        return self._apply_recipe(input)


class EinMix(_EinmixMixin, nn.Module):
    """An einsum with a weight and a bias of its own: EinMix("b i -> b o", "i o", "o", i=3, o=4)."""

    def _create_parameters(
        self, weight_shape: Any, weight_bound: float, bias_shape: Any, bias_bound: float
    ) -> None:
        self.weight = nn.Parameter(empty(weight_shape).uniform_(-weight_bound, weight_bound))
        self.bias = None
        if bias_shape is not None:
            self.bias = nn.Parameter(empty(bias_shape).uniform_(-bias_bound, bias_bound))

    def _create_rearrange_layers(
        self, before: Any, lengths_before: Any, after: Any, lengths_after: Any
    ) -> None:
        layer: Any = Rearrange
        self.pre_rearrange = None if before is None else layer(before, **lengths_before)
        self.post_rearrange = None if after is None else layer(after, **lengths_after)

    def forward(self, input: Tensor) -> Tensor:
        if self.pre_rearrange is not None:
            input = self.pre_rearrange(input)
        result = einsum(self.einsum_pattern, input, self.weight)
        if self.bias is not None:
            result = result + self.bias
        return result if self.post_rearrange is None else self.post_rearrange(result)
