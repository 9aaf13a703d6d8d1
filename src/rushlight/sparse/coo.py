"""Tensors of coordinates and values (`sparse_coo`): how they are made, and their parts."""

from __future__ import annotations

import math
from typing import Any

import rushlight

from ..autograd.operation import Operation
from ..dtype import INTEGER, int64
from ..errors import OperationError
from ..tensor import Size, Tensor, wrap, wrap_dim
from .arrays import SparseArray
from .tensor import SparseTensor, answer, sparse


class FromParts(Operation):
    """A sparse tensor of values whose places are known."""

    node_name = "SparseCooTensorWithDimsAndTensorsBackward0"
    indices: Tensor
    size: tuple[int, ...]
    is_coalesced: bool

    @staticmethod
    def forward(kernels: Any, values: Any, indices: Tensor, size: Any, is_coalesced: bool) -> Any:
        return SparseArray(indices.array, values, size, is_coalesced)

    @classmethod
    def make(
        cls, values: Tensor, indices: Tensor, size: Any, is_coalesced: bool
    ) -> SparseTensor:
        return sparse(cls.apply(values, _Hidden(indices), tuple(size), is_coalesced))

    def backward(self, grad: Tensor) -> Tensor:
        return values_at(grad, wrap(self.indices.array))


class _Hidden:
    """The indices on their way to a node: no tensor that is differentiated."""

    def __init__(self, tensor: Tensor) -> None:
        self.array = tensor.array


class Values(Operation):
    """The values of a sparse tensor; their gradient is sparse, with the same places."""

    @staticmethod
    def forward(kernels: Any, x: SparseArray) -> Any:
        return x.values

    def setup_context(self, inputs: Any, output: Any) -> None:
        self.places = inputs[0].array

    def backward(self, grad: Tensor) -> Tensor:
        x = self.places
        return FromParts.make(grad, wrap(x.indices), x.shape, x.is_coalesced)


def make(values: Tensor, indices: Tensor, size: Any, is_coalesced: bool = False) -> SparseTensor:
    """A sparse tensor of parts that are known to fit."""
    return FromParts.make(values, indices, size, is_coalesced)


def indices_of(x: SparseTensor) -> Tensor:
    return wrap(x.array.indices)


def values_of(x: SparseTensor) -> Tensor:
    return Values.apply(x)


def values_at(x: Tensor, indices: Tensor) -> Tensor:
    """The elements, or dense parts, of a tensor at given places; 0 where a sparse one has none."""
    if not isinstance(x, SparseTensor):
        return x[tuple(indices.unbind(0))]
    known = coalesce(x)
    if not known.array.indices.shape[1]:
        return values_of(known).new_zeros((indices.shape[1], *known.array.values.shape[1:]))
    size = known.array.shape[: indices.shape[0]]
    have, wanted = numbered(indices_of(known), size), numbered(indices, size)
    place = rushlight.searchsorted(have, wanted).clamp(max=have.numel() - 1)
    found = values_of(known).index_select(0, place)
    is_there = (have[place] == wanted).reshape(-1, *[1] * (found.ndim - 1))
    return rushlight.where(is_there, found, rushlight.zeros((), dtype=found.dtype))


def numbered(indices: Tensor, size: Any) -> Tensor:
    """Each place as one number, counted row by row."""
    number = indices.new_zeros(indices.shape[1])
    for axis, n in enumerate(size):
        number = number * n + indices[axis]
    return number


def coalesce(x: SparseTensor) -> SparseTensor:
    """The same tensor with its places in order, each once: values of one place are summed.

    >>> import rushlight as torch
    >>> torch.sparse_coo_tensor([[1, 0, 1]], [1.0, 2.0, 3.0]).coalesce()
    tensor(indices=tensor([[0, 1]]),
           values=tensor([2., 4.]),
           size=(2,), nnz=2, layout=torch.sparse_coo)
    """
    if x.array.is_coalesced:
        return x
    indices, values = indices_of(x), values_of(x)
    if values.shape[0] < 2:
        return make(values, indices, x.array.shape, True)
    numbers = numbered(indices, x.array.shape[: indices.shape[0]])
    ordered, order = rushlight.sort(numbers, stable=True)
    _, group = rushlight.unique_consecutive(ordered, return_inverse=True)
    count = int(group[-1]) + 1
    starts = rushlight.searchsorted(group, rushlight.arange(count))
    summed = values.new_zeros((count, *values.shape[1:])).index_add(
        0, group, values.index_select(0, order)
    )
    return make(summed, indices.index_select(1, order[starts]), x.array.shape, True)


def sparse_coo_tensor(
    indices: Any = None, values: Any = None, size: Any = None, *, dtype: Any = None,
    device: Any = None, requires_grad: bool = False, check_invariants: bool | None = None,
    is_coalesced: bool | None = None,
) -> Tensor:  # fmt: skip
    """A tensor that holds `values` (nnz, *) at `indices` (sparse dimensions, nnz), else zeros.

    Values of one place count as their sum. `size` is the least that holds the indices unless it is
    given. Indices that lie outside are a RuntimeError, also where `check_invariants` is not asked
    for: nothing reads memory that is not the tensor's.

    >>> import rushlight as torch
    >>> torch.sparse_coo_tensor([[0, 1], [2, 0]], [3.0, 4.0], (2, 3)).to_dense()
    tensor([[0., 0., 3.],
            [4., 0., 0.]])
    """
    if values is None and size is None:  # sizes alone: nothing is given
        shape = Size(indices)
        empty = rushlight.zeros((0,), dtype=dtype, device=device)
        made = make(empty, rushlight.zeros((len(shape), 0), dtype=int64), shape, True)
        return made.requires_grad_(requires_grad)
    places = _checked_indices(indices)
    elements = values if isinstance(values, Tensor) else rushlight.tensor(values)
    if dtype is not None or device is not None:
        elements = elements.to(device=device, dtype=dtype)
    if places.numel() == 0 and places.ndim == 1:
        places = places.reshape(0, elements.shape[0] if elements.ndim else 1)
    if elements.ndim == 0 and places.shape[0] == 0:
        elements = elements.reshape(1)
    if places.ndim != 2:
        raise OperationError(
            f"indices must be sparse_dim x nnz, but got: {list(places.shape)}"
        )
    if elements.ndim == 0 or elements.shape[0] != places.shape[1]:
        raise OperationError(
            "indices and values must have same nnz, but got nnz from indices: "
            f"{places.shape[1]}, nnz from values: {elements.shape[0] if elements.ndim else 0}"
        )
    shape = _checked_size(places, elements, size)
    made = make(elements, places, shape, bool(is_coalesced) or places.shape[1] < 2)
    return made.detach().requires_grad_(True) if requires_grad else made


def _checked_indices(indices: Any) -> Tensor:
    places = indices if isinstance(indices, Tensor) else rushlight.tensor(indices, dtype=int64)
    if places.dtype.category != INTEGER:
        raise OperationError(f"indices must be an int64 tensor, but got {places.dtype}")
    return places.detach().to(int64)


def _checked_size(places: Tensor, values: Tensor, size: Any) -> tuple[int, ...]:
    dense = tuple(values.shape[1:])
    count = places.shape[0]
    least = places.amin(1).tolist() if places.numel() else [0] * count
    most = places.amax(1).tolist() if places.numel() else [-1] * count
    for dim, low in enumerate(least):
        if low < 0:
            raise OperationError(f"found negative index {low} for dim {dim}")
    if size is None:
        return (*[high + 1 for high in most], *dense)
    shape = tuple(Size(size))
    if len(shape) != count + len(dense):
        raise OperationError(
            f"number of dimensions must be sparse_dim ({count}) + dense_dim ({len(dense)}), but "
            f"got {len(shape)}"
        )
    for dim, high in enumerate(most):
        if high >= shape[dim]:
            raise OperationError(
                f"size is inconsistent with indices: for dim {dim}, size is {shape[dim]} but found "
                f"index {high}"
            )
    if shape[count:] != dense:
        raise OperationError(
            f"values has incorrect size, expected {[*places.shape[1:], *shape[count:]]}, got "
            f"{list(values.shape)}"
        )
    return shape


def to_sparse(self: Tensor, sparse_dim: int | None = None) -> SparseTensor:
    """The places of what is not 0 in the first `sparse_dim` dimensions, and the values there."""
    ndim = self.ndim
    kept = ndim if sparse_dim is None else sparse_dim
    if not 0 <= kept <= ndim or kept == 0 < ndim:
        raise OperationError(
            f"sparse_dim argument must be in >0, <={ndim} when the tensor has {ndim} dimensions, "
            f"but got {sparse_dim}"
        )
    mask = self.detach() != 0
    if kept < ndim:
        mask = mask.flatten(kept).any(-1)
    places = mask.nonzero().t()
    return make(values_at(self, places), places, self.shape, True)


@answer("to_dense")
def to_dense(x: SparseTensor, dtype: Any = None, *, masked_grad: bool | None = None) -> Tensor:
    values = values_of(x).to(dtype) if dtype is not None else values_of(x)
    zeros = values.new_zeros(x.array.shape)
    if not x.array.indices.shape[0]:
        return zeros + values.sum(0)
    return zeros.index_put(tuple(indices_of(x).unbind(0)), values, accumulate=True)


# ---- what a sparse tensor says of itself


answer("coalesce")(coalesce)
answer("is_sparse.__get__")(lambda x: x.array.layout is SparseArray.layout)
answer("is_sparse_csr.__get__")(lambda x: x.array.layout is rushlight.sparse_csr)
answer("layout.__get__")(lambda x: x.array.layout)
answer("__len__")(lambda x: x.array.shape[0])
answer("is_coalesced")(lambda x: x.array.is_coalesced)
answer("_indices")(indices_of)
answer("_values")(values_of)
answer("_nnz")(lambda x: x.array.values.shape[0])
answer("sparse_dim")(lambda x: x.array.indices.shape[0])
answer("dense_dim")(lambda x: x.array.values.ndim - 1)
answer("stride")(lambda x, dim=None: (0,) * x.array.ndim if dim is None else 0)


@answer("indices")
def _indices(x: SparseTensor) -> Tensor:
    _check_coalesced("indices", x)
    return indices_of(x)


@answer("values")
def _values(x: SparseTensor) -> Tensor:
    if x.array.layout is SparseArray.layout:
        _check_coalesced("values", x)
    return values_of(x)


def _check_coalesced(name: str, x: SparseTensor) -> None:
    if not x.array.is_coalesced:
        raise OperationError(
            f"Cannot get {name} on an uncoalesced tensor, please call .coalesce() first"
        )


@answer("__repr__", "__str__")
def _repr(x: SparseTensor, **options: Any) -> str:
    parts = [("indices", indices_of(x)), ("values", values_of(x).detach())]
    lines = [f"{name}={_indented(repr(part), len(name) + 8)}" for name, part in parts]
    last = f"size={tuple(x.array.shape)}, nnz={x.array.values.shape[0]}"
    if x.dtype not in (rushlight.get_default_dtype(), int64, rushlight.bool):
        last += f", dtype={x.dtype}" if not x.array.values.size else ""
    last += f", layout={x.array.layout}"
    if x._grad_fn is not None:
        last += f", grad_fn=<{type(x._grad_fn).__name__}>"
    elif x.requires_grad:
        last += ", requires_grad=True"
    return "tensor(" + ",\n       ".join([*lines, last]) + ")"


def _indented(text: str, width: int) -> str:
    return text.replace("\n", "\n" + " " * width)


@answer("item")
def _item(x: SparseTensor) -> Any:
    if math.prod(x.array.shape) != 1:
        raise OperationError(
            f"a Tensor with {math.prod(x.array.shape)} elements cannot be converted to Scalar"
        )
    return to_dense(x).item()


@answer("numpy", "__array__")
def _numpy(x: SparseTensor, *args: Any, **options: Any) -> Any:
    raise TypeError(
        "can't convert Sparse layout tensor to numpy. Use Tensor.to_dense() first."
    )


# ---- copies


@answer("clone")
def _clone(x: SparseTensor, *, memory_format: Any = None) -> SparseTensor:
    return make(values_of(x).clone(), indices_of(x).clone(), x.array.shape, x.array.is_coalesced)


@answer("detach", "data.__get__", "alias")
def _detach(x: SparseTensor) -> SparseTensor:
    return wrap(x.array, SparseTensor)


@answer("contiguous", "to_sparse", "to_sparse_coo", "conj")
def _itself(x: SparseTensor, *args: Any, **options: Any) -> SparseTensor:
    return x


@answer("to")
def _to(x: SparseTensor, *args: Any, **options: Any) -> SparseTensor:
    values = values_of(x)
    moved = values.to(*args, **options)
    if moved is values:
        return x
    indices = indices_of(x).to(moved.device)
    return make(moved, indices, x.array.shape, x.array.is_coalesced)


def _to_dtype(dtype: Any) -> Any:
    return lambda x, **options: _to(x, dtype)


for _name in ("float", "double", "half", "bfloat16", "int", "long", "short", "bool"):
    _dtype = {"float": "float32", "double": "float64", "half": "float16"}.get(_name, _name)
    answer(_name)(_to_dtype(getattr(rushlight, _dtype)))


@answer("zero_")
def _zero_(x: SparseTensor) -> SparseTensor:
    dense = x.array.values.shape[1:]
    empty = rushlight.zeros((0, *dense), dtype=x.dtype)
    places = rushlight.zeros((x.array.indices.shape[0], 0), dtype=int64)
    x.array = SparseArray(places.array, empty.array, x.array.shape, True)
    return x


@answer("__reduce_ex__", "__reduce__")
def _reduce(x: SparseTensor, protocol: Any = None) -> Any:
    detached = values_of(x).detach()
    return _rebuild, (indices_of(x), detached, x.array.shape, x.array.is_coalesced,
                      x._requires_grad and x._grad_fn is None)  # fmt: skip


@answer("__deepcopy__")
def _deepcopy(x: SparseTensor, memo: Any) -> SparseTensor:
    copied = _clone(_detach(x)).requires_grad_(bool(x._requires_grad))
    memo[id(x)] = copied
    return copied


def _rebuild(
    indices: Tensor, values: Tensor, shape: Any, is_coalesced: bool, requires_grad: bool
) -> SparseTensor:
    return make(values, indices, shape, is_coalesced).requires_grad_(bool(requires_grad))


def dims_of(x: SparseTensor, dim: Any) -> list[int]:
    given = [dim] if isinstance(dim, int) else list(dim)
    return [wrap_dim(d, x.array.ndim) for d in given]
