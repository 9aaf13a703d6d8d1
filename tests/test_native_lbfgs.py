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
            sizes = base.inner_products([abs(v) for v in vectors[:rows]], [abs(v) for v in others])
            assert (abs(found - expected) <= tolerance / 4 * sizes).all()
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
    wide = x.astype(np.float64)
    for vectors, others in (
        ([x], [wide]), ([x[::2]], [x[::2]]), ([np.arange(3)], [np.arange(3)])
    ):  # fmt: skip
        with recorded_base() as called:
            found = kernels().inner_products(vectors, others)
        assert called == ["inner_products"]
        np.testing.assert_allclose(found, base.inner_products(vectors, others))
    for vectors, weights in (([x[::2]], [2.0]), ([x, wide], [1.0, 2.0]), ([x], [2])):
        with recorded_base() as called:
            found = kernels().weighted_sum(vectors, weights)
        assert called == ["weighted_sum"]
        np.testing.assert_allclose(found, base.weighted_sum(vectors, weights))
    for call in (
        lambda: kernels().inner_products([x, x[::2]], [x]),
        lambda: kernels().weighted_sum([x, x], [1.0]),
    ):
        with pytest.raises(ValueError):
            call()
