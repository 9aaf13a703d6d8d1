"""Who answers for functions: subclasses of Tensor and modes see each call, as PyTorch's do."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

import rushlight as torch
from rushlight import overrides
from rushlight.ops.entry import parameters
from rushlight.overrides import TorchFunctionMode, resolve_name
from rushlight.torch_function import leaves

CALLS: list[Any] = []


class Asked(torch.Tensor):
    """Answers each function with nothing, and writes down what it was asked."""

    @classmethod
    def __torch_function__(cls, *call: Any) -> None:
        CALLS.append(call)


class Answers(TorchFunctionMode):
    def __torch_function__(self, *call: Any) -> None:
        CALLS.append(call)


def asked() -> Asked:
    return torch.ones(2).as_subclass(Asked)


def arguments(function: Any, first: Any) -> tuple[list[Any], dict[str, Any]]:
    """The least that a function can be called with; where a tensor is asked for, `first`."""
    given, by_name = [], {}
    for place, parameter in enumerate(parameters(entry_of(function)).values()):
        value = [first] if "Sequence" in str(parameter.annotation) else first
        if parameter.kind is parameter.VAR_POSITIONAL and place == 0:
            given.append(first)
        elif place and "Tensor" not in str(parameter.annotation):
            value = 0
        if parameter.default is parameter.empty or place == 0:
            if parameter.kind is parameter.KEYWORD_ONLY:
                by_name[parameter.name] = value
            elif parameter.kind is parameter.POSITIONAL_OR_KEYWORD:
                given.append(value)
    return given, by_name


def entry_of(function: Any) -> Any:
    if inspect.isfunction(function):
        return function
    member = function.__self__
    return member.fget if function.__name__ == "__get__" else member.fset


FUNCTIONS = list(overrides.get_testing_overrides())
NAMES = [str(resolve_name(function)) for function in FUNCTIONS]
SHOWN = {
    "__add__": "add", "__radd__": "add", "__sub__": "sub", "__mul__": "mul", "__rmul__": "mul",
    "__truediv__": "div", "__mod__": "remainder", "__ne__": "ne", "__lt__": "lt", "__le__": "le",
    "__gt__": "gt", "__ge__": "ge", "__matmul__": "matmul",
    "__iadd__": "add_", "__isub__": "sub_", "__imul__": "mul_", "__itruediv__": "div_",
    "__ifloordiv__": "floor_divide_", "__imod__": "remainder_", "__iand__": "bitwise_and_",
    "__ior__": "bitwise_or_", "__ixor__": "bitwise_xor_", "__ilshift__": "bitwise_left_shift_",
    "__irshift__": "bitwise_right_shift_",
}  # fmt: skip


def shown(name: str, function: Any) -> Any:
    method = SHOWN.get(name.removeprefix("torch.Tensor."))
    return function if method is None else getattr(torch.Tensor, method)


@pytest.mark.any_kernels
@pytest.mark.parametrize("name, function", list(zip(NAMES, FUNCTIONS, strict=True)), ids=NAMES)
def test_subclasses_and_modes_see_each_call(name: str, function: Any) -> None:
    x = asked()
    given, by_name = arguments(function, x)
    if name == "torch.einsum":
        given = ["i,i", x, x]
    function(*given, **by_name)
    func, types, args, kwargs = CALLS.pop()
    assert func == shown(name, function) and types == (Asked,) and not CALLS
    assert any(value is x for value in leaves((*args, *kwargs.values())))

    plain = torch.ones(2)
    given, by_name = arguments(function, plain)
    with Answers():
        function(*given, **by_name)
    func, types, args, kwargs = CALLS.pop()
    assert func == shown(name, function) and types == () and not CALLS
