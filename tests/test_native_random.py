from __future__ import annotations

import numpy as np
import pytest

from native_support import base, kernels, recorded_base

SHAPES = [(), (0,), (1,), (5,), (311,), (312,), (313,), (2, 3, 4), (5000,), (100_001,)]


def state(position=624):
    values = np.zeros(632, np.uint32)
    values[:624] = np.random.default_rng(1).integers(0, 2**32, 624, np.uint32)
    values[624] = position
    return values


@pytest.mark.parametrize("p", [0.0, 0.1, 0.5, 1.0])
@pytest.mark.parametrize("position", [624, 0, 623, 301])
def test_bernoulli_is_the_stream_of_the_base(position, p, instruction_set):
    ours, theirs = state(position), state(position)
    for shape in SHAPES:
        with recorded_base() as called:
            actual = kernels().random_bernoulli(ours, shape, p)
        assert called == []
        expected = base.random_bernoulli(theirs, shape, p)
        assert actual.dtype == np.bool_ and actual.shape == shape
        np.testing.assert_array_equal(actual, expected)
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(
    ("low", "high"), [(0.0, 1.0), (-0.1, 0.1), (0.3, 7.7), (2, 2), (1e3, 1001)]
)
def test_uniform_is_the_stream_of_the_base(low, high, instruction_set):
    ours, theirs = state(), state()
    for shape in SHAPES:
        with recorded_base() as called:
            actual = kernels().random_uniform(ours, shape, low, high, np.float32)
        assert called == []
        expected = base.random_uniform(theirs, shape, low, high, np.float32)
        assert actual.dtype == np.float32 and actual.shape == shape
        np.testing.assert_array_equal(actual, expected)
        np.testing.assert_array_equal(ours, theirs)


def test_what_is_not_covered_goes_to_the_base():
    ours, theirs = state(), state()
    with recorded_base() as called:
        np.testing.assert_array_equal(
            kernels().random_uniform(ours, (5,), 0.0, 1.0, np.float64),
            base.random_uniform(theirs, (5,), 0.0, 1.0, np.float64),
        )
        p = np.linspace(0, 1, 5)
        np.testing.assert_array_equal(
            kernels().random_bernoulli(ours, (5,), p), base.random_bernoulli(theirs, (5,), p)
        )
    assert called == ["random_uniform", "random_bernoulli"]
    np.testing.assert_array_equal(ours, theirs)
