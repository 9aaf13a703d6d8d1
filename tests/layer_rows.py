"""Layers, and inputs for them: what they print and compute is held against PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple


class Row(NamedTuple):
    """`make(nn)` is a layer, `inputs(torch)` what it is called with."""

    name: str
    make: Callable[[Any], Any]
    inputs: Callable[[Any], tuple[Any, ...]]


def flat(called: Any) -> list[Any]:
    """The tensors of a result, those in tuples of it, too."""
    if isinstance(called, (tuple, list)):
        return [tensor for part in called for tensor in flat(part)]
    return [] if called is None else [called]


def row(name: str, *args: Any, shape: tuple[int, ...], **options: Any) -> Row:
    """A layer of one input of random numbers."""
    return Row(name, lambda nn: getattr(nn, name)(*args, **options), lambda t: (t.randn(shape),))


def pooled(dimensions: int, size: int) -> Callable[[Any], tuple[Any, ...]]:
    """The results of maximum pooling, for its undoing."""

    def inputs(torch: Any) -> tuple[Any, ...]:
        pool = getattr(torch.nn, f"MaxPool{dimensions}d")(2, return_indices=True)
        return tuple(pool(torch.randn((2, 3) + (size,) * dimensions)))

    return inputs


def rows() -> list[Row]:
    images = {1: (2, 3, 9), 2: (2, 3, 9, 7), 3: (2, 3, 5, 6, 7)}
    found = []
    for n, shape in images.items():
        unbatched = shape[1:]
        found += [
            row(f"MaxPool{n}d", 3, 2, 1, ceil_mode=True, shape=shape),
            row(f"MaxPool{n}d", 2, return_indices=True, shape=unbatched),
            row(f"AvgPool{n}d", 3, 2, 1, ceil_mode=True, shape=shape),
            row(f"AvgPool{n}d", 2, count_include_pad=False, shape=unbatched),
            row(f"AdaptiveAvgPool{n}d", 2, shape=shape),
            row(f"AdaptiveMaxPool{n}d", 3, return_indices=True, shape=shape),
            row(f"LPPool{n}d", 2, 3, 2, ceil_mode=True, shape=shape),
            row(f"ConstantPad{n}d", 1, 3.5, shape=shape),
            row(f"ConstantPad{n}d", tuple(range(-1, 2 * n - 1)), 2, shape=unbatched),
            row(f"ZeroPad{n}d", 2, shape=shape),
            row(f"ReflectionPad{n}d", 2, shape=shape),
            row(f"ReplicationPad{n}d", tuple(range(2 * n)), shape=unbatched),
            row(f"CircularPad{n}d", 2, shape=shape),
            Row(
                f"MaxUnpool{n}d",
                lambda nn, n=n: getattr(nn, f"MaxUnpool{n}d")(2),
                pooled(n, 6),
            ),
        ]
    found += [
        row("FractionalMaxPool2d", 2, output_size=3, shape=images[2]),
        row("FractionalMaxPool2d", (2, 3), output_ratio=(0.5, 0.4), shape=images[2]),
        row("FractionalMaxPool3d", 2, output_ratio=0.5, return_indices=True, shape=images[3]),
        row("Unfold", (2, 3), 1, (1, 0), 2, shape=images[2]),
        row("Fold", (4, 5), (2, 3), padding=1, shape=(2, 12, 25)),
        row("PixelShuffle", 2, shape=(2, 8, 3, 4)),
        row("PixelUnshuffle", 2, shape=(2, 3, 4, 6)),
        row("ChannelShuffle", 3, shape=(2, 6, 3, 4)),
        row("Upsample", scale_factor=2, shape=images[1]),
        row("Upsample", (5, 4), mode="bicubic", align_corners=False, shape=images[2]),
        row("Upsample", None, (1.5, 2), "bilinear", None, True, shape=images[2]),
        row("UpsamplingNearest2d", 11, shape=images[2]),
        row("UpsamplingBilinear2d", None, 2, shape=images[2]),
        *tables(),
        *attentions(),
        *transformers(),
        *lazies(),
        *recurrent(),
        *losses(),
    ]
    return found


def tables() -> list[Row]:
    def words(torch: Any) -> tuple[Any, ...]:
        return (torch.randint(0, 7, (4, 5)),)

    def bags(torch: Any) -> tuple[Any, ...]:
        return torch.randint(0, 7, (9,)), torch.tensor([0, 2, 2, 5, 9])

    def bag(nn: Any) -> Any:
        return nn.EmbeddingBag(7, 3, include_last_offset=True, mode="max", padding_idx=-1)

    return [
        Row("Embedding", lambda nn: nn.Embedding(7, 3), words),
        Row("Embedding", lambda nn: nn.Embedding(7, 3, -2, 1.5, 1.0, True), words),
        Row("EmbeddingBag", lambda nn: nn.EmbeddingBag(7, 3), words),
        Row("EmbeddingBag", bag, bags),
    ]


def attentions() -> list[Row]:
    def itself(torch: Any) -> tuple[Any, ...]:
        x = torch.randn(3, 5, 8)
        return x, x, x

    def other(torch: Any) -> tuple[Any, ...]:
        return torch.randn(5, 3, 8), torch.randn(4, 3, 6), torch.randn(4, 3, 7)

    def masked(torch: Any) -> tuple[Any, ...]:
        x, padding = torch.randn(3, 5, 8), torch.zeros(3, 5, dtype=torch.bool)
        padding[0, 3:] = True
        return x, x, x, padding, True, torch.ones(5, 5).triu(1).bool(), False

    def alone(torch: Any) -> tuple[Any, ...]:
        x = torch.randn(5, 8)
        return x, x, x, None, False

    return [
        Row("MultiheadAttention", lambda nn: nn.MultiheadAttention(8, 2, batch_first=True), itself),
        Row(
            "MultiheadAttention",
            lambda nn: nn.MultiheadAttention(8, 4, kdim=6, vdim=7, add_bias_kv=True),
            other,
        ),
        Row(
            "MultiheadAttention",
            lambda nn: nn.MultiheadAttention(8, 2, bias=False, batch_first=True),
            masked,
        ),
        Row(
            "MultiheadAttention",
            lambda nn: nn.MultiheadAttention(8, 2, add_zero_attn=True, batch_first=True),
            alone,
        ),
    ]


def transformers() -> list[Row]:
    def padding(torch: Any, length: int) -> Any:
        mask = torch.zeros(3, length, dtype=torch.bool)
        mask[1, length - 2 :] = True
        return mask

    def causal(torch: Any, size: int) -> Any:
        return torch.nn.Transformer.generate_square_subsequent_mask(size)

    def source(torch: Any) -> tuple[Any, ...]:
        return (torch.randn(3, 5, 8),)

    def masked(torch: Any) -> tuple[Any, ...]:
        return torch.randn(3, 5, 8), causal(torch, 5) < 0, padding(torch, 5)

    def hinted(torch: Any) -> tuple[Any, ...]:
        return torch.randn(5, 3, 8), causal(torch, 5), None, True

    def both(torch: Any) -> tuple[Any, ...]:
        return torch.randn(4, 3, 8), torch.randn(5, 3, 8), causal(torch, 4)

    def one(torch: Any) -> tuple[Any, ...]:
        return torch.randn(5, 8), torch.randn(4, 8)

    def whole(torch: Any) -> tuple[Any, ...]:
        masks = causal(torch, 5) < 0, causal(torch, 4) < 0, torch.zeros(4, 5, dtype=torch.bool)
        paddings = padding(torch, 5), padding(torch, 4), padding(torch, 5)
        return torch.randn(3, 5, 8), torch.randn(3, 4, 8), *masks, *paddings

    def layer(nn: Any, *args: Any, **options: Any) -> Any:
        return nn.TransformerEncoderLayer(8, 2, 16, *args, **options)

    def encoder(nn: Any) -> Any:
        made = layer(nn, 0.0, nn.GELU(), batch_first=True)
        return nn.TransformerEncoder(made, 2, nn.LayerNorm(8), False)

    def decoder(nn: Any) -> Any:
        made = nn.TransformerDecoderLayer(8, 2, 16, 0.1, "gelu", 0.1, norm_first=True, bias=False)
        return nn.TransformerDecoder(made, 2, nn.LayerNorm(8, bias=False))

    def sync(nn: Any) -> Any:
        return nn.SyncBatchNorm(3)

    made: list[tuple[str, Any, Any]] = [
        ("TransformerEncoderLayer", lambda nn: layer(nn), source),
        ("TransformerEncoderLayer", lambda nn: layer(nn, 0.1, "gelu", batch_first=True), masked),
        ("TransformerEncoderLayer", lambda nn: layer(nn, norm_first=True, bias=False), hinted),
        ("TransformerEncoder", encoder, masked),
        ("TransformerDecoderLayer", lambda nn: nn.TransformerDecoderLayer(8, 2, 16), both),
        ("TransformerDecoder", decoder, both),
        ("Transformer", lambda nn: nn.Transformer(8, 2, 2, 2, 16), one),
        ("Transformer", lambda nn: nn.Transformer(8, 2, 1, 2, 16, batch_first=True), whole),
        ("SyncBatchNorm", sync, lambda torch: (torch.randn(4, 3, 2, 2, 2),)),
    ]
    return [Row(*row) for row in made]


def lazies() -> list[Row]:
    return [
        row("LazyLinear", 4, shape=(3, 5)),
        row("LazyConv1d", 4, 3, bias=False, shape=(5, 9)),
        row("LazyConv2d", 4, (2, 3), 2, 1, groups=2, padding_mode="reflect", shape=(2, 6, 8, 8)),
        row("LazyConv3d", 4, 2, shape=(1, 3, 4, 4, 4)),
        row("LazyConvTranspose1d", 4, 3, shape=(2, 5, 6)),
        row("LazyConvTranspose2d", 4, 3, 2, 1, 1, 2, shape=(2, 6, 4, 4)),
        row("LazyConvTranspose3d", 4, 2, bias=False, shape=(2, 3, 2, 2, 2)),
        row("LazyBatchNorm1d", shape=(4, 3)),
        row("LazyBatchNorm2d", 0.1, None, bias=False, shape=(4, 3, 2, 2)),
        row("LazyBatchNorm3d", affine=False, shape=(4, 3, 2, 2, 2)),
        row("LazyInstanceNorm1d", shape=(4, 3, 5)),
        row("LazyInstanceNorm2d", affine=False, shape=(4, 3, 5, 5)),
        row("LazyInstanceNorm3d", track_running_stats=False, shape=(4, 3, 2, 2, 2)),
    ]


def recurrent() -> list[Row]:
    def packed(torch: Any) -> tuple[Any, ...]:
        pack = torch.nn.utils.rnn.pack_padded_sequence
        return (pack(torch.randn(4, 3, 5), [2, 4, 1], enforce_sorted=False),)

    def packed_with_states(torch: Any) -> tuple[Any, ...]:
        return packed(torch)[0], torch.randn(4, 3, 6)

    def states(torch: Any) -> tuple[Any, ...]:
        return torch.randn(4, 3, 5), (torch.randn(2, 3, 6), torch.randn(2, 3, 6))

    def projected(torch: Any) -> tuple[Any, ...]:
        return torch.randn(3, 4, 5), (torch.randn(2, 3, 2), torch.randn(2, 3, 6))

    def cell(torch: Any) -> tuple[Any, ...]:
        return torch.randn(3, 5), torch.randn(3, 6)

    found = []
    for name in ("RNN", "LSTM", "GRU"):
        found += [
            row(name, 5, 6, shape=(4, 3, 5)),
            row(name, 5, 6, 2, bias=False, batch_first=True, shape=(3, 4, 5)),
            row(name, 5, 6, bidirectional=True, batch_first=True, shape=(4, 5)),
            row(name, 5, 6, 3, dropout=0.4, shape=(4, 3, 5)),
            row(name, 5, 6, shape=(4, 0, 5)),
            Row(name, lambda nn, n=name: getattr(nn, n)(5, 6, 2, bidirectional=True), packed),
            row(f"{name}Cell", 5, 6, shape=(3, 5)),
            row(f"{name}Cell", 5, 6, bias=False, shape=(5,)),
        ]
    return [
        *found,
        row("RNN", 5, 6, 2, "relu", dropout=0.2, shape=(4, 3, 5)),
        row("RNNCell", 5, 6, nonlinearity="relu", shape=(3, 5)),
        Row("GRU", lambda nn: nn.GRU(5, 6, 2, bidirectional=True), packed_with_states),
        Row("LSTM", lambda nn: nn.LSTM(5, 6, 2), states),
        Row("LSTM", lambda nn: nn.LSTM(5, 6, 2, proj_size=2, batch_first=True), projected),
        Row("LSTM", lambda nn: nn.LSTM(5, 6, bidirectional=True, proj_size=2), packed),
        Row("RNNCell", lambda nn: nn.RNNCell(5, 6), cell),
        Row("GRUCell", lambda nn: nn.GRUCell(5, 6), cell),
    ]


def losses() -> list[Row]:
    def sequences(torch: Any) -> tuple[Any, ...]:
        log_probs = torch.randn(12, 3, 5).log_softmax(2)
        return log_probs, torch.randint(2, 5, (3, 4)), (12, 10, 8), (4, 2, 3)

    def classes(torch: Any) -> tuple[Any, ...]:
        return torch.randn(6, 8), torch.tensor([0, 19, 5, 11, 4, 3])

    def one(torch: Any) -> tuple[Any, ...]:
        return torch.randn(8), torch.tensor(13)

    def several(torch: Any) -> tuple[Any, ...]:
        return torch.randn(6, 8), torch.randint(0, 5, (6, 2, 3))

    return [
        Row("CTCLoss", lambda nn: nn.CTCLoss(), sequences),
        Row("CTCLoss", lambda nn: nn.CTCLoss(1, "none", True), sequences),
        Row(
            "AdaptiveLogSoftmaxWithLoss",
            lambda nn: nn.AdaptiveLogSoftmaxWithLoss(8, 20, [5, 12], 2.0),
            classes,
        ),
        Row(
            "AdaptiveLogSoftmaxWithLoss",
            lambda nn: nn.AdaptiveLogSoftmaxWithLoss(8, 20, [5, 12], head_bias=True),
            one,
        ),
        Row("LinearCrossEntropyLoss", lambda nn: nn.LinearCrossEntropyLoss(8, 20), classes),
        *[
            Row(
                "LinearCrossEntropyLoss",
                lambda nn, reduction=reduction: nn.LinearCrossEntropyLoss(
                    8,
                    20,
                    bias=True,
                    ignore_index=5,
                    reduction=reduction,
                    options=nn.LinearCrossEntropyOptions(True, 4),
                ),
                classes,
            )
            for reduction in ("mean", "sum", "none")
        ],
        Row(
            "LinearCrossEntropyLoss",
            lambda nn: nn.LinearCrossEntropyLoss(
                8, 5, out_features=(2, 3), bias=True, label_smoothing=0.1
            ),
            several,
        ),
    ]
