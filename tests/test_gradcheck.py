"""`gradcheck` and `gradgradcheck` find wrong gradients, and only those."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import rushlight as torch


def double(*shape: int) -> Any:
    values = np.random.default_rng(0).standard_normal(shape)
    return torch.from_numpy(np.array(values)).requires_grad_()


class Wrong(torch.autograd.Function):
    """Twice its input, with a gradient that is 5% off in one element."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return x * 2

    @staticmethod
    def backward(ctx: Any, grad: Any) -> Any:
        wrong = grad * 2
        wrong[0] = wrong[0] * 1.05
        return wrong


class WrongSecond(torch.autograd.Function):
    """x^3, whose gradient is right and hides that it depends on x."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x * x * x

    @staticmethod
    def backward(ctx: Any, grad: Any) -> Any:
        return grad * 3 * ctx.saved_tensors[0].detach() ** 2


@pytest.mark.parametrize("fast", [False, True])
def test_right_gradients_pass(fast: bool) -> None:
    x, y = double(2, 3), double(3)
    check, second = torch.autograd.gradcheck, torch.autograd.gradgradcheck
    for function in (torch.mul, lambda a, b: (a * b, a.exp(), b.sum()), lambda a, b: a[0] * 2 + b):
        assert check(function, (x, y), fast_mode=fast)
        assert second(function, (x, y), fast_mode=fast)
    assert check(torch.exp, x, fast_mode=fast)
    assert check(lambda a, n: a**n, (x, 3), fast_mode=fast)


@pytest.mark.parametrize("fast", [False, True])
def test_wrong_gradients_fail(fast: bool) -> None:
    x = double(4)
    with pytest.raises(RuntimeError, match="Jacobian mismatch for output 0 with respect to input"):
        torch.autograd.gradcheck(Wrong.apply, (x,), fast_mode=fast)
    assert not torch.autograd.gradcheck(Wrong.apply, (x,), raise_exception=False, fast_mode=fast)
    assert torch.autograd.gradcheck(Wrong.apply, (x,), rtol=0.1, fast_mode=fast)


@pytest.mark.parametrize("fast", [False, True])
def test_wrong_second_gradients_fail(fast: bool) -> None:
    x = double(4)
    assert torch.autograd.gradcheck(WrongSecond.apply, (x,), fast_mode=fast)
    with pytest.raises(RuntimeError, match="Jacobian mismatch|expected to be zero"):
        torch.autograd.gradgradcheck(WrongSecond.apply, (x,), fast_mode=fast)


def test_constants_pass_and_detached_functions_fail() -> None:
    x = double(3)
    assert torch.autograd.gradcheck(lambda a: torch.ones(3, dtype=torch.float64), (x,))
    with pytest.raises(RuntimeError, match="Numerical gradient for function expected to be zero"):
        torch.autograd.gradcheck(lambda a: a.detach() * 2, (x,))


def test_inputs_are_left_as_they_were() -> None:
    x = double(2, 3)
    before = x.tolist()
    torch.autograd.gradcheck(torch.exp, (x,))
    with pytest.raises(KeyError):
        torch.autograd.gradcheck(lambda a: {}["missing"], (x,))
    assert x.tolist() == before and x._version == 0 and x.grad is None


def test_parameters_reached_from_outside() -> None:
    layer = torch.nn.Linear(3, 2).double()
    x = double(4, 3)
    assert torch.autograd.gradcheck(lambda *ignored: layer(x), (x, layer.weight, layer.bias))


def test_backward_that_varies() -> None:
    class Noisy(torch.autograd.Function):
        calls = 0

        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 2

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            Noisy.calls += 1
            return grad * (2 + 1e-7 * Noisy.calls)

    x = double(3)
    with pytest.raises(RuntimeError, match="Backward is not reentrant"):
        torch.autograd.gradcheck(Noisy.apply, (x,))
    assert torch.autograd.gradcheck(Noisy.apply, (x,), nondet_tol=1e-3)


def test_what_cannot_be_checked() -> None:
    with pytest.raises(ValueError, match="at least one input tensor to require gradient"):
        torch.autograd.gradcheck(torch.exp, (torch.ones(2),))
    with pytest.raises(RuntimeError, match="has a dimension with stride 0"):
        torch.autograd.gradcheck(torch.exp, (double(1).detach().expand(3).requires_grad_(),))
    single = torch.ones(2, requires_grad=True)
    with pytest.warns(UserWarning, match="is not a double precision floating point"):
        torch.autograd.gradcheck(lambda a: a * 2, (single,), eps=1e-2, atol=1e-2)


class WrongTangent(torch.autograd.Function):
    """Twice its input, whose `jvp` says otherwise."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return x * 2

    @staticmethod
    def backward(ctx: Any, grad: Any) -> Any:
        return grad * 2

    @staticmethod
    def jvp(ctx: Any, tangent: Any) -> Any:
        return tangent * 3


@pytest.mark.parametrize("fast", [False, True])
def test_tangents(fast: bool) -> None:
    check, x, y = torch.autograd.gradcheck, double(2, 3), double(3)
    for function in (torch.mul, lambda a, b: (a * b, a.exp(), b.sum())):
        assert check(function, (x, y), check_forward_ad=True, fast_mode=fast)
        assert check(function, (x, y), check_forward_ad=True, check_backward_ad=False)
        assert check(function, (x, y), check_batched_grad=True, check_batched_forward_grad=True)
        assert torch.autograd.gradgradcheck(
            function, (x, y), check_batched_grad=True, check_fwd_over_rev=True, fast_mode=fast
        )
    assert check(WrongTangent.apply, (x,), fast_mode=fast)
    with pytest.raises(RuntimeError, match="computed with forward mode mismatch for output 0"):
        check(WrongTangent.apply, (x,), check_forward_ad=True, fast_mode=fast)


def test_batches_that_differ() -> None:
    class Unlike(torch.autograd.Function):
        """Its backward for a whole batch is another one."""

        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 2

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            return grad * (3 if "Batched" in repr(grad) else 2)

    x = double(2)
    assert torch.autograd.gradcheck(Unlike.apply, (x,))
    with pytest.raises(RuntimeError, match="While testing batched backward mode gradients"):
        torch.autograd.gradcheck(Unlike.apply, (x,), check_batched_grad=True)
