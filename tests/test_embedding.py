"""Embeddings: what their gradients are beyond the derivative, and rows that are shortened."""

from __future__ import annotations

import pytest

import rushlight as torch
import rushlight.nn.functional as F

INDICES = [[1, 2, 1], [0, 2, 1]]


def _gradient(**options: object) -> list[list[float]]:
    weight = torch.ones(4, 2, requires_grad=True)
    F.embedding(torch.tensor(INDICES), weight, **options).sum().backward()
    return weight.grad.tolist()


def test_the_padding_gets_no_gradient() -> None:
    assert _gradient(padding_idx=2) == [[1, 1], [3, 3], [0, 0], [0, 0]]
    assert _gradient(padding_idx=-3) == [[1, 1], [0, 0], [2, 2], [0, 0]]


def test_gradients_by_frequency() -> None:
    assert _gradient(scale_grad_by_freq=True) == [[1, 1], [1, 1], [1, 1], [0, 0]]


@pytest.mark.parametrize(("norm_type", "size"), [(2.0, 5.0), (1.0, 7.0), (float("inf"), 4.0)])
def test_rows_that_are_named_are_shortened(norm_type: float, size: float) -> None:
    weight = torch.tensor([[3.0, 4.0], [0.3, 0.4], [3.0, 4.0]], requires_grad=True)
    rows = F.embedding(torch.tensor([0, 1, 0]), weight, max_norm=1.0, norm_type=norm_type)
    assert weight._version == 1
    assert torch.allclose(weight[0], torch.tensor([3.0, 4.0]) / size)
    assert torch.equal(weight[1:], torch.tensor([[0.3, 0.4], [3.0, 4.0]]))
    assert torch.equal(rows, weight[[0, 1, 0]])


def test_bags_by_frequency() -> None:
    weight = torch.ones(4, 2, requires_grad=True)
    F.embedding_bag(torch.tensor(INDICES), weight, scale_grad_by_freq=True, mode="sum").sum(
    ).backward()
    assert weight.grad.tolist() == [[1, 1], [1, 1], [1, 1], [0, 0]]


def test_sparse_gradients_hold_the_rows_that_are_named() -> None:
    weight = torch.ones(4, 2, requires_grad=True)
    F.embedding(torch.tensor(INDICES), weight, padding_idx=2, sparse=True).sum().backward()
    grad = weight.grad
    assert grad.layout is torch.sparse_coo and grad.shape == (4, 2)
    assert grad._indices().tolist() == [[1, 1, 0, 1]] and not grad.is_coalesced()
    assert torch.equal(grad.to_dense(), torch.tensor(_gradient(padding_idx=2)))
    with pytest.raises(RuntimeError, match="scale_grad_by_freq not supported with sparse"):
        _gradient(scale_grad_by_freq=True, sparse=True)


@pytest.mark.parametrize("mode", ["sum", "mean"])
def test_sparse_gradients_of_bags(mode: str) -> None:
    found = []
    for sparse in (False, True):
        weight = torch.ones(4, 2, requires_grad=True)
        options = {"mode": mode, "sparse": sparse, "padding_idx": 2}
        F.embedding_bag(torch.tensor(INDICES), weight, **options).pow(2).sum().backward()
        found.append(weight.grad.to_dense().tolist())
        assert weight.grad.is_sparse is sparse
    assert found[0] == found[1]
    with pytest.raises(ValueError, match="max mode does not support sparse weights"):
        F.embedding_bag(torch.tensor(INDICES), torch.ones(4, 2), mode="max", sparse=True)
