"""One seed, one program: mixed draws, initial weights, shuffles. (Streams: test_random_parity.)"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import rushlight

Draw = Callable[[Any], Any]
DRAWS: dict[str, Draw] = {
    "rand": lambda t: t.rand(5),
    "rand, long": lambda t: t.rand(1000),
    "rand, double": lambda t: t.rand(7, dtype=t.float64),
    "randn": lambda t: t.randn(5),
    "randn, long": lambda t: t.randn(1000),
    "randn, shaped": lambda t: t.randn(3, 5, 7),
    "randperm": lambda t: t.randperm(100),
    "randint": lambda t: t.randint(-7, 5, (33,)),
    "randint, wide": lambda t: t.randint(0, 2**45, (33,)),
    "random_": lambda t: t.empty(10).random_(),
    "bernoulli": lambda t: t.bernoulli(t.full((33,), 0.3)),
    "exponential_": lambda t: t.empty(33).exponential_(2.0),
    "uniform_": lambda t: t.empty(33).uniform_(-2.0, 3.0),
    "normal_": lambda t: t.empty(33).normal_(1.0, 0.5),
    "normal": lambda t: t.normal(2.0, 3.0, (10,)),
    "normal of tensors": lambda t: t.normal(t.arange(10.0), t.ones(10)),
    "multinomial": lambda t: t.multinomial(t.arange(1.0, 50.0), 20),
    "dropout": lambda t: t.nn.functional.dropout(t.ones(100), 0.4),
    "after gradgradcheck": lambda t: after_gradgradcheck(t),
    "in place, strided": lambda t: t.zeros(8, 9)[:, ::2].uniform_(),
}


def after_gradgradcheck(t: Any) -> Any:
    """What the check of a product has drawn must be as much in both."""
    x = t.ones(3, dtype=t.float64, requires_grad=True)
    z = t.ones(3, dtype=t.complex128, requires_grad=True)
    t.autograd.gradgradcheck(t.mul, (x, z))
    return t.rand(5)


def assert_equal_bits(ours: Any, theirs: Any, name: str = "") -> None:
    a, b = ours.detach().numpy(), theirs.detach().numpy()
    assert a.dtype == b.dtype and a.shape == b.shape, name
    np.testing.assert_array_equal(a, b, name)


def test_mixed_draws() -> None:
    for library in (rushlight, torch):
        library.manual_seed(7)
    for name in np.random.default_rng(0).choice(list(DRAWS), 300):
        assert_equal_bits(DRAWS[name](rushlight), DRAWS[name](torch), name)


def test_generators() -> None:
    ours, theirs = (lib.Generator().manual_seed(9) for lib in (rushlight, torch))
    assert ours.initial_seed() == theirs.initial_seed() == 9
    assert_equal_bits(rushlight.rand(5, generator=ours), torch.rand(5, generator=theirs))
    assert_equal_bits(rushlight.randn(5, generator=ours), torch.randn(5, generator=theirs))


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
