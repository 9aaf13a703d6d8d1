from __future__ import annotations

import numpy as np
import pytest

from native_support import base, kernels, layouts, random, recorded_base

# Of arrays of 4 x 5 x 6 x 7 elements and their views.
NUMBERS = np.random.default_rng(0)


def whole(size, *shape):
    return NUMBERS.integers(-size, size, shape)


def indices_of(x):
    """Indices by numbers, by masks and by both; adjacent and apart, repeated and broadcast."""
    a, b, c, d = x.shape
    row, mask = whole(a, 9), NUMBERS.random((b, c)) < 0.5
    one = np.zeros((a, b), bool)
    one[1, 2] = True
    return {
        "first": (row,),
        "last": (None, None, None, whole(d, 3)),
        "middle": (None, whole(b, 2, 3)),
        "strided": (whole(a, 18)[::2],),
        "backwards": (None, None, whole(c, 5)[::-1]),
        "repeated": (np.broadcast_to(whole(a, 1), (3,)),),
        "two": (row, whole(b, 9)),
        "broadcast": (whole(a, 2, 1), None, whole(c, 3)),
        "apart": (row, None, None, whole(d, 9)),
        "all": (row, whole(b, 1), whole(c, 2, 9), whole(d, 2, 1)),
        "mask": (NUMBERS.random(a) < 0.5,),
        "mask of two": (None, mask),
        "mask of all": (NUMBERS.random(x.shape) < 0.5,),
        "transposed mask": (None, np.asfortranarray(mask)),
        "mask of one and numbers": (one, whole(c, 4)),
        "mask and numbers apart": (one, None, whole(d, 4)),
        "nothing": (np.zeros(0, np.int64),),
        "no place": (np.zeros((a, b), bool),),
    }


@pytest.mark.parametrize("dtype", ["f4", "f8", "i4", "i8", "u1", "f2", "c16", "bool"])
def test_reading_and_writing(dtype):
    for layout, x in layouts((random(4, 5, 6, 7) * 9).astype(dtype)).items():
        for name, indices in indices_of(x).items():
            what = f"{layout}, {name}"
            expected = base.index_get(x, indices)
            with recorded_base() as called:
                actual = kernels().index_get(x, indices)
            assert called == [], what
            np.testing.assert_array_equal(actual, expected, err_msg=what)
            if layout == "broadcast":
                continue
            for value in (random(*expected.shape), random(*expected.shape[1:]), random()):
                value = np.asarray(value * 9).astype(dtype)
                written = np.copy(x, "K")
                with recorded_base() as called:
                    assert kernels().index_put(written, value, indices) is written
                assert called == [], what
                np.testing.assert_array_equal(
                    written, base.index_put(x.copy("K"), value, indices), err_msg=what
                )


@pytest.mark.parametrize("dtype", ["f4", "f8", "i4", "i8", "u1", "f2"])
def test_adding(dtype):
    for layout, x in layouts((random(4, 5, 6, 7) * 9).astype(dtype)).items():
        if layout == "broadcast":
            continue
        for name, indices in indices_of(x).items():
            shape = base.index_get(x, indices).shape
            for value in (random(*shape), random(*shape[::-1]).T, random(*shape[1:])):
                value = (value * 9).astype(dtype)
                np.testing.assert_allclose(
                    kernels().index_put_add(np.copy(x, "K"), value, indices),
                    base.index_put_add(np.copy(x, "K"), value, indices),
                    rtol=2e-3 if dtype == "f2" else 1e-5, atol=1e-4, err_msg=f"{layout}, {name}",
                )  # fmt: skip


def test_large_ones_are_shared_among_threads():
    x, rows = random(300, 40, 50), whole(300, 500)
    np.testing.assert_array_equal(kernels().index_get(x, (rows,)), x[rows])
    columns = whole(50, 60)
    np.testing.assert_array_equal(kernels().index_get(x, (None, None, columns)), x[..., columns])
    values = random(300, 40, 60)
    expected = x.copy()
    expected[..., columns] = values
    written = kernels().index_put(x.copy(), values, (None, None, columns))
    np.testing.assert_array_equal(written, expected)
    added = kernels().index_put_add(x.copy(), random(500, 40, 50), (rows,))
    expected = base.index_put_add(x.copy(), random(500, 40, 50), (rows,))
    np.testing.assert_allclose(added, expected, rtol=1e-5, atol=1e-5)


def test_memory_that_is_index_or_value_as_well():
    x = np.array([2, 0, 1])
    assert kernels().index_put(x, np.array([5, 6, 7]), (x,)).tolist() == [6, 7, 5]
    y = np.arange(6)
    assert kernels().index_put(y, y[::-1], (np.arange(6),)).tolist() == [5, 4, 3, 2, 1, 0]
    z = np.arange(4)
    assert kernels().index_put_add(z, z[:3], (np.array([1, 2, 3]),)).tolist() == [0, 1, 3, 5]
    mask = np.array([True, False, True])
    assert kernels().index_put(mask, np.array(False), (mask,)).tolist() == [False] * 3


@pytest.mark.parametrize("wrong", [-6, 5, 2**40, -(2**63), 2**63 - 1])
@pytest.mark.parametrize("table", [kernels(), base])
def test_what_is_out_of_range_is_named_and_nothing_written(table, wrong):
    x = random(4, 5)
    match = f"index {wrong} is out of bounds for dimension 1 with size 5"
    for index in (np.array([0, wrong]), np.array([[0], [wrong]])[:, ::-1], np.array([wrong] * 40)):
        for indices in ((None, index), (np.zeros(1, np.int64), index)):
            with pytest.raises(IndexError, match=match):
                table.index_get(x, indices)
            for name in ("index_put", "index_put_add"):
                with pytest.raises(IndexError, match=match):
                    getattr(table, name)(x, np.float32(1).reshape(()), indices)
    np.testing.assert_array_equal(x, random(4, 5))


def test_values_that_do_not_fit_are_refused():
    for table in (kernels(), base):
        for name in ("index_put", "index_put_add"):
            with pytest.raises(RuntimeError, match=r"shape mismatch: value tensor of shape \[3\] "
                                                   r"cannot be broadcast to indexing result of sh"):
                getattr(table, name)(random(4), random(3), (np.array([0, 1]),))  # fmt: skip


@pytest.mark.parametrize("dtype", ["bool", "u1", "i1", "i2", "i4", "i8", "f4", "f8", "f2", "c8"])
def test_nonzero(dtype):
    x = (NUMBERS.random((4, 5, 6, 7)) < 0.3).astype(dtype)
    for layout, array in layouts(x).items():
        found = kernels().nonzero(array)
        np.testing.assert_array_equal(found, np.argwhere(array), err_msg=layout)
    for full in (np.zeros((3, 50), dtype), np.ones((3, 50), dtype), np.ones((0, 3), dtype)):
        np.testing.assert_array_equal(kernels().nonzero(full), np.argwhere(full))
    for size in (1, 7, 8, 9, 250, 100_000):
        line = (NUMBERS.random(size) < 0.5).astype(dtype)
        np.testing.assert_array_equal(kernels().nonzero(line), np.argwhere(line))


def test_nonzero_of_unusual_elements():
    x = np.array([0.0, -0.0, np.nan, np.inf, 5e-324])
    assert kernels().nonzero(x).tolist() == [[2], [3], [4]]
    bits = np.array([0, 1, 2, 255] * 5, np.uint8).view(bool)  # masks that NumPy did not make
    assert kernels().nonzero(bits).ravel().tolist() == [i for i in range(20) if i % 4]


@pytest.mark.parametrize("dtype", ["bool", "i1", "i8", "f4", "f8", "f2", "c8"])
def test_all_equal(dtype):
    for size in (0, 1, 5000, 10_000):
        x = (random(size) * 9).astype(dtype)
        assert kernels().all_equal(x, x.copy()) is True
        for place in {0, size // 2, size - 1} if size else ():
            other = x.copy()
            other[place] = not other[place] if dtype == "bool" else other[place] + 1
            assert kernels().all_equal(x, other) is False
    x = random(6, 4).astype(dtype)
    assert kernels().all_equal(x, np.asfortranarray(x)) is True
    assert kernels().all_equal(np.array([0.0]), np.array([-0.0])) is True
    nan = np.array([np.nan])
    assert kernels().all_equal(nan, nan) is False


def test_copies_to_every_distance():
    """Behind some, memcpy() is not used as it is."""
    memory, source = np.zeros(9000, np.uint8), np.arange(9000, dtype=np.uint8)
    for shift in (*range(0, 70), 4096 % 9000):
        target = memory[shift : shift + 4500]
        kernels().copy(target, source[:4500])
        np.testing.assert_array_equal(target, source[:4500])
