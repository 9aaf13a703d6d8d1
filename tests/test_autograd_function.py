"""Operations that users define: `torch.autograd.Function` in both styles."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np
import pytest

import rushlight as torch
import rushlight.autograd.forward_ad as fwAD
from rushlight.autograd.gradcheck import gradcheck, gradgradcheck


class Cube(torch.autograd.Function):
    """One forward for both: computing and saving."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x * x * x

    @staticmethod
    def backward(ctx: Any, grad: Any) -> Any:
        (x,) = ctx.saved_tensors
        return 3 * x * x * grad


class Scale(torch.autograd.Function):
    """forward and setup_context apart; an argument that is no tensor."""

    @staticmethod
    def forward(x: Any, factor: float) -> Any:
        return x * factor

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        _, ctx.factor = inputs

    @staticmethod
    def backward(ctx: Any, grad: Any) -> Any:
        return grad * ctx.factor, None


def double(*shape: int) -> Any:
    values = np.random.default_rng(0).standard_normal(shape)
    return torch.from_numpy(values).requires_grad_()


def test_both_styles() -> None:
    x = double(3)
    assert gradcheck(Cube.apply, (x,)) and gradgradcheck(Cube.apply, (x,))
    assert gradcheck(lambda t: Scale.apply(t, 2.5), (x,))
    assert gradgradcheck(lambda t: Scale.apply(Cube.apply(t), 2.5), (x,))


def test_names() -> None:
    y = Cube.apply(double(3))
    assert type(y.grad_fn).__name__ == "CubeBackward" == y.grad_fn.name()
    assert "grad_fn=<CubeBackward>" in repr(y)


def test_forward_is_not_recorded() -> None:
    class Look(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            assert not torch.is_grad_enabled()
            assert not (x * 2).requires_grad
            return x * 2

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            seen.append(torch.is_grad_enabled())
            return grad * 2

    seen: list[bool] = []
    x = double(2)
    Look.apply(x).sum().backward()
    torch.autograd.grad(Look.apply(x).sum(), x, create_graph=True)
    assert seen == [False, True]


def test_nothing_is_recorded_without_need() -> None:
    assert Cube.apply(torch.ones(2)).grad_fn is None
    with torch.no_grad():
        assert not Cube.apply(double(2)).requires_grad


def test_several_inputs_and_outputs() -> None:
    class SumAndProduct(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any, y: Any) -> Any:
            ctx.save_for_backward(x, y)
            return x + y, x * y

        @staticmethod
        def backward(ctx: Any, grad_sum: Any, grad_product: Any) -> Any:
            x, y = ctx.saved_tensors
            return grad_sum + grad_product * y, grad_sum + grad_product * x

    x, y = double(3), double(3)
    assert gradcheck(SumAndProduct.apply, (x, y)) and gradgradcheck(SumAndProduct.apply, (x, y))
    total, _ = SumAndProduct.apply(x, y)
    total.sum().backward()  # the product's gradient comes as zeros
    assert x.grad.tolist() == [1.0] * 3


def test_gradients_that_nothing_came_back_to() -> None:
    class Pair(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.set_materialize_grads(False)
            return x * 1, x * 2

        @staticmethod
        def backward(ctx: Any, first: Any, second: Any) -> Any:
            assert second is None
            return first

    x = double(3)
    Pair.apply(x)[0].sum().backward()
    assert x.grad.tolist() == [1.0] * 3


def test_needs_input_grad() -> None:
    class Product(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any, y: Any, factor: float) -> Any:
            ctx.save_for_backward(x, y)
            return x * y

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            seen.append(ctx.needs_input_grad)
            return grad * ctx.saved_tensors[1], None, None

    seen: list[Any] = []
    Product.apply(double(2), torch.ones(2), 2.0).sum().backward()
    assert seen == [(True, False, False)]


def test_saved_output() -> None:
    class Exp(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            y = x.exp()
            ctx.save_for_backward(y)
            return y

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            return grad * ctx.saved_tensors[0]

    x = double(3)
    assert gradcheck(Exp.apply, (x,)) and gradgradcheck(Exp.apply, (x,))


def test_no_cycle_from_a_saved_output(no_leak: Any) -> None:
    class Keep(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            y = x * 2
            ctx.save_for_backward(x, y)
            return y

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            return grad * 2

    y = Keep.apply(double(3))
    gone = weakref.ref(y)
    del y
    assert gone() is None


def test_change_of_a_saved_tensor() -> None:
    x = double(3)
    y = x * 1
    z = Cube.apply(y)
    y.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.sum().backward()


def test_backward_twice() -> None:
    z = Cube.apply(double(3)).sum()
    z.backward()
    with pytest.raises(RuntimeError, match="a second time"):
        z.backward()


def test_non_differentiable_outputs() -> None:
    class MaxWithIndex(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            index, rounded = x.argmax(), x.round()
            ctx.mark_non_differentiable(index, rounded)
            ctx.index, ctx.shape = int(index), x.shape
            return x[index].clone(), index, rounded

        @staticmethod
        def backward(ctx: Any, grad: Any, *others: Any) -> Any:
            result = torch.zeros(ctx.shape, dtype=grad.dtype)
            result[ctx.index] = grad
            return result

    x = torch.tensor([1.0, 3.0, 2.0], requires_grad=True)
    value, index, rounded = MaxWithIndex.apply(x)
    assert value.requires_grad and not index.requires_grad and not rounded.requires_grad
    value.backward()
    assert x.grad.tolist() == [0.0, 1.0, 0.0]


def test_in_place_function() -> None:
    class Doubled(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            x.mul_(2)
            ctx.mark_dirty(x)
            return x

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            return grad * 2

    x = double(3)
    y = x * 1
    assert Doubled.apply(y) is y
    y.sum().backward()
    assert x.grad.tolist() == [2.0] * 3
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
        Doubled.apply(double(3))


def test_input_returned_as_it_is() -> None:
    class Reversed(torch.autograd.Function):
        """Gradient reversal, as in domain-adversarial training."""

        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x.view_as(x)

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            return grad.neg()

    class Same(Reversed):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x

    for function in (Reversed, Same):
        x = double(3)
        y = function.apply(x)
        assert y is not x
        y.sum().backward()
        assert x.grad.tolist() == [-1.0] * 3 and x.is_leaf


def test_wrong_number_of_gradients() -> None:
    class Bad(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any, y: Any) -> Any:
            return x + y

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            return grad

    with pytest.raises(
        RuntimeError,
        match=r"function BadBackward returned an incorrect number of gradients \(expected 2, got 1",
    ):
        Bad.apply(double(2), double(2)).sum().backward()


def test_gradient_of_a_wrong_shape() -> None:
    class Bad(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 2

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            return torch.ones(7, dtype=grad.dtype)

    with pytest.raises(
        RuntimeError, match="Function BadBackward returned an invalid gradient at index 0 - got "
    ):
        Bad.apply(double(2, 3)).sum().backward()


def test_more_nones_than_inputs_are_fine() -> None:
    class Generous(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 2

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            return grad * 2, None, None

    x = double(3)
    Generous.apply(x).sum().backward()
    assert x.grad.tolist() == [2.0] * 3


def test_missing_methods() -> None:
    class Nothing(torch.autograd.Function):
        pass

    class NoBackward(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 2

    with pytest.raises(NotImplementedError, match="must implement the forward function"):
        Nothing.apply(torch.ones(2))
    with pytest.raises(NotImplementedError, match="must implement either the backward or vjp"):
        NoBackward.apply(double(2)).sum().backward()


def test_attributes_and_plain_values() -> None:
    class Power(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any, exponent: int, flag: str = "") -> Any:
            ctx.exponent = exponent
            ctx.save_for_backward(x, None)
            return x**exponent

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            x, nothing = ctx.saved_tensors
            assert nothing is None
            return grad * ctx.exponent * x ** (ctx.exponent - 1), None, None

    x = double(3)
    assert gradcheck(lambda t: Power.apply(t, 3, "flag"), (x,))


@pytest.mark.parametrize("enabled", [False, True])
def test_a_returned_input_comes_back_as_an_alias(enabled: bool) -> None:
    class Same(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any, changed: bool, constant: bool) -> Any:
            if changed:
                x.mul_(2)
                ctx.mark_dirty(x)
            if constant:
                ctx.mark_non_differentiable(x)
            return x

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            return grad, None, None

    with torch.set_grad_enabled(enabled):
        x = torch.ones(2, requires_grad=True)
        for constant in (False, True):
            y = Same.apply(x, False, constant)
            assert y is not x and y.data_ptr() == x.data_ptr()
            assert y.requires_grad == (enabled and not constant)
        z = torch.ones(2) if not enabled else x * 1
        before = z._version
        assert Same.apply(z, True, False) is z
        assert z._version == before + 2 and z.tolist() == [2.0, 2.0]


# ---- tangents, batches, views


class Product(torch.autograd.Function):
    """k x y, whose `jvp` gives ten times the tangent, so that it is seen to be used."""

    seen: list[Any] = []

    @staticmethod
    def forward(ctx: Any, x: Any, y: Any, k: float) -> Any:
        ctx.save_for_backward(x, y)
        ctx.save_for_forward(x, y)
        ctx.k = k
        return k * x * y

    @staticmethod
    def backward(ctx: Any, grad: Any) -> Any:
        x, y = ctx.saved_tensors
        return ctx.k * grad * y, ctx.k * grad * x, None

    @staticmethod
    def jvp(ctx: Any, x_tangent: Any, y_tangent: Any, nothing: Any) -> Any:
        assert nothing is None
        x, y = ctx.saved_tensors
        Product.seen.append(y_tangent)
        return 10 * ctx.k * (x_tangent * y + x * y_tangent)


def test_jvp_of_a_function() -> None:
    x, y, t = torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0]), torch.tensor([1.0, -1.0])
    with fwAD.dual_level():
        dual = fwAD.make_dual(x, t)
        primal, tangent = fwAD.unpack_dual(Product.apply(dual, y, 2.0) + 1)
    assert primal.tolist() == [7.0, 17.0] and tangent.tolist() == [60.0, -80.0]
    assert Product.seen[-1].tolist() == [0.0, 0.0]  # zeros for what does not move
    function = lambda x, y: Product.apply(x * 2, y, 1.0)  # noqa: E731
    value, tangent = torch.func.jvp(function, (x, y), (t, t))
    assert value.tolist() == [6.0, 16.0]
    assert tangent.tolist() == [10 * (2 * 3 + 2 * 1), 10 * (-2 * 4 - 4)]
    # Its backward stays what it was, also where the tangent is differentiated.
    assert torch.func.grad(lambda x: function(x, y).sum())(x).tolist() == [6.0, 8.0]
    twice = torch.func.grad(lambda y: torch.func.jvp(lambda x: function(x, y), (x,), (t,))[1].sum())
    assert twice(y).tolist() == [20.0, -20.0]
    batched = torch.vmap(lambda x, y, t: torch.func.jvp(function, (x, y), (t, t))[1])(x, y, t)
    assert batched.tolist() == tangent.tolist()
    assert torch.func.jacfwd(lambda x: function(x, y))(x).tolist() == [[60.0, 0.0], [0.0, 80.0]]


def test_jvp_alone_and_outputs_kept_for_it() -> None:
    class Exp(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            result = x.exp()
            ctx.save_for_forward(result)
            return result, x > 0

        @staticmethod
        def jvp(ctx: Any, tangent: Any) -> Any:
            return tangent * ctx.saved_tensors[0], None

    x = torch.tensor([0.5, 1.0])
    _, tangent = torch.func.jvp(lambda x: Exp.apply(x)[0], (x,), (torch.ones(2),))
    assert torch.allclose(tangent, x.exp())

    def slope(x: Any) -> Any:
        return torch.func.jvp(lambda x: Exp.apply(x)[0], (x,), (torch.ones(2),))[1]

    _, second = torch.func.jvp(slope, (x,), (torch.ones(2),))
    assert torch.allclose(second, x.exp())
    with pytest.raises(NotImplementedError, match="You must implement either the backward"):
        torch.func.grad(lambda x: Exp.apply(x)[0].sum())(x)


@pytest.mark.parametrize(
    "made, message",
    [(lambda x: (x, x), r"invalid number of forward gradients \(expected 1 but got 2\)"),
     (lambda x: x[:1], r"Tensor is of size \[2\] while the given forward gradient is of size")],
)  # fmt: skip
def test_wrong_results_of_a_jvp(made: Any, message: str) -> None:
    class Wrong(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 2

        @staticmethod
        def jvp(ctx: Any, tangent: Any) -> Any:
            return made(tangent)

    with pytest.raises(RuntimeError, match=message):
        torch.func.jvp(Wrong.apply, (torch.ones(2),), (torch.ones(2),))


def test_generated_vmap_rule() -> None:
    class Square(torch.autograd.Function):
        generate_vmap_rule = True

        @staticmethod
        def forward(x: Any) -> Any:
            return x * x

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            ctx.save_for_backward(*inputs)

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            return 2 * grad * ctx.saved_tensors[0]

    class Both(Square):
        @staticmethod
        def vmap(info: Any, dims: Any, x: Any) -> Any:
            return x * x, dims[0]

    x = torch.tensor([1.0, 2.0])
    assert torch.vmap(torch.func.grad(Square.apply))(x).tolist() == [2.0, 4.0]
    with pytest.raises(RuntimeError, match="both generate_vmap_rule=True and an overridden vmap"):
        torch.vmap(Both.apply)(x)


class Double(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any, beside: bool) -> Any:
        ctx.mark_dirty(x.mul_(2))
        return (x, x + 1) if beside else x

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        return 2 * sum(grads), None


def test_a_changed_view() -> None:
    x = torch.ones(4, requires_grad=True)
    base = x * 1
    view = base[:2]
    assert Double.apply(view, False) is view
    assert base.tolist() == [2.0, 2.0, 1.0, 1.0] and base.grad_fn.name() == "CopySlices"
    (base * torch.tensor([1.0, 2.0, 3.0, 4.0])).sum().backward()
    assert x.grad.tolist() == [2.0, 4.0, 3.0, 4.0]
    with pytest.raises(RuntimeError, match="an input that is a view of another Tensor"):
        Double.apply((x * 1)[:2], True)


def test_what_is_no_tensor_is_refused():
    class Doubled(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            if not isinstance(saved, str):
                ctx.save_for_backward(saved)
            return x * 2

        @staticmethod
        def backward(ctx, grad):
            return 1.0

    x = torch.ones(2, requires_grad=True)
    saved = 3
    with pytest.raises(TypeError, match="save_for_backward can only save variables"):
        Doubled.apply(x)
    saved = "nothing"
    with pytest.raises(RuntimeError, match="DoubledBackward returned a float as gradient 0"):
        Doubled.apply(x).sum().backward()
