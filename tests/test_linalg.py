"""`torch.linalg`: what is no row of the sample table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import rushlight as torch
from rushlight import linalg


def test_errors_of_matrices_have_a_type() -> None:
    zero = torch.zeros(2, 2)
    for call in (linalg.inv, linalg.cholesky, linalg.lu_factor, lambda x: linalg.solve(x, x)):
        with pytest.raises(linalg.LinAlgError) as caught:
            call(zero)
        assert isinstance(caught.value, RuntimeError)


def test_codes_instead_of_errors() -> None:
    batch = torch.stack([torch.eye(2), torch.zeros(2, 2)])
    for result in (
        linalg.inv_ex(batch), linalg.solve_ex(batch, batch), linalg.cholesky_ex(batch),
        linalg.lu_factor_ex(batch),
    ):  # fmt: skip
        assert result.info.tolist() == [0, 1] and result.info.dtype is torch.int32
        assert torch.equal(result[0][0], torch.eye(2))


@pytest.mark.parametrize(
    ("call", "fields"),
    [
        (linalg.qr, ("Q", "R")), (linalg.svd, ("U", "S", "Vh")), (torch.svd, ("U", "S", "V")),
        (linalg.eigh, ("eigenvalues", "eigenvectors")), (linalg.lu, ("P", "L", "U")),
        (linalg.slogdet, ("sign", "logabsdet")), (linalg.lu_factor, ("LU", "pivots")),
    ],
)  # fmt: skip
def test_results_have_names_and_take_out(call: Any, fields: tuple[str, ...]) -> None:
    x = torch.tensor([[2.0, 1.0], [1.0, 3.0]])
    result = call(x)
    assert result._fields == fields
    targets = tuple(torch.empty_like(part) for part in result)
    written = call(x, out=targets)
    assert all(map(torch.equal, targets, result)) and all(map(torch.equal, written, result))


def test_what_is_not_finite() -> None:
    nan = torch.full((2, 2), float("nan"))
    batch = torch.stack([torch.eye(2), nan])
    assert linalg.eigvalsh(batch).isnan().tolist() == [[False, False], [True, True]]
    with pytest.raises(RuntimeError, match="input tensor should not contain infs or NaNs"):
        linalg.eig(nan)
    with pytest.raises(linalg.LinAlgError, match="non-finite values"):
        linalg.svdvals(nan)


def test_the_determinant_of_a_singular_matrix_has_a_gradient() -> None:
    x = torch.tensor([[1.0, 2.0], [2.0, 4.0]], dtype=torch.float64, requires_grad=True)
    torch.det(x).backward()
    np.testing.assert_allclose(x.grad.numpy(), [[4.0, -2.0], [-2.0, 1.0]], atol=1e-12)


def test_the_cheaper_order_is_taken() -> None:
    """A thousand rows times one column first: the other order makes a million elements."""
    a, b, c = torch.ones(1000, 1), torch.ones(1, 1000), torch.ones(1000, 1)
    with torch.graph.trace() as calls:
        torch.einsum("ij,jk,kl->il", a, b, c)
        linalg.multi_dot([a, b, c])
    shapes = [call.results[0].shape for call in calls if call.name == "matmul"]
    assert (1000, 1000) not in shapes and len(shapes) == 4


def test_one_matrix_product_where_it_is_one() -> None:
    a, b = torch.ones(2, 3), torch.ones(3, 4)
    with torch.graph.trace() as calls:
        torch.einsum("ij,jk->ik", a, b)
    assert [call.name for call in calls] == ["matmul"]


def test_factors_without_exchanges() -> None:
    """PyTorch has them on GPUs alone."""
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    order, lower, upper = linalg.lu(x, pivot=False)
    assert order.numel() == 0 and torch.equal(lower @ upper, x)
    assert linalg.lu_factor(x, pivot=False).pivots.tolist() == [1, 2]


def test_only_the_pivots_unpacked() -> None:
    factors, pivots = linalg.lu_factor(torch.tensor([[0.0, 1.0], [2.0, 3.0]]))
    order, lower, upper = torch.lu_unpack(factors, pivots, unpack_data=False)
    assert order.tolist() == [[0.0, 1.0], [1.0, 0.0]]
    assert lower.numel() == upper.numel() == 0
    assert linalg.vander(torch.tensor(2.0), N=3).tolist() == [[1.0, 2.0, 4.0]]
    assert linalg.cond(torch.zeros(0, 0)).item() == 0.0


def test_linalg_covers_least_squares_of_each_driver() -> None:
    a = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    b = torch.tensor([[1.0], [2.0], [3.0]])
    for driver in ("gels", "gelsy", "gelsd", "gelss"):
        found = linalg.lstsq(a, b, driver=driver)
        np.testing.assert_allclose(found.solution.numpy(), [[1.0], [2.0]], atol=1e-6)
        assert found.rank.tolist() == ([] if driver == "gels" else 2)
        assert found.residuals.numel() == (0 if driver == "gelsy" else 1)
        assert found.singular_values.numel() == (2 if driver in ("gelsd", "gelss") else 0)


@pytest.mark.parametrize("name", ["svd_lowrank", "pca_lowrank"])
@pytest.mark.parametrize("shape", [(5, 3), (3, 5)])
def test_low_rank_decompositions_are_plain_tuples(name: str, shape: tuple[int, int]) -> None:
    u, s, v = parts = getattr(torch, name)(torch.ones(shape), q=2)
    assert type(parts) is tuple
    assert (u.shape, s.shape, v.shape) == ((shape[0], 2), (2,), (shape[1], 2))


def test_pivots_behind_the_last_row() -> None:
    pivots = torch.tensor([1, 3], dtype=torch.int32)
    with pytest.raises(RuntimeError, match="rows, 2, but range from 1 to 3"):
        torch.lu_unpack(torch.eye(2), pivots)


@pytest.mark.parametrize("p", [0.5, 1, 2, 3, torch.inf])
def test_the_norm_of_one_element_is_its_size(p: float) -> None:
    """Whose power may be beyond what the dtype holds, or 0."""
    x = torch.tensor([[1e30], [-2e-30]])
    assert x.norm(p, dim=1).tolist() == x.abs().flatten().tolist()
    assert torch.tensor(-1e30).norm(p) == 1e30 and torch.tensor([torch.nan]).norm(p).isnan()
    assert torch.nn.functional.normalize(x[:1], p=p).item() == 1
