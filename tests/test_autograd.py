"""The engine: backward, grad, accumulation, and what goes wrong."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rushlight as torch


def leaf(*values: float) -> Any:
    return torch.tensor(values, requires_grad=True)


# ---- backward and grad


def test_backward_adds_to_leaves() -> None:
    x, y = leaf(1.0, 2.0), leaf(3.0, 4.0)
    (x * y + x).sum().backward()
    assert x.grad.tolist() == [4.0, 5.0]
    assert y.grad.tolist() == [1.0, 2.0]
    (x * y).sum().backward()
    assert x.grad.tolist() == [7.0, 9.0]
    assert y.grad.tolist() == [2.0, 4.0]


def test_only_leaves_get_gradients() -> None:
    x = leaf(1.0, 2.0)
    y = x * 2
    y.sum().backward()
    assert y.grad is None and not y.is_leaf and x.is_leaf


def test_backward_of_a_leaf() -> None:
    x = torch.tensor(2.0, requires_grad=True)
    x.backward()
    assert x.grad.item() == 1.0
    x.backward(torch.tensor(5.0))
    assert x.grad.item() == 6.0


def test_a_tensor_used_many_times() -> None:
    x = torch.tensor(2.0, requires_grad=True)
    y = x * x
    (y * y + y * x + x).backward()  # x^4 + x^3 + x
    assert x.grad.item() == 4 * 8 + 3 * 4 + 1


def test_backward_weighs_by_gradient() -> None:
    x = leaf(1.0, 2.0)
    (x * 3).backward(torch.tensor([1.0, 10.0]))
    assert x.grad.tolist() == [3.0, 30.0]
    x.grad = None
    (x * 3).backward(gradient=torch.ones(2))
    assert x.grad.tolist() == [3.0, 3.0]


def test_backward_of_several_tensors() -> None:
    x = leaf(1.0, 2.0)
    torch.autograd.backward([(x * 2).sum(), x * 3], [None, torch.tensor([1.0, 10.0])])
    assert x.grad.tolist() == [5.0, 32.0]


def test_backward_to_chosen_inputs() -> None:
    x, y = leaf(1.0), leaf(2.0)
    z = x * y
    (z * 2).sum().backward(inputs=[x])
    assert x.grad.tolist() == [4.0] and y.grad is None
    with pytest.raises(RuntimeError, match="cannot be empty"):
        (x * 2).sum().backward(inputs=[])


def test_grad_returns_and_leaves_grad_alone() -> None:
    x, y = leaf(1.0, 2.0), leaf(3.0, 4.0)
    z = (x * y).sum()
    gx, gy = torch.autograd.grad(z, (x, y))
    assert gx.tolist() == [3.0, 4.0] and gy.tolist() == [1.0, 2.0]
    assert x.grad is None and y.grad is None


def test_grad_of_tensors_inside_the_graph() -> None:
    x = leaf(2.0)
    y = x * 3
    z = (y * y).sum()
    gy, gx, gz = torch.autograd.grad(z, (y, x, z))
    assert gy.tolist() == [12.0] and gx.tolist() == [36.0] and gz.item() == 1.0


def test_grad_of_unused_inputs() -> None:
    x, unused = leaf(1.0), leaf(1.0)
    with pytest.raises(RuntimeError, match="appears to not have been used in the graph"):
        torch.autograd.grad((x * 2).sum(), (x, unused))
    found = torch.autograd.grad((x * 2).sum(), (x, unused), allow_unused=True)
    assert found[0].tolist() == [2.0] and found[1] is None
    found = torch.autograd.grad((x * 2).sum(), (x, unused), materialize_grads=True)
    assert found[1].tolist() == [0.0]


def test_grad_of_one_tensor_asked_for_twice() -> None:
    x = leaf(1.0, 2.0)
    first, second = torch.autograd.grad((x * x).sum(), (x, x))
    assert first.tolist() == second.tolist() == [2.0, 4.0]


def test_higher_derivatives() -> None:
    x = torch.tensor(2.0, requires_grad=True)
    value, expected = x**4, [32.0, 48.0, 48.0, 24.0, 0.0]
    for number in expected[:4]:
        (value,) = torch.autograd.grad(value, x, create_graph=True)
        assert value.item() == number


def test_create_graph_makes_grad_differentiable() -> None:
    x = leaf(1.0, 2.0)
    (x**3).sum().backward(create_graph=True)
    assert x.grad.requires_grad
    penalty = (x.grad * x.grad).sum()
    (gradient,) = torch.autograd.grad(penalty, x)
    np.testing.assert_allclose(gradient.numpy(), 36 * np.array([1.0, 8.0]))
    x.grad = None
    (x**3).sum().backward()
    assert not x.grad.requires_grad


def test_gradient_through_indexing_of_outputs() -> None:
    x = torch.arange(6.0).reshape(2, 3).requires_grad_()
    values, indices = x.max(dim=1)
    assert not indices.requires_grad
    first, _ = x.unbind(0)
    (values.sum() + first.sum()).backward()
    assert x.grad.tolist() == [[1.0, 1.0, 2.0], [0.0, 0.0, 1.0]]


# ---- what goes wrong


def test_backward_twice() -> None:
    x = leaf(1.0, 2.0)
    y = (x * x).sum()
    y.backward()
    with pytest.raises(RuntimeError, match="Trying to backward through the graph a second time"):
        y.backward()
    assert x.grad.tolist() == [2.0, 4.0]


def test_retain_graph() -> None:
    x = leaf(1.0, 2.0)
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.tolist() == [4.0, 8.0]
    with pytest.raises(RuntimeError, match="a second time"):
        y.backward()


def test_shared_part_of_two_graphs_is_freed() -> None:
    x = leaf(1.0, 2.0)
    shared = x.exp()
    shared.sum().backward()
    with pytest.raises(RuntimeError, match="a second time"):
        (shared * 2).sum().backward()


def test_gradient_of_what_is_no_scalar() -> None:
    with pytest.raises(
        RuntimeError, match="grad can be implicitly created only for scalar outputs"
    ):
        (leaf(1.0, 2.0) * 2).backward()
    with pytest.raises(RuntimeError, match="Mismatch in shape: grad_output"):
        (leaf(1.0, 2.0) * 2).backward(torch.ones(3))
    x = leaf(3.0)
    (x * 2).backward()  # one element is enough
    assert x.grad.tolist() == [2.0]


def test_gradient_of_what_was_not_recorded() -> None:
    for tensor in (torch.ones(()), leaf(1.0).detach().sum(), (leaf(1.0) * 2).sum().detach()):
        with pytest.raises(RuntimeError, match="element 0 of tensors does not require grad"):
            tensor.backward()
    x, y = leaf(1.0), torch.ones(1)
    with pytest.raises(RuntimeError, match="does not require grad"):
        torch.autograd.grad((x * y).sum(), y)


def test_change_of_a_saved_tensor() -> None:
    x = leaf(1.0, 2.0)
    y = x * 2
    z = (y * y).sum()
    y.add_(1)
    with pytest.raises(
        RuntimeError,
        match="one of the variables needed for gradient computation has been modified by an "
        r"inplace operation: \[torch.FloatTensor \[2\]\].* is at version 1; expected version 0",
    ):
        z.backward()


def test_change_of_a_saved_output() -> None:
    y = leaf(1.0, 2.0).exp()
    y.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation.*output 0 of Exp"):
        y.sum().backward()


def test_change_of_a_saved_tensor_through_a_view() -> None:
    y = leaf(1.0, 2.0) * 1
    z = (y * y).sum()
    y[0] = 5.0
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.backward()


def test_change_through_detach_is_noticed_and_through_data_is_not() -> None:
    x = leaf(1.0, 2.0)
    y = x * 1
    z = (y * y).sum()
    y.detach().zero_()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.backward()
    y = x * 1
    z = (y * y).sum()
    y.data.zero_()
    z.backward()
    assert x.grad.tolist() == [0.0, 0.0]


def test_change_of_what_was_not_saved() -> None:
    x = leaf(1.0, 2.0)
    y = x * 2
    z = (y + 1).sum()
    y.zero_()
    z.backward()
    assert x.grad.tolist() == [2.0, 2.0]


def test_optimizer_step_between_forward_and_backward() -> None:
    w = leaf(1.0, 2.0)
    loss = (w * w).sum()
    with torch.no_grad():
        w.sub_(0.1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_requires_grad_of_integers() -> None:
    with pytest.raises(RuntimeError, match="nly Tensors of floating point.* can require gradient"):
        torch.ones(2, dtype=torch.int64, requires_grad=True)
    with pytest.raises(RuntimeError, match="nly Tensors of floating point.* can require gradient"):
        torch.arange(3).requires_grad_()


def test_requires_grad_of_what_is_no_leaf() -> None:
    y = leaf(1.0) * 2
    with pytest.raises(RuntimeError, match="you can only change requires_grad flags of leaf"):
        y.requires_grad = False
    assert y.requires_grad_().requires_grad


def test_errors_in_backward_leave_the_mode_as_it_was() -> None:
    x = leaf(1.0)
    y = (x * x).sum()
    y.backward()
    with pytest.raises(RuntimeError):
        y.backward()
    assert torch.is_grad_enabled()
    (x * 2).sum().backward()
    assert x.grad.tolist() == [4.0]


# ---- accumulation


def test_grads_share_no_memory() -> None:
    x, y = leaf(1.0, 2.0), leaf(3.0, 4.0)
    seed = torch.ones(2)
    (x + y).backward(seed)
    pointers = {t.data_ptr() for t in (x.grad, y.grad, seed)}
    assert len(pointers) == 3
    x.grad.zero_()
    assert y.grad.tolist() == [1.0, 1.0] and seed.tolist() == [1.0, 1.0]


def test_grad_of_a_leaf_that_is_the_root() -> None:
    x, seed = leaf(1.0, 2.0), torch.ones(2)
    x.backward(seed)
    assert x.grad.data_ptr() != seed.data_ptr()


def test_accumulation_is_in_place() -> None:
    x = leaf(1.0, 2.0)
    (x * 2).sum().backward()
    grad = x.grad
    (x * 2).sum().backward()
    assert x.grad is grad and grad.tolist() == [4.0, 4.0]


def test_grads_of_grad_share_no_memory_with_the_seed() -> None:
    x = leaf(1.0, 2.0)
    seed = torch.ones(2)
    (gradient,) = torch.autograd.grad(x * 2, x, seed)
    gradient.zero_()
    assert seed.tolist() == [1.0, 1.0]


def test_broadcasting_is_undone() -> None:
    shapes = [((2, 3), (3,)), ((2, 1), (1, 3)), ((2, 3), ()), ((4, 1, 3), (2, 1)), ((1,), (2, 3))]
    for a, b in shapes:
        x, y = torch.ones(a, requires_grad=True), torch.ones(b, requires_grad=True)
        z = x * y
        z.sum().backward()
        assert x.grad.shape == x.shape and y.grad.shape == y.shape
        assert x.grad.flatten()[0].item() == z.numel() / x.numel()
        assert y.grad.flatten()[0].item() == z.numel() / y.numel()


def test_promotion_is_undone() -> None:
    x = torch.ones(2, requires_grad=True)
    y = torch.ones(2, dtype=torch.float64, requires_grad=True)
    (x * y).sum().backward()
    assert x.grad.dtype is torch.float32 and y.grad.dtype is torch.float64


def test_grad_of_nothing() -> None:
    with pytest.raises((RuntimeError, ValueError), match="cannot be empty"):
        torch.autograd.grad((leaf(1.0) * 2).sum(), [])
    with pytest.raises(TypeError, match="gradients can be either Tensors or None, but got str"):
        leaf(1.0).backward("one")


def test_assigned_grad_is_checked() -> None:
    x = leaf(1.0, 2.0)
    x.grad = torch.ones(2)
    x.grad = None
    with pytest.raises(TypeError, match="assigned grad expected to be a Tensor or None"):
        x.grad = 3.0
    with pytest.raises(RuntimeError, match=r"assign a gradient of size '\[3\]' to a tensor of "):
        x.grad = torch.ones(3)
    with pytest.raises(RuntimeError, match="attempting to assign a gradient with dtype"):
        x.grad = torch.ones(2, dtype=torch.float64)


# ---- the graph as users see it


def test_next_functions() -> None:
    x, y = leaf(1.0), leaf(2.0)
    z = (x * y).exp()
    assert type(z.grad_fn).__name__ == "ExpBackward0" == z.grad_fn.name()
    ((product, number),) = z.grad_fn.next_functions
    assert product.name() == "MulBackward0" and number == 0
    (first, second) = product.next_functions
    assert type(first[0]).__name__ == "AccumulateGrad" and first[0].variable is x
    assert second[0].variable is y
    assert (x + 1).grad_fn.next_functions[0][0].variable is x
    ((_, _), constant) = (x * torch.ones(1)).grad_fn.next_functions
    assert constant == (None, 0)
    assert x.grad_fn is None


def test_grad_fn_of_outputs_share_a_node() -> None:
    class Two(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 1, x * 2

        @staticmethod
        def backward(ctx: Any, first: Any, second: Any) -> Any:
            return first + 2 * second

    x = leaf(1.0, 2.0)
    a, b = Two.apply(x)
    assert a.grad_fn is b.grad_fn and (a.output_nr, b.output_nr) == (0, 1)
    (a.sum() + b.sum()).backward()
    assert x.grad.tolist() == [3.0, 3.0]
    x.grad = None
    Two.apply(x)[1].sum().backward()  # the other gradient comes as zeros
    assert x.grad.tolist() == [2.0, 2.0]


def test_detach_shares_memory_and_version() -> None:
    y = leaf(1.0, 2.0) * 1
    d = y.detach()
    assert d.data_ptr() == y.data_ptr() and not d.requires_grad and d.is_leaf
    d.add_(1)
    assert y.tolist() == [2.0, 3.0] and y._version == d._version == 1


def test_detach_in_place() -> None:
    y = leaf(1.0, 2.0) * 2
    assert y.detach_() is y
    assert not y.requires_grad and y.grad_fn is None


def test_tensor_imports_nothing_that_stands_on_it() -> None:
    above = ("autograd", "ops", "printing", "nn", "optim", "graph")
    source = Path(inspect.getfile(torch.Tensor)).read_text()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.level == 1:
            name = (node.module or node.names[0].name).split(".")[0]
            assert name not in above or ast.unparse(node) == "from .autograd.view import View"


def test_old_arguments():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    (found,) = torch.autograd.grad((x * x).sum(), x, None, None, False, True)
    assert found.tolist() == [2.0, 4.0]
    with pytest.warns(FutureWarning, match="only_inputs argument is deprecated"):
        torch.autograd.grad((x * x).sum(), x, only_inputs=False)
    with pytest.warns(FutureWarning, match="`grad_variables` is deprecated"):
        torch.autograd.backward(x * x, grad_variables=torch.ones(2))
    assert x.grad.tolist() == [2.0, 4.0]
    with pytest.warns(FutureWarning), pytest.raises(RuntimeError, match="arguments both passed"):
        torch.autograd.backward(x * x, torch.ones(2), grad_variables=torch.ones(2))


def test_inputs_in_a_dictionary():
    layer = torch.nn.Linear(2, 1)
    x = torch.tensor([[1.0, 2.0]])
    found = torch.autograd.grad(layer(x).sum(), dict(layer.named_parameters()))
    assert list(found) == ["weight", "bias"]
    assert found["weight"].tolist() == [[1.0, 2.0]] and found["bias"].tolist() == [1.0]
    torch.autograd.backward(layer(x).sum(), inputs={"bias": layer.bias})
    assert layer.weight.grad is None and layer.bias.grad.tolist() == [1.0]


@pytest.mark.parametrize(
    ("name", "run"),
    [
        ("AddmmBackward0", lambda f, x: f.linear(x, torch.ones(4, 3), torch.ones(4))),
        ("MmBackward0", lambda f, x: f.linear(x, torch.ones(4, 3))),
        ("ViewBackward0", lambda f, x: f.linear(x[None], torch.ones(4, 3), torch.ones(4))),
        ("UnsafeViewBackward0", lambda f, x: f.linear(x[None], torch.ones(4, 3))),
        ("MseLossBackward0", lambda f, x: f.mse_loss(x, torch.ones(2, 3))),
        ("MseLossBackward0", lambda f, x: f.mse_loss(x, torch.ones(2, 3), reduction="sum")),
        ("SmoothL1LossBackward0", lambda f, x: f.smooth_l1_loss(x, torch.ones(2, 3))),
        ("HuberLossBackward0", lambda f, x: f.huber_loss(x, torch.ones(2, 3))),
        ("BinaryCrossEntropyBackward0", lambda f, x: f.binary_cross_entropy(x, torch.ones(2, 3))),
        (
            "BinaryCrossEntropyWithLogitsBackward0",
            lambda f, x: f.binary_cross_entropy_with_logits(x, torch.ones(2, 3)),
        ),
    ],
)
def test_names_that_programs_print(name, run):
    x = torch.full((2, 3), 0.5, requires_grad=True)
    result = run(torch.nn.functional, x)
    assert result.grad_fn.name() == name
    (gradient,) = torch.autograd.grad(result.sum(), x)
    assert gradient.shape == x.shape and gradient.abs().sum() > 0
