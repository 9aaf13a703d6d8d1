"""One step of a recurrent layer: `RNNCell`, `LSTMCell` and `GRUCell`."""

from __future__ import annotations

import math
from typing import Any

from ...ops import recurrent as ops
from ...ops.creation import empty, zeros
from ...tensor import Tensor
from .. import init
from ..module import Module
from ..parameter import Parameter


class RNNCellBase(Module):
    """What single steps have in common: `weight_ih`, `weight_hh`, `bias_ih` and `bias_hh`.

    >>> import rushlight as torch
    >>> [name for name, _ in torch.nn.RNNCellBase(3, 2, bias=True, num_chunks=4).named_parameters()]
    ['weight_ih', 'weight_hh', 'bias_ih', 'bias_hh']
    """

    bias_ih: Parameter | None
    bias_hh: Parameter | None

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool,
        num_chunks: int,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bias
        rows = num_chunks * hidden_size
        self.weight_ih = Parameter(empty((rows, input_size), device=device, dtype=dtype))
        self.weight_hh = Parameter(empty((rows, hidden_size), device=device, dtype=dtype))
        for name in ("bias_ih", "bias_hh"):
            value = Parameter(empty(rows, device=device, dtype=dtype)) if bias else None
            self.register_parameter(name, value)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draws new weights and biases."""
        bound = 1 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for parameter in self.parameters():
            init.uniform_(parameter, -bound, bound)

    def extra_repr(self) -> str:
        told = f"{self.input_size}, {self.hidden_size}"
        return told if self.bias is True else f"{told}, bias={self.bias}"

    def _check(self, name: str, value: Tensor) -> None:
        if value.dim() not in (1, 2):
            raise ValueError(
                f"{type(self).__name__}: Expected {name} to be 1D or 2D, got {value.dim()}D instead"
            )

    def _step(self, function: Any, input: Tensor, hx: Tensor | None) -> Tensor:
        """The state after a step of one state."""
        self._check("input", input)
        if hx is not None:
            self._check("hidden", hx)
        is_batch = input.dim() == 2
        x = input if is_batch else input.unsqueeze(0)
        if hx is None:
            h = zeros((x.shape[0], self.hidden_size), dtype=x.dtype, device=x.device)
        else:
            h = hx if is_batch else hx.unsqueeze(0)
        new: Tensor = function(x, h, self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)
        return new if is_batch else new.squeeze(0)


class RNNCell(RNNCellBase):
    """A step of `RNN`: input (N, I) or (I), h (N, H) or (H), the result that of h.

    >>> import rushlight as torch
    >>> torch.nn.RNNCell(10, 20)(torch.randn(3, 10)).shape
    torch.Size([3, 20])
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 1, device, dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        if self.nonlinearity not in ("tanh", "relu"):
            raise RuntimeError(f"Unknown nonlinearity: {self.nonlinearity}")
        function = ops.rnn_tanh_cell if self.nonlinearity == "tanh" else ops.rnn_relu_cell
        return self._step(function, input, hx)

    def extra_repr(self) -> str:
        told = super().extra_repr()
        return told if self.nonlinearity == "tanh" else f"{told}, nonlinearity={self.nonlinearity}"


class LSTMCell(RNNCellBase):
    """A step of `LSTM`: input (N, I) or (I), hx is (h, c), each (N, H) or (H), and so the result.

    >>> import rushlight as torch
    >>> h, c = torch.nn.LSTMCell(10, 20)(torch.randn(3, 10))
    >>> h.shape, c.shape
    (torch.Size([3, 20]), torch.Size([3, 20]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 4, device, dtype)

    def forward(
        self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, Tensor]:
        self._check("input", input)
        for number, value in enumerate(hx or ()):
            self._check(f"hx[{number}]", value)
        is_batch = input.dim() == 2
        x = input if is_batch else input.unsqueeze(0)
        if hx is None:
            h = c = zeros((x.shape[0], self.hidden_size), dtype=x.dtype, device=x.device)
        else:
            h, c = hx if is_batch else (hx[0].unsqueeze(0), hx[1].unsqueeze(0))
        parameters = (self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)
        h, c = ops.lstm_cell(x, (h, c), *parameters)
        return (h, c) if is_batch else (h.squeeze(0), c.squeeze(0))


class GRUCell(RNNCellBase):
    """A step of `GRU`: input (N, I) or (I), h (N, H) or (H), the result that of h.

    >>> import rushlight as torch
    >>> torch.nn.GRUCell(10, 20)(torch.randn(3, 10)).shape
    torch.Size([3, 20])
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 3, device, dtype)

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        return self._step(ops.gru_cell, input, hx)
