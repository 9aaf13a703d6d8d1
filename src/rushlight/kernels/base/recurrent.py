"""The steps of recurrent layers, forwards and backwards in time.

The rows of all times stand one behind the other: `batch_sizes` says how many sequences go on at
each time, and never grows. What the input contributes to the gates, a product for all times at
once, is there before; a step adds what the state contributes. A sequence that is over keeps its
state, which is what it ends with.

The forward also gives what the backward needs: the gates, and of each row the state before it. That
gives the gradient at the gates; gradients of weights are one product for all times, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import accumulate
from math import prod
from typing import Any

from ..declaration import kernel
from ..launch import plain_tables
from .library import Library


def _by_rows(place: int) -> Callable[..., int]:
    """How the products of rows and the weight, the argument at `place`, are counted."""

    def count(result: Any, *arguments: Any) -> int:
        batch_sizes = arguments[-2]
        return sum(batch_sizes) * prod(arguments[place].shape)

    return count


class Recurrent(Library):
    @kernel("fused", multiply_adds=_by_rows(3))
    def lstm_steps(
        self, gates: Any, hx: Any, cx: Any, weight: Any, batch_sizes: tuple[int, ...],
        reverse: bool,
    ) -> tuple[Any, ...]:  # fmt: skip
        """(outputs, last h, last c, gates after their functions, each row's h and c before it).

        The gates i, f, g, o stand side by side in rows of 4 H. The state may be of another width
        than H where there is one step only.
        """
        xp, units = self.xp, gates.shape[1] // 4
        output = xp.empty((gates.shape[0], units), gates.dtype)
        active = xp.empty(gates.shape, gates.dtype)
        before = xp.empty((gates.shape[0], hx.shape[1]), gates.dtype)
        cells_before = xp.empty(output.shape, gates.dtype)
        h, c = hx, cx
        for rows, count in _steps(batch_sizes, reverse):
            old = before[rows] = h[:count]
            cells_before[rows] = c[:count]
            step = gates[rows] + old @ weight.T
            i, f, g, o = _parts(step, 4)
            i, f, g, o = self._sigmoid(i), self._sigmoid(f), xp.tanh(g), self._sigmoid(o)
            active[rows] = xp.concatenate([i, f, g, o], axis=1)
            cell = f * c[:count] + i * g
            output[rows] = o * xp.tanh(cell)
            h, c = self._going_on(output[rows], h), self._going_on(cell, c)
        return output, h.copy(), c.copy(), active, before, cells_before

    @kernel("fused", multiply_adds=_by_rows(3))
    def lstm_steps_backward(
        self, grad: Any, grad_h: Any, grad_c: Any, weight: Any, active: Any, cells_before: Any,
        batch_sizes: tuple[int, ...], reverse: bool,
    ) -> tuple[Any, Any, Any]:  # fmt: skip
        """The gradients of the gates, and of the first h and c."""
        xp = self.xp
        of_gates = xp.empty(active.shape, active.dtype)
        for rows, count in _steps(batch_sizes, not reverse):
            i, f, g, o = _parts(active[rows], 4)
            before = cells_before[rows]
            cell = xp.tanh(f * before + i * g)
            of_h = grad[rows] + grad_h[:count]
            of_c = grad_c[:count] + of_h * o * (1 - cell * cell)
            parts = [
                of_c * g * i * (1 - i), of_c * before * f * (1 - f), of_c * i * (1 - g * g),
                of_h * cell * o * (1 - o),
            ]  # fmt: skip
            of_gates[rows] = xp.concatenate(parts, axis=1)
            grad_h = self._going_on(of_gates[rows] @ weight, grad_h)
            grad_c = self._going_on(of_c * f, grad_c)
        return of_gates, grad_h.copy(), grad_c.copy()

    @kernel("fused", multiply_adds=_by_rows(2))
    def gru_steps(
        self, gates: Any, hx: Any, weight: Any, bias: Any, batch_sizes: tuple[int, ...],
        reverse: bool,
    ) -> tuple[Any, ...]:  # fmt: skip
        """(outputs, last h, gates after their functions, each row's h before it).

        The gates r, z, n stand side by side; behind them comes what r multiplies: the state's part
        of n. `bias` is that of the state's part, or None.
        """
        xp, units = self.xp, gates.shape[1] // 3
        output = xp.empty((gates.shape[0], units), gates.dtype)
        active = xp.empty((gates.shape[0], 4 * units), gates.dtype)
        before = xp.empty(output.shape, gates.dtype)
        h = hx
        for rows, count in _steps(batch_sizes, reverse):
            old = before[rows] = h[:count]
            own = old @ weight.T
            if bias is not None:
                own = own + bias
            (r, z, n), (own_r, own_z, own_n) = _parts(gates[rows], 3), _parts(own, 3)
            r, z = self._sigmoid(r + own_r), self._sigmoid(z + own_z)
            n = xp.tanh(n + r * own_n)
            active[rows] = xp.concatenate([r, z, n, own_n], axis=1)
            output[rows] = n + z * (old - n)
            h = self._going_on(output[rows], h)
        return output, h.copy(), active, before

    @kernel("fused", multiply_adds=_by_rows(2))
    def gru_steps_backward(
        self, grad: Any, grad_h: Any, weight: Any, active: Any, before: Any,
        batch_sizes: tuple[int, ...], reverse: bool,
    ) -> tuple[Any, Any, Any]:  # fmt: skip
        """The gradients of the input's part of the gates, of the state's, and of the first h."""
        xp = self.xp
        of_gates = xp.empty((active.shape[0], active.shape[1] // 4 * 3), active.dtype)
        of_own = xp.empty(of_gates.shape, active.dtype)
        for rows, count in _steps(batch_sizes, not reverse):
            r, z, n, own_n = _parts(active[rows], 4)
            of_h = grad[rows] + grad_h[:count]
            of_n = of_h * (1 - z) * (1 - n * n)
            of_r, of_z = of_n * own_n * r * (1 - r), of_h * (before[rows] - n) * z * (1 - z)
            of_gates[rows] = xp.concatenate([of_r, of_z, of_n], axis=1)
            of_own[rows] = xp.concatenate([of_r, of_z, of_n * r], axis=1)
            grad_h = self._going_on(of_own[rows] @ weight + of_h * z, grad_h)
        return of_gates, of_own, grad_h.copy()

    @kernel("fused", multiply_adds=_by_rows(2))
    def rnn_steps(
        self, gates: Any, hx: Any, weight: Any, rectified: bool, batch_sizes: tuple[int, ...],
        reverse: bool,
    ) -> tuple[Any, Any, Any]:  # fmt: skip
        """(outputs, last h, each row's h before it); tanh, or `rectified` the larger of x and 0."""
        xp = self.xp
        output = xp.empty(gates.shape, gates.dtype)
        before = xp.empty(gates.shape, gates.dtype)
        h = hx
        for rows, count in _steps(batch_sizes, reverse):
            old = before[rows] = h[:count]
            step = gates[rows] + old @ weight.T
            output[rows] = xp.maximum(step, 0) if rectified else xp.tanh(step)
            h = self._going_on(output[rows], h)
        return output, h.copy(), before

    @kernel("fused", multiply_adds=_by_rows(2))
    def rnn_steps_backward(
        self, grad: Any, grad_h: Any, weight: Any, output: Any, rectified: bool,
        batch_sizes: tuple[int, ...], reverse: bool,
    ) -> tuple[Any, Any]:  # fmt: skip
        """The gradients of what the function is taken of, and of the first h."""
        of_gates = self.xp.empty(output.shape, output.dtype)
        for rows, count in _steps(batch_sizes, not reverse):
            y = output[rows]
            of_gates[rows] = (grad[rows] + grad_h[:count]) * (y > 0 if rectified else 1 - y * y)
            grad_h = self._going_on(of_gates[rows] @ weight, grad_h)
        return of_gates, grad_h.copy()

    def _sigmoid(self, x: Any) -> Any:
        return plain_tables[type(x)].sigmoid(x)

    def _going_on(self, new: Any, state: Any) -> Any:
        """The state with its first rows replaced."""
        if new.shape[0] == state.shape[0]:
            return new
        return self.xp.concatenate([new, state[new.shape[0] :]], axis=0)


def _steps(batch_sizes: tuple[int, ...], reverse: bool) -> Iterator[tuple[slice, int]]:
    """The rows of each time and their number, in the order in which they are gone through."""
    ends = list(accumulate(batch_sizes))
    steps = [(slice(end - n, end), n) for end, n in zip(ends, batch_sizes, strict=True)]
    return iter(steps[::-1] if reverse else steps)


def _parts(x: Any, count: int) -> list[Any]:
    """The gates of rows."""
    units = x.shape[1] // count
    return [x[:, k * units : (k + 1) * units] for k in range(count)]
