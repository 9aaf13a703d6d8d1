"""Masks of attention that say what they are: `torch.nn.attention.bias`."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from ...ops.creation import ones
from ...tensor import Tensor
from ...types import AnyDevice

__all__ = ["CausalBias", "CausalVariant", "causal_lower_right", "causal_upper_left"]


class CausalVariant(IntEnum):
    """From which corner the line goes that a query's own place is on."""

    UPPER_LEFT = 1
    LOWER_RIGHT = 2


class CausalBias(Tensor):
    """A mask of booleans, queries by keys, that hides what comes later.

    Unlike PyTorch's, it holds its elements, and every function takes it as the mask that it is.
    """

    variant: CausalVariant
    seq_len_q: int
    seq_len_kv: int

    def __new__(cls, variant: CausalVariant, seq_len_q: int, seq_len_kv: int) -> Any:
        if not isinstance(variant, CausalVariant):
            raise AssertionError(f"variant must be a CausalVariant, got {type(variant)}")
        shift = seq_len_kv - seq_len_q if variant == CausalVariant.LOWER_RIGHT else 0
        mask = ones(seq_len_q, seq_len_kv).tril(shift).bool().as_subclass(cls)
        mask.variant, mask.seq_len_q, mask.seq_len_kv = variant, seq_len_q, seq_len_kv
        return mask

    def _materialize(self, device: AnyDevice = None) -> Tensor:
        """The mask as a plain tensor."""
        return self.as_subclass(Tensor).to(device or self.device)

    def __repr__(self, **options: Any) -> str:
        return repr(self._materialize())


def causal_upper_left(*size: int) -> CausalBias:
    """A mask (queries, keys) in which query i sees the keys up to i: that of `is_causal=True`.

    >>> from rushlight.nn.attention.bias import causal_upper_left
    >>> causal_upper_left(2, 3)
    tensor([[ True, False, False],
            [ True,  True, False]])
    """
    return CausalBias(CausalVariant.UPPER_LEFT, *_two(size))


def causal_lower_right(*size: int) -> CausalBias:
    """A mask (queries, keys) in which the last query sees all keys: for queries after a cache.

    >>> from rushlight.nn.attention.bias import causal_lower_right
    >>> causal_lower_right(2, 3)
    tensor([[ True,  True, False],
            [ True,  True,  True]])
    """
    return CausalBias(CausalVariant.LOWER_RIGHT, *_two(size))


def _two(size: tuple[int, ...]) -> tuple[int, ...]:
    if len(size) != 2:
        raise AssertionError("causal bias only supports 2D tensors")
    return size
