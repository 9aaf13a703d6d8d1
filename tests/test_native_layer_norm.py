from __future__ import annotations

import numpy as np
import pytest

from native_support import FLOATS, base, kernels, random, recorded_base

SHAPES = [((5,), 5), ((4, 3), 3), ((70, 33), 33), ((3, 5, 8), 40), ((2, 3000), 3000),
          ((700, 130), 130)]  # fmt: skip
TOLERANCE = {np.float32: 2e-5, np.float64: 1e-12}


def assert_close(actual, expected, dtype):
    assert actual.dtype == dtype and actual.shape == expected.shape
    scale = max(1.0, float(np.abs(expected).max()))
    np.testing.assert_allclose(actual, expected, TOLERANCE[dtype], TOLERANCE[dtype] * scale)


def in_double(*arguments):
    return [a.astype(np.float64) if isinstance(a, np.ndarray) else a for a in arguments]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("centered", [True, False])
@pytest.mark.parametrize("affine", ["both", "weight", "bias", "none"])
@pytest.mark.parametrize("shape, size", SHAPES)
def test_rows(shape, size, affine, centered, dtype, instruction_set):
    x, grad = random(*shape, dtype=dtype) + dtype(3), random(*shape, dtype=dtype, seed=4)
    weight = random(size, dtype=dtype, seed=1) if affine in ("both", "weight") else None
    bias = random(size, dtype=dtype, seed=2) if affine in ("both", "bias") else None
    with recorded_base() as called:
        results = kernels().layer_norm(x, weight, bias, size, 1e-5, centered)
        back = kernels().layer_norm_backward(grad, x, weight, *results[1:], size, centered)
    assert called == []
    expected = base.layer_norm(*in_double(x, weight, bias), size, 1e-5, centered)
    for actual, exact in zip(results, expected, strict=True):
        assert_close(actual, exact, dtype)
    wanted = base.layer_norm_backward(*in_double(grad, x, weight), *expected[1:], size, centered)
    for actual, exact in zip(back, wanted, strict=True):
        assert_close(actual, exact, dtype)


def test_what_is_left_to_the_base():
    x, row = random(4, 6, dtype=np.float32), random(6, dtype=np.float32)
    statistics = base.layer_norm(x, None, None, 6, 1e-5, True)[1:]
    for arguments in (
        (x.T, row[:4], None, 4, 1e-5, True),
        (x, row.astype(np.float64), None, 6, 1e-5, True),
    ):
        with recorded_base() as called:
            result = kernels().layer_norm(*arguments)
        assert called == ["layer_norm"]
        np.testing.assert_allclose(result[0], base.layer_norm(*arguments)[0], 1e-6)
    with recorded_base() as called:
        kernels().layer_norm_backward(x.T.copy().T, x, row, *statistics, 6, True)
    assert called == ["layer_norm_backward"]
