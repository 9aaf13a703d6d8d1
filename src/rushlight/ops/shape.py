"""Views of other shapes: dimensions merged, exchanged, repeated."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from operator import index
from typing import Any

from ..autograd.mirror import tie
from ..autograd.operation import Operation, ViewOperation
from ..dtype import dtype as DType
from ..errors import OperationError
from ..tensor import Tensor, wrap_dim
from .common import methods, normalize_axes, sizes_from
from .copies import Clone, is_channels_last
from .declare import operation


class ViewAs(ViewOperation):
    """The same memory under another shape."""

    kernel = "view"
    node_name = "ViewBackward0"
    shape: Any

    def backward(self, grad: Tensor) -> Any:
        return reshape(grad, self.input_shape)


Squeeze, Unsqueeze = ViewAs.renamed("Squeeze"), ViewAs.renamed("Unsqueeze")


class ViewDtype(ViewOperation):
    """The same bytes as elements of another dtype; PyTorch gives it no gradient either."""

    to: Any


class Permute(ViewOperation):
    """The dimensions in another order.

    >>> import rushlight as torch
    >>> torch.permute(torch.ones(2, 3, 4), (2, 0, 1)).shape
    torch.Size([4, 2, 3])
    """

    axes: Any

    def backward(self, grad: Tensor) -> Any:
        back = sorted(range(len(self.axes)), key=self.axes.__getitem__)
        return Permute.apply(grad, tuple(back))


Transpose, T = Permute.renamed("Transpose"), Permute.renamed("T")


class Flip(Operation):
    """The elements along some dimensions in the opposite order.

    >>> import rushlight as torch
    >>> torch.flip(torch.arange(3), (0,))
    tensor([2, 1, 0])
    """

    axes: Any

    def backward(self, grad: Tensor) -> Any:
        return Flip.apply(grad, self.axes)


class Tril(Operation):
    """The lower triangle of each matrix, the rest zero.

    >>> import rushlight as torch
    >>> torch.tril(torch.ones(2, 2))
    tensor([[1., 0.],
            [1., 1.]])
    """

    diagonal: int

    def backward(self, grad: Tensor) -> Any:
        return Tril.apply(grad, self.diagonal)


class Triu(Operation):
    """The upper triangle of each matrix, the rest zero.

    >>> import rushlight as torch
    >>> torch.triu(torch.ones(2, 2))
    tensor([[1., 1.],
            [0., 1.]])
    """

    diagonal: int

    def backward(self, grad: Tensor) -> Any:
        return Triu.apply(grad, self.diagonal)


# ---- another shape


def _complete(shape: tuple[int, ...], count: int) -> tuple[int, ...]:
    """The shape with its -1 worked out."""
    if shape == (-1,) and count:
        return (count,)
    known = prod(shape)
    if known == count and not (shape and min(shape) < 0):
        return shape
    if shape.count(-1) > 1:
        raise RuntimeError("only one dimension can be inferred")
    if known == 0 and -1 in shape:
        raise RuntimeError(
            f"cannot reshape tensor of 0 elements into shape {list(shape)} because the unspecified "
            "dimension size -1 can be any value and is ambiguous"
        )
    if -1 in shape and known < 0 and count % known == 0:
        return tuple([count // -known if n == -1 else n for n in shape])
    raise OperationError(f"shape '{list(shape)}' is invalid for input of size {count}")


def _shares_memory_as(array: Any, shape: tuple[int, ...]) -> bool:
    """Whether the strides allow this shape without a copy (see NumPy's reshape)."""
    if array.flags.c_contiguous or array.size == 0:
        return True
    old = [(n, s) for n, s in zip(array.shape, array.strides, strict=True) if n != 1]
    new = [n for n in shape if n != 1]
    i = j = 0
    while i < len(old) and j < len(new):
        have, want = old[i][0], new[j]
        start = i
        while have != want:
            if have < want:
                i += 1
                have *= old[i][0]
            else:
                j += 1
                want *= new[j]
        # Old dimensions that merge must follow one another in memory.
        for k in range(start, i):
            if old[k][1] != old[k + 1][0] * old[k + 1][1]:
                return False
        i += 1
        j += 1
    return True


@operation
def reshape(input: Tensor, *shape: Any) -> Tensor:
    """The same elements in another shape; one size may be -1. A view where strides allow it.

    >>> import rushlight as torch
    >>> torch.arange(6).reshape(2, -1).shape
    torch.Size([2, 3])
    """
    wanted = _complete(sizes_from(shape), input.array.size)
    return _shown(input, wanted)


def reshaped(input: Tensor, shape: tuple[int, ...]) -> Tensor:
    """A view in a shape that fits where strides allow it, else one of a copy."""
    if not _shares_memory_as(input.array, shape):
        input = Clone.apply(input, "C")
    return ViewAs.apply(input, shape)


def _shown(input: Tensor, shape: tuple[int, ...]) -> Tensor:
    """`reshaped` for who may write into the result: the copy of an image follows it."""
    if is_made_channels_last(input) and not _shares_memory_as(input.array, shape):
        return _tied(input, shape)
    return reshaped(input, shape)


def is_made_channels_last(input: Tensor) -> bool:
    """Whether an operation has laid out an image so, which PyTorch has in the shape's order."""
    return input._view is None and is_channels_last(input.array)


def _tied(input: Tensor, shape: tuple[int, ...]) -> Tensor:
    """A view of a copy in the shape's order: what is written into one of both reaches the other."""
    copy = Clone.apply(input, "C")
    tie(input, copy)
    return ViewAs.apply(copy, shape)


def _view(self: Tensor, *shape: Any, dtype: DType | None = None, size: Any = None) -> Tensor:
    """The same memory under another shape, or its bytes as another dtype.

    Unlike PyTorch's, it copies what an operation has laid out otherwise than in its shape's order,
    as images, where the shape asks for it; what is written into one of the two reaches the other.

    >>> import rushlight as torch
    >>> x = torch.zeros(4)
    >>> x.view(2, 2)[0, 1] = 5
    >>> x
    tensor([0., 5., 0., 0.])
    >>> torch.tensor([1.0]).view(torch.int32)
    tensor([1065353216], dtype=torch.int32)
    """
    if size is not None:
        shape = (size,)
    if dtype is None and len(shape) == 1 and isinstance(shape[0], DType):
        dtype = shape[0]
    if dtype is not None:
        return _view_dtype(self, dtype)
    wanted = _complete(sizes_from(shape), self.array.size)
    if _shares_memory_as(self.array, wanted):
        return ViewAs.apply(self, wanted)
    # A result of an operation is in the shape's order in PyTorch more often than here: softmax,
    # sums, cat, ... keep the memory order of their input.
    if self._view is not None and not is_channels_last(self.array):
        raise OperationError(
            "view size is not compatible with input tensor's size and stride (at least one "
            "dimension spans across two contiguous subspaces). Use .reshape(...) instead."
        )
    return _tied(self, wanted)


def _view_dtype(self: Tensor, dtype: DType) -> Tensor:
    size, new_size = self.array.itemsize, dtype.itemsize
    if size != new_size:
        what = f"to view {self.dtype} as {dtype} (different element sizes)"
        if self.array.ndim == 0:
            raise OperationError(f"view: self.dim() cannot be 0 {what}")
        stride = self.stride(-1)
        if stride != 1:
            raise OperationError(f"view: self.stride(-1) must be 1 {what}, but got {stride}")
        if self.array.shape[-1] * size % new_size:
            raise OperationError(
                f"view: self.size(-1) must be divisible by {new_size // size} {what}, but got "
                f"{self.array.shape[-1]}"
            )
    return ViewDtype.apply(self.detach() if self.requires_grad else self, dtype.numpy)


@operation
def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """The dimensions from `start_dim` to `end_dim` made one.

    >>> import rushlight as torch
    >>> torch.flatten(torch.ones(2, 3, 4), start_dim=1).shape
    torch.Size([2, 12])
    """
    shape = input.array.shape
    if not shape:
        return reshape(input, 1)
    first, last = wrap_dim(start_dim, len(shape)), wrap_dim(end_dim, len(shape))
    if first > last:
        raise RuntimeError("flatten() has invalid args: start_dim cannot come after end_dim")
    if first == last:
        return input
    if last - first + 1 == len(shape):
        merged: tuple[int, ...] = (input.array.size,)
    else:
        merged = shape[:first] + (prod(shape[first : last + 1]),) + shape[last + 1 :]
    return _shown(input, merged)


@operation
def unflatten(input: Tensor, dim: int, sizes: Sequence[int]) -> Tensor:
    """One dimension made several, of these sizes; one of them may be -1. RuntimeError if they do
    not fit.

    >>> import rushlight as torch
    >>> torch.arange(6).unflatten(0, (2, 3))
    tensor([[0, 1, 2],
            [3, 4, 5]])
    """
    shape = input.array.shape
    axis = wrap_dim(dim, len(shape))
    parts = _complete(tuple(sizes), shape[axis])
    return _shown(input, shape[:axis] + parts + shape[axis + 1 :])


@operation
def squeeze(input: Tensor, dim: Any = None) -> Tensor:
    """Dimensions of size 1 (or those of them in `dim`) taken out.

    >>> import rushlight as torch
    >>> torch.squeeze(torch.ones(1, 3, 1)).shape
    torch.Size([3])
    """
    shape = input.array.shape
    if dim is None:
        return Squeeze.apply(input, tuple([n for n in shape if n != 1]))
    axes = (normalize_axes(dim, len(shape)) or ()) if dim != () else ()
    kept = [n for i, n in enumerate(shape) if n != 1 or i not in axes]
    return Squeeze.apply(input, tuple(kept))


@operation
def unsqueeze(input: Tensor, dim: int) -> Tensor:
    """A dimension of size 1 put in at `dim`.

    >>> import rushlight as torch
    >>> torch.unsqueeze(torch.ones(3), 0).shape
    torch.Size([1, 3])
    """
    shape = input.array.shape
    axis = wrap_dim(dim, len(shape) + 1)
    return Unsqueeze.apply(input, shape[:axis] + (1,) + shape[axis:])


# ---- another order of dimensions


@operation
def permute(input: Tensor, *dims: Any) -> Tensor:
    """The dimensions in another order.

    >>> import rushlight as torch
    >>> torch.permute(torch.ones(2, 3, 4), (2, 0, 1)).shape
    torch.Size([4, 2, 3])
    """
    ndim = input.array.ndim
    axes = sizes_from(dims)
    every = list(range(ndim))
    if sorted(axes) == every:
        return Permute.apply(input, axes)
    axes = tuple([wrap_dim(d, ndim) for d in axes])
    if sorted(axes) != every:
        raise OperationError(
            f"permute(sparse_coo): number of dimensions in the tensor input does not match the "
            f"length of the desired ordering of dimensions i.e. input.dim() = {input.array.ndim} "
            f"is not equal to len(dims) = {len(axes)}"
            if len(axes) != input.array.ndim
            else "permute(): duplicate dims are not allowed."
        )
    return Permute.apply(input, axes)


@operation("torch", "swapdims", inplace=False)
def transpose(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """Two dimensions exchanged.

    >>> import rushlight as torch
    >>> torch.transpose(torch.ones(2, 3), 0, 1).shape
    torch.Size([3, 2])
    """
    ndim = input.array.ndim
    axes = list(range(ndim))
    first, second = wrap_dim(dim0, ndim), wrap_dim(dim1, ndim)
    if axes:
        axes[first], axes[second] = second, first
    return Transpose.apply(input, tuple(axes))


@operation
def swapaxes(input: Tensor, axis0: int, axis1: int) -> Tensor:
    """`transpose`, with NumPy's name and names of arguments.

    >>> import rushlight as torch
    >>> torch.swapaxes(torch.ones(2, 3), axis0=0, axis1=1).shape
    torch.Size([3, 2])
    """
    return transpose(input, axis0, axis1)


@operation
def t(input: Tensor) -> Tensor:
    """A matrix with rows and columns exchanged; vectors and scalars stay.

    RuntimeError for more dimensions: `mT` exchanges the last two.

    >>> import rushlight as torch
    >>> torch.tensor([[1, 2], [3, 4]]).t()
    tensor([[1, 3],
            [2, 4]])
    """
    ndim = input.array.ndim
    if ndim > 2:
        raise OperationError(
            f"t() expects a tensor with <= 2 dimensions, but self is {ndim}D; use .mT or "
            ".transpose(-2, -1)"
        )
    return T.apply(input, tuple(reversed(range(ndim))))


@operation("torch", "moveaxis")
def movedim(input: Tensor, source: Any, destination: Any) -> Tensor:
    """Dimensions moved to other places, the others staying in their order.

    >>> import rushlight as torch
    >>> torch.movedim(torch.zeros(2, 3, 4), 0, -1).shape
    torch.Size([3, 4, 2])
    """
    ndim = input.array.ndim
    if type(source) is type(destination) is int and ndim:
        order = list(range(ndim))
        order.insert(wrap_dim(destination, ndim), order.pop(wrap_dim(source, ndim)))
        return Permute.apply(input, tuple(order))
    sources = normalize_axes(source, ndim) or ()
    goals = normalize_axes(destination, ndim) or ()
    if len(sources) != len(goals):
        raise OperationError(
            f"movedim: Invalid source or destination dims: source ({list(sources)} dims) should "
            f"contain the same number of dims as destination ({list(goals)} dims)"
        )
    order = [i for i in range(ndim) if i not in sources]
    for goal, origin in sorted(zip(goals, sources, strict=True)):
        order.insert(goal, origin)
    return Permute.apply(input, tuple(order))


@operation
def flip(input: Tensor, *dims: Any) -> Tensor:
    """The elements along `dims` in the opposite order, copied.

    >>> import rushlight as torch
    >>> torch.flip(torch.arange(3), (0,))
    tensor([2, 1, 0])
    """
    return Flip.apply(input, normalize_axes(sizes_from(dims), input.array.ndim) or ())


# ---- repetition


@operation(inplace=True, out="exact")
def tril(input: Tensor, diagonal: int = 0) -> Tensor:
    """The part of each matrix on and below a diagonal, zero above.

    >>> import rushlight as torch
    >>> torch.tril(torch.ones(2, 2))
    tensor([[1., 0.],
            [1., 1.]])
    """
    _check_matrices("tril", input)
    return Tril.apply(input, index(diagonal))


@operation(inplace=True, out="exact")
def triu(input: Tensor, diagonal: int = 0) -> Tensor:
    """The part of each matrix on and above a diagonal, zero below.

    >>> import rushlight as torch
    >>> torch.triu(torch.ones(2, 2))
    tensor([[1., 1.],
            [0., 1.]])
    """
    _check_matrices("triu", input)
    return Triu.apply(input, index(diagonal))


def _check_matrices(name: str, input: Tensor) -> None:
    if input.array.ndim < 2:
        raise OperationError(f"{name}: input tensor must have at least 2 dimensions")


@operation("Tensor")
def view_as(self: Tensor, other: Tensor) -> Tensor:
    """A view in another tensor's shape.

    >>> import rushlight as torch
    >>> torch.arange(4).view_as(torch.zeros(2, 2))
    tensor([[0, 1],
            [2, 3]])
    """
    array, shape = self.array, other.array.shape
    if array.flags.c_contiguous and array.size == other.array.size:
        return ViewAs.apply(self, shape)
    return _view(self, shape)


@operation("Tensor")
def reshape_as(self: Tensor, other: Tensor) -> Tensor:
    """The same elements in another tensor's shape.

    >>> import rushlight as torch
    >>> torch.arange(4).reshape_as(torch.zeros(2, 2))
    tensor([[0, 1],
            [2, 3]])
    """
    return reshape(self, other.array.shape)


def _transposed(self: Tensor) -> Tensor:
    """A view with the dimensions in reverse order.

    >>> import rushlight as torch
    >>> torch.tensor([[1, 2], [3, 4]]).T
    tensor([[1, 3],
            [2, 4]])
    """
    return Permute.apply(self, tuple(reversed(range(self.array.ndim))))


def _matrix_transposed(self: Tensor) -> Tensor:
    """A view with the last two dimensions exchanged.

    >>> import rushlight as torch
    >>> torch.zeros(2, 3, 4).mT.shape
    torch.Size([2, 4, 3])
    """
    ndim = self.array.ndim
    if ndim < 2:
        raise OperationError(
            f"tensor.mT is only supported on matrices or batches of matrices. Got {ndim}-D tensor."
        )
    return Transpose.apply(self, (*range(ndim - 2), ndim - 1, ndim - 2))


def _reversed(self: Tensor) -> Any:  # an iterator, says the protocol of sequences
    """The rows in the opposite order, for `reversed(tensor)`; of a number itself."""
    return flip(self, (0,)) if self.array.ndim else self


methods(
    view=_view, T=property(_transposed), mT=property(_matrix_transposed), __reversed__=_reversed,
)  # fmt: skip
