"""Stacks of recurrent layers, and single steps of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..autocast_state import casts
from ..autocast_state import state as autocast
from ..errors import OperationError
from ..tensor import Tensor
from .declare import operation
from .dropout import dropout as drop
from .joining import cat, stack
from .matmul import linear
from .recurrent_layer import (
    GRULayer,
    LSTMLayer,
    RNNReluLayer,
    RNNTanhLayer,
    going_on,
    times,
)
from .signatures import signature_of


@operation(method=False, autocast="lower")
def lstm(input: Tensor, *arguments: Any, **named: Any) -> tuple[Tensor, Tensor, Tensor]:
    """Layers of long short-term memory (Hochreiter, Schmidhuber 1997): see `nn.LSTM`.

    `lstm(input, hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first)`:
    the input is (T, N, I), or (N, T, I) with `batch_first`; `hx` is the first h and c, each
    (layers * directions, N, H). `params` are the weights and biases of each layer and direction:
    (4 H, I), (4 H, H), (4 H), (4 H), the gates in the order i, f, g, o; a fifth (P, H) where the
    states h are projected to P. `lstm(data, batch_sizes, hx, params, has_biases, num_layers,
    dropout, train, bidirectional)` takes a packed sequence. The results are the outputs, and the
    last h and c.

    >>> import rushlight as torch
    >>> layer, x, state = torch.nn.LSTM(3, 2), torch.randn(5, 1, 3), torch.zeros(1, 1, 2)
    >>> output, h, c = torch.lstm(
    ...     x, (state, state), layer._flat_weights, True, 1, 0.0, False, False, False)
    >>> output.shape, h.shape, c.shape
    (torch.Size([5, 1, 2]), torch.Size([1, 1, 2]), torch.Size([1, 1, 2]))
    """
    return _stack(LSTMLayer, input, _read("lstm", arguments, named))


@operation(method=False)
def gru(input: Tensor, *arguments: Any, **named: Any) -> tuple[Tensor, Tensor]:
    """Layers of gated recurrent units (Cho et al. 2014): see `nn.GRU`.

    The arguments are those of `lstm`, but `hx` is the first h alone, and so are the results. The
    gates are in the order r, z, n.

    >>> import rushlight as torch
    >>> layer, x = torch.nn.GRU(3, 2), torch.randn(5, 1, 3)
    >>> output, h = torch.gru(
    ...     x, torch.zeros(1, 1, 2), layer._flat_weights, True, 1, 0.0, False, False, False)
    >>> torch.equal(output, layer(x)[0])
    True
    """
    return _stack(GRULayer, input, _read("gru", arguments, named))


@operation(method=False, autocast="lower")
def rnn_tanh(input: Tensor, *arguments: Any, **named: Any) -> tuple[Tensor, Tensor]:
    """Layers of h = tanh(W_ih x + b_ih + W_hh h + b_hh) (Elman 1990): see `nn.RNN` and `gru`.

    >>> import rushlight as torch
    >>> layer, x = torch.nn.RNN(3, 2), torch.randn(5, 1, 3)
    >>> output, h = torch.rnn_tanh(
    ...     x, torch.zeros(1, 1, 2), layer._flat_weights, True, 1, 0.0, False, False, False)
    >>> torch.equal(output, layer(x)[0])
    True
    """
    return _stack(RNNTanhLayer, input, _read("rnn_tanh", arguments, named))


@operation(method=False, autocast="lower")
def rnn_relu(input: Tensor, *arguments: Any, **named: Any) -> tuple[Tensor, Tensor]:
    """Layers of h = relu(W_ih x + b_ih + W_hh h + b_hh): see `nn.RNN` and `gru`.

    >>> import rushlight as torch
    >>> layer, x = torch.nn.RNN(3, 2, nonlinearity="relu"), torch.randn(5, 1, 3)
    >>> output, h = torch.rnn_relu(
    ...     x, torch.zeros(1, 1, 2), layer._flat_weights, True, 1, 0.0, False, False, False)
    >>> torch.equal(output, layer(x)[0])
    True
    """
    return _stack(RNNReluLayer, input, _read("rnn_relu", arguments, named))


_OPTIONS = ("hx", "params", "has_biases", "num_layers", "dropout", "train", "bidirectional")


def _read(name: str, given: tuple[Any, ...], named: dict[str, Any]) -> dict[str, Any]:
    """The arguments behind the input by their names: of a packed sequence, or of a padded one."""
    # What follows a sequence's batch sizes is a state, what follows a state is a list of weights.
    packed = (
        "batch_sizes" in named
        or bool(given)
        and isinstance(given[0], Tensor)
        and (name == "lstm" or len(given) > 1 and isinstance(given[1], Tensor))
    )
    names = ("batch_sizes", *_OPTIONS) if packed else (*_OPTIONS, "batch_first")
    found = {**dict(zip(names, given, strict=False)), **named}
    if len(given) > len(names) or set(found) != set(names):
        raise TypeError(
            f"{name}() received an invalid combination of arguments; it takes (input, "
            f"{', '.join((*_OPTIONS, 'batch_first'))}) or (data, batch_sizes, "
            f"{', '.join(_OPTIONS)})"
        )
    return found


def _stack(layer: Any, input: Tensor, found: dict[str, Any]) -> Any:
    """The outputs of the last layer, and the last states of all."""
    name = layer.operation_name
    states = found["hx"] if layer.states == 2 else (found["hx"],)
    if len(states) != layer.states:
        raise OperationError(f"{name}: {name} expects two hidden states, got {len(states)}")
    input, found["params"] = _cast_alike(input, states[0], found["params"])
    one = layer.of(input)
    turned, batch_sizes = found.get("batch_first"), found.get("batch_sizes")
    x = input.transpose(0, 1) if turned else input
    if batch_sizes is None:
        sizes = _whole_sizes(name, x)
        length, batch, width = x.array.shape
        x = x.reshape(length * batch, width)
    else:
        sizes = _packed_sizes(name, x, batch_sizes)
    weights = _layers(layer, x, states, sizes[0], found)
    directions = 2 if found["bidirectional"] else 1
    last: list[list[Tensor]] = [[] for _ in states]
    for first in range(0, len(weights), directions):
        if first and found["train"] and found["dropout"]:
            x = drop(x, found["dropout"])
        outputs = []
        for number in range(first, first + directions):
            parameters = weights[number]
            run = _projected if len(parameters) == 5 else one
            initial = [s[number] for s in states]
            output, *after = run(x, *initial, *parameters, sizes, number > first)
            outputs.append(output)
            for collected, value in zip(last, after, strict=True):
                collected.append(value)
        x = outputs[0] if directions == 1 else cat(outputs, 1)
    if batch_sizes is None:
        x = x.reshape(length, batch, x.array.shape[1])
    return x.transpose(0, 1) if turned else x, *[stack(values) for values in last]


def _cast_alike(x: Tensor, state: Tensor, params: Sequence[Tensor]) -> tuple[Tensor, Any]:
    """Within autocast the input and the parameters in the dtype of the states, else as they are."""
    if not casts or not autocast.enabled.get(x.device.type) or not isinstance(state, Tensor):
        return x, params
    return x.to(state.dtype), [p if p is None else p.to(state.dtype) for p in params]


def _whole_sizes(name: str, x: Tensor) -> tuple[int, ...]:
    shape = x.array.shape
    if len(shape) != 3:
        raise OperationError(
            f"{name}: input must have 3 dimensions, got {len(shape)} (shape {tuple(shape)}); for "
            "one sequence alone use input.unsqueeze(1)"
        )
    if shape[0] == 0:
        raise OperationError(f"{name}: Expected sequence length to be larger than 0 in RNN")
    return (shape[1],) * shape[0]


def _packed_sizes(name: str, x: Tensor, batch_sizes: Tensor) -> tuple[int, ...]:
    sizes = tuple(batch_sizes.tolist())
    if x.array.ndim != 2:
        raise OperationError(
            f"{name}: input must have 2 dimensions where it is packed, got {x.array.ndim} (shape "
            f"{tuple(x.array.shape)})"
        )
    ordered = all(a >= b for a, b in zip(sizes, sizes[1:], strict=False))
    if not sizes or sizes[-1] < 0 or not ordered or sum(sizes) != x.array.shape[0]:
        raise OperationError(
            f"{name}: batch_sizes must not grow, and sum up to the {x.array.shape[0]} rows of the "
            f"packed data, got {list(sizes)}; make packed sequences by pack_padded_sequence"
        )
    return sizes


def _layers(
    layer: Any, x: Tensor, states: Sequence[Tensor], batch: int, found: dict[str, Any]
) -> list[tuple[Any, ...]]:
    """The weights and biases of each layer and direction, checked against the input and states."""
    name, params = layer.operation_name, list(found["params"])
    projects = layer.states == 2 and states[0].array.shape[-1:] != states[1].array.shape[-1:]
    stride = (4 if found["has_biases"] else 2) + projects
    directions = 2 if found["bidirectional"] else 1
    count = found["num_layers"] * directions
    if count <= 0 or len(params) != stride * count:
        raise OperationError(
            f"{name}: got an incorrect number of RNN parameters: {len(params)}, where {count} "
            f"layers and directions take {stride} each"
        )
    result = []
    width = x.array.shape[1]
    for number in range(count):
        given = params[number * stride : (number + 1) * stride]
        biases = given[2:4] if found["has_biases"] else (None, None)
        parameters = (*given[:2], *biases, *given[stride - 1 :][: int(projects)])
        check_parameters(layer, x, width, parameters)
        result.append(parameters)
        if number % directions == directions - 1:
            width = parameters[4 if projects else 1].array.shape[0 if projects else 1] * directions
    hidden = params[1].array.shape[1]
    sizes = (hidden, params[stride - 1].array.shape[1] if projects else hidden)
    for i, (value, size) in enumerate(zip(states, sizes, strict=False)):
        _check_state(name, i, value, (count, batch, size), x)
    return result


def _check_state(name: str, number: int, value: Tensor, shape: Any, x: Tensor) -> None:
    check_same_dtype(name, x, value)
    if value.array.shape != shape:
        raise OperationError(
            f"{name}: Expected hidden{'' if name != 'lstm' else f'[{number}]'} size {shape}, got "
            f"{list(value.array.shape)}; it is (layers * directions, batch, hidden)"
        )


def check_parameters(layer: Any, x: Tensor, width: int, parameters: Any) -> None:
    """Whether the weights of a layer fit each other, and rows of `width`."""
    name, gates = layer.operation_name, {"lstm": 4, "gru": 3}.get(layer.operation_name, 1)
    weight_ih, weight_hh, *others = parameters
    shapes = [p.array.shape for p in parameters if p is not None]
    rows = shapes[0][0] if shapes[0] else 0
    units = rows // gates
    hidden = others[2].array.shape[0] if len(others) == 3 else units
    if len(shapes[0]) != 2 or shapes[0][1] != width:
        raise OperationError(
            f"{name}: input has inconsistent input_size: got {width} expected "
            f"{shapes[0][-1] if shapes[0] else 'none'} (weight_ih is {tuple(shapes[0])})"
        )
    wanted = [(gates * units, hidden), *[(gates * units,) for o in others[:2] if o is not None]]
    if len(others) == 3:
        wanted.append((hidden, units))
    if rows % gates or shapes[1:] != wanted:
        raise OperationError(
            f"{name}: weights and biases of {units} units must have sizes "
            f"{[(rows, width), *wanted]}, got {[tuple(shape) for shape in shapes]}"
        )
    check_same_dtype(name, x, *parameters)


def check_same_dtype(name: str, x: Tensor, *others: Tensor | None) -> None:
    for other in others:
        if other is not None and other.array.dtype != x.array.dtype:
            raise OperationError(
                f"{name}: input, states and weights must have the same dtype, but got {x.dtype} "
                f"and {other.dtype}; convert with .to()"
            )


def _projected(x: Tensor, h: Tensor, c: Tensor, *rest: Any) -> tuple[Tensor, Tensor, Tensor]:
    """A layer of long short-term memory whose states h are projected: time by time."""
    weight_ih, weight_hh, bias_ih, bias_hh, projection, batch_sizes, reverse = rest
    one, outputs = LSTMLayer.of(x), []
    for end, count in times(batch_sizes, reverse):
        parameters = (weight_ih, weight_hh, bias_ih, bias_hh, (count,), False)
        output, _, cell = one(x[end - count : end], h[:count], c[:count], *parameters)
        outputs.append(linear(output, projection))
        h, c = going_on(outputs[-1], h), going_on(cell, c)
    return cat(outputs[::-1] if reverse else outputs), h, c


# ---- single steps


def _cell(
    layer: Any, /, input: Tensor, hx: Tensor, w_ih: Tensor, w_hh: Tensor,
    b_ih: Tensor | None = None, b_hh: Tensor | None = None,
) -> Tensor:  # fmt: skip
    return _step(layer, input, (hx,), w_ih, w_hh, b_ih, b_hh)[0]


@operation(method=False)
def lstm_cell(
    input: Tensor, hx: Sequence[Tensor], w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None,
    b_hh: Tensor | None = None,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """One step of `lstm`: (h, c) after it, for an input (N, I) and states (N, H).

    >>> import rushlight as torch
    >>> x, h, c = torch.ones(1, 1), torch.zeros(1, 1), torch.zeros(1, 1)
    >>> torch.lstm_cell(x, (h, c), torch.ones(4, 1), torch.ones(4, 1))
    (tensor([[0.3696]]), tensor([[0.5568]]))
    """
    if len(hx) != 2:
        raise OperationError(f"lstm_cell: lstm_cell expects two hidden states, got {len(hx)}")
    output, _, cell = _step(LSTMLayer, input, hx, w_ih, w_hh, b_ih, b_hh)
    return output, cell


@operation(method=False)
@signature_of(_cell)
def gru_cell(*arguments: Any) -> Tensor:
    """One step of `gru`: the state after it, for an input (N, I) and a state (N, H).

    >>> import rushlight as torch
    >>> cell, x, h = torch.nn.GRUCell(3, 2), torch.randn(1, 3), torch.zeros(1, 2)
    >>> result = torch.gru_cell(x, h, cell.weight_ih, cell.weight_hh, cell.bias_ih, cell.bias_hh)
    >>> torch.equal(result, cell(x, h))
    True
    """
    return _cell(GRULayer, *arguments)


@operation(method=False, autocast="lower")
@signature_of(_cell)
def rnn_tanh_cell(*arguments: Any) -> Tensor:
    """One step of `rnn_tanh`: the state after it, for an input (N, I) and a state (N, H).

    >>> import rushlight as torch
    >>> x, h, weight = torch.tensor([[1.0]]), torch.tensor([[0.0]]), torch.tensor([[0.5]])
    >>> torch.rnn_tanh_cell(x, h, weight, weight)  # tanh(0.5)
    tensor([[0.4621]])
    """
    return _cell(RNNTanhLayer, *arguments)


@operation(method=False, autocast="lower")
@signature_of(_cell)
def rnn_relu_cell(*arguments: Any) -> Tensor:
    """One step of `rnn_relu`: the state after it, for an input (N, I) and a state (N, H).

    >>> import rushlight as torch
    >>> x, h, weight = torch.tensor([[1.0]]), torch.tensor([[2.0]]), torch.tensor([[3.0]])
    >>> torch.rnn_relu_cell(x, h, weight, weight)
    tensor([[9.]])
    """
    return _cell(RNNReluLayer, *arguments)


def _step(layer: Any, x: Tensor, states: Sequence[Tensor], *parameters: Any) -> Any:
    name = f"{layer.operation_name}_cell"
    x, parameters = _cast_alike(x, states[0], parameters)
    one, shape = layer.of(x), x.array.shape
    if len(shape) != 2:
        raise IndexError(
            f"{name}: Expected input to be 2D, (batch, features), got {len(shape)}D of shape "
            f"{tuple(shape)}; for one sample use input.unsqueeze(0)"
        )
    check_parameters(layer, x, shape[1], parameters)
    check_same_dtype(name, x, *states)
    units = parameters[1].array.shape[1]
    for i, value in enumerate(states):
        got = value.array.shape
        if got[:1] != shape[:1]:
            raise OperationError(
                f"{name}: Input batch size {shape[0]} doesn't match hidden{i} batch size "
                f"{got[0] if got else 'of none'}"
            )
        if got[1:] != (units,):
            raise OperationError(
                f"{name}: hidden{i} has inconsistent hidden_size: got {(*got, 0)[1]}, expected "
                f"{units} (it is {tuple(got)})"
            )
    return one(x, *states, *parameters, (shape[0],), False)
