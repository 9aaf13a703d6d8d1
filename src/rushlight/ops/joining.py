"""Tensors joined, and split into pieces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..autograd.operation import Operation
from ..dtype import INTEGER, promote_types
from ..errors import OperationError, OutOfRangeError
from ..tensor import Tensor, wrap_dim
from .declare import operation
from .index import Select, Slice


class Cat(Operation):
    @staticmethod
    def forward(kernels: Any, *arguments: Any) -> Any:
        *arrays, dim = arguments
        return kernels.cat(arrays, dim)

    def setup_context(self, inputs: Any, output: Any) -> None:
        *tensors, self.dim = inputs
        self.sizes = [t.array.shape[self.dim] for t in tensors]

    def backward(self, grad: Tensor) -> Any:
        return tuple(split(grad, self.sizes, self.dim))


class CatWithEmpty(Cat):
    """The same beside tensors of shape (0,), which join anything and add nothing."""

    node_name = "CatBackward0"

    @staticmethod
    def forward(kernels: Any, *arguments: Any) -> Any:
        *arrays, dim = arguments
        return kernels.cat([array for array in arrays if array.shape != (0,)], dim)

    def setup_context(self, inputs: Any, output: Any) -> None:
        *tensors, self.dim = inputs
        self.is_empty = [t.array.shape == (0,) for t in tensors]
        self.sizes = [t.array.shape[self.dim] for t in tensors if t.array.shape != (0,)]

    def backward(self, grad: Tensor) -> Any:
        pieces = iter(split(grad, self.sizes, self.dim))
        return tuple([grad.new_zeros(0) if e else next(pieces) for e in self.is_empty])


class Stack(Operation):
    @staticmethod
    def forward(kernels: Any, *arguments: Any) -> Any:
        *arrays, dim = arguments
        return kernels.stack(arrays, dim)

    def setup_context(self, inputs: Any, output: Any) -> None:
        self.dim = inputs[-1]

    def backward(self, grad: Tensor) -> Any:
        return tuple(unbind(grad, self.dim))


@operation("torch", "concat", "concatenate", method=False, out="apart", autocast="widest")
def cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Tensors joined along a dimension that they have.

    >>> import rushlight as torch
    >>> torch.cat([torch.zeros(1, 2), torch.ones(2, 2)]).shape
    torch.Size([3, 2])
    """
    if _fit(tensors, dim):
        return Cat.apply(*tensors, wrap_dim(dim, tensors[0].array.ndim))
    if not tensors:
        raise ValueError("expected a non-empty list of Tensors")
    if any(t.array.ndim == 0 for t in tensors):
        raise RuntimeError("zero-dimensional tensor (at position 0) cannot be concatenated")
    tensors = _one_dtype(tensors)
    # PyTorch lets the empty 1-d tensor join anything; its dtype counts.
    full = [t for t in tensors if t.array.shape != (0,)] or tensors[:1]
    axis = wrap_dim(dim, full[0].array.ndim)
    first = full[0].array.shape
    for number, tensor in enumerate(full):
        shape = tensor.array.shape
        if len(shape) != len(first):
            raise OperationError(
                f"Tensors must have same number of dimensions: got {len(first)} and {len(shape)}"
            )
        for i, (have, want) in enumerate(zip(shape, first, strict=True)):
            if have != want and i != axis:
                raise OperationError(
                    f"Sizes of tensors must match except in dimension {axis}. Expected size {want} "
                    f"but got size {have} for tensor number {number} in the list."
                )
    kind = Cat if len(full) == len(tensors) or first == (0,) else CatWithEmpty
    return kind.apply(*tensors, axis)


def _fit(tensors: Sequence[Tensor], dim: int) -> bool:
    """Whether they need no further look: of one dtype, and one shape but for `dim`."""
    if not tensors:
        return False
    first = tensors[0].array
    kind, shape = first.dtype, first.shape
    for tensor in tensors:
        array = tensor.array
        if array.dtype is not kind:
            return False
        other = array.shape
        if other != shape:
            if len(other) != len(shape) or not -len(shape) <= dim < len(shape):
                return False
            here = dim % len(shape)
            if other[:here] != shape[:here] or other[here + 1 :] != shape[here + 1 :]:
                return False
    return shape != ()


def _are_alike(tensors: Sequence[Tensor]) -> bool:
    """Whether they need no look at each: of one dtype and shape, which is not ()."""
    if not tensors:
        return False
    first = tensors[0].array
    for tensor in tensors:
        array = tensor.array
        if array.dtype is not first.dtype or array.shape != first.shape:
            return False
    return first.ndim > 0


@operation(method=False, out="apart", autocast="widest")
def stack(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Tensors of one shape joined along a new dimension.

    >>> import rushlight as torch
    >>> torch.stack([torch.zeros(2), torch.ones(2)])
    tensor([[0., 0.],
            [1., 1.]])
    """
    if _are_alike(tensors):
        return Stack.apply(*tensors, wrap_dim(dim, tensors[0].array.ndim + 1))
    if not tensors:
        raise RuntimeError("stack expects a non-empty TensorList")
    first = tensors[0].array.shape
    for number, tensor in enumerate(tensors):
        if tensor.array.shape != first:
            raise OperationError(
                f"stack expects each tensor to be equal size, but got {list(first)} at entry 0 and "
                f"{list(tensor.array.shape)} at entry {number}"
            )
    return Stack.apply(*_one_dtype(tensors), wrap_dim(dim, len(first) + 1))


def _one_dtype(tensors: Sequence[Tensor]) -> list[Tensor]:
    kind = tensors[0].dtype
    for tensor in tensors[1:]:
        kind = promote_types(kind, tensor.dtype)
    return [t if t.dtype is kind else t.to(kind) for t in tensors]


@operation(method=False)
def split(tensor: Tensor, split_size_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Views of pieces along `dim`: of one size (the last may be smaller), or of the sizes given.

    >>> import rushlight as torch
    >>> torch.split(torch.arange(3), 2)
    (tensor([0, 1]), tensor([2]))
    """
    return parted(tensor, split_size_or_sections, dim)


@operation("Tensor", name="split")
def _split_method(input: Tensor, split_size: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """`torch.split` of this tensor.

    >>> import rushlight as torch
    >>> torch.arange(5).split(2)
    (tensor([0, 1]), tensor([2, 3]), tensor([4]))
    """
    return parted(input, split_size, dim)


def parted(input: Tensor, split_size_or_sections: Any, dim: int) -> tuple[Tensor, ...]:
    axis = wrap_dim(dim, input.array.ndim)
    size = input.array.shape[axis]
    sizes = split_size_or_sections
    if isinstance(sizes, int):
        if sizes <= 0:
            raise RuntimeError(f"split expects split_size be positive, but got {sizes}")
        sizes = _equal_sizes(size, sizes)
    elif sum(sizes) != size:
        raise RuntimeError(
            f"split_with_sizes expects split_sizes to sum exactly to {size} (input tensor's size "
            f"at dimension {axis}), but got split_sizes={list(sizes)}"
        )
    return _pieces(input, axis, sizes)


def _equal_sizes(total: int, size: int) -> list[int]:
    """Sizes that add up to `total`, all equal but for the last, which may be smaller."""
    return [min(size, total - start) for start in range(0, total, size)] or [0]


def _pieces(input: Tensor, axis: int, sizes: Sequence[int]) -> tuple[Tensor, ...]:
    before = (slice(None),) * axis
    indices = []
    start = 0
    for size in sizes:
        indices.append(((*before, slice(start, start + size)),))
        start += size
    return Slice.apply_each(input, indices)


@operation
def chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """Views of at most `chunks` pieces of equal size (the last may be smaller) along `dim`.

    >>> import rushlight as torch
    >>> torch.chunk(torch.arange(5), 2)
    (tensor([0, 1, 2]), tensor([3, 4]))
    """
    if chunks <= 0:
        raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    axis = wrap_dim(dim, input.array.ndim)
    size = input.array.shape[axis]
    sizes = _equal_sizes(size, -(-size // chunks)) if size else [0] * chunks
    return _pieces(input, axis, sizes)


@operation
def unbind(input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """The slices along `dim`, as views without that dimension.

    >>> import rushlight as torch
    >>> torch.unbind(torch.tensor([[1, 2], [3, 4]]))
    (tensor([1, 2]), tensor([3, 4]))
    """
    axis = wrap_dim(dim, input.array.ndim)
    if input.array.ndim == 0:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    before = (slice(None),) * axis
    return Select.apply_each(input, [((*before, i),) for i in range(input.array.shape[axis])])


@operation
def select(input: Tensor, dim: int, index: int) -> Tensor:
    """The slice at one index of a dimension, as a view without that dimension.

    IndexError for an index out of range; a negative one counts from the end.

    >>> import rushlight as torch
    >>> torch.tensor([[1, 2], [3, 4]]).select(1, 0)
    tensor([1, 3])
    """
    return Select.apply(input, select_index(input, dim, index))


def select_index(input: Tensor, dim: int, index: int) -> tuple[Any, ...]:
    """The index that a number along `dim` is."""
    shape = input.array.shape
    if not shape:
        raise OutOfRangeError("select() cannot be applied to a 0-dim tensor.")
    axis = wrap_dim(dim, len(shape))
    if not -shape[axis] <= index < shape[axis]:
        raise OutOfRangeError(
            f"select(): index {index} out of range for tensor of size {list(shape)} at dimension "
            f"{axis}"
        )
    return (*[slice(None)] * axis, int(index))


@operation
def narrow(input: Tensor, dim: int, start: Any, length: int) -> Tensor:
    """`length` slices from `start` (a number or a 0-d tensor) of a dimension, as a view.

    RuntimeError where there are not as many.

    >>> import rushlight as torch
    >>> torch.arange(5).narrow(0, 1, 3)
    tensor([1, 2, 3])
    """
    if input.array.ndim == 0:
        raise OperationError("narrow() cannot be applied to a 0-dim tensor.")
    if isinstance(start, Tensor):
        if start.array.ndim or start.dtype.category != INTEGER:
            raise OperationError(
                f"narrow: start must be an 0-dim integral Tensor, not {start.dtype} of shape "
                f"{tuple(start.array.shape)}"
            )
        start = start.item()
    axis = wrap_dim(dim, input.array.ndim)
    size = input.array.shape[axis]
    if length < 0:
        raise OperationError(f"narrow(): length must be non-negative, got {length}")
    if not -size <= start <= size:
        raise OutOfRangeError(
            f"narrow: start out of range (expected to be in range of [{-size}, {size}], but got "
            f"{start})"
        )
    start = start + size if start < 0 else start
    if start + length > size:
        raise OperationError(
            f"start ({start}) + length ({length}) exceeds dimension size ({size})."
        )
    return Slice.apply(input, (*[slice(None)] * axis, slice(start, start + length)))
