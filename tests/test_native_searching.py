from __future__ import annotations

import numpy as np
import pytest

from native_support import FLOATS, base, kernels, random, recorded_base

DTYPES = ["f4", "f8", "i8", "i4", "i2", "i1", "u1"]
SHAPES = [(0,), (1,), (3, 5), (1000,)]


def numbers(dtype, *shape, seed=0):
    x = np.abs(np.round(random(*shape, seed=seed) * 5))
    if dtype[0] == "f" and x.size > 4:
        x.reshape(-1)[:4] = np.nan, np.nan, np.inf, -0.0
    return x.astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("right", [False, True])
def test_searchsorted(dtype, right):
    line = np.sort(numbers(dtype, 40, seed=1))
    for shape in SHAPES:
        x = numbers(dtype, *shape)
        with recorded_base() as called:
            found = kernels().searchsorted(line, x, right)
        assert called == [] and found.dtype == np.int64
        np.testing.assert_array_equal(found, base.searchsorted(line, x, right))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("inverts", [False, True])
def test_isin(dtype, inverts):
    for shape in SHAPES:
        x = numbers(dtype, *shape)
        for others in (numbers(dtype, 0), numbers(dtype, 3, 4, seed=1)):
            with recorded_base() as called:
                found = kernels().isin(x, others, inverts)
            assert called == [] and found.dtype == np.bool_
            np.testing.assert_array_equal(found, base.isin(x, others, inverts))


@pytest.mark.parametrize("dtype", [*DTYPES, "?"])
@pytest.mark.parametrize("sorts", [False, True])
def test_unique(dtype, sorts):
    for shape in SHAPES:
        x = numbers(dtype, *shape)
        with recorded_base() as called:
            found = kernels().unique(x, None, sorts)
        assert called == []
        for actual, expected in zip(found, base.unique(x, None, sorts), strict=True):
            assert actual.dtype == expected.dtype
            np.testing.assert_array_equal(actual, expected)
            if dtype[0] == "f":
                np.testing.assert_array_equal(np.signbit(actual), np.signbit(expected))


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("bins", [1, 7, 100])
def test_histc(bins, dtype):
    x = random(1000, dtype=dtype)
    x[:6] = np.nan, np.inf, -np.inf, -1, 2, np.nextafter(dtype(2), dtype(0))
    with recorded_base() as called:
        counts = kernels().histc(x, bins, -1, 2)
    assert called == [] and counts.dtype == dtype
    np.testing.assert_array_equal(counts, base.histc(x, bins, -1, 2))


def test_histc_of_more_bins_than_a_float_counts():
    """The number of the last is no float32: rounded up, it is the number of bins."""
    bins = 2**24 + 4
    for table in (kernels(), base):
        counts = table.histc(np.array([0, 1], np.float32), bins, 0, 1)
        assert counts[0] == counts[-1] == 1 and len(counts) == bins
