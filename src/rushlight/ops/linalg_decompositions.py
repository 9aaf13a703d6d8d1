"""Decompositions of matrices into factors: Cholesky, QR, eigenvalues, singular values.

The gradients are those of Giles (2008), Townsend (2016) and Roberts and Roberts (2020).
"""

from __future__ import annotations

from typing import Any

from ..dtype import COMPLEX
from ..errors import OperationError
from ..grad_mode import state
from ..tensor import Tensor
from .common import check
from .creation import empty, zeros
from .declare import operation
from .joining import cat
from .linalg_checks import (
    Decomposition,
    check_alike,
    check_floating,
    check_matrix,
    check_square,
    identity_like,
    in_batch,
    named,
    raise_failed,
    symmetric,
)
from .linalg_solve import Solve, TriangularSolve, divided_right
from .views import diag_embed, diagonal

linalg_cholesky_ex = named("linalg_cholesky_ex", "L", "info")
linalg_qr, qr_result = named("linalg_qr", "Q", "R"), named("qr", "Q", "R")
linalg_eigh = named("linalg_eigh", "eigenvalues", "eigenvectors")
linalg_eig = named("linalg_eig", "eigenvalues", "eigenvectors")
linalg_svd, svd_result = named("linalg_svd", "U", "S", "Vh"), named("svd", "U", "S", "V")
geqrf_result = named("geqrf", "a", "tau")


class Cholesky(Decomposition):
    """L of A = L L^H, and which leading minor is not positive, or 0."""

    node_name = "LinalgCholeskyExBackward0"

    def backward(self, grad: Tensor, _: Any) -> Tensor:
        factor = self.saved_tensors[0]
        inner = factor.mH @ grad
        inner = (inner.tril() + inner.tril(-1)) / 2
        inner = TriangularSolve.apply(factor.mH, inner, True, False)
        inner = divided_right(inner, factor, False)
        return symmetric(inner)


class Qr(Decomposition):
    """Q and R of A = Q R."""

    node_name = "LinalgQrBackward0"
    outputs = 2
    mode: str

    def backward(self, grad_q: Tensor | None, grad_r: Tensor | None) -> Tensor:
        q, r, a = self.saved_tensors
        rows, columns = a.array.shape[-2:]
        if self.mode == "complete" and rows > columns:
            raise OperationError(
                "The QR decomposition is not differentiable when mode='complete' and nrows > "
                f"ncols ({rows} > {columns}); use mode='reduced'"
            )
        if rows >= columns:
            return _qr_backward(grad_q, grad_r, q, r)
        # A = [X | Y]: X = Q U has its own gradient, and Y = Q V adds to that of Q.
        rest = None
        if grad_r is not None:
            grad_r, rest = grad_r[..., :rows], grad_r[..., rows:]
            through = a[..., rows:] @ rest.mH
            grad_q = through if grad_q is None else grad_q + through
        first = _qr_backward(grad_q, grad_r, q, r[..., :rows])
        rest = a[..., rows:] * 0 if rest is None else q @ rest
        return cat([first, rest], -1)


class QrR(Decomposition):
    """R of A = Q R alone."""

    kernel = "qr"
    node_name = "LinalgQrBackward0"
    mode: str

    def backward(self, grad: Tensor) -> Any:
        raise OperationError(
            "The derivative of linalg.qr depends on Q, which is not computed when mode='r'. Please "
            "use linalg.qr(A, mode='reduced') if you are going to require gradients"
        )


def _qr_backward(grad_q: Tensor | None, grad_r: Tensor | None, q: Tensor, r: Tensor) -> Tensor:
    """Of a matrix that has not fewer rows than columns."""
    inner: Any = 0
    if grad_r is not None:
        inner = grad_r @ r.mH
    if grad_q is not None:
        inner = inner - q.mH @ grad_q
    inner = inner.triu()
    inner = inner + inner.mH - diag_embed(_real_part(diagonal(inner, 0, -2, -1)))
    total = q @ inner if grad_q is None else grad_q + q @ inner
    return divided_right(total, r.mH, False)


def _real_part(x: Tensor) -> Tensor:
    return x.real.to(x.dtype) if x.dtype.category == COMPLEX else x


class Geqrf(Decomposition):
    """R with the Householder vectors below its diagonal, and their factors."""

    differentiable = False


class Eigh(Decomposition):
    """Eigenvalues in ascending order, and eigenvectors, of a symmetric or Hermitian matrix."""

    node_name = "LinalgEighBackward0"
    outputs = 2
    triangle: str

    def backward(self, grad_values: Tensor | None, grad_vectors: Tensor | None) -> Any:
        values, vectors, _ = self.saved_tensors
        if grad_vectors is None:
            assert grad_values is not None
            return (vectors * grad_values.unsqueeze(-2)) @ vectors.mH
        inner = (vectors.mH @ grad_vectors) / _differences(values, float("inf"))
        if grad_values is not None:
            inner = inner + diag_embed(grad_values.to(inner.dtype))
        return symmetric(vectors @ inner @ vectors.mH)


class Eigvalsh(Decomposition):
    """Eigenvalues of a symmetric or Hermitian matrix where nobody asks for a gradient."""

    triangle: str
    differentiable = False


class Eig(Decomposition):
    """Eigenvalues and eigenvectors of a square matrix."""

    node_name = "LinalgEigBackward0"
    outputs = 2

    def backward(self, grad_values: Tensor | None, grad_vectors: Tensor | None) -> Any:
        values, vectors, a = self.saved_tensors
        inner: Any = 0
        if grad_vectors is not None:
            inner = vectors.mH @ grad_vectors
            # An eigenvector has length 1: what would lengthen it does not count.
            lengths = diagonal(inner, 0, -2, -1).real.to(inner.dtype)
            inner = inner - vectors.mH @ (vectors * lengths.unsqueeze(-2))
            inner = inner / _differences(values, 1.0).conj()
            inner = inner - diag_embed(diagonal(inner, 0, -2, -1))
        if grad_values is not None:
            inner = inner + diag_embed(grad_values)
        result = Solve.apply(vectors.mH, inner @ vectors.mH)[0]
        return result if a.dtype.category == COMPLEX else result.real


class Eigvals(Decomposition):
    """Eigenvalues of a square matrix where nobody asks for a gradient."""

    differentiable = False


def _differences(values: Tensor, of_itself: float) -> Tensor:
    """The value of each column less that of each row; on the diagonal `of_itself`."""
    found = values.unsqueeze(-2) - values.unsqueeze(-1)
    size = values.array.shape[-1]
    return found.masked_fill(identity_like(values, size) != 0, of_itself)


class Svd(Decomposition):
    """U, the singular values and V^H of A = U diag(S) V^H."""

    node_name = "LinalgSvdBackward0"
    outputs = 3
    full: bool

    def backward(
        self, grad_u: Tensor | None, grad_s: Tensor | None, grad_vh: Tensor | None
    ) -> Tensor:
        u, s, vh, a = self.saved_tensors
        rows, columns = a.array.shape[-2:]
        least = min(rows, columns)
        u, vh = u[..., :least], vh[..., :least, :]
        if grad_u is None and grad_vh is None:
            assert grad_s is not None
            return (u * grad_s.unsqueeze(-2)) @ vh
        squares = s * s
        gaps = _differences(squares, 1.0)
        inner: Any = 0
        if grad_u is not None:
            grad_u = grad_u[..., :least]
            turned = _skew(u.mH @ grad_u)
            inner = (turned / gaps) * s.unsqueeze(-2)
        if grad_vh is not None:
            grad_vh = grad_vh[..., :least, :]
            inner = inner + s.unsqueeze(-1) * (_skew(vh @ grad_vh.mH) / gaps)
        if s.dtype is not u.dtype:
            # The phases of U and V^H are free, but turn together.
            inner = inner - diag_embed(diagonal(inner, 0, -2, -1))
            if grad_u is not None and grad_vh is not None:
                inner = inner + diag_embed(diagonal(turned, 0, -2, -1) / (2 * s))
        if grad_s is not None:
            inner = inner + diag_embed(grad_s.to(u.dtype))
        left = u @ inner
        if grad_u is not None and rows > least:
            outside = grad_u / s.unsqueeze(-2)
            left = left + outside - u @ (u.mH @ outside)
        result = left @ vh
        if grad_vh is not None and columns > least:
            outside = grad_vh / s.unsqueeze(-1)
            result = result + u @ (outside - (outside @ vh.mH) @ vh)
        return result


def _skew(x: Tensor) -> Tensor:
    return x - x.mH


class Svdvals(Decomposition):
    """Singular values where nobody asks for a gradient."""

    differentiable = False


def without_gradient(x: Tensor) -> bool:
    return not (state.enabled and x.requires_grad)


# ---- Cholesky


@operation("linalg", out="exact", autocast="float32")
def cholesky_ex(A: Tensor, *, upper: bool = False, check_errors: bool = False) -> Any:
    """The Cholesky factors, and per matrix 0 or the order of the first minor that is not positive.

    Raises only with `check_errors`.

    >>> import rushlight as torch
    >>> torch.linalg.cholesky_ex(torch.tensor([[4.0, 2.0], [2.0, 5.0]]))
    torch.return_types.linalg_cholesky_ex(
    L=tensor([[2., 0.],
            [1., 2.]]),
    info=tensor(0, dtype=torch.int32))
    >>> torch.linalg.cholesky_ex(torch.tensor([[1.0, 2.0], [2.0, 1.0]])).info
    tensor(2, dtype=torch.int32)
    """
    check_square("linalg.cholesky", A)
    factor, info = Cholesky.apply(A.mH if upper else A)
    if check_errors:
        raise_failed(info, "linalg.cholesky_ex", _NOT_DEFINITE)
    return linalg_cholesky_ex(factor.mH if upper else factor, info)


_NOT_DEFINITE = (
    "The factorization could not be completed because the input is not positive-definite (the "
    "leading minor of order {code} is not positive-definite)."
)


@operation("linalg", out="exact", autocast="float32")
def cholesky(input: Tensor, *, upper: bool = False) -> Tensor:
    """The lower triangular L of A = L L^H for symmetric or Hermitian positive-definite matrices
    (..., n, n), or the upper U of A = U^H U. Reads one triangle alone.

    Raises `LinAlgError` for a matrix that is not positive-definite.

    >>> import rushlight as torch
    >>> torch.linalg.cholesky(torch.tensor([[4.0, 2.0], [2.0, 5.0]]))
    tensor([[2., 0.],
            [1., 2.]])
    """
    return _cholesky("linalg.cholesky", input, upper)


def _cholesky(name: str, x: Tensor, upper: bool) -> Tensor:
    check_square(name, x)
    factor, info = Cholesky.apply(x.mH if upper else x)
    raise_failed(info, name, _NOT_DEFINITE)
    return factor.mH if upper else factor


@operation(name="cholesky", out="cast", autocast="float32")
def _old_cholesky(input: Tensor, upper: bool = False) -> Tensor:
    """`linalg.cholesky` under its old name: L of A = L L^H, or with `upper` L^H, for (..., n, n).

    LinAlgError where A is not positive-definite.

    >>> import rushlight as torch
    >>> torch.cholesky(torch.tensor([[4.0, 2.0], [2.0, 5.0]]))
    tensor([[2., 0.],
            [1., 2.]])
    """
    return _cholesky("cholesky", input, upper)


@operation(out="cast", autocast="float32")
def cholesky_solve(input: Tensor, input2: Tensor, upper: bool = False) -> Tensor:
    """X of A X = `input`, from the Cholesky factor L of A: (..., n, k) for (..., n, k) and (..., n,
    n).

    With `upper` L is the upper factor L^H.

    >>> import rushlight as torch
    >>> A = torch.tensor([[4.0, 2.0], [2.0, 5.0]])
    >>> torch.cholesky_solve(torch.tensor([[6.0], [7.0]]), torch.linalg.cholesky(A))
    tensor([[1.],
            [1.]])
    """
    check_matrix("cholesky_solve", input, "b")
    check_square("cholesky_solve", input2, "L")
    check_alike("cholesky_solve", input2, input)
    if input.array.shape[-2] != input2.array.shape[-2]:
        raise OperationError(
            f"Incompatible matrix sizes for cholesky_solve: each A matrix is "
            f"{input2.array.shape[-1]} by {input2.array.shape[-1]} but each b matrix is "
            f"{input.array.shape[-2]} by {input.array.shape[-1]}"
        )
    first, second = (input2.mH, input2) if upper else (input2, input2.mH)
    y = TriangularSolve.apply(first, input, False, False)
    return TriangularSolve.apply(second, y, True, False)


@operation(out="cast", autocast="float32")
def cholesky_inverse(input: Tensor, upper: bool = False) -> Tensor:
    """The inverse of A, from its Cholesky factor (..., n, n), the upper one with `upper`.

    >>> import rushlight as torch
    >>> torch.cholesky_inverse(torch.tensor([[1.0, 0.0], [1.0, 1.0]]))
    tensor([[ 2., -1.],
            [-1.,  1.]])
    """
    check_square("cholesky_inverse", input)
    identity = identity_like(input, input.array.shape[-1])
    return cholesky_solve(in_batch(identity, input.array.shape[:-2]), input, upper)


# ---- QR


@operation("linalg", out="exact", autocast="float32")
def qr(A: Tensor, mode: str = "reduced") -> Any:
    """Q with orthonormal columns and the upper triangular R of A = Q R, for (..., m, n).

    `mode` is "reduced", "complete" (Q is square) or "r" (R alone; Q is empty).

    >>> import rushlight as torch
    >>> Q, R = torch.linalg.qr(torch.tensor([[3.0, 1.0], [4.0, 2.0]]))
    >>> R
    tensor([[-5.0000, -2.2000],
            [ 0.0000,  0.4000]])
    """
    return _qr("linalg.qr", A, mode)


def _qr(name: str, x: Tensor, mode: str) -> Any:
    if mode not in ("reduced", "complete", "r"):
        raise OperationError(
            f"qr received unrecognized mode '{mode}' but expected one of 'reduced' (default), "
            "'r', or 'complete'"
        )
    check_matrix(name, x)
    if mode == "r":
        return linalg_qr(empty(0, dtype=x.dtype, device=x.device), QrR.apply(x, mode))
    return linalg_qr(*Qr.apply(x, mode))


@operation(name="qr", out="exact", autocast="float32")
def _old_qr(input: Tensor, some: bool = True) -> Any:
    """`linalg.qr` under its old name.

    >>> import rushlight as torch
    >>> Q, R = torch.qr(torch.tensor([[3.0, 1.0], [4.0, 2.0]]))
    >>> R
    tensor([[-5.0000, -2.2000],
            [ 0.0000,  0.4000]])
    """
    return qr_result(*_qr("qr", input, "reduced" if some else "complete"))


@operation(out="cast", autocast="float32")
def geqrf(input: Tensor) -> Any:
    """LAPACK's form of a QR decomposition: R with the Householder vectors below, and their factors
    `tau`; `householder_product` makes Q of it.

    >>> import rushlight as torch
    >>> a, tau = torch.geqrf(torch.tensor([[3.0, 1.0], [4.0, 2.0]]))
    >>> a.triu(), tau
    (tensor([[-5.0000, -2.2000],
            [ 0.0000,  0.4000]]), tensor([1.6000, 0.0000]))
    """
    check_matrix("geqrf", input, "input")
    return geqrf_result(*Geqrf.apply(input))


# ---- eigenvalues


def _triangle(name: str, uplo: str) -> str:
    if not isinstance(uplo, str) or uplo.upper() not in ("L", "U"):
        raise OperationError(f"{name}: Expected UPLO argument to be 'L' or 'U', but got {uplo!r}")
    return uplo.upper()


@operation("linalg", out="exact", autocast="float32")
def eigh(input: Tensor, UPLO: str = "L") -> Any:
    """Eigenvalues (..., n) in ascending order and eigenvectors (..., n, n), as columns, of
    symmetric or Hermitian matrices, of which one triangle is read.

    >>> import rushlight as torch
    >>> torch.linalg.eigh(torch.tensor([[2.0, 0.0], [0.0, 1.0]])).eigenvalues
    tensor([1., 2.])
    """
    check_square("linalg.eigh", input)
    return linalg_eigh(*Eigh.apply(input, _triangle("linalg.eigh", UPLO)))


@operation("linalg", out="exact", autocast="float32")
def eigvalsh(A: Tensor, UPLO: str = "L") -> Tensor:
    """The eigenvalues of symmetric or Hermitian matrices, in ascending order: (..., n) for (..., n,
    n).

    `UPLO` says which triangle is read, the lower ("L") or the upper ("U").

    >>> import rushlight as torch
    >>> torch.linalg.eigvalsh(torch.tensor([[0.0, 1.0], [1.0, 1.0]]))
    tensor([-0.6180,  1.6180])
    """
    check_square("linalg.eigvalsh", A)
    triangle = _triangle("linalg.eigvalsh", UPLO)
    return Eigvalsh.apply(A, triangle) if without_gradient(A) else Eigh.apply(A, triangle)[0]


@operation("linalg", out="cast", autocast="float32")
def eig(A: Tensor) -> Any:
    """Eigenvalues (..., n) and eigenvectors (..., n, n), as columns, of square matrices: complex,
    in no order.

    >>> import rushlight as torch
    >>> values, vectors = torch.linalg.eig(torch.tensor([[0.0, 1.0], [-1.0, 0.0]]))
    >>> values
    tensor([0.+1.j, 0.-1.j])
    """
    check_square("linalg.eig", A)
    _check_finite(A)
    return linalg_eig(*Eig.apply(A))


@operation("linalg", out="cast", autocast="float32")
def eigvals(A: Tensor) -> Tensor:
    """The eigenvalues of square matrices: complex, in no order, (..., n) for (..., n, n).

    RuntimeError where they are infinite or nan.

    >>> import rushlight as torch
    >>> torch.linalg.eigvals(torch.tensor([[0.0, 1.0], [-1.0, 0.0]]))
    tensor([0.+1.j, 0.-1.j])
    """
    check_square("linalg.eigvals", A)
    _check_finite(A)
    return Eigvals.apply(A) if without_gradient(A) else Eig.apply(A)[0]


def _check_finite(x: Tensor) -> None:
    problem = "torch.linalg.eig: input tensor should not contain infs or NaNs."
    check(x.isfinite(), OperationError, problem)


# ---- singular values


def _check_driver(name: str, driver: str | None) -> None:
    if driver is not None:
        raise OperationError(
            f"{name}: keyword argument `driver=` is only supported on CUDA inputs with cuSOLVER "
            "backend."
        )


@operation("linalg", out="exact", autocast="float32")
def svd(A: Tensor, full_matrices: bool = True, *, driver: str | None = None) -> Any:
    """U, the singular values in descending order, and V^H of A = U diag(S) V^H, for (..., m, n).

    With `full_matrices` U is (m, m) and V^H (n, n), else they have min(m, n) columns and rows.

    >>> import rushlight as torch
    >>> U, S, Vh = torch.linalg.svd(torch.tensor([[0.0, 3.0], [2.0, 0.0], [0.0, 0.0]]), False)
    >>> U.shape, S, Vh.shape
    (torch.Size([3, 2]), tensor([3., 2.]), torch.Size([2, 2]))
    """
    check_matrix("linalg.svd", A)
    _check_driver("linalg.svd", driver)
    return linalg_svd(*Svd.apply(A, full_matrices))


@operation("linalg", out="exact", autocast="float32")
def svdvals(A: Tensor, *, driver: str | None = None) -> Tensor:
    """The singular values in descending order: (..., min(m, n)) for (..., m, n).

    >>> import rushlight as torch
    >>> torch.linalg.svdvals(torch.tensor([[0.0, 3.0], [2.0, 0.0]]))
    tensor([3., 2.])
    """
    check_matrix("linalg.svdvals", A)
    _check_driver("linalg.svd", driver)
    return Svdvals.apply(A) if without_gradient(A) else Svd.apply(A, False)[1]


@operation(name="svd", out="exact", autocast="float32")
def _old_svd(input: Tensor, some: bool = True, compute_uv: bool = True) -> Any:
    """`linalg.svd` under its old name: V itself, and the reduced form by default.

    >>> import rushlight as torch
    >>> U, S, V = torch.svd(torch.tensor([[0.0, 3.0], [2.0, 0.0], [0.0, 0.0]]))
    >>> U.shape, S, V.shape
    (torch.Size([3, 2]), tensor([3., 2.]), torch.Size([2, 2]))
    """
    check_floating("linalg.svd", input)
    check_matrix("linalg.svd", input)
    if not compute_uv:
        batch, (rows, columns) = input.array.shape[:-2], input.array.shape[-2:]
        u, v = (
            zeros((*batch, n, n), dtype=input.dtype, device=input.device) for n in (rows, columns)
        )
        return svd_result(u, svdvals(input), v)
    u, s, vh = Svd.apply(input, not some)
    return svd_result(u, s, vh.mH)
