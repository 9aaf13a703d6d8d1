from __future__ import annotations

import numpy as np
import pytest

from native_support import base, kernels, layouts, random, recorded_base

DTYPES = ["f4", "f8", "i8", "i4", "i2", "i1", "u1", "?"]


def with_ties(dtype, *shape):
    x = np.round(random(*shape) * 30)
    return (np.abs(x) if dtype == "u1" else x).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("descending", [False, True])
def test_sort(dtype, descending):
    for layout, x in layouts(with_ties(dtype, 3, 4, 5, 70)).items():
        for axis in range(4):
            with recorded_base() as called:
                values, order = kernels().sort(x, axis, descending)
            assert called == []
            expected = base.sort(x, axis, descending)
            np.testing.assert_array_equal(values, expected[0], err_msg=layout)
            np.testing.assert_array_equal(order, expected[1], err_msg=layout)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("length", [1, 8, 300])
@pytest.mark.parametrize("descending", [False, True])
def test_sort_of_what_is_special(dtype, length, descending):
    special = np.array([np.nan, -np.inf, 0.0, -0.0, np.inf, 1e-42, -1e-42, -np.nan], dtype)
    x = np.resize(special, length)
    values, order = kernels().sort(x, 0, descending)
    expected = base.sort(x, 0, descending)
    np.testing.assert_array_equal(values, expected[0])
    np.testing.assert_array_equal(order, expected[1])
    for k in {1, length // 2, length}:
        actual, places = kernels().topk(x, 0, k, descending)
        np.testing.assert_array_equal(actual, expected[0][:k])
        np.testing.assert_array_equal(places, expected[1][:k])


@pytest.mark.parametrize("dtype", [dtype for dtype in DTYPES if dtype != "?"])  # as PyTorch
@pytest.mark.parametrize("largest", [False, True])
def test_topk(dtype, largest):
    for layout, x in layouts(with_ties(dtype, 3, 4, 5, 300)).items():
        for axis in range(4):
            for k in {0, 1, 2, x.shape[axis]}:
                with recorded_base() as called:
                    values, order = kernels().topk(x, axis, k, largest)
                assert called == []
                expected = base.topk(x, axis, k, largest)
                np.testing.assert_array_equal(values, expected[0], err_msg=layout)
                np.testing.assert_array_equal(order, expected[1], err_msg=layout)


@pytest.mark.parametrize("k", [1, 7, 1000, 60_000])
def test_topk_of_many(k):
    x = random(100_000)
    np.testing.assert_array_equal(kernels().topk(x, 0, k, True)[0], np.sort(x)[::-1][:k])
    x.sort()  # each is better than those before it
    np.testing.assert_array_equal(kernels().topk(x, 0, k, True)[0], x[::-1][:k])


def test_sort_of_nothing():
    assert kernels().sort(np.zeros((3, 0), np.float32), 1, False)[1].shape == (3, 0)
    assert kernels().sort(np.zeros((0, 3), np.float32), 1, False)[1].shape == (0, 3)
    assert kernels().topk(np.zeros((0, 3), np.float32), 1, 2, True)[0].shape == (0, 2)


@pytest.mark.parametrize("dtype", ["f4", "f8", "i8"])
def test_cumsum(dtype):
    for layout, x in layouts((random(9, 10, 11, 12) * 9).astype(dtype)).items():
        for axis in range(4):
            actual, expected = kernels().cumsum(x, axis), base.cumsum(x, axis)
            np.testing.assert_allclose(actual, expected, rtol=1e-6, err_msg=layout)
            assert actual.dtype == dtype
    assert kernels().cumsum(np.zeros((3, 0), dtype), 0).shape == (3, 0)


@pytest.mark.parametrize("table", [kernels(), base])
def test_running_sums_of_float32_do_not_lose_small_addends(table):
    x = np.full(3_000_000, 0.1, np.float32)
    assert abs(table.cumsum(x, 0)[-1] - 300_000) < 0.1


@pytest.mark.parametrize("dtype", ["f4", "f8", "i8", "i4", "u1"])
def test_mode(dtype):
    x = np.random.default_rng(0).integers(0, 4, (6, 7, 8)).astype(dtype)
    lines = [x, x.T, x[:, ::2], x[..., :1]]
    if dtype[0] == "f":  # each nan is one by itself, 0 and -0 are equal
        lines += [np.where(x > 1, np.nan, x), np.full((2, 3), np.nan, dtype), -x * (x > 2)]
    for array in lines:
        for axis in range(array.ndim):
            with recorded_base() as called:
                actual = kernels().mode_place(array, axis)
            assert called == []
            np.testing.assert_array_equal(actual, base.mode_place(array, axis), str(axis))
