"""How sparse tensors are made, and what only they have: `rushlight/sparse/` does it, once asked."""

from __future__ import annotations

from typing import Any, NoReturn

from ..dtype import dtype as DType
from ..errors import NotSupportedError, OperationError
from ..layout import layout as Layout
from ..layout import sparse_bsc, sparse_bsr, sparse_coo, sparse_csc, sparse_csr
from ..tensor import Tensor
from ..types import AnyDevice
from .declare import operation

# ---- of their parts


@operation(method=False)
def sparse_coo_tensor(
    indices: Any, values: Any = None, size: Any = None, *, dtype: DType | None = None,
    device: AnyDevice = None, requires_grad: bool = False, check_invariants: bool | None = None,
    pin_memory: bool = False,
    is_coalesced: bool | None = None,
) -> Tensor:  # fmt: skip
    """A tensor that holds `values` (nnz, *) at `indices` (sparse dimensions, nnz), else zeros.

    Values of one place count as their sum. `size` is the least that holds the indices unless it is
    given; alone it makes a tensor that holds nothing. Gradients of sparse tensors are sparse, and
    have their places. Unlike PyTorch, this holds for products by `@` and sums as well, where
    PyTorch's are dense; and indices that lie outside are a RuntimeError also where
    `check_invariants` is not asked for: nothing reads memory that is not the tensor's.

    >>> import rushlight as torch
    >>> torch.sparse_coo_tensor([[0, 1], [2, 0]], [3.0, 4.0], (2, 3)).to_dense()
    tensor([[0., 0., 3.],
            [4., 0., 0.]])
    """
    from ..sparse.making import of_coordinates

    return of_coordinates(indices, values, size, dtype, device, requires_grad, is_coalesced)


@operation(method=False)
def sparse_compressed_tensor(
    compressed_indices: Any, plain_indices: Any, values: Any, size: Any = None, *,
    dtype: DType | None = None, layout: Layout | None = None, device: AnyDevice = None,
    requires_grad: bool = False, check_invariants: bool | None = None,
    pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """A matrix of compressed rows (`layout=torch.sparse_csr`) or columns (`torch.sparse_csc`).

    `compressed_indices` says where in `values` each row begins, and at its end where the last one
    ends; `plain_indices` is the column of each value. Each value may be a tensor itself: `values`
    is (nnz, *dense dimensions).

    >>> import rushlight as torch
    >>> parts = [0, 1, 2], [1, 0], [5.0, 6.0]  # one value a row, in columns 1 and 0
    >>> torch.sparse_compressed_tensor(*parts, (2, 2), layout=torch.sparse_csr).to_dense()
    tensor([[0., 5.],
            [6., 0.]])
    """
    from ..sparse.making import of_compressed

    if layout is None:
        raise OperationError("sparse_compressed_tensor: expected a layout, such as sparse_csr")
    return of_compressed(
        compressed_indices, plain_indices, values, size, layout, dtype, device, requires_grad,
        check_invariants,
    )  # fmt: skip


@operation(method=False)
def sparse_csr_tensor(
    crow_indices: Any, col_indices: Any, values: Any, size: Any = None, *,
    dtype: DType | None = None, device: AnyDevice = None, requires_grad: bool = False,
    check_invariants: bool | None = None,
    pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """A matrix of compressed rows: row i has the values from `crow_indices[i]` on.

    >>> import rushlight as torch
    >>> torch.sparse_csr_tensor([0, 1, 2], [2, 0], [3.0, 4.0], (2, 3)).to_dense()
    tensor([[0., 0., 3.],
            [4., 0., 0.]])
    """
    return sparse_compressed_tensor(
        crow_indices, col_indices, values, size, dtype=dtype, layout=sparse_csr, device=device,
        requires_grad=requires_grad, check_invariants=check_invariants,
    )  # fmt: skip


@operation(method=False)
def sparse_csc_tensor(
    ccol_indices: Any, row_indices: Any, values: Any, size: Any = None, *,
    dtype: DType | None = None, device: AnyDevice = None, requires_grad: bool = False,
    check_invariants: bool | None = None,
    pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """A matrix of compressed columns: column j has the values from `ccol_indices[j]` on.

    >>> import rushlight as torch
    >>> torch.sparse_csc_tensor([0, 1, 2], [1, 0], [5.0, 6.0], (2, 2)).to_dense()
    tensor([[0., 6.],
            [5., 0.]])
    """
    return sparse_compressed_tensor(
        ccol_indices, row_indices, values, size, dtype=dtype, layout=sparse_csc, device=device,
        requires_grad=requires_grad, check_invariants=check_invariants,
    )  # fmt: skip


# ---- of dense tensors


@operation("Tensor")
def to_sparse(
    input: Tensor, sparse_dim: int | None = None, *, layout: Layout | None = None,
    blocksize: Any = None, dense_dim: int | None = None,
) -> Tensor:  # fmt: skip
    """The elements that are not 0, with their places.

    With `sparse_dim` places are those in the first dimensions, and what is held there are dense
    parts, (nnz, *the other dimensions). `layout` is one of those that torch has (`sparse_coo`).

    >>> import rushlight as torch
    >>> torch.eye(2).to_sparse()
    tensor(indices=tensor([[0, 1],
                           [0, 1]]),
           values=tensor([1., 1.]),
           size=(2, 2), nnz=2, layout=torch.sparse_coo)
    """
    from ..sparse.making import to_layout

    if sparse_dim is not None and layout is not None:
        raise OperationError("to_sparse: give either sparse_dim or layout")
    return to_layout(input, sparse_dim, layout or sparse_coo, dense_dim)


@operation("Tensor")
def to_sparse_coo(input: Tensor) -> Tensor:
    """`to_sparse()`: the elements by their coordinates.

    >>> import rushlight as torch
    >>> torch.tensor([[0.0, 5.0]]).to_sparse_coo()
    tensor(indices=tensor([[0],
                           [1]]),
           values=tensor([5.]),
           size=(1, 2), nnz=1, layout=torch.sparse_coo)
    """
    return to_sparse(input)


@operation("Tensor")
def to_sparse_csr(input: Tensor, dense_dim: int | None = None) -> Tensor:
    """The matrix as compressed rows; see `torch.sparse_csr_tensor`.

    >>> import rushlight as torch
    >>> torch.tensor([[0.0, 5.0], [6.0, 0.0]]).to_sparse_csr().crow_indices()
    tensor([0, 1, 2])
    """
    return to_sparse(input, layout=sparse_csr, dense_dim=dense_dim)


@operation("Tensor")
def to_sparse_csc(input: Tensor, dense_dim: int | None = None) -> Tensor:
    """The matrix as compressed columns; see `torch.sparse_csc_tensor`.

    >>> import rushlight as torch
    >>> torch.tensor([[0.0, 5.0], [6.0, 0.0]]).to_sparse_csc().row_indices()
    tensor([1, 0])
    """
    return to_sparse(input, layout=sparse_csc, dense_dim=dense_dim)


@operation("Tensor")
def to_sparse_bsr(input: Tensor, blocksize: Any, dense_dim: int | None = None) -> Tensor:
    """Not there: matrices of blocks are a NotImplementedError."""
    return to_sparse(input, layout=sparse_bsr, blocksize=blocksize, dense_dim=dense_dim)


@operation("Tensor")
def to_sparse_bsc(input: Tensor, blocksize: Any, dense_dim: int | None = None) -> Tensor:
    """Not there: matrices of blocks are a NotImplementedError."""
    return to_sparse(input, layout=sparse_bsc, blocksize=blocksize, dense_dim=dense_dim)


@operation("Tensor")
def sparse_mask(input: Tensor, mask: Tensor) -> Tensor:
    """What the tensor has in the places of a sparse one of its size, as a sparse tensor.

    >>> import rushlight as torch
    >>> torch.arange(4.0).reshape(2, 2).sparse_mask(torch.eye(2).to_sparse()).values()
    tensor([0., 3.])
    """
    from ..sparse.elementwise import sparse_mask as masked

    return masked(input, mask)


# ---- what sparse tensors alone have


def _strided(name: str, kind: str) -> NoReturn:
    raise OperationError(
        f"{name} expected {kind} tensor layout but got torch.strided; x.to_sparse() makes one"
    )


@operation("Tensor")
def coalesce(input: Tensor) -> Tensor:
    """A tensor of coordinates with its places in order, each once: values of one place are summed.

    >>> import rushlight as torch
    >>> torch.sparse_coo_tensor([[1, 0, 1]], [1.0, 2.0, 3.0]).coalesce()
    tensor(indices=tensor([[0, 1]]),
           values=tensor([2., 4.]),
           size=(2,), nnz=2, layout=torch.sparse_coo)
    """
    _strided("coalesce", "sparse coordinate")


@operation("Tensor")
def is_coalesced(input: Tensor) -> bool:
    """Whether the places of a tensor of coordinates are in order, and each there once.

    >>> import rushlight as torch
    >>> x = torch.sparse_coo_tensor([[0, 0]], [1.0, 2.0], (3,))
    >>> x.is_coalesced(), x.coalesce().is_coalesced()
    (False, True)
    """
    _strided("is_coalesced", "sparse coordinate")


@operation("Tensor")
def indices(input: Tensor) -> Tensor:
    """The places of a coalesced tensor of coordinates, (sparse dimensions, nnz).

    >>> import rushlight as torch
    >>> torch.tensor([[0.0, 5.0]]).to_sparse().indices()
    tensor([[0],
            [1]])
    """
    _strided("indices", "sparse coordinate")


@operation("Tensor")
def values(input: Tensor) -> Tensor:
    """The values of a sparse tensor, (nnz, *dense dimensions); gradients flow through them.

    >>> import rushlight as torch
    >>> torch.tensor([[0.0, 5.0]]).to_sparse().values()
    tensor([5.])
    """
    _strided("values", "sparse")


@operation("Tensor")
def crow_indices(input: Tensor) -> Tensor:
    """Where each compressed row begins.

    >>> import rushlight as torch
    >>> torch.tensor([[0.0, 5.0], [6.0, 7.0]]).to_sparse_csr().crow_indices()
    tensor([0, 1, 3])
    """
    _strided("crow_indices", "sparse row compressed")


@operation("Tensor")
def col_indices(input: Tensor) -> Tensor:
    """The column of each value, of compressed rows.

    >>> import rushlight as torch
    >>> torch.tensor([[0.0, 5.0], [6.0, 7.0]]).to_sparse_csr().col_indices()
    tensor([1, 0, 1])
    """
    _strided("col_indices", "sparse row compressed")


@operation("Tensor")
def ccol_indices(input: Tensor) -> Tensor:
    """Where each compressed column begins.

    >>> import rushlight as torch
    >>> torch.tensor([[0.0, 5.0], [6.0, 7.0]]).to_sparse_csc().ccol_indices()
    tensor([0, 1, 3])
    """
    _strided("ccol_indices", "sparse column compressed")


@operation("Tensor")
def row_indices(input: Tensor) -> Tensor:
    """The row of each value, of compressed columns.

    >>> import rushlight as torch
    >>> torch.tensor([[0.0, 5.0], [6.0, 7.0]]).to_sparse_csc().row_indices()
    tensor([1, 0, 1])
    """
    _strided("row_indices", "sparse column compressed")


def _refuse_strided(name: str) -> NoReturn:
    raise NotSupportedError(
        f"{name}: not implemented for tensors of layout torch.strided; x.to_sparse() makes one"
    )


@operation("Tensor")
def _indices(input: Tensor) -> Tensor:
    """The places of a tensor of coordinates, whether it is coalesced or not."""
    _refuse_strided("_indices")


@operation("Tensor")
def _values(input: Tensor) -> Tensor:
    """The values of a sparse tensor, whether it is coalesced or not."""
    _refuse_strided("_values")


@operation("Tensor")
def _nnz(input: Tensor) -> int:
    """How many values a sparse tensor holds."""
    _refuse_strided("_nnz")


@operation("Tensor")
def _coalesced_(input: Tensor, coalesced: bool) -> Tensor:
    """Says that a tensor of coordinates is coalesced, or that it may not be."""
    _refuse_strided("_coalesced_")


@operation("Tensor")
def sparse_dim(input: Tensor) -> int:
    """How many dimensions are places; 0 for dense tensors.

    >>> import rushlight as torch
    >>> x = torch.eye(2)
    >>> x.to_sparse().sparse_dim(), x.to_sparse(1).sparse_dim(), x.sparse_dim()
    (2, 1, 0)
    """
    return 0


@operation("Tensor")
def dense_dim(input: Tensor) -> int:
    """How many dimensions the values have, each.

    >>> import rushlight as torch
    >>> x = torch.eye(2)
    >>> x.to_sparse().dense_dim(), x.to_sparse(1).dense_dim()
    (0, 1)
    """
    return input.array.ndim


@operation
def resize_as_sparse_(input: Tensor, the_template: Tensor) -> Tensor:
    """Gives a sparse tensor the size of another one; it keeps what it holds.

    >>> import rushlight as torch
    >>> x, template = torch.eye(2).to_sparse(), torch.eye(3).to_sparse()
    >>> x.resize_as_sparse_(template).shape, x._nnz()
    (torch.Size([3, 3]), 2)
    """
    _refuse_strided("resize_as_sparse_")


@operation("Tensor")
def sparse_resize_(input: Tensor, size: Any, sparse_dim: int, dense_dim: int) -> Tensor:
    """Gives a sparse tensor another size; it keeps what it holds, so that none may shrink.

    >>> import rushlight as torch
    >>> x = torch.eye(2).to_sparse()
    >>> x.sparse_resize_((3, 3), 2, 0).shape, x._nnz()
    (torch.Size([3, 3]), 2)
    """
    _refuse_strided("sparse_resize_")


@operation("Tensor")
def sparse_resize_and_clear_(input: Tensor, size: Any, sparse_dim: int, dense_dim: int) -> Tensor:
    """Gives a sparse tensor another size, and takes away what it holds.

    >>> import rushlight as torch
    >>> x = torch.eye(2).to_sparse()
    >>> x.sparse_resize_and_clear_((3, 3), 2, 0).shape, x._nnz()
    (torch.Size([3, 3]), 0)
    """
    _refuse_strided("sparse_resize_and_clear_")


# ---- products that make sparse tensors


@operation
def smm(input: Tensor, mat2: Tensor) -> Tensor:
    """The product of a sparse matrix and a dense one as a sparse tensor.

    >>> import rushlight as torch
    >>> torch.smm(torch.eye(2).to_sparse(), torch.tensor([[1.0], [2.0]])).to_dense()
    tensor([[1.],
            [2.]])
    """
    _refuse_strided("smm")


@operation("torch", "hsmm", method=False)
def hspmm(mat1: Tensor, mat2: Tensor) -> Tensor:
    """The product of a sparse and a dense matrix as a tensor of sparse rows, each of them dense.

    >>> import rushlight as torch
    >>> torch.hspmm(torch.eye(2).to_sparse(), torch.tensor([[1.0], [2.0]])).to_dense()
    tensor([[1.],
            [2.]])
    """
    _refuse_strided("hspmm")


@operation("torch", "torch.saddmm", numbers_first=True)
def sspaddmm(input: Tensor, mat1: Tensor, mat2: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """beta * input + alpha * (mat1 @ mat2), where all but `mat2` are sparse, as is the result.

    >>> import rushlight as torch
    >>> x = torch.eye(2).to_sparse()
    >>> torch.sspaddmm(x, x, torch.ones(2, 2), beta=10).to_dense()
    tensor([[11.,  1.],
            [ 1., 11.]])
    """
    _refuse_strided("sspaddmm")
