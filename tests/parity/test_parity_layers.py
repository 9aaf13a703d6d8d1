"""Layers against PyTorch's: what they print, their parameters, results, gradients and errors."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import torch

import rushlight
from layer_rows import Row, flat, rows

ROWS = rows()


def run(torch: Any, row: Row) -> dict[str, Any]:
    """All that a layer shows of itself, as text and arrays."""
    torch.manual_seed(3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        layer = row.make(torch.nn)
        inputs = row.inputs(torch)
        torch.manual_seed(4)
        called = layer(*inputs)
    results = flat(called)
    parameters = list(layer.parameters())
    if parameters:
        results[0].sum().backward()
    return {
        "repr": repr(layer),
        "state": {name: value.numpy() for name, value in layer.state_dict().items()},
        "results": [result.detach().numpy() for result in results],
        "grads": [p.grad.numpy() for p in parameters if p.grad is not None],
    }


@pytest.mark.parametrize("row", ROWS, ids=[f"{i}-{row.name}" for i, row in enumerate(ROWS)])
def test_layer(row: Row) -> None:
    ours, theirs = run(rushlight, row), run(torch, row)
    assert ours["repr"] == theirs["repr"]
    assert list(ours["state"]) == list(theirs["state"])
    for name, value in ours["state"].items():
        np.testing.assert_allclose(value, theirs["state"][name], rtol=1e-6, atol=1e-7)
    for kind in ("results", "grads"):
        assert len(ours[kind]) == len(theirs[kind])
        for ours_one, theirs_one in zip(ours[kind], theirs[kind], strict=True):
            assert ours_one.dtype == theirs_one.dtype
            np.testing.assert_allclose(ours_one, theirs_one, rtol=2e-5, atol=2e-6)


RECURRENT = ("RNN", "LSTM", "GRU")


def packing(library: Any) -> Any:
    return library.nn.utils.rnn


WRONG = [
    lambda t: t.nn.FractionalMaxPool2d(2),
    lambda t: t.nn.FractionalMaxPool2d(2, 3, 0.5),
    lambda t: t.nn.FractionalMaxPool3d(0, 3),
    lambda t: t.nn.FractionalMaxPool3d(2, output_ratio=1.5),
    lambda t: t.nn.CircularPad1d(1)(t.ones(3)),
    lambda t: t.nn.ReflectionPad1d(3)(t.ones(1, 3)),
    lambda t: t.nn.Embedding(3, 2, padding_idx=3),
    lambda t: t.nn.EmbeddingBag(3, 2, padding_idx=-4),
    lambda t: t.nn.Embedding(3, 2, _weight=t.ones(2, 3)),
    lambda t: t.nn.Embedding.from_pretrained(t.ones(3)),
    lambda t: t.nn.Embedding(3, 2)(t.tensor([3])),
    *[lambda t, n=n: getattr(t.nn, n)(0, 4) for n in RECURRENT],
    *[lambda t, n=n: getattr(t.nn, n)(4, 0) for n in RECURRENT],
    *[lambda t, n=n: getattr(t.nn, n)(4, 5.0) for n in RECURRENT],
    *[lambda t, n=n: getattr(t.nn, n)(4, 5, 0) for n in RECURRENT],
    *[lambda t, n=n: getattr(t.nn, n)(4, 5, dropout=1.5) for n in RECURRENT],
    *[lambda t, n=n: getattr(t.nn, n)(4, 5, dropout=True) for n in RECURRENT],
    *[lambda t, n=n: getattr(t.nn, n)(4, 5, bias=1) for n in RECURRENT],
    *[lambda t, n=n: getattr(t.nn, n)(4, 5, batch_first=1) for n in RECURRENT],
    *[lambda t, n=n: getattr(t.nn, n)(4, 5, proj_size=5) for n in RECURRENT],
    *[lambda t, n=n: getattr(t.nn, n)(4, 5)(t.ones(3, 2, 6)) for n in RECURRENT],
    *[lambda t, n=n: getattr(t.nn, n)(4, 5)(t.ones(4)) for n in RECURRENT],
    *[lambda t, n=n: getattr(t.nn, n)(4, 5)(t.ones(0, 2, 4)) for n in RECURRENT],
    *[lambda t, n=n: getattr(t.nn, n)(4, 5)(t.ones(3, 2, 4).double()) for n in RECURRENT],
    *[lambda t, n=n: getattr(t.nn, n + "Cell")(4, 5)(t.ones(2, 6)) for n in RECURRENT],
    *[lambda t, n=n: getattr(t.nn, n + "Cell")(4, 5)(t.ones(2, 2, 4)) for n in RECURRENT],
    lambda t: t.nn.GRU(4, 5)(t.ones(3, 2, 4), t.ones(1, 3, 5)),
    lambda t: t.nn.GRU(4, 5)(t.ones(3, 2, 4), t.ones(2, 5)),
    lambda t: t.nn.GRU(4, 5)(t.ones(3, 4), t.ones(1, 1, 5)),
    lambda t: t.nn.RNN(4, 5)(t.ones(3, 4), t.ones(2, 5)),
    lambda t: t.nn.LSTM(4, 5)(t.ones(3, 2, 4), (t.ones(1, 2, 5), t.ones(1, 2, 4))),
    lambda t: t.nn.LSTM(4, 5)(t.ones(3, 2, 4), (t.ones(1, 2, 5), t.ones(2, 5))),
    lambda t: t.nn.RNN(4, 5, nonlinearity="sine"),
    lambda t: t.nn.RNNBase("SSM", 4, 5),
    lambda t: t.nn.GRUCell(4, 5)(t.ones(2, 4), t.ones(3, 5)),
    lambda t: t.nn.LSTMCell(4, 5)(t.ones(2, 4), (t.ones(2, 5), t.ones(2, 6))),
    lambda t: t.nn.LSTMCell(4, 5)(t.ones(2, 4), (t.ones(2, 2, 5), t.ones(2, 5))),
    lambda t: packing(t).pack_padded_sequence(t.ones(5, 3, 2), [1, 3, 5]),
    lambda t: packing(t).pack_padded_sequence(t.ones(5, 3, 2), [5, 3, 0]),
    lambda t: packing(t).pack_padded_sequence(t.ones(5, 3, 2), [5, 3, -1], enforce_sorted=False),
    lambda t: packing(t).pack_padded_sequence(t.ones(5, 3, 2), [5, 3]),
    lambda t: packing(t).pack_padded_sequence(t.ones(5, 3, 2), [5, 4, 3, 2]),
    lambda t: packing(t).pack_padded_sequence(t.ones(5, 3, 2), t.tensor([[5, 3, 1]])),
    lambda t: packing(t).pack_padded_sequence(t.ones(5, 0, 2), []),
    lambda t: packing(t).pack_padded_sequence(t.ones(5), [5]),
    lambda t: packing(t).pad_packed_sequence(
        packing(t).pack_sequence([t.ones(3), t.ones(2)]), total_length=2
    ),
    lambda t: packing(t).pad_sequence([]),
    lambda t: packing(t).pad_sequence(3),
    lambda t: packing(t).pad_sequence([t.ones(2), 1]),
    lambda t: packing(t).pad_sequence([t.tensor(1.0)]),
    lambda t: packing(t).pad_sequence([t.ones(2, 3), t.ones(3, 4)]),
    lambda t: packing(t).pad_sequence([t.ones(2)], padding_side="top"),
    lambda t: packing(t).pack_sequence([t.ones(1), t.ones(3)]),
    lambda t: packing(t).PackedSequence(t.ones(3)),
    lambda t: t.nn.MultiheadAttention(0, 1),
    lambda t: t.nn.MultiheadAttention(5, 2),
    lambda t: t.nn.AdaptiveLogSoftmaxWithLoss(8, 20, []),
    lambda t: t.nn.AdaptiveLogSoftmaxWithLoss(8, 20, [5, 20]),
    lambda t: t.nn.AdaptiveLogSoftmaxWithLoss(8, 20, [5, 5]),
    lambda t: t.nn.AdaptiveLogSoftmaxWithLoss(8, 20, [5])(t.ones(2, 8), t.tensor([1, 20])),
    lambda t: t.nn.AdaptiveLogSoftmaxWithLoss(8, 20, [5])(t.ones(2, 8), t.tensor([1])),
    lambda t: t.nn.AdaptiveLogSoftmaxWithLoss(8, 20, [5])(t.ones(2, 8), t.tensor(1)),
    lambda t: t.nn.LinearCrossEntropyLoss(3, 4, weight=t.ones(3)),
    lambda t: t.nn.LinearCrossEntropyLoss(3, 4, label_smoothing=2.0),
    lambda t: t.nn.LinearCrossEntropyOptions(batch_chunk_size=0),
    lambda t: t.nn.LinearCrossEntropyOptions(chunking_method="aspect_ratio:x"),
    lambda t: t.nn.LinearCrossEntropyOptions(acc_policy="best"),
    lambda t: t.nn.LinearCrossEntropyOptions(acc_dtype=t.int64),
    lambda t: t.nn.LinearCrossEntropyLoss(
        2, 9, options=t.nn.LinearCrossEntropyOptions(False, 3, "aspect_ratio")
    )(t.ones(8, 2), t.zeros(8, dtype=t.int64)),
]


@pytest.mark.parametrize("wrong", WRONG)
def test_errors(wrong: Any) -> None:
    with pytest.raises(Exception) as theirs:  # noqa: B017, PT011
        wrong(torch)
    with pytest.raises(theirs.type) as ours:
        wrong(rushlight)
    assert "\n" not in str(ours.value)
