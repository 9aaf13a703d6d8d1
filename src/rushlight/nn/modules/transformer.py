"""The transformer of Vaswani et al. (arXiv 1706.03762): encoder, decoder, and both together."""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Callable
from typing import Any

from ...amp.autocast_mode import is_autocast_enabled
from ...dtype import bool as bool_
from ...dtype import dtype as DType
from ...errors import OperationError, UnmetError
from ...grad_mode import is_grad_enabled
from ...kernels import launch
from ...ops.creation import arange, full, zeros_like
from ...tensor import Tensor
from .. import functional as F
from .. import init
from ..module import Module
from .activation import ReLU
from .attention import MultiheadAttention
from .container import ModuleList
from .dropout import Dropout
from .linear import Linear
from .normalization import LayerNorm
from .rectifiers import GELU

Activation = str | Callable[[Tensor], Tensor]


class _Layer(Module):
    """What the layers of encoder and decoder have in common: the two products at their end, and
    that what each block gives is added to what it was given. The sum is normalised or, with
    `norm_first`, what goes into the block is (Xiong et al., arXiv 2002.04745).
    """

    norm_first: bool
    activation: Callable[[Tensor], Tensor]

    def _make_rest(
        self, blocks: int, d_model: int, dim_feedforward: int, dropout: float,
        activation: Activation, eps: float, norm_first: bool, bias: bool, device: Any, dtype: Any,
    ) -> None:  # fmt: skip
        """All modules but the attentions, in PyTorch's order."""
        self.linear1 = Linear(d_model, dim_feedforward, bias, device, dtype)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias, device, dtype)
        self.norm_first = norm_first
        for number in range(1, blocks + 1):
            norm = LayerNorm(d_model, eps, bias=bias, device=device, dtype=dtype)
            self.add_module(f"norm{number}", norm)
        for number in range(1, blocks + 1):
            self.add_module(f"dropout{number}", Dropout(dropout))
        self.activation = _get_activation_fn(activation)

    def _added(self, x: Tensor, norm: Module, block: Callable[[Tensor], Tensor]) -> Tensor:
        return x + block(norm(x)) if self.norm_first else norm(x + block(x))

    def _fed_forward(self, x: Tensor) -> Tensor:
        return self.linear2(self.dropout(self.activation(self.linear1(x))))


class TransformerEncoderLayer(_Layer):
    """Attention of a sequence to itself, then two products with an activation between them.

    Shapes: src (S, N, d_model), (N, S, d_model) with `batch_first`, or (S, d_model); the result is
    like it. `src_mask` (S, S) or (N * nhead, S, S) and `src_key_padding_mask` (N, S) are True
    where nothing may be seen, or numbers that are added to the scores; `is_causal` says that
    `src_mask` is the causal one. `activation` is "relu", "gelu" or a function of a tensor.

    >>> import rushlight as torch
    >>> layer = torch.nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    >>> layer(torch.randn(3, 5, 8)).shape
    torch.Size([3, 5, 8])
    """

    norm1: LayerNorm
    norm2: LayerNorm
    dropout1: Dropout
    dropout2: Dropout

    def __init__(
        self, d_model: int, nhead: int, dim_feedforward: int = 2048, dropout: float = 0.1,
        activation: Activation = F.relu, layer_norm_eps: float = 1e-5, batch_first: bool = False,
        norm_first: bool = False, bias: bool = True, device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.self_attn = MultiheadAttention(
            d_model, nhead, dropout, bias, batch_first=batch_first, device=device, dtype=dtype
        )
        self._make_rest(
            2, d_model, dim_feedforward, dropout, activation, layer_norm_eps, norm_first, bias,
            device, dtype,
        )  # fmt: skip

    def forward(
        self, src: Tensor, src_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None, is_causal: bool = False,
    ) -> Tensor:  # fmt: skip
        padding = _additive("src_key_padding_mask", src_key_padding_mask, src, "src_mask", src_mask)
        mask = _additive("src_mask", src_mask, src)
        x = self._added(
            src, self.norm1, lambda x: self._sa_block(x, mask, padding, is_causal=is_causal)
        )
        return self._added(x, self.norm2, self._ff_block)

    def _sa_block(
        self, x: Tensor, attn_mask: Tensor | None, key_padding_mask: Tensor | None,
        is_causal: bool = False,
    ) -> Tensor:  # fmt: skip
        seen, _ = self.self_attn(
            x, x, x, key_padding_mask, need_weights=False, attn_mask=attn_mask,
            is_causal=is_causal,
        )  # fmt: skip
        return self.dropout1(seen)

    def _ff_block(self, x: Tensor) -> Tensor:
        return self.dropout2(self._fed_forward(x))


class TransformerDecoderLayer(_Layer):
    """Attention of a sequence to itself, then to the encoder's result, then two products.

    Shapes: tgt (T, N, d_model), memory (S, N, d_model), (N, T, ...) and (N, S, ...) with
    `batch_first`, or both without N; the result is like tgt. The masks are those of
    `TransformerEncoderLayer`, `memory_mask` (T, S), `memory_key_padding_mask` (N, S).

    >>> import rushlight as torch
    >>> layer = torch.nn.TransformerDecoderLayer(8, 2, 16, batch_first=True)
    >>> layer(torch.randn(3, 4, 8), torch.randn(3, 5, 8)).shape
    torch.Size([3, 4, 8])
    """

    norm1: LayerNorm
    norm2: LayerNorm
    norm3: LayerNorm
    dropout1: Dropout
    dropout2: Dropout
    dropout3: Dropout

    def __init__(
        self, d_model: int, nhead: int, dim_feedforward: int = 2048, dropout: float = 0.1,
        activation: Activation = F.relu, layer_norm_eps: float = 1e-5, batch_first: bool = False,
        norm_first: bool = False, bias: bool = True, device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__()
        for name in ("self_attn", "multihead_attn"):
            attention = MultiheadAttention(
                d_model, nhead, dropout, bias, batch_first=batch_first, device=device, dtype=dtype
            )
            self.add_module(name, attention)
        self._make_rest(
            3, d_model, dim_feedforward, dropout, activation, layer_norm_eps, norm_first, bias,
            device, dtype,
        )  # fmt: skip

    self_attn: MultiheadAttention
    multihead_attn: MultiheadAttention

    def forward(
        self, tgt: Tensor, memory: Tensor, tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None, tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None, tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Tensor:  # fmt: skip
        x = self._added(
            tgt,
            self.norm1,
            lambda x: self._sa_block(x, tgt_mask, tgt_key_padding_mask, tgt_is_causal),
        )
        x = self._added(
            x,
            self.norm2,
            lambda x: self._mha_block(
                x, memory, memory_mask, memory_key_padding_mask, memory_is_causal
            ),
        )
        return self._added(x, self.norm3, self._ff_block)

    def _sa_block(
        self, x: Tensor, attn_mask: Tensor | None, key_padding_mask: Tensor | None,
        is_causal: bool = False,
    ) -> Tensor:  # fmt: skip
        seen, _ = self.self_attn(
            x, x, x, key_padding_mask, need_weights=False, attn_mask=attn_mask,
            is_causal=is_causal,
        )  # fmt: skip
        return self.dropout1(seen)

    def _mha_block(
        self, x: Tensor, mem: Tensor, attn_mask: Tensor | None, key_padding_mask: Tensor | None,
        is_causal: bool = False,
    ) -> Tensor:  # fmt: skip
        seen, _ = self.multihead_attn(
            x, mem, mem, key_padding_mask, need_weights=False, attn_mask=attn_mask,
            is_causal=is_causal,
        )  # fmt: skip
        return self.dropout2(seen)

    def _ff_block(self, x: Tensor) -> Tensor:
        return self.dropout3(self._fed_forward(x))


class TransformerEncoder(Module):
    """`num_layers` copies of a layer, one after another, and `norm` at their end.

    The copies start with the same values. Arguments and shapes are those of
    `TransformerEncoderLayer`; without `is_causal` the mask is compared with the causal one. In
    evaluation without gradients the result is 0 where the source is padded at its end, before
    `norm`, as with PyTorch's nested tensors; `enable_nested_tensor=False` keeps what was computed.

    >>> import rushlight as torch
    >>> layer = torch.nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    >>> torch.nn.TransformerEncoder(layer, 3)(torch.randn(3, 5, 8)).shape
    torch.Size([3, 5, 8])
    """

    def __init__(
        self, encoder_layer: Module, num_layers: int, norm: Module | None = None,
        enable_nested_tensor: bool = True, mask_check: bool = True,
    ) -> None:  # fmt: skip
        super().__init__()
        self.layers = _get_clones(encoder_layer, num_layers)
        self.num_layers = num_layers
        self.norm = norm
        self.enable_nested_tensor = enable_nested_tensor
        self.use_nested_tensor = enable_nested_tensor and _may_leave_padding(encoder_layer)
        self.mask_check = mask_check

    def forward(
        self, src: Tensor, mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None, is_causal: bool | None = None,
    ) -> Tensor:  # fmt: skip
        padding = _additive("src_key_padding_mask", src_key_padding_mask, src, "mask", mask)
        mask = _additive("mask", mask, src)
        is_causal = _is_causal(mask, is_causal, _length(src, self.layers[0]))
        output = src
        for layer in self.layers:
            output = layer(
                output, src_mask=mask, is_causal=is_causal, src_key_padding_mask=padding
            )
        if padding is not None and mask is None and self._leaves_padding(src, padding):
            output = output.masked_fill((padding != 0).unsqueeze(-1), 0)
        return output if self.norm is None else self.norm(output)

    def _leaves_padding(self, src: Tensor, padding: Tensor) -> bool:
        """Whether PyTorch would compute nothing for what is padded."""
        from ...backends.mha import get_fastpath_enabled  # which few programs need

        first = self.layers[0]
        if not self.use_nested_tensor or first.training or src.ndim != 3:
            return False
        if launch.recorder is not None or src.is_meta or is_autocast_enabled("cpu"):
            return False
        if not get_fastpath_enabled():
            return False
        tensors = (src, *first.parameters())
        if is_grad_enabled() and any(tensor.requires_grad for tensor in tensors):
            return False
        kept = padding == 0
        places = arange(kept.shape[1], device=kept.device)
        return not self.mask_check or bool((kept == (places < kept.sum(1, True))).all())


class TransformerDecoder(Module):
    """`num_layers` copies of a layer, one after another, and `norm` at their end.

    The copies start with the same values. Arguments and shapes are those of
    `TransformerDecoderLayer`; without `tgt_is_causal` the mask is compared with the causal one.

    >>> import rushlight as torch
    >>> layer = torch.nn.TransformerDecoderLayer(8, 2, 16, batch_first=True)
    >>> decoder = torch.nn.TransformerDecoder(layer, 3)
    >>> decoder(torch.randn(3, 4, 8), torch.randn(3, 5, 8)).shape
    torch.Size([3, 4, 8])
    """

    def __init__(
        self, decoder_layer: Module, num_layers: int, norm: Module | None = None
    ) -> None:
        super().__init__()
        self.layers = _get_clones(decoder_layer, num_layers)
        self.num_layers = num_layers
        self.norm = norm

    def forward(
        self, tgt: Tensor, memory: Tensor, tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None, tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None, tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:  # fmt: skip
        is_causal = _is_causal(tgt_mask, tgt_is_causal, _length(tgt, self.layers[0]))
        output = tgt
        for layer in self.layers:
            output = layer(
                output, memory, tgt_mask=tgt_mask, memory_mask=memory_mask,
                tgt_key_padding_mask=tgt_key_padding_mask,
                memory_key_padding_mask=memory_key_padding_mask, tgt_is_causal=is_causal,
                memory_is_causal=memory_is_causal,
            )  # fmt: skip
        return output if self.norm is None else self.norm(output)


class Transformer(Module):
    """An encoder of the source, and a decoder of the target that looks at its result.

    Shapes: src (S, N, d_model), tgt (T, N, d_model), (N, S, ...) and (N, T, ...) with
    `batch_first`, or both without N; the result is like tgt. Masks are True where nothing may be
    seen, or numbers that are added to the scores: src_mask (S, S), tgt_mask (T, T), memory_mask
    (T, S), with one for each batch and head in front if they differ, and the key padding masks
    (N, S) and (N, T). All matrices start as `init.xavier_uniform_` draws them.

    >>> import rushlight as torch
    >>> net = torch.nn.Transformer(8, 2, 1, 1, 16, batch_first=True)
    >>> mask = net.generate_square_subsequent_mask(4)
    >>> net(torch.randn(3, 5, 8), torch.randn(3, 4, 8), tgt_mask=mask).shape
    torch.Size([3, 4, 8])
    """

    encoder: Any
    decoder: Any

    def __init__(
        self, d_model: int = 512, nhead: int = 8, num_encoder_layers: int = 6,
        num_decoder_layers: int = 6, dim_feedforward: int = 2048, dropout: float = 0.1,
        activation: Activation = F.relu, custom_encoder: Any = None, custom_decoder: Any = None,
        layer_norm_eps: float = 1e-5, batch_first: bool = False, norm_first: bool = False,
        bias: bool = True, device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__()
        options = (
            d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first,
            norm_first, bias, device, dtype,
        )  # fmt: skip

        def norm() -> LayerNorm:
            return LayerNorm(d_model, layer_norm_eps, bias=bias, device=device, dtype=dtype)

        if custom_encoder is None:
            layer: Module = TransformerEncoderLayer(*options)
            custom_encoder = TransformerEncoder(layer, num_encoder_layers, norm())
        self.encoder = custom_encoder
        if custom_decoder is None:
            layer = TransformerDecoderLayer(*options)
            custom_decoder = TransformerDecoder(layer, num_decoder_layers, norm())
        self.decoder = custom_decoder
        self._reset_parameters()
        self.d_model = d_model
        self.nhead = nhead
        self.batch_first = batch_first

    def _reset_parameters(self) -> None:
        for parameter in self.parameters():
            if parameter.ndim > 1:
                init.xavier_uniform_(parameter)

    @staticmethod
    def generate_square_subsequent_mask(
        sz: int, device: Any = None, dtype: DType | None = None
    ) -> Tensor:
        """The causal mask (sz, sz): -inf above the diagonal, where later places stand, else 0.

        >>> from rushlight import nn
        >>> nn.Transformer.generate_square_subsequent_mask(2)
        tensor([[0., -inf],
                [0., 0.]])
        """
        return full((sz, sz), -math.inf, device=device, dtype=dtype).triu(1)

    def forward(
        self, src: Tensor, tgt: Tensor, src_mask: Tensor | None = None,
        tgt_mask: Tensor | None = None, memory_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None, tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None, src_is_causal: bool | None = None,
        tgt_is_causal: bool | None = None, memory_is_causal: bool = False,
    ) -> Tensor:  # fmt: skip
        self._check(src, tgt)
        memory = self.encoder(
            src, mask=src_mask, src_key_padding_mask=src_key_padding_mask, is_causal=src_is_causal
        )
        return self.decoder(
            tgt, memory, tgt_mask=tgt_mask, memory_mask=memory_mask,
            tgt_key_padding_mask=tgt_key_padding_mask,
            memory_key_padding_mask=memory_key_padding_mask, tgt_is_causal=tgt_is_causal,
            memory_is_causal=memory_is_causal,
        )  # fmt: skip

    def _check(self, src: Tensor, tgt: Tensor) -> None:
        found = f"got src {tuple(src.shape)} and tgt {tuple(tgt.shape)}"
        if src.ndim == tgt.ndim == 3:
            dim = 0 if self.batch_first else 1
            if src.shape[dim] != tgt.shape[dim]:
                raise OperationError(
                    f"transformer: the batch number of src and tgt must be equal, {found}; the "
                    f"batch is dimension {dim}, as batch_first is {self.batch_first}"
                )
        if not src.shape[-1] == tgt.shape[-1] == self.d_model:
            raise OperationError(
                "transformer: the feature number of src and tgt must be equal to d_model "
                f"({self.d_model}), {found}"
            )


def _get_clones(layer: Module, count: int) -> ModuleList:
    return ModuleList([copy.deepcopy(layer) for _ in range(count)])


def _get_activation_fn(activation: Activation) -> Callable[[Tensor], Tensor]:
    if not isinstance(activation, str):
        return activation
    if activation not in ("relu", "gelu"):
        raise RuntimeError(f"activation should be relu/gelu, not {activation}")
    return F.relu if activation == "relu" else F.gelu


def _may_leave_padding(layer: Module) -> bool:
    """Whether a layer is one that PyTorch runs on nested tensors, which hold no padding."""
    if not isinstance(layer, TransformerEncoderLayer) or layer.norm_first:
        return False
    attention, activation = layer.self_attn, layer.activation
    return (
        attention.batch_first
        and attention.in_proj_bias is not None
        and attention.num_heads % 2 == 0
        and (activation in (F.relu, F.gelu) or isinstance(activation, (ReLU, GELU)))
        and layer.norm1.eps == layer.norm2.eps
    )


def _additive(
    name: str, mask: Tensor | None, x: Tensor, other_name: str = "", other: Tensor | None = None
) -> Tensor | None:
    """A mask as what is added to the scores."""
    if mask is None:
        return None
    if mask.dtype is not bool_ and not mask.is_floating_point():
        raise UnmetError(f"only bool and floating types of {name} are supported")
    if other is not None and other.dtype is not mask.dtype:
        warnings.warn(
            f"Support for mismatched {name} and {other_name} is deprecated. Use same type for both "
            "instead.",
            stacklevel=4,
        )
    if mask.dtype is bool_:
        return zeros_like(mask, dtype=x.dtype).masked_fill(mask, -math.inf)
    return mask


def _length(x: Tensor, layer: Any) -> int:
    """How long the sequences are: of one, or of a batch."""
    batch_first = layer.self_attn.batch_first
    return x.shape[1] if x.ndim == 3 and batch_first else x.shape[0]


def _is_causal(mask: Tensor | None, is_causal: bool | None, length: int) -> bool:
    """The caller's word, or else whether a mask of numbers is the causal one.

    While a record is made no value may be read: then the mask is taken for any other.
    """
    if is_causal is not None or mask is None:
        return bool(is_causal)
    if mask.shape != (length, length) or launch.recorder is not None or mask.is_meta:
        return False
    causal = Transformer.generate_square_subsequent_mask(length, mask.device)
    return bool((mask == causal.to(mask.dtype)).all())
