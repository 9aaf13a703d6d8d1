"""The extension's rejection samplers against the base's: the same numbers, the same state after."""

from __future__ import annotations

import numpy as np
import pytest

import rushlight as torch
from native_support import FLOATS, base, kernels, recorded_base
from rushlight.random import default_state


def parameters(name, dtype):
    rng = np.random.default_rng(0)
    if name == "random_gamma":
        return [np.concatenate([[0, 1], rng.gamma(0.7, 2, 500)]).astype(dtype)]
    if name == "random_poisson":
        return [np.concatenate([[0, 10], rng.gamma(1, 12, 500)]).astype(dtype)]
    counts = np.concatenate([[0, 5, 5, np.nan], rng.integers(0, 90, 500)]).astype(dtype)
    return [counts, np.concatenate([[0.5, 0, 1, 0.5], rng.uniform(0, 1, 500)]).astype(dtype)]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", ["random_gamma", "random_poisson", "random_binomial"])
def test_as_the_base(name, dtype):
    for waits in (False, True):
        torch.manual_seed(1)
        if waits:
            torch.randn(1)
        state = default_state(np.empty(0))
        first, second = state.copy(), state.copy()
        with recorded_base() as called:
            actual = getattr(kernels(), name)(first, *parameters(name, dtype))
        assert called == []
        expected = getattr(base, name)(second, *parameters(name, dtype))
        np.testing.assert_array_equal(actual, expected)
        np.testing.assert_array_equal(first, second)


def test_what_is_no_rate_is_refused_and_draws_nothing():
    state = default_state(np.empty(0)).copy()
    before = state.copy()
    with pytest.raises(RuntimeError, match="invalid Poisson rate"):
        kernels().random_poisson(state, np.float32([-1.0]))
    np.testing.assert_array_equal(state, before)
