from __future__ import annotations

import numpy as np
import pytest

from native_support import (
    FLOATS,
    base,
    channels_last,
    kernels,
    layouts,
    random,
    recorded_base,
)

SHAPES = [(1, 1), (1, 10), (64, 10), (3, 17), (200, 1000), (2, 5000), (7,), (2, 3, 5), (600, 100)]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
@pytest.mark.parametrize("shape", SHAPES)
def test_forward(shape, name, dtype, instruction_set):
    x = random(*shape, dtype=dtype) * dtype(5)
    with recorded_base() as called:
        actual = getattr(kernels(), name)(x, len(shape) - 1)
    assert called == [] and actual.dtype == dtype
    expected = getattr(base, name)(x.astype(np.float64), -1)
    # Room for a sum without vectors, as under sanitizers.
    tolerance = 5e-6 if dtype == np.float32 else 1e-14
    np.testing.assert_allclose(actual, expected, tolerance, tolerance)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
@pytest.mark.parametrize("shape", SHAPES)
def test_backward(shape, name, dtype, instruction_set):
    y = getattr(base, name)(random(*shape, dtype=dtype), -1)
    grad = random(*shape, dtype=dtype, seed=1)
    arguments = (grad.astype(np.float64), y.astype(np.float64), len(shape) - 1)
    with recorded_base() as called:
        actual = getattr(kernels(), name + "_backward")(grad, y, len(shape) - 1)
    assert called == [] and actual.dtype == dtype
    expected = getattr(base, name + "_backward")(*arguments)
    tolerance = 1e-5 if dtype == np.float32 else 1e-13
    np.testing.assert_allclose(actual, expected, tolerance, tolerance)


def test_channels_of_a_channels_last_image():
    x = channels_last(random(2, 5, 6, 7))
    with recorded_base() as called:
        y = kernels().log_softmax(x, 1)
        gx = kernels().log_softmax_backward(random(2, 5, 6, 7), y, 1)
    assert called == []
    np.testing.assert_allclose(y, base.log_softmax(x, 1), 1e-5, 1e-6)
    np.testing.assert_allclose(gx, base.log_softmax_backward(random(2, 5, 6, 7), y, 1), 1e-5, 1e-6)
    assert y.strides == x.strides == gx.strides


def test_large_and_special_values(instruction_set):
    x = np.float32([[1000, 0, -1000], [-np.inf, 0, 1], [-1e30, -1e30, -1e30]])
    np.testing.assert_allclose(kernels().softmax(x, 1), base.softmax(x, 1), 1e-6)
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(kernels().log_softmax(x, 1), base.log_softmax(x, 1), 1e-6)
    assert np.isnan(kernels().softmax(np.float32([[np.nan, 1, 2]]), 1)).all()


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_any_axis_of_any_order(name, dtype, instruction_set):
    x = random(4, 3, 6, 10, dtype=dtype)
    grad = random(4, 3, 6, 10, dtype=dtype, seed=1)
    backward = name + "_backward"
    for layout, a in layouts(x).items():
        rows = grad[: a.shape[0], ..., : a.shape[3]] if "other" in layout else grad
        rows = np.ascontiguousarray(rows).reshape(a.shape)
        for axis in range(4):
            with recorded_base() as called:
                y = getattr(kernels(), name)(a, axis)
                gx = getattr(kernels(), backward)(rows, y, axis)
            assert called == [], layout
            assert y.strides == base.empty_like(a, a.dtype).strides == gx.strides, layout
            np.testing.assert_allclose(y, getattr(base, name)(a, axis), 1e-5, 1e-6)
            expected = getattr(base, backward)(rows, y, axis)
            np.testing.assert_allclose(gx, expected, 1e-4, 1e-6, err_msg=layout)
