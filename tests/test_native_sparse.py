from __future__ import annotations

import numpy as np
import pytest

from native_support import FLOATS, kernels, random, recorded_base


def parts_of(matrix):
    rows, columns = np.nonzero(matrix)
    starts = np.searchsorted(rows, np.arange(matrix.shape[0] + 1))
    return matrix[rows, columns], rows, columns, starts


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("width", [0, 1, 7, 64, 150])
@pytest.mark.parametrize("transposed", [False, True])
def test_products(transposed, width, dtype, instruction_set):
    matrix = random(40, 30, dtype=dtype) * (random(40, 30, seed=1) > 0.8)
    matrix[5] = 0
    values, rows, columns, starts = parts_of(matrix)
    whole = matrix.T if transposed else matrix
    wide = random(whole.shape[1], 2 * width, dtype=dtype, seed=2)
    mixed = np.random.default_rng(0).permutation(len(values))
    for dense in (np.ascontiguousarray(wide[:, ::2]), wide[:, ::2]):
        wanted = whole.astype(np.float64) @ dense
        places = ((values, starts, columns, True), (values, rows, columns, False),
                  (values[mixed], rows[mixed], columns[mixed], False))  # fmt: skip
        for numbers, outer, inner, is_compressed in places:
            with recorded_base() as called:
                found = kernels().sparse_product(
                    numbers, dense, outer, inner, whole.shape[0], is_compressed, transposed
                )
            assert called == [] and found.dtype == dtype
            np.testing.assert_allclose(found, wanted, 1e-5, 1e-5)


@pytest.mark.parametrize(
    ("outer", "inner", "is_compressed"),
    [([0, 3], [0, 1], False), ([0, 1], [0, 9], False), ([-1, 1], [0, 1], False),
     ([0, 1, 2, 9], [0, 1], True), ([0, 2, 1, 2], [0, 1], True)],
)  # fmt: skip
def test_places_outside_are_refused(outer, inner, is_compressed):
    arguments = np.ones(2, np.float32), np.ones((4, 5), np.float32)
    places = np.array(outer), np.array(inner)
    with pytest.raises((IndexError, ValueError, RuntimeError)):
        kernels().sparse_product(*arguments, *places, 3, is_compressed, False)
