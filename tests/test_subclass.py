"""Subclasses of Tensor, as programs write them."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

import rushlight as torch
from rushlight import nn
from rushlight._C import DisableTorchFunction, DisableTorchFunctionSubclass
from rushlight._C import _disabled_torch_function_impl as disabled
from rushlight.overrides import BaseTorchFunctionMode, TorchFunctionMode, resolve_name


class Plain(torch.Tensor):
    """Answers as `Tensor` does: what it takes part in is of its class."""


class Derived(Plain): ...


class Other(torch.Tensor): ...


class Silent(torch.Tensor):
    @classmethod
    def __torch_function__(cls, *call: Any) -> Any:
        return NotImplemented


# ---- making them


def test_ways_to_make_one() -> None:
    x = torch.ones(2)
    assert Plain([1, 2]).dtype is torch.float32 and Plain(2, 3).shape == (2, 3)
    for made in (Plain(x), x.as_subclass(Plain), torch.Tensor._make_subclass(Plain, x)):
        assert type(made) is Plain and made.data_ptr() == x.data_ptr()
    assert torch.Tensor._make_subclass(Plain, x, True).requires_grad
    assert type(Plain([1.0]).as_subclass(torch.Tensor)) is torch.Tensor


def test_arguments_of_the_class() -> None:
    class Named(torch.Tensor):
        def __new__(cls, data: Any, label: str) -> Any:
            return super().__new__(cls, data)

        def __init__(self, data: Any, label: str) -> None:
            self.label = label

    assert Named([1.0], "a").label == "a"


def test_what_is_no_subclass() -> None:
    x = torch.ones(2)
    with pytest.raises(TypeError, match="that does not inherit from Tensor is not possible"):
        x.as_subclass(int)  # type: ignore[type-var]
    with pytest.raises(TypeError, match=r"cls must be a type \(got int\)"):
        x.as_subclass(3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="argument 'data' .* must be Tensor, not int"):
        torch.Tensor._make_subclass(Plain, 3)


def test_gradients_flow_through_the_class() -> None:
    x = torch.ones(2, requires_grad=True)
    y = x.as_subclass(Plain)
    assert type(y) is Plain and y.grad_fn.name() == "AliasBackward0"
    loss = (y * 3).sum()
    assert type(loss) is Plain
    loss.backward()
    assert type(x.grad) is torch.Tensor and x.grad.tolist() == [3.0, 3.0]
    (gradient,) = torch.autograd.grad((y * y).sum(), y)
    assert type(gradient) is Plain and gradient.tolist() == [2.0, 2.0]


# ---- results


def test_results_are_of_the_class() -> None:
    s, x = Plain([1.0, 2.0]), torch.ones(2)
    results = [
        s + 1, 1 + s, 1 - s, s + x, x + s, x - s, s**2, 2**s, s @ s, -s, abs(s), s // 2, s == s,
        s > 1, s.sum(), s.exp(), s[0], s[s > 1], s.T, s.real, s.data, s.detach(), s.clone(),
        s.to(torch.float64), s.long(), s.new_zeros(2), torch.zeros_like(s), torch.stack([x, s]),
        torch.where(x > 0, x, s), torch.einsum("i,i", x, s), nn.functional.relu(s),
        nn.functional.dropout(s, 0.5, training=False), torch.as_tensor(s), torch.rand_like(s),
        *s, *s.split(1), *s.max(0), *torch.broadcast_tensors(x, s), copy.copy(s),
        copy.deepcopy(s), pickle.loads(pickle.dumps(s)),
    ]  # fmt: skip
    assert {type(result) for result in results} == {Plain}
    assert type(s.max(0)).__name__ == "max" and type(s.split(1)) is tuple


def test_results_that_are_no_tensors_or_plain_ones() -> None:
    s = Plain([1.0, 2.0])
    assert type(s.shape) is torch.Size and s.tolist() == [1.0, 2.0] and len(s) == 2
    assert s.sum().item() == 3.0 and bool(s[0]) and s.grad is None and s.device.type == "cpu"
    assert type(torch.tensor(s)) is torch.Tensor and f"{s}" == repr(s) == "Plain([1., 2.])"
    assert (s.requires_grad, s.ndim, s.is_leaf, s.dtype) == (False, 1, True, torch.float32)


def test_changes_in_place() -> None:
    s, x = Plain([1.0, 2.0]), torch.ones(2)
    before = s
    s += 1
    s.mul_(2)
    s[0] = 7
    assert s is before and s.tolist() == [7.0, 6.0]
    assert x.add_(s).tolist() == [8.0, 7.0] and type(x) is torch.Tensor
    assert torch.add(x, x, out=s) is s and s.tolist() == [16.0, 14.0]
    s.requires_grad = True
    assert s.requires_grad and type(s.requires_grad_()) is Plain


def test_the_most_derived_class_answers_first() -> None:
    asked: list[Any] = []

    class First(torch.Tensor):
        @classmethod
        def __torch_function__(
            cls, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            asked.append((cls, types))
            return NotImplemented

    class Second(First): ...

    class Third(First): ...

    first, second, third = (torch.ones(1).as_subclass(c) for c in (First, Second, Third))
    with pytest.raises(TypeError, match="no implementation found for 'torch.cat' on types that"):
        torch.cat([first, third, second])
    assert asked == [(c, (Third, Second, First)) for c in (Third, Second, First)]
    assert type(torch.add(Derived([0]), Plain([1]))) is Derived


def test_nobody_answers() -> None:
    silent = torch.ones(2).as_subclass(Silent)
    for call in (silent.exp, lambda: silent.shape, lambda: torch.add(Plain([1]), Other([1]))):
        with pytest.raises(TypeError, match="no implementation found for 'torch"):
            call()
    with pytest.raises(TypeError, match=r"unsupported operand type\(s\) for \+: 'Silent' and 'int"):
        silent + 1


def test_errors_of_an_answer_come_alone() -> None:
    with pytest.raises(RuntimeError, match="must match the size of tensor b") as caught:
        Plain([1.0, 2.0]) + torch.ones(3)
    history, error = [], caught.value.__cause__
    while error is not None:
        history.append(type(error).__name__)
        error = error.__context__
    assert "Overridden" not in history


def test_disabled() -> None:
    s = Plain([1.0])
    with DisableTorchFunctionSubclass(), BaseTorchFunctionMode():
        assert type(s + 1) is torch.Tensor
    with DisableTorchFunction():
        assert type(s + 1) is torch.Tensor
    assert type(s + 1) is Plain

    class Quiet(Plain):
        __torch_function__ = disabled  # type: ignore[assignment]

    assert type(Quiet([1.0]) + 1) is torch.Tensor


# ---- programs


class Quantity(torch.Tensor):
    """Numbers with a unit."""

    unit: str

    @classmethod
    def of(cls, data: Any, unit: str) -> Any:
        made = torch.as_tensor(data).as_subclass(cls)
        made.unit = unit
        return made

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        units = [a.unit for a in args if isinstance(a, cls)]
        if func in (torch.Tensor.add, torch.Tensor.sub) and len(set(units)) > 1:
            raise ValueError(f"{' and '.join(units)} do not add")
        result = super().__torch_function__(func, types, args, kwargs or {})
        if isinstance(result, cls) and units:
            result.unit = "*".join(units) if func is torch.Tensor.mul else units[0]
        return result


def test_quantities() -> None:
    way, time = Quantity.of([1.0, 2.0], "m"), Quantity.of([1.0, 1.0], "s")
    assert (way + way).unit == (2 * way).unit == way[0].unit == way.sum().unit == "m"
    assert (way * time).unit == "m*s" and nn.functional.softmax(way, 0).unit == "m"
    with pytest.raises(ValueError, match="m and s do not add"):
        way - time


class Image(torch.Tensor):
    """The pattern of torchvision: few functions keep the class, and its properties are plain."""

    def __new__(cls, data: Any) -> Any:
        return torch.as_tensor(data).as_subclass(cls)

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        with DisableTorchFunctionSubclass():
            result = func(*args, **kwargs or {})
        if func in (torch.Tensor.clone, torch.Tensor.to, torch.Tensor.detach):
            return result.as_subclass(cls)
        return result.as_subclass(torch.Tensor) if isinstance(result, cls) else result

    @property
    def shape(self) -> Any:
        with DisableTorchFunctionSubclass():
            return super().shape


def test_images() -> None:
    image = Image(torch.zeros(3, 4, 4))
    assert image.shape == (3, 4, 4)
    assert type(image.to(torch.float64)) is type(image.clone()) is Image
    assert type(image + 1) is type(image.add_(1)) is type(torch.stack([image])) is torch.Tensor
    assert nn.Linear(4, 2)(image).requires_grad


class Scalar:
    """No tensor, but answers for functions."""

    def __init__(self, value: float) -> None:
        self.value = value

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is torch.mean:
            return args[0].value
        if func is torch.add:  # asks again within its answer
            return torch.mul(args[0], 2)
        if func is torch.mul:
            return args[0].value * args[1]
        return NotImplemented


def test_what_is_no_tensor() -> None:
    assert torch.mean(Scalar(3.0)) == 3.0 and torch.add(Scalar(3.0), 1) == 6.0
    with pytest.raises(TypeError, match="no implementation found for 'torch.exp'"):
        torch.exp(Scalar(1.0))
    with pytest.raises(TypeError, match="descriptor 'dim' .* doesn't apply to a 'list' object"):
        torch.Tensor.dim([1.0])


class Log(TorchFunctionMode):
    def __init__(self, names: list[str]) -> None:
        self.names = names

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.names.append(str(resolve_name(func)))
        return func(*args, **(kwargs or {}))


def test_modes_and_subclasses_meet() -> None:
    names: list[str] = []
    s = Plain([1.0, 2.0])
    with Log(names):
        assert type((s + s.T)[0]) is Plain
        x = torch.ones(2)
        x.grad = None
        assert x.shape == (2,) and x.tolist() == [1.0, 1.0]
    assert names == [
        "torch.Tensor.T.__get__", "torch.add", "torch.Tensor.__getitem__", "torch.ones",
        "torch.Tensor.grad.__set__", "torch.Tensor.shape.__get__", "torch.Tensor.tolist",
    ]  # fmt: skip


def test_a_mode_that_does_not_know() -> None:
    class Nothing(TorchFunctionMode):
        def __torch_function__(self, *call: Any) -> Any:
            return NotImplemented

    with Nothing():
        assert type(torch.exp(Plain([0.0]))) is Plain


# ---- parameters


def test_parameters_keep_the_class() -> None:
    weight = nn.Parameter(Plain([[1.0, 2.0]]))
    assert type(weight) is Plain and isinstance(weight, nn.Parameter) and weight.requires_grad
    assert not isinstance(Plain([1.0]), nn.Parameter)
    buffer = nn.Buffer(Plain([1.0]))
    assert isinstance(buffer, nn.Buffer) and not isinstance(buffer, nn.Parameter)
    assert repr(weight) == "Parameter(Plain([[1., 2.]], requires_grad=True))"
    layer = nn.Linear(2, 1, bias=False)
    layer.weight = weight
    assert dict(layer.named_parameters())["weight"] is weight
    assert type(layer.state_dict()["weight"]) is Plain


@pytest.mark.parametrize("optimizer", [torch.optim.SGD, torch.optim.Adam])
def test_parameters_are_trained(optimizer: Any) -> None:
    weight = nn.Parameter(Plain([[1.0, 2.0]]))
    steps = optimizer([weight], lr=0.5)
    (nn.functional.linear(torch.ones(1, 2), weight) * 1).sum().backward()
    assert type(weight.grad) is torch.Tensor and weight.grad.tolist() == [[1.0, 1.0]]
    steps.step()
    assert weight.flatten().tolist() == pytest.approx([0.5, 1.5], abs=1e-5)


def test_a_subclass_of_parameter_is_plain() -> None:
    class Own(nn.Parameter): ...

    own = Own(torch.ones(2))
    assert type(own) is Own and type(own + 1) is torch.Tensor
