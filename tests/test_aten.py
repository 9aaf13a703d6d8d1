"""`torch.ops.aten`: operators, their overloads, and what is said of those that are not there."""

from __future__ import annotations

from typing import Any

import pytest

import rushlight as torch
from aten_calls import CALLS, RESULTS, shape_and_sum
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


@pytest.mark.parametrize("name", CALLS)
def test_those_that_are_neither_run(name: str) -> None:
    shape, total = shape_and_sum(torch, CALLS[name](torch, operators))
    assert shape == RESULTS[name][0]
    assert total == pytest.approx(RESULTS[name][1], rel=1e-5, abs=1e-5)


def test_what_is_overwritten_has_its_gradient() -> None:
    x = torch.tensor([-1.0, 0.5, 2.0], requires_grad=True)
    y = x * 1
    assert operators.gelu_(y) is y
    y.sum().backward()
    expected = x.detach().requires_grad_()
    torch.nn.functional.gelu(expected).sum().backward()
    assert x.grad is not None and expected.grad is not None
    torch.testing.assert_close(x.grad, expected.grad)


def test_names_are_listed() -> None:
    names = dir(operators)
    assert {"add", "gelu_", "slice", "upsample_bilinear2d"} <= {*names}
    assert all(hasattr(operators, name) for name in names)
    assert operators.add.Tensor.tags == []


_IMAGE = torch.ones(1, 1, 4, 4)


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda: operators.slice(torch.ones(2, 3), 5, 0, 1), IndexError, "out of range.* got 5"),
        (lambda: operators.slice(torch.tensor(1.0)), IndexError, "slice: .*without dimensions"),
        (
            lambda: operators.slice(torch.ones(2), 0, 0, 2, -1),
            RuntimeError, "slice: the step must be positive, got -1",
        ),
        (lambda: operators.add.Tensor(_IMAGE, _IMAGE, 2), TypeError, "add"),
        (lambda: operators.silu_(torch.ones(2), 1), TypeError, "positional"),
        (
            lambda: operators.upsample_bilinear2d(_IMAGE, [2, 2]),
            RuntimeError, "upsample_bilinear2d.* missing a required argument: 'align_corners'",
        ),
        (
            lambda: operators.upsample_bilinear2d(_IMAGE, [2, 2], False, 2.0, 2.0),
            NotImplementedError, r"upsample_bilinear2d: scales .* the output_size \[2, 2\]",
        ),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


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
