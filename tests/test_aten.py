"""`torch.ops.aten`: operators, their overloads, and what is said of those that are not there."""

from __future__ import annotations

from typing import Any

import pytest

import rushlight as torch
from aten_calls import CALLS, AtenCall
from rushlight import aten

operators = torch.ops.aten


def test_names_of_operators_and_overloads() -> None:
    assert operators.add.overloads()[:3] == ["Tensor", "Scalar", "out"]
    assert operators.relu.overloads() == ["default", "out"]
    assert operators.add.Tensor.name() == "aten::add.Tensor"
    assert operators.relu.default.name() == "aten::relu"
    assert str(operators.add.Tensor) == "aten.add.Tensor" and str(operators.add) == "aten.add"
    assert operators.add.Tensor.overloadpacket == operators.add
    assert repr(operators.mm.default) == "<OpOverload(op='aten.mm', overload='default')>"
    assert repr(operators.mm) == "<OpOverloadPacket(op='aten.mm')>"
    assert {operators.mm.default: 1}[operators.mm.default] == 1


def test_functions_and_methods() -> None:
    x = torch.tensor([-1.0, 1.0])
    assert operators.relu.default(x).tolist() == [0, 1]
    assert operators.view(x, (2, 1)).shape == (2, 1)
    assert operators.linalg_det(torch.eye(2)).item() == 1
    assert operators.add_(x, 1) is x


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_those_that_are_neither_run(call: AtenCall) -> None:
    result: Any = call(torch, operators)
    parts = result if isinstance(result, tuple) else (result,)
    assert all(isinstance(part, torch.Tensor) for part in parts)


def test_all_that_stand_there_are_pytorchs() -> None:
    assert not {*aten._OTHERS} - {*aten.overloads()}


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: operators.nothing_of_it, "'_OpNamespace' 'aten' object has no attribute"),
        (lambda: operators._softmax_backward_data, "_data; Rushlight not yet; .* tracked at"),
        (lambda: operators.add.foo, "'aten.add' has no overload name 'foo'"),
        (lambda: operators.add.Tensor.more, "has no attribute 'more'"),
        (lambda: operators.add.Tensor._schema, "aten.add._schema; Rushlight not yet"),
    ],
)
def test_what_is_not_there_says_so(call: Any, message: str) -> None:
    with pytest.raises(AttributeError, match=message):
        call()
