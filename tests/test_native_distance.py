from __future__ import annotations

import numpy as np
import pytest

from native_support import FLOATS, base, kernels, random, recorded_base


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("p", [0.0, 0.5, 1.0, 2.0, 3.0, float("inf")])
def test_distances_of_pairs(p, dtype, instruction_set):
    for shape in ((2, 3), (7, 1), (40, 33), (150, 70)):
        x = random(*shape, dtype=dtype)
        x[1] = x[0]
        with recorded_base() as called:
            distances = kernels().pdist(x, p)
            grad = random(*distances.shape, dtype=dtype, seed=1)
            gradient = kernels().pdist_gradient(grad, x, distances, p)
        assert called == []
        wide = x.astype(np.float64)
        wanted = base.pdist(wide, p)
        np.testing.assert_allclose(distances, wanted, 1e-5, 1e-5)
        if np.isinf(p) and dtype is np.float32:
            wanted = distances  # the largest is the one that it is in this type
            wide = x
        expected = base.pdist_gradient(grad.astype(wide.dtype), wide, wanted, p)
        np.testing.assert_allclose(gradient, expected, 1e-3, 1e-3)


@pytest.mark.parametrize("p", [1.0, 2.0, float("inf")])
def test_nan_stays(p):
    x = random(5, 4, dtype=np.float32)
    x[2, 1] = np.nan
    distances = kernels().pdist(x, p)
    assert np.isnan(distances).tolist() == np.isnan(base.pdist(x, p)).tolist()
