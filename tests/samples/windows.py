"""Rows of rushlight/ops/windows.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .core import Array, Invalid, Named, Op, Sample, Values

NUTTALL = (0.3635819, 0.4891775, 0.1365995, 0.0106411)


def _window(name: str, values: Callable[..., Any], **given: Any) -> Op:
    """A row of a window that is values(n, last) at the places n, `given` being its parameters."""

    def samples(v: Values) -> Iterator[Sample]:
        for count in (0, 1, 2, 5, 6):
            yield Sample(count, **given)
        yield Sample(6, sym=False, **given)
        yield Sample(1, sym=False, **given)
        yield Sample(5, dtype=Named("float64"), **given)
        yield Invalid(-1, **given, raises=ValueError, match="requires non-negative window length")
        yield Invalid(3, dtype=Named("float16"), **given, raises=ValueError,
                      match="expects float32 or float64 dtypes, got: torch.float16")

    def reference(M: int, sym: bool = True, dtype: Any = None, **given: Any) -> Array:
        return _values(values, M, not sym, **given)

    return Op(f"signal.windows.{name}", samples, reference, differentiable=False)


def _older(name: str, values: Callable[..., Any], **given: Any) -> Op:
    def samples(v: Values) -> Iterator[Sample]:
        for count in (0, 1, 2, 5):
            yield Sample(count, True, **given)
        yield Sample(5, False, **given)
        yield Sample(5)
        yield Sample(5, periodic=True, dtype=Named("float64"))
        yield Invalid(-1, raises=RuntimeError, match="requires non-negative window_length, got win")
        yield Invalid(3, dtype=Named("int64"), raises=RuntimeError,
                      match=f"{name}_window expects floating point dtypes, got: ")

    def reference(M: int, periodic: bool = True, dtype: Any = None, **given: Any) -> Array:
        return _values(values, M, periodic, **given)

    return Op(f"{name}_window", samples, reference, differentiable=False)


def _values(values: Callable[..., Any], count: int, periodic: bool, **given: Any) -> Array:
    if count == 1:
        return np.ones(1)
    last = count if periodic else count - 1
    return np.array([values(n, last, **given) for n in range(count)])


def _cosines(n: int, last: int, a: Any) -> Any:
    return sum((-1) ** i * c * np.cos(2 * np.pi * i * n / last) for i, c in enumerate(a))


def _exponential(n: int, last: int, tau: float = 1.0) -> Any:
    return np.exp(-abs(n - last / 2) / tau)


def _kaiser(n: int, last: int, beta: float = 12.0) -> Any:
    return np.i0(beta * np.sqrt(1 - (2 * n / last - 1) ** 2)) / np.i0(beta)


def _triangle(n: int, last: int) -> Any:
    return 1 - abs(2 * n / last - 1)


def _sum_of(*a: float) -> Callable[..., Any]:
    return lambda n, last: _cosines(n, last, a)


ops = [
    _window("exponential", _exponential, tau=2.0),
    _window("cosine", lambda n, last: np.sin(np.pi * (n + 0.5) / (last + 1))),
    _window("gaussian", lambda n, last, std: np.exp(-((n - last / 2) ** 2) / (2 * std**2)),
            std=1.5),
    _window("kaiser", _kaiser, beta=3.0),
    _window("bartlett", _triangle),
    _window("general_cosine", _cosines, a=[0.46, 0.23, 0.31]),
    _window("general_hamming", lambda n, last, alpha: _cosines(n, last, (alpha, 1 - alpha)),
            alpha=0.6),
    _window("hamming", _sum_of(0.54, 0.46)),
    _window("hann", _sum_of(0.5, 0.5)),
    _window("blackman", _sum_of(0.42, 0.5, 0.08)),
    _window("nuttall", _sum_of(*NUTTALL)),
    _older("hann", _sum_of(0.5, 0.5)),
    _older("hamming", lambda n, last, alpha=0.54, beta=0.46: _cosines(n, last, (alpha, beta)),
           alpha=0.7, beta=0.3),
    _older("blackman", _sum_of(0.42, 0.5, 0.08)),
    _older("bartlett", _triangle),
    _older("kaiser", _kaiser, beta=2.0),
]  # fmt: skip
