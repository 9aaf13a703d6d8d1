"""Attention whose scores and masks are functions of the positions.

`score_mod(score, b, h, q_idx, kv_idx)` changes a score, `mask_mod(b, h, q_idx, kv_idx)` says
whether a query sees a key. Both are written for one pair of positions; `vmap` takes them over all.
Unlike PyTorch's compiled kernels, blocks that a mask leaves out are computed, too: a mask that can
be said as a tensor or as `is_causal` is faster by `scaled_dot_product_attention`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from ...autograd import no_grad
from ...dtype import bool as _bool
from ...dtype import float32, float64, int8, int32
from ...func import vmap
from ...ops.declare import places
from ...tensor import Tensor
from ..functional import pad

__all__ = [
    "AuxOutput", "AuxRequest", "BlockMask", "and_masks", "create_block_mask", "create_mask",
    "flex_attention", "noop_mask", "or_masks",
]  # fmt: skip

_DEFAULT_SPARSE_BLOCK_SIZE = 128
_torch = places["torch"]
MaskFunction = Callable[[Any, Any, Any, Any], Any]


class AuxRequest(NamedTuple):
    """What `flex_attention(return_aux=...)` is to return beside its result."""

    lse: bool = False
    max_scores: bool = False


class AuxOutput(NamedTuple):
    """What was asked for by `AuxRequest`."""

    lse: Tensor | None = None
    max_scores: Tensor | None = None


def noop_mask(batch: Any, head: Any, token_q: Any, token_kv: Any) -> Any:
    """Lets every query see every key."""
    return batch.new_ones(size=(), dtype=_bool, device=batch.device)


def and_masks(*mask_mods: MaskFunction) -> MaskFunction:
    """The mask of what all of some masks let through."""
    _check_callable(mask_mods)

    def and_mask(b: Any, h: Any, q_idx: Any, kv_idx: Any) -> Any:
        result = noop_mask(b, h, q_idx, kv_idx)
        for mask in mask_mods:
            result = result & mask(b, h, q_idx, kv_idx)
        return result

    return and_mask


def or_masks(*mask_mods: MaskFunction) -> MaskFunction:
    """The mask of what at least one of some masks lets through."""
    _check_callable(mask_mods)

    def or_mask(b: Any, h: Any, q_idx: Any, kv_idx: Any) -> Any:
        result = ~noop_mask(b, h, q_idx, kv_idx)
        for mask in mask_mods:
            result = result | mask(b, h, q_idx, kv_idx)
        return result

    return or_mask


def _check_callable(mask_mods: tuple[Any, ...]) -> None:
    if not all(callable(mask) for mask in mask_mods):
        raise RuntimeError(f"All inputs should be callable mask_mods: {mask_mods}")


def _over_positions(function: Callable[..., Any], takes_score: bool) -> Callable[..., Any]:
    """A function of one pair of positions over all of them, as vmap batches it."""
    score = (0,) * takes_score
    for varying in (3, 2, 1, 0):
        places_of = tuple(0 if i == varying else None for i in range(4))
        function = vmap(function, in_dims=(*score, *places_of), out_dims=0)
    return function


def create_mask(
    mod_fn: MaskFunction,
    B: int | None,
    H: int | None,
    Q_LEN: int,
    KV_LEN: int,
    device: Any = None,
) -> Tensor:
    """The mask that a function describes, B x H x Q_LEN x KV_LEN booleans.

    >>> from rushlight.nn.attention.flex_attention import create_mask
    >>> create_mask(lambda b, h, q_idx, kv_idx: q_idx >= kv_idx, None, None, 2, 2)
    tensor([[[[ True, False],
              [ True,  True]]]])
    """
    ranges = [_torch["arange"](n, device=device) for n in (B or 1, H or 1, Q_LEN, KV_LEN)]
    with no_grad():
        return _over_positions(mod_fn, False)(*ranges)


class BlockMask:
    """A mask that a function describes, and which blocks of positions it reaches.

    `kv_num_blocks` and `kv_indices` say for each block of queries how many blocks of keys are seen
    in part and which, `full_kv_num_blocks` and `full_kv_indices` those that are seen whole.
    """

    def __init__(
        self,
        partial: Tensor,
        full: Tensor | None,
        mask_mod: MaskFunction,
        seq_lengths: tuple[int, int],
        block_size: tuple[int, int],
    ) -> None:
        self._blocks = (partial, full)
        self.mask_mod = mask_mod
        self.seq_lengths = seq_lengths
        self.BLOCK_SIZE = block_size
        self.kv_num_blocks, self.kv_indices = _ordered(partial)
        whole = None if full is None else _ordered(full)
        self.full_kv_num_blocks = whole and whole[0]
        self.full_kv_indices = whole and whole[1]

    @property
    def shape(self) -> tuple[int, ...]:
        return (*self.kv_num_blocks.shape[:-1], *self.seq_lengths)

    def numel(self) -> int:
        return math.prod(self.shape)

    def to_dense(self) -> Tensor:
        """1 for each block of queries and keys that is seen, whole or in part, 0 for the others."""
        partial, full = self._blocks
        return (partial if full is None else partial + full).to(int32)

    def sparsity(self) -> float:
        """How much of the mask are blocks that are not seen, in percent."""
        seen = self.to_dense().sum().item() * self.BLOCK_SIZE[0] * self.BLOCK_SIZE[1]
        return 100 * (1 - seen / self.numel())

    def to(self, device: Any) -> BlockMask:
        """The same on another device; what the function holds stays where it is."""
        partial, full = (None if x is None else x.to(device) for x in self._blocks)
        assert partial is not None
        return BlockMask(partial, full, self.mask_mod, self.seq_lengths, self.BLOCK_SIZE)

    def __repr__(self) -> str:
        return (
            f"BlockMask(shape={self.shape}, BLOCK_SIZE={self.BLOCK_SIZE}, "
            f"sparsity={self.sparsity():.2f}%)"
        )


def _ordered(blocks: Tensor) -> tuple[Tensor, Tensor]:
    """How many blocks of each row are 1, and the places of the row's blocks, these first."""
    blocks = blocks.to(int32)
    order = _torch["argsort"](blocks, dim=-1, descending=True, stable=True)
    return blocks.sum(dim=-1).to(int32), order.to(int32)


def create_block_mask(
    mask_mod: MaskFunction,
    B: int | None,
    H: int | None,
    Q_LEN: int,
    KV_LEN: int,
    device: Any = None,
    BLOCK_SIZE: int | tuple[int, int] = _DEFAULT_SPARSE_BLOCK_SIZE,
    _compile: bool = False,
    separate_full_blocks: bool = True,
) -> BlockMask:
    """The mask that a function describes, for `flex_attention`. `_compile` changes nothing.

    >>> from rushlight.nn.attention.flex_attention import create_block_mask
    >>> mask = create_block_mask(lambda b, h, q, kv: q >= kv, 1, 1, 256, 256)
    >>> mask.to_dense(), mask.sparsity()
    (tensor([[[[1, 0],
              [1, 1]]]], dtype=torch.int32), 25.0)
    """
    rows, columns = (BLOCK_SIZE, BLOCK_SIZE) if isinstance(BLOCK_SIZE, int) else BLOCK_SIZE
    mask = create_mask(mask_mod, B, H, Q_LEN, KV_LEN, device)
    mask = pad(mask, (0, -KV_LEN % columns, 0, -Q_LEN % rows))
    batch, heads, height, width = mask.shape
    mask = mask.view(batch, heads, height // rows, rows, width // columns, columns)
    seen = mask.sum(dim=(3, 5))
    whole = seen == rows * columns
    partial = ((seen > 0) & ~whole if separate_full_blocks else seen > 0).to(int8)
    full = whole.to(int8) if separate_full_blocks else None
    return BlockMask(partial, full, mask_mod, (Q_LEN, KV_LEN), (rows, columns))


def flex_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    score_mod: Callable[..., Any] | None = None,
    block_mask: BlockMask | None = None,
    scale: float | None = None,
    enable_gqa: bool = False,
    return_lse: bool = False,
    kernel_options: Any = None,
    *,
    return_aux: AuxRequest | None = None,
) -> Any:
    """softmax(score_mod(query key^T * scale)) value, where `block_mask` lets queries see keys.

    query: B x H x L x E, key: B x H x S x E, value: B x H x S x V; the result is B x H x L x V.
    With `enable_gqa` the heads of key and value may be fewer, each for several of query's. `scale`
    is 1 / sqrt(E) where it is None; `kernel_options` are PyTorch's for GPUs. A query that sees no
    key gives zeros.

    >>> import rushlight as torch
    >>> from rushlight.nn.attention.flex_attention import flex_attention
    >>> x = torch.ones(1, 1, 3, 2)
    >>> flex_attention(x, x, x, score_mod=lambda score, b, h, q, kv: score - (q - kv).abs()).shape
    torch.Size([1, 1, 3, 2])
    """
    _check(query, key, value, block_mask, enable_gqa)
    if return_lse and return_aux is not None:
        raise ValueError("flex_attention: return_lse and return_aux exclude each other")
    groups = query.size(1) // key.size(1)
    if groups > 1:
        key, value = (_torch["repeat_interleave"](x, groups, dim=1) for x in (key, value))
    precision = float64 if query.dtype is float64 else float32
    scale = 1 / math.sqrt(query.size(-1)) if scale is None else scale
    scores = (query.to(precision) @ key.to(precision).transpose(-2, -1)) * scale
    sizes = (query.size(0), query.size(1), query.size(2), key.size(2))
    ranges = [_torch["arange"](size, device=query.device) for size in sizes]
    if score_mod is not None:
        scores = _over_positions(score_mod, True)(scores, *ranges).to(precision)
    if block_mask is not None:
        with no_grad():
            mask = _over_positions(block_mask.mask_mod, False)(*ranges)
        scores = scores.masked_fill(~mask, -math.inf)
    unseen = (scores == -math.inf).all(dim=-1, keepdim=True)
    weights = scores.softmax(-1).masked_fill(unseen, 0.0)
    result = weights.to(query.dtype) @ value.to(query.dtype)
    if return_lse:
        return result, scores.logsumexp(-1)
    if return_aux is None:
        return result
    lse = scores.logsumexp(-1) if return_aux.lse else None
    return result, AuxOutput(lse, scores.amax(-1) if return_aux.max_scores else None)


def _check(
    query: Tensor, key: Tensor, value: Tensor, block_mask: BlockMask | None, enable_gqa: bool
) -> None:
    if not query.dim() == key.dim() == value.dim() == 4:
        raise NotImplementedError(
            f"flex_attention: query, key and value must be 4D tensors, got {query.dim()}D, "
            f"{key.dim()}D and {value.dim()}D"
        )
    heads, others = query.size(1), key.size(1)
    if heads != others and (not enable_gqa or heads % others):
        fix = "query's must be a multiple of key's" if enable_gqa else "set enable_gqa=True"
        raise ValueError(
            f"flex_attention: Expect query and key/value to have the same number of heads, got "
            f"{heads} and {others}; {fix}"
        )
    lengths = (query.size(2), key.size(2))
    if block_mask is not None and lengths != block_mask.seq_lengths:
        raise ValueError(
            f"flex_attention: block_mask was created for {block_mask.seq_lengths[0]} queries and "
            f"{block_mask.seq_lengths[1]} keys, got {lengths[0]} and {lengths[1]}"
        )
