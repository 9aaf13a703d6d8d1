"""Sobol sequences; the numbers are PyTorch 2.13's."""

from __future__ import annotations

import pytest

import rushlight as torch
from rushlight.quasirandom import SobolEngine

pytest.importorskip("scipy")


def test_first_points() -> None:
    points = SobolEngine(3).draw(5)
    assert points.tolist() == [
        [0, 0, 0], [0.5, 0.5, 0.5], [0.75, 0.25, 0.25], [0.25, 0.75, 0.75], [0.375, 0.375, 0.625],
    ]  # fmt: skip
    assert points.dtype is torch.float32


def test_scrambled_points_of_a_seed() -> None:
    engine = SobolEngine(3, scramble=True, seed=1)
    wanted = [[0.2677, 0.3618, 0.7123], [0.8840, 0.6187, 0.1758], [0.5053, 0.1442, 0.9889]]
    torch.testing.assert_close(engine.draw(3), torch.tensor(wanted), atol=5e-5, rtol=0)
    assert repr(engine) == "SobolEngine(dimension=3, scramble=True, seed=1)"


def test_goes_on_back_and_forward() -> None:
    engine, whole = SobolEngine(2), SobolEngine(2).draw(8)
    assert torch.equal(torch.cat([engine.draw(3), engine.draw(5)]), whole)
    assert torch.equal(engine.reset().fast_forward(6).draw(2), whole[6:])
    assert torch.equal(engine.reset().draw_base2(3, dtype=torch.float64), whole.double())
    out = torch.empty(0)
    assert engine.reset().draw(8, out=out) is out and torch.equal(out, whole)


def test_no_points() -> None:
    engine = SobolEngine(2)
    with pytest.raises(RuntimeError, match="or 0 behind the first point, got 0"):
        engine.draw(0)
    engine.draw(2)
    assert engine.draw(0).shape == (0, 2) and engine.num_generated == 2
    assert engine.draw(0, dtype=torch.float64).dtype is torch.float64
    assert engine.draw(1).tolist() == [[0.75, 0.25]]


def test_refuses() -> None:
    with pytest.raises(ValueError, match=r"\[1, 21201\]"):
        SobolEngine(0)
    engine = SobolEngine(1)
    engine.draw(1)
    with pytest.raises(ValueError, match="power of 2"):
        engine.draw_base2(2)
    for n, error in ((-1, RuntimeError), (2.5, TypeError)):
        with pytest.raises(error):
            engine.draw(n)
    with pytest.raises(NotImplementedError, match="not of torch.int64"):
        engine.draw(2, dtype=torch.int64)
    with pytest.raises(TypeError):
        SobolEngine(1.5)
