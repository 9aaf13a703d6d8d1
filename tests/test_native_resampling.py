"""The extension's maps of axes against the base's."""

from __future__ import annotations

import numpy as np
import pytest

from native_support import FLOATS, base, kernels, layouts, random, recorded_base
from rushlight.ops.resampling import area_taps, interpolation_taps, resampling


def taps_of(mode, inputs, outputs):
    if mode == "area":
        return area_taps(inputs, outputs)
    kind, antialias = (mode[:-1], True) if mode.endswith("+") else (mode, False)
    return interpolation_taps(kind, inputs, outputs, None, False, antialias, "float32")


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("mode", ["nearest", "linear", "cubic", "linear+", "area"])
@pytest.mark.parametrize("sizes", [(14, 12), (3, 4), (7, 6), (1, 1), (40, 5)], ids=str)
def test_images_are_as_the_base_has_them(mode, sizes, dtype, instruction_set):
    for layout, x in layouts(random(2, 70, 7, 6, dtype=dtype)).items():
        pairs = zip(x.shape[2:], sizes, strict=True)
        both = resampling(tuple(taps_of(mode, *pair) for pair in pairs))
        for a, taps in ((x, both.taps), (base.resample(x, both.taps), both.transposed_taps)):
            expected, actual = base.resample(a, taps), kernels().resample(a, taps)
            np.testing.assert_allclose(actual, expected, 1e-5, 1e-5, err_msg=layout)
            if a.size > 1 and 1 not in (*a.shape, *expected.shape):
                assert actual.strides == expected.strides, layout


@pytest.mark.parametrize("shape", [(2, 3, 9), (1, 1, 5, 6, 7), (2, 130, 3, 4, 5)], ids=str)
def test_signals_and_volumes(shape, instruction_set):
    x = random(*shape)
    both = resampling(tuple(taps_of("linear", n, 2 * n + 1) for n in shape[2:]))
    with recorded_base() as called:
        made = kernels().resample(x, both.taps)
        back = kernels().resample(made, both.transposed_taps)
    assert called == []
    np.testing.assert_allclose(made, base.resample(x, both.taps), 1e-5, 1e-5)
    np.testing.assert_allclose(back, base.resample(made, both.transposed_taps), 1e-5, 1e-5)


def test_taps_beyond_the_axis_are_left_to_the_base():
    x = random(1, 1, 5)
    longer = taps_of("linear", 9, 4)
    wrong = longer._replace(inputs=5)
    with recorded_base() as called, pytest.raises(IndexError):
        kernels().resample(x, (wrong,))
    assert called == ["resample"]
