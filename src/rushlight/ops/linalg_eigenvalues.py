"""Eigenvalues and singular values of matrices, and their vectors.

The gradients are those of Giles (2008) and Townsend (2016).
"""

from __future__ import annotations

from typing import Any

from ..dtype import COMPLEX
from ..errors import OperationError
from ..grad_mode import state
from ..tensor import Tensor
from .common import check
from .creation import zeros
from .declare import operation
from .linalg_checks import (
    Decomposition,
    check_floating,
    check_matrix,
    check_square,
    identity_like,
    named,
    symmetric,
)
from .linalg_solve import Solve
from .views import diag_embed, diagonal

linalg_eigh = named("linalg_eigh", "eigenvalues", "eigenvectors")
linalg_eig = named("linalg_eig", "eigenvalues", "eigenvectors")
linalg_svd, svd_result = named("linalg_svd", "U", "S", "Vh"), named("svd", "U", "S", "V")


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
