"""Recurrent layers against PyTorch's: gradients of all inputs, files, packing, a training."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import rushlight
from layer_rows import flat

LIBRARIES = (rushlight, torch)
LAYERS = {
    "RNN": {}, "LSTM": {"bidirectional": True}, "GRU": {"num_layers": 2, "batch_first": True},
    "LSTM projected": {"proj_size": 3, "num_layers": 2},
}  # fmt: skip


def make(library: Any, name: str) -> Any:
    return getattr(library.nn, name.split()[0])(4, 5, **LAYERS[name])


def assert_close(ours: Any, theirs: Any, tolerance: float = 1e-5) -> None:
    np.testing.assert_allclose(
        ours.detach().numpy(), theirs.detach().numpy(), tolerance, tolerance
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", LAYERS)
def test_gradients_of_all_that_goes_in(name: str, dtype: str) -> None:
    found = []
    for library in LIBRARIES:
        library.manual_seed(2)
        layer = make(library, name).to(getattr(library, dtype))
        first = layer(library.randn(3, 2, 4, dtype=getattr(library, dtype)))[1]
        states = [s.detach().requires_grad_() for s in (first if "L" in name else (first,))]
        x = library.randn(3, 3, 4, dtype=getattr(library, dtype))[:, : states[0].shape[1]]
        x = (x if not layer.batch_first else x[: states[0].shape[1]]).requires_grad_()
        output, last = layer(x, tuple(states) if len(states) == 2 else states[0])
        results = [output, *(last if len(states) == 2 else (last,))]
        leaves = [x, *states, *layer.parameters()]
        gradients = library.autograd.grad(sum((r * r).sum() for r in results), leaves)
        found.append([*results, *gradients])
    for ours, theirs in zip(*found, strict=True):
        assert str(ours.dtype) == str(theirs.dtype)
        assert_close(ours, theirs, 1e-5 if dtype == "float32" else 1e-10)


@pytest.mark.parametrize("name", LAYERS)
def test_files_of_either_side(name: str, tmp_path: Any) -> None:
    for saving, loading in (LIBRARIES, LIBRARIES[::-1]):
        source, copy = make(saving, name), make(loading, name)
        saving.save(source.state_dict(), tmp_path / "state.pt")
        copy.load_state_dict(loading.load(tmp_path / "state.pt"))
        x = np.ones((3, 2, 4), np.float32)
        results = [made(lib.from_numpy(x))[0] for made, lib in ((source, saving), (copy, loading))]
        assert_close(*results)


@pytest.mark.parametrize("name", ["lstm", "gru", "rnn_tanh"])
def test_complex_numbers(name: str) -> None:
    gates = {"lstm": 4, "gru": 3, "rnn_tanh": 1}[name]
    found = []
    for library in LIBRARIES:
        random = np.random.default_rng(0)

        def tensor(*shape: int, library: Any = library, random: Any = random) -> Any:
            values = random.normal(size=(2, *shape)) / 3
            return library.from_numpy(values[0] + 1j * values[1]).requires_grad_()

        x, h, c = tensor(3, 2, 4), tensor(1, 2, 2), tensor(1, 2, 2)
        rows = gates * 2
        params = [tensor(rows, 4), tensor(rows, 2), tensor(rows), tensor(rows)]
        states = (h, c) if name == "lstm" else h
        results = getattr(library, name)(x, states, params, True, 1, 0.0, True, False, False)
        gradients = library.autograd.grad(results[0].abs().sum(), [x, h, *params])
        found.append([*results, *gradients])
    for ours, theirs in zip(*found, strict=True):
        assert_close(ours, theirs, 1e-9)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU", "RNNCell", "LSTMCell", "GRUCell"])
def test_autocast(name: str, dtype: str) -> None:
    found = []
    for library in LIBRARIES:
        library.manual_seed(0)
        layer = getattr(library.nn, name)(4, 5)
        x = library.randn(3, *((2,) if "Cell" not in name else ()), 4)
        with library.autocast("cpu"):
            called = flat(layer(x.to(getattr(library, dtype))))
        called[0].float().sum().backward()
        found.append([*called, *[p.grad for p in layer.parameters()]])
    for ours, theirs in zip(*found, strict=True):
        assert str(ours.dtype) == str(theirs.dtype)
        assert_close(ours.float(), theirs.float(), 0.03)


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("batch_first", [False, True])
def test_padding(batch_first: bool, side: str) -> None:
    padded = [
        library.nn.utils.rnn.pad_sequence(
            [library.arange(6.0).reshape(3, 2), library.ones(1, 2), library.zeros(0, 2)],
            batch_first, 7.0, side,
        )  # fmt: skip
        for library in LIBRARIES
    ]
    assert_close(*padded)
    assert padded[0].stride() == padded[1].stride()


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("lengths", [[4, 4, 2], [1, 3, 3], [2, 2, 2]])
def test_packing(lengths: list[int], batch_first: bool) -> None:
    found = []
    for library in LIBRARIES:
        packing = library.nn.utils.rnn
        x = library.arange(24.0).reshape(3, 4, 2).requires_grad_()
        given = x if batch_first else x.transpose(0, 1)
        packed = packing.pack_padded_sequence(given, lengths, batch_first, False)
        back, told = packing.pad_packed_sequence(packed, batch_first, -1.0, 6)
        (back * back).sum().backward()
        found.append((repr(packed.batch_sizes), packed.sorted_indices.tolist(), told.tolist()))
        found.append([packed.data, back, x.grad])
    assert found[0] == found[2]
    for ours, theirs in zip(found[1], found[3], strict=True):
        assert_close(ours, theirs)
    assert found[1][1].stride() == found[3][1].stride()


TEXT = (
    "It is a truth universally acknowledged, that a single man in possession of a good fortune, "
    "must be in want of a wife. However little known the feelings or views of such a man may be "
    "on his first entering a neighbourhood, this truth is so well fixed in the minds of the "
    "surrounding families, that he is considered the rightful property of some one or other of "
    "their daughters."
)


def train_on_characters(library: Any, steps: int) -> list[float]:
    """Losses of a network that guesses the next character."""
    characters = sorted(set(TEXT))
    codes = library.tensor([characters.index(c) for c in TEXT])
    library.manual_seed(0)
    nn = library.nn
    embedding = nn.Embedding(len(characters), 24)
    layers = nn.LSTM(24, 48, 2, dropout=0.1, batch_first=True)
    classifier = nn.Linear(48, len(characters))
    net = nn.ModuleList([embedding, layers, classifier])
    optimizer = library.optim.Adam(net.parameters(), lr=3e-3)
    losses = []
    for _ in range(steps):
        starts = library.randint(0, len(TEXT) - 33, (8,)).tolist()
        x = library.stack([codes[s : s + 32] for s in starts])
        y = library.stack([codes[s + 1 : s + 33] for s in starts])
        optimizer.zero_grad()
        scores = classifier(layers(embedding(x))[0])
        loss = nn.functional.cross_entropy(scores.flatten(0, 1), y.flatten())
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    return losses


@pytest.mark.slow
def test_losses_of_a_character_lstm() -> None:
    ours, theirs = (train_on_characters(library, 100) for library in LIBRARIES)
    np.testing.assert_allclose(ours, theirs, atol=1e-3, rtol=1e-3)
    assert theirs[-1] < theirs[0] - 0.5
