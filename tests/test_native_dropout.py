from __future__ import annotations

import numpy as np
import pytest

from native_support import FLOATS, kernels, layouts, random, recorded_base


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("shape", [(4, 5, 6, 7), (64, 32, 26, 26), (1, 1, 3, 300)])
def test_every_element_meets_its_mask(shape, dtype, instruction_set):
    for layout, x in layouts(random(*shape, dtype=dtype)).items():
        mask = np.random.default_rng(0).random(x.shape) < 0.5
        with recorded_base() as called:
            y = kernels().dropout(x, mask, 2.5)
        assert called == [] or layout not in ("contiguous", "channels last", "transposed")
        np.testing.assert_array_equal(y, x * mask * dtype(2.5), err_msg=layout)
        if not called:
            assert y.strides == kernels().clone(x, "K").strides


def test_what_is_dropped_stays_not_a_number():
    y = kernels().dropout(np.float32([np.nan, 1, np.inf]), np.zeros(3, bool), 2.0)
    np.testing.assert_array_equal(y, np.float32([np.nan, 0, np.nan]))


def test_other_masks_go_to_the_base():
    x = random(4)
    with recorded_base() as called:
        np.testing.assert_array_equal(kernels().dropout(x, np.ones(4, np.float32), 1.0), x)
    assert called == ["dropout"]
