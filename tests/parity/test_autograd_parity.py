"""The same programs about gradients in both libraries: results, and errors with their words."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import rushlight
from rushlight.utils import checkpoint as _  # noqa: F401

torch = pytest.importorskip("torch")


def _x(t: Any, grad: bool = False) -> Any:
    return t.tensor([1.0, 2.0, 3.0], requires_grad=grad)


def _two(x: Any, y: Any) -> Any:
    return x * y, (x**2).sum()


def _cubes(x: Any) -> Any:
    return (x**3).sum()


def _mixed(x: Any, y: Any) -> Any:
    return (x**2 * y).sum()


def _functional(name: str, *args: Any, **kwargs: Any) -> Callable[[Any], Any]:
    return lambda t: getattr(t.autograd.functional, name)(
        *[a(t) if callable(a) and a in (_x, _pair) else a for a in args],
        **{k: v(t) if callable(v) else v for k, v in kwargs.items()},
    )


def _pair(t: Any) -> Any:
    return _x(t), _x(t) * 2


def _constant(x: Any) -> Any:
    return x.detach() * 2


def _linear(x: Any) -> Any:
    return x.sum() * 2


def _checkpointed(reentrant: bool, **options: Any) -> Callable[[Any], Any]:
    def program(t: Any) -> Any:
        x, calls = _x(t, True), []

        def function(a: Any, b: Any) -> Any:
            calls.append(1)
            return (a * b).exp().sin(), a.sum() * b

        out = t.utils.checkpoint.checkpoint(
            function, x, 2.0, use_reentrant=reentrant, **options
        )
        (out[0].sum() + out[1]).backward()
        return x.grad, len(calls)

    return program


def _second_order(t: Any) -> Any:
    x = _x(t, True)
    y = t.utils.checkpoint.checkpoint(lambda a: a.exp() * a, x, use_reentrant=False)
    (g,) = t.autograd.grad(y.sum(), x, create_graph=True)
    (h,) = t.autograd.grad(g.sum(), x)
    return g, h


def _restricted(t: Any) -> Any:
    x = _x(t, True)
    y = t.utils.checkpoint.checkpoint(lambda a: a * 2, x, use_reentrant=True)
    return t.autograd.grad(y.sum(), x)


def _varying(t: Any) -> Any:
    x, calls = _x(t, True), []

    def function(a: Any) -> Any:
        calls.append(1)
        return a.exp() if len(calls) == 1 else a[:2].exp()

    y = t.utils.checkpoint.checkpoint(function, x, use_reentrant=False)
    return y.sum().backward()


def _once(t: Any) -> Any:
    class Twice(t.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 2

        @staticmethod
        @t.autograd.function.once_differentiable
        def backward(ctx: Any, grad: Any) -> Any:
            return grad * 2

    x = _x(t, True)
    (g,) = t.autograd.grad((Twice.apply(x) ** 2).sum(), x, create_graph=True)
    return g.sum().backward()


def _named_inputs(t: Any) -> Any:
    class Scaled(t.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any, factor: float = 2.0) -> Any:
            ctx.factor = factor
            return x * factor

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            return grad * ctx.factor, None

    x = _x(t, True)
    (Scaled.apply(x, factor=3.0) + Scaled.apply(x)).sum().backward()
    return x.grad


def _edge(t: Any) -> Any:
    x = _x(t, True)
    y = x * x
    edge = t.autograd.graph.get_gradient_edge(y)
    leaf = t.autograd.graph.get_gradient_edge(x)
    return t.autograd.grad((y * y).sum(), [edge, leaf])


def _all_hooks(t: Any) -> Any:
    a, b, c = _x(t, True), _x(t, True), _x(t, True)
    seen: list[Any] = []
    handle = t.autograd.graph.register_multi_grad_hook([a, b, c], seen.append)
    (a * 2 + b).sum().backward()
    (a * b * c).sum().backward()
    handle.remove()
    (a * b * c).sum().backward()
    return seen[0][:2], seen[0][2] is None, seen[1], len(seen)


def _any_hook(t: Any) -> Any:
    a, b = _x(t, True), _x(t, True)
    seen: list[Any] = []
    t.autograd.graph.register_multi_grad_hook([a, b], seen.append, mode="any")
    (a * 2 + b * 2).sum().backward()
    return seen


def _mutated(t: Any) -> Any:
    x = _x(t, True)
    with t.autograd.graph.allow_mutation_on_saved_tensors():
        y = x.clone()
        out = (y**2).sum()
        y.sin_()
        out.backward()
    return x.grad


def _nan(t: Any) -> Any:
    x = t.tensor([-1.0], requires_grad=True)
    with t.autograd.detect_anomaly():
        t.sqrt(x).backward()


def _prehook(t: Any) -> Any:
    x = _x(t, True)
    y = x * 2
    y.grad_fn.register_prehook(lambda grads: (grads[0] * 10,))
    y.sum().backward()
    return x.grad


PROGRAMS = {
    "vjp": _functional("vjp", _two, _pair, v=lambda t: (_x(t), t.tensor(2.0))),
    "vjp of a number": _functional("vjp", _cubes, _x),
    "vjp without v": _functional("vjp", _two, _pair),
    "vjp of another size": _functional("vjp", _cubes, _x, v=_x),
    "vjp strict": _functional("vjp", _constant, _x, v=_x, strict=True),
    "jvp": _functional("jvp", _two, _pair, v=_pair),
    "jvp graph": _functional("jvp", _two, _pair, v=_pair, create_graph=True),
    "jvp linear strict": _functional("jvp", _linear, _x, v=_x, strict=True),
    "jvp without v": _functional("jvp", _two, _pair),
    "jvp v too short": _functional("jvp", _two, _pair, v=lambda t: (_x(t),)),
    "jacobian": _functional("jacobian", _two, _pair),
    "jacobian of one": _functional("jacobian", lambda x: x**2, _x),
    "jacobian vectorized": _functional("jacobian", _two, _pair, vectorize=True),
    "jacobian forward": _functional("jacobian", _two, _pair, vectorize=True,
                                    strategy="forward-mode"),
    "jacobian forward alone": _functional("jacobian", _two, _pair, strategy="forward-mode"),
    "jacobian forward graph": _functional("jacobian", _two, _pair, strategy="forward-mode",
                                          create_graph=True),
    "jacobian sideways": _functional("jacobian", _two, _pair, strategy="sideways"),
    "jacobian strict": _functional("jacobian", lambda x, y: x * 2, _pair, strict=True),
    "jacobian strict vectorized": _functional("jacobian", _two, _pair, strict=True, vectorize=True),
    "jacobian of no tensor": _functional("jacobian", lambda x: 3, _x),
    "hessian": _functional("hessian", _mixed, _pair),
    "hessian graph": _functional("hessian", _cubes, _x, create_graph=True),
    "hessian linear": _functional("hessian", _linear, _x),
    "hessian linear strict": _functional("hessian", _linear, _x, strict=True),
    "hessian of many": _functional("hessian", lambda x: x**2, _x),
    "vhp": _functional("vhp", _mixed, _pair, v=_pair),
    "vhp strict": _functional("vhp", _linear, _x, v=_x, strict=True),
    "hvp": _functional("hvp", _mixed, _pair, v=_pair),
    "hvp without v": _functional("hvp", _cubes, _x),
    "checkpoint": _checkpointed(False),
    "checkpoint reentrant": _checkpointed(True),
    "checkpoint to its end": _checkpointed(False, early_stop=False),
    "checkpoint of unknown words": _checkpointed(True, speed=3),
    "checkpoint second order": _second_order,
    "checkpoint reentrant restricted": _restricted,
    "checkpoint varying": _varying,
    "once differentiable": _once,
    "inputs by name": _named_inputs,
    "gradient edges": _edge,
    "edge of no gradient": lambda t: t.autograd.graph.get_gradient_edge(_x(t)),
    "hooks of all": _all_hooks,
    "hook of any": _any_hook,
    "hook mode": lambda t: t.autograd.graph.register_multi_grad_hook([], print, mode="some"),
    "mutation": _mutated,
    "anomaly": _nan,
    "prehook": _prehook,
    "version": lambda t: [x := _x(t), t.autograd.graph.increment_version(x), x._version][2],
    "Variable": lambda t: t.autograd.Variable(_x(t), requires_grad=True),
    "Variable of a list": lambda t: t.autograd.Variable([1.0]),
    "isinstance Variable": lambda t: isinstance(_x(t), t.autograd.Variable),
    "FloatTensor": lambda t: t.FloatTensor([1, 2]),
    "LongTensor": lambda t: t.LongTensor([1.5, 2]),
    "ByteTensor": lambda t: t.ByteTensor([300]),
    "BoolTensor": lambda t: t.BoolTensor([1, 0]),
    "HalfTensor": lambda t: t.HalfTensor(2, 3).dtype == t.float16,
    "DoubleTensor of an array": lambda t: t.DoubleTensor(np.ones(2)),
    "FloatTensor sizes": lambda t: tuple(t.FloatTensor(2, 3).shape),
    "FloatTensor size": lambda t: tuple(t.FloatTensor(size=(2,)).shape),
    "FloatTensor of doubles": lambda t: t.FloatTensor(_x(t).double()),
    "FloatTensor of a number": lambda t: t.FloatTensor(3.0),
    "Tensor of a number": lambda t: t.Tensor(3.0),
    "isinstance FloatTensor": lambda t: [isinstance(_x(t), t.FloatTensor),
                                         isinstance(_x(t), t.LongTensor)],
    "type": lambda t: _x(t).type(t.DoubleTensor),
    "type by name": lambda t: _x(t).type("torch.LongTensor"),
    "type of nothing": lambda t: _x(t).type("flimflam"),
    "type of a number": lambda t: _x(t).type(3),
    "repr of a type": lambda t: [repr(t.FloatTensor), t.FloatTensor.dtype == t.float32],
}  # fmt: skip


OWN_WORDS = {"FloatTensor of doubles"}


def _plain(value: Any) -> Any:
    if isinstance(value, (tuple, list)):
        return [_plain(part) for part in value]
    if hasattr(value, "detach"):
        return [str(value.dtype), value.requires_grad, value.detach().tolist()]
    return value


def _outcome(program: Callable[[Any], Any], library: Any) -> Any:
    with warnings.catch_warnings(action="ignore"):
        try:
            return _plain(program(library))
        except Exception as error:
            return error


@pytest.mark.parametrize("name", PROGRAMS)
def test_program(name: str) -> None:
    expected = _outcome(PROGRAMS[name], torch)
    found = _outcome(PROGRAMS[name], rushlight)
    if isinstance(expected, Exception):
        kind = RuntimeError if isinstance(expected, RuntimeError) else type(expected)
        assert isinstance(found, kind), (found, expected)
        start = re.sub(r"\s+", " ", str(expected))[:20]
        assert name in OWN_WORDS or start in str(found), (found, expected)
        return
    if isinstance(found, Exception):
        raise found
    _compare(found, expected)


def _compare(found: Any, expected: Any) -> None:
    if isinstance(expected, list):
        assert len(found) == len(expected)
        for a, b in zip(found, expected, strict=True):
            _compare(a, b)
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, rel=1e-5)
    else:
        assert found == expected
