"""Rows of rushlight/ops/recurrent.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import Any

import numpy as np

from .core import Array, Invalid, Op, Sample, Values

GATES = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}


def _sigmoid(x: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-x)))


def _step(name: str, x: Array, states: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any) -> Any:
    """The states after a step of rows."""
    gates = x @ w_ih.T + (0 if b_ih is None else b_ih)
    own = states[0] @ w_hh.T + (0 if b_hh is None else b_hh)
    if name == "lstm":
        i, f, g, o = np.split(gates + own, 4, axis=1)
        c = _sigmoid(f) * states[1] + _sigmoid(i) * np.tanh(g)
        return _sigmoid(o) * np.tanh(c), c
    if name == "gru":
        (r, z, n), (own_r, own_z, own_n) = np.split(gates, 3, axis=1), np.split(own, 3, axis=1)
        z, n = _sigmoid(z + own_z), np.tanh(n + _sigmoid(r + own_r) * own_n)
        return ((1 - z) * n + z * states[0],)
    return (np.tanh(gates + own) if name == "rnn_tanh" else np.maximum(gates + own, 0),)


def _layer(name: str, x: Array, states: Any, given: Any, sizes: Any, reverse: bool) -> Any:
    """One direction of one layer: its outputs and last states."""
    ends, states, outputs = list(accumulate(sizes)), [s.copy() for s in states], {}
    projection = given[4] if len(given) > 4 else None
    for t in reversed(range(len(sizes))) if reverse else range(len(sizes)):
        count = sizes[t]
        new = _step(name, x[ends[t] - count : ends[t]], [s[:count] for s in states], *given[:4])
        if projection is not None:
            new = (new[0] @ projection.T, new[1])
        for state, value in zip(states, new, strict=True):
            state[:count] = value
        outputs[t] = new[0]
    return np.concatenate([outputs[t] for t in range(len(sizes))]), states


def _reference(name: str, packed: bool = False) -> Callable[..., Any]:
    def run(x: Array, *rest: Any) -> Any:
        sizes, rest = (rest[0], rest[1:]) if packed else (None, rest)
        hx, params, has_biases, layers, _, _, bidirectional, *order = rest
        turned = bool(order and order[0])
        x = x.swapaxes(0, 1) if turned else x
        shape = x.shape
        if sizes is None:
            sizes, x = (shape[1],) * shape[0], x.reshape(-1, shape[2])
        states = hx if name == "lstm" else (hx,)
        directions = 2 if bidirectional else 1
        stride = len(params) // (layers * directions)
        last: list[Any] = []
        for layer in range(layers):
            outputs = []
            for k in range(layer * directions, (layer + 1) * directions):
                given = list(params[k * stride : (k + 1) * stride])
                if not has_biases:
                    given[2:2] = [None, None]
                first = [s[k] for s in states]
                found = _layer(name, x, first, given, sizes, k > layer * directions)
                outputs.append(found[0])
                last.append(found[1])
            x = np.concatenate(outputs, axis=1)
        if not packed:
            x = x.reshape(*shape[:2], -1)
        return x.swapaxes(0, 1) if turned else x, *[np.stack(s) for s in zip(*last, strict=True)]

    return run


def _parameters(
    v: Values, name: str, width: int, hidden: int, layers: int = 1, directions: int = 1,
    biases: bool = True, projection: int = 0,
) -> list[Array]:  # fmt: skip
    rows, out, found = GATES[name] * hidden, projection or hidden, []
    for layer in range(layers):
        size = out * directions if layer else width
        for _ in range(directions):
            found += [v.fraction(rows, size), v.fraction(rows, out)]
            if biases:
                found += [v.fraction(rows), v.fraction(rows)]
            if projection:
                found.append(v.fraction(projection, hidden))
    return found


def _states(v: Values, name: str, count: int, batch: int, hidden: int, projection: int = 0) -> Any:
    h = v.fraction(count, batch, projection or hidden)
    return (h, v.fraction(count, batch, hidden)) if name == "lstm" else h


def _parts(v: Values, name: str) -> Callable[..., Any]:
    def parts(hidden: int, layers: int, directions: int, batch: int, **options: Any) -> Any:
        projection = options.get("projection", 0)
        states = _states(v, name, layers * directions, batch, hidden, projection)
        return states, _parameters(v, name, 3, hidden, layers, directions, **options)

    return parts


def _sequences(name: str) -> Callable[[Values], Iterator[Sample]]:
    def make(v: Values) -> Iterator[Sample]:
        parts = _parts(v, name)
        yield Sample(v.normal(4, 2, 3), *parts(3, 1, 1, 2), True, 1, 0.0, False, False, False)
        yield Sample(v.normal(1, 1, 3), *parts(2, 1, 1, 1), True, 1, 0.0, False, False, False)
        yield Sample(v.normal(2, 3, 3), *parts(2, 2, 2, 2), True, 2, 0.0, True, True, True)
        yield Sample(v.normal(3, 2, 3), *parts(2, 1, 1, 2, biases=False), False, 1, 0.0, True,
                     False, False)  # fmt: skip
        if name == "lstm":
            yield Sample(v.normal(3, 2, 3), *parts(3, 1, 2, 2, projection=2), True, 1, 0.0, False,
                         True, False)  # fmt: skip
        yield from _wrong(v, name)

    return make


def _wrong(v: Values, name: str) -> Iterator[Sample]:
    x, states = v.normal(3, 2, 4), _states(v, name, 1, 2, 5)
    params, rest = _parameters(v, name, 4, 5), (True, 1, 0.0, False, False, False)
    yield Invalid(v.normal(0, 2, 4), states, params, *rest, raises=RuntimeError,
                  match="Expected sequence length to be larger than 0 in RNN")
    yield Invalid(v.normal(2, 2, 4), states, params[:3], *rest, raises=RuntimeError,
                  match="got an incorrect number of RNN parameters", own_words=True)
    if name != "lstm":  # where oneDNN computes for PyTorch, it reads what is not there
        yield Invalid(v.normal(3, 2, 7), states, params, *rest, raises=RuntimeError,
                      match="got 7 expected 4", own_words=True)
        yield Invalid(x, v.normal(1, 3, 5), params, *rest, raises=RuntimeError,
                      match=r"Expected hidden size \(1, 2, 5\), got \[1, 3, 5\]", own_words=True)
        yield Invalid(x, v.normal(1, 2, 6), params, *rest, raises=RuntimeError,
                      match=r"Expected hidden size \(1, 2, 5\), got \[1, 2, 6\]", own_words=True)
    else:
        yield Invalid(x, (states[0],), params, *rest, raises=RuntimeError,
                      match="expects two hidden states")


def _packed(name: str) -> Callable[[Values], Iterator[Sample]]:
    def make(v: Values) -> Iterator[Sample]:
        parts, options = _parts(v, name), (True, 1, 0.0, False)
        yield Sample(v.normal(7, 3), (3, 3, 1), *parts(2, 1, 2, 3), *options, True)
        if name == "lstm":
            some = parts(2, 1, 1, 3, projection=1)
            yield Sample(v.normal(7, 3), (3, 3, 1), *some, *options, False)
        yield Invalid(v.normal(6, 3), (2, 3, 1), *parts(2, 1, 1, 2), *options, False,
                      raises=RuntimeError, match="batch_sizes must not grow", own_words=True)

    return make


def _of_sizes(name: str) -> Callable[[Any], Callable[..., Any]]:
    """The function with batch sizes that are always on the CPU."""

    def call(library: Any) -> Callable[..., Any]:
        function = getattr(library, name)
        return lambda data, sizes, *rest: function(data, library.tensor(sizes), *rest)

    return call


def _cells(name: str) -> Callable[[Values], Iterator[Sample]]:
    def make(v: Values) -> Iterator[Sample]:
        def cell(batch: int, hidden: int, biases: bool = True) -> Any:
            h, c = v.fraction(batch, hidden), v.fraction(batch, hidden)
            states = (h, c) if name == "lstm" else h
            return v.normal(batch, 3), states, *_parameters(v, name, 3, hidden, biases=biases)

        yield Sample(*cell(2, 3))
        yield Sample(*cell(1, 3))
        yield Sample(*cell(4, 2, biases=False))
        x, states, *params = cell(2, 5)
        yield Invalid(v.normal(2, 4), states, *params, raises=RuntimeError,
                      match="input has inconsistent input_size: got 4 expected 3")

        def of(*shape: int) -> Any:
            return (v.normal(*shape), v.normal(2, 5)) if name == "lstm" else v.normal(*shape)

        yield Invalid(x, of(3, 5), *params, raises=RuntimeError,
                      match="Input batch size 2 doesn't match hidden0 batch size 3")
        yield Invalid(x, of(2, 6), *params, raises=RuntimeError,
                      match="hidden0 has inconsistent hidden_size: got 6, expected 5")
        yield Invalid(v.normal(3), of(2, 5), *params, raises=IndexError, own_words=True,
                      match="Expected input to be 2D")

    return make


def _cell_reference(name: str) -> Callable[..., Any]:
    def run(x: Array, hx: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None) -> Any:
        found = _step(name, x, hx if name == "lstm" else (hx,), w_ih, w_hh, b_ih, b_hh)
        return found if name == "lstm" else found[0]

    return run


ops = [
    row
    for name in GATES
    for row in (
        Op(name, _sequences(name), _reference(name), tolerance=1e-4, composite=True),
        Op(f"packed {name}", _packed(name), _reference(name, True), _of_sizes(name),
           tolerance=1e-4, composite=True, unrecorded="reads a value"),
        Op(f"{name}_cell", _cells(name), _cell_reference(name), tolerance=1e-4, composite=True),
    )
]
