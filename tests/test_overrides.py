"""Calls that somebody else answers, and arguments that are no tensors."""

from __future__ import annotations

import inspect
import threading
from typing import Any

import pytest

import rushlight as torch
from rushlight.ops.declare import places
from rushlight.overrides import TorchFunctionMode


def functions_of_tensors() -> list[tuple[str, Any]]:
    """Every declared function whose first argument must be a tensor."""
    found = []
    for place, names in places.items():
        for name, function in names.items():
            if place == "Tensor" or not callable(function):
                continue
            first = next(iter(inspect.signature(function).parameters.values()))
            if first.annotation == "Tensor" and first.kind is first.POSITIONAL_OR_KEYWORD:
                found.append((f"{place}.{name}", function))
    return found


FUNCTIONS = functions_of_tensors()


def required_names(function: Any) -> dict[str, Any]:
    """The arguments by name that a call cannot do without."""
    found = inspect.signature(function).parameters.values()
    return {p.name: 1 for p in found if p.kind is p.KEYWORD_ONLY and p.default is p.empty}


def required(function: Any, first: Any) -> list[Any]:
    """The arguments that a call cannot do without."""
    parameters = list(inspect.signature(function).parameters.values())[1:]
    needed = [p for p in parameters if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD]
    return [first, *(torch.ones(2) if "Tensor" in str(p.annotation) else 0 for p in needed)]


@pytest.mark.any_kernels
@pytest.mark.parametrize("name, function", FUNCTIONS, ids=[name for name, _ in FUNCTIONS])
def test_a_list_is_no_tensor(name: str, function: Any) -> None:
    parameter = next(iter(inspect.signature(function).parameters))
    message = rf"{function.__name__}\(\): argument '{parameter}' .*must be Tensor, not list"
    with pytest.raises(TypeError, match=message):
        function(*required(function, [1.0, 2.0]), **required_names(function))


class Quantity:
    """Has an answer of its own to every function."""

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return func, types, args, kwargs


@pytest.mark.any_kernels
@pytest.mark.parametrize("name, function", FUNCTIONS, ids=[name for name, _ in FUNCTIONS])
def test_an_argument_answers(name: str, function: Any) -> None:
    given = Quantity()
    names = required_names(function)
    func, types, args, kwargs = function(*required(function, given), **names)
    assert func is function and types == (Quantity,) and args[0] is given and kwargs == names


def test_answers_in_lists_and_keywords_count() -> None:
    given = Quantity()
    func, _, args, kwargs = torch.cat([torch.ones(2), given], dim=1)
    assert func is torch.cat and args[0][1] is given and args[1] == 1
    assert torch.add(torch.ones(2), given, alpha=2)[3] == {"alpha": 2}
    assert torch.ones(2) + given is not NotImplemented


def test_not_implemented_is_an_error() -> None:
    class Silent:
        @classmethod
        def __torch_function__(cls, *args: Any) -> Any:
            return NotImplemented

    with pytest.raises(TypeError, match="no implementation found for .*exp"):
        torch.exp(Silent())


class Log(TorchFunctionMode):
    def __init__(self) -> None:
        self.names: list[str] = []

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.names.append(func.__name__)
        return func(*args, **(kwargs or {}))


def test_modes_see_calls() -> None:
    x = torch.ones(2, 2)
    with Log() as log:
        y = torch.exp(x) + x.sum(dim=0)
        y.clamp_(min=0.5)
        torch.zeros(2)
        x @ y
    assert log.names == ["exp", "sum", "add", "clamp_", "zeros", "matmul"]
    torch.exp(x)
    assert len(log.names) == 6


def test_modes_nest_and_are_of_one_thread() -> None:
    with Log() as outer, Log() as inner:
        thread = threading.Thread(target=lambda: torch.exp(torch.ones(2)))
        thread.start()
        thread.join()
        torch.sin(torch.cos(torch.zeros(2)))
    assert inner.names == ["zeros", "cos", "sin"] == outer.names


def test_modes_record_gradients_too() -> None:
    x = torch.ones(2, requires_grad=True)
    with Log():
        (x * 3).sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]


def test_numpys_names_of_arguments() -> None:
    x = torch.arange(6.0).reshape(2, 3)
    assert torch.sum(x, axis=1).tolist() == [3.0, 12.0]
    assert x.mean(axis=0, keepdims=True).shape == (1, 3)
    assert torch.max(x, axis=0).indices.tolist() == [1, 1, 1]
    assert torch.cumsum(x, axis=1).tolist() == [[0.0, 1.0, 3.0], [3.0, 7.0, 12.0]]
    with pytest.raises(TypeError, match='missing 1 required positional argument: "dim"'):
        torch.cumsum(x)
    assert "axis" not in inspect.signature(torch.sum).parameters


def test_signatures_and_help() -> None:
    assert str(inspect.signature(torch.exp)) == (
        "(input: 'Tensor', *, out: 'Tensor | None' = None) -> 'Tensor'"
    )
    assert torch.exp.__doc__.startswith("e to the power")
    assert list(inspect.signature(torch.Tensor.clamp_).parameters) == ["input", "min", "max"]
    assert torch.Tensor.exp_.__name__ == "exp_"
    assert torch.add.__name__ == "add" and torch.add.__module__ == "rushlight.ops.elementwise"


def test_an_operand_of_a_change_in_place_answers() -> None:
    x = torch.ones(2)
    for name in ("add_", "mul_", "atan2_", "clamp_", "__iadd__"):
        func, _, args, _ = getattr(x, name)(Quantity())
        assert func.__name__ == name.replace("__iadd__", "add_") and args[0] is x
    assert x.tolist() == [1.0, 1.0]


def test_two_names_of_one_argument_are_refused() -> None:
    with pytest.raises(TypeError, match="sum.* got both 'dim' and 'axis'"):
        torch.sum(torch.ones(2, 3), 0, axis=1)
    with pytest.raises(TypeError, match="mean.* got both 'keepdim' and 'keepdims'"):
        torch.mean(torch.ones(2, 3), 0, keepdim=True, keepdims=False)


def test_a_tuple_is_no_out_of_one_result() -> None:
    with pytest.raises(TypeError, match="add.*argument 'out' must be Tensor, not tuple"):
        torch.add(torch.ones(2), 1, out=(torch.ones(2),))
    with pytest.raises(TypeError, match="argument 'alpha' .*must be Number, not NoneType"):
        torch.sub(torch.ones(2), torch.ones(2), alpha=None)
