"""How sparse tensors are made: of their parts, and of dense tensors."""

from __future__ import annotations

import threading
from typing import Any

import rushlight

from ..dtype import INTEGER, int64
from ..errors import NotSupportedError, OperationError
from ..layout import sparse_bsc, sparse_bsr, sparse_coo, sparse_csc, sparse_csr
from ..size import Size
from ..tensor import Tensor
from .parts import coo, in_layout, make, make_compressed, values_at
from .tensor import SparseTensor


class check_sparse_tensor_invariants:
    """Whether tensors of compressed rows are looked through for what no index may be.

    `enable()`, `disable()` and `is_enabled()` are of the class; an instance is a context. Unlike
    PyTorch's, indices outside of the tensor and starts that are none are always refused: nothing
    reads memory that is not the tensor's. This is about columns that are not in order, or twice.

    >>> import rushlight as torch
    >>> with torch.sparse.check_sparse_tensor_invariants():
    ...     torch.sparse.check_sparse_tensor_invariants.is_enabled()
    True
    """

    _thread = threading.local()

    def __init__(self, enable: bool = True) -> None:
        self._wanted = enable
        self._before: list[bool] = []

    @classmethod
    def is_enabled(cls) -> bool:
        return getattr(cls._thread, "enabled", False)

    @classmethod
    def enable(cls) -> None:
        cls._thread.enabled = True

    @classmethod
    def disable(cls) -> None:
        cls._thread.enabled = False

    def __enter__(self) -> None:
        self._before.append(self.is_enabled())
        self._thread.enabled = self._wanted

    def __exit__(self, *exception: Any) -> None:
        self._thread.enabled = self._before.pop()

    def __call__(self, function: Any) -> Any:
        def called(*args: Any, **kwargs: Any) -> Any:
            with type(self)(self._wanted):
                return function(*args, **kwargs)

        return called


# ---- of coordinates and values


def of_coordinates(
    indices: Any, values: Any, size: Any, dtype: Any = None, device: Any = None,
    requires_grad: bool = False, is_coalesced: bool | None = None,
) -> Tensor:  # fmt: skip
    """`torch.sparse_coo_tensor`."""
    if values is None:  # a size alone: nothing is given
        return _finished(
            empty(Size(indices if size is None else size), dtype, device), requires_grad
        )
    elements = _elements(values, dtype, device)
    places = _whole_numbers("indices", indices, elements)
    if places.ndim == 1 and not places.shape[0]:
        places = places.reshape(0, elements.shape[0] if elements.ndim else 1)
    if places.ndim != 2:
        raise OperationError(
            f"sparse_coo_tensor: indices must be sparse_dim x nnz, but got: {list(places.shape)}"
        )
    count = elements.shape[0] if elements.ndim else 1
    elements = elements if elements.ndim else elements.reshape(1)
    if count != places.shape[1]:
        raise OperationError(
            "sparse_coo_tensor: indices and values must have same nnz, but got nnz from indices: "
            f"{places.shape[1]}, nnz from values: {count}"
        )
    shape = _checked_size(places, elements, size)
    return _finished(make(elements, places, shape, bool(is_coalesced)), requires_grad)


def empty(shape: Any, dtype: Any = None, device: Any = None) -> SparseTensor:
    """A tensor of coordinates that holds nothing."""
    values = rushlight.zeros(0, dtype=dtype, device=device)
    return make(values, values.new_zeros((len(shape), 0), dtype=int64), shape, True)


def _finished(made: SparseTensor, requires_grad: bool) -> SparseTensor:
    if requires_grad:
        from .members import detached

        made = detached(made)
        made.requires_grad_(True)
    return made


def _elements(values: Any, dtype: Any, device: Any) -> Tensor:
    elements = values if isinstance(values, Tensor) else rushlight.tensor(values)
    if dtype is not None or device is not None:
        elements = elements.to(device=device, dtype=dtype)
    return elements


def _whole_numbers(name: str, given: Any, like: Tensor) -> Tensor:
    places = given if isinstance(given, Tensor) else rushlight.tensor(given)
    if places.dtype.category != INTEGER and isinstance(given, Tensor):
        raise OperationError(f"{name} must be an int64 tensor, but got {places.dtype}")
    return places.detach().to(like.device, int64)


def _checked_size(places: Tensor, values: Tensor, size: Any) -> tuple[int, ...]:
    """The size that is given, or the least that holds the indices."""
    dense = tuple(values.shape[1:])
    count = places.shape[0]
    least = places.amin(1).tolist() if places.numel() else [0] * count
    most = places.amax(1).tolist() if places.numel() else [-1] * count
    for dim, low in enumerate(least):
        if low < 0:
            raise OperationError(f"sparse_coo_tensor: found negative index {low} for dim {dim}")
    if size is None:
        return (*[high + 1 for high in most], *dense)
    shape = tuple(Size(size))
    if len(shape) != count + len(dense):
        raise OperationError(
            "sparse_coo_tensor: 'len(size) == sparse_dim + dense_dim' is not satisfied: len(size) "
            f"= {len(shape)}, sparse_dim = {count}, dense_dim = {len(dense)}"
        )
    for dim, high in enumerate(most):
        if high >= shape[dim]:
            raise OperationError(
                f"sparse_coo_tensor: size is inconsistent with indices: for dim {dim}, size is "
                f"{shape[dim]} but found index {high}"
            )
    if shape[count:] != dense:
        raise OperationError(
            "sparse_coo_tensor: values has incorrect size, expected "
            f"{[places.shape[1], *shape[count:]]}, got {list(values.shape)}"
        )
    return shape


# ---- of compressed rows or columns

_NAMES = {
    sparse_csr: ("crow_indices", "col_indices", "rows", "ncols"),
    sparse_csc: ("ccol_indices", "row_indices", "columns", "nrows"),
}


def of_compressed(
    starts: Any, indices: Any, values: Any, size: Any, layout: Any, dtype: Any = None,
    device: Any = None, requires_grad: bool = False, check_invariants: bool | None = None,
) -> Tensor:  # fmt: skip
    """`torch.sparse_csr_tensor` and `torch.sparse_csc_tensor`."""
    if layout not in _NAMES:
        raise _blocks("sparse_compressed_tensor", layout)
    elements = _elements(values, dtype, device)
    first, second = _NAMES[layout][:2]
    begins = _whole_numbers(first, starts, elements)
    inner = _whole_numbers(second, indices, elements)
    if begins.ndim != 1 or inner.ndim != 1 or elements.ndim < 1:
        raise NotSupportedError(
            f"sparse_compressed_tensor: batches of matrices are not implemented: {first}, {second} "
            f"and values have shapes {list(begins.shape)}, {list(inner.shape)} and "
            f"{list(elements.shape)}; keep one tensor for each matrix"
        )
    if size is None:
        lines = max(begins.shape[0] - 1, 0)
        across = int(inner.max()) + 1 if inner.numel() else 0
        size = (lines, across) if layout is sparse_csr else (across, lines)
        size = (*size, *elements.shape[1:])
    shape = tuple(Size(size))
    if check_invariants is None:
        check_invariants = check_sparse_tensor_invariants.is_enabled()
    _check_compressed(begins, inner, elements, shape, layout)
    is_ordered = _is_ordered(begins, inner)
    if check_invariants and not is_ordered:
        second, kind = _NAMES[layout][1:3]
        raise OperationError(
            f"`{second}[..., {first}[..., i - 1]:{first}[..., i]] for all i = 1, ..., n{kind} are "
            "sorted and distinct along the last dimension values` is not satisfied."
        )
    made = make_compressed(elements, begins, inner, shape, layout, is_ordered)
    return _finished(made, requires_grad)


def _is_ordered(starts: Tensor, inner: Tensor) -> bool:
    """Whether the columns of each row are in order, and each there once."""
    steps = starts[1:] - starts[:-1]
    outer = rushlight.arange(steps.shape[0], device=inner.device).repeat_interleave(steps)
    return bool(((outer[1:] > outer[:-1]) | (inner[1:] > inner[:-1])).all())


def _check_compressed(
    starts: Tensor, inner: Tensor, values: Tensor, shape: tuple[int, ...], layout: Any
) -> None:
    first, second, lines, across = _NAMES[layout]
    if len(shape) < 2 or shape[2:] != tuple(values.shape[1:]):
        raise OperationError(
            f"sparse_compressed_tensor: size must be two sizes and those of the values, "
            f"{list(values.shape[1:])}, but got {list(shape)}"
        )
    count, limit = shape[:2] if layout is sparse_csr else shape[1::-1]
    nnz = values.shape[0]
    if starts.shape[0] != count + 1:
        raise OperationError(
            f"{first}.shape[-1] must be equal to the number of {lines} + 1 (={count + 1}), but got "
            f"{starts.shape[0]}"
        )
    if inner.shape[0] != nnz:
        raise OperationError(
            f"{second}.shape[-1] must be equal to nnz (={nnz}) as defined by values.shape[0], but "
            f"got {inner.shape[0]}"
        )
    if int(starts[0]) != 0:
        raise OperationError(f"`{first}[..., 0] == 0` is not satisfied.")
    if int(starts[-1]) != nnz:
        raise OperationError(f"`{first}[..., -1] == nnz` is not satisfied.")
    steps = starts[1:] - starts[:-1]
    if bool((steps < 0).any()) or bool((steps > limit).any()):
        raise OperationError(
            f"`0 <= {first}[..., 1:] - {first}[..., :-1] <= {across}` is not satisfied."
        )
    if nnz and (int(inner.min()) < 0 or int(inner.max()) >= limit):
        raise OperationError(f"`0 <= {second} < {across}` is not satisfied.")


def _blocks(name: str, layout: Any) -> Exception:
    if layout in (sparse_bsr, sparse_bsc):
        return NotSupportedError(
            f"{name}: tensors of blocks ({layout}) are not implemented; sparse_csr holds single "
            "elements"
        )
    return OperationError(f"{name}: unsupported layout {layout}")


# ---- of dense tensors


def to_layout(x: Tensor, sparse_dim: int | None, layout: Any, dense_dim: int | None) -> Tensor:
    """`Tensor.to_sparse` and its relations, for tensors of every layout."""
    if layout in (sparse_csr, sparse_csc):
        return _to_compressed(x, layout, dense_dim)
    if layout is not sparse_coo:
        raise _blocks("to_sparse", layout)
    if isinstance(x, SparseTensor):
        return coo(x)
    return _to_coordinates(x, sparse_dim)


def _to_coordinates(x: Tensor, sparse_dim: int | None) -> SparseTensor:
    ndim = x.ndim
    kept = ndim if sparse_dim is None else sparse_dim
    if not 0 <= kept <= ndim:
        raise OperationError(
            f"to_sparse: sparse_dim argument must be in [0,{ndim}] range, but {sparse_dim} is given"
        )
    if kept == 0 < ndim:
        raise OperationError("to_sparse: sparse_dim argument must be in >0 when self.dim()>0")
    mask = x.detach() != 0
    if kept < ndim:
        mask = mask.flatten(kept).any(-1)
    places = mask.nonzero().t().contiguous()
    return make(values_at(x, places), places, x.shape, True)


def _to_compressed(x: Tensor, layout: Any, dense_dim: int | None) -> SparseTensor:
    if x.ndim - (dense_dim or 0) != 2:
        raise NotSupportedError(
            f"to_sparse: {layout} is implemented for matrices, (rows, columns, *dense dimensions), "
            f"but got shape {list(x.shape)} with dense_dim={dense_dim or 0}"
        )
    return in_layout(x if isinstance(x, SparseTensor) else _to_coordinates(x, 2), layout)
