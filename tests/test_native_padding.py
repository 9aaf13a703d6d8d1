from __future__ import annotations

import numpy as np
import pytest

from native_support import base, kernels, layouts, random, recorded_base

WIDTHS = [
    ((0, 0), (0, 0), (1, 2), (3, 1)), ((0, 0), (0, 0), (0, 0), (2, 2)),
    ((1, 0), (0, 1), (0, 0), (0, 0)), ((0, 0), (1, 1), (0, 0), (0, 0)),
    ((0, 0), (0, 0), (-1, 2), (1, -2)), ((0, 0), (0, 0), (0, -3), (-2, -1)),
    ((0, 0), (1, -1), (-1, 1), (0, 0)), ((0, 0),) * 4,
]  # fmt: skip


def order(x):
    return [s for s, n in zip(x.strides, x.shape, strict=True) if n > 1]


@pytest.mark.parametrize("dtype", ["f4", "f8", "i8", "u1", "f2", "c16"])
@pytest.mark.parametrize("mode", ["constant", "reflect", "replicate", "circular"])
def test_pad(dtype, mode, instruction_set):
    for layout, x in layouts((random(4, 5, 6, 7) * 9).astype(dtype)).items():
        for widths in WIDTHS:
            with recorded_base() as called:
                actual = kernels().pad(x, widths, mode, 0)
            assert called == []
            expected = base.pad(x, widths, mode, 0)
            np.testing.assert_array_equal(actual, expected, err_msg=f"{layout}, {widths}")
            assert layout in ("broadcast", "backwards") or order(actual) == order(expected)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular"])
def test_pad_backward(dtype, mode):
    for layout, grad in layouts(random(6, 7, 8, 9).astype(dtype)).items():
        for widths in WIDTHS:
            if any(max(w) >= n - sum(w) for n, w in zip(grad.shape, widths, strict=True)):
                continue  # wider than what there is to reflect
            actual = kernels().pad_backward(grad, widths, mode)
            expected = base.pad_backward(grad, widths, mode)
            np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-5,
                                       err_msg=f"{layout}, {widths}")  # fmt: skip


def test_values_of_a_border():
    for value, dtype in [(2.5, "f4"), (-1, "f8"), (7, "i8"), (0, "?"), (3, "u1"), (1j, "c8")]:
        x = np.ones((2, 3), dtype)
        np.testing.assert_array_equal(
            kernels().pad(x, ((1, 0), (0, 2)), "constant", value),
            np.pad(x, ((1, 0), (0, 2)), constant_values=value),
        )


def test_what_is_empty():
    assert kernels().pad(np.zeros((0, 3), "f4"), ((0, 0), (1, 1)), "reflect", None).shape == (0, 5)
    x = kernels().pad(np.zeros((0, 3), "f4"), ((1, 1), (0, 0)), "constant", 2.0)
    np.testing.assert_array_equal(x, np.full((2, 3), 2.0))
    assert kernels().pad(np.zeros((2, 3), "f4"), ((0, 0), (-1, -2)), "constant", 0).shape == (2, 0)
