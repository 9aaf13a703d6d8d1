"""Matrix products of sparse tensors with dense ones and with each other."""

from __future__ import annotations

from typing import Any

import rushlight

from ..autograd.operation import Operation
from ..dtype import BOOL, HALVES, category_of
from ..errors import OperationError
from ..layout import sparse_coo, sparse_csc, sparse_csr
from ..ops.common import conjugated
from ..tensor import Tensor, wrap
from ..torch_function import array_within
from .arrays import CompressedArray, not_there
from .elementwise import add
from .parts import coalesce, in_layout, indices_of, make, pairs, sums, values_of, with_values
from .shape import transposed
from .tensor import SparseTensor, answer


def product(a: Tensor, b: Tensor) -> Tensor:
    """The product of two matrices of which one at least is sparse."""
    check_operands(a, b)
    if array_within(a).dtype in HALVES:
        return product(a.float(), b.float()).to(a.dtype)
    if not isinstance(a, SparseTensor):
        assert isinstance(b, SparseTensor)
        return _sparse_dense(transposed(b), a.t()).t()
    if not isinstance(b, SparseTensor):
        return _sparse_dense(a, b)
    return _sparse_sparse(a, b)


def check_operands(a: Tensor, b: Tensor) -> None:
    """PyTorch's errors for matrices that have no product."""
    x, y = array_within(a), array_within(b)
    if x.ndim != 2 or y.ndim != 2 or x.shape[1] != y.shape[0]:
        raise OperationError(
            "mm: mat1 and mat2 shapes cannot be multiplied ("
            f"{'x'.join(map(str, a.shape))} and {'x'.join(map(str, b.shape))})"
        )
    if x.dtype != y.dtype:
        raise OperationError(f"mm: expected scalar type {a.dtype} but found {b.dtype}")


class SparseProduct(Operation):
    """A sparse matrix, or its transpose, times a dense one: of its values, and `outer` and `inner`,
    which say where they stand (see the kernel)."""

    count: int
    is_compressed: bool
    transposed: bool
    saves = (0, 1, 2, 3)

    def backward(self, grad: Tensor) -> Any:
        values, dense, outer, inner = self.saved_tensors
        of_values = of_dense = None
        if self.needs(0):
            rows = outer[1:] - outer[:-1] if self.is_compressed else outer
            if self.is_compressed:
                rows = rushlight.arange(len(rows), device=rows.device).repeat_interleave(rows)
            goals, sources = (inner, rows) if self.transposed else (rows, inner)
            met = conjugated(dense).index_select(0, sources)
            of_values = (grad.index_select(0, goals) * met).sum(1)
        if self.needs(1):
            of_dense = SparseProduct.apply(
                conjugated(values), grad, outer, inner, dense.array.shape[0], self.is_compressed,
                not self.transposed,
            )  # fmt: skip
        return of_values, of_dense, None, None


def _sparse_dense(a: SparseTensor, b: Tensor) -> Tensor:
    """Each value times the row of `b` that it meets, summed by the row that it stands in."""
    _check_matrix(a)
    values, places = values_of(a), array_within(a)
    if category_of(places.dtype) == BOOL:
        row, column = indices_of(a).unbind(0)
        return sums(values.unsqueeze(1) * b.index_select(0, column), row, places.shape[0])
    if isinstance(places, CompressedArray):
        outer, inner = wrap(places.starts), wrap(places.indices)
    else:
        outer, inner = wrap(places.indices).unbind(0)
    is_compressed = places.layout is not sparse_coo
    return SparseProduct.apply(
        values, b, outer, inner, places.shape[0], is_compressed, places.layout is sparse_csc
    )


def _sparse_sparse(a: SparseTensor, b: SparseTensor) -> SparseTensor:
    """Each value of `a` in column k times each one of `b` in row k."""
    _check_matrix(a)
    _check_matrix(b)
    row, inner = indices_of(a).unbind(0)
    i, j = pairs(inner, indices_of(b)[0])
    values = values_of(a).index_select(0, i) * values_of(b).index_select(0, j)
    places = rushlight.stack([row.index_select(0, i), indices_of(b)[1].index_select(0, j)])
    found = coalesce(make(values, places, (a.array.shape[0], b.array.shape[1])))
    is_compressed = a.array.layout is not sparse_coo or b.array.layout is not sparse_coo
    return in_layout(found, sparse_csr) if is_compressed else found


def reduced_product(a: Tensor, b: Tensor, reduce: str) -> Tensor:
    """The product of a sparse and a dense matrix with another reduction in the place of the sum."""
    if reduce not in ("sum", "mean", "amax", "amin"):
        raise OperationError(
            f"sparse.mm: reduce must be one of sum, mean, amax, amin, but got {reduce!r}"
        )
    if not isinstance(a, SparseTensor) or isinstance(b, SparseTensor):
        raise OperationError("sparse.mm: reduce takes a sparse matrix and a dense one")
    if reduce == "sum":
        return product(a, b)
    check_operands(a, b)
    if a.array.dtype in HALVES:
        return reduced_product(a.float(), b.float(), reduce).to(a.dtype)
    _check_matrix(a)
    row, column = indices_of(a).unbind(0)
    terms = values_of(a).unsqueeze(1) * b.index_select(0, column)
    zeros = terms.new_zeros((a.array.shape[0], b.shape[1]))
    return zeros.index_reduce(0, row, terms, reduce, include_self=False)


def _check_matrix(x: SparseTensor) -> None:
    places = array_within(x)
    if places.values.ndim != 1:
        raise OperationError(
            "mm: expected two sparse dimensions and no dense one, but got a tensor of "
            f"{places.ndim - places.values.ndim + 1} sparse and {places.values.ndim - 1} dense "
            "dimensions"
        )


answer("mm")(product)


@answer("matmul", "__matmul__", "__rmatmul__", "mv")
def matmul(a: Tensor, b: Tensor) -> Tensor:
    """`product`, and that of vectors and of stacks of dense matrices with a sparse matrix."""
    dims = array_within(a).ndim, array_within(b).ndim
    if dims == (2, 1):
        _check_vector(a, b, 1)
        return product(a, b.unsqueeze(1)).squeeze(1)
    if dims == (1, 2) and isinstance(b, SparseTensor):
        _check_vector(b, a, 0)
        return product(transposed(b), a.unsqueeze(1)).squeeze(1)
    if dims[0] > 2 and dims[1] == 2 and not isinstance(a, SparseTensor):
        flat = product(a.reshape(-1, a.shape[-1]), b)
        return flat.reshape(*a.shape[:-1], b.shape[1])
    if dims == (3, 3):
        return bmm(a, b)
    return product(a, b)


def _check_vector(matrix: Tensor, vector: Tensor, dim: int) -> None:
    if array_within(matrix).shape[dim] != array_within(vector).shape[0]:
        raise OperationError(
            f"mv: expected self.size(-1) == vec.size(-1), but got sizes {list(matrix.shape)} and "
            f"{list(vector.shape)}"
        )


@answer("bmm")
def bmm(a: Tensor, b: Tensor) -> Tensor:
    """The products of a sparse stack of matrices with a dense one."""
    if not isinstance(a, SparseTensor) or isinstance(b, SparseTensor):
        raise not_there("bmm of a dense and a sparse tensor", sparse_coo)
    if a.array.ndim != 3 or b.ndim != 3 or (a.array.shape[0], a.array.shape[2]) != b.shape[:2]:
        raise OperationError(
            f"bmm: stacks of shapes {list(a.array.shape)} and {list(b.shape)} cannot be multiplied"
        )
    if a.array.dtype in HALVES:
        return bmm(a.float(), b.float()).to(a.dtype)
    batch, row, column = indices_of(a).unbind(0)
    count, rows, inner = a.array.shape
    terms = values_of(a).unsqueeze(1) * b.flatten(0, 1).index_select(0, batch * inner + column)
    return sums(terms, batch * rows + row, count * rows).reshape(count, rows, b.shape[2])


@answer("addmm", "sspaddmm")
def addmm(input: Tensor, mat1: Tensor, mat2: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """beta * input + alpha * (mat1 @ mat2)."""
    if not isinstance(mat1, SparseTensor) and isinstance(mat2, SparseTensor):
        if mat2.array.layout is sparse_coo:
            raise OperationError(
                "addmm: expected 'mat1' to have sparse layout and 'mat2' to have strided layout, "
                f"got 'mat1' with layout {mat1.layout} and 'mat2' with layout {mat2.array.layout}"
            )
    found = product(mat1, mat2)
    found = found if alpha == 1 else found * alpha
    if beta == 0 and not isinstance(input, SparseTensor):
        return found
    scaled = input if beta == 1 else input * beta
    if isinstance(scaled, SparseTensor) and not isinstance(found, SparseTensor):
        return add(scaled, found.to_sparse())
    return scaled + found


@answer("smm")
def smm(input: SparseTensor, mat2: Tensor) -> Tensor:
    """The product as a sparse tensor."""
    return product(input, mat2).to_sparse()


@answer("hspmm")
def hspmm(mat1: SparseTensor, mat2: Tensor) -> Tensor:
    """The product as a tensor of sparse rows: one sparse and one dense dimension."""
    return product(mat1, mat2).to_sparse(1)


@answer("nn.functional.linear")
def _linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    is_sparse = isinstance(weight, SparseTensor)
    result = matmul(input, transposed(weight) if is_sparse else weight.t())
    return result if bias is None else result + bias


def sampled_addmm(
    input: Tensor, mat1: Tensor, mat2: Tensor, *, beta: Any = 1.0, alpha: Any = 1.0,
    out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """beta * input + alpha * (mat1 @ mat2) in the places of `input`, a matrix of sparse rows.

    No other element of the product is computed: it takes a multiplication of two rows for each.

    >>> import rushlight as torch
    >>> places = torch.eye(2).to_sparse_csr()
    >>> torch.sparse.sampled_addmm(places, torch.ones(2, 3), torch.ones(3, 2)).values()
    tensor([4., 4.])
    """
    if not isinstance(input, SparseTensor) or input.array.layout not in (sparse_csr, sparse_csc):
        raise OperationError(
            "sampled_addmm: Expected self to be sparse csr tensor; x.to_sparse_csr() makes one"
        )
    if mat1.shape[-1] != mat2.shape[-2]:
        raise OperationError(
            f"sampled_addmm: mat1 and mat2 shapes cannot be multiplied ({list(mat1.shape)} and "
            f"{list(mat2.shape)})"
        )
    if (mat1.shape[-2], mat2.shape[-1]) != input.array.shape[:2]:
        raise OperationError(
            f"sampled_addmm: self must have the shape of the product, but got "
            f"{list(input.array.shape)} and {[mat1.shape[-2], mat2.shape[-1]]}"
        )
    row, column = indices_of(input).unbind(0)
    found = (mat1.index_select(0, row) * mat2.t().index_select(0, column)).sum(1)
    result = with_values(input, beta * values_of(input) + alpha * found)
    return result if out is None else out.copy_(result)
