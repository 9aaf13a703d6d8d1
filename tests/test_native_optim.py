from __future__ import annotations

import numpy as np
import pytest

import rushlight as torch
from native_support import FLOATS, base, channels_last, kernels, native, random, recorded_base

SHAPES = [(6, 1, 5, 5), (6,), (16, 6, 5, 5), (120, 400), (), (0,), (700, 300)]


def arrays(dtype, seed, like_state=False):
    values = [np.asarray(random(*s, dtype=dtype, seed=seed + i)) for i, s in enumerate(SHAPES)]
    values[2] = channels_last(values[2])
    return [np.asarray(np.abs(v)) for v in values] if like_state else values


def copies(values):
    return [v.copy(order="K") for v in values] if values is not None else None


def compare(name, lists, options, dtype):
    """Runs both kernels on copies of the lists and compares everything afterwards."""
    ours, theirs = [copies(v) for v in lists], [copies(v) for v in lists]
    with recorded_base() as called:
        assert getattr(kernels(), name)(*ours, *options) is None
    assert called == []
    getattr(base, name)(*theirs, *options)
    tolerance = 2e-6 if dtype == np.float32 else 1e-13
    for actual, expected in zip(ours, theirs, strict=True):
        if actual is not None:
            for a, b in zip(actual, expected, strict=True):
                np.testing.assert_allclose(a, b, tolerance, tolerance)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
@pytest.mark.parametrize("maximize", [False, True])
@pytest.mark.parametrize(
    ("momentum", "dampening", "nesterov"),
    [(0.0, 0.0, False), (0.9, 0.0, False), (0.9, 0.3, False), (0.9, 0.0, True)],
)
def test_sgd(momentum, dampening, nesterov, maximize, weight_decay, dtype, instruction_set):
    lists = arrays(dtype, 0), arrays(dtype, 10)
    options = (0.1, momentum, dampening, weight_decay, nesterov, maximize)
    if momentum == 0:
        compare("sgd", (*lists, None), (False, *options), dtype)
        return
    compare("sgd", (*lists, arrays(dtype, 20)), (True, *options), dtype)
    unset = [np.full_like(b, np.nan) for b in arrays(dtype, 20)]
    compare("sgd", (*lists, unset), (False, *options), dtype)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
@pytest.mark.parametrize("decoupled", [False, True])
@pytest.mark.parametrize("maximize", [False, True])
@pytest.mark.parametrize("amsgrad", [False, True])
def test_adam(amsgrad, maximize, decoupled, weight_decay, dtype, instruction_set):
    for steps in (0, 7):
        lists = (
            arrays(dtype, 0),
            arrays(dtype, 10),
            arrays(dtype, 20),
            arrays(dtype, 30, like_state=True),
            arrays(dtype, 40, like_state=True) if amsgrad else None,
            [np.asarray(np.float32(steps)) for _ in SHAPES],
        )
        options = (0.01, 0.9, 0.999, 1e-8, weight_decay, decoupled, maximize)
        compare("adam", lists, options, dtype)


def test_a_gradient_in_another_order_is_put_in_order():
    param, grad = [channels_last(random(4, 3, 5, 5))], [random(4, 3, 5, 5, seed=1)]
    compare("sgd", (param, grad, None), (False, 0.1, 0.0, 0.0, 0.0, False, False), np.float32)


def test_the_learning_rate_may_be_an_array():
    param, expected = [random(5)], [random(5)]
    kernels().sgd(param, [random(5)], None, False, np.asarray(0.5), 0, 0, 0, False, False)
    base.sgd(expected, [random(5)], None, False, 0.5, 0, 0, 0, False, False)
    np.testing.assert_allclose(param[0], expected[0], 1e-6)


def test_what_is_not_covered_goes_to_the_base_untouched():
    options = (0.1, 0.0, 0.0, 0.0, False, False)
    param = [random(5), random(5).astype(np.float16)]
    grad = [random(5, seed=1), random(5, seed=1).astype(np.float16)]
    expected = copies(param)
    with recorded_base() as called:
        kernels().sgd(param, grad, None, False, *options)
    assert called == ["sgd"]
    base.sgd(expected, grad, None, False, *options)
    for a, b in zip(param, expected, strict=True):
        np.testing.assert_array_equal(a, b)


# By rule: states, numbers, and options in the kernel's order, with and without decay and the like.
RULES = {
    "adamax": (2, 1, [(0.01, 0.9, 0.99, 1e-8, 0.1, False), (0.01, 0.3, 0.5, 1e-3, 0.0, True)]),
    "nadam": (2, 1, [(0.01, 0.9, 0.99, 1e-8, 0.1, 0.004, decoupled, 0) for decoupled in (0, 1)]),
    "radam": (2, 1, [(0.01, 0.9, beta, 1e-8, 0.1, beta > 0.9, False) for beta in (0.999, 0.5)]),
    "adadelta": (2, 1, [(1.0, 0.9, 1e-6, 0.1, False), (1.0, 0.5, 1e-3, 0.0, True)]),
    "adagrad": (1, 1, [(0.01, 0.1, 0.1, 1e-10, False), (0.01, 0.0, 0.0, 1e-3, True)]),
    "rmsprop": (3, 1, [(0.01, 0.99, 1e-8, 0.1, 0.9, False), (0.01, 0.9, 1e-3, 0.0, 0.9, True)]),
    "rprop": (2, 1, [(0.5, 1.2, 1e-6, 50, False), (0.25, 1.5, 0.5, 0.9, True)]),
    "asgd": (1, 3, [(0.01, 1e-4, 0.75, 1.0, 0.1, False), (0.01, 0.1, 0.5, 1e6, 0.0, True)]),
}  # fmt: skip


def lists_of(name, states, numbers, dtype):
    """The arrays of a call. Means of squares are at least what their means' squares are."""
    kept = [arrays(dtype, 20 + 10 * k, like_state=True) for k in range(states)]
    if name == "rmsprop":
        kept[0] = [a + b * b + 1 for a, b in zip(kept[0], kept[2], strict=True)]
        kept[0] = [np.asarray(a) for a in kept[0]]
        kept[0][2] = channels_last(kept[0][2])
    counts = [[np.asarray(np.float64(3 + k)) for _ in SHAPES] for k in range(numbers)]
    return [arrays(dtype, 0), arrays(dtype, 10), *kept, *counts]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", RULES)
def test_rules(name, dtype, instruction_set):
    states, numbers, rows = RULES[name]
    for options in rows:
        lists = lists_of(name, states, numbers, dtype)
        if name == "nadam":
            lists.append([np.asarray(np.float64(0.5)) for _ in SHAPES])
        compare(name, lists, options, dtype)


@pytest.mark.parametrize("missing", [(3,), (4,), (3, 4)])
def test_rmsprop_without_states(missing, instruction_set):
    lists = [
        None if k in missing else values
        for k, values in enumerate(lists_of("rmsprop", 3, 1, np.float32))
    ]
    compare("rmsprop", lists, (0.01, 0.9, 1e-3, 0.1, 0.9, False), np.float32)


def test_numbers_may_be_floats_of_either_kind():
    for kind in (np.float32, np.float64):
        step = np.asarray(kind(3))
        lists = [random(5)], [random(5)], [random(5) ** 2], [step]
        kernels().adagrad(*lists, 0.1, 0, 0, 1e-8, False)
        assert step == 4.0 and step.dtype == kind


@pytest.mark.parametrize("name", ["sgd", "adam"])
def test_the_bits_do_not_depend_on_the_number_of_threads(name):
    results = []
    for count in (1, 2, 3):
        native.set_num_threads(count)
        params, grads = arrays(np.float32, 0), arrays(np.float32, 10)
        state = arrays(np.float32, 20, like_state=True)
        if name == "sgd":
            kernels().sgd(params, grads, state, True, 0.1, 0.9, 0.0, 0.1, False, False)
        else:
            steps = [np.asarray(np.float32(3)) for _ in params]
            kernels().adam(params, grads, copies(state), state, None, steps,
                           0.1, 0.9, 0.99, 1e-8, 0.1, True, False)  # fmt: skip
        results.append([p.tobytes() for p in params])
    assert results[0] == results[1] == results[2]


def test_a_parameter_given_twice_takes_two_steps():
    """One after the other, as the rows of a call run at the same time."""
    w = torch.nn.Parameter(torch.ones(40_000))
    with pytest.warns(UserWarning, match="duplicate"):
        optimizer = torch.optim.Adam([w, w], lr=0.1)
    w.grad = torch.ones(40_000)
    optimizer.step()
    assert optimizer.state[w]["step"] == 2
    np.testing.assert_allclose(w.detach().numpy(), 0.8, 1e-6)


def test_rprop_leaves_elements_whose_gradient_is_nan():
    w = torch.nn.Parameter(torch.ones(3))
    optimizer = torch.optim.Rprop([w], lr=0.1)
    nan = float("nan")
    for gradient, after in (
        ([1, nan, 1], [0.9, 1, 0.9]), ([1, 1, nan], [0.78, 0.9, 0.9]),
        ([1, 1, 1], [0.636, 0.78, 0.8]),
    ):  # fmt: skip
        w.grad = torch.tensor(gradient, dtype=torch.float32)
        optimizer.step()
        np.testing.assert_allclose(w.detach().numpy(), after, 1e-6)
