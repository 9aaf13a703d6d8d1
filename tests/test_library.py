"""Operators of programs: torch.library."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import rushlight as torch
from rushlight import library
from rushlight.library import custom_op


@pytest.fixture(autouse=True)
def own_operators(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(library, "_operators", {})
    yield


def scale(x: torch.Tensor, factor: float = 2.0) -> torch.Tensor:
    return x.detach() * factor


def _scale() -> Any:
    operator = custom_op("example::scale", scale, mutates_args=())

    def setup(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.factor = inputs[1]

    operator.register_autograd(lambda ctx, grad: (grad * ctx.factor, None), setup_context=setup)
    return operator


def test_is_called_by_itself_and_by_its_place() -> None:
    operator = _scale()
    x = torch.tensor([1.0, 2.0])
    assert operator(x, 3.0).tolist() == torch.ops.example.scale(x, factor=3.0).tolist() == [3, 6]
    assert torch.ops.example.scale.default(x).tolist() == [2.0, 4.0]
    assert repr(operator) == "<CustomOpDef(example::scale)>"


def test_has_the_gradient_that_was_registered() -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = _scale()(x, factor=5.0)
    assert "GeneratedBackwardFor_example_scale_default" in repr(y.grad_fn)
    y.sum().backward()
    assert x.grad is not None and x.grad.tolist() == [5.0, 5.0]


def test_without_a_gradient_only_its_backward_fails() -> None:
    x = torch.ones(2, requires_grad=True)
    y = custom_op("example::scale", scale, mutates_args=())(x)
    assert y.requires_grad
    with pytest.raises(RuntimeError, match="example.scale.default but no autograd formula"):
        y.sum().backward()
    with torch.no_grad():
        assert not torch.ops.example.scale(x).requires_grad


def test_named_arguments_come_apart_from_the_others() -> None:
    @custom_op("example::shift", mutates_args=())
    def shift(x: torch.Tensor, *, by: float) -> torch.Tensor:
        return x + by

    seen: dict[str, Any] = {}

    def setup(ctx: Any, inputs: Any, keyword_only_inputs: Any, output: Any) -> None:
        seen.update(keyword_only_inputs, count=len(inputs))

    shift.register_autograd(lambda ctx, grad: grad, setup_context=setup)
    x = torch.ones(2, requires_grad=True)
    shift(x, by=1.5).sum().backward()
    assert seen == {"by": 1.5, "count": 1}
    assert x.grad is not None and x.grad.tolist() == [1.0, 1.0]


def test_changes_what_it_says() -> None:
    @custom_op("example::fill", mutates_args={"x"})
    def fill(x: torch.Tensor, value: float) -> None:
        x.fill_(value)

    x = torch.zeros(2)
    assert fill(x, 3.0) is None and x.tolist() == [3.0, 3.0]


def test_tensors_without_memory_take_the_fake() -> None:
    operator = _scale()
    with pytest.raises(NotImplementedError, match="register_fake"):
        operator(torch.empty(2, device="meta"))
    library.register_fake("example::scale", lambda x, factor=2.0: torch.empty_like(x))
    assert operator(torch.empty(2, 3, device="meta")).shape == (2, 3)


def test_takes_the_function_of_the_device() -> None:
    operator = custom_op("example::scale", scale, mutates_args=(), device_types="cuda")
    with pytest.raises(NotImplementedError, match="for cpu tensors; add one with register_kernel"):
        operator(torch.ones(2))
    library.register_kernel(operator, "cpu", lambda x, factor=2.0: x * 7)
    assert operator(torch.ones(2)).tolist() == [7.0, 7.0]


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda: _scale()(), RuntimeError, "example::scale.. missing a required argument: 'x'"),
        (lambda: _scale()("x"), RuntimeError, "type 'Tensor' for argument 'x'.* type 'str'"),
        (lambda: custom_op("scale", scale, mutates_args=()), ValueError, "<namespace>::<name>"),
        (
            lambda: custom_op("example::bare", lambda x: x, mutates_args=()),
            ValueError, "Parameter x must have a type annotation",
        ),
        (lambda: torch.ops.example.nothing, AttributeError, "'example' .* attribute 'nothing'"),
        (
            lambda: library.register_fake("example::nothing", scale),
            RuntimeError, "operator example::nothing does not exist",
        ),
    ],
)  # fmt: skip
def test_refuses(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_an_output_is_no_input() -> None:
    @custom_op("example::same", mutates_args=())
    def same(x: torch.Tensor) -> torch.Tensor:
        return x

    with pytest.raises(RuntimeError, match="must not also be an input"):
        same(torch.ones(2))


def test_an_operator_called_name() -> None:
    custom_op("example::name", scale, mutates_args=())
    assert torch.ops.example.name(torch.ones(1)).item() == 2
