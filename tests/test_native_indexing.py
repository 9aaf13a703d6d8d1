from __future__ import annotations

import numpy as np
import pytest

from native_support import base, kernels, layouts, random, recorded_base


def whole(high, *shape, low=0, seed=0):
    return np.random.default_rng(seed).integers(low, high, shape)


@pytest.mark.parametrize("dtype", ["f4", "f8", "i4", "i8", "u1", "f2"])
@pytest.mark.parametrize("axis", [0, 1, 2, 3])
def test_gather(dtype, axis):
    for layout, x in layouts((random(4, 5, 6, 7) * 9).astype(dtype)).items():
        shape = list(x.shape)
        shape[axis] = 9
        for index in (whole(x.shape[axis], *shape), whole(x.shape[axis], *shape[::-1]).T):
            with recorded_base() as called:
                actual = kernels().gather(x, axis, index)
            assert called == []
            np.testing.assert_array_equal(actual, base.gather(x, axis, index), err_msg=layout)


@pytest.mark.parametrize("dtype", ["f4", "f8", "i4", "i8", "u1"])
@pytest.mark.parametrize("axis", [0, 1, 2, 3])
def test_additions_at_repeated_places(dtype, axis):
    for layout, x in layouts((random(4, 5, 6, 7) * 9).astype(dtype)).items():
        shape = list(x.shape)
        shape[axis] = 9
        index = whole(x.shape[axis], *shape)
        values = (random(*shape) * 9).astype(dtype)
        line = whole(x.shape[axis], 9)
        for name, *arguments in [
            ("scatter_add", axis, index, values), ("index_add", axis, line, values),
            ("index_select", axis, line),
        ]:  # fmt: skip
            actual = getattr(kernels(), name)(x, *arguments)
            expected = getattr(base, name)(x, *arguments)
            np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-5,
                                       err_msg=f"{name}, {layout}")  # fmt: skip


def test_additions_in_place():
    x = random(4, 5)
    expected = base.scatter_add(x, 1, whole(5, 4, 9), random(4, 9))
    assert kernels().scatter_add(x, 1, whole(5, 4, 9), random(4, 9), x) is x
    np.testing.assert_allclose(x, expected, rtol=1e-6)


@pytest.mark.parametrize("wrong", [-1, 5, 2**40])
@pytest.mark.parametrize("table", [kernels(), base])
def test_what_is_out_of_range_is_named(table, wrong):
    x = random(4, 5)
    index = np.array([[0, wrong]])
    match = f"index {wrong} is out of bounds for dimension 1 with size 5"
    for name, *arguments in [
        ("gather", index), ("scatter_add", index, random(1, 2)),
        ("index_select", index[0]), ("index_add", index[0], random(4, 2)),
    ]:  # fmt: skip
        with pytest.raises(IndexError, match=match):
            getattr(table, name)(x, 1, *arguments)
    np.testing.assert_array_equal(x, random(4, 5))


def test_empty_indices():
    x = random(4, 5)
    assert kernels().gather(x, 0, np.zeros((0, 5), np.int64)).shape == (0, 5)
    assert kernels().index_select(x, 1, np.zeros(0, np.int64)).shape == (4, 0)
    empty = np.zeros((0, 5), np.float32)
    assert kernels().gather(empty, 1, np.zeros((0, 2), np.int64)).shape == (0, 2)
    with pytest.raises(IndexError):
        kernels().index_select(empty, 0, np.array([0]))


def test_one_hot():
    for x in (whole(7, 30), whole(7, 3, 4).T, np.asarray(3), np.array([-1, 7])):
        np.testing.assert_array_equal(kernels().one_hot(x, 7), base.one_hot(x, 7))


@pytest.mark.parametrize("dtype", ["f4", "f8", "i4", "i8", "u1", "c8", "c16"])
def test_places_of_the_whole_array(dtype):
    for layout, x in layouts((random(4, 5, 6, 7) * 9).astype(dtype)).items():
        index = whole(x.size, 3, 8, low=-x.size)
        values = (random(3, 8) * 9).astype(dtype)
        np.testing.assert_array_equal(kernels().take(x, index), base.take(x, index), layout)
        for accumulate in (False, True):
            actual = kernels().put(x, index, values, accumulate)
            expected = base.put(x, index, values, accumulate)
            np.testing.assert_allclose(actual, expected, rtol=1e-5, err_msg=layout)
        mask, source = random(*x.shape) > 0, (random(x.size) * 9).astype(dtype)
        actual = kernels().masked_scatter(x, mask, source)
        np.testing.assert_array_equal(actual, base.masked_scatter(x, mask, source), layout)


@pytest.mark.parametrize("table", [kernels(), base])
@pytest.mark.parametrize("wrong", [-21, 20, 2**63 - 1, -(2**63)])
def test_places_beyond_the_array(table, wrong):
    x, index = random(4, 5), np.array([0, wrong])
    with pytest.raises(IndexError, match="an index beyond a tensor of 20 elements"):
        table.take(x, index)
    with pytest.raises(IndexError, match="an index beyond a tensor of 20 elements"):
        table.put(x, index, random(2), False)
    with pytest.raises(RuntimeError, match=r"elements of source \(3\) < number of ones in mask"):
        table.masked_scatter(x, np.ones((4, 5), bool), random(3))


@pytest.mark.parametrize("dtype", ["f4", "f8", "i4", "i8", "u1"])
@pytest.mark.parametrize("axis", [0, 1, 2, 3])
def test_numbers_and_slices_in_places(dtype, axis):
    for layout, x in layouts((random(4, 5, 6, 7) * 9).astype(dtype)).items():
        shape, line = list(x.shape), whole(x.shape[axis], 3)
        shape[axis] = 3
        index = whole(x.shape[axis], *shape)
        values = (random(*shape) * 9).astype(dtype)
        for name, *arguments in [
            ("scatter", axis, index, 7), ("index_copy", axis, line, 7),
            ("index_copy", axis, np.arange(3) % x.shape[axis], values),
        ]:  # fmt: skip
            expected = getattr(base, name)(x, *arguments)
            actual = getattr(kernels(), name)(x, *arguments)
            np.testing.assert_array_equal(actual, expected, f"{name}, {layout}")
            target = x.copy()
            assert getattr(kernels(), name)(target, *arguments, target) is target
            np.testing.assert_array_equal(target, expected, f"{name} in place, {layout}")


def test_numbers_that_an_element_does_not_hold():
    """Those of whole numbers are the base's to refuse or to cut off."""
    for value in (1.5, 2**40, 2**63):
        x = np.zeros((2, 3), np.int32)
        with recorded_base() as called:
            try:
                kernels().scatter(x, 1, np.zeros((2, 1), np.int64), value)
            except OverflowError:
                pass
        assert "scatter" in called, value


@pytest.mark.parametrize("name", ["scatter", "scatter_add", "index_copy", "index_add"])
def test_an_index_that_is_overwritten_on_the_way(name):
    """Its places were checked before: it would name others, far outside."""
    x = np.arange(6)[::-1].copy()
    values = np.full(6, 10**9)
    expected = getattr(base, name)(x, 0, x.copy(), values)
    getattr(kernels(), name)(x, 0, x, values, x)
    np.testing.assert_array_equal(x, expected)


def test_marks_of_other_bytes_than_one():
    mask = np.full(8, 2, np.uint8).view(bool)
    with pytest.raises(RuntimeError, match="Number of elements of source"):
        kernels().masked_scatter(np.zeros(8), mask, np.ones(2))
    np.testing.assert_array_equal(
        kernels().masked_scatter(np.zeros(8), mask, np.arange(8.0)), np.arange(8.0)
    )
