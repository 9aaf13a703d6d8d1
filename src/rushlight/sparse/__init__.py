"""Tensors that hold only the elements that are given: `torch.sparse`.

`torch.sparse_coo_tensor`, `torch.sparse_csr_tensor` and `Tensor.to_sparse` make them. A tensor of
coordinates (`sparse_coo`) has for each element its place and its value, one of compressed rows
(`sparse_csr`) or columns (`sparse_csc`) where each row begins and the columns of its elements.

>>> import rushlight as torch
>>> a = torch.sparse_coo_tensor([[0, 1, 1], [2, 0, 2]], [3.0, 4.0, 5.0], (2, 3))
>>> a @ torch.ones(3, 1)
tensor([[3.],
        [9.]])
"""

from __future__ import annotations

from ..tensor import Tensor
from . import elementwise, members, saving, shape  # noqa: F401  # they register what they do
from .making import check_sparse_tensor_invariants
from .products import addmm as _addmm
from .products import product as _product
from .products import reduced_product as _reduced_product
from .products import sampled_addmm
from .reductions import log_softmax, softmax, sum
from .spdiags import spdiags
from .tensor import SparseTensor

__all__ = [
    "addmm", "check_sparse_tensor_invariants", "log_softmax", "mm", "sampled_addmm", "softmax",
    "spdiags", "sum",
]  # fmt: skip


def mm(mat1: Tensor, mat2: Tensor, reduce: str | None = None) -> Tensor:
    """The product of two matrices, of which one or both may be sparse.

    That of two sparse matrices is sparse, any other one dense. The gradient of a sparse matrix has
    its places. With `reduce` ("sum", "mean", "amax", "amin") the terms in a row of a sparse `mat1`
    are put together otherwise than by their sum; a row without any is 0.

    >>> import rushlight as torch
    >>> torch.sparse.mm(torch.eye(2).to_sparse(), torch.ones(2, 3))
    tensor([[1., 1., 1.],
            [1., 1., 1.]])
    """
    if reduce is not None:
        return _reduced_product(mat1, mat2, reduce)
    if isinstance(mat1, SparseTensor) or isinstance(mat2, SparseTensor):
        return _product(mat1, mat2)
    return mat1.mm(mat2)


def addmm(
    mat: Tensor, mat1: Tensor, mat2: Tensor, *, beta: float = 1.0, alpha: float = 1.0
) -> Tensor:
    """beta * mat + alpha * (mat1 @ mat2), where `mat1` may be sparse.

    >>> import rushlight as torch
    >>> x = torch.eye(2).to_sparse()
    >>> torch.sparse.addmm(torch.ones(2, 1), x, torch.tensor([[1.0], [2.0]]))
    tensor([[2.],
            [3.]])
    """
    if isinstance(mat1, SparseTensor) or isinstance(mat2, SparseTensor):
        return _addmm(mat, mat1, mat2, beta=beta, alpha=alpha)
    return mat.addmm(mat1, mat2, beta=beta, alpha=alpha)
