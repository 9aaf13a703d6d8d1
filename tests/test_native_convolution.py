from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from native_support import channels_last, layouts, native, random
from rushlight.kernels.base import Base
from rushlight.ops.geometry import ConvolutionGeometry, convolution_geometry

Array = np.ndarray[Any, Any]
pytestmark = pytest.mark.usefixtures("refusing_base")

# batch, channels, sizes, output channels, kernel, stride, padding, dilation, groups. What computes
# each (winograd, direct, unfolded or oneDNN) depends on the sizes; every one of them is met here.
CASES = [
    (1, 1, (28, 28), 6, (5, 5), 1, 2, 1, 1),  # LeNet's first
    (5, 6, (14, 14), 16, (5, 5), 1, 0, 1, 1),  # and second
    (2, 1, (9, 11), 32, (3, 3), 1, 0, 1, 1),
    (3, 3, (15, 17), 7, (3, 3), 2, 1, 1, 1),
    (2, 3, (23, 23), 64, (7, 7), 2, 3, 1, 1),
    (2, 7, (9, 9), 11, (2, 2), 1, 0, 1, 1),
    (4, 10, (12, 12), 20, (5, 5), 1, 0, 1, 1),
    (2, 5, (8, 8), 3, (4, 2), (2, 1), (3, 1), 1, 1),
    (1, 2, (4, 5), 3, (3, 5), 1, (4, 4), 1, 1),  # windows that see nothing but padding
    (2, 32, (10, 10), 32, (3, 3), 1, 1, 1, 1),
    (3, 32, (9, 12), 64, (3, 3), 1, 0, 1, 1),
    (4, 48, (7, 5), 16, (3, 3), 1, 2, 1, 1),
    (40, 64, (3, 3), 48, (3, 3), 1, 1, 1, 1),
    (9, 272, (4, 4), 256, (3, 3), 1, 1, 1, 1),
    (2, 16, (9, 9), 24, (1, 1), 1, 0, 1, 1),
    (2, 20, (9, 9), 33, (1, 1), 2, 0, 1, 1),
    (2, 16, (11, 11), 32, (3, 3), 2, 1, 1, 1),
    (2, 8, (12, 12), 12, (3, 3), 1, 2, 2, 1),
    (2, 3, (12, 12), 5, (3, 2), 1, (1, 2), (2, 3), 1),
    (2, 12, (8, 8), 12, (3, 3), 1, 1, 1, 12),
    (2, 12, (8, 8), 18, (3, 3), 1, 1, 2, 3),
    (3, 5, (20,), 8, (4,), 2, 1, 1, 1),
    (2, 32, (50,), 32, (3,), 1, 1, 1, 1),
    (2, 6, (21,), 4, (3,), 1, 2, 2, 2),
    (2, 3, (6, 7, 8), 5, (3, 2, 3), (1, 2, 1), 1, 1, 1),
    (1, 64, (2, 3), 40, (3, 3), 1, 1, 1, 1),  # few places and many filters
    (2, 128, (10, 11), 129, (3, 3), (2, 3), (1, 0), 1, 1),
    (3, 256, (6, 6), 520, (1, 1), 1, 0, 1, 1),
    (2, 64, (4,), 100, (3,), 1, 1, 1, 1),
]


def geometry_of(case: Any) -> ConvolutionGeometry:
    batch, channels, sizes, out, kernel, stride, padding, dilation, groups = case
    return convolution_geometry(
        "conv", (batch, channels, *sizes), (out, channels // groups, *kernel), stride, padding,
        dilation, groups,
    )  # fmt: skip


def windows(g: ConvolutionGeometry) -> Any:
    """For each offset in the kernel: the padded input's elements that it meets."""
    for offset in itertools.product(*(range(k) for k in g.weight_shape[2:])):
        starts = [o * d for o, d in zip(offset, g.dilation, strict=True)]
        yield offset, (slice(None), slice(None), *(
            slice(a, a + (n - 1) * s + 1, s)
            for a, n, s in zip(starts, g.output_shape[2:], g.stride, strict=True)
        ))  # fmt: skip


def reference(x: Array, weight: Array, grad: Array, g: ConvolutionGeometry) -> Any:
    """The convolution and its gradients for input and weight, in float64."""
    border = ((0, 0), (0, 0), *((p, p) for p in g.padding))
    padded = np.pad(x.astype(np.float64), border)
    y = np.zeros(g.output_shape)
    gx = np.zeros(padded.shape)
    gw = np.zeros(g.weight_shape)
    outs, ins = g.weight_shape[0] // g.groups, g.weight_shape[1]
    for group in range(g.groups):
        to, source = slice(group * outs, (group + 1) * outs), slice(group * ins, (group + 1) * ins)
        for offset, window in windows(g):
            place = (window[0], source, *window[2:])
            w = weight[(to, slice(None), *offset)].astype(np.float64)
            y[:, to] += np.einsum("oc,nc...->no...", w, padded[place])
            gx[place] += np.einsum("oc,no...->nc...", w, grad[:, to])
            axes = [0, *range(2, x.ndim)]
            part = np.tensordot(grad[:, to].astype(np.float64), padded[place], (axes, axes))
            gw[(to, slice(None), *offset)] = part
    inner = tuple(slice(p, p + n) for p, n in zip(g.padding, x.shape[2:], strict=True))
    return y, gx[(slice(None), slice(None), *inner)], gw


def images(x: Array) -> Array:
    """The same values with the channels last in memory, for any number of dimensions."""
    return np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 1, -1)), -1, 1)


def is_images(x: Array) -> bool:
    return bool(np.moveaxis(x, 1, -1).flags.c_contiguous)


def assert_close(actual: Array, expected: Array, tolerance: float = 3e-6) -> None:
    assert actual.dtype == np.float32 and actual.shape == expected.shape
    assert np.abs(actual - expected).max() <= tolerance * max(np.abs(expected).max(), 1)


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("layout", ["contiguous", "channels last"])
def test_forward_and_gradients(case, layout, instruction_set):
    g = geometry_of(case)
    order = images if layout == "channels last" else np.ascontiguousarray
    x, grad = order(random(*g.input_shape)), order(random(*g.output_shape, seed=1))
    weight, bias = random(*g.weight_shape, seed=2), random(g.weight_shape[0], seed=3)
    y, gx, gw = reference(x, weight, grad, g)
    shift = bias.reshape(-1, *(1 for _ in g.stride))

    actual = native.convolution(x, weight, bias, g)
    assert_close(actual, y + shift)
    assert is_images(actual)
    assert_close(native.convolution(x, weight, None, g), y)
    actual = native.convolution_backward_input(grad, weight, g)
    assert_close(actual, gx)
    assert is_images(actual)
    actual, actual_bias = native.convolution_backward_weight(grad, x, g, True)
    assert_close(actual, gw)
    assert actual.flags.c_contiguous
    assert_close(actual_bias, grad.sum(axis=(0, *range(2, grad.ndim)), dtype=np.float64))
    actual, nothing = native.convolution_backward_weight(grad, x, g, False)
    assert_close(actual, gw)
    assert nothing is None


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize(
    "case",
    [
        (33, 1, (28, 28), 6, (5, 5), 1, 2, 1, 1),
        (33, 6, (14, 14), 16, (5, 5), 1, 0, 1, 1),
        (9, 32, (26, 26), 64, (3, 3), 1, 0, 1, 1),
        (9, 16, (26, 26), 32, (3, 3), 2, 1, 1, 1),
        (2, 128, (9, 11), 129, (3, 3), 2, 1, 1, 1),
    ],
    ids=str,
)
def test_shared_by_threads(case, threads):
    g = geometry_of(case)
    x, grad = images(random(*g.input_shape)), images(random(*g.output_shape, seed=1))
    weight = random(*g.weight_shape, seed=2)
    y, gx, gw = reference(x, weight, grad, g)
    native.set_num_threads(threads)
    results = [
        (
            native.convolution(x, weight, None, g),
            native.convolution_backward_input(grad, weight, g),
            *native.convolution_backward_weight(grad, x, g, True),
        )
        for _ in range(3)
    ]
    sums = grad.sum(axis=(0, 2, 3), dtype=np.float64)
    for actual, expected in zip(results[0], (y, gx, gw, sums), strict=True):
        assert_close(actual, expected)
    for again in results[1:]:  # to the bit
        for one, other in zip(results[0], again, strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", list(layouts(random(2, 2, 2, 2))))
def test_layouts_of_the_input(name):
    x = layouts(random(6, 6, 12, 12))[name]
    g = geometry_of((x.shape[0], x.shape[1], x.shape[2:], 5, (3, 3), 1, 1, 1, 1))
    grad = layouts(random(6, 5, 12, 12, seed=1)).get(name)
    if grad is None or grad.shape != g.output_shape:
        grad = random(*g.output_shape, seed=1)
    weight = random(*g.weight_shape, seed=2)
    y, gx, gw = reference(x, weight, grad, g)
    assert_close(native.convolution(x, weight, None, g), y)
    assert_close(native.convolution_backward_input(grad, weight, g), gx)
    assert_close(native.convolution_backward_weight(grad, x, g, False)[0], gw)


def test_weights_in_another_order():
    g = geometry_of((2, 6, (9, 9), 8, (3, 3), 1, 1, 1, 1))
    x, weight = images(random(*g.input_shape)), channels_last(random(*g.weight_shape, seed=1))
    y, gx, _ = reference(x, weight, random(*g.output_shape), g)
    assert_close(native.convolution(x, weight, None, g), y)
    assert_close(native.convolution_backward_input(random(*g.output_shape), weight, g), gx)


def test_sums_of_many_places_round_little():
    g = geometry_of((256, 1, (28, 28), 6, (5, 5), 1, 2, 1, 1))
    x, grad = abs(random(*g.input_shape)), abs(random(*g.output_shape, seed=1))
    gw = reference(x, random(*g.weight_shape), grad, g)[2]
    actual, sums = native.convolution_backward_weight(images(grad), images(x), g, True)
    assert_close(actual, gw, 1e-6)
    assert_close(sums, grad.sum(axis=(0, 2, 3), dtype=np.float64), 1e-6)


def test_nan_and_infinity_reach_what_they_touch():
    g = geometry_of((1, 6, (14, 14), 16, (5, 5), 1, 0, 1, 1))
    x = images(random(*g.input_shape))
    x[0, 2, 0, 0] = np.nan
    y = native.convolution(x, random(*g.weight_shape), None, g)
    assert np.isnan(y[0, :, 0, 0]).all() and np.isfinite(y[0, :, 1:, :]).all()


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
def test_a_border_meets_no_weight(value):
    """A zero of the border times infinity would be NaN, and is no product of the definition's."""
    g = geometry_of((1, 64, (2, 3), 40, (3, 3), 1, 1, 1, 1))
    weight = random(*g.weight_shape, seed=1)
    weight[7, 5, 0, 0] = value  # which meets the border but for the last row's last two places
    y = native.convolution(images(random(*g.input_shape) + 9), weight, None, g)
    touched = np.zeros(y.shape, bool)
    touched[0, 7, 1, 1:] = True
    np.testing.assert_array_equal(~np.isfinite(y), touched)


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan, -1e30])
@pytest.mark.parametrize("place", [(0, 0), (7, 7), (7, 8), (11, 10)])
def test_winograd_spreads_no_infinity(value, place, instruction_set):
    """Within its tiles infinity less infinity would be NaN where no window sees the first."""
    g = geometry_of((2, 32, (14, 14), 32, (3, 3), 1, 0, 1, 1))
    x, grad = images(random(*g.input_shape)), images(random(*g.output_shape, seed=1))
    weight = random(*g.weight_shape, seed=2)
    x[1, 3, *place] = grad[1, 5, *place] = value
    with np.errstate(all="ignore"):
        y, gx, gw = reference(x, weight, grad, g)
        pairs = [
            (native.convolution(x, weight, None, g), y),
            (native.convolution_backward_input(grad, weight, g), gx),
            (native.convolution_backward_weight(grad, x, g, False)[0], gw),
        ]
        for actual, expected in pairs:
            expected = expected.astype(np.float32)
            plain = np.isfinite(expected) & (np.abs(expected) < 1e20)
            np.testing.assert_array_equal(np.isfinite(actual), np.isfinite(expected))
            np.testing.assert_array_equal(np.isnan(actual), np.isnan(expected))
            if not abs(value) < np.inf:  # a large number takes its tile's digits
                np.testing.assert_allclose(actual[plain], expected[plain], 1e-3, 1e-3)


@pytest.mark.parametrize(
    "case, dtype",
    [
        ((2, 3, (8, 8), 4, (3, 3), 1, 1, 1, 1), np.float64),
        ((0, 3, (8, 8), 4, (3, 3), 1, 1, 1, 1), np.float32),
    ],
    ids=["float64", "empty batch"],
)
def test_left_to_the_base(case, dtype):
    g = geometry_of(case)
    x, grad = random(*g.input_shape, dtype=dtype), random(*g.output_shape, dtype=dtype)
    weight = random(*g.weight_shape, dtype=dtype)
    for name, arguments in [
        ("convolution", (x, weight, None, g)),
        ("convolution_backward_input", (grad, weight, g)),
        ("convolution_backward_weight", (grad, x, g, True)),
    ]:
        assert getattr(native, name)(*arguments) == name


@pytest.mark.skipif("avx512" not in native.available_instruction_sets(), reason="needs AVX-512")
@pytest.mark.parametrize(
    "case",
    [
        (2, 16, (2049,), 32, (16,), 8, 8, 1, 1),
        (2, 3, (12, 12), 5, (3, 2), (2, 1), (1, 2), (2, 3), 1),
    ],
    ids=["steps of 8", "steps and gaps"],
)
def test_onednns_reference_is_left_to_the_base(case):
    """It took 40 and 9 times as long as NumPy's products."""
    g = geometry_of(case)
    x, grad, weight = (random(*s) for s in (g.input_shape, g.output_shape, g.weight_shape))
    y, gx, gw = reference(x, weight, grad, g)
    assert_close(native.convolution(x, weight, None, g), y)
    assert native.convolution_backward_input(grad, weight, g) == "convolution_backward_input"
    assert_close(Base().convolution_backward_input(grad, weight, g), gx)
    assert_close(native.convolution_backward_weight(grad, x, g, False)[0], gw)


def test_arrays_that_do_not_fit_the_geometry():
    g = geometry_of((2, 3, (8, 8), 4, (3, 3), 1, 1, 1, 1))
    x, weight = random(2, 3, 8, 7), random(*g.weight_shape)
    assert native.convolution(x, weight, None, g) == "convolution"
    with pytest.raises(TypeError):
        native.convolution(random(*g.input_shape), weight, None, g._replace(stride=("1", "1")))


def test_arguments_are_left_alone():
    g = geometry_of((2, 32, (10, 10), 32, (3, 3), 1, 1, 1, 1))
    arrays = [random(*g.input_shape), random(*g.weight_shape), random(*g.output_shape)]
    copies = [a.copy() for a in arrays]
    x, weight, grad = arrays
    native.convolution(x, weight, None, g)
    native.convolution_backward_input(grad, weight, g)
    native.convolution_backward_weight(grad, x, g, True)
    for array, copy in zip(arrays, copies, strict=True):
        np.testing.assert_array_equal(array, copy)
