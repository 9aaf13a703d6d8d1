"""Decompositions of matrices into triangular factors: Cholesky, QR.

The gradients are those of Giles (2008) and Roberts and Roberts (2020).
"""

from __future__ import annotations

from typing import Any

from ..dtype import COMPLEX
from ..errors import OperationError
from ..tensor import Tensor
from .creation import empty
from .declare import operation
from .joining import cat
from .linalg_checks import (
    Decomposition,
    check_alike,
    check_matrix,
    check_square,
    identity_like,
    in_batch,
    named,
    raise_failed,
    symmetric,
)
from .linalg_solve import TriangularSolve, divided_right
from .views import diag_embed, diagonal

linalg_cholesky_ex = named("linalg_cholesky_ex", "L", "info")
linalg_qr, qr_result = named("linalg_qr", "Q", "R"), named("qr", "Q", "R")
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
