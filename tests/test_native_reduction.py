from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from native_support import (
    FLOATS,
    SIZES,
    base,
    channels_last,
    kernels,
    layouts,
    random,
    recorded_base,
)


def exact(name, x, axes, keepdims):
    return getattr(base, name)(x.astype(np.longdouble), axes, keepdims).astype(x.dtype)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", ["sum", "mean", "nansum", "prod"])
def test_all_axes(name, dtype, instruction_set):
    for size in SIZES[1:]:
        x = random(size, dtype=dtype) + dtype(0.5)
        actual = getattr(kernels(), name)(x, None, False)
        assert actual.shape == () and isinstance(actual, np.ndarray) and actual.dtype == dtype
        eps = np.finfo(dtype).eps * (1 if name != "prod" else max(size, 1))
        np.testing.assert_allclose(actual, exact(name, x, None, False), 4 * eps)


@pytest.mark.parametrize("name", ["sum", "mean", "nansum", "prod"])
@pytest.mark.parametrize("shape", [(3, 4, 5, 6), (2, 1, 7, 1), (8, 32, 26, 26), (16, 3, 20, 20)])
def test_some_axes(name, shape, instruction_set):
    x = random(*shape)
    axes = [axes for count in (1, 2, 3, 4) for axes in combinations(range(4), count)]
    for layout, a in layouts(x).items():
        for some in axes:
            for keepdims in (False, True):
                actual = getattr(kernels(), name)(a, some, keepdims)
                expected = exact(name, a, some, keepdims)
                assert actual.shape == expected.shape, (layout, some)
                np.testing.assert_allclose(actual, expected, 1e-5, 2e-4, err_msg=str(some))


def test_usual_cases_are_the_extensions_work():
    x = random(4, 5, 6, 7)
    with recorded_base() as called:
        for a in (x, channels_last(x), x[::2]):
            for axes in (None, (0,), (3,), (0, 2, 3), (2, 3)):
                kernels().sum(a, axes, False)
        kernels().mean(random(1, 10), (0,), False)
        kernels().sum(np.asarray(random(1)[0]), None, False)
    assert [name for name in called if name == "mean"] == []
    assert len(called) <= 3  # of the gaps in x[::2] alone


@pytest.mark.parametrize("shape", [(128, 512), (100_000, 3), (3, 100_000), (1000, 64), (70, 3000)])
def test_long_columns_and_rows(shape, instruction_set):
    x = random(*shape)
    for a in (x, x.T):
        for axes in ((0,), (1,)):
            actual = kernels().sum(a, axes, False)
            np.testing.assert_allclose(actual, exact("sum", a, axes, False), 1e-5, 2e-5)


def test_long_sums_do_not_drift():
    x = np.full(10_000_000, 0.1, np.float32)
    np.testing.assert_allclose(kernels().sum(x, None, False), np.float64(x[0]) * 1e7, 1e-6)
    columns = np.full((1_000_000, 8), 0.1, np.float32)
    np.testing.assert_allclose(kernels().sum(columns, (0,), False), np.float64(x[0]) * 1e6, 1e-6)


@pytest.mark.parametrize("shape, axes", [((3_000_000,), None), ((30, 100_000), (1,))], ids=str)
def test_a_sum_of_tenths_is_right_to_the_last_place(shape, axes, instruction_set):
    x = np.full(shape, 0.1, np.float32)
    total = kernels().sum(x, axes, False)
    np.testing.assert_array_equal(total, np.sum(x, axes, dtype=np.float64).astype(np.float32))


def test_nansum_leaves_out_what_is_no_number(instruction_set):
    x = random(70, 33)
    x[::3, ::2] = np.nan
    for axes in (None, (0,), (1,)):
        actual = kernels().nansum(x, axes, False)
        np.testing.assert_allclose(actual, np.nansum(x, axes, dtype=np.float64), 1e-5, 1e-5)
    assert kernels().nansum(np.full(5, np.nan, np.float32), None, False) == 0


def test_a_product_may_leave_the_range_of_floats_and_come_back(instruction_set):
    x = np.full(80, 1e10, np.float32)
    x[1::2] = 1e-10
    for a in (np.sort(x), np.sort(x)[:, None]):
        np.testing.assert_allclose(kernels().prod(a, (0,), False), 1, 1e-5)


def test_not_a_number_and_infinity_go_through():
    x = random(1000)
    x[500] = np.nan
    assert np.isnan(kernels().sum(x, None, False))
    x[500] = np.inf
    assert kernels().sum(x, None, False) == np.inf


def test_what_is_not_covered_goes_to_the_base():
    with recorded_base() as called:
        assert kernels().sum(np.arange(5, dtype=np.int32), None, False) == 10
        assert kernels().sum(random(0, 3), (0,), False).tolist() == [0, 0, 0]
        kernels().sum(random(5, 4, 3, 2), (1, 3), False)
        kernels().sum(random(5, 4), (), False)
    assert called == ["sum"] * 4


@pytest.mark.parametrize("count", [2, 24, 63, 64, 100])
def test_short_rows_add_up_in_double(instruction_set, count):
    """What is left over of the lanes counts as much: large numbers keep their small differences."""
    x = np.arange(count, dtype=np.float32) + np.float32(1e6)
    assert kernels().sum(x, None, False) == np.float32(x.astype(np.float64).sum())
    mean = kernels().mean(np.stack([x, x]), (1,), False)
    assert (mean == np.float32(x.astype(np.float64).mean())).all()


EXTREMES = ["amax", "amin", "argmax", "argmin"]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", EXTREMES)
@pytest.mark.parametrize("nan", [False, True])
def test_extremes_of_all_orders(name, nan, dtype, instruction_set):
    x = np.round(random(4, 7, 5, 6, dtype=dtype), 1)  # some are equal
    if nan:
        x[1, 2, 3, 4] = x[1, 5, 3, 4] = np.nan
    for layout, a in layouts(x).items():
        some = [None, *range(4)]
        if name.startswith("am"):
            some = [None, *(axes for count in (1, 2, 3) for axes in combinations(range(4), count))]
        for axes in some:
            for keepdims in (False, True):
                actual = getattr(kernels(), name)(a, axes, keepdims)
                expected = getattr(base, name)(a, axes, keepdims)
                assert actual.dtype == expected.dtype and actual.shape == expected.shape
                np.testing.assert_array_equal(actual, expected, f"{layout} {axes}")
                if name.startswith("arg"):
                    assert actual.flags.c_contiguous


@pytest.mark.parametrize("name", EXTREMES)
@pytest.mark.parametrize(
    "shape", [(1,), (63,), (200,), (100_000,), (5000, 3), (3, 5000), (300, 300), (40_000, 40)]
)
def test_extremes_of_many_sizes(name, shape, instruction_set):
    x = random(*shape)
    with recorded_base() as called:
        for axis in range(len(shape)):
            axes = (axis,) if name.startswith("am") else axis
            actual = getattr(kernels(), name)(x, axes, False)
            np.testing.assert_array_equal(actual, getattr(base, name)(x, axes, False))
    assert called == []


@pytest.mark.parametrize("dtype", ["f4", "f8", "i8", "i4", "i2", "i1", "u1", "?"])
def test_count_nonzero(dtype):
    x = (random(4, 7, 5, 600) * 2).astype(dtype)
    for layout, a in layouts(x).items():
        actual = kernels().count_nonzero(a, None)
        assert actual.dtype == np.int64 and actual.shape == ()
        assert actual == np.count_nonzero(a), layout
    with recorded_base() as called:
        kernels().count_nonzero(channels_last(x), None)
    assert called == []


@pytest.mark.parametrize("dtype", ["f4", "f8", "i8", "i2", "u1", "?"])
def test_all_equal(dtype):
    x = (random(4, 7, 5, 6) * 9).astype(dtype)
    with recorded_base() as called:
        for layout, a in layouts(x).items():
            same = np.ascontiguousarray(a)
            other = same.copy()
            other[-1, -1, -1, -1] = not other[-1, -1, -1, -1]
            assert kernels().all_equal(a, same) and kernels().all_equal(same, a), layout
            assert kernels().all_equal(a, a)
            assert not kernels().all_equal(a, other) and not kernels().all_equal(other, a), layout
    assert called == []


def test_nan_equals_nothing_not_even_itself():
    x = random(3, 4)
    x[1, 2] = np.nan
    assert not kernels().all_equal(x, x) and not kernels().all_equal(x.T, x.T)


@pytest.mark.parametrize("dtype", ["f4", "f8", "i8", "i4", "u1", "?"])
@pytest.mark.parametrize("name", ["all", "any"])
def test_truths(dtype, name):
    for size in (1, 7, 1024, 5000):
        for x in (np.zeros(size), np.ones(size), np.arange(size) == size - 1, np.arange(size) > 0):
            lines = np.stack([x, x[::-1]]).astype(dtype)
            for axes in (None, (1,), (0, 1), (0,)):
                for keepdims in (False, True):
                    actual = getattr(kernels(), name)(lines, axes, keepdims)
                    np.testing.assert_array_equal(
                        actual, getattr(base, name)(lines, axes, keepdims), f"{size}, {axes}"
                    )
    nan = np.full((2, 3), np.nan, np.float32)
    assert kernels().any(nan, None, False) and kernels().all(nan, None, False)


@pytest.mark.parametrize("name", ["argmax", "argmin"])
def test_place_in_the_whole(name):
    x = np.round(np.random.default_rng(0).normal(size=(3, 4, 5)), 1).astype(np.float32)
    for array in (x, x.T, x[:, ::2], np.where(x > 1, np.nan, x)):
        with np.errstate(all="ignore"):
            expected = getattr(base, name)(array, None, False)
        assert getattr(kernels(), name)(array, None, False) == expected


@pytest.mark.parametrize("name", ["sum", "prod"])
def test_totals_of_whole_numbers(name):
    x = np.random.default_rng(0).integers(-9, 9, (3, 4, 5))
    x[0, 0, 0] = 2**62 + 1  # what overflows wraps around
    many = np.arange(2 * 300 * 20).reshape(2, 300, 20)
    for array in (x, x.T, x[:, 1:, ::2], x[::-1], many, many.T):
        for axes in (None, (0,), (1,), (2,), (0, 2), (1, 2)):
            for keepdims in (False, True):
                actual = getattr(kernels(), name)(array, axes, keepdims)
                expected = getattr(base, name)(array, axes, keepdims)
                np.testing.assert_array_equal(actual, expected, f"{axes}")
                assert actual.dtype == np.int64 and actual.shape == expected.shape


def test_sums_of_few_with_gaps():
    x = np.random.default_rng(0).normal(size=(7, 9)).astype(np.float32)
    for array in (x[:, ::3], x[::2].T, np.lib.stride_tricks.as_strided(x, (5,), (40,))):
        with recorded_base() as called:
            actual = kernels().sum(array, None, False)
        assert called == []
        np.testing.assert_allclose(actual, base.sum(array, None, False), rtol=1e-6)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("axes", [None, (1,)])
@pytest.mark.parametrize("keepdims", [False, True])
def test_both_extremes(keepdims, axes, dtype):
    for columns in (1, 7, 4096, 10_000):
        x = random(3, columns, dtype=dtype)
        for spoiled in (False, True):
            if spoiled:
                x[1, -1] = np.nan
            with recorded_base() as called:
                found = kernels().aminmax(x, axes, keepdims)
            assert called == []
            for actual, expected in zip(found, base.aminmax(x, axes, keepdims), strict=True):
                assert actual.dtype == dtype
                np.testing.assert_array_equal(actual, expected, strict=True)
