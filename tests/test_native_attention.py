"""The extension's attention against the base's."""

from __future__ import annotations

import numpy as np
import pytest

from native_support import base, kernels, random, recorded_base

SIZES = [  # batch, heads, heads of keys, queries, keys, width, width of values
    (1, 1, 1, 1, 1, 1, 1),
    (2, 4, 2, 5, 7, 8, 3),
    (1, 2, 2, 130, 65, 16, 17),
    (1, 6, 1, 9, 300, 64, 64),
    (1, 1, 1, 200, 9000, 4, 5),
]


@pytest.mark.parametrize("is_causal", [False, True])
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_as_the_base(sizes, is_causal, instruction_set):
    batch, heads, groups, rows, keys, width, out = sizes
    q = random(batch, rows, heads, width).swapaxes(1, 2)  # as heads lie after a projection
    k, v = random(batch, groups, keys, width, seed=1), random(batch, groups, keys, out, seed=2)
    for scale in (0.3, -0.2):
        arguments = (q, k, v, None, None, scale, is_causal, 1.0)
        with recorded_base() as called:
            actual = kernels().attention(*arguments)
        assert called == []
        for a, b in zip(actual, base.attention(*arguments), strict=True):
            assert a.shape == b.shape and a.dtype == b.dtype
            np.testing.assert_allclose(a, b, 2e-5, 2e-5)


def test_what_is_not_finite_is_as_in_the_base(instruction_set):
    q, k, v = (random(1, 1, 4, 5, seed=seed) for seed in range(3))
    q[..., 1, :], k[..., 2, 0] = np.inf, np.nan
    with np.errstate(all="ignore"):
        for is_causal in (False, True):
            arguments = (q, k, v, None, None, 0.5, is_causal, 1.0)
            for a, b in zip(kernels().attention(*arguments), base.attention(*arguments),
                            strict=True):  # fmt: skip
                np.testing.assert_allclose(a, b, 1e-5, 1e-5)


def test_masks_dropout_and_nothing_to_see_are_left_to_the_base():
    q, k = random(1, 1, 3, 4), random(1, 1, 5, 4)
    mask = np.ones((1, 1, 3, 5), bool)
    with recorded_base() as called:
        kernels().attention(q, k, k, mask, None, 0.5, False, 1.0)
        kernels().attention(q, k, k, None, mask, 0.5, False, 1.0)
        kernels().attention(q, k[:, :, :0], k[:, :, :0], None, None, 0.5, False, 1.0)
    assert called == ["attention"] * 3
