"""Numbers that were wrong once: what PyTorch gives, kind by kind, and so does Rushlight.

The values are PyTorch 2.13's. A gradient is that of the sum of the results.
"""

from __future__ import annotations

import copy
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import rushlight as torch
from rushlight.nn import functional as F
from rushlight.optim import lr_scheduler

inf, nan = float("inf"), float("nan")


def grads(function: Any, *values: Any) -> list[Any]:
    """The gradients of the sum of a function's results, as lists."""
    inputs = [torch.tensor(value, requires_grad=True) for value in values]
    found = torch.autograd.grad(function(*inputs).sum(), inputs)
    return [gradient.tolist() for gradient in found]


GRADIENTS: dict[str, tuple[Any, Any, Any]] = {
    "binary_cross_entropy_with_logits": (
        lambda x: F.binary_cross_entropy_with_logits(
            x, torch.tensor([0.0, 1.0]), reduction="sum"),
        [[0.0, 0.0]], [[0.5, -0.5]]),
    "binary_cross_entropy": (
        lambda x: F.binary_cross_entropy(x, torch.tensor([0.0, 1.0, 1.0, 0.0]), reduction="sum"),
        [[0.0, 1.0, 0.0, 1.0]], [[0.0, 0.0, -1e12, 1e12]]),
    "maximum": (torch.maximum, [[nan, 2.0], [1.0, nan]], [[1.0, 1.0], [1.0, 1.0]]),
    "minimum": (torch.minimum, [[nan, 2.0], [1.0, nan]], [[1.0, 1.0], [1.0, 1.0]]),
    "relu": (torch.relu, [[nan, 0.0, -1.0, 2.0]], [[1.0, 0.0, 0.0, 1.0]]),
    "abs": (torch.abs, [[nan, 0.0, -0.0, -inf]], [[0.0, 0.0, 0.0, -1.0]]),
    "clamp": (
        torch.clamp, [[1.0, 2.0, 3.0], [1.0, 0.0, 4.0], [2.0, 2.0, 5.0]],
        [[1.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]]),
    "clamp below": (
        lambda x, low: torch.clamp(x, min=low), [[1.0, 1.0], [1.0, 2.0]], [[1.0, 0.0], [0.0, 1.0]]),
    "norm(0.5)": (lambda x: x.norm(0.5), [[3.0, 0.0]], [[1.0, 0.0]]),
    "norm(0.5) of zeros": (lambda x: x.norm(0.5), [[0.0, 0.0]], [[0.0, 0.0]]),
    "norm(-1)": (lambda x: x.norm(-1), [[0.0, 2.0]], [[0.0, 0.0]]),
    "norm(2)": (lambda x: x.norm(2), [[0.0, 0.0]], [[0.0, 0.0]]),
    "norm(inf)": (lambda x: x.norm(inf), [[nan, -2.0]], [[0.0, 0.0]]),
    "max": (lambda x: x.max(), [[nan, 2.0, nan]], [[0.5, 0.0, 0.5]]),
    "atan2": (torch.atan2, [[0.0, 1.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, -1.0]]),
    "var": (lambda x: x.var(), [[inf, 1.0]], [[nan, -inf]]),
    "remainder": (torch.remainder, [[7.0, 8.0], [2.0, 3.0]], [[1.0, 1.0], [-3.0, -2.0]]),
    "7 % b": (lambda b: 7 % b, [[2.0, 3.0]], [[-3.0, -2.0]]),
    "a % b": (lambda a, b: a % b, [[7.0], [2.0]], [[1.0], [-3.0]]),
    "div trunc": (
        lambda a, b: torch.div(a, b, rounding_mode="trunc"), [[7.0], [2.0]], [[0.0], [0.0]]),
    "div floor": (
        lambda a, b: torch.div(a, b, rounding_mode="floor"), [[7.0], [2.0]], [[0.0], [0.0]]),
    "addmm": (
        lambda x: torch.addmm(x, torch.ones(1, 1), torch.ones(1, 1), beta=0), [[[nan]]], [[[0.0]]]),
}  # fmt: skip


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients_at_corners(name: str) -> None:
    function, values, expected = GRADIENTS[name]
    for found, wanted in zip(grads(function, *values), expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-6)


def t(values: Any, dtype: Any = None) -> Any:
    return torch.tensor(values, dtype=dtype)


RESULTS: dict[str, tuple[Any, Any]] = {
    "div trunc of whole numbers": (
        lambda: torch.div(t([2**53 + 1, -7, 7]), t([1, 2, -2]), rounding_mode="trunc"),
        t([2**53 + 1, -3, -3])),
    "uint8.logsumexp": (lambda: t([250, 251], torch.uint8).logsumexp(0), t(251.31326)),
    "isclose of uint8": (
        lambda: torch.isclose(t([0, 5], torch.uint8), t([255, 5], torch.uint8)), t([False, True])),
    "isclose of int64": (lambda: torch.isclose(t([-(2**63)]), t([2**63 - 1])), t([False])),
    "isclose of bool": (lambda: torch.isclose(t([True]), t([False])), t([False])),
    "int64 ** 2.0": (lambda: t([1, 2]) ** 2.0, t([1.0, 4.0])),
    "2 ** int64": (lambda: 2 ** t([-1, 3]), t([0, 8])),
    "int64 ** int64": (lambda: t([2, 1, -1, -1, 0]) ** t([-1, -2, -3, -2, -1]),
                       t([0, 1, -1, 1, 0])),
    "bool ** True": (lambda: t([True, False]) ** True, t([True, False])),
    "sum(dtype=int32)": (lambda: t([1, 2]).sum(dtype=torch.int32), t(3, torch.int32)),
    "sum(dtype=uint8)": (
        lambda: t([200, 100], torch.uint8).sum(dtype=torch.uint8), t(44, torch.uint8)),
    "sum(dtype=bool)": (lambda: t([1, 2]).sum(dtype=torch.bool), t(True)),
    "arange": (lambda: torch.arange(0.5, 5, 1.5, dtype=torch.int32), t([0, 1, 2], torch.int32)),
    "arange of int64": (lambda: torch.arange(0.5, 5, 1.5, dtype=torch.int64), t([0, 1, 2, 3, 4])),
    "linspace": (lambda: torch.linspace(0.5, 5.5, 4, dtype=torch.int32),
                 t([0, 1, 3, 5], torch.int32)),
    "tensor of a tensor and an int": (lambda: torch.tensor([t(1.0), 2]), t([1.0, 2.0])),
    "tensor of an int and a tensor": (
        lambda: torch.tensor([2, t(1.0).double()]), t([2.0, 1.0], torch.float64)),
    "tensor of tensors of one element": (lambda: torch.tensor([t([1]), t([[3]])]), t([1, 3])),
    "tensor of np.float32": (lambda: torch.tensor([np.float32(1), 2.0]), t([1.0, 2.0])),
    "all of uint8": (lambda: t([1, 3], torch.uint8).all(), t(1, torch.uint8)),
    "any of uint8": (lambda: t([1, 3], torch.uint8).any(0), t(1, torch.uint8)),
    "cumsum": (lambda: torch.full((3000000,), 0.1).cumsum(0)[-1], t(300000.0)),
    "lerp": (lambda: torch.lerp(t(1e8), t(1.3), 1.0), t(1.3)),
    "var": (lambda: (torch.arange(24.0) + 1e6).var(), t(50.0)),
    "half / 0-d float64": (
        lambda: t([1.0, 2.0], torch.half) / t(1e5, torch.float64),
        t([1.00135803e-05, 2.00271606e-05], torch.half)),
    "half * 0-d": (lambda: t([1e-3], torch.half) * t(1e5), t([100.0625], torch.half)),
    "half *= 0-d": (lambda: t([1e-3], torch.half).mul_(t(1e5)), t([100.0625], torch.half)),
    "number + tensor": (lambda: torch.add(1.0, t([2.0]), alpha=2), t([5.0])),
    "number - tensor": (lambda: torch.sub(1, t([2])), t([-1])),
    "number // tensor": (lambda: torch.floor_divide(7, t([2])), t([3])),
    "number % tensor": (lambda: torch.remainder(7, t([4])), t([3])),
    "number / tensor": (lambda: torch.div(1, t([2])), t([0.5])),
    "argmax": (lambda: torch.zeros(0, 3).argmax(1), torch.empty(0, dtype=torch.int64)),
    "tensor of fractions": (
        lambda: torch.tensor([Fraction(1, 2), 2**70], dtype=torch.float32), t([0.5, 2.0**70])),
    "tensor of large numbers": (
        lambda: torch.tensor([2**53 + 1], dtype=torch.float64), t([2.0**53], torch.float64)),
    "addcmul of whole numbers": (
        lambda: torch.addcmul(t([1]), t([1]), t([1]), value=1.5), t([2])),
    "softmax": (lambda: torch.zeros(3, 0).softmax(1), torch.zeros(3, 0)),
    "log_softmax": (lambda: torch.zeros(0, 3).log_softmax(0), torch.zeros(0, 3)),
    "logsumexp": (lambda: torch.zeros(3, 0).logsumexp(1), t([-inf] * 3)),
    "chunk": (lambda: torch.stack(torch.zeros(0, 2).chunk(3)), torch.zeros(3, 0, 2)),
    "nonzero": (lambda: torch.stack(t(5).nonzero(as_tuple=True)), t([[0]])),
    "nonzero of 0": (lambda: torch.stack(t(0).nonzero(as_tuple=True)),
                     torch.empty(1, 0, dtype=torch.int64)),
    "adaptive_avg_pool2d": (
        lambda: F.adaptive_avg_pool2d(torch.ones(1, 1, 4, 4), 0), torch.zeros(1, 1, 0, 0)),
    "addmm without input": (
        lambda: torch.addmm(t([[nan]]), t([[1.0]]), t([[2.0]]), beta=0), t([[2.0]])),
    "addmm without product": (
        lambda: torch.addmm(t([[1.0]]), t([[nan]]), t([[2.0]]), alpha=0), t([[1.0]])),
    "pad": (lambda: F.pad(t([[1.0, 2.0, 3.0]]), (-1, 1)), t([[2.0, 3.0, 0.0]])),
    "pad in a circle": (
        lambda: F.pad(t([[1.0, 2.0, 3.0]]), (-1, 1), mode="circular"), t([[2.0, 3.0, 2.0]])),
    "avg_pool2d": (
        lambda: F.avg_pool2d(-torch.arange(4).reshape(1, 2, 2), 2), t([[[-1]]])),
    "mse_loss": (
        lambda: F.mse_loss(t([1.0, 2.0]), t([2.0, 4.0]), weight=t([1.0, 3.0])), t(3.25)),
    "l1_loss": (
        lambda: F.l1_loss(t([1.0, 2.0]), t([2.0, 4.0]), weight=t([1.0, 3.0])), t(1.75)),
    "batch_norm of nothing": (lambda: F.batch_norm(torch.zeros(0, 2), None, None, training=True),
                              torch.zeros(0, 2)),
}  # fmt: skip


@pytest.mark.parametrize("name", RESULTS)
def test_results(name: str) -> None:
    call, expected = RESULTS[name]
    found = call()
    assert found.dtype is expected.dtype and found.shape == expected.shape
    assert torch.allclose(found, expected, rtol=1e-6), f"{found} instead of {expected}"


ERRORS: dict[str, tuple[Any, type[Exception], str]] = {
    "div by zero": (
        lambda: torch.div(t(5), 0, rounding_mode="trunc"), RuntimeError, "ZeroDivisionError"),
    "fmod by zero": (lambda: torch.fmod(t([5]), 0), RuntimeError, "ZeroDivisionError"),
    "logaddexp": (lambda: torch.logaddexp(t([1.0]), 2.0), TypeError, "'other' .*must be Tensor"),
    "maximum": (lambda: torch.maximum(t([1.0]), 2.0), TypeError, "'other' .*must be Tensor"),
    "logical_and_": (lambda: t([1.0]).logical_and_(2.0), TypeError, "'other' .*must be Tensor"),
    "too large": (lambda: t(1) + 2**64, OverflowError, "too big"),
    "too large for a float": (lambda: t(1.0) + 2**64, OverflowError, "too big"),
    "too large a fill": (lambda: torch.full((2,), 2**64), OverflowError, "too big"),
    "argmax": (lambda: torch.zeros(3, 0).argmax(1), IndexError, "non-zero size"),
    "amax": (lambda: torch.zeros(3, 0).amax(1), IndexError, "non-zero size"),
    "pad": (lambda: F.pad(torch.ones(3), (-5, 2)), RuntimeError, "negative output size"),
    "pad to nothing": (
        lambda: F.pad(torch.ones(1, 3), (-3, 0), mode="replicate"), RuntimeError, "too small"),
    "avg_pool2d": (
        lambda: F.avg_pool2d(torch.ones(1, 2, 2).int(), 2), NotImplementedError, "int32"),
    "mse_loss": (
        lambda: F.mse_loss(torch.ones(2), torch.ones(2), weight=torch.ones(1)), ValueError,
        "same size"),
    "tensor of a pair": (lambda: torch.tensor([t([1, 2])]), TypeError, "only one element"),
    "arange": (lambda: torch.arange(3, dtype=torch.bool), NotImplementedError, "bool"),
    "arange without end": (lambda: torch.arange(inf), RuntimeError, "unsupported range"),
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name: str) -> None:
    call, kind, words = ERRORS[name]
    with pytest.raises(kind, match=words) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_batch_norm_learns_nothing_from_an_empty_batch() -> None:
    layer = torch.nn.BatchNorm2d(2)
    result = layer(torch.zeros(0, 2, 3, 3, requires_grad=True))
    result.sum().backward()
    assert result.shape == (0, 2, 3, 3) and layer.num_batches_tracked == 1
    assert layer.running_mean.tolist() == [0.0, 0.0] and layer.running_var.tolist() == [1.0, 1.0]
    assert layer.weight.grad.tolist() == [0.0, 0.0]


def test_deep_copies_share_what_the_originals_share() -> None:
    x = torch.arange(6.0).reshape(2, 3)
    whole, turned, part = copy.deepcopy([x, x.t(), x[1]])
    whole[1] = 9.0
    assert turned.tolist() == [[0.0, 9.0], [1.0, 9.0], [2.0, 9.0]] and part.tolist() == [9.0] * 3
    assert turned.stride() == (1, 3) and x[1].tolist() == [3.0, 4.0, 5.0]


@pytest.mark.parametrize("dtype", ["bfloat16", "bool", "complex64", "int8"])
def test_deep_copies_of_any_dtype(dtype: str) -> None:
    x = torch.ones(4, 3).to(getattr(torch, dtype))
    first, second = copy.deepcopy([x[1:], x[:, ::2]])
    first.zero_()
    assert second.tolist() == [[1, 1], [0, 0], [0, 0], [0, 0]] and x.tolist() == [[1] * 3] * 4


@pytest.mark.parametrize("milestones", [[0], [2]])
def test_sequential_schedule_from_the_start(milestones: list[int]) -> None:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    first = lr_scheduler.ConstantLR(optimizer, 0.1, 10)
    second = lr_scheduler.ExponentialLR(optimizer, 0.5)
    schedule = lr_scheduler.SequentialLR(optimizer, [first, second], milestones)
    rates = []
    for _ in range(4):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    assert rates == pytest.approx([1.0, 0.5, 0.25, 0.125] if milestones == [0] else
                                  [0.1, 0.1, 1.0, 0.5])


IN_PLACE = {
    "//=": lambda v: v.__ifloordiv__(2), "%=": lambda v: v.__imod__(2),
    "&=": lambda v: v.__iand__(2), "|=": lambda v: v.__ior__(2), "^=": lambda v: v.__ixor__(2),
    "**=": lambda v: v.__ipow__(2), "-=": lambda v: v.__isub__(2), "*=": lambda v: v.__imul__(2),
}  # fmt: skip


@pytest.mark.parametrize("symbol", IN_PLACE)
def test_changes_of_a_part_reach_the_whole(symbol: str) -> None:
    x = torch.arange(5)
    part = x[1:]
    changed = IN_PLACE[symbol](part)
    assert changed is part
    expected = [eval(f"{n} {symbol[:-1]} 2") for n in range(1, 5)]
    assert x.tolist() == [0, *expected]


@pytest.mark.parametrize("number", [np.float64(0.5), np.float32(0.5)])
def test_parameters_of_numpy_keep_the_dtype(number: Any) -> None:
    x = torch.tensor([-1.0, 2.0])
    for call in (
        lambda n: F.leaky_relu(x, n), lambda n: F.elu(x, n), lambda n: F.softplus(x, n),
        lambda n: F.threshold(x, n, n), lambda n: x.clamp(n), lambda n: x.lerp(x + 1, n),
        lambda n: torch.addcmul(x, x, x, value=n), lambda n: torch.addcdiv(x, x, x, value=n),
        lambda n: x.norm(n), lambda n: x + n, lambda n: x * n, lambda n: n * x,
    ):  # fmt: skip
        found = call(number)
        assert found.dtype is torch.float32 and torch.equal(found, call(0.5))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_batch_norm_in_evaluation_passes_gradients_on_at_nan(dtype: torch.dtype) -> None:
    x = t([[nan, 1.0], [2.0, 3.0], [inf, 4.0]], dtype).requires_grad_()
    y = F.batch_norm(x, t([0.5, 1.0], dtype), t([1.0, 4.0], dtype), t([2.0, 3.0], dtype), eps=0.0)
    y.backward(t([[1.0, 2.0], [0.0, 0.0], [3.0, 0.0]], dtype))
    assert x.grad.tolist() == [[2.0, 3.0], [0.0, 0.0], [6.0, 0.0]]


@pytest.mark.parametrize("divide", [
    lambda a: a // 2, lambda a: 7 // a, lambda a: torch.floor_divide(a, a),
    lambda a: (a * 1).floor_divide_(3),
])  # fmt: skip
def test_floor_divide_has_no_derivative(divide: Any) -> None:
    result = divide(t([5.0, 7.0]).requires_grad_())
    assert result.requires_grad
    message = "derivative for aten::floor_divide is not implemented"
    with pytest.raises(RuntimeError, match=message):
        result.sum().backward()
