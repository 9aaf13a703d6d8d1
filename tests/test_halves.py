"""float16 and bfloat16: computed in float32, rounded once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import rushlight as torch
from rushlight import nn
from rushlight.dtype import HALVES
from rushlight.kernels import launch
from rushlight.kernels.base import Base
from rushlight.nn import functional as F

DTYPES = [torch.float16, torch.bfloat16]
halves = pytest.mark.parametrize("dtype", DTYPES, ids=str)


def table() -> Any:
    return launch.kernels[np.ndarray]


# ---- sums


def test_sums_are_those_of_float32() -> None:
    ones = torch.ones(1000000, dtype=torch.bfloat16)
    assert ones.sum() == torch.tensor(1e6).bfloat16() and ones.mean() == 1
    assert torch.ones(5000, 2).half().sum(0).tolist() == [5000, 5000]
    assert torch.ones(5000, 2).half().cumsum(0)[-1].tolist() == [5000, 5000]
    assert torch.ones(256, 256, dtype=torch.bfloat16).matmul(ones[:256]).tolist() == [256] * 256
    zeros = torch.zeros(1, dtype=torch.bfloat16)
    added = zeros.scatter_add(0, torch.zeros(1000, dtype=torch.int64), ones[:1000])
    assert added.tolist() == [1000]


def test_sums_of_float32_are_those_of_float64() -> None:
    x = torch.full((3000000,), 0.1)
    assert x.cumsum(0)[-1] == 300000
    assert Base().sum(x.array, None, False) == np.float32(300000)
    assert Base().mean(x.array, None, False) == np.float32(0.1)
    out = np.empty((), np.float32)
    assert Base().sum(x.array, None, False, out=out) is out and out == np.float32(300000)


@halves
def test_norms_whose_squares_overflow(dtype: Any) -> None:
    x = torch.tensor([300.0, 400.0], dtype=dtype)
    assert x.norm() == 500 and x.norm(3).isfinite() and x.norm().dtype is dtype
    assert torch.tensor([-300.0, 300.0], dtype=dtype).std(correction=0) == 300
    big = torch.full((1000,), 8.0, dtype=dtype)
    assert big.logsumexp(0) == torch.full((1000,), 8.0).logsumexp(0).to(dtype)


@halves
def test_clipped_gradients(dtype: Any) -> None:
    weights = [nn.Parameter(torch.zeros(2, dtype=dtype)) for _ in range(2)]
    for weight in weights:
        weight.grad = torch.tensor([300.0, 400.0], dtype=dtype)
    total = nn.utils.clip_grad_norm_(weights, 1.0)
    assert total.dtype is dtype and abs(total.item() / 707.107 - 1) < 4e-3
    assert torch.allclose(weights[0].grad.float(), torch.tensor([0.424, 0.566]), rtol=1e-2)
    nn.utils.clip_grad_value_(weights, 0.5)
    assert weights[1].grad.tolist()[1] == 0.5


# ---- kernels


def test_computing_kernels_see_no_halves(monkeypatch: Any) -> None:
    """The device's own kernel of float32 is called, and rounds once."""
    seen = []
    own = type(table()).sigmoid

    def sigmoid(*arguments: Any) -> Any:
        seen.extend(a.dtype for a in arguments if isinstance(a, np.ndarray))
        return own(*arguments)

    kernel = staticmethod(sigmoid) if type(table()) is not Base else sigmoid
    monkeypatch.setattr(type(table()), "sigmoid", kernel)
    x = np.linspace(-3, 3, 9, dtype=np.float32)
    found = Base.sigmoid(table(), x.astype(torch.bfloat16.numpy))
    if type(table()) is not Base:
        assert seen == [np.float32]
    expected = Base().sigmoid(x.astype(torch.bfloat16.numpy).astype(np.float32))
    assert found.dtype == torch.bfloat16.numpy
    np.testing.assert_array_equal(found, expected.astype(found.dtype))


@halves
def test_out(dtype: Any) -> None:
    x = np.array([1.5, 2.5, -1.0]).astype(dtype.numpy)
    for kernels in (Base(), table()):
        out = np.zeros(3, dtype.numpy)
        assert kernels.add(x, 1.0, out) is out and out.tolist() == [2.5, 3.5, 0]
        assert kernels.mul(x, x, out) is out
        assert out.tolist() == [2.25, 6.25, 1]
        flags = np.zeros(3, bool)
        assert kernels.gt(x, 0, flags) is flags and flags.tolist() == [True, True, False]
        assert kernels.sqrt(x[:2], None).dtype == dtype.numpy


@halves
def test_written_arguments_and_lists(dtype: Any) -> None:
    param, grad, buffer = (np.ones(2, dtype.numpy) for _ in range(3))
    table().sgd([param], [grad], [buffer], True, 0.5, 0.5, 0.0, 0.0, False, False)
    assert buffer.tolist() == [1.5, 1.5] and param.tolist() == [0.25, 0.25]
    step = np.zeros((), np.float32)
    averages = [grad.copy()], [grad.copy()]
    table().adam(
        [param], [grad], *averages, None, [step], 0.1, 0.9, 0.99, 1e-8, 0.0, False, False
    )
    assert step == 1 and param.dtype == dtype.numpy and param[0] < 0.25


@halves
def test_memory_order_is_kept(dtype: Any) -> None:
    x = torch.ones(2, 3, 4, 5).contiguous(memory_format=torch.channels_last).to(dtype)
    assert x.is_contiguous(memory_format=torch.channels_last)
    for y in (x + 1, x.exp(), F.relu(x), x * x):
        assert y.stride() == x.stride() and y.dtype is dtype


def test_other_types_of_two_bytes_are_left_alone() -> None:
    x = torch.tensor([1, 2], dtype=torch.int16)
    assert (x + x).dtype is torch.int16 and x.sum() == 3
    assert np.dtype(np.int16) not in HALVES


# ---- layers


def convolutional() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(4, 4, 3), nn.Tanh(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(16, 5),
    )  # fmt: skip


@pytest.mark.parametrize(
    "make",
    [
        lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, weight_decay=1e-3, nesterov=True),
        lambda p: torch.optim.Adam(p, lr=0.01, amsgrad=True, eps=1e-4),
        lambda p: torch.optim.AdamW(p, lr=0.01, eps=1e-4),
    ],
    ids=["SGD", "Adam", "AdamW"],
)
@halves
def test_training(dtype: Any, make: Callable[..., Any]) -> None:
    """A small network learns in halves as in float32."""
    losses = {}
    for kind in (torch.float32, dtype):
        torch.manual_seed(0)
        model = convolutional()
        x, labels = torch.randn(16, 1, 12, 12), torch.randint(5, (16,))
        model, x = model.to(kind), x.to(kind)
        optimizer = make(model.parameters())
        losses[kind] = []
        for _ in range(25):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), labels)
            loss.backward()
            optimizer.step()
            losses[kind].append(loss.item())
        assert loss.dtype is kind
        assert all(p.dtype is p.grad.dtype is kind for p in model.parameters())
        assert model[1].running_var.dtype is kind
    exact, found = losses[torch.float32], losses[dtype]
    assert exact[-1] < 0.7 * exact[0]
    np.testing.assert_allclose(found, exact, rtol=0.1, atol=0.1)


@halves
def test_random_numbers_and_rules(dtype: Any) -> None:
    for make in (torch.rand, torch.randn):
        x = make(1000, dtype=dtype)
        assert x.dtype is dtype and x.float().std() > 0.2
    assert torch.zeros(3, dtype=dtype).uniform_(2, 3).min() >= 2
    assert torch.zeros(3, dtype=dtype).random_().max() <= 2 / torch.finfo(dtype).eps
    assert torch.arange(0, 1, 0.25, dtype=dtype).tolist() == [0, 0.25, 0.5, 0.75]
    assert torch.linspace(0, 1, 5, dtype=dtype).tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert torch.eye(2, dtype=dtype).tolist() == [[1, 0], [0, 1]]
    order = torch.tensor([2.0, float("nan"), -1.0, 2.0], dtype=dtype).sort(descending=True)
    assert order.indices.tolist() == [1, 0, 3, 2] and order.values.dtype is dtype


def test_replays() -> None:
    def step(x: Any) -> Any:
        return (x * 3).exp().sum(0) / 1e5

    compiled = torch.compile(step)
    for seed in range(3):
        torch.manual_seed(seed)
        x = torch.rand(5, 4, dtype=torch.bfloat16)
        assert torch.equal(compiled(x), step(x))


@pytest.mark.parametrize(
    "a, b",
    [((3, 5), (5, 4)), ((2, 40, 33), (33, 40)), ((6, 100, 100), (6, 100, 100)), ((7,), (7,))],
)
def test_wide_products_are_not_rounded_to_halves(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    generator = np.random.default_rng(0)
    x, y = (generator.standard_normal(shape).astype(torch.bfloat16.numpy) for shape in (a, b))
    lying = np.ascontiguousarray(x.T).T, np.ascontiguousarray(y.T).T
    exact = np.matmul(x.astype(np.float64), y.astype(np.float64))
    for left, right in ((x, y), lying):
        found = table().wide_matmul(left, right)
        assert found.dtype == np.float32 and found.shape == exact.shape
        np.testing.assert_allclose(found, exact, 1e-5, 1e-5)
