"""Fourier transforms of rows side by side, against NumPy's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import rushlight as torch
from native_support import FLOATS, base, kernels, random, recorded_base

# All small radices, their powers and products, primes that take any radix, and 1.
LENGTHS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 13, 15, 16, 25, 26, 30, 64, 77, 143, 400, 1001, 2048]
BATCHES = [(8,), (3, 11), (37,)]
NORMS = ["backward", "ortho", "forward"]


def complexes(*shape: int, dtype: Any) -> Any:
    return random(*shape, dtype=dtype) + 1j * random(*shape, dtype=dtype, seed=1)


def close(found: Any, expected: Any, dtype: Any) -> None:
    """Equal to a few times the accuracy of the type, of the largest value."""
    assert found.shape == expected.shape and found.flags.c_contiguous
    bound = 8 * np.finfo(dtype).eps * max(np.abs(expected).max(), 1e-30)
    assert np.abs(found - expected).max() <= bound


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("length", LENGTHS)
def test_rows(length, dtype, instruction_set):
    wide = np.complex128
    for batch, norm in zip(BATCHES, NORMS, strict=True):
        dims = (len(batch),)
        x, z = random(*batch, length, dtype=dtype), complexes(*batch, length, dtype=dtype)
        half = complexes(*batch, length // 2 + 1, dtype=dtype)
        with recorded_base() as called:
            found = [
                *(kernels().fft_r2c(x, dims, norm, inner) for inner in (1.0, 0.5)),
                *(kernels().fft_c2r(half, dims, norm, inner, length) for inner in (1.0, 2.0)),
                *(kernels().fft_c2c(z, dims, norm, forward) for forward in (True, False)),
            ]
        assert called == []
        assert [a.dtype for a in found[1:3]] == [z.dtype, dtype] and found[4].dtype == z.dtype
        expected = [
            *(base.fft_r2c(x.astype(float), dims, norm, inner) for inner in (1.0, 0.5)),
            *(base.fft_c2r(half.astype(wide), dims, norm, inner, length) for inner in (1.0, 2.0)),
            *(base.fft_c2c(z.astype(wide), dims, norm, forward) for forward in (True, False)),
        ]
        for a, b in zip(found, expected, strict=True):
            close(a, b, dtype)


def test_what_is_left_to_numpy():
    """Primes and long rows, few rows, other axes, other orders of memory, none."""
    cases = [
        (random(20, 17), (1,)), (random(8, 20_000), (1,)), (random(2, 64), (1,)),
        (random(16, 16), (0,)), (random(16, 16), (0, 1)), (np.zeros((0, 8), np.float32), (1,)),
        (random(16, 20).T, (1,)), (random(20, 32)[:, ::2], (1,)),
    ]  # fmt: skip
    for x, dims in cases:
        with recorded_base() as called:
            found = kernels().fft_r2c(x, dims, "backward", 1.0)
        assert called == ["fft_r2c"]
        np.testing.assert_array_equal(found, base.fft_r2c(x, dims, "backward", 1.0))


def test_nan_stays_in_its_row():
    x = random(16, 20)
    x[3, 7] = np.nan
    found = kernels().fft_r2c(x, (1,), "backward", 1.0)
    assert np.isnan(found).any(axis=1).tolist() == [row == 3 for row in range(16)]
    assert np.isnan(found[3]).all()


def test_threads_give_the_same_numbers():
    x = random(2000, 400)
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        alone = kernels().fft_r2c(x, (1,), "backward", 1.0)
        torch.set_num_threads(2)
        np.testing.assert_array_equal(kernels().fft_r2c(x, (1,), "backward", 1.0), alone)
    finally:
        torch.set_num_threads(threads)


def test_more_lengths_than_plans_are_kept():
    for length in range(2, 200):
        x = random(16, length)
        close(kernels().fft_r2c(x, (1,), "backward", 1.0), np.fft.rfft(x), np.float32)
