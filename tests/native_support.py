"""What the tests of the C++ extension share: its kernels, NumPy's, and arrays in many layouts.

Importing it skips a module of tests where the extension is not there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from rushlight.kernels.base import Base
from rushlight.kernels.native import native

if native is None:
    pytest.skip("the C++ extension was not built, or RUSHLIGHT_NATIVE=0", allow_module_level=True)

base = Base()
SIZES = [0, 1, 3, 17, 1000, 100_000]
FLOATS = [np.float32, np.float64]


def kernels() -> Any:
    """The table with the extension's functions."""
    from rushlight.kernels.cpu import CPU

    return CPU()


class RecordingBase(Base):
    """Notes which kernels reach the base."""

    def __init__(self) -> None:
        self.called: list[str] = []

    def __getattribute__(self, name: str) -> Any:
        if name in native_kernels():
            object.__getattribute__(self, "called").append(name)
        return object.__getattribute__(self, name)


def native_kernels() -> set[str]:
    """The names of the kernels that the extension takes over."""
    from rushlight.kernels.cpu import native_kernels as by_name

    return set(by_name())


@contextmanager
def recorded_base() -> Iterator[list[str]]:
    """The names of the kernels that the extension leaves to the base meanwhile."""
    recording = RecordingBase()
    native.set_base(recording)
    try:
        yield recording.called
    finally:
        native.set_base(Base())


def random(*shape: int, dtype: Any = np.float32, seed: int = 0) -> np.ndarray[Any, Any]:
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def channels_last(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The same values with the memory order N, H, W, C."""
    return np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)


def is_channels_last(x: np.ndarray[Any, Any]) -> bool:
    return x.transpose(0, 2, 3, 1).flags.c_contiguous


def layouts(x: np.ndarray[Any, Any]) -> dict[str, np.ndarray[Any, Any]]:
    """Arrays of four dimensions and their views: dense in several orders, and with gaps."""
    return {
        "contiguous": x,
        "channels last": channels_last(x),
        "transposed": x.transpose(3, 1, 0, 2),
        "every other image": x[::2],
        "every other pixel": x[..., ::2],
        "backwards": x[:, ::-1],
        "broadcast": np.broadcast_to(x[:1], x.shape),
    }


def ulps(actual: np.ndarray[Any, Any], exact: np.ndarray[Any, Any]) -> float:
    """The largest error in units of the last place of the exact value rounded to actual's type."""
    with np.errstate(over="ignore"):
        rounded = exact.astype(actual.dtype)
    finite = np.isfinite(rounded)
    assert np.array_equal(actual[~finite], rounded[~finite], equal_nan=True)
    if not finite.any():
        return 0.0
    error = np.abs(actual[finite].astype(np.float64) - exact[finite])
    return float((error / np.spacing(np.abs(rounded[finite])).astype(np.float64)).max())
