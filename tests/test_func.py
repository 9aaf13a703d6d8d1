"""Transforms of functions: what nests, what is left alone, models as functions, refusals."""

from __future__ import annotations

import functools
import warnings
from typing import Any

import numpy as np
import pytest

import rushlight as torch
import rushlight.autograd.forward_ad as fwAD
from example_programs import load_example
from rushlight import Tensor, nn
from rushlight.func import functional_call, grad, jacrev, stack_module_state, vjp, vmap
from rushlight.nn import functional as F

example = load_example("per_sample_gradients")


def mlp() -> nn.Module:
    torch.manual_seed(3)
    return nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 4))


# ---- gradients of each example, ensembles


@pytest.mark.parametrize("make", [mlp, example.Net])
def test_per_sample_gradients(make: Any) -> None:
    model = make()
    torch.manual_seed(1)
    x = torch.randn(5, 6) if make is mlp else torch.randn(5, 1, 28, 28)
    y = torch.randint(0, 4, (5,))
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # no kernel falls back to a loop
        found = example.per_sample_gradients(model, x, y)
    for i in range(5):
        loss = F.cross_entropy(model(x[i : i + 1]), y[i : i + 1])
        expected = torch.autograd.grad(loss, list(model.parameters()))
        for (name, gradient), alone in zip(found.items(), expected, strict=True):
            assert not gradient.requires_grad
            assert torch.allclose(gradient[i], alone, atol=1e-5), name
    assert all(p.grad is None for p in model.parameters())


def test_gradient_of_per_sample_gradients() -> None:
    model = mlp().double()
    x, y = torch.randn(3, 6).double(), torch.tensor([0, 3, 1])

    def norm(weight: Tensor) -> Tensor:
        def loss(weight: Tensor, image: Tensor, label: Tensor) -> Tensor:
            scores = functional_call(model, {"0.weight": weight}, (image,))
            return F.cross_entropy(scores[None], label[None])

        return (vmap(grad(loss), in_dims=(None, 0, 0))(weight, x, y) ** 2).sum()

    weight = model[0].weight.detach().clone().requires_grad_()
    assert torch.autograd.gradcheck(norm, (weight,))
    (by_engine,) = torch.autograd.grad(norm(weight), weight)
    assert torch.allclose(grad(norm)(weight.detach()), by_engine)


def test_ensemble() -> None:
    models = [example.Net() for _ in range(4)]
    x = torch.randn(3, 1, 28, 28)
    found = example.scores_of_all(models, x)
    for scores, model in zip(found, models, strict=True):
        assert torch.allclose(scores, model(x), atol=1e-5)


def test_ensemble_learns_by_backward() -> None:
    models = [mlp() for _ in range(3)]
    parameters, buffers = stack_module_state(models)
    x = torch.randn(3, 5, 6)
    base = mlp()
    call = lambda p, b, a: functional_call(base, (p, b), (a,))  # noqa: E731
    vmap(call)(parameters, buffers, x).square().sum().backward()
    for i, model in enumerate(models):
        model(x[i]).square().sum().backward()
        for name, parameter in model.named_parameters():
            assert torch.allclose(parameters[name].grad[i], parameter.grad, atol=1e-4), name


def test_shared_parameters_get_the_sum_over_the_batch() -> None:
    model, x = mlp(), torch.randn(5, 6)
    vmap(model)(x).square().sum().backward()
    found = [p.grad.clone() for p in model.parameters()]
    model.zero_grad()
    model(x).square().sum().backward()
    for a, p in zip(found, model.parameters(), strict=True):
        assert torch.allclose(a, p.grad, atol=1e-5)


# ---- what nests, and what is left alone


def test_third_derivative_of_a_batch() -> None:
    third = grad(grad(grad(lambda x: x.sin())))
    x = torch.linspace(0, 1, 5, dtype=torch.float64)
    assert torch.allclose(vmap(third)(x), -x.cos())
    assert torch.allclose(vmap(vmap(third))(x.reshape(5, 1)), -x.cos().reshape(5, 1))


def test_jacobian_of_a_batched_function() -> None:
    x = torch.randn(3, 2).double()
    found = jacrev(vmap(lambda b: b[0] * b[1]))(x)
    expected = torch.zeros(3, 3, 2).double()
    for i in range(3):
        expected[i, i] = x[i].flip(0)
    assert torch.equal(found, expected)


def test_results_keep_the_history_of_what_is_outside() -> None:
    w = torch.tensor(3.0, requires_grad=True)
    found = grad(lambda x: w * x**2)(torch.tensor(2.0))
    assert found.requires_grad
    found.backward()
    assert w.grad is not None and float(w.grad) == 4.0
    with torch.no_grad():
        assert not grad(lambda x: w * x**2)(torch.tensor(2.0)).requires_grad


def test_inner_no_grad_counts() -> None:
    def function(x: Tensor) -> Tensor:
        with torch.no_grad():
            shift = x**2
        return x**2 - shift

    assert float(grad(function)(torch.tensor(3.0))) == 6.0


def test_vjp_runs_twice() -> None:
    x = torch.tensor([1.0, 2.0])
    _, pull = vjp(torch.square, x)
    assert [pull(torch.ones(2))[0].tolist() for _ in range(2)] == [[2.0, 4.0]] * 2
    found = vmap(lambda v: pull(v)[0])(torch.eye(2))
    assert found.tolist() == [[2.0, 0.0], [0.0, 4.0]]


def test_gradients_within_a_batch_that_is_a_view() -> None:
    x = torch.arange(12.0).reshape(2, 3, 2)
    found = vmap(grad(lambda a: (a.T[0] ** 2).sum()), in_dims=1, out_dims=1)(x)
    expected = torch.zeros(2, 3, 2)
    expected[:, :, 0] = 2 * x[:, :, 0]
    assert torch.equal(found, expected)


# ---- vmap


def test_in_place_on_a_batch_writes_its_memory() -> None:
    x = torch.zeros(3, 2)
    vmap(lambda a, b: a.add_(b))(x, torch.tensor([1.0, 2.0, 3.0]))
    assert x.tolist() == [[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]]


def test_in_place_on_a_view_of_an_example() -> None:
    def function(a: Tensor) -> Tensor:
        b = a * 1
        b[0].mul_(10)
        return b

    x = torch.ones(2, 2, requires_grad=True)
    found = vmap(function)(x)
    assert found.tolist() == [[10.0, 1.0]] * 2
    found.sum().backward()
    assert x.grad is not None and x.grad.tolist() == [[10.0, 1.0]] * 2


@pytest.mark.parametrize("randomness", ["same", "different"])
def test_random_numbers(randomness: str) -> None:
    for draw in (lambda a: a + torch.rand(50), lambda a: a + torch.randn(50),
                 lambda a: torch.rand_like(a.new_zeros(50)) if randomness == "different"
                 else torch.rand(50), lambda a: torch.randperm(50)):  # fmt: skip
        first, second = vmap(draw, randomness=randomness)(torch.zeros(2))
        assert torch.equal(first, second) == (randomness == "same")


def test_dropout_differs_between_examples() -> None:
    found = vmap(F.dropout, randomness="different")(torch.ones(2, 200))
    assert not torch.equal(found[0], found[1])
    assert set(found.flatten().tolist()) == {0.0, 2.0}


def test_a_kernel_without_a_rule_warns_once() -> None:
    from rushlight.func import table

    weights = torch.tensor([0.1, 0.9])
    call = functools.partial(F.nll_loss, reduction="mean")
    x, y = torch.randn(2, 3, 2), torch.zeros(2, 3, dtype=torch.int64)
    table._told.discard("nll_loss")
    with pytest.warns(UserWarning, match="performance drop"):
        found = vmap(lambda a, b, w: call(a, b, weight=w))(x, y, torch.stack([weights, weights]))
    assert torch.allclose(found[1], call(x[1], y[1], weight=weights))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        vmap(lambda a, b, w: call(a, b, weight=w))(x, y, torch.stack([weights, weights]))


def test_batch_norm_that_would_move_shared_statistics() -> None:
    layer = nn.BatchNorm1d(3)
    with pytest.raises(RuntimeError, match="running_mean or running_var"):
        vmap(layer)(torch.randn(2, 4, 3))
    layer.eval()
    x = torch.randn(2, 4, 3)
    assert torch.allclose(vmap(layer)(x), layer(x.reshape(8, 3)).reshape(2, 4, 3))


def test_a_batch_prints_itself() -> None:
    seen = []
    vmap(lambda a: (seen.append(repr(a)), a)[1])(torch.ones(2))
    assert seen[0].startswith("BatchedTensor(lvl=") and "tensor([1., 1.])" in seen[0]


@pytest.mark.parametrize("dims", [(0, 0), (1, 0), (0, 1), (1, 1)])
def test_function_with_a_vmap_of_its_own(dims: tuple[int, int]) -> None:
    class Doubled(torch.autograd.Function):
        @staticmethod
        def forward(x: Tensor) -> Tensor:
            return torch.from_numpy(x.detach().numpy() * 2)  # which no batch could pass

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            pass

        @staticmethod
        def backward(ctx: Any, gradient: Tensor) -> Tensor:
            return gradient * 2

        @staticmethod
        def vmap(info: Any, in_dims: Any, x: Tensor) -> Any:
            assert (info.batch_size, info.randomness) == (x.shape[in_dims[0]], "error")
            return Doubled.apply(x), in_dims[0]

    x = torch.randn(2, 3, requires_grad=True)
    found = vmap(Doubled.apply, in_dims=dims[0], out_dims=dims[1])(x)
    assert torch.equal(found if dims[0] == dims[1] else found.T, x * 2)
    found.sum().backward()
    assert x.grad is not None and torch.equal(x.grad, torch.full((2, 3), 2.0))


# ---- models as functions


def test_functional_call_puts_everything_back() -> None:
    model = mlp()
    before = dict(model.named_parameters())
    with pytest.raises(RuntimeError):
        functional_call(model, {"0.weight": torch.zeros(1, 1)}, (torch.zeros(6),))
    after = dict(model.named_parameters())
    assert all(after[name] is value for name, value in before.items())


def test_functional_call_ties_weights() -> None:
    model = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False))
    model[1].weight = model[0].weight
    given = {"0.weight": 2 * torch.eye(2)}
    x = torch.tensor([1.0, 3.0])
    assert functional_call(model, given, x).tolist() == [4.0, 12.0]
    alone = functional_call(model, given, x, tie_weights=False)
    assert torch.allclose(alone, model[1](2 * x))
    with pytest.raises(ValueError, match="multiple values"):
        functional_call(model, {"0.weight": torch.eye(2), "1.weight": torch.ones(2, 2)}, x)


def test_stack_module_state_refuses_others() -> None:
    with pytest.raises(RuntimeError, match="at least one model"):
        stack_module_state([])
    with pytest.raises(RuntimeError, match="same class"):
        stack_module_state([nn.Linear(1, 1), nn.Tanh()])
    with pytest.raises(RuntimeError, match="training/eval"):
        stack_module_state([nn.Linear(1, 1), nn.Linear(1, 1).eval()])


# ---- dual numbers


def test_dual_numbers() -> None:
    with fwAD.dual_level():
        x = fwAD.make_dual(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 0.5]))
        y = torch.tensor([3.0, 4.0])
        primal, tangent = fwAD.unpack_dual(x * x * y)
        assert primal.tolist() == [3.0, 16.0] and tangent is not None
        assert tangent.tolist() == [6.0, 8.0]
        assert not primal.requires_grad and not tangent.requires_grad
        assert fwAD.unpack_dual(x).tangent.tolist() == [1.0, 0.5]  # type: ignore[union-attr]
        assert fwAD.unpack_dual(y) == (y, None)
        assert fwAD.unpack_dual(x.new_ones(2) * y).tangent is None
    assert fwAD.unpack_dual(y).tangent is None


def test_dual_numbers_through_a_module() -> None:
    model = mlp().double()
    x, v = torch.randn(3, 6).double(), torch.randn(3, 6).double()
    with fwAD.dual_level():
        found = fwAD.unpack_dual(model(fwAD.make_dual(x, v))).tangent
    expected = torch.func.jvp(functools.partial(functional_call, model, {}), (x,), (v,))[1]
    assert found is not None and torch.allclose(found, expected)


def test_dual_numbers_are_refused() -> None:
    one = torch.ones(1)
    with pytest.raises(RuntimeError, match="no level exists"):
        fwAD.make_dual(one, one)
    with fwAD.dual_level():
        with pytest.raises(RuntimeError, match="different size"):
            fwAD.make_dual(one, torch.ones(2))
        with pytest.raises(ValueError, match="floating point"):
            fwAD.make_dual(one.long(), one)
        with pytest.raises(RuntimeError, match="Nested"):
            fwAD.enter_dual_level()
    with pytest.raises(RuntimeError, match="exit a forward AD level"):
        fwAD.exit_dual_level()


# ---- many weights at once


def test_batched_gradients() -> None:
    x, unused = torch.tensor([1.0, 2.0], requires_grad=True), torch.ones(2, requires_grad=True)
    options: dict[str, Any] = {"is_grads_batched": True, "retain_graph": True}
    y, eye = x**2, torch.eye(2)
    (rows,) = torch.autograd.grad(y, x, eye, **options)
    assert rows.tolist() == [[2.0, 0.0], [0.0, 4.0]]
    (rows,) = torch.autograd.grad((y, y.sum()), x, (eye, torch.tensor([1.0, 0.0])), **options)
    assert rows.tolist() == [[4.0, 4.0], [0.0, 4.0]]
    (rows,) = torch.autograd.grad((y, y.sum()), x, (eye, None), **options)
    assert rows.tolist() == [[4.0, 4.0], [2.0, 8.0]]
    rows, none = torch.autograd.grad(y, (x, unused), eye, allow_unused=True, **options)
    assert rows.shape == (2, 2) and none is None
    _, zeros = torch.autograd.grad(y, (x, unused), eye, materialize_grads=True, **options)
    assert zeros.tolist() == [0.0, 0.0]
    (rows,) = torch.autograd.grad(y, x, eye, create_graph=True, is_grads_batched=True)
    assert torch.autograd.grad(rows.sum(), x)[0].tolist() == [2.0, 2.0]
    with pytest.raises(RuntimeError, match=r"grad_output\[0\] has a shape of .* and output\[0\]"):
        torch.autograd.grad(y, x, torch.eye(3), **options)
    with pytest.raises(ValueError, match="Expected allow_unused to be True or not passed"):
        torch.autograd.grad(y, x, torch.ones(2), materialize_grads=True, allow_unused=False)


def test_jacobians_at_once() -> None:
    def function(x: Tensor, y: Tensor) -> Any:
        return x[:, None] * y.exp(), (x**3).sum()

    x, y = torch.tensor([1.0, 2.0]).double(), torch.tensor([0.5, 1.0, -1.0]).double()
    expected = torch.autograd.functional.jacobian(function, (x, y))
    for strategy in ("reverse-mode", "forward-mode"):
        found = torch.autograd.functional.jacobian(
            function, (x, y), vectorize=True, strategy=strategy
        )
        for row, other in zip(found, expected, strict=True):
            for part, alone in zip(row, other, strict=True):
                assert part.shape == alone.shape and torch.allclose(part, alone)
                assert not part.requires_grad
        second = torch.autograd.functional.hessian(
            lambda x: (x**3).sum(), x, vectorize=True, outer_jacobian_strategy=strategy
        )
        assert second.tolist() == [[6.0, 0.0], [0.0, 12.0]]


# ---- random numbers


@pytest.mark.parametrize("draw", [
    torch.poisson,
    lambda x: torch.binomial(x, torch.full_like(x, 0.5)),
    torch._standard_gamma,
    torch._sample_dirichlet,
    lambda x: F.rrelu(-x, training=True),
])  # fmt: skip
def test_samplers_within_vmap(draw: Any) -> None:
    x = torch.full((3, 4), 20.0)
    with pytest.raises(RuntimeError, match="randomness error mode"):
        vmap(draw)(x)
    with pytest.raises(RuntimeError, match="does not currently support same randomness"):
        vmap(draw, randomness="same")(x)
    different = vmap(draw, randomness="different")(x)
    assert different.shape == (3, 4) and different.std(0).max() > 0
    shared = vmap(lambda x, y: draw(y) + 0 * x, (0, None), randomness="same")(x, x[0])
    assert shared.std(0).max() == 0 and shared.std() > 0


def test_dropout_of_attention_within_vmap() -> None:
    q = torch.ones(3, 1, 4, 8)

    def attend(q: Tensor) -> Tensor:
        return F.scaled_dot_product_attention(q, q, q, dropout_p=0.5)

    with pytest.raises(RuntimeError, match="randomness error mode"):
        vmap(attend)(q)
    different = vmap(attend, randomness="different")(q)
    same = vmap(attend, randomness="same")(q)
    assert different.std(0).max() > 0 and same.std(0).max() == 0 and same.std() > 0


# ---- views of each example


def test_views_share_the_batch() -> None:
    x = torch.arange(24.0).reshape(2, 3, 4)

    def change(x: Tensor) -> Tensor:
        x.diagonal()[:] = 0
        x.as_strided((2, 2), (4, 1), x.storage_offset() + 1).mul_(10)
        x[1:].unfold(1, 2, 2).neg_()
        return x

    for in_dim in (0, 1, 2):
        batch = x.movedim(0, in_dim).clone(memory_format=torch.contiguous_format)
        alone = [change(example.clone()) for example in x]
        if in_dim:  # an example's strides are those in the batch
            batch = batch.movedim(in_dim, 0).contiguous().movedim(0, in_dim)
        changed = vmap(change, in_dim)(batch)
        assert torch.equal(changed, torch.stack(alone))
        assert torch.equal(batch.movedim(in_dim, 0), changed)  # in place
    with pytest.raises(NotImplementedError, match="Cannot access storage of a batched tensor"):
        vmap(lambda x: x.untyped_storage())(x)


def test_gradients_of_layer_norm_of_each_example() -> None:
    x, weights, biases = torch.randn(3, 4, 5), torch.randn(3, 5), torch.randn(3, 5)

    def loss(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        return (F.layer_norm(x, (5,), weight, bias) ** 2 * torch.arange(5.0)).sum()

    gradient = grad(loss, (0, 1, 2))
    for in_dims in ((0, 0, 0), (0, None, None), (None, 0, 0)):
        given = [v[0] if dim is None else v for v, dim in zip((x, weights, biases), in_dims,
                                                              strict=True)]  # fmt: skip
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # no kernel falls back to a loop
            found = vmap(gradient, in_dims)(*given)
        for i in range(3):
            example = [v if dim is None else v[i] for v, dim in zip(given, in_dims, strict=True)]
            for batch, alone in zip(found, gradient(*example), strict=True):
                assert torch.allclose(batch[i], alone, atol=1e-4)


@pytest.mark.parametrize("read", [
    lambda x: x.numpy(), lambda x: x.numpy(force=True), lambda x: x.cpu().numpy(),
    lambda x: np.asarray(x),
])  # fmt: skip
def test_a_batched_tensor_has_no_array(read):
    with pytest.raises(RuntimeError, match="vmap: a batched tensor has no array, .* outside of vm"):
        torch.vmap(lambda x: torch.tensor(read(x)))(torch.ones(3, 2))


def test_functional_call_refuses_names() -> None:
    model, x = mlp(), torch.zeros(6)
    with pytest.raises(RuntimeError, match="Missing key"):
        functional_call(model, {"0.bias": torch.zeros(8)}, x, strict=True)
    with pytest.raises(ValueError, match="multiple dictionaries"):
        functional_call(model, ({"0.bias": x}, {"0.bias": x}), x)


def test_names_that_the_module_does_not_have() -> None:
    given = {"weight": torch.ones(2, 2), "elsewhere": torch.ones(1)}
    net = nn.Linear(2, 2, bias=False)
    assert functional_call(net, given, torch.ones(1, 2)).tolist() == [[2, 2]]
    with pytest.raises(RuntimeError, match=r"Unexpected key\(s\): elsewhere"):
        functional_call(net, given, torch.ones(1, 2), strict=True)


def test_a_batch_moves_to_another_device() -> None:
    """`to` of an example moves the batch, and its gradients come back."""
    x = torch.arange(6.0).reshape(3, 2)
    there = torch.vmap(lambda v: v.to("strict") * 2)(x)
    assert there.device.type == "strict" and torch.equal(there.cpu(), x * 2)
    gradient = torch.vmap(torch.func.grad(lambda v: (v.to("strict") ** 2).sum().cpu()))(x)
    assert torch.equal(gradient, x * 2)
