"""What a sparse tensor says of itself, its parts, its copies, and how it is printed."""

from __future__ import annotations

import math
from typing import Any

import rushlight

from ..autograd.inplace import check_inplace
from ..dtype import int64
from ..errors import NotSupportedError, OperationError
from ..grad_mode import state
from ..layout import sparse_coo, sparse_csc, sparse_csr, strided
from ..printing import parts_repr
from ..tensor import Tensor, wrap
from .arrays import CompressedArray, SparseArray
from .making import empty, of_compressed, of_coordinates, to_layout
from .parts import (
    coalesce,
    coo,
    dense,
    in_layout,
    indices_of,
    make,
    make_compressed,
    sparse_dim_of,
    values_of,
    with_values,
)
from .tensor import SparseTensor, answer

answer("is_sparse.__get__")(lambda x: x.array.layout is sparse_coo)
answer("is_sparse_csr.__get__")(lambda x: x.array.layout is sparse_csr)
answer("layout.__get__")(lambda x: x.array.layout)
answer("_nnz")(lambda x: x.array.values.shape[0])
answer("sparse_dim")(sparse_dim_of)
answer("dense_dim")(lambda x: x.array.ndim - sparse_dim_of(x))
answer("nbytes.__get__")(lambda x: x.array.nbytes)
answer("storage_offset")(lambda x: 0)
answer("is_contiguous")(lambda x, memory_format=None: False)
answer("stride")(lambda x, dim=None: (0,) * x.array.ndim if dim is None else 0)


# ---- parts


def _check_coordinates(name: str, x: SparseTensor) -> None:
    if x.array.layout is not sparse_coo:
        raise OperationError(
            f"{name} expected sparse coordinate tensor layout but got {x.array.layout}; "
            "x.to_sparse() makes one"
        )


def _check_coalesced(name: str, x: SparseTensor) -> None:
    if not x.array.is_coalesced:
        raise OperationError(
            f"Cannot get {name} on an uncoalesced tensor, please call .coalesce() first"
        )


@answer("coalesce")
def _coalesce(x: SparseTensor) -> SparseTensor:
    _check_coordinates("coalesce", x)
    return coalesce(x)


@answer("is_coalesced")
def _is_coalesced(x: SparseTensor) -> bool:
    _check_coordinates("is_coalesced", x)
    return x.array.is_coalesced


@answer("_coalesced_")
def _set_coalesced(x: SparseTensor, coalesced: bool) -> SparseTensor:
    x.array.is_coalesced = coalesced
    return x


@answer("indices")
def _indices(x: SparseTensor) -> Tensor:
    _check_coordinates("indices", x)
    _check_coalesced("indices", x)
    return indices_of(x)


@answer("_indices")
def _indices_as_they_are(x: SparseTensor) -> Tensor:
    _check_coordinates("_indices", x)
    return indices_of(x)


@answer("values")
def _values(x: SparseTensor) -> Tensor:
    if x.array.layout is sparse_coo:
        _check_coalesced("values", x)
    return values_of(x)


answer("_values")(values_of)


def _compressed_part(name: str, layout: Any, kind: str, part: str) -> None:
    @answer(name)
    def read(x: SparseTensor) -> Tensor:
        if x.array.layout is not layout:
            raise OperationError(
                f"{name} expected sparse {kind} compressed tensor layout but got {x.array.layout}"
            )
        return wrap(getattr(x.array, part))


_compressed_part("crow_indices", sparse_csr, "row", "starts")
_compressed_part("col_indices", sparse_csr, "row", "indices")
_compressed_part("ccol_indices", sparse_csc, "column", "starts")
_compressed_part("row_indices", sparse_csc, "column", "indices")


# ---- values, for Python


@answer("__repr__", "__str__")
def _repr(x: SparseTensor, **options: Any) -> str:
    parts = {"values": detached_values(x)}
    if isinstance(x.array, CompressedArray):
        names = ("crow", "col") if x.array.layout is sparse_csr else ("ccol", "row")
        starts, indices = wrap(x.array.starts), wrap(x.array.indices)
        parts = {f"{names[0]}_indices": starts, f"{names[1]}_indices": indices, **parts}
    else:
        parts = {"indices": indices_of(x), **parts}
    facts = [f"size={tuple(x.array.shape)}", f"nnz={x.array.values.shape[0]}"]
    return parts_repr(x, parts, facts, x.array.layout)


answer("__format__")(lambda x, specification: object.__format__(x, specification))


def detached_values(x: SparseTensor) -> Tensor:
    return wrap(x.array.values)


@answer("item")
def _item(x: SparseTensor) -> Any:
    if math.prod(x.array.shape) != 1:
        raise OperationError(
            f"a Tensor with {math.prod(x.array.shape)} elements cannot be converted to Scalar"
        )
    return dense(detached(x)).item()


@answer("__bool__", "is_nonzero")
def _bool(x: SparseTensor) -> bool:
    if math.prod(x.array.shape) != 1:
        problem = "no values" if math.prod(x.array.shape) == 0 else "more than one value"
        raise OperationError(f"Boolean value of Tensor with {problem} is ambiguous")
    return bool(_item(x))


for _python, _convert in {"__int__": int, "__float__": float, "__complex__": complex}.items():
    answer(_python)(lambda x, convert=_convert: convert(_item(x)))


@answer("numpy", "__array__")
def _numpy(x: SparseTensor, *args: Any, **options: Any) -> Any:
    raise TypeError("can't convert Sparse layout tensor to numpy. Use Tensor.to_dense() first.")


@answer("data_ptr", "tolist", "const_data_ptr")
def _no_memory(x: SparseTensor) -> Any:
    raise OperationError("Cannot access data pointer of Tensor that doesn't have storage")


@answer("storage", "untyped_storage")
def _no_storage(x: SparseTensor) -> Any:
    raise NotSupportedError(
        f"Cannot access the storage of a tensor of layout {x.array.layout}: it has none; "
        "x.values() has one"
    )


@answer("__setitem__")
def _set_item(x: SparseTensor, index: Any, value: Any) -> None:
    raise TypeError("Cannot assign to a sparse tensor")


@answer("type")
def _type(x: SparseTensor, dtype: Any = None, **options: Any) -> Any:
    if dtype is not None:
        return _to(x, dtype if not isinstance(dtype, str) else dtype.replace("sparse.", ""))
    return values_of(x).type().replace("torch.", "torch.sparse.", 1)


# ---- other forms


@answer("to_dense")
def _to_dense(x: SparseTensor, dtype: Any = None, *, masked_grad: bool | None = None) -> Tensor:
    if dtype is not None:
        raise OperationError(
            "to_dense: dtype argument is not supported by sparse tensors; x.to_dense().to(dtype)"
        )
    return dense(x)


@answer("to_sparse")
def _to_sparse(
    x: SparseTensor, sparse_dim: Any = None, *, layout: Any = None, blocksize: Any = None,
    dense_dim: int | None = None,
) -> Tensor:  # fmt: skip
    if sparse_dim is not None and sparse_dim != sparse_dim_of(x):
        raise NotSupportedError(
            f"to_sparse: a tensor of {sparse_dim_of(x)} sparse dimensions is not made one of "
            f"{sparse_dim}; x.to_dense().to_sparse({sparse_dim}) is"
        )
    return to_layout(x, sparse_dim, layout or sparse_coo, None)


answer("to_sparse_coo")(coo)
answer("to_sparse_csr")(lambda x, dense_dim=None: to_layout(x, None, sparse_csr, dense_dim))
answer("to_sparse_csc")(lambda x, dense_dim=None: to_layout(x, None, sparse_csc, dense_dim))


# ---- copies


@answer("clone")
def _clone(x: SparseTensor, *, memory_format: Any = None) -> SparseTensor:
    values, array = values_of(x).clone(), x.array
    if isinstance(array, CompressedArray):
        starts, indices = wrap(array.starts).clone(), wrap(array.indices).clone()
        return make_compressed(
            values, starts, indices, array.shape, array.layout, array.is_coalesced
        )
    return make(values, indices_of(x).clone(), array.shape, array.is_coalesced)


@answer("detach", "data.__get__", "alias")
def detached(x: SparseTensor) -> SparseTensor:
    """The same tensor outside the graph."""
    return wrap(x.array, SparseTensor)


@answer("data.__set__")
def _set_data(x: SparseTensor, value: Any) -> None:
    if not isinstance(value, SparseTensor) or value.array.layout is not x.array.layout:
        raise OperationError("a sparse tensor's data is a tensor of the same layout")
    x.array = value.array


@answer("conj", "resolve_conj", "resolve_neg")
def _conj(x: SparseTensor) -> SparseTensor:
    return with_values(x, values_of(x).conj()) if x.is_complex() else x


@answer("contiguous")
def _contiguous(x: SparseTensor, memory_format: Any = None) -> SparseTensor:
    raise OperationError("contiguous: a sparse tensor has no memory format; x.coalesce() orders it")


@answer("to")
def _to(x: SparseTensor, *args: Any, **options: Any) -> SparseTensor:
    values = values_of(x)
    moved = values.to(*args, **options)
    if moved is values:
        return x
    if moved.device == values.device:
        return with_values(x, moved)
    indices, array = wrap(x.array.indices).to(moved.device), x.array
    if isinstance(array, CompressedArray):
        starts = wrap(array.starts).to(moved.device)
        return make_compressed(
            moved, starts, indices, array.shape, array.layout, array.is_coalesced
        )
    return make(moved, indices, array.shape, array.is_coalesced)


for _name, _short in {
    "float": "float32", "double": "float64", "half": "float16", "bfloat16": "bfloat16",
    "byte": "uint8", "char": "int8", "short": "int16", "int": "int32", "long": "int64",
    "bool": "bool", "cfloat": "complex64", "cdouble": "complex128",
}.items():  # fmt: skip
    _dtype = getattr(rushlight, _short)
    answer(_name)(lambda x, dtype=_dtype, **options: _to(x, dtype))

answer("cpu")(lambda x, **options: _to(x, "cpu"))
answer("cuda")(lambda x, device="cuda", **options: _to(x, device))
answer("type_as")(lambda x, other: _to(x, other.dtype))


@answer("zeros_like", "empty_like")
def _zeros_like(
    x: SparseTensor, *, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, **ignored: Any,
) -> Tensor:  # fmt: skip
    kind, place = dtype or x.dtype, device or x.device
    if layout is strided:
        zeros = rushlight.zeros(x.array.shape, dtype=kind, device=place)
        return zeros.requires_grad_(requires_grad)
    made = in_layout(empty_of(x, x.array.shape, kind, place), layout or x.array.layout)
    return made.requires_grad_(requires_grad)


def empty_of(x: SparseTensor, shape: Any, dtype: Any = None, device: Any = None) -> SparseTensor:
    """A tensor that holds nothing, with as many sparse dimensions."""
    count = sparse_dim_of(x)
    values = rushlight.zeros((0, *shape[count:]), dtype=dtype or x.dtype, device=device or x.device)
    return make(values, values.new_zeros((count, 0), dtype=int64), shape, True)


@answer("new_zeros", "new_empty")
def _new_zeros(x: SparseTensor, *size: Any, dtype: Any = None, **options: Any) -> SparseTensor:
    _check_coordinates("new_zeros", x)
    given = size[0] if len(size) == 1 and not isinstance(size[0], int) else size
    return empty(rushlight.Size(given), dtype or x.dtype, options.get("device") or x.device)


@answer("new")
def _new(x: SparseTensor, *parts: Any, **options: Any) -> Tensor:
    if len(parts) > 1 and isinstance(parts[1], Tensor):
        size = parts[2] if len(parts) > 2 else None
        return of_coordinates(parts[0], parts[1], size)
    return _new_zeros(x, *parts)


# ---- changes in place


def write(name: str, x: SparseTensor, result: Tensor) -> SparseTensor:
    """Makes a tensor what an operation of it has given, and puts the call into its history."""
    if state.enabled and x._requires_grad:
        check_inplace(x)
    if not rushlight.can_cast(result.dtype, x.dtype):
        raise OperationError(
            f"{name}: result type {result.dtype} can't be cast to the desired output type {x.dtype}"
        )
    assert isinstance(result, SparseTensor)
    written = _to(in_layout(result, x.array.layout), x.dtype)
    array = written.array
    x.array.take(array)
    x.bump_version()
    if written._grad_fn is not None:
        x.rebase(written._grad_fn)
    return x


@answer("zero_")
def _zero_(x: SparseTensor) -> SparseTensor:
    return write("zero_", x, empty_of(x, x.array.shape))


@answer("copy_")
def _copy_(x: Any, other: Any, non_blocking: bool = False) -> SparseTensor:
    if not isinstance(x, SparseTensor) or not isinstance(other, SparseTensor):
        kinds = [t.type() for t in (x, other)]
        raise OperationError(
            "copy_() between dense and sparse Tensors is not implemented! Found self type = "
            f"{kinds[0]} and src type = {kinds[1]}"
        )
    if x.array.shape != other.array.shape:
        raise OperationError(
            f"copy_: sizes differ, {list(x.array.shape)} and {list(other.array.shape)}"
        )
    return write("copy_", x, _to(_clone(other), x.dtype))


@answer("resize_as_sparse_")
def _resize_as_sparse_(x: Any, the_template: Any) -> SparseTensor:
    if not isinstance(x, SparseTensor) or not isinstance(the_template, SparseTensor):
        raise OperationError("resize_as_sparse_: both must be sparse; x.to_sparse() makes one")
    return _resize(x, the_template.array.shape, sparse_dim_of(the_template))


@answer("sparse_resize_")
def _sparse_resize_(x: SparseTensor, size: Any, sparse_dim: int, dense_dim: int) -> SparseTensor:
    _check_dims("sparse_resize_", size, sparse_dim, dense_dim)
    return _resize(x, tuple(size), sparse_dim)


@answer("sparse_resize_and_clear_")
def _sparse_resize_and_clear_(
    x: SparseTensor, size: Any, sparse_dim: int, dense_dim: int
) -> SparseTensor:
    _check_dims("sparse_resize_and_clear_", size, sparse_dim, dense_dim)
    values = detached_values(x).new_zeros((0, *size[sparse_dim:]))
    places = values.new_zeros((sparse_dim, 0), dtype=int64)
    x.array.take(SparseArray(places.array, values.array, tuple(size), True))
    return x


def _check_dims(name: str, size: Any, sparse_dim: int, dense_dim: int) -> None:
    if sparse_dim + dense_dim != len(size):
        raise OperationError(
            f"{name}: number of dimensions must be sparse_dim ({sparse_dim}) + dense_dim "
            f"({dense_dim}), but got {len(size)}"
        )


def _resize(x: SparseTensor, size: tuple[int, ...], sparse_dim: int) -> SparseTensor:
    _check_coordinates("sparse_resize_", x)
    old, count = x.array.shape, sparse_dim_of(x)
    if x.array.values.shape[0]:
        kinds = (
            (old[:count], size[:sparse_dim], "sparse"),
            (old[count:], size[sparse_dim:], "dense"),
        )
        for before, after, kind in kinds:
            if len(before) != len(after):
                raise OperationError(
                    f"changing the number of {kind} dimensions (from {len(before)} to "
                    f"{len(after)}) on a non-empty sparse tensor is not supported."
                )
            if any(n > m for n, m in zip(before, after, strict=True)):
                raise OperationError(
                    f"shrinking the size of {kind} dimensions (from {list(before)} to "
                    f"{list(after)}) on a non-empty sparse tensor is not supported."
                )
    values = detached_values(x).new_zeros((x.array.values.shape[0], *size[sparse_dim:]))
    kept = tuple(slice(0, n) for n in x.array.values.shape[1:])
    places = indices_of(x)
    if x.array.values.shape[0]:
        values[(slice(None), *kept)] = detached_values(x)
    else:
        places = places.new_zeros((sparse_dim, 0))
    x.array.take(SparseArray(places.array, values.array, size, x.array.is_coalesced))
    return x


# ---- copies of the object


@answer("__reduce_ex__", "__reduce__")
def _reduce(x: SparseTensor, protocol: Any = None) -> Any:
    array, is_leaf = x.array, x._grad_fn is None
    parts = [wrap(array.indices), detached_values(x)]
    if isinstance(array, CompressedArray):
        parts.insert(0, wrap(array.starts))
    requires_grad = bool(x._requires_grad) and is_leaf
    return _rebuild, (array.layout, parts, array.shape, array.is_coalesced, requires_grad)


def _rebuild(
    layout: Any, parts: Any, shape: Any, is_coalesced: bool, requires_grad: bool = False
) -> Tensor:
    options: Any = {"size": shape, "requires_grad": requires_grad}
    if layout is sparse_coo:
        return of_coordinates(parts[0], parts[1], is_coalesced=is_coalesced, **options)
    return of_compressed(parts[0], parts[1], parts[2], layout=layout, **options)


@answer("__deepcopy__")
def _deepcopy(x: SparseTensor, memo: Any) -> SparseTensor:
    if id(x) in memo:
        return memo[id(x)]
    if x._grad_fn is not None:
        raise OperationError(
            "Only Tensors created explicitly by the user (graph leaves) support the deepcopy "
            "protocol at the moment. detach() it first."
        )
    copied = _clone(detached(x)).requires_grad_(bool(x._requires_grad))
    memo[id(x)] = copied
    return copied


@answer("backward")
def _backward(x: SparseTensor, *args: Any, **options: Any) -> None:
    Tensor.backward.plain(x, *args, **options)  # type: ignore[attr-defined]  # below its entry
