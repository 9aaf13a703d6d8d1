from __future__ import annotations

import numpy as np
import pytest

from native_support import base, kernels, layouts, random, recorded_base


@pytest.mark.parametrize("places", [
    ((2, 3), (1, 2), 0), ((3,), (0,), 23), ((), (), 5), ((2, 2, 2), (12, 4, 1), 3),
])  # fmt: skip
def test_as_strided(places):
    x = random(2, 3, 4)
    with recorded_base() as called:
        view = kernels().as_strided(x, places)
    assert called == []
    expected = base.as_strided(x, places)
    assert view.strides == expected.strides and np.shares_memory(view, x)
    np.testing.assert_array_equal(view, expected)


@pytest.mark.parametrize("places", [
    ((2,), (23,), 1), ((25,), (1,), 0), ((1,), (1,), 24), ((2,), (2**62,), 0), ((2**62,), (2,), 0),
])  # fmt: skip
def test_places_outside_are_left_to_the_base(places):
    with recorded_base() as called, pytest.raises((RuntimeError, ValueError)):
        kernels().as_strided(random(2, 3, 4), places)
    assert called == ["as_strided"]


@pytest.mark.parametrize("dtype", ["c8", "c16"])
def test_complex_numbers_and_their_parts(dtype):
    for layout, part in layouts(random(3, 4, 5, 6, dtype=dtype[0].replace("c", "f8"))).items():
        x = (part + 1j * part[::-1]).astype(dtype)
        with recorded_base() as called:
            parts = kernels().view_as_real(x)
        assert called == [], layout
        expected = base.view_as_real(x)
        assert parts.strides == expected.strides and np.shares_memory(parts, x), layout
        np.testing.assert_array_equal(parts, expected)
        real, imag = np.ascontiguousarray(x.real), np.ascontiguousarray(x.imag)
        with recorded_base() as called:
            made = kernels().complex(real, imag)
        assert called == [] and made.dtype == dtype
        np.testing.assert_array_equal(made, x)


@pytest.mark.parametrize("is_upper", [False, True])
def test_places_of_a_triangle(is_upper):
    for rows, columns in ((0, 3), (3, 0), (1, 1), (4, 7), (7, 4)):
        for offset in (-9, -2, 0, 1, 9):
            arguments = (rows, columns, offset, is_upper, np.dtype("int64"))
            with recorded_base() as called:
                places = kernels().triangle(*arguments)
            assert called == []
            np.testing.assert_array_equal(places, base.triangle(*arguments))


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("axis", range(3))
def test_cross_products(axis, dtype):
    a, b = (random(3, 5, 8, dtype=dtype, seed=seed) for seed in range(2))
    for x, y in ((a, b), (a[:, :, ::2], b[:, ::-1, 4:]), (a[:, :0], b[:, :0])):
        x, y = np.moveaxis(x, 0, axis), np.moveaxis(y, 0, axis)
        with recorded_base() as called:
            product = kernels().cross(x, y, axis)
        assert called == [] and product.dtype == dtype
        np.testing.assert_allclose(product, base.cross(x, y, axis), 1e-5, 1e-6)
