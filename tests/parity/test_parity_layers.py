"""Layers against PyTorch's: what they print, their parameters, results, gradients and errors."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import torch

import rushlight
from layer_rows import Row, rows

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
    results = list(called) if isinstance(called, (tuple, list)) else [called]
    results = [result for result in results if result is not None]
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
