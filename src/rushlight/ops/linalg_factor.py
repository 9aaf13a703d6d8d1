"""LU and LDL decompositions in LAPACK's packed form, and products of Householder reflections."""

from __future__ import annotations

from typing import Any

from ..categories import NUMBERS, check_taken
from ..errors import OperationError
from ..tensor import Tensor, wrap
from .common import check_same_device
from .creation import arange, empty
from .declare import operation
from .joining import cat
from .linalg_checks import (
    Decomposition,
    batch_of,
    check_alike,
    check_matrix,
    check_rows,
    check_square,
    identity_like,
    named,
    raise_failed,
)
from .linalg_solve import TriangularSolve, divided_right
from .promotion import table_of

linalg_lu_factor = named("linalg_lu_factor", "LU", "pivots")
linalg_lu_factor_ex = named("linalg_lu_factor_ex", "LU", "pivots", "info")
linalg_lu, lu_unpack_result = named("linalg_lu", "P", "L", "U"), named("lu_unpack", "P", "L", "U")
linalg_ldl_factor = named("linalg_ldl_factor", "LD", "pivots")
linalg_ldl_factor_ex = named("linalg_ldl_factor_ex", "LD", "pivots", "info")

_ZERO_PIVOT = (
    "U[{code},{code}] is zero and using it on lu_solve would result in a division by zero. If you "
    "still want to perform the factorization, consider calling linalg.lu(A, pivot) or "
    "linalg.lu_factor_ex(A, pivot)"
)


class LuFactor(Decomposition):
    """L and U in one matrix, the exchanges of rows, and the place of the first zero, or 0."""

    node_name = "LinalgLuFactorExBackward0"
    pivot: bool

    def setup_context(self, inputs: Any, output: Any) -> None:
        self.save_outputs(output[:1], output[1])

    def backward(self, grad: Tensor, *_: Any) -> Tensor:
        factors, pivots = self.saved_tensors
        rows, columns = factors.array.shape[-2:]
        least = min(rows, columns)
        lower, upper = _unpacked(factors)
        # L and U share the square part; what stands below or beside it depends on that.
        grad_l, grad_u = grad[..., :least].tril(-1), grad[..., :least, :].triu()
        top, left = lower[..., :least, :], upper[..., :least]
        of_l = top.mH @ grad_l[..., :least, :]
        of_u = grad_u[..., :least] @ left.mH
        parts = []
        if columns > rows:
            beside = grad_u[..., least:]
            of_l = of_l - beside @ upper[..., least:].mH
            parts = [TriangularSolve.apply(top.mH, beside, True, True)]
        if rows > columns:
            below = grad_l[..., least:, :]
            of_u = of_u - lower[..., least:, :].mH @ below
        inner = of_l.tril(-1) + of_u.triu()
        square = divided_right(TriangularSolve.apply(top.mH, inner, True, True), left.mH, False)
        result = cat([square, *parts], -1)
        if rows > columns:
            result = cat([result, divided_right(below, left.mH, False)], -2)
        return _exchange_matrix(pivots, rows, factors) @ result


class LdlFactor(Decomposition):
    """L and D in one matrix, the exchanges of rows, and the place of the first zero, or 0."""

    hermitian: bool
    differentiable = False


class LdlSolve(Decomposition):
    """X of A X = B from the LDL factors of A."""

    hermitian: bool
    differentiable = False


def _unpacked(factors: Tensor) -> tuple[Tensor, Tensor]:
    """L with its diagonal of ones, and U."""
    rows, columns = factors.array.shape[-2:]
    least = min(rows, columns)
    lower = factors[..., :least].tril(-1) + identity_like(factors, rows, least)
    return lower, factors[..., :least, :].triu()


def _order(pivots: Tensor, rows: int) -> Tensor:
    """Which row of the matrix stands in each row after the exchanges."""
    return wrap(table_of(pivots).permutation(pivots.array, rows))


def _check_pivots(name: str, pivots: Tensor, rows: int) -> None:
    """That each names a row, where that can be seen without waiting for a device."""
    numbers = pivots.array
    if not table_of(pivots).is_host or numbers.size == 0:
        return
    least, most = numbers.min(), numbers.max()
    if least < 1 or most > rows:
        raise OperationError(
            f"{name}: pivots must be between 1 and the number of rows, {rows}, but range from "
            f"{least} to {most}; are they what lu_factor gave?"
        )


def _exchange_matrix(pivots: Tensor, rows: int, like: Tensor) -> Tensor:
    """P of A = P L U."""
    places = arange(rows, device=pivots.device).unsqueeze(-1)
    return (_order(pivots, rows).unsqueeze(-2) == places).to(like.dtype)


# ---- LU


def _factored(name: str, x: Tensor, pivot: bool) -> Any:
    check_matrix(name, x)
    return LuFactor.apply(x, pivot)


@operation("linalg", out="exact")
def lu_factor_ex(A: Tensor, *, pivot: bool = True, check_errors: bool = False) -> Any:
    """`lu_factor` with a code for each matrix, 0 where U has no zero on its diagonal, instead of an
    error.

    >>> import rushlight as torch
    >>> torch.linalg.lu_factor_ex(torch.zeros(2, 2)).info
    tensor(1, dtype=torch.int32)
    """
    factors, pivots, info = _factored("linalg.lu_factor_ex", A, pivot)
    if check_errors:
        raise_failed(info, "linalg.lu_factor_ex", _ZERO_PIVOT)
    return linalg_lu_factor_ex(factors, pivots, info)


@operation("linalg", out="exact")
def lu_factor(A: Tensor, *, pivot: bool = True) -> Any:
    """L without its diagonal of ones and U of A = P L U in one matrix, and the row, counted from 1,
    that each row was exchanged with in turn: what `lu_solve` and `lu_unpack` take.

    (..., m, n) gives (..., m, n) and (..., min(m, n)). RuntimeError where U has a zero on its
    diagonal.

    >>> import rushlight as torch
    >>> LU, pivots = torch.linalg.lu_factor(torch.tensor([[1.0, 2.0], [4.0, 4.0]]))
    >>> LU, pivots
    (tensor([[4.0000, 4.0000],
            [0.2500, 1.0000]]), tensor([2, 2], dtype=torch.int32))
    """
    factors, pivots, info = _factored("linalg.lu_factor", A, pivot)
    raise_failed(info, "torch.linalg.lu_factor", _ZERO_PIVOT)
    return linalg_lu_factor(factors, pivots)


@operation("torch", method=True, out="cast", autocast="float32")
def lu(A: Tensor, pivot: bool = True, get_infos: bool = False) -> Any:
    """`linalg.lu_factor` under its old name, with the codes if `get_infos`.

    >>> import rushlight as torch
    >>> LU, pivots = torch.lu(torch.tensor([[1.0, 2.0], [4.0, 4.0]]))
    >>> LU, pivots
    (tensor([[4.0000, 4.0000],
            [0.2500, 1.0000]]), tensor([2, 2], dtype=torch.int32))
    """
    factors, pivots, info = _factored("lu", A, pivot)
    if get_infos:
        return factors, pivots, info
    raise_failed(info, "lu", _ZERO_PIVOT)
    return factors, pivots


@operation("linalg", name="lu", out="exact")
def _lu(A: Tensor, *, pivot: bool = True) -> Any:
    """The exchanges of rows P, the lower triangular L with ones on its diagonal, and the upper
    triangular U of A = P L U, for (..., m, n). Without `pivot` P is empty.

    >>> import rushlight as torch
    >>> P, L, U = torch.linalg.lu(torch.tensor([[1.0, 2.0], [4.0, 4.0]]))
    >>> P, L, U
    (tensor([[0., 1.],
            [1., 0.]]), tensor([[1.0000, 0.0000],
            [0.2500, 1.0000]]), tensor([[4., 4.],
            [0., 1.]]))
    """
    factors, pivots, _ = _factored("linalg.lu", A, pivot)
    if pivot:
        order = _exchange_matrix(pivots, A.array.shape[-2], A)
    else:
        order = empty(0, dtype=A.dtype, device=A.device)
    return linalg_lu(order, *_unpacked(factors))


@operation(method=False, out="exact")
def lu_unpack(
    LU_data: Tensor, LU_pivots: Tensor, unpack_data: bool = True, unpack_pivots: bool = True
) -> Any:
    """P, L and U of what `lu_factor` gives; empty what is not asked for.

    >>> import rushlight as torch
    >>> LU, pivots = torch.linalg.lu_factor(torch.tensor([[1.0, 2.0], [4.0, 4.0]]))
    >>> P, L, U = torch.lu_unpack(LU, pivots)
    >>> P @ L @ U
    tensor([[1., 2.],
            [4., 4.]])
    """
    check_taken("lu_unpack", LU_data, NUMBERS)
    if str(LU_pivots.dtype) != "torch.int32":
        raise OperationError(
            "torch.lu_unpack: LU_pivots is expected to be a contiguous tensor of torch.int32 "
            f"dtype. Note: this function is intended to be used with the output produced by "
            f"torch.linalg.lu_factor; it is {LU_pivots.dtype}"
        )
    check_same_device("lu_unpack", LU_data, LU_pivots)
    nothing = empty(0, dtype=LU_data.dtype, device=LU_data.device)
    lower, upper = _unpacked(LU_data) if unpack_data else (nothing, nothing)
    rows = LU_data.array.shape[-2]
    if unpack_pivots:
        _check_pivots("lu_unpack", LU_pivots, rows)
    order = _exchange_matrix(LU_pivots, rows, LU_data) if unpack_pivots else nothing
    return lu_unpack_result(order, lower, upper)


def _lu_solve(
    name: str, factors: Tensor, pivots: Tensor, b: Tensor, left: bool, adjoint: bool
) -> Tensor:
    check_square(name, factors, "LU")
    check_alike(name, factors, b)
    check_same_device(name, factors, pivots)
    check_rows(name, factors, b, left)
    if pivots.array.shape != factors.array.shape[:-1]:
        raise OperationError(
            f"{name}: Number of pivots per batch should be same as the dimension of the matrix: "
            f"pivots of shape {tuple(pivots.array.shape)} for LU of {tuple(factors.array.shape)}"
        )
    batch_of(name, factors, b)
    _check_pivots(name, pivots, factors.array.shape[-2])
    if not left:  # X A = B as A^H X^H = B^H
        return _lu_solve(name, factors, pivots, b.mH, True, not adjoint).mH
    lower, upper = _unpacked(factors)
    order = _exchange_matrix(pivots, factors.array.shape[-2], factors)
    if adjoint:
        y = TriangularSolve.apply(upper.mH, b, False, False)
        return order @ TriangularSolve.apply(lower.mH, y, True, True)
    y = TriangularSolve.apply(lower, order.mT @ b, False, True)
    return TriangularSolve.apply(upper, y, True, False)


@operation(out="exact", autocast="float32")
def lu_solve(input: Tensor, LU_data: Tensor, LU_pivots: Tensor) -> Tensor:
    """X of A X = `input`, from what `lu_factor` gives for A: (..., n, k) for (..., n, k), (..., n,
    n).

    >>> import rushlight as torch
    >>> LU, pivots = torch.linalg.lu_factor(torch.tensor([[1.0, 2.0], [4.0, 4.0]]))
    >>> torch.lu_solve(torch.tensor([[3.0], [8.0]]), LU, pivots)
    tensor([[1.],
            [1.]])
    """
    return _lu_solve("lu_solve", LU_data, LU_pivots, input, True, False)


@operation("linalg", name="lu_solve", out="exact", autocast="given")
def _linalg_lu_solve(
    LU: Tensor, pivots: Tensor, B: Tensor, *, left: bool = True, adjoint: bool = False
) -> Tensor:
    """X of A X = B, with `left=False` of X A = B, with `adjoint` of A^H X = B, from what
    `lu_factor` gives for A.

    >>> import rushlight as torch
    >>> LU, pivots = torch.linalg.lu_factor(torch.tensor([[1.0, 2.0], [4.0, 4.0]]))
    >>> torch.linalg.lu_solve(LU, pivots, torch.tensor([[3.0], [8.0]]))
    tensor([[1.],
            [1.]])
    """
    return _lu_solve("linalg.lu_solve", LU, pivots, B, left, adjoint)


# ---- LDL


@operation("linalg", out="exact")
def ldl_factor_ex(A: Tensor, *, hermitian: bool = False, check_errors: bool = False) -> Any:
    """`ldl_factor` with a code for each matrix, 0 where D has no zero, instead of an error.

    >>> import rushlight as torch
    >>> torch.linalg.ldl_factor_ex(torch.tensor([[2.0, 0.0], [4.0, 5.0]])).info
    tensor(0, dtype=torch.int32)
    """
    check_square("linalg.ldl_factor_ex", A)
    result = linalg_ldl_factor_ex(*LdlFactor.apply(A, hermitian and A.is_complex()))
    if check_errors:
        raise_failed(result.info, "linalg.ldl_factor_ex", _ZERO_IN_D)
    return result


_ZERO_IN_D = (
    "The factorization was completed, but the block diagonal matrix D is singular: its element "
    "{code} is zero, and solving with it would result in a division by zero."
)


@operation("linalg", out="exact")
def ldl_factor(input: Tensor, *, hermitian: bool = False) -> Any:
    """L and the block diagonal D of symmetric (or Hermitian) A = L D L^T in one matrix, and the
    exchanges of rows as LAPACK counts them: what `ldl_solve` takes. Reads the lower triangle.

    >>> import rushlight as torch
    >>> LD, pivots = torch.linalg.ldl_factor(torch.tensor([[4.0, 2.0], [2.0, 5.0]]))
    >>> LD.tril(), pivots  # L below the diagonal of D
    (tensor([[4.0000, 0.0000],
            [0.5000, 4.0000]]), tensor([1, 2], dtype=torch.int32))
    """
    check_square("linalg.ldl_factor", input)
    factors, pivots, info = LdlFactor.apply(input, hermitian and input.is_complex())
    raise_failed(info, "linalg.ldl_factor", _ZERO_IN_D)
    return linalg_ldl_factor(factors, pivots)


@operation("linalg", out="exact")
def ldl_solve(LD: Tensor, pivots: Tensor, B: Tensor, *, hermitian: bool = False) -> Tensor:
    """X (..., n, k) of A X = B, from what `ldl_factor` gives for A (..., n, n).

    >>> import rushlight as torch
    >>> LD, pivots = torch.linalg.ldl_factor(torch.tensor([[4.0, 2.0], [2.0, 5.0]]))
    >>> torch.linalg.ldl_solve(LD, pivots, torch.tensor([[6.0], [7.0]]))
    tensor([[1.],
            [1.]])
    """
    name = "linalg.ldl_solve"
    check_square(name, LD, "LD")
    check_rows(name, LD, B, True)
    if pivots.array.shape != LD.array.shape[:-1]:
        raise OperationError(
            f"{name}: Expected LD.shape[:-1] and pivots.shape to be the same, but got pivots with "
            f"shape {list(pivots.array.shape)} and LD with shape {list(LD.array.shape)}"
        )
    if pivots.is_floating_point() or pivots.is_complex():
        raise OperationError(f"{name}: Expected pivots to be integers. Got {pivots.dtype}")
    check_alike(name, LD, B)
    check_same_device(name, LD, pivots)
    batch_of(name, LD, B)
    return LdlSolve.apply(LD, pivots, B, hermitian and LD.is_complex())


# ---- Householder reflections


def _reflections(vectors: Tensor, factors: Tensor) -> tuple[Tensor, Tensor]:
    """V and T of the product I - V T V^H of the reflections I - tau v v^H.

    T is what Schreiber and Van Loan (1989) build column by column; as a whole it is
    (I + D S)^-1 D with D = diag(tau) and S the part of V^H V above the diagonal.
    """
    rows, count = vectors.array.shape[-2:]
    v = vectors.tril(-1) + identity_like(vectors, rows, count)
    v = v[..., : factors.array.shape[-1]]
    taus = factors.unsqueeze(-1)
    identity = identity_like(factors, factors.array.shape[-1])
    system = identity + taus * (v.mH @ v).triu(1)
    return v, TriangularSolve.apply(system, taus * identity, True, True)


def _check_reflections(name: str, vectors: Tensor, factors: Tensor) -> None:
    check_matrix(name, vectors, "input")
    _check_same_dtype(name, vectors, factors)
    if vectors.array.shape[-1] < factors.array.shape[-1]:
        raise OperationError(
            f"{name}: input.shape[-1] must be greater than or equal to tau.shape[-1], but they are "
            f"{vectors.array.shape[-1]} and {factors.array.shape[-1]}"
        )
    if vectors.array.ndim - factors.array.ndim != 1:
        raise OperationError(
            f"{name}: Expected tau to have one dimension less than input, but got tau.ndim equal "
            f"to {factors.array.ndim} and input.ndim is equal to {vectors.array.ndim}"
        )
    if vectors.array.shape[:-2] != factors.array.shape[:-1]:
        raise OperationError(
            f"{name}: Expected batch dimensions of tau to be equal to input.shape[:-2], but got "
            f"{list(factors.array.shape[:-1])} for input of {list(vectors.array.shape)}"
        )


def _check_same_dtype(name: str, vectors: Tensor, factors: Tensor) -> None:
    check_same_device(name, vectors, factors)
    if vectors.array.dtype != factors.array.dtype:
        raise OperationError(
            f"{name}: tau dtype {factors.dtype} does not match input dtype {vectors.dtype}"
        )


def _householder_product(input: Tensor, tau: Tensor) -> Tensor:
    name = "torch.linalg.householder_product"
    check_matrix(name, input, "input")
    rows, columns = input.array.shape[-2:]
    if rows < columns:
        raise OperationError(
            f"{name}: input.shape[-2] must be greater than or equal to input.shape[-1], but they "
            f"are {rows} and {columns}"
        )
    _check_reflections(name, input, tau)
    v, t = _reflections(input, tau)
    return identity_like(input, rows, columns) - v @ (t @ v[..., :columns, :].mH)


@operation("linalg", "torch.orgqr", "Tensor.orgqr", out="cast", autocast="float32")
def householder_product(input: Tensor, tau: Tensor) -> Tensor:
    """The first n columns of the product of the reflections I - tau v v^H, whose vectors stand
    below the diagonal of A (..., m, n): Q of what `geqrf` gives.

    >>> import rushlight as torch
    >>> A = torch.tensor([[3.0, 1.0], [4.0, 2.0]])
    >>> Q = torch.linalg.householder_product(*torch.geqrf(A))
    >>> Q
    tensor([[-0.6000, -0.8000],
            [-0.8000,  0.6000]])
    """
    return _householder_product(input, tau)


@operation(out="exact", autocast="float32")
def ormqr(
    input: Tensor, input2: Tensor, input3: Tensor, left: bool = True, transpose: bool = False
) -> Tensor:
    """Q `input3`, or with `left=False` `input3` Q, with `transpose` of Q^H, where Q is the whole
    square matrix of what `geqrf` gives.

    >>> import rushlight as torch
    >>> a, tau = torch.geqrf(torch.tensor([[3.0], [4.0]]))
    >>> torch.ormqr(a, tau, torch.tensor([[3.0], [4.0]]), transpose=True)[0].round()
    tensor([-5.])
    """
    check_matrix("torch.ormqr", input, "input")
    check_matrix("torch.ormqr", input3, "other")
    along = -2 if left else -1
    if input.array.ndim != input3.array.ndim:
        raise OperationError(
            "torch.ormqr: Expected other to have same number of dimensions as input, but got "
            f"other.ndim equal to {input3.array.ndim} and input.ndim equal to {input.array.ndim}"
        )
    if input2.array.shape[-1] > input3.array.shape[along]:
        raise OperationError(
            f"torch.ormqr: other.shape[{along}] must be greater than or equal to tau.shape[-1], "
            f"but they are {input3.array.shape[along]} and {input2.array.shape[-1]}"
        )
    if input.array.shape[-2] != input3.array.shape[along]:
        raise OperationError(
            f"torch.ormqr: other.shape[{along}] must be equal to input.shape[-2], but they are "
            f"{input3.array.shape[along]} and {input.array.shape[-2]}"
        )
    _check_reflections("torch.ormqr", input, input2)
    if input3.array.shape[:-2] != input.array.shape[:-2]:
        raise OperationError(
            "torch.ormqr: Expected batch dimensions of other to be equal to input.shape[:-2], but "
            f"got {list(input3.array.shape)} for input of {list(input.array.shape)}"
        )
    check_alike("torch.ormqr", input, input3)
    v, t = _reflections(input, input2)
    t = t.mH if transpose else t
    return input3 - v @ (t @ (v.mH @ input3)) if left else input3 - ((input3 @ v) @ t) @ v.mH
