"""The extension's attention against the base's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from native_support import FLOATS, base, kernels, random, recorded_base
from rushlight.kernels.native import native

SIZES = [  # batch, heads, heads of keys, queries, keys, width, width of values
    (1, 1, 1, 1, 1, 1, 1),
    (2, 4, 2, 5, 7, 8, 3),
    (2, 2, 2, 4, 40, 33, 70),
    (1, 2, 2, 130, 65, 16, 17),
    (1, 6, 1, 9, 300, 64, 64),
    (3, 3, 3, 32, 128, 32, 32),
    (1, 1, 1, 33, 129, 31, 5),
]
MASKS = ["none", "causal", "truth", "truth of keys", "numbers", "numbers of keys", "transposed"]


def make_mask(name: str, sizes: Any, dtype: Any) -> Any:
    batch, heads, _, rows, keys, *_ = sizes
    shape = (batch, heads, rows, keys)
    if name in ("none", "causal"):
        return None
    seen = np.random.default_rng(7).random(shape) < 0.6
    seen[:, :, rows // 2] = False  # a query that sees nothing
    if name == "truth":
        return seen
    if name == "truth of keys":
        return np.broadcast_to(seen[:, :1, :1], shape)
    if name == "numbers of keys":
        return np.broadcast_to(random(batch, 1, 1, keys, dtype=dtype), shape)
    if name == "transposed":
        return random(batch, heads, keys, rows, dtype=dtype).swapaxes(2, 3)
    return np.where(seen[:1, :1], random(rows, keys, dtype=dtype), -np.inf).astype(dtype)


def make_arguments(sizes: Any, name: str, dtype: Any, dropped: bool, scale: float = 0.3) -> Any:
    batch, heads, groups, rows, keys, width, out = sizes
    q = random(batch, rows, heads, width, dtype=dtype).swapaxes(1, 2)  # as after a projection
    k = random(batch, groups, width, keys, dtype=dtype, seed=1).swapaxes(2, 3)
    v = random(batch, groups, keys, out, dtype=dtype, seed=2)
    kept = np.random.default_rng(3).random((batch, heads, rows, keys)) < 0.8 if dropped else None
    mask = make_mask(name, sizes, dtype)
    return q, k, v, mask, kept, scale, name == "causal", 1.25 if dropped else 1.0


def run(table: Any, arguments: Any) -> list[Any]:
    result, sums = table.attention(*arguments)
    grad = random(*result.shape, dtype=result.dtype, seed=4)
    gradients = table.attention_backward(grad, *arguments[:5], sums, *arguments[5:])
    return [result, sums, *gradients]


def compare_with_base(arguments: Any) -> None:
    tolerance = 1e-4 if arguments[0].dtype == np.float32 else 1e-11
    with np.errstate(all="ignore"):
        with recorded_base() as called:
            found = run(kernels(), arguments)
        assert called == []
        for actual, expected in zip(found, run(base, arguments), strict=True):
            assert actual.shape == expected.shape and actual.dtype == expected.dtype
            assert actual.strides == expected.strides
            np.testing.assert_allclose(actual, expected, tolerance, tolerance)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", MASKS)
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_as_the_base(sizes, name, dtype, instruction_set):
    for dropped in (False, True):
        compare_with_base(make_arguments(sizes, name, dtype, dropped))


@pytest.mark.parametrize("dtype", FLOATS)
def test_many_keys_and_a_negative_scale(dtype, instruction_set):
    for rows in (2, 40):
        for name in ("none", "causal"):
            compare_with_base(make_arguments((1, 1, 1, rows, 9000, 4, 5), name, dtype, False, -0.2))


@pytest.mark.parametrize("dtype", FLOATS)
def test_what_is_not_finite_is_as_in_the_base(dtype, instruction_set):
    for rows in (4, 6):
        sizes = (1, 1, 1, rows, 4, 5, 5)
        for name in ("none", "causal"):
            arguments = make_arguments(sizes, name, dtype, False, 0.5)
            q, k = arguments[:2]
            q[..., 1, :], k[..., 2, 0] = np.inf, np.nan
            with np.errstate(all="ignore"):
                found, expected = (table.attention(*arguments)[0] for table in (kernels(), base))
            np.testing.assert_allclose(found, expected, 1e-5, 1e-5)


def test_weights_of_large_scores_are_right_to_the_last_places(instruction_set):
    for dtype, tolerance in ((np.float32, 4e-7), (np.float64, 2e-15)):
        q = np.ones((1, 1, 8, 1), dtype)
        k = np.linspace(-60, 3, 500, dtype=dtype).reshape(1, 1, 500, 1)
        v = np.eye(500, dtype=dtype)[None, None]
        weights, sums = kernels().attention(q, k, v, None, None, 1.0, False, 1.0)
        assert (sums[..., 0] == 3).all()
        exact = np.exp((k[0, 0, :, 0] - 3).astype(np.longdouble))
        exact /= exact.sum()
        np.testing.assert_allclose(weights[0, 0, 5].astype(np.longdouble), exact, tolerance)


def test_the_same_bits_for_each_number_of_threads():
    found = []
    before = native.get_num_threads()
    try:
        for threads in (1, 2, 3):
            native.set_num_threads(threads)
            for sizes in ((1, 1, 1, 300, 200, 16, 16), (1, 8, 2, 100, 100, 32, 32)):
                found.append(run(kernels(), make_arguments(sizes, "causal", np.float32, True)))
    finally:
        native.set_num_threads(before)
    for i in (2, 4):
        for first, other in zip(found[:2], found[i : i + 2], strict=True):
            for a, b in zip(first, other, strict=True):
                assert np.array_equal(a, b)


def test_what_it_does_not_cover_is_left_to_the_base():
    q, k = random(1, 1, 3, 4, dtype=np.float64), random(1, 1, 5, 4, dtype=np.float64)
    mask = random(1, 1, 3, 5)  # of another dtype
    with recorded_base() as called:
        kernels().attention(q, k, k, mask, None, 0.5, False, 1.0)
        kernels().attention(q, k[:, :, :0], k[:, :, :0], None, None, 0.5, False, 1.0)
    assert called == ["attention"] * 2


def test_the_scores_are_never_all_in_memory():
    arguments = make_arguments((1, 1, 1, 2000, 2000, 16, 16), "none", np.float32, False)
    before = native.memory_stats()
    run(kernels(), arguments)
    peak = max(before["peak_bytes_in_use"], before["bytes_in_use"] + 4_000_000)  # not 16 million
    assert native.memory_stats()["peak_bytes_in_use"] <= peak
