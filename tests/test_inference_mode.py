"""What is made within `inference_mode` stays out of what is recorded later."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

import rushlight as torch
from rushlight import nn

INPLACE = "Inplace update to inference tensor outside InferenceMode is not allowed"
SAVED = "Inference tensors cannot be saved for backward"


def made() -> Any:
    with torch.inference_mode():
        return torch.ones(3)


def weight() -> Any:
    return torch.ones(3, requires_grad=True)


def test_which_tensors_are_inference_tensors() -> None:
    x, n = torch.ones(3), weight()
    with torch.inference_mode():
        a = torch.ones(3)
        inside = [a, a[1:], a * 2, a.exp(), a.detach(), a.clone(), n * 2, a.sum(), torch.rand(2),
                  torch.tensor([1.0]), a.max(0)[0], nn.Linear(2, 2)(torch.ones(1, 2))]  # fmt: skip
        normal = [x, n, x[1:], x.view(3), x.add_(1)]
    assert all(t.is_inference() and torch.is_inference(t) for t in inside)
    assert not any(t.requires_grad for t in inside)
    assert not any(t.is_inference() for t in normal)
    views = [a[1:], a.view(3), a.detach(), a.t(), a.reshape(3), a.contiguous(), a.float(),
             a.to(torch.float32), a.expand(2, 3), *a.unbind(), *a.split(1)]  # fmt: skip
    assert all(t.is_inference() for t in views)
    results = [a * 2, a.clone(), a.double(), a + x, torch.cat([a, a]), copy.deepcopy(a),
               pickle.loads(pickle.dumps(a))]  # fmt: skip
    assert not any(t.is_inference() for t in results)


CHANGES: dict[str, Any] = {
    "add_": lambda a: a.add_(1), "iadd": lambda a: a.__iadd__(torch.ones(3)),
    "mul_": lambda a: a.mul_(weight()), "zero_": lambda a: a.zero_(),
    "copy_": lambda a: a.copy_(torch.ones(3)), "item": lambda a: a.__setitem__(0, 1),
    "mask": lambda a: a.__setitem__(a > 0, 1.0), "relu_": lambda a: a.relu_(),
    "view": lambda a: a[1:].add_(1), "out": lambda a: torch.add(a, a, out=a),
    "exp out": lambda a: torch.exp(torch.ones(3), out=a), "normal_": lambda a: a.normal_(),
    "resize_": lambda a: a.resize_(2), "set_": lambda a: a.set_(torch.ones(3)),
    "clamp_": lambda a: a.clamp_(0, 0.5), "index_fill_": lambda a: a.index_fill_(
        0, torch.tensor([0]), 2.0),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("recording", [True, False])
def test_changes_outside_are_refused(name: str, recording: bool) -> None:
    a = made()
    with torch.set_grad_enabled(recording), pytest.raises(RuntimeError, match=INPLACE):
        CHANGES[name](a)
    assert a.tolist() == [1.0, 1.0, 1.0]
    if name != "mul_":
        CHANGES[name](a.clone())
    with torch.inference_mode():
        CHANGES[name](a)


def test_saving_for_a_backward_is_refused() -> None:
    a, w = made(), weight()
    for call in (
        lambda: a * w, lambda: w * a, lambda: torch.dot(w, a),
        lambda: nn.functional.linear(a, torch.ones(2, 3, requires_grad=True)),
        lambda: nn.Linear(3, 1)(a), lambda: (w * 1).mul_(a),
    ):  # fmt: skip
        with pytest.raises(RuntimeError, match=SAVED):
            call()
    assert (a + w).requires_grad and torch.stack([a, w]).requires_grad
    (a.clone() * w).sum().backward()
    assert w.grad.tolist() == [1.0, 1.0, 1.0]


def test_a_function_cannot_save_them() -> None:
    class Product(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any, y: Any) -> Any:
            ctx.save_for_backward(x, y)
            return x * y

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            return grad, grad

    with pytest.raises(RuntimeError, match=SAVED):
        Product.apply(weight(), made())


def test_versions() -> None:
    a, n = made(), torch.ones(3)
    with pytest.raises(RuntimeError, match="Inference tensors do not track version counter"):
        a._version  # noqa: B018
    with torch.inference_mode():
        a.add_(1)
        n.add_(1)
        n[1:].mul_(2)
    assert a.tolist() == [2.0, 2.0, 2.0] and n._version == 2


def test_requires_grad() -> None:
    a = made()
    with pytest.raises(RuntimeError, match="Setting requires_grad=True on inference tensor"):
        a.requires_grad_()
    with pytest.raises(RuntimeError, match="Setting requires_grad=True on inference tensor"):
        nn.Parameter(a)
    a.requires_grad = False
    assert a.requires_grad is False and a.is_inference()
    with torch.inference_mode():
        layer = nn.Linear(2, 1)
    assert layer.weight.requires_grad and layer.weight.is_inference()
    layer(torch.ones(1, 2)).sum().backward()
    assert layer.weight.grad.tolist() == [[1.0, 1.0]]


def test_modes_within() -> None:
    w = weight()
    with torch.inference_mode():
        with torch.inference_mode(False):
            x = torch.ones(3)
            assert (w * 2).requires_grad and not torch.is_inference_mode_enabled()
        with torch.enable_grad():
            y = w * 2
        assert torch.is_inference_mode_enabled()
    assert not x.is_inference() and y.is_inference() and not y.requires_grad
    with torch.no_grad(), torch.inference_mode(False):
        assert torch.is_grad_enabled()


def test_a_view_keeps_its_history() -> None:
    w = weight()
    base = w * 1
    view = base[1:]
    base.mul_(2)
    with torch.inference_mode():
        assert view.requires_grad
    view.sum().backward()
    assert w.grad.tolist() == [0.0, 2.0, 2.0]


def test_checkpoints_and_records_within() -> None:
    from rushlight.utils.checkpoint import checkpoint

    layer = nn.Linear(2, 2)
    compiled = torch.compile(layer)
    with torch.inference_mode():
        x = torch.ones(1, 2)
        checkpoint(layer, x, use_reentrant=False)
        for _ in range(4):
            assert compiled(x).is_inference()
    assert compiled(torch.ones(1, 2)).requires_grad
