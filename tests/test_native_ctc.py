from __future__ import annotations

import numpy as np
import pytest

from native_support import FLOATS, base, kernels, random, recorded_base


@pytest.mark.parametrize("dtype", FLOATS)
def test_losses_and_gradients(dtype):
    values = random(30, 4, 9, dtype=dtype)
    values -= np.log(np.exp(values).sum(-1, keepdims=True))
    targets = np.random.default_rng(0).integers(1, 9, (4, 7))
    targets[1, :3] = 2  # the same label thrice needs blanks between
    inputs, lengths = np.array([30, 20, 5, 0]), np.array([7, 4, 6, 2])  # the last two: impossible
    grad = random(4, dtype=dtype, seed=1)
    arguments = values, targets, inputs, lengths, 7, 0, True
    with recorded_base() as called:
        losses, plain, alpha = kernels().ctc_loss(*arguments)
        gradient = kernels().ctc_loss_backward(grad, *arguments[:4], plain, alpha, 7, 0, True, True)
    assert "ctc_alpha" not in called and "ctc_gradient" not in called
    expected = base.ctc_alpha(values.astype(np.float64), *base._labels(targets, lengths, 7, 0, 9))
    np.testing.assert_allclose(alpha, expected, 1e-5)
    assert np.isinf(losses).tolist() == [False, False, True, True]
    labels, may_skip = base._labels(targets, lengths, 7, 0, 9)
    wanted = base.ctc_gradient(
        grad / np.maximum(lengths, 1).astype(dtype), values, labels, may_skip, inputs, lengths,
        plain, alpha,
    )  # fmt: skip
    np.testing.assert_allclose(gradient[:, :2], wanted[:, :2], 1e-4, 1e-5)
    assert not gradient[:, 2:].any()


@pytest.mark.parametrize("dtype", FLOATS)
def test_nan_stays(dtype):
    values = np.log(np.full((5, 2, 3), 1 / 3, dtype))
    values[2, 0, 1] = np.nan
    targets, times, lengths = np.array([[1, 2], [1, 2]]), np.array([5, 5]), np.array([2, 2])
    losses, _, alpha = kernels().ctc_loss(values, targets, times, lengths, 2, 0, True)
    assert np.isnan(losses).tolist() == [True, False]
    labels = base._labels(targets, lengths, 2, 0, 3)
    np.testing.assert_allclose(alpha, base.ctc_alpha(values.astype(np.float64), *labels), 1e-5)
