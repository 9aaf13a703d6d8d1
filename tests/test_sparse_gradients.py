"""Gradients through sparse tensors, sparse gradients, and what optimizers do with them."""

from __future__ import annotations

import math
from typing import Any

import pytest

import rushlight as torch
import rushlight.nn.functional as F
from sparse_support import split

PLACES = [[0, 1, 1, 1], [2, 0, 2, 1]]
TWICE = [[0, 1, 1, 0], [2, 0, 2, 2]]  # a place that is there twice

# Of s (2, 3), sparse, and m (3, 2), dense.
FUNCTIONS = """
s.to_dense(); s @ m; m @ s; m.t() + s; m.t() - s; (s * m.t()).to_dense(); (s * 3 - s / 2).to_dense()
(s + s * s).to_dense(); s.coalesce().values(); s.t().to_dense(); s[1].to_dense(); s[0, 2]
s.sum(); s.sum(0).to_dense(); torch.sparse.sum(s, 1).to_dense(); s.norm(); s.sin().to_dense()
torch.sparse.softmax(s, 1).to_dense(); torch.sparse.log_softmax(s, 0).to_dense(); s ** 2 @ m
torch.sparse.mm(s, s.t()).to_dense(); torch.sparse.mm(s, m); torch.addmm(m[:2], s, m, alpha=2)
s.to_sparse_csr() @ m; (s.to_sparse_csc() * 2).to_dense(); torch.cat([s, s * 2]).to_dense()
torch.stack([s, s], 1).to_dense(); s.index_select(1, torch.tensor([2, 0, 2])).to_dense()
m.t().sparse_mask(s).to_dense(); s.sparse_mask(s * s).to_dense(); F.linear(m.t(), s)
torch.sparse.sampled_addmm(s.to_sparse_csr(), m[:2], m.t(), beta=2).to_dense()
s.clone().mul_(2) @ m
torch.sparse.mm(s.to_sparse_csr(), m, "mean"); torch.sparse.mm(s.to_sparse_csr(), m, "amax")
torch.narrow_copy(s, 1, 1, 2).to_dense(); s.unsqueeze(0).to_dense(); m.t().clone().add_(s)
"""


@pytest.mark.parametrize("places", [PLACES, TWICE], ids=["once", "twice"])
@pytest.mark.parametrize("text", split(FUNCTIONS))
def test_gradients_by_differences(text: str, places: list[list[int]]) -> None:
    """First and second derivatives by the values, and by the dense operand."""

    def function(values: torch.Tensor, m: torch.Tensor) -> torch.Tensor:
        s = torch.sparse_coo_tensor(places, values, (2, 3))
        return eval(text, {"torch": torch, "s": s, "m": m, "F": F})

    values = torch.tensor([0.5, -1.25, 2.0, 0.75], dtype=torch.float64, requires_grad=True)
    m = torch.linspace(-1, 1.5, 6, dtype=torch.float64).reshape(3, 2).requires_grad_()
    assert torch.autograd.gradcheck(function, (values, m))
    assert torch.autograd.gradgradcheck(function, (values, m))


def test_gradients_of_dense_tensors_that_are_made_sparse() -> None:
    def function(x: torch.Tensor) -> Any:
        return x.to_sparse() @ x.t(), x.to_sparse_csr().sin().to_dense(), x.to_sparse(1).to_dense()

    x = torch.linspace(0.5, 2, 6, dtype=torch.float64).reshape(2, 3).requires_grad_()
    assert torch.autograd.gradcheck(function, (x,))


def test_a_sparse_leaf_gets_a_sparse_gradient() -> None:
    for layout in (torch.sparse_coo, torch.sparse_csr):
        x = torch.eye(2).to_sparse(layout=layout).requires_grad_()
        for count in (1, 2):
            (x @ torch.ones(2, 3)).sum().backward()
            assert x.grad.layout is layout
            assert x.grad.to_dense().tolist() == [[3 * count, 0], [0, 3 * count]]


def embedded(w: torch.Tensor, *names: int) -> torch.Tensor:
    return F.embedding(torch.tensor(names), w, sparse=True)


def test_sums_of_sparse_and_dense_gradients() -> None:
    w = torch.zeros(3, 2, requires_grad=True)
    embedded(w, 1).sum().backward()
    first = w.grad
    embedded(w, 1, 2).sum().backward()
    assert w.grad is first and w.grad.to_dense().tolist() == [[0, 0], [2, 2], [1, 1]]
    w.sum().backward()
    assert w.grad.layout is torch.strided and w.grad.tolist() == [[1, 1], [3, 3], [2, 2]]
    known = w.grad
    embedded(w, 0, 0).sum().backward()
    assert w.grad is known and known.tolist() == [[3, 3], [3, 3], [2, 2]]


@pytest.mark.parametrize("create_graph", [False, True])
def test_sums_within_one_backward(create_graph: bool) -> None:
    w = torch.ones(3, 2, requires_grad=True)
    total = embedded(w, 1).sum() + (w * w).sum() + embedded(w, 1, 2).sum() + embedded(w, 0).sum()
    total.backward(create_graph=create_graph)
    assert w.grad.tolist() == [[3, 3], [4, 4], [3, 3]]
    (gradient,) = torch.autograd.grad(embedded(w, 1, 1).pow(2).sum(), w, create_graph=True)
    assert gradient.is_sparse and gradient.requires_grad
    gradient.to_dense().pow(2).sum().backward()


@pytest.mark.parametrize(("dim", "index"), [(0, [[0, 1], [3, 1]]), (1, [[2], [0], [2]])])
def test_gather(dim: int, index: list[list[int]]) -> None:
    found = []
    for sparse in (True, False):
        x = torch.arange(12.0).reshape(4, 3).requires_grad_()
        torch.gather(x, dim, torch.tensor(index), sparse_grad=sparse).pow(2).sum().backward()
        assert x.grad.is_sparse is sparse
        found.append(x.grad.to_dense().tolist())
    assert found[0] == found[1]
    one = torch.tensor(2.0, requires_grad=True)
    one.gather(0, torch.tensor(0), sparse_grad=True).backward()
    assert one.grad == 1


def test_hooks_and_zeroing() -> None:
    w = torch.ones(3, 2, requires_grad=True)
    w.register_hook(lambda gradient: gradient * 2)
    embedded(w, 1).sum().backward()
    assert w.grad.to_dense().tolist() == [[0, 0], [2, 2], [0, 0]]
    optimizer = torch.optim.SGD([w], lr=1.0)
    optimizer.zero_grad(set_to_none=False)
    assert w.grad.is_sparse and w.grad._nnz() == 0
    optimizer.zero_grad()
    assert w.grad is None


def trained(make: Any, sparse: bool) -> torch.Tensor:
    w = torch.arange(8.0).reshape(4, 2).requires_grad_()
    optimizer = make(w)
    for names in ([1, 3, 1], [0, 1], [2]):
        optimizer.zero_grad()
        F.embedding(torch.tensor(names), w, sparse=sparse).pow(2).sum().backward()
        optimizer.step()
    return w.detach()


@pytest.mark.parametrize(
    "options",
    [{}, {"momentum": 0.9}, {"momentum": 0.9, "nesterov": True}, {"maximize": True}],
    ids=str,
)
def test_sgd_steps_are_those_of_dense_gradients(options: dict[str, Any]) -> None:
    def make(w: torch.Tensor) -> Any:
        return torch.optim.SGD([w], lr=0.25, **options)

    assert torch.allclose(trained(make, True), trained(make, False))


def test_sparse_adam_steps_are_adams_in_rows_with_a_gradient() -> None:
    weights = []
    for make, sparse in ((torch.optim.SparseAdam, True), (torch.optim.Adam, False)):
        w = torch.arange(8.0).reshape(4, 2).requires_grad_()
        optimizer = make([w], lr=0.1)
        for _ in range(3):
            optimizer.zero_grad()
            F.embedding(torch.tensor([1, 3, 1]), w, sparse=sparse).pow(2).sum().backward()
            optimizer.step()
        weights.append(w.detach())
    assert torch.allclose(*weights, atol=1e-5)
    state = torch.optim.SparseAdam([w], lr=0.1).state_dict()
    torch.optim.SparseAdam([w]).load_state_dict(state)


def test_what_optimizers_refuse() -> None:
    w = torch.ones(3, 2, requires_grad=True)
    embedded(w, 1).sum().backward()
    for make in (torch.optim.Adam, torch.optim.AdamW):
        with pytest.raises(RuntimeError, match="Adam does not support sparse gradients, please"):
            make([w]).step()
    with pytest.raises(RuntimeError, match="weight_decay"):
        torch.optim.SGD([w], lr=1.0, weight_decay=0.1).step()
    w.grad = torch.ones(3, 2)
    with pytest.raises(RuntimeError, match="SparseAdam does not support dense gradients, please"):
        torch.optim.SparseAdam([w]).step()
    sparse = torch.eye(2).to_sparse().requires_grad_()
    with pytest.raises(ValueError, match=r"Sparse params at indices \[\[0, 0\]\]"):
        torch.optim.SparseAdam([sparse])
    for options, message in (({"lr": -1}, "learning rate"), ({"betas": (1.0, 0.0)}, "index 0")):
        with pytest.raises(ValueError, match=message):
            torch.optim.SparseAdam([w], **options)


def test_clipping() -> None:
    w = torch.ones(3, 2, requires_grad=True)
    (embedded(w, 1, 1) * torch.tensor([3.0, 4.0])).sum().backward()
    assert math.isclose(torch.nn.utils.clip_grad_norm_([w], 5.0), 10.0)
    assert torch.allclose(w.grad.to_dense()[1], torch.tensor([3.0, 4.0]))
    with pytest.raises(NotImplementedError, match="clamp"):
        torch.nn.utils.clip_grad_value_([w], 1.0)
