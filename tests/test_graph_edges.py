"""torch.autograd.graph: edges, hooks of several tensors and of nodes, versions; long chains."""

from __future__ import annotations

from typing import Any

import pytest

import rushlight as torch
from rushlight.autograd import graph


def test_gradients_at_edges() -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = x * x
    found = torch.autograd.grad(
        (y * y).sum(), [graph.get_gradient_edge(y), graph.get_gradient_edge(x)]
    )
    assert [g.tolist() for g in found] == [[2.0, 8.0], [4.0, 32.0]]
    with pytest.raises(RuntimeError, match="gradient edge for a Tensor that does not require grad"):
        graph.get_gradient_edge(x.detach())


def test_hooks_of_several_tensors() -> None:
    a, b, c = (torch.ones(2, requires_grad=True) for _ in range(3))
    seen: list[Any] = []
    with graph.register_multi_grad_hook([a, b * 1, c], seen.append):
        (a * 2 + b).sum().backward()  # reaches a alone: b * 1 is another tensor
    assert seen[0][0].tolist() == [2, 2] and seen[0][1:] == [None, None]
    product = a * b
    graph.register_multi_grad_hook([a, product], seen.append)
    (product * 3).sum().backward(inputs=[a])
    assert [g.tolist() for g in seen[1]] == [[3, 3], [3, 3]] and len(seen) == 2


def test_prehooks_of_nodes() -> None:
    x = torch.ones(2, requires_grad=True)
    y = (x * 2).split(1)
    handle = y[0].grad_fn.register_prehook(lambda grads: tuple(None if g is None else g * 10
                                                               for g in grads))  # fmt: skip
    sum(part.sum() for part in y).backward(retain_graph=True)
    assert x.grad.tolist() == [20, 2]
    handle.remove()
    y[0].grad_fn.metadata["name"] = "first"
    assert y[0].grad_fn.metadata == {"name": "first"}


def test_versions_and_changes() -> None:
    x = torch.ones(2, requires_grad=True)
    y = x * 1
    out = y.exp()
    graph.increment_version([out])
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        out.sum().backward()
    with graph.allow_mutation_on_saved_tensors():
        y = x.clone()
        out = (y**2).sum()
        y.zero_()
        with (
            pytest.raises(RuntimeError, match="cannot be nested"),
            graph.allow_mutation_on_saved_tensors(),
        ):
            pass
        out.backward()
    assert x.grad.tolist() == [2, 2]


@pytest.mark.slow
def test_a_chain_of_a_million_calls() -> None:
    x = torch.ones(1, requires_grad=True)
    for used in (True, False):
        y = x * 1
        for _ in range(1_000_000):
            y = y + 1
        if used:
            y.backward()
        del y  # frees node after node, without recursion
    assert x.grad.tolist() == [1]
