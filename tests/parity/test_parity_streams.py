"""The same seed gives the same numbers: random functions, shuffles, masks, initial weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import rushlight

Draw = Callable[[Any], Any]
SIZES = (0, 1, 15, 16, 17, 624, 1000, 100_003)

DRAWS: dict[str, Draw] = {
    **{f"rand {n}": lambda t, n=n: t.rand(n) for n in SIZES},
    **{f"rand double {n}": lambda t, n=n: t.rand(n, dtype=t.float64) for n in SIZES},
    **{f"randn {n}": lambda t, n=n: t.randn(n) for n in SIZES},
    **{f"randn double {n}": lambda t, n=n: t.randn(n, dtype=t.float64) for n in SIZES},
    **{f"randperm {n}": lambda t, n=n: t.randperm(n) for n in (0, 1, 2, 100, 60_000)},
    "randint": lambda t: t.randint(10, (1000,)),
    "randint, negative": lambda t: t.randint(-7, 5, (1000,)),
    "randint, wide": lambda t: t.randint(0, 2**45, (1000,)),
    "randint, int32": lambda t: t.randint(0, 99, (1000,), dtype=t.int32),
    "random_": lambda t: t.empty(100).random_(),
    "bernoulli": lambda t: t.bernoulli(t.full((1000,), 0.3)),
    "bernoulli_": lambda t: t.empty(1000).bernoulli_(0.7),
    "exponential_": lambda t: t.empty(1000).exponential_(2.0),
    "uniform_": lambda t: t.empty(1000).uniform_(-2.0, 3.0),
    "normal_": lambda t: t.empty(1000).normal_(1.0, 0.5),
    "normal": lambda t: t.normal(2.0, 3.0, (100,)),
    "normal of tensors": lambda t: t.normal(t.arange(100.0), t.ones(100)),
    "multinomial": lambda t: t.multinomial(t.arange(1.0, 50.0), 20),
    "multinomial, replaced": lambda t: t.multinomial(t.arange(1.0, 50.0), 200, True),
    "multinomial, one": lambda t: t.multinomial(t.arange(1.0, 50.0), 1),
    "dropout": lambda t: t.nn.functional.dropout(t.ones(10_000), 0.4),
    "shapes": lambda t: t.randn(3, 5, 7),
    "in place, strided": lambda t: t.zeros(8, 9).t().normal_(),
}


def assert_equal_bits(ours: Any, theirs: Any) -> None:
    a, b = ours.detach().numpy(), theirs.detach().numpy()
    assert a.dtype == b.dtype and a.shape == b.shape
    np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("seed", [0, 1, 42, 2**32 + 5, 2**63])
@pytest.mark.parametrize("name", DRAWS)
def test_draws(name: str, seed: int) -> None:
    for library in (rushlight, torch):
        library.manual_seed(seed)
    assert_equal_bits(DRAWS[name](rushlight), DRAWS[name](torch))
    # What a draw leaves behind is seen by the next one.
    assert_equal_bits(rushlight.rand(3), torch.rand(3))
    assert_equal_bits(rushlight.randn(3), torch.randn(3))


def test_long_sequence_of_everything() -> None:
    for library in (rushlight, torch):
        library.manual_seed(7)
    order = np.random.default_rng(0).integers(0, len(DRAWS), 300)
    for number in order:
        name = list(DRAWS)[number]
        assert_equal_bits(DRAWS[name](rushlight), DRAWS[name](torch))


def test_generators() -> None:
    ours, theirs = (lib.Generator().manual_seed(9) for lib in (rushlight, torch))
    assert ours.initial_seed() == theirs.initial_seed() == 9
    assert_equal_bits(rushlight.rand(5, generator=ours), torch.rand(5, generator=theirs))
    assert_equal_bits(rushlight.randn(5, generator=ours), torch.randn(5, generator=theirs))


def test_state_is_interchangeable() -> None:
    rushlight.manual_seed(3)
    rushlight.randn(5)
    torch.set_rng_state(torch.from_numpy(rushlight.get_rng_state().numpy().copy()))
    assert_equal_bits(rushlight.randn(7), torch.randn(7))
    rushlight.set_rng_state(rushlight.from_numpy(torch.get_rng_state().numpy().copy()))
    assert_equal_bits(rushlight.randn(7), torch.randn(7))


MODULES: dict[str, Draw] = {
    "Linear": lambda t: t.nn.Linear(30, 20),
    "Linear, one": lambda t: t.nn.Linear(1, 1, bias=False),
    "Conv1d": lambda t: t.nn.Conv1d(4, 6, 3),
    "Conv2d": lambda t: t.nn.Conv2d(3, 16, 5),
    "Conv2d, groups": lambda t: t.nn.Conv2d(4, 8, 3, groups=2, bias=False),
    "BatchNorm2d": lambda t: t.nn.BatchNorm2d(7),
    "Sequential": lambda t: t.nn.Sequential(
        t.nn.Conv2d(1, 6, 5), t.nn.Tanh(), t.nn.Flatten(), t.nn.Linear(6, 3), t.nn.Linear(3, 2)
    ),
}


@pytest.mark.parametrize("name", MODULES)
def test_initial_weights(name: str) -> None:
    for library in (rushlight, torch):
        library.manual_seed(1)
    ours, theirs = MODULES[name](rushlight).state_dict(), MODULES[name](torch).state_dict()
    assert list(ours) == list(theirs)
    for key in ours:
        assert_equal_bits(ours[key], theirs[key])
    assert repr(MODULES[name](rushlight)) == repr(MODULES[name](torch))


INITIALIZERS: dict[str, Callable[[Any, Any], Any]] = {
    "uniform_": lambda init, x: init.uniform_(x, -1.0, 2.0),
    "normal_": lambda init, x: init.normal_(x, 1.0, 2.0),
    "trunc_normal_": lambda init, x: init.trunc_normal_(x, std=2.0),
    "xavier_uniform_": lambda init, x: init.xavier_uniform_(x, gain=1.5),
    "xavier_normal_": lambda init, x: init.xavier_normal_(x),
    "kaiming_uniform_": lambda init, x: init.kaiming_uniform_(x, a=0.2),
    "kaiming_normal_": lambda init, x: init.kaiming_normal_(x, mode="fan_out", nonlinearity="relu"),
    "orthogonal_": lambda init, x: init.orthogonal_(x),
    "constant_": lambda init, x: init.constant_(x, 0.3),
    "zeros_": lambda init, x: init.zeros_(x),
    "ones_": lambda init, x: init.ones_(x),
}


@pytest.mark.parametrize("name", INITIALIZERS)
def test_initializers(name: str) -> None:
    if not hasattr(rushlight.nn.init, name):
        pytest.skip(f"nn.init.{name} is not built")
    results = []
    for library in (rushlight, torch):
        library.manual_seed(1)
        x = library.empty(12, 8)
        INITIALIZERS[name](library.nn.init, x)
        results.append(x.numpy())
    np.testing.assert_allclose(*results, rtol=2e-6, atol=2e-7)


@pytest.mark.parametrize("workers", [0, 2])
def test_shuffled_batches(workers: int) -> None:
    orders = []
    for library in (rushlight, torch):
        library.manual_seed(5)
        data = library.utils.data
        loader = data.DataLoader(
            data.TensorDataset(library.arange(103)), batch_size=10, shuffle=True,
            num_workers=workers,
        )  # fmt: skip
        orders.append([batch.tolist() for _ in range(2) for (batch,) in loader])
    assert orders[0] == orders[1]
