"""Recurrent layers, and single steps of them."""

from __future__ import annotations

import math
import warnings
from typing import Any

from ...autocast_state import casts
from ...errors import OperationError
from ...ops import recurrent as ops
from ...ops.creation import empty, zeros
from ...tensor import Tensor
from .. import init
from ..module import Module
from ..parameter import Parameter
from ..utils.rnn import PackedSequence

# Rows of weights for each unit.
_GATES = {"LSTM": 4, "GRU": 3, "RNN_TANH": 1, "RNN_RELU": 1}


class RNNBase(Module):
    """What recurrent layers have in common: their parameters, and the ways to call them.

    Of each layer and direction these are `weight_ih_l0` (G * H, I), `weight_hh_l0` (G * H, H),
    `bias_ih_l0` and `bias_hh_l0` (G * H), with the layer's number at the end and "_reverse" behind
    it for the other direction; G is the number of gates. They start uniform in +-1/sqrt(H).

    >>> import rushlight as torch
    >>> [name for name, _ in torch.nn.RNNBase("GRU", 3, 2).named_parameters()]
    ['weight_ih_l0', 'weight_hh_l0', 'bias_ih_l0', 'bias_hh_l0']
    """

    def __init__(
        self,
        mode: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        _check_options(input_size, hidden_size, num_layers, bias, batch_first, dropout, proj_size)
        if mode not in _GATES:
            raise ValueError(f"Unrecognized RNN mode: {mode}")
        self.mode = mode
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = float(dropout)
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        self._all_weights: list[list[str]] = []
        rows, out = _GATES[mode] * hidden_size, proj_size or hidden_size
        directions = ("", "_reverse") if bidirectional else ("",)
        for layer in range(num_layers):
            width = input_size if layer == 0 else out * len(directions)
            for direction in directions:
                shapes: dict[str, Any] = {"weight_ih": (rows, width), "weight_hh": (rows, out)}
                if bias:
                    shapes |= {"bias_ih": rows, "bias_hh": rows}
                if proj_size:
                    shapes["weight_hr"] = (proj_size, hidden_size)
                names = [f"{name}_l{layer}{direction}" for name in shapes]
                for name, shape in zip(names, shapes.values(), strict=True):
                    setattr(self, name, Parameter(empty(shape, device=device, dtype=dtype)))
                self._all_weights.append(names)
        self._flat_weights_names = [name for names in self._all_weights for name in names]
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draws new weights and biases."""
        bound = 1 / math.sqrt(self.hidden_size)
        for parameter in self.parameters():
            init.uniform_(parameter, -bound, bound)

    def flatten_parameters(self) -> None:
        """Does nothing: it is how PyTorch brings parameters together for a library of GPUs."""

    @property
    def all_weights(self) -> list[list[Any]]:
        """The parameters of each layer and direction."""
        return [[getattr(self, name) for name in names] for names in self._all_weights]

    @property
    def _flat_weights(self) -> list[Any]:
        return [getattr(self, name) for name in self._flat_weights_names]

    def extra_repr(self) -> str:
        options = {
            "proj_size": 0, "num_layers": 1, "bias": True, "batch_first": False, "dropout": 0,
            "bidirectional": False,
        }  # fmt: skip
        told = [f"{n}={getattr(self, n)}" for n, usual in options.items()
                if getattr(self, n) != usual]  # fmt: skip
        return ", ".join([str(self.input_size), str(self.hidden_size), *told])

    # ---- checks, with PyTorch's names, for layers that derive from this one

    def check_input(self, input: Tensor, batch_sizes: Tensor | None) -> None:
        """Raises an error for a dtype or a size that the layer does not take."""
        weight = getattr(self, self._flat_weights_names[0])
        if input.dtype != weight.dtype and not casts:  # autocast makes them one
            raise ValueError(
                f"RNN input dtype ({input.dtype}) does not match weight dtype ({weight.dtype}). "
                f"Convert input: input.to({weight.dtype}), or convert model: "
                f"model.to({input.dtype})"
            )
        wanted = 3 if batch_sizes is None else 2
        if input.dim() != wanted:
            raise OperationError(
                f"{self._told}: input must have {wanted} dimensions, got {input.dim()} (shape "
                f"{tuple(input.shape)})"
            )
        if input.shape[-1] != self.input_size:
            raise OperationError(
                f"{self._told}: input.size(-1) must be equal to input_size. Expected "
                f"{self.input_size}, got {input.shape[-1]} (shape {tuple(input.shape)})"
            )

    def get_expected_hidden_size(
        self, input: Tensor, batch_sizes: Tensor | None
    ) -> tuple[int, int, int]:
        """The shape of h: (layers * directions, N, H)."""
        return self._state_size(input, batch_sizes, self.proj_size or self.hidden_size)

    def _state_size(
        self, input: Tensor, batch_sizes: Tensor | None, width: int
    ) -> tuple[int, int, int]:
        if batch_sizes is not None:
            batch = int(batch_sizes[0])
        else:
            batch = input.shape[0 if self.batch_first else 1]
        return self.num_layers * (2 if self.bidirectional else 1), batch, width

    def check_hidden_size(
        self, hx: Tensor, expected_hidden_size: tuple[int, int, int],
        msg: str = "Expected hidden size {}, got {}",
    ) -> None:  # fmt: skip
        """Raises an error for a state of another shape."""
        if tuple(hx.shape) != expected_hidden_size:
            told = msg.format(expected_hidden_size, list(hx.shape))
            raise OperationError(
                f"{self._told}: {told}; it is (layers * directions, batch, hidden)"
            )

    def check_forward_args(self, input: Tensor, hidden: Any, batch_sizes: Tensor | None) -> None:
        """Raises an error for what `forward` cannot compute with."""
        self.check_input(input, batch_sizes)
        self.check_hidden_size(hidden, self.get_expected_hidden_size(input, batch_sizes))

    def permute_hidden(self, hx: Any, permutation: Tensor | None) -> Any:
        """States in the order of the sequences that a permutation gives."""
        return hx if permutation is None else hx.index_select(1, permutation)

    @property
    def _told(self) -> str:
        return self.mode.lower()

    # ---- calls

    def _first_states(self, input: Tensor, batch_sizes: Tensor | None) -> Any:
        """Zeros, where no states are given."""
        size = self.get_expected_hidden_size(input, batch_sizes)
        return zeros(size, dtype=input.dtype, device=input.device)

    def _check_dimensions(self, hx: Any, wanted: int) -> None:
        if hx.dim() != wanted:
            kind = "batched" if wanted == 3 else "unbatched"
            raise OperationError(
                f"{self._told}: For {kind} {wanted}-D input, hx should also be {wanted}-D but got "
                f"{hx.dim()}-D tensor"
            )

    def _with_batch(self, hx: Any) -> Any:
        return hx.unsqueeze(1)

    def _without_batch(self, hx: Any) -> Any:
        return hx.squeeze(1)

    def _run(self, input: Any, hx: Any) -> Any:
        """(outputs, last states) of a packed sequence, of a batch, or of one sequence."""
        if isinstance(input, PackedSequence):
            data, batch_sizes, order, back = input
            given = None if hx is None else self.permute_hidden(hx, order)
            output, hidden = self._run_checked(data, given, batch_sizes)
            hidden = self.permute_hidden(hidden, back)
            return PackedSequence(output, batch_sizes, order, back), hidden
        dimensions = input.dim()
        if dimensions not in (2, 3):
            raise ValueError(
                f"{type(self).__name__}: Expected input to be 2D or 3D, got {dimensions}D instead"
            )
        if hx is not None:
            self._check_dimensions(hx, dimensions)
        if dimensions == 3:
            return self._run_checked(input, hx, None)
        at = 0 if self.batch_first else 1
        given = None if hx is None else self._with_batch(hx)
        output, hidden = self._run_checked(input.unsqueeze(at), given, None)
        return output.squeeze(at), self._without_batch(hidden)

    def _run_checked(self, input: Tensor, hx: Any, batch_sizes: Tensor | None) -> Any:
        self.check_input(input, batch_sizes)
        if hx is None:
            hx = self._first_states(input, batch_sizes)
        self.check_forward_args(input, hx, batch_sizes)
        options = (self._flat_weights, self.bias, self.num_layers, self.dropout, self.training,
                   self.bidirectional)  # fmt: skip
        function: Any = getattr(ops, self._told)
        if batch_sizes is None:
            output, *last = function(input, hx, *options, self.batch_first)
        else:
            output, *last = function(input, batch_sizes, hx, *options)
        return output, last[0] if len(last) == 1 else tuple(last)


def _check_options(
    input_size: Any, hidden_size: Any, num_layers: Any, bias: Any, batch_first: Any, dropout: Any,
    proj_size: Any,
) -> None:  # fmt: skip
    if not isinstance(dropout, (int, float)) or isinstance(dropout, bool) or not 0 <= dropout <= 1:
        raise ValueError(
            "dropout should be a number in range [0, 1] representing the probability of an element "
            f"being zeroed, got {dropout}"
        )
    if dropout > 0 and num_layers == 1:
        warnings.warn(
            "dropout option adds dropout after all but last recurrent layer, so non-zero dropout "
            f"expects num_layers greater than 1, but got dropout={dropout} and "
            f"num_layers={num_layers}",
            stacklevel=4,
        )
    for name, value in (("bias", bias), ("batch_first", batch_first)):
        if not isinstance(value, bool):
            raise TypeError(f"{name} should be of type bool, got: {type(value).__name__}")
    for name, value in (("input_size", input_size), ("hidden_size", hidden_size)):
        if not isinstance(value, int):
            raise TypeError(f"{name} should be of type int, got: {type(value).__name__}")
        if value <= 0:
            raise ValueError(f"{name} must be greater than zero, got {value}")
    if num_layers <= 0:
        raise ValueError(f"num_layers must be greater than zero, got {num_layers}")
    if proj_size < 0:
        raise ValueError(
            "proj_size should be a positive integer or zero to disable projections, got "
            f"{proj_size}"
        )
    if proj_size >= hidden_size:
        raise ValueError(
            f"proj_size has to be smaller than hidden_size, got {proj_size} and {hidden_size}"
        )


def _refuse_projection(options: dict[str, Any]) -> None:
    if "proj_size" in options:
        raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")


class RNN(RNNBase):
    """Layers of h = tanh(W_ih x + b_ih + W_hh h + b_hh), or relu (Elman 1990).

    Shapes: input (T, N, I), (N, T, I) with `batch_first`, (T, I), or a packed sequence; h0 and the
    last h (layers * directions, N, H), without N for one sequence; output (T, N, directions * H).
    With `dropout` elements of what the layers but the last give are zeroed in training.

    >>> import rushlight as torch
    >>> layer = torch.nn.RNN(10, 20, 2)
    >>> output, h = layer(torch.randn(5, 3, 10), torch.zeros(2, 3, 20))
    >>> output.shape, h.shape
    (torch.Size([5, 3, 20]), torch.Size([2, 3, 20]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: Any = None,
        **options: Any,
    ) -> None:
        _refuse_projection(options)
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(
                f"Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'."
            )
        super().__init__(
            f"RNN_{nonlinearity.upper()}", input_size, hidden_size, num_layers, bias, batch_first,
            dropout, bidirectional, device=device, dtype=dtype, **options,
        )  # fmt: skip
        self.nonlinearity = nonlinearity

    def forward(self, input: Any, hx: Tensor | None = None) -> Any:
        return self._run(input, hx)


class LSTM(RNNBase):
    """Layers of long short-term memory (Hochreiter, Schmidhuber 1997).

    i, f, o = sigmoid(W x + b + U h + d), g = tanh(...) of their own, c = f c + i g, h = o tanh(c);
    with `proj_size` h is then multiplied by `weight_hr` (P, H) (Sak et al. 2014).

    Shapes: input (T, N, I), (N, T, I) with `batch_first`, (T, I), or a packed sequence; hx and the
    last states are (h, c), h (layers * directions, N, P or H) and c (layers * directions, N, H),
    without N for one sequence; output (T, N, directions * (P or H)). With `dropout` elements of
    what the layers but the last give are zeroed in training.

    >>> import rushlight as torch
    >>> layer = torch.nn.LSTM(10, 20, bidirectional=True)
    >>> output, (h, c) = layer(torch.randn(5, 3, 10))
    >>> output.shape, h.shape, c.shape
    (torch.Size([5, 3, 40]), torch.Size([2, 3, 20]), torch.Size([2, 3, 20]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            "LSTM", input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional,
            proj_size, device, dtype,
        )  # fmt: skip

    def forward(self, input: Any, hx: tuple[Tensor, Tensor] | None = None) -> Any:
        return self._run(input, hx)

    def get_expected_cell_size(
        self, input: Tensor, batch_sizes: Tensor | None
    ) -> tuple[int, int, int]:
        """The shape of c: (layers * directions, N, H)."""
        return self._state_size(input, batch_sizes, self.hidden_size)

    def check_forward_args(self, input: Tensor, hidden: Any, batch_sizes: Tensor | None) -> None:
        self.check_input(input, batch_sizes)
        self.check_hidden_size(
            hidden[0], self.get_expected_hidden_size(input, batch_sizes),
            "Expected hidden[0] size {}, got {}",
        )  # fmt: skip
        self.check_hidden_size(
            hidden[1], self.get_expected_cell_size(input, batch_sizes),
            "Expected hidden[1] size {}, got {}",
        )  # fmt: skip

    def permute_hidden(self, hx: Any, permutation: Tensor | None) -> Any:
        if permutation is None:
            return hx
        return tuple([value.index_select(1, permutation) for value in hx])

    def _first_states(self, input: Tensor, batch_sizes: Tensor | None) -> Any:
        h = super()._first_states(input, batch_sizes)
        size = self.get_expected_cell_size(input, batch_sizes)
        return h, zeros(size, dtype=input.dtype, device=input.device)

    def _check_dimensions(self, hx: Any, wanted: int) -> None:
        first, second = (value.dim() for value in hx)
        if first != wanted or second != wanted:
            kind = "batched" if wanted == 3 else "unbatched"
            raise OperationError(
                f"lstm: For {kind} {wanted}-D input, hx and cx should also be {wanted}-D but got "
                f"({first}-D, {second}-D) tensors"
            )

    def _with_batch(self, hx: Any) -> Any:
        return tuple([value.unsqueeze(1) for value in hx])

    def _without_batch(self, hx: Any) -> Any:
        return tuple([value.squeeze(1) for value in hx])


class GRU(RNNBase):
    """Layers of gated recurrent units (Cho et al. 2014).

    r, z = sigmoid(W x + b + U h + d), n = tanh(W_n x + b_n + r (U_n h + d_n)), and then
    h = (1 - z) n + z h. Shapes are those of `RNN`.

    >>> import rushlight as torch
    >>> layer = torch.nn.GRU(10, 20, batch_first=True)
    >>> output, h = layer(torch.randn(3, 5, 10))
    >>> output.shape, h.shape
    (torch.Size([3, 5, 20]), torch.Size([1, 3, 20]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: Any = None,
        **options: Any,
    ) -> None:
        _refuse_projection(options)
        super().__init__(
            "GRU", input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional,
            device=device, dtype=dtype, **options,
        )  # fmt: skip

    def forward(self, input: Any, hx: Tensor | None = None) -> Any:
        return self._run(input, hx)


# ---- single steps
