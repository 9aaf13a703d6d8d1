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


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_bernoulli_of_many_is_the_stream_of_the_base(dtype, instruction_set):
    ours, theirs = state(), state()
    for shape in SHAPES:
        p = np.asarray(np.random.default_rng(2).random(shape), dtype)
        with recorded_base() as called:
            actual = kernels().random_bernoulli(ours, shape, p)
        assert called == []
        np.testing.assert_array_equal(actual, base.random_bernoulli(theirs, shape, p))
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("low", "high"), [(0.0, 1.0), (-0.1, 0.1), (0.3, 7.7), (2, 2), (1e3, 1001)]
)
def test_uniform_is_the_stream_of_the_base(low, high, dtype, instruction_set):
    ours, theirs = state(), state()
    for shape in SHAPES:
        with recorded_base() as called:
            actual = kernels().random_uniform(ours, shape, low, high, dtype)
        assert called == []
        expected = base.random_uniform(theirs, shape, low, high, dtype)
        assert actual.dtype == dtype and actual.shape == shape
        np.testing.assert_array_equal(actual, expected)
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("position", [624, 623, 301])
@pytest.mark.parametrize(("mean", "std"), [(0.0, 1.0), (2, 3), (-0.1, 0.7)])
def test_normal_is_the_stream_of_the_base(mean, std, position, dtype, instruction_set):
    ours, theirs = state(position), state(position)
    for shape in (*SHAPES, (15,), (16,), (17,), (31,), (3,)):
        with recorded_base() as called:
            actual = kernels().random_normal(ours, shape, mean, std, dtype)
        assert called == []
        expected = base.random_normal(theirs, shape, mean, std, dtype)
        assert actual.dtype == dtype and actual.shape == shape
        # NumPy has a logarithm, a sine and a cosine of its own for float64.
        limit = 0 if dtype == np.float32 or actual.size < 16 else 1e-13
        np.testing.assert_allclose(actual, expected, rtol=limit, atol=limit)
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("dtype", ["i8", "i4", "i2", "i1", "u1", "f4", "f8"])
def test_integers_are_the_stream_of_the_base(dtype, instruction_set):
    ours, theirs = state(), state()
    ranges = [(0, 1), (0, 2), (0, 100), (3, 77)]
    if dtype == "i8":
        ranges += [(-50, 50), (0, 2**28 - 1), (0, 2**28), (-5, 2**40), (-(2**63), 2**63 - 1)]
    for shape in SHAPES:
        with recorded_base() as called:
            for low, high in ranges:
                np.testing.assert_array_equal(
                    kernels().random_integers(ours, shape, low, high, dtype),
                    base.random_integers(theirs, shape, low, high, dtype),
                )
            if dtype != "u1":
                actual = kernels().random_full_range(ours, shape, dtype)
                expected = base.random_full_range(theirs, shape, dtype)
                np.testing.assert_array_equal(actual, expected)
                assert actual.dtype == dtype
        assert called == []
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("n", [0, 1, 2, 10, 5000, 70_000])
def test_permutations_are_the_stream_of_the_base(n):
    ours, theirs = state(), state()
    with recorded_base() as called:
        actual = kernels().random_permutation(ours, n)
    assert called == [] and actual.dtype == np.int64
    np.testing.assert_array_equal(actual, base.random_permutation(theirs, n))
    np.testing.assert_array_equal(ours, theirs)


def test_what_is_not_covered_goes_to_the_base():
    ours, theirs = state(), state()
    p = np.linspace(0, 1, 10)[::2]
    for name, *arguments in [
        ("random_uniform", (5,), 0.0, 1.0, np.float16),
        ("random_normal", (33,), 0.0, 1.0, np.float16),
        ("random_integers", (5,), 0, 2**63, np.int64),
        ("random_bernoulli", (5,), p),
    ]:
        with recorded_base() as called:
            actual = getattr(kernels(), name)(ours, *arguments)
        assert called == [name]
        np.testing.assert_array_equal(actual, getattr(base, name)(theirs, *arguments))
        np.testing.assert_array_equal(ours, theirs)
