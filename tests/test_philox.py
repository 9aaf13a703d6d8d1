"""The random streams of devices that are not the CPU: Philox, by its published answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import rushlight as torch
from rushlight.kernels.base.philox import philox
from rushlight.testing import register_strict_device

xp = register_strict_device()


@pytest.mark.parametrize(
    "counter, key, expected",
    [  # kat_vectors of Random123, the authors' library
        ("00000000 00000000 00000000 00000000", "00000000 00000000",
         "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff",
         "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0",
         "d16cfe09 94fdcceb 5001e420 24126ea1"),
    ],
)  # fmt: skip
def test_published_answers(counter: str, key: str, expected: str) -> None:
    first, second = (int(word, 16) for word in key.split())
    words = philox(tuple(np.array([int(w, 16)], np.uint64) for w in counter.split()),  # type: ignore[arg-type]
                   (first, second))  # fmt: skip
    assert " ".join(f"{int(w[0]):08x}" for w in words) == expected


def test_a_stream_does_not_depend_on_how_it_is_cut() -> None:
    torch.manual_seed(3)
    whole = torch.rand(24, device="strict").tolist()
    torch.manual_seed(3)
    parts = [torch.rand(n, device="strict").tolist() for n in (4, 8, 12)]
    assert sum(parts, []) == whole
    torch.manual_seed(4)
    assert torch.rand(24, device="strict").tolist() != whole


def test_numbers_are_drawn_on_the_device() -> None:
    p = torch.full((10,), 0.5, device="strict")
    weights = torch.ones(2, 5, device="strict")
    with xp.counted() as transfers:
        x = torch.rand(10, device="strict")
        torch.randn(7, device="strict", dtype=torch.float64)
        torch.randint(-5, 2**40, (9,), device="strict")
        torch.randperm(9, device="strict")
        torch.bernoulli(p)
        torch.multinomial(weights, 3)
        torch.multinomial(weights, 8, replacement=True)
        torch.nn.functional.dropout(x)
        for fill in ("uniform_", "normal_", "exponential_", "random_", "bernoulli_"):
            getattr(x, fill)()
        torch.nn.init.kaiming_uniform_(weights)
    assert vars(transfers) == {"to_device": 0, "to_host": 0}


def drawn(function: Any, *args: Any, **options: Any) -> np.ndarray[Any, Any]:
    torch.manual_seed(0)
    return function(*args, device="strict", **options).cpu().numpy()


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_uniform(dtype: str) -> None:
    x = drawn(torch.rand, 20000, dtype=getattr(torch, dtype)).astype("float64")
    assert 0 <= x.min() and x.max() < 1
    counts = np.histogram(x, 20, (0, 1))[0]
    assert ((counts - 1000) ** 2 / 1000).sum() < 45  # chi-squared, 19 degrees: 1 in 1400
    y = torch.empty(1000, device="strict", dtype=getattr(torch, dtype)).uniform_(2.0, 2.5).cpu()
    assert 2.0 <= y.min().item() and y.max().item() < 2.5


@pytest.mark.parametrize("count", [1, 20001])
def test_normal(count: int) -> None:
    x = drawn(torch.randn, count)
    assert x.shape == (count,)
    if count > 1:
        assert abs(x.mean()) < 0.03 and abs(x.std() - 1) < 0.02
        assert abs((np.abs(x) < 1).mean() - 0.6827) < 0.012
        assert abs(np.corrcoef(x[0::2][:10000], x[1::2])[0, 1]) < 0.04


def test_integers() -> None:
    x = drawn(torch.randint, -3, 7, (20000,))
    assert set(x.tolist()) == set(range(-3, 7))
    assert ((np.bincount(x + 3) - 2000) ** 2 / 2000).sum() < 35
    wide = drawn(torch.randint, -(2**63), 2**63 - 1, (1000,))
    assert (wide < 0).any() and (wide > 2**62).any()
    full = torch.zeros(1000, dtype=torch.int64, device="strict").random_().cpu().numpy()
    assert full.min() >= 0 and full.max() > 2**62


def test_permutation_and_choices() -> None:
    x = drawn(torch.randperm, 1000)
    assert sorted(x.tolist()) == list(range(1000)) and x.tolist() != list(range(1000))
    torch.manual_seed(0)
    weights = torch.tensor([[0.0, 1.0, 3.0], [2.0, 2.0, 0.0]], device="strict")
    rows = torch.multinomial(weights, 8000, replacement=True).cpu().numpy()
    frequencies = np.stack([np.bincount(row, minlength=3) for row in rows]) / 8000
    assert np.abs(frequencies - [[0, 0.25, 0.75], [0.5, 0.5, 0]]).max() < 0.02
    assert sorted(torch.multinomial(weights[0], 2).tolist()) == [1, 2]
    p = torch.tensor([0.0, 1.0, 0.3], device="strict").expand(4000, 3)
    assert np.abs(torch.bernoulli(p).cpu().numpy().mean(0) - [0, 1, 0.3]).max() < 0.03
    kept = torch.nn.functional.dropout(torch.ones(8000, device="strict"), 0.25).cpu().numpy()
    assert set(np.unique(kept)) == {np.float32(0), np.float32(1 / 0.75)}
    assert abs((kept == 0).mean() - 0.25) < 0.02
