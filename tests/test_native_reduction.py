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
@pytest.mark.parametrize("name", ["sum", "mean"])
def test_all_axes(name, dtype, instruction_set):
    for size in SIZES[1:]:
        x = random(size, dtype=dtype) + dtype(0.5)
        actual = getattr(kernels(), name)(x, None, False)
        assert actual.shape == () and isinstance(actual, np.ndarray) and actual.dtype == dtype
        np.testing.assert_allclose(actual, exact(name, x, None, False), 4 * np.finfo(dtype).eps)


@pytest.mark.parametrize("name", ["sum", "mean"])
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


def test_not_a_number_and_infinity_go_through():
    x = random(1000)
    x[500] = np.nan
    assert np.isnan(kernels().sum(x, None, False))
    x[500] = np.inf
    assert kernels().sum(x, None, False) == np.inf


def test_what_is_not_covered_goes_to_the_base():
    with recorded_base() as called:
        assert kernels().sum(np.arange(5), None, False) == 10
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
