from __future__ import annotations

import numpy as np
import pytest

from native_support import FLOATS, SIZES, base, kernels, native, random, recorded_base


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("size", [*SIZES, 16, 31, 1024, 4097, 16385])
def test_values(size, dtype):
    vectors = [random(size, dtype=dtype, seed=i) for i in range(7)]
    tolerance = 2e-6 if dtype == np.float32 else 1e-13
    for rows in (1, 2, 7):
        for columns in (1, 2, 3, 4, 5):
            others = vectors[:columns][::-1]
            with recorded_base() as called:
                found = kernels().inner_products(vectors[:rows], others)
            assert called == [] and found.dtype == np.float64
            expected = base.inner_products(vectors[:rows], others)
            np.testing.assert_allclose(found, expected, atol=tolerance * max(size, 1))
        weights = [0.5, -1.5, 2.0, 0.25, 3.0, 0.1, -0.7][:rows]
        with recorded_base() as called:
            found = kernels().weighted_sum(vectors[:rows], weights)
        assert called == [] and found.dtype == dtype
        expected = base.weighted_sum(vectors[:rows], weights)
        np.testing.assert_allclose(found, expected, atol=10 * tolerance)


def test_long_sums_are_exact():
    """In float32 alone the sum of many times 0.1 is 1e-4 off."""
    tenths = np.full(3_000_000, 0.1, np.float32)
    (found,) = kernels().inner_products([tenths], [np.ones_like(tenths)])[0]
    assert abs(found / (3_000_000 * float(np.float32(0.1))) - 1) < 1e-6


def test_infinity_stays_one():
    x = np.array([np.inf, 1.0], np.float32)
    for count in (1, 2, 3):
        assert kernels().weighted_sum([x] * count, [1.0] * count).tolist() == [np.inf, count]


def test_bits_do_not_depend_on_threads():
    vectors = [random(300_001, seed=i) for i in range(5)]

    def results():
        made = kernels().inner_products(vectors, vectors[:3])
        return made.tobytes() + kernels().weighted_sum(vectors, [0.1, 0.2, 0.3, 0.4, 0.5]).tobytes()

    native.set_num_threads(1)
    expected = results()
    native.set_num_threads(2)
    assert results() == expected


def test_what_it_leaves_to_the_base():
    x = random(6)
    for vectors, others in (
        ([x], [x.astype(np.float64)]),
        ([x, x[::2]], [x]),
        ([x[::2]], [x[::2]]),
        ([np.arange(3)], [np.arange(3)]),
    ):
        with recorded_base() as called:
            try:
                found = kernels().inner_products(vectors, others)
            except ValueError:
                assert len(vectors) == 2  # of two lengths
            else:
                np.testing.assert_allclose(found, base.inner_products(vectors, others))
        assert called == ["inner_products"]
