"""Recurrent layers: their states, the ways to call them, and packed sequences."""

from __future__ import annotations

import copy
import warnings

import numpy as np
import pytest

import rushlight as torch
from rushlight import nn
from rushlight.nn.utils.rnn import (
    PackedSequence,
    invert_permutation,
    pack_padded_sequence,
    pack_sequence,
    pad_packed_sequence,
    pad_sequence,
    unpack_sequence,
    unpad_sequence,
)

LAYERS = (nn.RNN, nn.LSTM, nn.GRU)
CELLS = {nn.RNN: nn.RNNCell, nn.LSTM: nn.LSTMCell, nn.GRU: nn.GRUCell}


def states_of(hidden):
    return hidden if isinstance(hidden, tuple) else (hidden,)


def assert_close(found, expected, tolerance=1e-5):
    assert found.shape == expected.shape
    np.testing.assert_allclose(found.detach(), expected.detach(), tolerance, tolerance)


def assert_same(found, expected, tolerance=1e-6):
    assert len(found) == len(expected)
    for a, b in zip(found, expected, strict=True):
        assert_close(a, b, tolerance)


@pytest.mark.parametrize("kind", LAYERS)
def test_a_layer_is_its_cell_step_by_step(kind):
    torch.manual_seed(0)
    layer, cell = kind(4, 33), CELLS[kind](4, 33)
    cell.load_state_dict({n[:-3]: value for n, value in layer.state_dict().items()})
    x = torch.randn(6, 3, 4)
    output, last = layer(x)
    state = None
    for t in range(6):
        state = cell(x[t], state)
        assert_close(states_of(state)[0], output[t])
    assert_same([s.squeeze(0) for s in states_of(last)], states_of(state), 1e-5)


@pytest.mark.parametrize("kind", LAYERS)
def test_a_sequence_goes_on_where_it_ended(kind):
    torch.manual_seed(0)
    layer, x = kind(4, 5, 2), torch.randn(6, 3, 4)
    whole, last = layer(x)
    first, between = layer(x[:2])
    second, end = layer(x[2:], between)
    assert_same([torch.cat((first, second)), *states_of(end)], [whole, *states_of(last)])


@pytest.mark.parametrize("options", [{}, {"bidirectional": True}, {"num_layers": 2}])
@pytest.mark.parametrize("kind", LAYERS)
def test_packed_sequences_are_each_by_itself(kind, options):
    torch.manual_seed(0)
    layer = kind(4, 5, **options)
    sequences = [torch.randn(n, 4, requires_grad=True) for n in (2, 5, 1, 5)]
    packed, last = layer(pack_sequence(sequences, enforce_sorted=False))
    outputs = unpack_sequence(packed)
    sum((o * o).sum() for o in outputs).backward()
    found = [p.grad.clone() for p in layer.parameters()] + [s.grad.clone() for s in sequences]
    layer.zero_grad()
    for number, sequence in enumerate(sequences):
        sequence.grad = None
        output, alone = layer(sequence)
        assert_close(outputs[number], output)
        assert_same([s[:, number] for s in states_of(last)], states_of(alone), 1e-5)
        (output * output).sum().backward()
    expected = [p.grad for p in layer.parameters()] + [s.grad for s in sequences]
    assert_same(found, expected, 1e-4)


def test_states_of_packed_sequences_stand_in_the_callers_order():
    torch.manual_seed(0)
    layer, h = nn.GRU(4, 5), torch.randn(1, 3, 5)
    sequences = [torch.randn(n, 4) for n in (1, 3, 2)]
    _, last = layer(pack_sequence(sequences, enforce_sorted=False), h)
    for number, sequence in enumerate(sequences):
        _, alone = layer(sequence, h[:, number])
        assert_close(last[:, number], alone)


@pytest.mark.parametrize("kind", LAYERS)
def test_gradients_are_those_of_the_steps_in_double_precision(kind):
    torch.manual_seed(0)
    layer = kind(3, 33, 2, bidirectional=True)
    double = copy.deepcopy(layer).double()
    x = torch.randn(5, 9, 3)
    for made in (layer, double):
        inputs = x.to(made.weight_ih_l0.dtype)
        output, last = made(inputs)
        sum((t * t).sum() for t in (output, *states_of(last))).backward()
    for ours, exact in zip(layer.parameters(), double.parameters(), strict=True):
        assert_close(ours.grad.double(), exact.grad, 1e-3)


@pytest.mark.parametrize("kind", LAYERS)
def test_weights_that_are_replaced_are_used(kind):
    layer = kind(2, 3)
    assert [len(part) for part in layer.all_weights] == [4]
    assert layer.all_weights[0][0] is layer.weight_ih_l0 is layer._flat_weights[0]
    layer.weight_ih_l0 = nn.Parameter(torch.zeros_like(layer.weight_ih_l0))
    one, other = torch.ones(2, 1, 2), torch.zeros(2, 1, 2)
    assert torch.equal(layer(one)[0], layer(other)[0])
    changed = {n: torch.zeros_like(p) for n, p in layer.named_parameters()}
    output, _ = torch.func.functional_call(layer, changed, (one,))
    assert not output.any()
    assert layer.flatten_parameters() is None


def test_dropout_is_between_layers_in_training():
    layer, x = nn.LSTM(4, 8, 2, dropout=0.5), torch.randn(3, 2, 4)
    assert not torch.equal(layer(x)[0], layer(x)[0])
    layer.eval()
    assert torch.equal(layer(x)[0], layer(x)[0])
    with pytest.warns(UserWarning, match="dropout option adds dropout after all but last"):
        nn.LSTM(4, 8, dropout=0.5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nn.LSTM(4, 8, 2, dropout=0.5)


def test_an_error_names_the_layer():
    net = nn.ModuleDict({"encoder": nn.LSTM(4, 5)})
    net.forward = lambda x: net.encoder(x)
    with pytest.raises(RuntimeError, match=r"Expected 4, got 3 .*\(in ModuleDict.encoder\)"):
        net(torch.ones(2, 1, 3))
    with pytest.raises(RuntimeError, match="did you forget batch_first=True"):
        pack_padded_sequence(torch.ones(2, 5, 1), [5, 3, 1, 1, 1])
    with pytest.raises(TypeError, match="invalid combination of arguments"):
        torch.gru(torch.ones(2, 1, 3), torch.ones(1, 1, 5))


@pytest.mark.parametrize("kind", LAYERS)
def test_a_recorded_layer(kind):
    torch.manual_seed(0)
    layer, x = kind(4, 5, 2), torch.randn(3, 2, 4)

    def step(x):
        output, last = layer(x)
        return output, *states_of(last)

    compiled = torch.compile(step, fullgraph=True)
    for scale in (1.0, 2.0, 3.0):
        assert_same(compiled(x * scale), step(x * scale))


def test_a_step_of_training_that_is_recorded_learns_as_without():
    def losses(wrap):
        torch.manual_seed(0)
        layer = nn.LSTM(4, 5, 2)
        optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)

        def step(x):
            optimizer.zero_grad()
            loss = layer(x)[0].square().sum()
            loss.backward()
            optimizer.step()
            return loss

        step = wrap(step)
        return [step(torch.randn(3, 2, 4)).item() for _ in range(4)]

    assert losses(torch.compile) == losses(lambda step: step)


def test_complex_numbers():
    torch.manual_seed(0)
    layer = nn.GRU(2, 3, dtype=torch.complex64)
    output, last = layer(torch.randn(4, 1, 2, dtype=torch.complex64))
    output.abs().sum().backward()
    assert output.dtype == last.dtype == layer.weight_hh_l0.grad.dtype == torch.complex64


# ---- packed sequences


def test_packing_and_back():
    padded = torch.arange(1.0, 13.0).reshape(3, 4)
    packed = pack_padded_sequence(padded, [2, 4, 1], batch_first=True, enforce_sorted=False)
    assert packed.data.tolist() == [5, 1, 9, 6, 2, 7, 8]
    assert packed.batch_sizes.tolist() == [3, 2, 1, 1]
    assert packed.sorted_indices.tolist() == [1, 0, 2] == packed.unsorted_indices.tolist()
    back, lengths = pad_packed_sequence(packed, True, -1.0, total_length=5)
    assert back.tolist() == [[1, 2, -1, -1, -1], [5, 6, 7, 8, -1], [9, -1, -1, -1, -1]]
    assert lengths.tolist() == [2, 4, 1]
    assert [one.tolist() for one in unpack_sequence(packed)] == [[1, 2], [5, 6, 7, 8], [9]]


def test_gradients_of_packing_reach_what_is_no_padding():
    padded = torch.ones(4, 2, 3, requires_grad=True)
    packed = pack_padded_sequence(padded, torch.tensor([4, 1]))
    pad_packed_sequence(packed)[0].sum().backward()
    assert padded.grad[:, 0].eq(1).all() and padded.grad[0, 1].eq(1).all()
    assert not padded.grad[1:, 1].any()


def test_padding():
    sequences = [torch.tensor([1, 2, 3]), torch.tensor([4])]
    assert pad_sequence(sequences).tolist() == [[1, 4], [2, 0], [3, 0]]
    assert pad_sequence(sequences, True, 9, "left").tolist() == [[1, 2, 3], [9, 9, 4]]
    assert pad_sequence(sequences).is_contiguous()
    padded = torch.tensor([[1, 4], [2, 0], [3, 0]])
    found = unpad_sequence(padded, torch.tensor([3, 1]))
    assert [one.tolist() for one in found] == [[1, 2, 3], [4]] and padded.shape == (3, 2)
    mixed = [torch.ones(2, 3), torch.ones(1, 3, dtype=torch.float64)]
    assert pad_sequence(mixed).dtype == torch.float32


def test_what_a_packed_sequence_is():
    packed = pack_sequence([torch.tensor([1.0, 2.0]), torch.tensor([3.0])], enforce_sorted=False)
    data, sizes, order, back = packed
    assert packed.data is data and isinstance(packed, tuple)
    assert packed.double().data.dtype == torch.float64 == packed.to(torch.float64).data.dtype
    assert packed.to(torch.float32) is packed and packed.cpu() is packed
    assert packed.to("meta").unsorted_indices.device.type == "meta"
    kinds = ("half", "long", "int", "short", "char", "byte")
    dtypes = ("float16", "int64", "int32", "int16", "int8", "uint8")
    for kind, dtype in zip(kinds, dtypes, strict=True):
        assert getattr(packed, kind)().data.dtype == getattr(torch, dtype)
    assert not packed.is_cuda and not packed.is_pinned()
    again = PackedSequence((data, sizes), sorted_indices=order)
    assert again.unsorted_indices.tolist() == back.tolist() == [0, 1]
    assert invert_permutation(torch.tensor([1, 2, 0])).tolist() == [2, 0, 1]
    with pytest.raises(ValueError, match="batch_sizes should always be on CPU"):
        PackedSequence(data, sizes.to("meta"))
