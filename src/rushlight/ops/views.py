"""Views that strides say: diagonals, windows, any part of a storage; and tensors with a view of
theirs overwritten (`select_scatter` and its like)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ..autograd.operation import Operation, ViewOperation
from ..dtype import title_of
from ..errors import OperationError, OutOfRangeError
from ..kernels import launch
from ..layout import contiguous_format
from ..tensor import Tensor, wrap_dim
from .common import check_same_device, new_shape
from .declare import operation
from .index import Slice
from .joining import select_index


class Places(NamedTuple):
    """Where elements are in a line of memory, counted in elements."""

    size: tuple[int, ...]
    stride: tuple[int, ...]
    offset: int = 0

    @classmethod
    def of(cls, size: tuple[int, ...]) -> Places:
        """Those of a dense tensor."""
        strides = []
        step = 1
        for n in reversed(size):
            strides.append(step)
            step *= max(n, 1)
        return cls(size, tuple(reversed(strides)))


class StridedSum(Operation):
    """What is at `goals` of a line of zeros that the tensor has been added to at `places`.

    So a gradient goes through any view that strides say: elements seen several times add up.
    """

    node_name = "AsStridedBackward0"
    places: Places
    goals: Places

    def backward(self, grad: Tensor) -> Any:
        return StridedSum.apply(grad, self.goals, self.places)


class AsStrided(ViewOperation):
    """Any elements of a tensor's storage. `source` are the places of the tensor's own."""

    places: Places
    source: Places

    def backward(self, grad: Tensor) -> Any:
        summed = StridedSum.apply(grad, self.places, self.source)
        if not _shares_places(self.source):
            return summed
        # Elements of the tensor that share a place share its gradient.
        times = StridedSum.apply(grad.new_ones(self.source.size), self.source, self.source)
        return summed / times


class Diagonal(ViewOperation):
    """The elements at i, i + offset of two dimensions, as a last one."""

    offset: int
    dim1: int
    dim2: int

    def backward(self, grad: Tensor) -> Any:
        return DiagEmbed.apply(grad, self.input_shape, self.offset, self.dim1, self.dim2)


class Unfold(ViewOperation):
    """Windows along a dimension, which may overlap, their elements as a last dimension."""

    dimension: int
    size: int
    step: int

    def backward(self, grad: Tensor) -> Any:
        whole = Places.of(self.input_shape)
        if not self.input_shape:
            return StridedSum.apply(grad, Places(grad.array.shape, (1,)), whole)
        before, after = whole.stride[: self.dimension], whole.stride[self.dimension + 1 :]
        stride = whole.stride[self.dimension]
        strides = (*before, stride * self.step, *after, stride)
        return StridedSum.apply(grad, Places(grad.array.shape, strides), whole)


def _shares_places(places: Places) -> bool:
    """Whether several elements are at one place: those of an expanded tensor."""
    return any(n > 1 and stride == 0 for n, stride in zip(*places[:2], strict=True))


# ---- views


@operation
def as_strided(
    input: Tensor, size: Sequence[int], stride: Sequence[int], storage_offset: int | None = None
) -> Tensor:
    """A view of any elements of the tensor's storage: those that strides lead to.

    `stride` and `storage_offset` (the tensor's own, if not given) count elements of the memory as
    it lies (see `Tensor.stride`). Gradients of elements that are seen several times add up. Raises
    RuntimeError where the storage is too small.

    >>> import rushlight as torch
    >>> torch.arange(4).as_strided((3, 2), (1, 1))
    tensor([[0, 1],
            [1, 2],
            [2, 3]])
    """
    return AsStrided.apply(input, *_strided_places(input, size, stride, storage_offset))


def _are_counts(numbers: Any) -> bool:
    """Whether it is a tuple of whole numbers that are not negative."""
    return type(numbers) is tuple and all([type(n) is int and n >= 0 for n in numbers])


def _strided_places(
    input: Tensor, size: Sequence[int], stride: Sequence[int], storage_offset: int | None
) -> tuple[Places, Places]:
    """The places that are asked for and those of the tensor, from where it begins."""
    shape: Any = size if _are_counts(size) else new_shape((size,))
    strides: Any = stride if _are_counts(stride) else tuple(map(int, stride))
    if len(shape) != len(strides):
        raise OperationError(
            f"as_strided: mismatch in length of strides and shape: {len(shape)} sizes "
            f"{list(shape)} and {len(strides)} strides {list(strides)}"
        )
    if strides is not stride and strides and min(strides) < 0:
        raise OperationError(
            "as_strided: Negative strides are not supported at the moment, got strides: "
            f"{list(strides)}"
        )
    array = input.array
    item = array.itemsize
    own = Places(array.shape, tuple([step // item for step in array.strides]))
    if storage_offset is None:
        return Places(shape, strides), own
    if storage_offset < 0:
        raise OperationError(f"as_strided: Tensor: invalid storage offset {storage_offset}")
    return Places(shape, strides, storage_offset - input.storage_offset()), own


@operation
def diagonal(input: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """A view of a diagonal of two dimensions, as the last one; `offset` above the main one.

    >>> import rushlight as torch
    >>> torch.arange(6).reshape(2, 3).diagonal(1)
    tensor([1, 5])
    """
    return Diagonal.apply(input, *_diagonal_places(input, offset, dim1, dim2))


@operation("", "linalg.diagonal")
def diagonal_of_matrices(
    A: Tensor,
    *,
    offset: int = 0,
    dim1: int = -2,
    dim2: int = -1,  # noqa: N803
) -> Tensor:
    """A view of a diagonal of each matrix, as the last dimension; `offset` above the main one.

    >>> import rushlight as torch
    >>> torch.linalg.diagonal(torch.arange(8).reshape(2, 2, 2))
    tensor([[0, 3],
            [4, 7]])
    """
    return diagonal(A, offset, dim1, dim2)


def _diagonal_places(input: Tensor, offset: int, dim1: int, dim2: int) -> tuple[int, int, int]:
    ndim = input.array.ndim
    first, second = wrap_dim(dim1, ndim), wrap_dim(dim2, ndim)
    if first == second:
        raise OperationError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    return offset, first, second


@operation("Tensor")
def unfold(self: Tensor, dimension: int, size: int, step: int) -> Tensor:
    """A view of all windows of `size` elements along a dimension, one every `step` elements.

    The windows are numbered by this dimension, their elements by a new last one.

    >>> import rushlight as torch
    >>> torch.arange(5).unfold(0, 3, 2)
    tensor([[0, 1, 2],
            [2, 3, 4]])
    """
    dim = wrap_dim(dimension, self.array.ndim)
    length = self.array.shape[dim] if self.array.ndim else 1
    if size < 0:
        raise OperationError(f"unfold: size is {size} but must be >= 0")
    if size > length:
        raise OperationError(
            f"maximum size for tensor at dimension {dim} is {length} but size is {size}"
        )
    if step <= 0:
        raise OperationError(f"unfold: step is {step} but must be > 0")
    return Unfold.apply(self, dim, size, step)


def slice_of(
    input: Tensor, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
) -> Tensor:
    """A view of `start:end:step` along `dim`."""
    return Slice.apply(input, slice_index("slice", input, dim, start, end, step))


# ---- tensors with a view overwritten


class ViewScatter(Operation):
    """A copy of a tensor with a view of it, `view(*arguments)`, overwritten."""

    view: Any
    arguments: Any

    @staticmethod
    def forward(kernels: Any, x: Any, source: Any, view: Any, arguments: Any) -> Any:
        result = kernels.clone(x, "C")
        kernels.copy(getattr(kernels, view.kernel)(result, *arguments), source)
        return result

    def backward(self, grad: Tensor) -> Any:
        # In the order that strides in the arguments count by.
        grad = grad.contiguous()
        rest = part = None
        if self.needs(0):
            rest = ViewScatter.apply(grad, grad.new_zeros(()), *self.given())
        if self.needs(1):
            part = self.view.apply(grad, *self.arguments).clone()
        return rest, part


SelectScatter, SliceScatter, DiagonalScatter, AsStridedScatter = map(
    ViewScatter.renamed,
    ("SelectScatter", "SliceScatter", "DiagonalScatter", "AsStridedScatter"),
)


class DiagEmbed(Operation):
    """Zeros of a shape, with a tensor on a diagonal."""

    shape: Any
    offset: int
    dim1: int
    dim2: int

    @staticmethod
    def forward(kernels: Any, x: Any, shape: Any, *diagonal: int) -> Any:
        result = kernels.full(shape, 0, x.dtype, x)
        kernels.copy(kernels.diagonal(result, *diagonal), x)
        return result

    def backward(self, grad: Tensor) -> Any:
        return Diagonal.apply(grad, self.offset, self.dim1, self.dim2).clone()


def _scattered(
    kind: type[Operation], input: Tensor, src: Tensor, view: type[ViewOperation], *parameters: Any
) -> Tensor:
    name = kind.operation_name
    wanted = view.apply(input.detach(), *parameters).array.shape
    if src.array.shape != wanted:
        raise OperationError(
            f"{name}: expected src to have a size equal to the slice of self. src size = "
            f"{list(src.array.shape)}, slice size = {list(wanted)}"
        )
    check_same_device(name, input, src)
    if launch.batching is not None:
        input = launch.batching.copy_beside(input, (src,))
    return kind.apply(input, src, view, parameters)


@operation(out="cast")
def select_scatter(input: Tensor, src: Tensor, dim: int, index: int) -> Tensor:
    """A copy of `input` with `src` in the place of `input.select(dim, index)`.

    >>> import rushlight as torch
    >>> torch.select_scatter(torch.zeros(2, 2), torch.tensor([1.0, 2.0]), 0, 1)
    tensor([[0., 0.],
            [1., 2.]])
    """
    return _scattered(SelectScatter, input, src, Slice, select_index(input, dim, index))


@operation(out="exact")
def slice_scatter(
    input: Tensor, src: Tensor, dim: int = 0, start: int | None = None, end: int | None = None,
    step: int = 1,
) -> Tensor:  # fmt: skip
    """A copy of `input` with `src` in the place of `start:end:step` along `dim`.

    >>> import rushlight as torch
    >>> torch.slice_scatter(torch.zeros(4), torch.tensor([1.0, 2.0]), start=1, end=3)
    tensor([0., 1., 2., 0.])
    """
    index = slice_index("slice_scatter", input, dim, start, end, step)
    return _scattered(SliceScatter, input, src, Slice, index)


def slice_index(
    name: str, input: Tensor, dim: int, start: int | None, end: int | None, step: int
) -> tuple[slice, ...]:
    """The index that a slice along `dim` is."""
    if input.array.ndim == 0:
        raise OperationError(f"{name}: slice() cannot be applied to a 0-dim tensor.")
    if step <= 0:
        raise OperationError(f"{name}: slice step must be positive, got {step}")
    return (*[slice(None)] * wrap_dim(dim, input.array.ndim), slice(start, end, step))


@operation(out="cast")
def diagonal_scatter(
    input: Tensor, src: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1
) -> Tensor:
    """A copy of `input` with `src` in the place of `input.diagonal(offset, dim1, dim2)`.

    >>> import rushlight as torch
    >>> torch.diagonal_scatter(torch.zeros(2, 2), torch.tensor([1.0, 2.0]))
    tensor([[1., 0.],
            [0., 2.]])
    """
    places = _diagonal_places(input, offset, dim1, dim2)
    return _scattered(DiagonalScatter, input, src, Diagonal, *places)


@operation(out="cast")
def as_strided_scatter(
    input: Tensor, src: Tensor, size: Sequence[int], stride: Sequence[int],
    storage_offset: int | None = None,
) -> Tensor:  # fmt: skip
    """A copy of `input` with `src` in the place of `input.as_strided(size, stride, ...)`.

    >>> import rushlight as torch
    >>> torch.as_strided_scatter(torch.zeros(4), torch.tensor([1.0, 2.0]), (2,), (2,))
    tensor([1., 0., 2., 0.])
    """
    if not input.array.flags.c_contiguous:
        raise OperationError(
            "as_strided_scatter: is only supported for contiguous inputs, not for a "
            f"{title_of(input.dtype)} tensor of strides {list(input.stride())}; call .contiguous()"
        )
    places = _strided_places(input, size, stride, storage_offset)
    return _scattered(AsStridedScatter, input, src, AsStrided, *places)


@operation(out="cast")
def diag_embed(input: Tensor, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """Matrices of zeros with the last dimension of `input` on a diagonal.

    >>> import rushlight as torch
    >>> torch.tensor([1, 2]).diag_embed()
    tensor([[1, 0],
            [0, 2]])
    """
    ndim = input.array.ndim + 1
    first, second = wrap_dim(dim1, ndim), wrap_dim(dim2, ndim)
    if first == second:
        raise OperationError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    if input.array.ndim == 0:
        raise OutOfRangeError("diag_embed: input must have at least one dimension, not none")
    *shape, size = input.array.shape
    for dim in sorted((first, second)):
        shape.insert(dim, size + abs(offset))
    return DiagEmbed.apply(input, tuple(shape), offset, first, second)


@operation(out="exact")
def diag(input: Tensor, diagonal: int = 0) -> Tensor:
    """The matrix with a vector on its diagonal, or a copy of the diagonal of a matrix.

    >>> import rushlight as torch
    >>> torch.diag(torch.tensor([1, 2]))
    tensor([[1, 0],
            [0, 2]])
    """
    if input.array.ndim == 1:
        return diag_embed(input, diagonal)
    if input.array.ndim == 2:
        part = Diagonal.apply(input, *_diagonal_places(input, diagonal, 0, 1))
        return part.clone(memory_format=contiguous_format)
    raise OperationError(
        f"diag(): Supports 1D or 2D tensors. Got {input.array.ndim}D (shape "
        f"{tuple(input.array.shape)}); diagonal() and diag_embed() take more"
    )


@operation
def diagflat(input: Tensor, offset: int = 0) -> Tensor:
    """The matrix with all elements of `input` on its diagonal.

    >>> import rushlight as torch
    >>> torch.diagflat(torch.tensor([1, 2]))
    tensor([[1, 0],
            [0, 2]])
    """
    return diag_embed(input.reshape(-1), offset)
