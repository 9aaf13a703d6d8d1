"""torch.autograd.functional: derivatives of functions, held against formulas."""

from __future__ import annotations

from typing import Any

import pytest

import rushlight as torch
from rushlight.autograd.functional import hessian, hvp, jacobian, jvp, vhp, vjp

X = torch.tensor([[1.0, 2.0, 3.0], [0.5, -1.0, 2.0]], dtype=torch.float64)
A = torch.tensor([[1.0, 2.0], [0.5, 1.0], [-1.0, 3.0]], dtype=torch.float64)


def both(x: torch.Tensor, y: torch.Tensor) -> Any:
    return x @ y, (x**2).sum()


@pytest.mark.parametrize("options", [{}, {"vectorize": True, "strategy": "forward-mode"}])
def test_jacobian(options: Any) -> None:
    (by_x, by_y), (sum_by_x, sum_by_y) = jacobian(both, (X, A), **options)
    assert by_x.shape == (2, 2, 2, 3) and by_y.shape == (2, 2, 3, 2)
    for i in range(2):
        for j in range(2):
            expected = torch.zeros_like(X)
            expected[i] = A[:, j]
            assert torch.equal(by_x[i, j], expected)
    assert torch.equal(sum_by_x, 2 * X) and not sum_by_y.any()


def test_products_are_those_with_the_jacobian() -> None:
    v = torch.arange(4.0, dtype=torch.float64).reshape(2, 2)
    jacobians = jacobian(both, (X, A))[0]
    _, found = vjp(lambda x, y: x @ y, (X, A), v)
    for gradient, matrix in zip(found, jacobians, strict=True):
        assert torch.allclose(gradient, (v[:, :, None, None] * matrix).sum((0, 1)))
    output, found = jvp(lambda x, y: x @ y, (X, A), (X, A))
    assert torch.equal(output, X @ A) and torch.allclose(found, 2 * X @ A)


def test_hessian_and_its_products() -> None:
    def function(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return (x[0] ** 2 * y[:, 0]).sum()

    found = hessian(function, (X, A))
    assert torch.allclose(found[0][0][0, :, 0, :], torch.diag(2 * A[:, 0]))
    assert torch.allclose(found[0][1][0, :, :, 0], torch.diag(2 * X[0]))
    assert not found[1][1].any()
    v = (X * 0 + 1, A * 0 + 2)
    assert torch.allclose(hvp(function, (X, A), v)[1][0][0], 2 * A[:, 0] + 4 * X[0])
    for a, b in zip(hvp(function, (X, A), v)[1], vhp(function, (X, A), v)[1], strict=True):
        assert torch.allclose(a, b)


def test_results_can_be_differentiated() -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    jacobian(lambda x: x**3, x, create_graph=True).sum().backward()
    assert x.grad.tolist() == [6.0, 12.0]
    assert not jacobian(lambda x: x**3, x).requires_grad
    assert jvp(lambda x: x**3, x, torch.ones(2), create_graph=True)[1].requires_grad


def test_what_strict_refuses() -> None:
    x = torch.ones(2)
    with pytest.raises(RuntimeError, match="Output 0 of the user-provided function does not requi"):
        vjp(lambda x: x.detach(), x, x, strict=True)
    with pytest.raises(RuntimeError, match="independent of input 1"):
        jacobian(lambda x, y: x * 2, (x, x), strict=True)
    with pytest.raises(RuntimeError, match="jacobian of the user-provided function .*input 0"):
        hessian(lambda x: x.sum(), x, strict=True)


def test_shapes_and_types_that_do_not_fit() -> None:
    x = torch.ones(2)
    with pytest.raises(RuntimeError, match="v has invalid size: should be"):
        vjp(torch.exp, x, torch.ones(3))
    with pytest.raises(RuntimeError, match="v is a tuple of invalid length: should be 2 but got 1"):
        jvp(both, (X, A), (X,))
    with pytest.raises(RuntimeError, match="The vector v can only be None"):
        vjp(torch.exp, x)
    with pytest.raises(TypeError, match="outputs of the user-provided function given to jacobian"):
        jacobian(lambda x: 3, x)
    with pytest.raises(RuntimeError, match="should contain a single element"):
        hessian(torch.exp, x)


def test_empty_inputs() -> None:
    assert jacobian(torch.exp, torch.ones(0)).shape == (0, 0)
    assert jacobian(lambda x: x.sum(), torch.ones(0)).shape == (0,)
