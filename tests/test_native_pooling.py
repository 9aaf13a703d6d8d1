from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from native_support import channels_last, is_channels_last, layouts, native, random
from rushlight.ops.geometry import PoolGeometry, pool_geometry

Array = np.ndarray[Any, Any]
pytestmark = pytest.mark.usefixtures("refusing_base")

# shape, kernel, stride, padding, dilation, ceil_mode
CASES = [
    ((1, 6, 28, 28), 2, 2, 0, 1, False),  # LeNet's
    ((5, 16, 10, 10), 2, 2, 0, 1, False),
    ((2, 64, 24, 24), 2, 2, 0, 1, False),
    ((3, 1, 7, 9), 2, 2, 0, 1, False),
    ((3, 5, 7, 9), 2, 2, 0, 1, True),
    ((2, 17, 9, 9), 3, 2, 1, 1, False),
    ((2, 33, 10, 8), 3, 2, 1, 1, True),
    ((2, 3, 9, 9), (3, 2), (1, 2), (1, 0), 1, False),
    ((2, 4, 11, 12), 3, 1, 1, (2, 3), False),
    ((1, 2, 5, 5), 5, 1, 2, 1, False),
    ((2, 3, 6, 6), 1, 3, 0, 1, False),
    ((2, 7, 21), 3, 2, 1, 1, True),
    ((2, 3, 6, 7, 8), 2, 2, 0, 1, False),
    ((1, 17, 5, 6, 7), (3, 2, 3), (1, 2, 2), (1, 0, 1), 1, True),
    ((2, 2, 7, 8, 9), 2, 1, 1, (2, 1, 3), False),
]


def geometry_of(case: Any, **more: Any) -> PoolGeometry:
    shape, kernel, stride, padding, dilation, ceil_mode = case
    return pool_geometry("pool", shape, kernel, stride, padding, dilation, ceil_mode, **more)


def places(g: PoolGeometry, output: tuple[int, ...]) -> Iterator[tuple[int, tuple[int, ...]]]:
    """The number in the window and the place in the image of what an output place sees."""
    for number, offset in enumerate(itertools.product(*(range(k) for k in g.kernel_size))):
        place = tuple(
            i * s - p + o * d
            for i, s, p, o, d in zip(output, g.stride, g.padding, offset, g.dilation, strict=True)
        )
        if all(0 <= i < n for i, n in zip(place, g.input_shape[2:], strict=True)):
            yield number, place


def outputs(g: PoolGeometry) -> Iterator[tuple[int, ...]]:
    return itertools.product(*(range(n) for n in g.output_shape[2:]))


def max_reference(x: Array, g: PoolGeometry) -> tuple[Array, Array]:
    y, where = np.empty(g.output_shape, x.dtype), np.empty(g.output_shape, np.uint8)
    for output in outputs(g):
        numbers, seen = zip(*places(g, output), strict=True)
        values = np.stack([x[(slice(None), slice(None), *place)] for place in seen])
        best = values.argmax(axis=0)  # the first; NaN counts as the largest, and the last of them
        last = len(values) - 1 - np.isnan(values)[::-1].argmax(axis=0)
        best = np.where(np.isnan(values).any(axis=0), last, best)
        y[(slice(None), slice(None), *output)] = np.take_along_axis(values, best[None], 0)[0]
        where[(slice(None), slice(None), *output)] = np.array(numbers)[best]
    return y, where


def max_backward_reference(grad: Array, where: Array, g: PoolGeometry) -> Array:
    gx = np.zeros(g.input_shape)
    for output in outputs(g):
        here = (slice(None), slice(None), *output)
        for number, place in places(g, output):
            gx[(slice(None), slice(None), *place)] += np.where(where[here] == number, grad[here], 0)
    return gx


def divisor(g: PoolGeometry, output: tuple[int, ...]) -> float:
    if g.divisor_override is not None:
        return g.divisor_override
    count = 1
    for i, s, p, k, n in zip(
        output, g.stride, g.padding, g.kernel_size, g.input_shape[2:], strict=True
    ):
        low, high = (-p, n + p) if g.count_include_pad else (0, n)
        count *= min(i * s - p + k, high) - max(i * s - p, low)
    return count


def average_reference(x: Array, g: PoolGeometry) -> Array:
    y = np.zeros(g.output_shape)
    for output in outputs(g):
        seen = [x[(slice(None), slice(None), *place)] for _, place in places(g, output)]
        total = np.sum(seen, axis=0, dtype=np.float64)
        y[(slice(None), slice(None), *output)] = total / divisor(g, output)
    return y


def average_backward_reference(grad: Array, g: PoolGeometry) -> Array:
    gx = np.zeros(g.input_shape)
    for output in outputs(g):
        share = grad[(slice(None), slice(None), *output)] / divisor(g, output)
        for _, place in places(g, output):
            gx[(slice(None), slice(None), *place)] += share
    return gx


def is_images(x: Array) -> bool:
    return bool(np.moveaxis(x, 1, -1).flags.c_contiguous)


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("layout", ["contiguous", "channels last"])
def test_max_pool(case, layout, instruction_set):
    g = geometry_of(case)
    x = np.random.default_rng(0).integers(-3, 3, g.input_shape).astype(np.float32)  # many ties
    grad = random(*g.output_shape, seed=1)
    if layout == "channels last" and x.ndim == 4:
        x, grad = channels_last(x), channels_last(grad)
    y, where = native.max_pool(x, g)
    expected_y, expected_where = max_reference(x, g)
    np.testing.assert_array_equal(y, expected_y)
    np.testing.assert_array_equal(where, expected_where)
    assert where.dtype == np.uint8 and is_images(y) and is_images(where)
    gx = native.max_pool_backward(grad, where, g)
    assert gx.dtype == np.float32 and is_images(gx)
    np.testing.assert_allclose(gx, max_backward_reference(grad, where, g), 1e-6, 1e-6)


@pytest.mark.parametrize("case", [c for c in CASES if c[4] == 1], ids=str)
@pytest.mark.parametrize(
    "more",
    [{}, {"count_include_pad": False}, {"divisor_override": 3}],
    ids=["", "without padding", "divisor"],
)
def test_average_pool(case, more, instruction_set):
    g = geometry_of(case, **more)
    x, grad = random(*g.input_shape), random(*g.output_shape, seed=1)
    y = native.avg_pool(x, g)
    assert y.dtype == np.float32 and is_images(y)
    np.testing.assert_allclose(y, average_reference(x, g), 1e-5, 1e-6)
    gx = native.avg_pool_backward(grad, g)
    assert gx.dtype == np.float32 and is_images(gx)
    np.testing.assert_allclose(gx, average_backward_reference(grad, g), 1e-5, 1e-6)


def test_nan_wins(instruction_set):
    x = random(2, 5, 6, 6)
    x[0, 1, 2, 3] = x[0, 1, 3, 3] = x[1, 4, 0, 0] = np.nan
    x[1, 0, 4:6, 4:6] = -np.inf
    g = geometry_of(((2, 5, 6, 6), 2, 2, 0, 1, False))
    y, where = native.max_pool(x, g)
    expected_y, expected_where = max_reference(x, g)
    np.testing.assert_array_equal(y, expected_y)
    np.testing.assert_array_equal(where, expected_where)
    assert np.isnan(y[0, 1, 1, 1]) and where[0, 1, 1, 1] == 3 and y[1, 0, 2, 2] == -np.inf


@pytest.mark.parametrize("name", list(layouts(random(2, 2, 2, 2))))
def test_layouts(name):
    x = layouts(random(4, 3, 8, 8))[name]
    g = geometry_of((x.shape, 2, 2, 0, 1, False))
    y, where = native.max_pool(x, g)
    np.testing.assert_array_equal(y, max_reference(x, g)[0])
    assert is_channels_last(y)
    np.testing.assert_allclose(native.avg_pool(x, g), average_reference(x, g), 1e-5, 1e-6)
    grad = random(*g.output_shape)  # in another order than `where`
    gx = native.max_pool_backward(grad, where, g)
    np.testing.assert_array_equal(gx, max_backward_reference(grad, where, g))


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_shared_by_threads(threads):
    x = channels_last(random(31, 16, 24, 24))
    g = geometry_of((x.shape, 3, 2, 1, 1, False))
    grad = channels_last(random(*g.output_shape, seed=1))
    native.set_num_threads(threads)
    y, where = native.max_pool(x, g)
    gx = native.max_pool_backward(grad, where, g)
    mean, spread = native.avg_pool(x, g), native.avg_pool_backward(grad, g)
    np.testing.assert_array_equal(y, max_reference(x, g)[0])
    np.testing.assert_allclose(gx, max_backward_reference(grad, where, g), 1e-5, 1e-6)
    np.testing.assert_allclose(mean, average_reference(x, g), 1e-5, 1e-6)
    np.testing.assert_allclose(spread, average_backward_reference(grad, g), 1e-5, 1e-6)


@pytest.mark.parametrize(
    "shape, kernel, dtype",
    [
        ((2, 3, 8, 8), 2, np.float64),
        ((0, 3, 8, 8), 2, np.float32),
        ((1, 1, 20, 20), 17, np.float32),  # a place does not fit into a byte
    ],
    ids=str,
)
def test_left_to_the_base(shape, kernel, dtype):
    g = geometry_of((shape, kernel, kernel, 0, 1, False))
    x, grad = random(*shape, dtype=dtype), random(*g.output_shape, dtype=dtype)
    where = np.zeros(g.output_shape, np.uint8)
    assert native.max_pool(x, g) == "max_pool"
    assert native.max_pool_backward(grad, where, g) == "max_pool_backward"
    if dtype == np.float64 or x.size == 0:
        assert native.avg_pool(x, g) == "avg_pool"
        assert native.avg_pool_backward(grad, g) == "avg_pool_backward"
