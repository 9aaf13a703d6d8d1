from __future__ import annotations

import numpy as np
import pytest

from native_support import base, kernels, random, recorded_base

# Units below, at and above a tile's columns, depths above what is taken at once, rows above a
# block; sequences that end one after the other, and one step alone.
CASES = [
    (1, (1,)), (5, (3, 3, 2, 1)), (32, (4, 4)), (33, (9, 9, 1)), (70, (60, 60, 7)), (40, (70,)),
    (7, (9,)), (200, (2, 2, 2)),
]  # fmt: skip


def double(values):
    return [v.astype(np.float64) if isinstance(v, np.ndarray) else v for v in values]


def check(name, *arguments):
    """The kernel's results, which agree with the generic one's in double precision."""
    with recorded_base() as called:
        found = getattr(kernels(), name)(*arguments)
    assert called == []
    exact = getattr(base, name)(*double(arguments))
    assert len(found) == len(exact)
    for ours, theirs in zip(found, exact, strict=True):
        assert ours.dtype == np.float32 and ours.shape == theirs.shape
        np.testing.assert_allclose(ours, theirs, 2e-4, 2e-5 * max(1.0, np.abs(theirs).max()))
    return found


def parts(units, sizes, gates):
    rows, batch = sum(sizes), sizes[0]
    scale = np.float32(1 / np.sqrt(units))
    return (
        random(rows, gates * units), random(batch, units, seed=1), random(batch, units, seed=2),
        random(gates * units, units, seed=3) * scale,
    )  # fmt: skip


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("units, sizes", CASES)
def test_lstm(units, sizes, reverse, instruction_set):
    gates, h, c, weight = parts(units, sizes, 4)
    _, _, _, active, _, before = check("lstm_steps", gates, h, c, weight, sizes, reverse)
    grad = random(sum(sizes), units, seed=4)
    check("lstm_steps_backward", grad, h, c, weight, active, before, sizes, reverse)


@pytest.mark.parametrize("with_bias", [False, True])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("units, sizes", CASES)
def test_gru(units, sizes, reverse, with_bias, instruction_set):
    gates, h, _, weight = parts(units, sizes, 3)
    bias = random(3 * units, seed=5) if with_bias else None
    _, _, active, before = check("gru_steps", gates, h, weight, bias, sizes, reverse)
    grad = random(sum(sizes), units, seed=4)
    check("gru_steps_backward", grad, h, weight, active, before, sizes, reverse)


@pytest.mark.parametrize("rectified", [False, True])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("units, sizes", CASES)
def test_rnn(units, sizes, reverse, rectified, instruction_set):
    gates, h, _, weight = parts(units, sizes, 1)
    output, _, _ = check("rnn_steps", gates, h, weight, rectified, sizes, reverse)
    grad = random(sum(sizes), units, seed=4)
    check("rnn_steps_backward", grad, h, weight, output, rectified, sizes, reverse)


def test_a_projected_state_of_another_width():
    gates, _, c, _ = parts(6, (3,), 4)
    check("lstm_steps", gates, random(3, 2), c, random(24, 2, seed=6), (3,), False)


def test_arrays_in_any_memory_order():
    gates, h, c, weight = parts(5, (3, 2), 4)
    turned = np.asfortranarray(gates), h[:, ::-1], c, np.asfortranarray(weight)
    check("lstm_steps", *turned, (3, 2), False)


def test_nan_stays():
    gates, h, _, weight = parts(5, (2, 2), 1)
    gates[0, 3] = np.nan
    for rectified in (False, True):
        found = kernels().rnn_steps(gates, h, weight, rectified, (2, 2), False)
        assert np.isnan(found[0][0, 3]) and np.isnan(found[0][2]).any()


def test_what_is_left_to_the_base():
    gates, h, c, weight = parts(5, (3, 2), 4)
    for arguments in (
        double([gates, h, c, weight, (3, 2), False]),
        [gates, h, c, weight, (3, 2, 0), False],
    ):
        with recorded_base() as called:
            found = kernels().lstm_steps(*arguments)
        assert "lstm_steps" in called
        np.testing.assert_allclose(found[0], base.lstm_steps(*arguments)[0], 1e-6)
    with recorded_base() as called:
        kernels().lstm_steps(gates[:0], h[:0], c[:0], weight, (0,), False)
    assert called[0] == "lstm_steps"


def test_results_do_not_depend_on_the_threads():
    from rushlight.kernels.native import native

    gates, h, c, weight = parts(130, (60, 60), 4)
    before = native.get_num_threads()
    try:
        results = []
        for threads in (1, 2, 3):
            native.set_num_threads(threads)
            results.append(kernels().lstm_steps(gates, h, c, weight, (60, 60), False))
    finally:
        native.set_num_threads(before)
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(a, b)
