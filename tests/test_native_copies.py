from __future__ import annotations

import numpy as np
import pytest

from native_support import base, channels_last, kernels, layouts, random, recorded_base


@pytest.mark.parametrize("dtype", ["f4", "f8", "f2", "i8", "u1", "?", "c8"])
@pytest.mark.parametrize("order", ["K", "C", "channels_last"])
@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (3, 40, 17, 19), (1, 1, 4, 4), (64, 32, 26, 26)])
def test_clone(shape, order, dtype):
    x = (random(*shape) * 100).astype(dtype)
    for layout, a in layouts(x).items():
        actual, expected = kernels().clone(a, order), base.clone(a, order)
        np.testing.assert_array_equal(actual, expected)
        assert actual.dtype == expected.dtype
        # Strides of axes of length 1 say nothing.
        assert [s for s, n in zip(actual.strides, a.shape, strict=True) if n > 1] == [
            s for s, n in zip(expected.strides, a.shape, strict=True) if n > 1
        ] or a.size == 0, layout
        assert not np.shares_memory(actual, a)


@pytest.mark.parametrize("shape", [(), (0,), (1,), (5,), (100_000,), (3, 0, 2), (300, 500)])
def test_clone_of_other_shapes(shape):
    x = np.asarray(random(*shape), np.float32)
    for a in (x, x.T):
        for order in "KC":
            actual = kernels().clone(a, order)
            np.testing.assert_array_equal(actual, a)
            assert isinstance(actual, np.ndarray) and actual.flags.writeable


def test_a_change_of_order_is_the_extensions_work():
    x = random(4, 5, 6, 7)
    with recorded_base() as called:
        kernels().clone(x, "channels_last")
        kernels().clone(channels_last(x), "C")
        kernels().clone(channels_last(x), "K")
        kernels().clone(x[:, :, 1:, 1:], "C")
    assert called == []


def test_what_is_not_covered_goes_to_the_base():
    x = random(4, 5, 6, 8)
    for a, order in [(x[..., ::2], "C"), (x[0], "channels_last"), (x.astype("c16"), "C"), (x, "F")]:
        with recorded_base() as called:
            actual = kernels().clone(a, order)
        np.testing.assert_array_equal(actual, a)
    assert called == ["clone"]
