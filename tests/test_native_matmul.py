from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from native_support import kernels, native, random

Array = np.ndarray[Any, Any]
pytestmark = pytest.mark.usefixtures("refusing_base")

# Rows, terms, columns: what our own loops take, and from 2**19 products on what oneDNN takes.
SIZES = [
    (1, 1, 1), (1, 84, 10), (1, 400, 120), (2, 5, 3), (3, 17, 33), (4, 16, 1), (5, 1, 7),
    (13, 29, 31), (14, 32, 32), (15, 33, 16), (16, 84, 10), (1, 3000, 50), (2, 1100, 300),
    (29, 600, 17), (64, 128, 10), (10, 64, 128), (64, 400, 120), (128, 130, 70), (33, 1030, 40),
]  # fmt: skip


def operands(*shape: int, seed: int = 0) -> dict[str, Array]:
    """A matrix in layouts that need no copy."""
    x = random(*shape, seed=seed)
    padded = np.zeros((*shape[:-1], shape[-1] + 3), np.float32)
    padded[..., 1 : shape[-1] + 1] = x
    transposed = np.ascontiguousarray(x.swapaxes(-1, -2)).swapaxes(-1, -2)
    return {"rows": x, "columns": transposed, "part of rows": padded[..., 1 : shape[-1] + 1]}


def assert_product(actual: Array, a: Array, b: Array, bias: Array | None = None) -> None:
    expected = np.matmul(a.astype(np.float64), b.astype(np.float64))
    scale = np.matmul(abs(a).astype(np.float64), abs(b).astype(np.float64))
    if bias is not None:
        expected, scale = expected + bias, scale + abs(bias)
    assert isinstance(actual, np.ndarray) and actual.dtype == np.float32
    assert actual.shape == expected.shape and actual.flags.c_contiguous
    assert (abs(actual - expected) <= 1e-6 * scale + 1e-30).all()


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_matrices_in_all_layouts(size, instruction_set):
    rows, terms, columns = size
    for a in operands(rows, terms).values():
        for b in operands(terms, columns, seed=1).values():
            assert_product(native.matmul(a, b), a, b)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_linear(size, instruction_set):
    rows, terms, columns = size
    bias = random(columns, seed=2)
    for x in operands(rows, terms).values():
        for weight in operands(columns, terms, seed=1).values():
            assert_product(native.linear(x, weight, bias), x, weight.T, bias)
            assert_product(native.linear(x, weight, None), x, weight.T)


@pytest.mark.parametrize(
    "a, b",
    [
        ((7,), (7,)), ((7,), (7, 5)), ((5, 7), (7,)), ((3, 5, 7), (7,)), ((7,), (3, 7, 5)),
        ((3, 5, 7), (7, 4)), ((2, 3, 5, 7), (7, 4)), ((3, 5, 7), (3, 7, 4)),
        ((2, 1, 5, 7), (3, 7, 4)), ((1, 5, 7), (6, 7, 4)), ((5, 7), (2, 3, 7, 4)),
        ((2, 3, 1, 7), (2, 3, 7, 1)), ((4, 1, 9), (9, 3)), ((3, 90, 80), (3, 80, 100)),
        ((1, 1, 3), (3, 2)), ((20, 33, 17), (20, 17, 9)),
    ],
    ids=str,
)  # fmt: skip
def test_vectors_and_batches(a, b, instruction_set):
    x, y = random(*a), random(*b, seed=1)
    assert_product(native.matmul(x, y), x, y)
    if len(a) > 2:
        x = np.ascontiguousarray(x.swapaxes(0, -2)).swapaxes(0, -2)
        assert_product(native.matmul(x, y), x, y)
    if len(b) > 1:
        y = np.ascontiguousarray(y.swapaxes(-1, -2)).swapaxes(-1, -2)
        assert_product(native.matmul(x, y), x, y)


def test_linear_of_more_dimensions():
    weight, bias = random(6, 9, seed=1), random(6, seed=2)
    for shape in [(9,), (4, 9), (3, 4, 9), (2, 3, 4, 9), (1, 9), (5, 1, 9)]:
        x = random(*shape)
        assert_product(native.linear(x, weight, bias), x, weight.T, bias)


def test_vectors_with_gaps():
    a, b, m = random(30)[::3], random(20, seed=1)[::2], random(10, 10, seed=2)
    assert_product(native.matmul(a, b), a, b)
    assert_product(native.matmul(a, m), a, m)
    assert_product(native.matmul(m, b), m, b)
    row, column = random(40, 10)[::4][:1], random(10, 4)[:, :1]
    assert_product(native.matmul(row, m), row, m)
    assert_product(native.matmul(m, column), m, column)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_shared_by_threads(threads):
    a, b, wide = random(300, 200), random(200, 150, seed=1), random(3, 2000, seed=2)
    many = random(2000, 600, seed=3)
    native.set_num_threads(threads)
    results = [(native.matmul(a, b), native.matmul(wide, many)) for _ in range(3)]
    column = native.matmul(many, many[0])
    assert_product(results[0][0], a, b)
    assert_product(results[0][1], wide, many)
    assert_product(column, many, many[0])
    for again in results[1:]:  # to the bit
        np.testing.assert_array_equal(results[0][0], again[0])
        np.testing.assert_array_equal(results[0][1], again[1])


def test_results_do_not_depend_on_what_ran_before():
    a, b = random(64, 100), random(100, 90, seed=1)
    first = native.matmul(a, b)
    for rows in range(4, 40):
        native.matmul(random(rows, 1 << 10), random(1 << 10, 128))
    np.testing.assert_array_equal(first, native.matmul(a, b))


def test_nan_and_infinity():
    a, b = random(20, 30), random(30, 40, seed=1)
    a[3, 5], b[7, 9] = np.nan, np.inf
    actual, expected = native.matmul(a, b), np.matmul(a, b)
    np.testing.assert_array_equal(np.isfinite(actual), np.isfinite(expected))


def test_matrices_without_a_contiguous_axis_are_copied():
    b, weight = random(6, 5), random(5, 6)
    images = np.ascontiguousarray(random(2, 3, 4, 6).transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    for a in (random(8, 12)[::2, ::2], np.broadcast_to(random(1, 6), (4, 6)),
              random(4, 6)[:, ::-1], images):  # fmt: skip
        exact = a.astype(np.float64) @ b
        np.testing.assert_allclose(native.matmul(a, b), exact, 1e-5, 1e-5)
        exact = a.astype(np.float64) @ weight.T
        np.testing.assert_allclose(native.linear(a, weight, None), exact, 1e-5, 1e-5)


def test_left_to_the_base():
    a, b = random(4, 6), random(6, 5)
    cases = [
        (a.astype(np.float64), b.astype(np.float64)), (a, b.astype(np.float64)), (a[:0], b),
        (a[:, :0], b[:0]), (a, [1.0] * 6),
        (a, random(5, 6)),
    ]  # fmt: skip
    for x, y in cases:
        assert native.matmul(x, y) == "matmul"
    assert native.linear(a.astype(np.float64), random(5, 6), None) == "linear"
    assert native.linear(a, random(5, 7), None) == "linear"
    assert native.linear(a, random(5, 6), random(4)) == "linear"
    assert native.linear(a, random(5, 6), random(5, dtype=np.float64)) == "linear"


def test_rows_in_another_order_are_one_matrix(instruction_set):
    weight, bias = random(40, 24, seed=1), random(40, seed=2)
    x = random(3, 5, 24)
    for y in (x.swapaxes(0, 1), random(2, 3, 5, 24).transpose(2, 0, 1, 3), x[:, ::2]):
        assert_product(native.linear(y, weight, bias), y, weight.T, bias)
        assert_product(native.matmul(y, weight.T), y, weight.T)


@pytest.mark.parametrize("n", [0, 1, 15, 16, 100, 2047])
def test_dot(n):
    a, b = random(n), random(n, seed=1)
    actual = kernels().dot(a, b)
    np.testing.assert_allclose(actual, np.dot(a.astype(float), b.astype(float)), atol=1e-3)
    assert actual.shape == () and actual.dtype == np.float32
