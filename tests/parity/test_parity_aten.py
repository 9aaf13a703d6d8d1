"""Operators of `torch.ops.aten` by their calls. Collected where PyTorch is installed."""

from __future__ import annotations

import numpy as np
import pytest

import rushlight
from aten_calls import CALLS
from rushlight import aten

torch = pytest.importorskip("torch")


@pytest.mark.parametrize("name", CALLS)
def test_the_same_numbers(name: str) -> None:
    ours, theirs = (CALLS[name](t, t.ops.aten) for t in (rushlight, torch))
    pairs = [(ours, theirs)] if isinstance(theirs, torch.Tensor) else zip(ours, theirs, strict=True)
    for our, their in pairs:
        assert our.shape == their.shape and str(our.dtype) == str(their.dtype)
        np.testing.assert_allclose(our.numpy(), their.numpy(), rtol=1e-5, atol=1e-6)


def test_the_same_overloads() -> None:
    for name in ("add", "sum", "slice", "index_put_", "_to_copy", "upsample_nearest2d"):
        assert aten.overloads()[name] == getattr(torch.ops.aten, name).overloads()
