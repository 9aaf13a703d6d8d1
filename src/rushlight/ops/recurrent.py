"""Recurrent layers: the operation that is one direction of one, and stacks of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from ..autograd.operation import Operation
from ..categories import FLOATS, check_taken
from ..errors import OperationError
from ..grad_mode import enable_grad, state
from ..tensor import Tensor, wrap
from .activation import relu, sigmoid, tanh
from .declare import operation
from .dropout import dropout as drop
from .joining import cat, stack
from .matmul import LinearWeightGradient, Matmul, linear


class RecurrentLayer(Operation):
    """One direction of one layer: of the rows of all times their outputs, and the last states.

    The inputs are the rows, the first states, the weights of the input's and of the state's part of
    the gates, and the biases of both. A subclass says how many states there are.
    """

    batch_sizes: tuple[int, ...]
    reverse: bool

    states = 1
    adds_biases = True  # whether both are one sum, which the input's product takes
    steps = ""  # the kernel

    @classmethod
    def run(cls, kernels: Any, *inputs: Any) -> Any:
        """The kernel's results, for a subclass's `forward`."""
        x, *states, weight_ih, weight_hh, bias_ih, bias_hh, batch_sizes, reverse = inputs
        own = () if cls.adds_biases else (bias_hh,)
        if cls.adds_biases and bias_hh is not None:
            bias_ih = bias_hh if bias_ih is None else kernels.add(bias_ih, bias_hh)
        gates = kernels.linear(x, weight_ih, bias_ih)
        return cls.call(kernels, gates, *states, weight_hh, *own, batch_sizes, reverse)

    @classmethod
    def call(cls, kernels: Any, *inputs: Any) -> Any:
        return getattr(kernels, cls.steps)(*inputs)

    def setup_context(self, inputs: Any, output: Any) -> None:
        self.save(*inputs[:-2], *self.kept(output))

    def kept(self, output: Any) -> Any:
        """What of the kernel's results the backward needs, the states before each row last."""
        return output[1 + self.states :]

    def at_gates(self, gradients: Any, weight: Tensor, kept: Any) -> Any:
        """The gradients of both parts of the gates, and of the first states."""
        raise NotImplementedError

    def backward(self, *gradients: Tensor) -> Any:
        if state.enabled:
            return self.through_formula(gradients)
        x, *rest = self.saved_tensors
        weight_ih, weight_hh, bias_ih, bias_hh, *kept = rest[self.states :]
        kept = [value if isinstance(value, Tensor) else wrap(value) for value in kept]
        first = 1 + self.states  # the number of the first weight
        of_gates, of_own, of_states = self.at_gates(gradients, weight_hh, kept)
        before = kept[-1]
        of_weight_ih, of_bias_ih = self._of_parameters(of_gates, x, first, first + 2)
        of_weight_hh, of_bias_hh = self._of_parameters(of_own, before, first + 1, first + 3)
        of_x = Matmul.apply(of_gates, weight_ih) if self.needs(0) else None
        return of_x, *of_states, of_weight_ih, of_weight_hh, of_bias_ih, of_bias_hh

    def _of_parameters(self, of_gates: Tensor, x: Tensor, weight: int, bias: int) -> Any:
        """The gradients of a weight and a bias, by their numbers among the inputs."""
        if self.needs(weight):
            result = LinearWeightGradient.apply(of_gates, x, self.needs(bias))
            return result if self.needs(bias) else (result, None)
        return None, of_gates.sum(0) if self.needs(bias) else None

    # ---- gradients of gradients

    @staticmethod
    def step(gates: Tensor, own: Tensor, *states: Tensor) -> tuple[Tensor, ...]:
        """The states after a step, in elementary operations; the first is its output."""
        raise NotImplementedError

    def through_formula(self, gradients: Any) -> Any:
        """The gradients by the same formula in elementary operations, with a graph of their own."""
        from ..autograd import grad

        values = self.saved_tensors[: 5 + self.states]
        with enable_grad():
            # Views, so that the search ends here and not in what the values came from.
            given: list[Any] = [t if t is None else t.view_as(t) for t in values]
            outputs = self.composed(*given)
            wanted = [t for t in given if t is not None and t.requires_grad]
            found = iter(grad(outputs, wanted, gradients, create_graph=True, allow_unused=True))
        return tuple([
            next(found) if t is not None and t.requires_grad else None for t in given
        ])  # fmt: skip

    def composed(self, x: Tensor, *rest: Any) -> list[Tensor]:
        states, parameters = list(rest[: self.states]), rest[self.states :]
        weight_ih, weight_hh, bias_ih, bias_hh = parameters
        gates = linear(x, weight_ih, bias_ih)
        ends = list(accumulate(self.batch_sizes))
        steps = list(zip(ends, self.batch_sizes, strict=True))
        outputs = []
        for end, count in reversed(steps) if self.reverse else steps:
            old = [s[:count] for s in states]
            new = self.step(gates[end - count : end], linear(old[0], weight_hh, bias_hh), *old)
            outputs.append(new[0])
            states = [
                n if count == s.array.shape[0] else cat((n, s[count:]))
                for n, s in zip(new, states, strict=True)
            ]
        return [cat(outputs[::-1] if self.reverse else outputs), *states]


class LSTMLayer(RecurrentLayer):
    operation_name = "lstm"
    node_name = "LstmLayerBackward0"
    keeps = 3
    states = 2
    steps = "lstm_steps"

    @staticmethod
    def forward(kernels: Any, *inputs: Any) -> Any:
        return LSTMLayer.run(kernels, *inputs)

    def kept(self, output: Any) -> Any:
        active, before, cells_before = output[3:]
        return active, cells_before, before

    def at_gates(self, gradients: Any, weight: Tensor, kept: Any) -> Any:
        of_gates, *of_states = LSTMGradient.apply(
            *gradients, weight, *kept[:2], self.batch_sizes, self.reverse
        )
        return of_gates, of_gates, of_states

    @staticmethod
    def step(gates: Tensor, own: Tensor, *states: Tensor) -> tuple[Tensor, ...]:
        i, f, g, o = (gates + own).chunk(4, 1)
        cell = sigmoid(f) * states[1] + sigmoid(i) * tanh(g)
        return sigmoid(o) * tanh(cell), cell


class LSTMGradient(Operation):
    operation_name = "lstm_backward"
    kernel = "lstm_steps_backward"


class GRULayer(RecurrentLayer):
    operation_name = "gru"
    node_name = "GruLayerBackward0"
    keeps = 2
    adds_biases = False
    steps = "gru_steps"

    @staticmethod
    def forward(kernels: Any, *inputs: Any) -> Any:
        return GRULayer.run(kernels, *inputs)

    def at_gates(self, gradients: Any, weight: Tensor, kept: Any) -> Any:
        of_gates, of_own, of_h = GRUGradient.apply(
            *gradients, weight, *kept, self.batch_sizes, self.reverse
        )
        return of_gates, of_own, (of_h,)

    @staticmethod
    def step(gates: Tensor, own: Tensor, *states: Tensor) -> tuple[Tensor, ...]:
        (r, z, n), (own_r, own_z, own_n) = gates.chunk(3, 1), own.chunk(3, 1)
        new = tanh(n + sigmoid(r + own_r) * own_n)
        return (new + sigmoid(z + own_z) * (states[0] - new),)


class GRUGradient(Operation):
    operation_name = "gru_backward"
    kernel = "gru_steps_backward"


class RNNTanhLayer(RecurrentLayer):
    operation_name = "rnn_tanh"
    node_name = "RnnTanhLayerBackward0"
    keeps = 1
    steps = "rnn_steps"
    rectified = False

    @staticmethod
    def forward(kernels: Any, *inputs: Any) -> Any:
        return RNNTanhLayer.run(kernels, *inputs)

    @classmethod
    def call(cls, kernels: Any, *inputs: Any) -> Any:
        return kernels.rnn_steps(*inputs[:3], cls.rectified, *inputs[3:])

    def kept(self, output: Any) -> Any:
        return output[0].detach(), output[2]

    def at_gates(self, gradients: Any, weight: Tensor, kept: Any) -> Any:
        of_gates, of_h = RNNGradient.apply(
            *gradients, weight, kept[0], self.rectified, self.batch_sizes, self.reverse
        )
        return of_gates, of_gates, (of_h,)

    @staticmethod
    def step(gates: Tensor, own: Tensor, *states: Tensor) -> tuple[Tensor, ...]:
        return (tanh(gates + own),)


class RNNReluLayer(RNNTanhLayer):
    operation_name = "rnn_relu"
    node_name = "RnnReluLayerBackward0"
    rectified = True

    @staticmethod
    def forward(kernels: Any, *inputs: Any) -> Any:
        return RNNReluLayer.run(kernels, *inputs)

    @staticmethod
    def step(gates: Tensor, own: Tensor, *states: Tensor) -> tuple[Tensor, ...]:
        return (relu(gates + own),)


class RNNGradient(Operation):
    operation_name = "rnn_backward"
    kernel = "rnn_steps_backward"


# ---- stacks of layers


@operation(method=False)
def lstm(input: Tensor, *arguments: Any, **named: Any) -> tuple[Tensor, Tensor, Tensor]:
    """Layers of long short-term memory (Hochreiter, Schmidhuber 1997): see `nn.LSTM`.

    `lstm(input, hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first)`:
    the input is (T, N, I), or (N, T, I) with `batch_first`; `hx` is the first h and c, each
    (layers * directions, N, H). `params` are the weights and biases of each layer and direction:
    (4 H, I), (4 H, H), (4 H), (4 H), the gates in the order i, f, g, o; a fifth (P, H) where the
    states h are projected to P. `lstm(data, batch_sizes, hx, params, has_biases, num_layers,
    dropout, train, bidirectional)` takes a packed sequence. The results are the outputs, and the
    last h and c.
    """
    return _stack(LSTMLayer, input, _read("lstm", arguments, named))


@operation(method=False)
def gru(input: Tensor, *arguments: Any, **named: Any) -> tuple[Tensor, Tensor]:
    """Layers of gated recurrent units (Cho et al. 2014): see `nn.GRU`.

    The arguments are those of `lstm`, but `hx` is the first h alone, and so are the results. The
    gates are in the order r, z, n.
    """
    return _stack(GRULayer, input, _read("gru", arguments, named))


@operation(method=False)
def rnn_tanh(input: Tensor, *arguments: Any, **named: Any) -> tuple[Tensor, Tensor]:
    """Layers of h = tanh(W_ih x + b_ih + W_hh h + b_hh) (Elman 1990): see `nn.RNN` and `gru`."""
    return _stack(RNNTanhLayer, input, _read("rnn_tanh", arguments, named))


@operation(method=False)
def rnn_relu(input: Tensor, *arguments: Any, **named: Any) -> tuple[Tensor, Tensor]:
    """Layers of h = relu(W_ih x + b_ih + W_hh h + b_hh): see `nn.RNN` and `gru`."""
    return _stack(RNNReluLayer, input, _read("rnn_relu", arguments, named))


_OPTIONS = ("hx", "params", "has_biases", "num_layers", "dropout", "train", "bidirectional")


def _read(name: str, given: tuple[Any, ...], named: dict[str, Any]) -> dict[str, Any]:
    """The arguments behind the input by their names: of a packed sequence, or of a padded one."""
    # What follows a sequence's batch sizes is a state, what follows a state is a list of weights.
    packed = "batch_sizes" in named or bool(given) and isinstance(given[0], Tensor) and (
        name == "lstm" or len(given) > 1 and isinstance(given[1], Tensor)
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
    check_taken(name, input, FLOATS)
    turned, batch_sizes = found.get("batch_first"), found.get("batch_sizes")
    x = input.transpose(0, 1) if turned else input
    if batch_sizes is None:
        sizes = _whole_sizes(name, x)
        times, batch, width = x.array.shape
        x = x.reshape(times * batch, width)
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
            run = _projected if len(parameters) == 5 else layer.apply
            initial = [s[number] for s in states]
            output, *after = run(x, *initial, *parameters, sizes, number > first)
            outputs.append(output)
            for collected, value in zip(last, after, strict=True):
                collected.append(value)
        x = outputs[0] if directions == 1 else cat(outputs, 1)
    if batch_sizes is None:
        x = x.reshape(times, batch, x.array.shape[1])
    return x.transpose(0, 1) if turned else x, *[stack(values) for values in last]


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
        if other is not None and other.array.dtype is not x.array.dtype:
            raise OperationError(
                f"{name}: input, states and weights must have the same dtype, but got {x.dtype} "
                f"and {other.dtype}; convert with .to()"
            )


def _projected(x: Tensor, h: Tensor, c: Tensor, *rest: Any) -> tuple[Tensor, Tensor, Tensor]:
    """A layer of long short-term memory whose states h are projected: time by time."""
    weight_ih, weight_hh, bias_ih, bias_hh, projection, batch_sizes, reverse = rest
    steps = list(zip(accumulate(batch_sizes), batch_sizes, strict=True))
    outputs = []
    for end, count in reversed(steps) if reverse else steps:
        parameters = (weight_ih, weight_hh, bias_ih, bias_hh, (count,), False)
        output, _, cell = LSTMLayer.apply(x[end - count : end], h[:count], c[:count], *parameters)
        outputs.append(linear(output, projection))
        whole = count == h.array.shape[0]
        h = outputs[-1] if whole else cat((outputs[-1], h[count:]))
        c = cell if whole else cat((cell, c[count:]))
    return cat(outputs[::-1] if reverse else outputs), h, c


# ---- single steps


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
def gru_cell(
    input: Tensor, hx: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None,
    b_hh: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """One step of `gru`: the state after it, for an input (N, I) and a state (N, H)."""
    return _step(GRULayer, input, (hx,), w_ih, w_hh, b_ih, b_hh)[0]


@operation(method=False)
def rnn_tanh_cell(
    input: Tensor, hx: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None,
    b_hh: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """One step of `rnn_tanh`: the state after it, for an input (N, I) and a state (N, H)."""
    return _step(RNNTanhLayer, input, (hx,), w_ih, w_hh, b_ih, b_hh)[0]


@operation(method=False)
def rnn_relu_cell(
    input: Tensor, hx: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None,
    b_hh: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """One step of `rnn_relu`: the state after it, for an input (N, I) and a state (N, H)."""
    return _step(RNNReluLayer, input, (hx,), w_ih, w_hh, b_ih, b_hh)[0]


def _step(layer: Any, x: Tensor, states: Sequence[Tensor], *parameters: Any) -> Any:
    name = f"{layer.operation_name}_cell"
    check_taken(name, x, FLOATS)
    shape = x.array.shape
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
    return layer.apply(x, *states, *parameters, (shape[0],), False)
