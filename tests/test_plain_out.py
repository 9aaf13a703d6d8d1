"""The short way of entries with an `out`: it is taken from the second call on, and then answers as
the long one does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import rushlight as torch
from rushlight import Tensor
from rushlight.overrides import TorchFunctionMode

Call = Callable[..., Any]


def running_sum(x: Any, out: Any) -> Any:
    return torch.cumsum(x, 1, out=out)


CALLS: list[Call] = [
    lambda x, out: torch.add(x, x, out=out), lambda x, out: torch.mul(x, 2.0, out=out),
    lambda x, out: torch.sub(x, x[0], alpha=3, out=out), lambda x, out: torch.exp(x, out=out),
    lambda x, out: torch.clamp(x, -1, 1, out=out), running_sum,
    lambda x, out: torch.where(x > 0, x, 0.0, out=out), lambda x, out: torch.flip(x, [0])
    if out is None else torch.stack(list(x), out=out),
    lambda x, out: torch.cat([x[:1], x[1:]], out=out),
    lambda x, out: torch.gather(x, 1, torch.arange(3).expand(2, 3), out=out),
]  # fmt: skip


@pytest.fixture(autouse=True)
def warm() -> None:
    """The short ways are there."""
    for call in CALLS:
        for _ in range(2):
            call(torch.ones(2, 3), torch.empty(2, 3))
    for _ in range(2):
        torch.sum(torch.ones(2, 3), 1, out=torch.empty(2))
        torch.randn(3, out=torch.empty(3))
        torch.zeros(3, out=torch.empty(3))
        torch.max(torch.ones(2, 3), 1, out=(torch.empty(2), torch.empty(2, dtype=torch.int64)))


@pytest.mark.parametrize("call", CALLS)
def test_values_and_versions(call: Call) -> None:
    x = torch.tensor([[1.0, -2.0, 3.0], [0.5, 1.5, -0.5]])
    expected = call(x, torch.full((0,), 0.0)).tolist()
    nine = torch.full((2, 6), 9.0)
    for out in (nine[:, :3].clone(), nine.view(6, 2)[:3].t(), nine[:, ::2]):
        version = out._version
        assert call(x, out) is out
        assert out.tolist() == expected and out._version > version


@pytest.mark.parametrize("call", CALLS)
def test_parameters(call: Call) -> None:
    """Those are plain where nothing is recorded, as arguments and as what is written to."""
    x = torch.tensor([[1.0, -2.0, 3.0], [0.5, 1.5, -0.5]])
    expected = call(x, torch.full((0,), 0.0)).tolist()
    parameter, out, into = torch.nn.Parameter(x), torch.zeros(2, 3), torch.nn.Parameter(x.clone())
    for _ in range(2):
        version = into._version
        with torch.no_grad():
            assert call(parameter, out) is out and call(parameter, into) is into
        assert out.tolist() == into.tolist() == expected and into._version > version
        assert type(into) is torch.nn.Parameter and into.requires_grad and into.is_leaf
        for arguments in ((parameter, torch.zeros(2, 3)), (x, into)):
            with pytest.raises(RuntimeError, match="don't support automatic differentiation"):
                call(*arguments)


@pytest.mark.parametrize("call", CALLS)
def test_what_is_asked(call: Call) -> None:
    """Gradients, dtypes, modes, subclasses, memory that cannot be written."""
    x, out = torch.ones(2, 3), torch.empty(2, 3)
    with pytest.raises(RuntimeError, match="don't support automatic differentiation"):
        call(x.clone().requires_grad_(), out)
    with torch.no_grad():
        assert call(x.clone().requires_grad_(), out) is out
    whole = torch.empty(2, 3, dtype=torch.int64)
    if call is running_sum:  # which is made in the dtype of `out`
        assert call(x, whole).tolist() == [[1, 2, 3]] * 2
    else:
        with pytest.raises(RuntimeError, match="can't be cast|Expected out tensor to have dtype"):
            call(x, whole)
    with pytest.warns(UserWarning, match="was resized"):
        call(x, torch.zeros(5))
    frozen = np.zeros((2, 3), np.float32)
    frozen.flags.writeable = False
    with pytest.raises(RuntimeError, match="read-only"):
        call(x, torch.from_numpy(frozen))
    with pytest.raises(RuntimeError, match="single memory location"):
        call(x, torch.zeros(1, 3).expand(2, 3))

    seen: list[Any] = []

    class Mode(TorchFunctionMode):
        def __torch_function__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            seen.append(func)
            return func(*args, **(kwargs or {}))

    with Mode():
        call(x, out)
    assert seen

    class Asked(Tensor):
        @classmethod
        def __torch_function__(
            cls, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            return "asked"

    assert call(x, out.as_subclass(Asked)) == "asked"


def test_other_names_and_several_results() -> None:
    x, out = torch.tensor([[1.0, 5.0], [4.0, 2.0]]), torch.empty(2)
    assert torch.sum(x, axis=0, out=out).tolist() == [5.0, 7.0]
    places = torch.empty(2, dtype=torch.int64)
    result = torch.max(x, 1, out=(out, places))
    assert result.values is out and result.indices is places
    assert out.tolist() == [5.0, 4.0] and places.tolist() == [1, 0]
    whole = torch.empty(3, dtype=torch.int64)
    assert torch.zeros(3, out=whole) is whole and whole.tolist() == [0, 0, 0]


def test_numbers_are_drawn_once() -> None:
    """Also where the result turns out not to fit."""
    torch.manual_seed(0)
    expected = torch.randn(6).tolist()
    torch.manual_seed(0)
    first = torch.randn(3, out=torch.empty(0)).tolist()
    assert first + torch.randn(3, out=torch.empty(3)).tolist() == expected


def test_arguments_that_share_the_memory() -> None:
    x = torch.arange(6.0).reshape(2, 3)
    with pytest.raises(RuntimeError, match="given an out that shares memory"):
        torch.cat([x[:1], x[1:]], out=x)
    assert torch.cumsum(x, 1, out=x).tolist() == [[0.0, 1.0, 3.0], [3.0, 7.0, 12.0]]


def test_changes_in_place_by_functions() -> None:
    x = torch.arange(6.0)
    with pytest.raises(RuntimeError, match="single memory location"):
        x[1:].addcmul_(x[:-1], x[:-1])
    with pytest.raises(RuntimeError, match="leaf Variable that requires grad"):
        x.clone().requires_grad_().clamp_(0, 1)
    y = x.clone().requires_grad_() * 1
    y.clamp_(1, 3)
    y.sum().backward()
    assert type(y.grad_fn).__name__ == "ClampBackward0"
    view, version = x[::2], x._version
    assert view.clamp_(1, 3) is view and x._version > version
    assert x.tolist() == [1.0, 1.0, 2.0, 3.0, 3.0, 5.0]
