"""Norms of vectors and matrices, and what singular values say of a matrix: rank, condition number,
pseudoinverse, least squares."""

from __future__ import annotations

from math import inf, isinf, prod
from typing import Any

from ..autograd.operation import SavesOutputAndInput
from ..dtype import FLOATING, HALVES, title_of
from ..dtype import dtype as DType
from ..errors import OperationError
from ..scalars import number
from ..tensor import Tensor
from .choices import where
from .common import normalize_axes
from .creation import empty
from .declare import operation
from .extremes import Max, shares
from .linalg_checks import (
    Decomposition,
    batch_of,
    check_alike,
    check_dimensions,
    check_floating,
    check_matrix,
    check_square,
    named,
    two_dims,
)
from .linalg_eigenvalues import eigvalsh, svdvals
from .linalg_solve import Inverse, is_vector_side
from .reduction import Reduction, spread

linalg_lstsq = named("linalg_lstsq", "solution", "residuals", "rank", "singular_values")


class Norm(Reduction, SavesOutputAndInput):
    """(sum |x|^p)^(1/p); its gradient at a norm of 0 is 0."""

    node_name = "LinalgVectorNormBackward0"
    p: float

    @staticmethod
    def forward(kernels: Any, x: Any, axes: Any, keepdim: bool, p: float) -> Any:
        if p != 0 and prod(x.shape if axes is None else [x.shape[axis] for axis in axes]) == 1:
            return kernels.amax(kernels.abs(x), axes, keepdim)  # whose power may leave the range
        if p == 1:
            return kernels.sum_of_sizes(x, axes, keepdim)
        if p == 2:
            return kernels.sqrt(kernels.sum_of_squares(x, axes, keepdim))
        size = kernels.abs(x)
        if p == inf:
            return kernels.amax(size, axes, keepdim)
        if p == -inf:
            return kernels.amin(size, axes, keepdim)
        if p == 0:
            return kernels.sum(kernels.cast(kernels.ne(size, 0), size.dtype), axes, keepdim)
        return kernels.pow(kernels.sum(kernels.pow(size, p), axes, keepdim), 1 / p)

    def backward(self, grad: Tensor) -> Tensor | None:
        y, x = self.saved_tensors
        if self.p == 0:
            return None
        if self.p == 1:
            return x.sgn() * spread(grad, self)
        if isinf(self.p):
            hits = Max.hits(x.abs(), spread(y, self))
            return x.sgn() * spread(grad, self) * shares(hits, self.axes, grad)
        is_zero = y == 0
        safe = where(is_zero, 1.0, y)
        if self.p == 2:
            return x * spread(where(is_zero, 0.0, grad / safe), self)
        scale = spread(where(is_zero, 0.0, grad * safe ** (1 - self.p)), self)
        at_zero = x == 0
        slope = where(at_zero, 0.0, where(at_zero, 1.0, x.abs()) ** (self.p - 1))
        return x.sgn() * slope * scale


class Pinv(Decomposition):
    """The pseudoinverse of Moore and Penrose; singular values within the limits count as 0."""

    node_name = "LinalgPinvBackward0"
    hermitian: bool

    def backward(self, grad: Tensor) -> Any:
        inverse, a, *limits = self.saved_tensors
        return (_pinv_backward(grad, inverse, a), *(None for _ in limits))


def _pinv_backward(grad: Tensor, inverse: Tensor, a: Tensor) -> Tensor:
    """Golub and Pereyra (1973), with the smaller products first."""
    turned, grad = inverse.mH, grad.mH
    if a.array.shape[-2] <= a.array.shape[-1]:
        inner = grad @ inverse
        outer = inner @ turned
        return (
            outer - (inverse @ inner).mH - (a @ inverse) @ outer
            + (turned @ inverse) @ (grad - inner @ a)
        )  # fmt: skip
    inner = inverse @ grad
    outer = turned @ inner
    return (
        outer - (inner @ inverse).mH - (outer @ inverse) @ a
        + (grad - a @ inner) @ inverse @ turned
    )  # fmt: skip


class Lstsq(Decomposition):
    """The shortest X with the least |A X - B|, the rank of A and its singular values."""

    node_name = "LinalgLstsqBackward0"
    limit: float

    def backward(self, grad: Tensor, *_: Any) -> Any:
        _, a, b = self.saved_tensors
        inverse = Pinv.apply(a, 0.0, self.limit, False)
        grad_a = _pinv_backward(grad @ b.mH, inverse, a) if self.needs(0) else None
        return grad_a, inverse.mH @ grad


# ---- norms


def _as_dtype(name: str, x: Tensor, dtype: DType | None) -> Tensor:
    """x in the dtype that a norm is computed in."""
    if x.dtype.category < FLOATING:
        raise OperationError(
            f"{name}: Expected a floating point or complex tensor as input. Got "
            f"{title_of(x.dtype)}; convert it with .float()"
        )
    if dtype is None:
        return x
    if dtype.category < FLOATING:
        raise OperationError(
            f"{name}: dtype should be floating point or complex. Got {title_of(dtype)}"
        )
    if dtype.category != x.dtype.category:
        raise OperationError(
            f"{name}: dtype should be {'complex' if x.is_complex() else 'real'} for "
            f"{'complex' if x.is_complex() else 'real'} inputs, but got {title_of(dtype)}"
        )
    if dtype.numpy.itemsize < x.array.dtype.itemsize:
        raise OperationError(
            f"{name}: the dtype of the input ({title_of(x.dtype)}) should be convertible without "
            f"narrowing to the specified dtype ({title_of(dtype)})"
        )
    return x.to(dtype)


@operation("linalg", out="exact")
def vector_norm(
    x: Tensor, ord: Any = 2, dim: Any = None, keepdim: bool = False, *, dtype: DType | None = None
) -> Tensor:
    """(sum |x|^ord)^(1/ord) over `dim` or all; infinity gives the largest |x|, -infinity the
    smallest, 0 how many are not 0.

    >>> import rushlight as torch
    >>> torch.linalg.vector_norm(torch.tensor([3.0, -4.0]))
    tensor(5.)
    """
    name = "linalg.vector_norm"
    x = _as_dtype(name, x, dtype)
    if not isinstance(number(ord), (int, float)):
        raise OperationError(f"{name}: Expected a non-complex scalar as the order of norm.")
    power = float(ord)
    axes = normalize_axes(dim, x.array.ndim)
    reduced = x.array.shape if axes is None else [x.array.shape[i] for i in axes]
    if 0 in reduced and (power < 0 or power == inf):
        raise OperationError(
            f"{name} cannot compute the {power:g} norm on an empty tensor because the operation "
            f"does not have an identity (shape {tuple(x.array.shape)})"
        )
    if x.array.dtype in HALVES:
        return Norm.apply(x.float(), axes, keepdim, power).to(x.dtype)
    return Norm.apply(x, axes, keepdim, power)


@operation("linalg", out="exact")
def matrix_norm(
    input: Tensor, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False, *,
    dtype: DType | None = None,
) -> Tensor:  # fmt: skip
    """A norm of matrices in two dimensions: "fro" of all elements, "nuc" the sum of the singular
    values, 2 and -2 the largest and least of these, 1 and -1 the largest and least sum of a column,
    infinity and -infinity that of a row.

    >>> import rushlight as torch
    >>> torch.linalg.matrix_norm(torch.tensor([[3.0, 0.0], [0.0, 4.0]]))
    tensor(5.)
    """
    name = "linalg.matrix_norm"
    check_dimensions(name, input)
    input = _as_dtype(name, input, dtype)
    first, second = two_dims(name, dim, input.array.ndim)
    if ord == "fro":
        if input.array.dtype in HALVES:
            return vector_norm(input, 2, (first, second), keepdim)
        return Norm.apply(input, (first, second), keepdim, 2.0)
    if ord != "nuc" and (isinstance(ord, str) or abs(ord) not in (1, 2, inf)):
        raise OperationError(f"{name}: Order {ord} not supported.")
    if ord == "nuc" or abs(ord) == 2:
        if input.array.dtype in HALVES:
            check_floating(name, input)
        values = svdvals(input.movedim((first, second), (-2, -1)))
        result = values.sum(-1) if ord == "nuc" else _extreme(values, -1, ord > 0, False)
        if not keepdim:
            return result
        low, high = sorted((first, second))
        return result.unsqueeze(low).unsqueeze(high)
    summed, compared = (first, second) if abs(ord) == 1 else (second, first)
    sums = vector_norm(input, 1, summed, keepdim)
    if not keepdim and summed < compared:
        compared -= 1
    return _extreme(sums, compared, ord > 0, keepdim)


def _extreme(x: Tensor, dim: int, largest: bool, keepdim: bool) -> Tensor:
    if largest and x.array.shape[dim] == 0:
        return x.sum(dim, keepdim)  # 0
    return x.amax(dim, keepdim) if largest else x.amin(dim, keepdim)


@operation("linalg", out="exact")
def norm(
    input: Tensor, ord: Any = None, dim: Any = None, keepdim: bool = False, *,
    dtype: DType | None = None,
) -> Tensor:  # fmt: skip
    """`matrix_norm` where `dim` names two dimensions or A is a matrix and `ord` is given, else
    `vector_norm`.

    >>> import rushlight as torch
    >>> A = torch.tensor([[3.0, 0.0], [0.0, 4.0]])
    >>> torch.linalg.norm(A), torch.linalg.norm(A, 2), torch.linalg.norm(A, dim=1)
    (tensor(5.), tensor(4.), tensor([3., 4.]))
    """
    if ord is None:
        return vector_norm(input, 2, dim, keepdim, dtype=dtype)
    dims = (dim,) if isinstance(dim, int) else dim
    if dims is not None and len(dims) not in (1, 2):
        raise OperationError(
            f"linalg.norm: If dim is specified, it must be of length 1 or 2. Got {list(dims)}"
        )
    if dims is None and input.array.ndim not in (1, 2):
        raise OperationError(
            "linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got "
            f"{input.array.ndim}D."
        )
    if isinstance(ord, str) or len(dims or input.array.shape) == 2:
        return matrix_norm(input, ord, (-2, -1) if dims is None else dims, keepdim, dtype=dtype)
    return vector_norm(input, ord, (0,) if dims is None else dims, keepdim, dtype=dtype)


@operation(name="norm", out="exact")
def _old_norm(
    input: Tensor, p: Any = "fro", dim: Any = None, keepdim: bool = False, *,
    dtype: DType | None = None,
) -> Tensor:  # fmt: skip
    """(sum |x|^p)^(1/p) over `dim` or all; "fro" is p = 2, infinity the largest |x|, and "nuc" the
    sum of the singular values of matrices.

    >>> import rushlight as torch
    >>> x = torch.tensor([3.0, -4.0])
    >>> torch.norm(x), torch.norm(x, p=1), torch.norm(x, p=torch.inf)
    (tensor(5.), tensor(7.), tensor(4.))
    """
    if input.dtype.category < FLOATING and dtype is None:
        raise OperationError(
            f"norm(): the desired output dtype should be either floating point or complex. Got "
            f"{title_of(input.dtype)} instead; convert it with .float()"
        )
    if input.dtype.category < FLOATING:
        check_floating("norm", input)
    x = input if dtype is None else input.to(dtype)
    if p == "nuc":
        if dim is None and x.array.ndim != 2:
            raise OperationError(
                f"norm: the nuclear norm is of matrices, but the input has {x.array.ndim} "
                "dimensions; say which two are meant by dim="
            )
        return matrix_norm(x, "nuc", (0, 1) if dim is None else dim, keepdim)
    if isinstance(p, str) and p != "fro":
        raise RuntimeError(f"only valid string values are 'fro' and 'nuc', found {p}")
    return vector_norm(x, 2 if p in ("fro", None) else p, dim, keepdim)


@operation("linalg", out="cast", autocast="float32")
def cond(input: Tensor, p: Any = None) -> Tensor:
    """The condition number: the ratio of the largest and the least singular value, or with `p` (a
    norm of `matrix_norm`) that of A times that of its inverse; infinity for singular matrices.

    >>> import rushlight as torch
    >>> torch.linalg.cond(torch.tensor([[2.0, 0.0], [0.0, 1.0]]))
    tensor(2.)
    """
    name = "linalg.cond"
    check_matrix(name, input)
    if p not in (None, 2, -2, "fro", "nuc", 1, -1, inf, -inf):
        raise OperationError(f"{name} got an invalid norm type: {p}")
    if isinstance(p, str):
        check_square(f"{name}(ord={p})", input)
    if input.array.size == 0:
        return input.new_zeros(input.array.shape[:-2], dtype=input.dtype.to_real())
    if p in (None, 2, -2):
        values = svdvals(input)
        first, last = values[..., 0], values[..., -1]
        return last / first if p == -2 else first / last
    check_square(f"{name}(ord={p})", input)
    if p == "nuc":
        values = svdvals(input)
        return values.sum(-1) * values.reciprocal().sum(-1)
    inverted, info = Inverse.apply(input)
    both = matrix_norm(input, p) * matrix_norm(inverted, p)
    return both.masked_fill(info != 0, inf)


# ---- rank, pseudoinverse, least squares


def _limits(name: str, a: Tensor, atol: Any, rtol: Any) -> tuple[Any, Any]:
    """The limits below which singular values count as 0: absolute, and relative to the largest."""
    for limit in (atol, rtol):
        if isinstance(limit, Tensor) and limit.is_complex():
            raise OperationError(f"{name}: atol and rtol tensors of complex type: not supported.")
    if rtol is None:
        from ..type_info import finfo

        rtol = max(a.array.shape[-2:]) * finfo(a.dtype).eps
        if isinstance(atol, Tensor):
            rtol = (atol <= 0).to(a.dtype.to_real()) * rtol
        elif atol is not None and atol > 0:
            rtol = 0.0
    return 0.0 if atol is None else atol, rtol


@operation("linalg", "torch.matrix_rank", out="cast", autocast="float32")
def matrix_rank(
    input: Tensor, tol: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None
) -> Tensor:
    """How many singular values are larger than `atol` and than `rtol` times the largest.

    >>> import rushlight as torch
    >>> torch.linalg.matrix_rank(torch.eye(3))
    tensor(3)
    """
    name = "linalg.matrix_rank"
    (check_square if hermitian else check_matrix)(name, input)
    atol, rtol = (tol, 0.0) if tol is not None else _limits(name, input, atol, rtol)
    if input.array.size == 0:
        return input.new_zeros(input.array.shape[:-2], dtype=DType.from_numpy("int64"))
    values = eigvalsh(input).abs() if hermitian else svdvals(input)
    limit = values.amax(-1) * rtol
    limit = limit.maximum(atol.to(limit.dtype)) if isinstance(atol, Tensor) else limit.clamp(atol)
    return (values > limit.unsqueeze(-1)).sum(-1)


def _pinv(name: str, a: Tensor, atol: Any, rtol: Any, hermitian: bool) -> Tensor:
    (check_square if hermitian else check_matrix)(name, a)
    limits = [
        limit.to(a.dtype.to_real()).detach() if isinstance(limit, Tensor) else float(limit)
        for limit in _limits(name, a, atol, rtol)
    ]
    return Pinv.apply(a, *limits, hermitian)


@operation("linalg", name="pinv", out="cast")
def _linalg_pinv(
    input: Tensor, rcond: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None
) -> Tensor:
    """The pseudoinverse of Moore and Penrose, (..., n, m) for (..., m, n). Singular values up to
    `atol` or `rtol` (or `rcond`) times the largest count as 0.

    >>> import rushlight as torch
    >>> torch.linalg.pinv(torch.tensor([[3.0], [4.0]]))  # 3 / 25 and 4 / 25
    tensor([[0.1200, 0.1600]])
    """
    return _pinv("linalg.pinv", input, atol, rcond if rtol is None else rtol, hermitian)


@operation(autocast="float32")
def pinverse(input: Tensor, rcond: float = 1e-15) -> Tensor:
    """The pseudoinverse; singular values up to `rcond` times the largest count as 0.

    >>> import rushlight as torch
    >>> torch.pinverse(torch.tensor([[2.0, 0.0], [0.0, 4.0]]))
    tensor([[0.5000, 0.0000],
            [0.0000, 0.2500]])
    """
    return _pinv("linalg.pinv", input, 0.0, rcond, False)


_DRIVERS = ("gels", "gelsy", "gelsd", "gelss")


@operation("linalg", out="cast", autocast="float32")
def lstsq(input: Tensor, b: Tensor, rcond: Any = None, *, driver: str | None = None) -> Any:
    """The X (..., n, k) with the least |A X - B| for A (..., m, n) and B (..., m, k) or (..., m),
    the shortest of several; |A X - B|^2 where A has more rows than columns and full rank; the rank
    of A; its singular values. Of the last three the drivers leave out what they leave out in
    LAPACK: "gels" (which takes a full rank for granted) rank and values, "gelsy" (the default) the
    values.

    >>> import rushlight as torch
    >>> A = torch.tensor([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]])
    >>> torch.linalg.lstsq(A, torch.tensor([[1.0], [3.0], [5.0]])).solution.round()  # 1 + 2 x
    tensor([[1.],
            [2.]])
    """
    name = "linalg.lstsq"
    check_matrix(name, input, "input")
    if b.array.ndim < 1:
        raise OperationError(f"{name}: other must have at least 1 dimension")
    check_alike(name, input, b)
    if driver not in (None, *_DRIVERS):
        raise OperationError(
            f"{name}: parameter `driver` should be one of (gels, gelsy, gelsd, gelss), not {driver}"
        )
    driver = driver or "gelsy"
    is_vector = is_vector_side(input, b)
    b = b.unsqueeze(-1) if is_vector else b
    if b.array.ndim < 2 or b.array.shape[-2] != input.array.shape[-2]:
        raise OperationError(
            f"{name}: input.size(-2) should match other.size(-2), but they are "
            f"{input.array.shape[-2]} and {b.array.shape[-2] if b.array.ndim > 1 else 'missing'}"
        )
    batch_of(name, input, b)
    solution, rank, values = Lstsq.apply(input, b, _limits(name, input, None, rcond)[1])
    rows, columns = input.array.shape[-2:]
    # Of no elements, and yet as differentiable as they would be.
    residuals = solution.abs().flatten()[:0]
    if rows > columns and (driver == "gels" or driver != "gelsy" and bool((rank == columns).all())):
        left = (input @ solution - b).abs()
        residuals = (left * left).sum(-2)
        residuals = residuals.squeeze(-1) if is_vector else residuals
    nothing = empty(0, dtype=rank.dtype, device=input.device)
    return linalg_lstsq(
        solution.squeeze(-1) if is_vector else solution,
        residuals,
        nothing if driver == "gels" else rank,
        values.detach() if driver in ("gelsd", "gelss") else residuals.new_empty(0),
    )
