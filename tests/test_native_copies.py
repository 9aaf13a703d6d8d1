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
    for a, order in [(x[0], "channels_last"), (x.astype("S4"), "C"), (x, "F")]:
        with recorded_base() as called:
            actual = kernels().clone(a, order)
        np.testing.assert_array_equal(actual, a)
        assert called == ["clone"]


DTYPES = ["?", "u1", "i1", "i2", "i4", "i8", "f4", "f8"]


@pytest.mark.parametrize("source", DTYPES)
@pytest.mark.parametrize("target", DTYPES)
def test_cast(source, target, instruction_set):
    x = (random(2, 3, 4, 5) * 40).clip(0 if target == "u1" else -100, 100).astype(source)
    if target == "u1":
        x = np.abs(x)
    for layout, a in layouts(x).items():
        with recorded_base() as called:
            actual = kernels().cast(a, target)
        assert called == []
        np.testing.assert_array_equal(actual, base.cast(a, target), err_msg=layout)
        assert actual.dtype == target
    for shape in [(), (0,), (3, 0, 2), (1001,)]:
        a = np.ones(shape, source)
        np.testing.assert_array_equal(kernels().cast(a, target), a.astype(target))


def test_floats_become_bytes_by_way_of_integers(instruction_set):
    x = np.array([-1.0, 255.0, 256.0, 300.7, -0.5], np.float32)
    for a in (x, x.astype("f8")):
        np.testing.assert_array_equal(kernels().cast(a, "u1"), [255, 255, 0, 44, 0])


@pytest.mark.parametrize("source", ["f4", "f8", "i8", "?"])
def test_copy_broadcasts_and_converts(source, instruction_set):
    for shape in [(2, 3, 4, 5), (5,), (1, 5), (3, 1, 1), ()]:
        values = np.asarray(random(*shape) * 9).astype(source)
        for layout, a in layouts(random(2, 3, 4, 5)).items():
            wrong = any(n not in (1, m) for n, m in zip(shape[::-1], a.shape[::-1], strict=False))
            if wrong or layout == "broadcast":
                continue
            expected = a.copy()
            expected[...] = values
            kernels().copy(a, values)
            np.testing.assert_array_equal(a, expected, err_msg=layout)


def test_copy_onto_itself_reads_before_it_writes():
    x = np.arange(10.0)
    kernels().copy(x[1:], x[:-1])
    np.testing.assert_array_equal(x, [0, *range(9)])


@pytest.mark.parametrize("dtype", ["f4", "f8", "f2", "?", "c16"])
def test_flip_join_and_triangles(dtype, instruction_set):
    x = (random(2, 3, 40, 5) * 9).astype(dtype)
    for layout, a in layouts(x).items():
        for axes in [(), (0,), (3,), (1, 3), (0, 1, 2, 3)]:
            actual = kernels().flip(a, axes)
            np.testing.assert_array_equal(actual, np.flip(a, axes), err_msg=layout)
        for axis in range(4):
            np.testing.assert_array_equal(
                kernels().cat([a, a[:, :, :], a], axis), np.concatenate([a, a, a], axis)
            )
            stacked = kernels().stack((a, a), axis)
            np.testing.assert_array_equal(stacked, np.stack([a, a], axis))
            assert stacked.strides == np.stack([a, a], axis).strides or "other" in layout
        for diagonal in (-100, -3, 0, 2, 100):
            np.testing.assert_array_equal(kernels().tril(a, diagonal), np.tril(a, diagonal))
            np.testing.assert_array_equal(kernels().triu(a, diagonal), np.triu(a, diagonal))


def test_triangles_and_stacks_of_all_orders_are_the_extensions_work():
    x = random(2, 3, 4, 5)
    with recorded_base() as called:
        for layout, a in layouts(x).items():
            triangle = kernels().tril(a, 0)
            order = base.clone(a, "channels_last" if layout == "channels last" else "C")
            assert triangle.strides == order.strides, layout
            np.testing.assert_array_equal(kernels().triu(a.swapaxes(0, 3), 1),
                                          np.triu(a.swapaxes(0, 3), 1))  # fmt: skip
        kernels().stack([channels_last(x)] * 2, 0)
    assert called == []


def test_joining_what_is_empty():
    a, b = random(2, 0, 3), random(2, 4, 3)
    np.testing.assert_array_equal(kernels().cat([a, b, a], 1), b)
    assert kernels().cat([a, a], 0).shape == (4, 0, 3)
    assert kernels().stack([a, a], 3).shape == (2, 0, 3, 2)


@pytest.mark.parametrize(("value", "dtype"), [(0, "f4"), (1.5, "f8"), (7, "i8"), (True, "?")])
def test_full(value, dtype):
    for shape in [(), (0,), (3, 4), (70_000,)]:
        actual = kernels().full(shape, value, dtype)
        np.testing.assert_array_equal(actual, np.full(shape, value, dtype))
        assert actual.dtype == dtype and isinstance(actual, np.ndarray)
    for a in layouts(random(2, 3, 4, 5)).values():
        np.testing.assert_array_equal(
            kernels().full_like(a, value, dtype), np.full(a.shape, value, dtype)
        )


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_joined_in_an_array_that_is_there(axis):
    parts = [random(3, 4, 5, seed=seed) for seed in range(2)]
    for join in ("cat", "stack"):
        expected = getattr(base, join)(parts, axis)
        for out in (np.empty_like(expected), np.empty(expected.shape[::-1], "f4").T):
            with recorded_base() as called:
                assert getattr(kernels(), join)(parts, axis, out) is out
            assert called == []
            np.testing.assert_array_equal(out, expected)
