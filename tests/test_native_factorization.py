from __future__ import annotations

import numpy as np
import pytest

from native_support import FLOATS, base, kernels, random, recorded_base

SIZES = [(1, 1), (8, 8), (9, 9), (33, 20), (20, 33), (130, 130), (300, 64), (64, 300)]
EXACT = {np.float32: 1e-4, np.float64: 1e-12}


def with_rows_exchanged(x, pivots):
    rows = np.arange(x.shape[0])
    for i, other in enumerate(pivots - 1):
        rows[[i, other]] = rows[[other, i]]
    return x[rows]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("shape", SIZES)
def test_lu_times_its_factors(shape, dtype, instruction_set):
    x = random(2, *shape, dtype=dtype)
    least = min(shape)
    for given in (x, np.asfortranarray(x[0])[None]):
        with recorded_base() as called:
            factors, pivots, info = kernels().lu_factor(given, True)
        assert called == [] and not info.any()
        for matrix, lu, exchanged in zip(given, factors, pivots, strict=True):
            lower = np.tril(lu[:, :least], -1) + np.eye(shape[0], least, dtype=dtype)
            assert np.abs(lower).max() <= 1
            product = lower.astype(np.float64) @ np.triu(lu[:least]).astype(np.float64)
            wanted = with_rows_exchanged(matrix, exchanged)
            np.testing.assert_allclose(product, wanted, 0, EXACT[dtype] * least)


@pytest.mark.parametrize("size", [5, 40])
def test_lu_of_what_is_singular(size):
    x = random(size, size, dtype=np.float64)
    x[:, 3] = 0
    factors, _, info = kernels().lu_factor(x, True)
    assert info == 4 and np.isfinite(factors).all()
    x[2, 2] = np.nan
    assert np.isnan(kernels().lu_factor(x, True)[0]).any()


def test_lu_without_exchanges():
    x = random(50, 50, dtype=np.float64) + 50 * np.eye(50)
    factors, pivots, _ = kernels().lu_factor(x, False)
    assert pivots.tolist() == list(range(1, 51))
    np.testing.assert_allclose((np.tril(factors, -1) + np.eye(50)) @ np.triu(factors), x, 1e-10)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("unit", [False, True])
@pytest.mark.parametrize("upper", [False, True])
@pytest.mark.parametrize("size", [1, 8, 9, 70])
def test_triangular_solve(size, upper, unit, dtype, instruction_set):
    matrix = random(size, size, dtype=dtype) / dtype(size) + 2 * np.eye(size, dtype=dtype)
    b = random(3, size, 37, dtype=dtype, seed=1)
    for a in (matrix, matrix.T):
        triangle = (np.triu if upper else np.tril)(a).astype(np.float64)
        if unit:
            np.fill_diagonal(triangle, 1)
        with recorded_base() as called:
            x = kernels().triangular_solve(a, b, upper, unit)
        assert called == [] and x.dtype == dtype
        np.testing.assert_allclose(triangle @ x, b, 0, EXACT[dtype])


@pytest.mark.parametrize("size", [1, 3, 31, 32, 33, 65, 100])
@pytest.mark.parametrize("diagonal", ["any", "zero", "dominant"])
def test_ldl_is_that_of_the_base(size, diagonal, instruction_set):
    x = random(size, size, dtype=np.float64)
    x = x + x.T
    if diagonal != "any":
        np.fill_diagonal(x, 0 if diagonal == "zero" else size)
    with recorded_base() as called:
        factors, pivots, info = kernels().ldl_factor(x, False)
    assert called == []
    wanted, exchanged, place = base.ldl_factor(x, False)
    np.testing.assert_array_equal(pivots, exchanged)
    assert info == place
    np.testing.assert_allclose(factors, wanted, 1e-7, 1e-9)


def test_ldl_of_what_is_singular():
    x = random(40, 40, dtype=np.float64)
    x = x + x.T
    x[5] = x[:, 5] = 0
    for matrix in (x, np.zeros((3, 3))):
        found, wanted = kernels().ldl_factor(matrix, False), base.ldl_factor(matrix, False)
        assert found[2] == wanted[2] > 0
        np.testing.assert_array_equal(found[1], wanted[1])
        np.testing.assert_allclose(found[0], wanted[0], 1e-7, 1e-9)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("size", [1, 3, 16])
def test_cholesky_of_small_matrices(size, dtype):
    x = random(4, size, size, dtype=dtype)
    x = x @ x.swapaxes(1, 2) + size * np.eye(size, dtype=dtype)
    for given in (x, x.swapaxes(1, 2), x[0], x[:0]):
        with recorded_base() as called:
            factors, info = kernels().cholesky(given)
        assert called == ([] if given.size else ["cholesky"]) and not info.any()
        assert factors.dtype == dtype and info.shape == given.shape[:-2]
        np.testing.assert_array_equal(factors, np.tril(factors))
        np.testing.assert_allclose(factors, base.cholesky(given)[0], 1e-4, 1e-4)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_minor_that_is_not_positive(place):
    x = np.eye(3)
    for wrong in (-1.0, 0.0):
        x[place, place] = wrong
        assert kernels().cholesky(x)[1] == base.cholesky(x)[1] == place + 1


def test_rows_after_all_exchanges():
    pivots = kernels().lu_factor(random(2, 3, 20, 7), True)[1]
    with recorded_base() as called:
        order = kernels().permutation(pivots, 20)
    assert called == []
    np.testing.assert_array_equal(order, base.permutation(pivots, 20))
