from __future__ import annotations

import numpy as np
import pytest

from native_support import FLOATS, base, channels_last, kernels, random, recorded_base

SHAPES = [(8, 6, 5, 7), (3, 32, 26, 26), (100, 6, 4, 4), (1, 12, 300, 10), (16, 48), (2, 6, 9)]
TOLERANCE = {np.float32: 2e-5, np.float64: 1e-12}


def inputs(shape, dtype, seed=0):
    x = random(*shape, dtype=dtype, seed=seed) * dtype(2) + dtype(5)
    return [x] if x.ndim != 4 else [x, channels_last(x), x.transpose(0, 1, 3, 2)]


def in_double(arguments):
    return [a.astype(np.float64) if isinstance(a, np.ndarray) else a for a in arguments]


def assert_close(actual, expected, dtype):
    assert actual.dtype == dtype and actual.shape == expected.shape
    scale = max(1.0, float(np.abs(expected).max()))
    np.testing.assert_allclose(actual, expected, TOLERANCE[dtype], TOLERANCE[dtype] * scale)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("groups", [1, 2, 6])
@pytest.mark.parametrize("shape", SHAPES)
def test_both_directions(shape, groups, dtype, instruction_set):
    if shape[1] % groups:
        pytest.skip("the channels do not make so many groups")
    for weight, bias in ((None, None), [random(shape[1], dtype=dtype, seed=s) for s in (1, 2)]):
        for x in inputs(shape, dtype):
            grad = random(*x.shape, dtype=dtype, seed=3)
            with recorded_base() as called:
                y, mean, invstd = kernels().group_norm(x, weight, bias, groups, 1e-5)
                backward = kernels().group_norm_backward(grad, x, weight, mean, invstd, groups)
            assert called == []
            assert y.strides == backward[0].strides == x.strides
            exact = in_double([x, weight, bias])
            forward = base.group_norm(*exact, groups, 1e-5)
            for actual, expected in zip((y, mean, invstd), forward, strict=True):
                assert_close(actual, expected, dtype)
            expected = base.group_norm_backward(
                grad.astype(np.float64), *exact[:2], *in_double([mean, invstd]), groups
            )
            for actual, wanted in zip(backward, expected, strict=True):
                assert_close(actual, wanted, dtype)
