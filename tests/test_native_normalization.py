from __future__ import annotations

import numpy as np
import pytest

from native_support import FLOATS, base, channels_last, kernels, random, recorded_base

SHAPES = [(8, 3, 5, 7), (64, 32, 13, 13), (4, 130, 3, 3), (300, 2, 9, 9), (16, 10), (2, 5, 6),
          (1, 4, 2, 2), (2, 3000, 3, 3)]  # fmt: skip
TOLERANCE = {np.float32: 2e-5, np.float64: 1e-12}


def inputs(shape, dtype, seed=0):
    x = random(*shape, dtype=dtype, seed=seed) * dtype(2) + dtype(5)
    return [x] if x.ndim != 4 else [x, channels_last(x)]


def in_double(arguments):
    return [a.astype(np.float64) if isinstance(a, np.ndarray) else a for a in arguments]


def assert_close(actual, expected, dtype):
    assert actual.dtype == dtype and actual.shape == expected.shape
    scale = max(1.0, float(np.abs(expected).max()))
    np.testing.assert_allclose(actual, expected, TOLERANCE[dtype], TOLERANCE[dtype] * scale)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("shape", SHAPES)
def test_forward(shape, affine, training, dtype, instruction_set):
    channels = shape[1]
    weight, bias = (random(channels, dtype=dtype, seed=s) if affine else None for s in (1, 2))
    for x in inputs(shape, dtype):
        running = [random(channels, dtype=dtype, seed=3), np.abs(random(channels, dtype=dtype)) + 1]
        wanted = in_double(running)
        with recorded_base() as called:
            results = kernels().batch_norm(x, weight, bias, *running, training, 0.1, 1e-5)
        assert called == []
        expected = base.batch_norm(*in_double([x, weight, bias]), *wanted, training, 0.1, 1e-5)
        for actual, exact in zip((*results, *running), (*expected, *wanted), strict=True):
            assert_close(actual, exact, dtype)
        assert results[0].strides == x.strides


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("shape", SHAPES)
def test_backward(shape, affine, training, dtype, instruction_set):
    weight = random(shape[1], dtype=dtype, seed=1) if affine else None
    for x in inputs(shape, dtype):
        _, mean, invstd = base.batch_norm(x, None, None, None, None, True, 0.1, 1e-5)
        for grad in inputs(shape, dtype, seed=4):
            with recorded_base() as called:
                results = kernels().batch_norm_backward(grad, x, weight, mean, invstd, training)
            assert called == []
            arguments = in_double([grad, x, weight, mean, invstd])
            expected = base.batch_norm_backward(*arguments, training)
            for actual, exact in zip(results, expected, strict=True):
                assert_close(actual, exact, dtype)
            assert results[0].strides == x.strides


def test_without_running_statistics():
    x = channels_last(random(4, 3, 5, 5))
    actual = kernels().batch_norm(x, None, None, None, None, True, 0.1, 1e-5)
    for a, b in zip(
        actual, base.batch_norm(x, None, None, None, None, True, 0.1, 1e-5), strict=True
    ):
        np.testing.assert_allclose(a, b, 1e-5, 1e-5)


def test_a_large_mean_does_not_swallow_the_variance(instruction_set):
    x = random(64, 4, 20, 20) + np.float32(10_000)
    exact = x.astype(np.float64).var(axis=(0, 2, 3))
    for a in (x, channels_last(x)):
        _, _, invstd = kernels().batch_norm(a, None, None, None, None, True, 0.1, 0.0)
        np.testing.assert_allclose(1 / invstd.astype(np.float64) ** 2, exact, 1e-5)


@pytest.mark.parametrize("dtype", FLOATS)
def test_other_orders_of_memory_are_copied(dtype):
    x, grad = random(4, 3, 5, 6, dtype=dtype), random(4, 3, 5, 6, dtype=dtype, seed=1)
    for a in (np.asfortranarray(x), np.repeat(x, 2, -1)[..., ::2], x[:, :, ::-1]):
        weight, bias = random(3, dtype=dtype), random(3, dtype=dtype, seed=2)
        with recorded_base() as called:
            forward = kernels().batch_norm(a, weight, bias, None, None, True, 0.1, 1e-5)
            backward = kernels().batch_norm_backward(grad, a, weight, *forward[1:], True)
        assert called == []
        assert forward[0].strides == np.empty_like(a).strides == backward[0].strides
        expected = base.batch_norm(a, weight, bias, None, None, True, 0.1, 1e-5)
        expected += base.batch_norm_backward(grad, a, weight, *expected[1:], True)
        for actual, wanted in zip((*forward, *backward), expected, strict=True):
            np.testing.assert_allclose(actual, wanted, 1e-3, 1e-4)


def test_what_is_not_covered_goes_to_the_base():
    x = random(4, 3, 5, 6)
    weight = random(3)
    with recorded_base() as called:
        for a, w in [(x, weight.astype(np.float64)), (x[0:0], weight)]:
            with np.errstate(all="ignore"), pytest.warns() if not a.size else np.errstate():
                kernels().batch_norm(a, w, None, None, None, True, 0.1, 1e-5)
    assert called == ["batch_norm"] * 2
