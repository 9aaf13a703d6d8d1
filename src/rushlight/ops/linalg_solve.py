"""Systems of linear equations, inverses and determinants."""

from __future__ import annotations

from math import prod
from typing import Any

from ..autograd.operation import SavesInputs, SavesOutputAndInput
from ..dtype import COMPLEX
from ..errors import OperationError
from ..tensor import Tensor
from .common import conjugated
from .complex import complex as complex_
from .declare import operation
from .linalg_checks import (
    Decomposition,
    batch_of,
    check_alike,
    check_floating,
    check_matrix,
    check_rows,
    check_square,
    identity_like,
    in_batch,
    named,
    raise_failed,
)

linalg_inv_ex = named("linalg_inv_ex", "inverse", "info")
linalg_solve_ex = named("linalg_solve_ex", "result", "info")
linalg_slogdet = named("linalg_slogdet", "sign", "logabsdet")
slogdet_result = named("slogdet", "sign", "logabsdet")
triangular_solve_result = named("triangular_solve", "solution", "cloned_coefficient")

_SINGULAR = "The solver failed because the input matrix is singular."
_NO_INVERSE = (
    "The diagonal element {code} is zero, the inversion could not be completed because the input "
    "matrix is singular."
)


class TriangularSolve(SavesOutputAndInput):
    """X of A X = B where A has one triangle alone, with `unit` ones on the diagonal."""

    node_name = "LinalgSolveTriangularBackward0"
    upper: bool
    unit: bool

    def backward(self, grad: Tensor) -> Any:
        x, a = self.saved_tensors
        grad_b = TriangularSolve.apply(a.mH, grad, not self.upper, self.unit)
        if not self.needs(0):
            return None, grad_b
        grad_a = -grad_b @ x.mH
        inside = int(self.unit)
        return (grad_a.triu(inside) if self.upper else grad_a.tril(-inside)), grad_b


class Solve(Decomposition):
    """X of A X = B, and per matrix the place of the first zero pivot, or 0."""

    node_name = "LinalgSolveExBackward0"

    def backward(self, grad: Tensor, _: Any) -> Any:
        x, a, _ = self.saved_tensors
        grad_b = Solve.apply(a.mH, grad)[0]
        return -grad_b @ x.mH if self.needs(0) else None, grad_b


class Inverse(Decomposition):
    """The inverse, and per matrix the place of the first zero pivot, or 0."""

    kernel = "inv"
    node_name = "LinalgInvExBackward0"

    def backward(self, grad: Tensor, _: Any) -> Tensor:
        inverse = self.saved_tensors[0]
        return -(inverse.mH @ grad @ inverse.mH)


class Det(SavesInputs):
    """The determinant."""

    node_name = "LinalgDetBackward0"

    def backward(self, grad: Tensor) -> Tensor:
        return grad.unsqueeze(-1).unsqueeze(-1) * conjugated(Cofactors.apply(*self.saved_tensors))


class Cofactors(SavesInputs):
    """The derivatives of the determinant by each element: det(A) A^-T, for singular A as well."""

    def backward(self, grad: Tensor) -> Tensor:
        (a,) = self.saved_tensors
        inverse = Solve.apply(a, identity_like(a, a.array.shape[-1]))[0]
        cofactors = Cofactors.apply(a)
        turned = conjugated(inverse.mT)
        total = (grad * conjugated(cofactors)).sum((-2, -1), keepdim=True)
        return total * turned - turned @ grad.mT @ conjugated(cofactors)


class Slogdet(Decomposition):
    """The sign of the determinant and the logarithm of its size."""

    node_name = "LinalgSlogdetBackward0"
    outputs = 2

    def backward(self, grad_sign: Tensor | None, grad_log: Tensor | None) -> Any:
        sign, _, a = self.saved_tensors
        scale = grad_log
        if grad_sign is not None and a.dtype.category == COMPLEX:
            turn = -(conjugated(grad_sign) * sign).imag
            real = turn * 0 if grad_log is None else grad_log
            scale = complex_(real, turn)
        if scale is None:
            return None
        identity = identity_like(a, a.array.shape[-1])
        scaled = scale.to(a.dtype).unsqueeze(-1).unsqueeze(-1) * identity
        return Solve.apply(a.mH, scaled)[0]


def divided_right(b: Tensor, a: Tensor, upper: bool) -> Tensor:
    """X of X A = B, where A has one triangle alone."""
    return TriangularSolve.apply(a.mT, b.mT, not upper, False).mT


# ---- systems


def is_vector_side(a: Tensor, b: Tensor) -> bool:
    """Whether B stands for a batch of vectors, one for each matrix."""
    return b.array.ndim == 1 or (
        a.array.ndim - 1 == b.array.ndim and b.array.shape == a.array.shape[:-1]
    )


def _solve(name: str, a: Tensor, b: Tensor, left: bool) -> tuple[Tensor, Tensor]:
    check_square(name, a)
    check_alike(name, a, b)
    is_vector = is_vector_side(a, b)
    if is_vector and not left:
        raise OperationError(
            f"{name}: Vector broadcasting of the left hand side is not supported for left=False. "
            f"In this case {name} is equivalent to B / A.squeeze(-1)"
        )
    if is_vector:
        b = b.unsqueeze(-1)
    check_rows(name, a, b, left)
    batch_of(name, a, b)
    if left:
        x, info = Solve.apply(a, b)
    else:
        x, info = Solve.apply(a.mT, b.mT)
        x = x.mT
    return x.squeeze(-1) if is_vector else x, info


@operation("linalg", out="exact", autocast="float32")
def solve(A: Tensor, B: Tensor, *, left: bool = True) -> Tensor:
    """X of A X = B, or with `left=False` of X A = B, for (..., n, n) and (..., n, k) or (..., n).

    Raises `LinAlgError` for a singular A.

    >>> import rushlight as torch
    >>> torch.linalg.solve(torch.tensor([[2.0, 0.0], [0.0, 4.0]]), torch.tensor([2.0, 2.0]))
    tensor([1.0000, 0.5000])
    """
    x, info = _solve("linalg.solve", A, B, left)
    raise_failed(info, "torch.linalg.solve", _SINGULAR)
    return x


@operation("linalg", out="exact")
def solve_ex(A: Tensor, B: Tensor, *, left: bool = True, check_errors: bool = False) -> Any:
    """`solve` with a code for each matrix, 0 where it is not singular, instead of an error.

    >>> import rushlight as torch
    >>> A = torch.tensor([[2.0, 0.0], [0.0, 4.0]])
    >>> torch.linalg.solve_ex(A, torch.tensor([2.0, 2.0])).result
    tensor([1.0000, 0.5000])
    >>> torch.linalg.solve_ex(torch.zeros(2, 2), torch.tensor([2.0, 2.0])).info
    tensor(1, dtype=torch.int32)
    """
    x, info = _solve("linalg.solve", A, B, left)
    if check_errors:
        raise_failed(info, "linalg.solve_ex", _SINGULAR)
    return linalg_solve_ex(x, info)


@operation("linalg", out="exact")
def solve_triangular(
    input: Tensor, B: Tensor, *, upper: bool, left: bool = True, unitriangular: bool = False
) -> Tensor:
    """X of A X = B, or with `left=False` of X A = B, where A is triangular: what stands in its
    other triangle is not read, nor its diagonal with `unitriangular`.

    A is (..., n, n), B and X are (..., n, k), or (..., k, n) with `left=False`.

    >>> import rushlight as torch
    >>> A = torch.tensor([[2.0, 1.0], [0.0, 4.0]])
    >>> torch.linalg.solve_triangular(A, torch.tensor([[4.0], [8.0]]), upper=True)
    tensor([[1.],
            [2.]])
    """
    name = "linalg.solve_triangular"
    check_alike(name, input, B)
    check_square(name, input)
    check_rows(name, input, B, left)
    batch_of(name, input, B)
    if left:
        return TriangularSolve.apply(input, B, upper, unitriangular)
    return TriangularSolve.apply(input.mT, B.mT, not upper, unitriangular).mT


@operation(out="exact", autocast="float32")
def triangular_solve(
    input: Tensor, A: Tensor, upper: bool = True, transpose: bool = False,
    unitriangular: bool = False,
) -> Any:  # fmt: skip
    """X of A X = `input` where A is triangular, and A; `linalg.solve_triangular` is the new form.

    Of a transposed A the transpose is taken, which `upper` does not speak of.

    >>> import rushlight as torch
    >>> A = torch.tensor([[2.0, 1.0], [0.0, 4.0]])
    >>> torch.triangular_solve(torch.tensor([[4.0], [8.0]]), A).solution
    tensor([[1.],
            [2.]])
    """
    check_matrix("triangular_solve", input, "b")
    check_square("triangular_solve", A)
    check_alike("triangular_solve", A, input)
    check_rows("triangular_solve", A, input, True)
    batch = batch_of("triangular_solve", A, input)
    turned, side = (A.mT, not upper) if transpose else (A, upper)
    x = TriangularSolve.apply(turned, input, side, unitriangular)
    return triangular_solve_result(x, in_batch(A, batch).clone())


@operation("linalg", out="exact", autocast="float32")
def inv_ex(A: Tensor, *, check_errors: bool = False) -> Any:
    """`inv` with a code for each matrix, 0 where it is not singular, instead of an error.

    >>> import rushlight as torch
    >>> torch.linalg.inv_ex(torch.tensor([[2.0, 0.0], [0.0, 4.0]])).inverse
    tensor([[0.5000, 0.0000],
            [0.0000, 0.2500]])
    >>> torch.linalg.inv_ex(torch.zeros(2, 2)).info
    tensor(1, dtype=torch.int32)
    """
    check_square("linalg.inv", A)
    inverse, info = Inverse.apply(A)
    if check_errors:
        raise_failed(info, "linalg.inv_ex", _NO_INVERSE)
    return linalg_inv_ex(inverse, info)


@operation(out="exact", autocast="float32")
def inverse(input: Tensor) -> Tensor:
    """The inverse of square matrices (..., n, n). Raises `LinAlgError` for a singular one.

    >>> import rushlight as torch
    >>> torch.inverse(torch.tensor([[2.0, 0.0], [0.0, 4.0]]))
    tensor([[0.5000, 0.0000],
            [0.0000, 0.2500]])
    """
    return _inverse(input)


@operation("linalg", name="inv", out="exact", autocast="float32")
def _linalg_inv(A: Tensor) -> Tensor:
    """`torch.inverse`: the inverse of square matrices.

    >>> import rushlight as torch
    >>> torch.linalg.inv(torch.tensor([[2.0, 0.0], [0.0, 4.0]]))
    tensor([[0.5000, 0.0000],
            [0.0000, 0.2500]])
    """
    return _inverse(A)


def _inverse(matrix: Tensor) -> Tensor:
    check_square("linalg.inv", matrix)
    result, info = Inverse.apply(matrix)
    raise_failed(info, "linalg.inv", _NO_INVERSE)
    return result


# ---- determinants


@operation("torch", "linalg.det", out="exact")
def det(A: Tensor) -> Tensor:
    """The determinants of square matrices.

    >>> import rushlight as torch
    >>> torch.linalg.det(torch.tensor([[2.0, 1.0], [0.0, 4.0]]))
    tensor(8.)
    """
    check_square("linalg.det", A)
    return Det.apply(A)


@operation("linalg", out="exact")
def slogdet(A: Tensor) -> Any:
    """The sign of the determinant (or its phase) and the logarithm of its size: they reach where
    the determinant overflows. (...) each for (..., n, n).

    >>> import rushlight as torch
    >>> sign, logabsdet = torch.linalg.slogdet(torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
    >>> sign, logabsdet  # log(2)
    (tensor(-1.), tensor(0.6931))
    """
    check_square("linalg.slogdet", A)
    return linalg_slogdet(*Slogdet.apply(A))


@operation(name="slogdet", out="exact")
def _old_slogdet(input: Tensor) -> Any:
    """`linalg.slogdet` under its old name.

    >>> import rushlight as torch
    >>> sign, logabsdet = torch.slogdet(torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
    >>> sign, logabsdet  # log(2)
    (tensor(-1.), tensor(0.6931))
    """
    check_square("linalg.slogdet", input)
    return slogdet_result(*Slogdet.apply(input))


@operation
def logdet(input: Tensor) -> Tensor:
    """The logarithms of the determinants of (..., n, n): nan where one is negative, -inf where it
    is 0.

    >>> import rushlight as torch
    >>> torch.logdet(torch.tensor([[2.0, 0.0], [0.0, 3.0]]))  # log(6)
    tensor(1.7918)
    """
    check_square("logdet", input)
    sign, size = Slogdet.apply(input)
    return sign.log() + size


# ---- inverses and systems of tensors


@operation("linalg", out="cast", autocast="float32")
def tensorinv(input: Tensor, ind: int = 2) -> Tensor:
    """The inverse of what `tensordot` does with A: its first `ind` dimensions and the others make a
    square matrix, or a RuntimeError. The result has the others first.

    >>> import rushlight as torch
    >>> A = torch.eye(4).reshape(2, 2, 4) * 2
    >>> torch.linalg.tensorinv(A).shape, torch.linalg.tensorinv(A, ind=2)[0]
    (torch.Size([4, 2, 2]), tensor([[0.5000, 0.0000],
            [0.0000, 0.0000]]))
    """
    check_floating("linalg.tensorinv", input)
    if ind <= 0:
        raise OperationError("Expected a strictly positive integer for 'ind'")
    shape = input.array.shape
    first, second = prod(shape[:ind]), prod(shape[ind:])
    if first != second:
        raise OperationError(
            "Expected self to satisfy the requirement prod(self.shape[ind:]) == "
            f"prod(self.shape[:ind]), but got {second} != {first}"
        )
    return inverse(input.reshape(first, second)).reshape(*shape[ind:], *shape[:ind])


@operation("linalg", out="cast", autocast="float32")
def tensorsolve(input: Tensor, other: Tensor, dims: Any = None) -> Tensor:
    """X of `tensordot(A, X, X.ndim)` = B; `dims` of A are moved to its end before.

    >>> import rushlight as torch
    >>> A = torch.eye(4).reshape(2, 2, 4) * 2
    >>> torch.linalg.tensorsolve(A, torch.tensor([[2.0, 4.0], [6.0, 8.0]]))
    tensor([1., 2., 3., 4.])
    """
    check_floating("linalg.tensorsolve", input)
    if dims is not None:
        dims = [d % input.array.ndim for d in dims]
        last = range(input.array.ndim - len(dims), input.array.ndim)
        input = input.movedim(tuple(dims), tuple(last))
    shape = input.array.shape[other.array.ndim :]
    size = prod(shape)
    if size != other.array.size or size != prod(input.array.shape[: other.array.ndim]):
        raise OperationError(
            "Expected self to satisfy the requirement prod(self.shape[other.ndim:]) == "
            f"prod(self.shape[:other.ndim]), but got {size} != "
            f"{prod(input.array.shape[: other.array.ndim])}"
        )
    return solve(input.reshape(size, size), other.reshape(size)).reshape(shape)
