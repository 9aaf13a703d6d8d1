"""Sizes for which there is no memory, or no number: one line of PyTorch's type, at once."""

from __future__ import annotations

import copy
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


def places() -> Any:
    """Many indices in the memory of one."""
    return torch.zeros(1, dtype=torch.int64).expand(LARGE)


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
    "softmax": lambda: many().softmax(0),
    "softmax, halves": lambda: many().bfloat16().softmax(0),
    "log_softmax": lambda: many().log_softmax(0),
    "logcumsumexp": lambda: many().logcumsumexp(0),
    "batch_norm": lambda: F.batch_norm(many().view(1, 1, LARGE), None, None, training=True),
    "batch_norm, evaluating": lambda: F.batch_norm(
        many().unsqueeze(1), torch.zeros(1), torch.ones(1)
    ),
    "gather": lambda: torch.ones(3).gather(0, places()),
    "index_select": lambda: torch.ones(3).index_select(0, places()),
    "index": lambda: torch.ones(3)[places()],
    "sum": lambda: many().unsqueeze(1).sum(1),
    "var": lambda: many().unsqueeze(1).var(1),
    "norm": lambda: many().unsqueeze(1).norm(dim=1),
    "max": lambda: many().unsqueeze(1).max(1),
    "argmax": lambda: many().unsqueeze(1).argmax(1),
    "scatter_add": lambda: many().scatter_add(0, torch.tensor([0]), torch.ones(1)),
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


VAST = 2**64  # no number of 64 bits
numbers, whole, bytes_ = torch.ones(2), torch.ones(2).long(), torch.ones(2, dtype=torch.uint8)
halves, mask = torch.ones(2).half(), torch.tensor([True, False])
BEYOND_NUMBERS = {
    "arange": lambda: torch.arange(BEYOND),
    "arange, floats": lambda: torch.arange(BEYOND, dtype=torch.float32),
    "arange, negative": lambda: torch.arange(-BEYOND),
    "arange, step": lambda: torch.arange(0, 5, BEYOND),
    "linspace": lambda: torch.linspace(0, VAST, 3),
    "clamp": lambda: numbers.clamp(max=VAST),
    "clamp, whole": lambda: whole.clamp(min=-VAST),
    "where": lambda: torch.where(mask, numbers, VAST),
    "where, numbers": lambda: torch.where(mask, VAST, 1.0),
    "leaky_relu": lambda: F.leaky_relu(numbers, VAST),
    "elu": lambda: F.elu(numbers, VAST),
    "softplus": lambda: F.softplus(numbers, VAST),
    "threshold": lambda: F.threshold(numbers, VAST, 0),
    "norm": lambda: numbers.norm(VAST),
    "lerp": lambda: numbers.lerp(numbers, VAST),
    "addcmul": lambda: torch.addcmul(numbers, numbers, numbers, value=VAST),
    "pow": lambda: torch.pow(VAST, numbers),
    "rpow": lambda: VAST**numbers,
    "rsub": lambda: VAST - numbers,
    "rdiv": lambda: VAST / numbers,
    "add": lambda: numbers + VAST,
    "full": lambda: torch.full((2,), VAST),
}
BEYOND_DTYPE = {
    "arange": lambda: torch.arange(2**63),
    "arange, start": lambda: torch.arange(2**63, 2**63 + 2),
    "linspace": lambda: torch.linspace(0, 2**40, 3, dtype=torch.int32),
    "linspace, halves": lambda: torch.linspace(0, 1e9, 3, dtype=torch.float16),
    "clamp": lambda: numbers.clamp(max=1e300),
    "clamp, halves": lambda: halves.clamp(70000),
    "clamp, whole": lambda: whole.clamp(max=2**63),
    "clamp, bytes": lambda: bytes_.clamp(max=300),
    "clamp_, bytes": lambda: bytes_.clone().clamp_(min=-256),
    "where": lambda: torch.where(mask, numbers, 1e300),
    "where, whole": lambda: torch.where(mask, whole, 2**63),
    "where, bytes": lambda: torch.where(mask, bytes_, 300),
    "threshold": lambda: F.threshold(halves, 1, 1e9),
    "threshold, bytes": lambda: F.threshold(bytes_, 1, 300),
    "addcmul, bytes": lambda: torch.addcmul(bytes_, bytes_, bytes_, value=300),
    "max_pool2d": lambda: F.max_pool2d(image(), 2**31),
    "max_pool2d, stride": lambda: F.max_pool2d(image(), 2, 2**31),
    "max_pool2d, dilation": lambda: F.max_pool2d(image(), 1, 1, 0, 2**31),
    "avg_pool2d, padding": lambda: F.avg_pool2d(image(), 2**32, 1, 2**31),
}


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


@parametrized(BEYOND_NUMBERS)
def test_numbers_beyond_64_bits(call: Any) -> None:
    with pytest.raises(OverflowError, match="int too big to convert|negative int to unsigned"):
        call()


@parametrized(BEYOND_DTYPE)
def test_numbers_beyond_a_dtype(call: Any) -> None:
    with pytest.raises(RuntimeError, match="cannot be converted to type .* without overflow"):
        call()


def test_numbers_at_the_end_of_a_dtype() -> None:
    assert bytes_.clamp(min=-1).tolist() == [255, 255]  # unsigned numbers wrap down to there
    assert halves.clamp(max=float("inf")).tolist() == [1, 1]
    assert numbers.clamp(max=2**63).tolist() == [1, 1]
    assert torch.where(mask, halves, 1e9).tolist() == [1, float("inf")]
    assert torch.where(mask, bytes_, -1).tolist() == [1, 255]
    assert torch.arange(2**63 - 3, 2**63 - 1).tolist() == [2**63 - 3, 2**63 - 2]


def test_a_summary_of_many_elements_is_printed() -> None:
    assert repr(many()) == "tensor([1., 1., 1.,  ..., 1., 1., 1.])"


def test_many_elements_are_copied_as_the_memory_that_they_have() -> None:
    assert copy.deepcopy(many()).stride() == (0,)
