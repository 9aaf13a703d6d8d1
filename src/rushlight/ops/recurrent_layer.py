"""One direction of one recurrent layer, as an operation."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

from ..autograd.operation import Operation
from ..categories import INEXACT, check_taken
from ..grad_mode import state
from ..tensor import Tensor, wrap
from .activation import relu, sigmoid, tanh
from .common import gradients_by_formula
from .joining import cat
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
    def forward(cls, kernels: Any, *inputs: Any) -> Any:
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
        known = of_bias_ih if of_own is of_gates else None  # both biases' gradients are one sum
        of_weight_hh, of_bias_hh = self._of_parameters(of_own, before, first + 1, first + 3, known)
        of_x = Matmul.apply(of_gates, weight_ih) if self.needs(0) else None
        return of_x, *of_states, of_weight_ih, of_weight_hh, of_bias_ih, of_bias_hh

    def _of_parameters(
        self, of_gates: Tensor, x: Tensor, weight: int, bias: int, known: Tensor | None = None
    ) -> Any:
        """The gradients of a weight and a bias, by their numbers among the inputs."""
        of_bias = None if known is None or not self.needs(bias) else known.clone()
        with_bias = of_bias is None and self.needs(bias)
        if not self.needs(weight):
            return None, of_gates.sum(0) if with_bias else of_bias
        result = LinearWeightGradient.apply(of_gates, x, with_bias)
        return result if with_bias else (result, of_bias)

    # ---- gradients of gradients

    @staticmethod
    def step(gates: Tensor, own: Tensor, *states: Tensor) -> tuple[Tensor, ...]:
        """The states after a step, in elementary operations; the first is its output."""
        raise NotImplementedError

    def through_formula(self, gradients: Any) -> Any:
        """The gradients by the same formula in elementary operations, with a graph of their own."""
        return gradients_by_formula(
            lambda *values: self.composed(*values, *self.given()),
            self.saved_tensors[: 5 + self.states], gradients,
        )  # fmt: skip

    @classmethod
    def composed(cls, x: Tensor, *rest: Any) -> list[Tensor]:
        *initial, weight_ih, weight_hh, bias_ih, bias_hh, batch_sizes, reverse = rest
        states: list[Tensor] = list(initial)
        gates = linear(x, weight_ih, bias_ih)
        outputs = []
        for end, count in times(batch_sizes, reverse):
            old = [s[:count] for s in states]
            new = cls.step(gates[end - count : end], linear(old[0], weight_hh, bias_hh), *old)
            outputs.append(new[0])
            states = [going_on(n, s) for n, s in zip(new, states, strict=True)]
        return [cat(outputs[::-1] if reverse else outputs), *states]

    @classmethod
    def of(cls, x: Tensor) -> Any:
        """What computes with tensors of the dtype: there are no kernels for complex numbers."""
        check_taken(cls.operation_name, x, INEXACT)
        return cls.apply if x.is_floating_point() else cls.composed


def times(batch_sizes: tuple[int, ...], reverse: bool) -> list[tuple[int, int]]:
    """Of each time the end of its rows and their number, in the order that time goes."""
    found = list(zip(accumulate(batch_sizes), batch_sizes, strict=True))
    return found[::-1] if reverse else found


def going_on(new: Tensor, state: Tensor) -> Tensor:
    """A state after a step of its first rows."""
    count = new.array.shape[0]
    return new if count == state.array.shape[0] else cat((new, state[count:]))


class LSTMLayer(RecurrentLayer):
    operation_name = "lstm"
    node_name = "LstmLayerBackward0"
    keeps = 3
    states = 2
    steps = "lstm_steps"

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
    def step(gates: Tensor, own: Tensor, *states: Tensor) -> tuple[Tensor, ...]:
        return (relu(gates + own),)


class RNNGradient(Operation):
    operation_name = "rnn_backward"
    kernel = "rnn_steps_backward"
