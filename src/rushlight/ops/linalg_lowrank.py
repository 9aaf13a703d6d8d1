"""The largest parts of a matrix by iteration: low-rank decompositions, and some eigenvalues."""

from __future__ import annotations

from typing import Any

from ..categories import FLOATS, check_taken
from ..grad_mode import no_grad
from ..tensor import Tensor
from ..type_info import finfo
from .declare import operation
from .joining import cat
from .linalg_checks import check_square
from .linalg_decompositions import cholesky, qr
from .linalg_eigenvalues import eigh, svd
from .linalg_solve import solve_triangular
from .random import randn
from .views import diagonal


def _basis(a: Tensor, rank: int, rounds: int) -> Tensor:
    """An orthonormal basis of nearly the range of a: algorithm 4.4 of Halko, Martinsson and Tropp
    (2009)."""
    start = randn(a.array.shape[-1], rank, dtype=a.dtype, device=a.device)
    basis = qr(a @ start)[0]
    for _ in range(rounds):
        basis = qr(a.mH @ basis)[0]
        basis = qr(a @ basis)[0]
    return basis


def _svd_lowrank(a: Tensor, rank: int, rounds: int) -> tuple[Tensor, Tensor, Tensor]:
    """Algorithm 5.1 of the same, for a matrix that is not higher than it is wide turned."""
    is_wide = a.array.shape[-2] < a.array.shape[-1]
    if is_wide:
        a = a.mH
    basis = _basis(a, rank, rounds)
    u, s, vh = svd(basis.mH @ a, False)
    u, v = basis @ u, vh.mH
    return (v, s, u) if is_wide else (u, s, v)


@operation(method=False)
def svd_lowrank(
    A: Tensor, q: int | None = 6, niter: int | None = 2, M: Tensor | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """The q largest singular values of A - M and their vectors, nearly, by `niter` rounds of
    iteration on random vectors: U (..., m, q), S (..., q), V (..., n, q).

    >>> import rushlight as torch
    >>> A = torch.outer(torch.tensor([3.0, 4.0, 0.0]), torch.tensor([0.0, 1.0, 0.0]))
    >>> U, S, V = torch.svd_lowrank(A, q=1)
    >>> S.round()
    tensor([5.])
    """
    a = A if M is None else A - M.expand(A.array.shape)
    return _svd_lowrank(a, 6 if q is None else q, 2 if niter is None else niter)


@operation(method=False)
def pca_lowrank(
    A: Tensor, q: int | None = None, center: bool = True, niter: int = 2
) -> tuple[Tensor, Tensor, Tensor]:
    """The q first principal components of the rows of A, nearly: `svd_lowrank` of A with the mean
    of its rows taken away (unless it is centred as it is, `center=False`).

    >>> import rushlight as torch
    >>> A = torch.tensor([[1.0, 5.0], [3.0, 5.0], [5.0, 5.0]])
    >>> U, S, V = torch.pca_lowrank(A, q=1)
    >>> V.abs().round()  # the rows vary along the first axis
    tensor([[1.],
            [0.]])
    """
    least = min(A.array.shape[-2:])
    if q is None:
        q = min(6, least)
    if not 0 <= q <= least:
        raise ValueError(
            f"q(={q}) must be non-negative integer and not greater than min(m, n)={least}"
        )
    if niter < 0:
        raise ValueError(f"niter(={niter}) must be non-negative integer")
    return _svd_lowrank(A - A.mean(-2, keepdim=True) if center else A, q, niter)


@operation(method=False, autocast="float32")
def lobpcg(
    A: Tensor, k: int | None = None, B: Tensor | None = None, X: Tensor | None = None,
    n: int | None = None, iK: Tensor | None = None, niter: int | None = None,
    tol: float | None = None, largest: bool | None = None, method: str | None = None,
    tracker: Any = None, ortho_iparams: Any = None, ortho_fparams: Any = None,
    ortho_bparams: Any = None,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """The k largest (or smallest) eigenvalues of A x = e B x for symmetric A and positive-definite
    B, and their vectors, by Knyazev's iteration (2001) from X or from random vectors.

    `iK` is what residuals are multiplied by, nearly the inverse of A. The values are
    differentiable; the vectors are constants. `method`, `tracker` and the `ortho_` parameters
    choose between variants in PyTorch; here there is one.

    >>> import rushlight as torch
    >>> values, vectors = torch.lobpcg(torch.diag(torch.arange(1.0, 10.0)), k=2, niter=100)
    >>> values.round()
    tensor([9., 8.])
    """
    check_square("lobpcg", A)
    check_taken("lobpcg", A, FLOATS)
    rows = A.array.shape[-1]
    count = (1 if X is None else X.array.shape[-1]) if k is None else k
    width = (count if X is None else X.array.shape[-1]) if n is None else n
    if rows < 3 * width:
        raise ValueError(
            f"LPBPCG algorithm is not applicable when the number of A rows (={rows}) is smaller "
            f"than 3 x the number of requested eigenpairs (={width})"
        )
    with no_grad():
        vectors = _iterate(
            A, B, X if X is not None else randn(*A.array.shape[:-1], width, dtype=A.dtype,
                                                device=A.device),
            iK, 1000 if niter is None or niter < 0 else niter,
            finfo(A.dtype).eps ** 0.5 if tol is None else tol, largest is not False,
        )[..., :count]  # fmt: skip
    # The first-order change of an eigenvalue is that of this quotient with the vectors as they are.
    turned = vectors.mH
    values = diagonal(turned @ A @ vectors, 0, -2, -1)
    if B is not None:
        values = values / diagonal(turned @ B @ vectors, 0, -2, -1)
    return (values.real if values.is_complex() else values), vectors


def _iterate(
    a: Tensor, b: Tensor | None, x: Tensor, conditioner: Tensor | None, rounds: int,
    tolerance: float, largest: bool,
) -> Tensor:  # fmt: skip
    width = x.array.shape[-1]
    size = a.norm()
    values, x, _ = _ritz(a, b, x, width, largest)
    directions: list[Tensor] = []
    for _ in range(rounds):
        residual = a @ x - (x if b is None else b @ x) * values.unsqueeze(-2)
        if float(residual.norm()) <= tolerance * float(size):
            break
        if conditioner is not None:
            residual = conditioner @ residual
        values, x, moved = _ritz(a, b, cat([x, residual, *directions], -1), width, largest)
        directions = [moved]
    return x


def _ritz(
    a: Tensor, b: Tensor | None, basis: Tensor, width: int, largest: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """The best eigenvalues and vectors in a subspace, and the part of these that is not in the
    basis's first vectors."""
    q = qr(basis)[0]
    if b is not None:
        factor = cholesky(q.mH @ b @ q)
        q = solve_triangular(factor.mH, q, upper=True, left=False)
    values, vectors = eigh(q.mH @ a @ q)
    if largest:
        values, vectors = values.flip(-1), vectors.flip(-1)
    values, vectors = values[..., :width], vectors[..., :width]
    return values, q @ vectors, q[..., width:] @ vectors[..., width:, :]
