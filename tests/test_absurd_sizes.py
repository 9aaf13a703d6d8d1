"""Sizes for which there is no memory, or no number: one line of PyTorch's type, at once."""

from __future__ import annotations

from typing import Any

import pytest

import rushlight as torch
from rushlight.errors import OutOfMemoryError

F = torch.nn.functional
LARGE, HUGE, BEYOND = 2**45, 2**62, 2**70  # too many bytes, too many for addresses, no int64


def many() -> Any:
    """A tensor of many elements in the memory of one."""
    return torch.ones(1).expand(LARGE)


def image() -> Any:
    return torch.ones(1, 1, 4, 4)


WITHOUT_MEMORY = {
    "zeros": lambda: torch.zeros(LARGE),
    "ones": lambda: torch.ones(LARGE),
    "empty": lambda: torch.empty(LARGE),
    "full": lambda: torch.full((LARGE,), True),
    "Tensor": lambda: torch.Tensor(LARGE),
    "new_zeros": lambda: torch.ones(1).new_zeros(LARGE),
    "rand": lambda: torch.rand(LARGE),
    "randn": lambda: torch.randn(LARGE),
    "randint": lambda: torch.randint(0, 5, (LARGE,)),
    "randperm": lambda: torch.randperm(LARGE),
    "arange": lambda: torch.arange(1e18),
    "linspace": lambda: torch.linspace(0, 1, LARGE),
    "zeros_like": lambda: torch.zeros_like(many()),
    "empty_like": lambda: torch.empty_like(many()),
    "repeat": lambda: torch.ones(3).repeat(2**40),
    "clone": lambda: many().clone(),
    "contiguous": lambda: many().contiguous(),
    "to": lambda: many().double(),
    "add": lambda: many() + 1,
    "add_": lambda: torch.ones(1).add(many()),
    "eq": lambda: many() == 1,
    "exp": lambda: many().exp(),
    "relu": lambda: many().relu(),
    "where": lambda: torch.where(many() > 0, 1, 2),
    "cumsum": lambda: many().cumsum(0),
    "sort": lambda: many().sort(),
    "flip": lambda: many().flip(0),
    "cat": lambda: torch.cat([many(), many()]),
    "stack": lambda: torch.stack([many(), many()]),
    "one_hot": lambda: F.one_hot(torch.tensor([0]), LARGE),
    "dropout": lambda: F.dropout(many()),
    "mse_loss": lambda: F.mse_loss(many(), many(), reduction="none"),
    "linear": lambda: F.linear(many().unsqueeze(1), torch.ones(1, 1)),
    "pad": lambda: F.pad(torch.ones(3), (2**40, 2**40)),
    "pad, replicate": lambda: F.pad(torch.ones(1, 3), (2**40, 0), mode="replicate"),
    "conv2d": lambda: F.conv2d(image(), torch.ones(1, 1, 2, 2), padding=2**24),
    "conv1d": lambda: F.conv1d(torch.ones(1, 1, 4), torch.ones(1, 1, 2), padding=LARGE),
    "adaptive_avg_pool2d": lambda: F.adaptive_avg_pool2d(image(), 2**21),
    "Conv2d": lambda: torch.nn.Conv2d(LARGE, 1, 1),
}

WITHOUT_ADDRESSES = {
    "zeros": lambda: torch.zeros(HUGE),
    "zeros, product": lambda: torch.zeros(2**31, 2**31, 4),
    "zeros, product that wraps": lambda: torch.zeros(2**32 + 1, 2**32 + 1),
    "empty": lambda: torch.empty(HUGE),
    "Tensor": lambda: torch.Tensor(HUGE),
    "rand": lambda: torch.rand(HUGE),
    "full": lambda: torch.full((HUGE,), 1),
    "arange": lambda: torch.arange(HUGE),
    "arange beyond": lambda: torch.arange(1e40),
    "arange, whole": lambda: torch.arange(-(2**63), 2**63 - 1),
    "arange to infinity": lambda: torch.arange(float("inf")),
    "arange to nan": lambda: torch.arange(float("nan")),
    "linspace": lambda: torch.linspace(0, 1, HUGE),
    "eye": lambda: torch.eye(2**40),
    "repeat": lambda: torch.ones(3).repeat(HUGE),
    "add": lambda: torch.ones(1, 1).expand(2**32, 1) + torch.ones(1, 1).expand(1, 2**32),
    "expand": lambda: torch.ones(1).expand(HUGE) + 1,
    "half": lambda: torch.ones(1).expand(2**60).half().exp(),
    "matmul": lambda: torch.ones(1, 1).expand(2**40, 1) @ torch.ones(1, 1).expand(1, 2**40),
    "reshape": lambda: torch.ones(3).reshape(2**32, 2**32),
    "pad": lambda: F.pad(torch.ones(3), (HUGE, 0)),
    "pad, sum that wraps": lambda: F.pad(torch.ones(3), (2**63 - 1, 2**63 - 1)),
    "pad on both sides": lambda: F.pad(torch.ones(3), (2**61, 2**61)),
    "pad, reflect": lambda: F.pad(torch.ones(1, 3), (HUGE, 0), mode="reflect"),
    "max_pool2d": lambda: F.max_pool2d(image(), 2**40),
    "max_pool2d, dilated": lambda: F.max_pool2d(image(), 2, dilation=HUGE),
    "conv2d": lambda: F.conv2d(image(), torch.ones(1, 1, 2, 2), padding=2**61),
    "conv2d, dilated": lambda: F.conv2d(image(), torch.ones(1, 1, 2, 2), dilation=HUGE),
    "conv2d, float64": lambda: F.conv2d(
        image().double(), torch.ones(1, 1, 2, 2).double(), padding=2**40
    ),
    "adaptive_avg_pool2d": lambda: F.adaptive_avg_pool2d(image(), 2**40),
    "Linear": lambda: torch.nn.Linear(2**40, 2**40),
    "narrow": lambda: torch.ones(3).narrow(0, 0, HUGE),
    "topk": lambda: torch.ones(3).topk(HUGE),
}

NEGATIVE = {
    "empty": lambda: torch.empty(-1),
    "zeros": lambda: torch.zeros(2, -1),
    "Tensor": lambda: torch.Tensor(-1),
    "full": lambda: torch.full((-1,), 1),
    "rand": lambda: torch.rand(-1),
    "randperm": lambda: torch.randperm(-1),
    "eye": lambda: torch.eye(-1),
    "linspace": lambda: torch.linspace(0, 1, -1),
    "new_empty": lambda: torch.ones(1).new_empty(-1),
    "repeat": lambda: torch.ones(3).repeat(-1),
    "expand": lambda: torch.ones(1).expand(-2),
    "view": lambda: torch.ones(3).view(-2),
    "pad": lambda: F.pad(torch.ones(3), (-HUGE, 0)),
    "split": lambda: torch.ones(3).split(-1),
    "chunk": lambda: torch.ones(3).chunk(0),
    "topk": lambda: torch.ones(3).topk(-1),
    "max_pool2d": lambda: F.max_pool2d(image(), -1),
    "max_pool2d, stride": lambda: F.max_pool2d(image(), 2, -1),
    "max_pool2d, padding": lambda: F.max_pool2d(image(), 2, 1, -1),
    "conv2d": lambda: F.conv2d(image(), torch.ones(1, 1, 2, 2), padding=-1),
    "conv2d, stride": lambda: F.conv2d(image(), torch.ones(1, 1, 2, 2), stride=-1),
    "Linear": lambda: torch.nn.Linear(-1, 2),
}


def no_int64(function: Any, kind: type[Exception], *arguments: Any, **named: Any) -> Any:
    return pytest.param(lambda: function(*arguments, **named), kind, id=function.__name__)


log_p, labels = torch.zeros(2, 3), torch.tensor([0, 1])
WITHOUT_NUMBERS = [
    no_int64(torch.zeros, TypeError, BEYOND),
    no_int64(torch.empty, TypeError, BEYOND),
    no_int64(torch.rand, TypeError, BEYOND),
    no_int64(torch.ones, TypeError, 2**63),
    no_int64(torch.tril, ValueError, torch.ones(2, 2), BEYOND),
    no_int64(F.nll_loss, ValueError, log_p, labels, ignore_index=BEYOND),
    no_int64(F.nll_loss, ValueError, log_p, labels, ignore_index=-BEYOND),
    no_int64(F.cross_entropy, ValueError, log_p, labels, ignore_index=BEYOND),
    no_int64(F.max_pool2d, ValueError, image(), 2**63),
    no_int64(F.avg_pool2d, ValueError, image(), 2, BEYOND),
    no_int64(F.conv2d, ValueError, image(), torch.ones(1, 1, 2, 2), padding=BEYOND),
    no_int64(F.adaptive_avg_pool2d, ValueError, image(), BEYOND),
]


def parametrized(cases: dict[str, Any]) -> Any:
    return pytest.mark.parametrize("call", [pytest.param(c, id=n) for n, c in cases.items()])


@parametrized(WITHOUT_MEMORY)
def test_without_memory(call: Any) -> None:
    with pytest.raises(RuntimeError, match=r"can't allocate memory for .*allocate \d") as error:
        call()
    assert type(error.value) is OutOfMemoryError and isinstance(error.value, MemoryError)
    assert "\n" not in str(error.value)


@parametrized(WITHOUT_ADDRESSES | NEGATIVE)
def test_without_addresses(call: Any) -> None:
    with pytest.raises(RuntimeError) as error:
        call()
    text = str(error.value)
    assert len(text) > 20 and "\n" not in text and "arr." not in text and "NumPy" not in text


@pytest.mark.parametrize("call, kind", WITHOUT_NUMBERS)
def test_beyond_int64(call: Any, kind: type[Exception]) -> None:
    with pytest.raises(kind, match="Overflow when unpacking long long"):
        call()


def test_labels_may_be_ignored_by_any_int64() -> None:
    assert F.nll_loss(log_p, labels, ignore_index=HUGE).item() == 0
