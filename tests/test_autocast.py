"""Autocast: what is cast and when, its settings, gradients, records; custom functions."""

from __future__ import annotations

import threading
import warnings
from typing import Any

import pytest

import rushlight as torch
from rushlight import nn
from rushlight.autocast_state import casts
from rushlight.nn import functional as F
from rushlight.utils.checkpoint import checkpoint

bf16, f32 = torch.bfloat16, torch.float32


def test_policies() -> None:
    a, b = torch.ones(2, 2), torch.ones(2, 2, dtype=bf16)
    with torch.autocast("cpu", dtype=bf16):
        assert (a @ a).dtype is bf16
        assert F.mse_loss(b, b).dtype is f32
        assert torch.cat([a, b]).dtype is f32
        assert torch.cat([b, b]).dtype is bf16
        assert (a + a).dtype is f32
        assert torch.mv(a, a[0]).dtype is f32
        assert (a.double() @ a.double()).dtype is torch.float64
        with torch.autocast("cpu", enabled=False):
            assert (a @ a).dtype is f32
        assert (a @ a).dtype is bf16
    assert (a @ a).dtype is f32
    assert casts == []
    with pytest.raises(RuntimeError, match=r"float16 and torch\.bfloat16 have no common dtype"):
        with torch.autocast("cpu"):
            torch.cat([a.half(), b])


def test_what_is_written_to_keeps_its_dtype() -> None:
    a, out = torch.full((2, 2), 1.001), torch.empty(2, 2)
    with torch.autocast("cpu"):
        torch.mm(a, a, out=out)
        changed = torch.zeros(2, 2).addmm_(a, a)
    assert out.equal(a @ a)
    assert changed.equal(out)


def test_values_are_rounded_once() -> None:
    torch.manual_seed(0)
    x, w = torch.randn(16, 32), torch.randn(8, 32)
    with torch.autocast("cpu"):
        y = F.linear(x, w)
    exact = x.bfloat16().double() @ w.bfloat16().double().t()
    assert y.equal(exact.bfloat16())


def test_gradients_come_in_the_parameters_dtype() -> None:
    net = nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.Flatten(), nn.Linear(8, 3)
    )
    with torch.autocast("cpu"):
        y = net(torch.randn(2, 1, 4, 4))
        loss = F.cross_entropy(y, torch.tensor([0, 1]))
    assert (y.dtype, loss.dtype) == (bf16, f32)
    loss.backward()
    assert all(p.grad.dtype is f32 and p.grad.abs().sum() > 0 for p in net.parameters())


def test_backward_follows_its_forward() -> None:
    w = torch.ones(2, 2, requires_grad=True)
    y = (w @ w).sum()
    with torch.autocast("cpu"):
        y.backward()
    assert w.grad is not None and w.grad.dtype is f32


class Counted(nn.Module):
    """Uses one weight twice."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(2, 2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.linear(F.linear(x, self.weight), self.weight)


def casts_in(graph: Any) -> int:
    """How many casts of the weight a graph has."""
    seen, waiting, found = set(), [graph], 0
    while waiting:
        node = waiting.pop()
        if node is None or id(node) in seen:
            continue
        seen.add(id(node))
        below = [n for n, _ in node.next_functions if n is not None]
        is_cast = type(node).__name__ == "ToCopyBackward0"
        found += is_cast and any(hasattr(n, "variable") for n in below)
        waiting += below
    return found


@pytest.mark.parametrize(("cached", "count"), [(True, 1), (False, 2)])
def test_parameters_are_cast_once(cached: bool, count: int) -> None:
    net = Counted()
    with torch.autocast("cpu", cache_enabled=cached):
        y = net(torch.ones(1, 2))
        assert torch.is_autocast_cache_enabled() is cached
    assert casts_in(y.grad_fn) == count
    y.sum().backward()
    assert net.weight.grad is not None


def test_the_cache_ends_with_the_outermost_context() -> None:
    net = Counted()
    with torch.autocast("cpu"):
        assert float(net(torch.ones(1, 2))[0, 0].detach()) == 4
    with torch.no_grad():
        net.weight.fill_(2.0)
    with torch.autocast("cpu"):
        assert float(net(torch.ones(1, 2))[0, 0].detach()) == 16


def test_what_was_cast_without_gradients_is_not_used_with_them() -> None:
    net = Counted()
    with torch.autocast("cpu"):
        with torch.no_grad():
            net(torch.ones(1, 2))
        net(torch.ones(1, 2)).sum().backward()
    assert net.weight.grad is not None


def test_settings() -> None:
    assert not torch.is_autocast_enabled("cpu")
    assert torch.get_autocast_dtype("cpu") is bf16
    assert torch.get_autocast_dtype("cuda") is torch.float16
    with torch.autocast("cpu", dtype=torch.float16):
        assert torch.is_autocast_enabled("cpu") and torch.is_autocast_cpu_enabled()
        assert torch.get_autocast_cpu_dtype() is torch.float16
    torch.set_autocast_enabled("cpu", True)
    try:
        assert (torch.ones(1, 1) @ torch.ones(1, 1)).dtype is bf16
    finally:
        torch.set_autocast_enabled("cpu", False)
        torch.clear_autocast_cache()
    assert torch.get_autocast_dtype("cpu") is bf16 and casts == []


def test_threads_have_their_own() -> None:
    found = []
    with torch.autocast("cpu"):
        thread = threading.Thread(
            target=lambda: found.append((torch.ones(1, 1) @ torch.ones(1, 1)).dtype)
        )
        thread.start()
        thread.join()
    assert found == [f32]


def test_decorator_and_recursion() -> None:
    @torch.autocast("cpu")
    def power(x: torch.Tensor, n: int) -> torch.Tensor:
        return x if n == 0 else power(x @ x, n - 1)

    assert power(torch.ones(1, 1), 2).dtype is bf16
    assert casts == []


def test_mistakes() -> None:
    with pytest.raises(ValueError, match="device_type must be a str"):
        torch.autocast(1)  # type: ignore[arg-type]
    with pytest.raises(
        RuntimeError, match="unsupported autocast device_type 'tpu'"
    ):
        torch.autocast("tpu")
    with pytest.raises(TypeError, match="requires a callable"):
        torch.autocast("cpu")(3)  # type: ignore[type-var]
    with pytest.warns(UserWarning, match=r"torch\.float32 is not supported"):
        context = torch.autocast("cpu", dtype=f32)
    with context:
        assert (torch.ones(1, 1) @ torch.ones(1, 1)).dtype is f32


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu() -> None:
    with pytest.warns(UserWarning, match="there is no CUDA device"):
        context = torch.cuda.amp.autocast()
    with context:
        assert (torch.ones(1, 1) @ torch.ones(1, 1)).dtype is f32


def test_an_error_leaves_nothing_on() -> None:
    with pytest.raises(RuntimeError):
        with torch.autocast("cpu"):
            torch.ones(2, 3) @ torch.ones(2, 3)
    assert casts == [] and not torch.is_autocast_enabled("cpu")


@pytest.mark.parametrize("reentrant", [True, False])
def test_checkpoints_compute_again_as_they_did(reentrant: bool) -> None:
    net, x = nn.Linear(2, 2), torch.ones(1, 2, requires_grad=True)
    seen = []

    def part(x: torch.Tensor) -> torch.Tensor:
        y = net(x)
        seen.append(y.dtype)
        return y.float().sin()

    with torch.autocast("cpu"):
        y = checkpoint(part, x, use_reentrant=reentrant)
    y.sum().backward()
    assert seen == [bf16, bf16] and net.weight.grad is not None
    assert casts == []


def test_records() -> None:
    net = nn.Linear(3, 2)
    compiled = torch.compile(net)
    inputs = [torch.randn(4, 3) for _ in range(6)]
    for x in inputs:
        with torch.autocast("cpu"):
            assert compiled(x).equal(net(x))
        assert compiled(x).equal(net(x))
        with torch.no_grad():
            net.weight.mul_(1.5)

    @torch.compile
    def step(x: torch.Tensor) -> torch.Tensor:
        with torch.autocast("cpu"):
            return net(x)

    for x in inputs:
        result = step(x)
        assert result.dtype is bf16
        with torch.autocast("cpu"):
            assert result.equal(net(x))
        with torch.no_grad():
            net.weight.mul_(1.5)


class Doubled(torch.autograd.Function):
    seen: list[Any] = []

    @staticmethod
    @torch.amp.custom_fwd(device_type="cpu")
    def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
        return x @ torch.eye(2) * 2

    @staticmethod
    @torch.amp.custom_bwd(device_type="cpu")
    def backward(ctx: Any, grad: torch.Tensor) -> torch.Tensor:
        Doubled.seen.append(torch.is_autocast_enabled("cpu"))
        return grad * 2


def test_custom_functions() -> None:
    x = torch.ones(2, 2, requires_grad=True)
    with torch.autocast("cpu"):
        y = Doubled.apply(x)
    assert y.dtype is bf16
    y.sum().backward()
    Doubled.apply(x).sum().backward()
    assert Doubled.seen == [True, False]


def test_nothing_is_cast_off() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with torch.autocast("cpu", enabled=False):
            assert casts == []
            assert (torch.ones(1, 1) @ torch.ones(1, 1)).dtype is f32
